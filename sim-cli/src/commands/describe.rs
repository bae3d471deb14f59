//! `inflight describe`: topics as `kafka-topics --describe` prints them.

use sim_core::controller::PartitionState;
use sim_core::record::{BrokerId, TopicIx};

use crate::args::DescribeArgs;
use crate::engine;
use crate::error::{CliError, Ending};
use crate::library::nearest;
use crate::output::Page;

pub(crate) fn describe(args: &DescribeArgs) -> Result<Ending, CliError> {
    let loaded = engine::load(&args.chosen)?;
    let scenario = &loaded.scenario;
    let known = || scenario.topics.iter().map(|topic| topic.name.as_str());
    if let Some(asked) = &args.topic
        && !known().any(|name| name == asked)
    {
        let advice = nearest(asked, known()).map_or_else(
            || format!("the scenario has {}", known().collect::<Vec<_>>().join(", ")),
            |near| format!("did you mean {near}?"),
        );
        return Err(CliError::input(format!("--topic: there is no topic {asked:?}: {advice}")));
    }
    let run = engine::run_to(scenario, args.at);
    let mut page = Page::default();
    for (at, topic) in (0u16..).zip(&scenario.topics) {
        if args.topic.as_ref().is_some_and(|asked| *asked != topic.name) {
            continue;
        }
        let partitions: Vec<(u32, &PartitionState)> = run
            .controller()
            .partitions()
            .filter(|(tp, _)| tp.topic == TopicIx(at))
            .map(|(tp, state)| (tp.partition, state))
            .collect();
        let replicas = partitions.first().map_or(0, |(_, state)| state.replicas.len());
        page.line(format!(
            "Topic: {}\tPartitionCount: {}\tReplicationFactor: {replicas}\tConfigs: {}",
            topic.name,
            partitions.len(),
            configs(&loaded, &topic.name),
        ));
        for (partition, state) in partitions {
            page.line(format!(
                "\tTopic: {}\tPartition: {partition}\tLeader: {}\tReplicas: {}\tIsr: {}\tElr: {}\tLastKnownElr: {}",
                topic.name,
                state.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string()),
                list(&state.replicas),
                list(&state.isr),
                list(&state.elr),
                list(state.last_known_leader.as_slice()),
            ));
        }
    }
    page.print()?;
    Ok(Ending::Done)
}

/// The topic's settings that were set.
fn configs(loaded: &sim_core::scenario::Loaded, topic: &str) -> String {
    let of_topic = loaded
        .configs
        .iter()
        .find(|config| config.family == sim_core::config::Family::Topic && config.part == topic);
    let values = of_topic.map(|config| config.values.as_slice()).unwrap_or_default();
    let set = values.iter().filter(|value| value.origin.is_some());
    let settings: Vec<String> = set.map(|value| format!("{}={}", value.key, value.value)).collect();
    settings.join(",")
}

fn list(brokers: &[BrokerId]) -> String {
    let ids: Vec<String> = brokers.iter().map(ToString::to_string).collect();
    ids.join(",")
}
