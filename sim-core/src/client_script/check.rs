//! The checks of a script that look at more than one of its fields.

use std::collections::BTreeSet;
use std::iter;

use super::error::ScriptError;
use super::script::{Act, Answer, ClusterSpec, RecordSpec, Script, Step, Stream, Then, What};
use crate::record::BrokerId;
use crate::time::Time;

/// Settings that would lead out of what a script can say.
const REFUSED_CONFIG: [&str; 8] = [
    "transactional.id",
    "bootstrap.servers",
    "key.serializer",
    "value.serializer",
    "interceptor.classes",
    "metric.reporters",
    "enable.metrics.push",
    "security.protocol",
];

/// The codec whose place the stand-in has.
const STAND_IN_CODEC: &str = "snappy";
/// What the real client's stand-in needs to recognise its smallest batch.
const MIN_COMPRESSION_RATIO: f64 = 0.3;

type Checked = Result<(), ScriptError>;

pub(super) fn check(script: &Script) -> Checked {
    config(script)?;
    cluster(&script.cluster)?;
    for (at, step) in script.steps.iter().enumerate() {
        places(script, step, at)?;
    }
    ids(&script.steps)?;
    answers(script)
}

fn fail(path: impl Into<String>, problem: impl Into<String>) -> Checked {
    Err(ScriptError::Check { path: path.into(), problem: problem.into() })
}

fn config(script: &Script) -> Checked {
    for (key, value) in &script.config {
        if REFUSED_CONFIG.contains(&key.as_str()) {
            return fail(format!("config.{key}"), "not for scripts");
        }
        if key == "compression.type" && value != "none" && value != STAND_IN_CODEC {
            return fail("config.compression.type", "must be none or snappy");
        }
    }
    let compresses = script.config.get("compression.type").is_some_and(|codec| codec == STAND_IN_CODEC);
    match script.compression_ratio {
        Some(_) if !compresses => fail("compression_ratio", "goes with compression.type snappy"),
        None if compresses => fail("config.compression.type", "snappy needs a compression_ratio"),
        Some(ratio) if ratio.is_nan() || ratio < MIN_COMPRESSION_RATIO => {
            fail("compression_ratio", "must be at least 0.3")
        }
        _ => Ok(()),
    }
}

fn cluster(cluster: &ClusterSpec) -> Checked {
    if cluster.nodes.is_empty() {
        return fail("cluster.nodes", "a cluster has at least one node");
    }
    let mut nodes = BTreeSet::new();
    for (at, node) in cluster.nodes.iter().enumerate() {
        if !nodes.insert(node) {
            return fail(format!("cluster.nodes[{at}]"), format!("node {node} is there twice"));
        }
    }
    if cluster.topics.len() >= usize::from(u16::MAX) {
        return fail("cluster.topics", "too many topics");
    }
    let mut names = BTreeSet::new();
    for (at, topic) in cluster.topics.iter().enumerate() {
        let path = format!("cluster.topics[{at}]");
        if !names.insert(&topic.name) {
            return fail(format!("{path}.name"), format!("topic {} is there twice", topic.name));
        }
        if topic.leaders.is_empty() {
            return fail(format!("{path}.leaders"), "a topic has at least one partition");
        }
        for (partition, leader) in topic.leaders.iter().enumerate() {
            known_node(cluster, *leader, || format!("{path}.leaders[{partition}]"))?;
        }
    }
    Ok(())
}

fn known_node(cluster: &ClusterSpec, node: Option<BrokerId>, path: impl Fn() -> String) -> Checked {
    match node {
        Some(node) if !cluster.nodes.contains(&node) => fail(path(), format!("there is no node {node}")),
        _ => Ok(()),
    }
}

/// The topics, partitions and nodes that a step names are there. A record may name a partition that is not: the client
/// waits for it.
fn places(script: &Script, step: &Step, at: usize) -> Checked {
    let cluster = &script.cluster;
    let path = |field: &str| format!("steps[{at}].{field}");
    let partitions = |topic: &str| partitions_before(script, topic, (step.at, at));
    match &step.act {
        Act::Stream(stream) => {
            match records(stream).find(|(_, record)| partitions(&record.topic).is_none()) {
                Some((_, record)) => {
                    fail(format!("steps[{at}]"), format!("there is no topic {}", record.topic))
                }
                None => Ok(()),
            }
        }
        Act::Partitions(more) if partitions(&more.topic).is_none() => {
            fail(path("partitions.topic"), format!("there is no topic {}", more.topic))
        }
        Act::Partitions(more) => more.leaders.iter().enumerate().try_for_each(|(nth, leader)| {
            known_node(cluster, *leader, || path(&format!("partitions.leaders[{nth}]")))
        }),
        Act::Leader(change) => match partitions(&change.topic) {
            None => fail(path("leader.topic"), format!("there is no topic {}", change.topic)),
            Some(count) if change.partition as usize >= count => {
                fail(path("leader.partition"), format!("{} has {count} partitions", change.topic))
            }
            Some(_) => known_node(cluster, change.node, || path("leader.node")),
        },
        Act::NodeDown(node) => known_node(cluster, Some(*node), || path("node_down")),
        Act::NodeSilent(node) => known_node(cluster, Some(*node), || path("node_silent")),
        Act::NodeUp(node) => known_node(cluster, Some(*node), || path("node_up")),
        Act::Flush | Act::Close(_) => Ok(()),
    }
}

/// The stream's own record, and those that callbacks send one after the other, with their ids.
fn records(stream: &Stream) -> impl Iterator<Item = (i64, &RecordSpec)> {
    iter::successors(Some((stream.first_id, &stream.record)), |(_, record)| match &record.then {
        Some(Then::Send { id, record }) => Some((*id, &**record)),
        _ => None,
    })
}

/// How many partitions the topic has when the step of this time and place is applied.
fn partitions_before(script: &Script, topic: &str, step: (Time, usize)) -> Option<usize> {
    let (_, spec) = script.cluster.topic(topic)?;
    let earlier = script.steps.iter().enumerate().filter(|&(at, other)| (other.at, at) < step);
    let added = earlier.filter_map(|(_, other)| match &other.act {
        Act::Partitions(more) if more.topic == topic => Some(more.leaders.len()),
        _ => None,
    });
    Some(spec.leaders.len() + added.sum::<usize>())
}

fn ids(steps: &[Step]) -> Checked {
    let mut ranges: Vec<(i64, i64, usize)> = Vec::new();
    for (at, step) in steps.iter().enumerate() {
        if let Act::Stream(stream) = &step.act
            && stream.count > 0
        {
            ranges.push((stream.first_id, stream.first_id + i64::from(stream.count) - 1, at));
            ranges.extend(records(stream).skip(1).map(|(id, _)| (id, id, at)));
        }
    }
    ranges.sort_unstable();
    for pair in ranges.windows(2) {
        let ((_, last, _), (first, _, at)) = (pair[0], pair[1]);
        if first <= last {
            return fail(format!("steps[{at}]"), format!("id {first} is sent twice"));
        }
    }
    Ok(())
}

fn answers(script: &Script) -> Checked {
    let mut listed = BTreeSet::new();
    for (at, produce) in script.answers.produce.iter().enumerate() {
        let path = |field: &str| format!("answers.produce[{at}].{field}");
        known_node(&script.cluster, Some(produce.node), || path("node"))?;
        if !listed.insert((produce.node, produce.answer.nth)) {
            let problem =
                format!("a second answer to request {} of node {}", produce.answer.nth, produce.node);
            return fail(path("nth"), problem);
        }
        if let Some(name) = &produce.partition {
            let topic = name.rsplit_once('-').map_or("", |(topic, _)| topic);
            let partitions = partitions_before(script, topic, (Time::NEVER, usize::MAX)).unwrap_or(0);
            let partition = script.cluster.partition(name).map(|tp| tp.partition as usize);
            if partition.is_none_or(|partition| partition >= partitions) {
                return fail(path("partition"), format!("there is no partition {name}"));
            }
        }
    }
    once_each(&script.answers.init_producer_id, "init_producer_id")?;
    once_each(&script.answers.metadata, "metadata")?;
    match script.answers.metadata.iter().position(|answer| matches!(answer.what, What::Error(_))) {
        Some(at) => fail(format!("answers.metadata[{at}].do"), "must be ok, lose or disconnect"),
        None => Ok(()),
    }
}

fn once_each(answers: &[Answer], kind: &str) -> Checked {
    let mut listed = BTreeSet::new();
    match answers.iter().position(|answer| !listed.insert(answer.nth)) {
        Some(at) => fail(format!("answers.{kind}[{at}].nth"), "a second answer to this request"),
        None => Ok(()),
    }
}
