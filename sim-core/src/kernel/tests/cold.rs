//! A cluster that starts at t=0 (`cluster.warm = false`).

use super::fixture::{Played, play};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind};
use crate::verdict::Told;

/// Metadata reach each broker in their own time (`broker.md F11`, 4.1 and later).
const COLD: &str = r#"
[cluster]
warm = false
timing.metadata = { distribution = "uniform", min = "5ms", max = "50ms" }

[[topics]]
name = "orders"
"#;

/// `broker.md F5`, F6: every broker registers with an epoch of its own, takes connections once it has caught up, and is
/// unfenced; then the topic is created, and clients that have tried since t=0 get through.
#[test]
fn f6_brokers_register_catch_up_and_serve() {
    let reads = "[[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\n";
    let sends = "[[producers]]\nid = \"shop\"\n[[producers.sends]]\ntopic = \"orders\"\ncount = 20\n";
    let run = play(&format!("{COLD}{sends}{reads}"), 3);
    let about_brokers: Vec<EventKind> = run
        .events()
        .iter()
        .map(|(_, event)| event.kind())
        .filter(|kind| {
            matches!(kind, EventKind::BrokerStarted | EventKind::BrokerRegistered | EventKind::BrokerUnfenced)
        })
        .collect();
    for kind in [EventKind::BrokerStarted, EventKind::BrokerRegistered, EventKind::BrokerUnfenced] {
        assert_eq!(about_brokers.iter().filter(|&&known| known == kind).count(), 3, "{kind:?}");
    }
    let mut epochs: Vec<i64> = run
        .events()
        .iter()
        .filter_map(|(_, event)| match event {
            Event::BrokerRegistered { broker_epoch, clean: false, .. } => Some(*broker_epoch),
            _ => None,
        })
        .collect();
    epochs.dedup();
    assert!(epochs.len() == 3 && epochs.is_sorted() && epochs[0] > 0, "{epochs:?}");
    let refused = run.first(|event| matches!(event, Event::ConnectionRefused { .. }));
    let unfenced = run.times(|event| matches!(event, Event::BrokerUnfenced { .. }));
    assert!(refused < unfenced[0], "nobody listens yet");
    assert!(run.leads_from(0) > unfenced[2], "a topic needs all its brokers");
    assert!(run.finished.ledger.lines().all(|line| line.told == Told::Acknowledged));
    assert_eq!(run.finished.consumers[0].read.len(), 20, "a consumer begins when the topic is there");
    assert_eq!(run.finished.logs[0].isr, [0, 1, 2].map(BrokerId));
}

/// A run does not end before its topics are there.
#[test]
fn a_cold_cluster_without_records_ends_once_it_stands() {
    let run = play(&format!("{COLD}[[producers]]\nid = \"shop\"\n"), 1);
    assert_eq!((run.finished.logs.len(), run.finished.counters.ended_by), (1, "settled"));
}

/// From the leader's start to its first committed record.
fn first_commit(run: &Played) -> Span {
    let committed = |event: &Event| matches!(event, Event::HwAdvanced { broker: BrokerId(0), .. });
    run.first(committed).since(run.leads_from(0))
}

/// `broker.md F12a`: at the topic's creation a follower that hears of it before the leader does asks too early, and sits out
/// `replica.fetch.backoff.ms` (1 s): the ISR is full on paper, and nothing is committed. Its fetch was refused before the
/// leader began, and sent at most 45 ms (the spread of the delays) before that: 0.95 to 1.01 s. Where nobody is early, the
/// first commit comes as soon as the producer has found the leader, which is asked for every 100 ms or so.
#[test]
fn f12a_an_early_follower_has_nothing_for_a_second() {
    let sends = "[[producers]]\nid = \"shop\"\n[[producers.sends]]\ntopic = \"orders\"\n";
    let commits: Vec<i64> =
        (1..=30).map(|seed| first_commit(&play(&format!("{COLD}{sends}"), seed)).millis()).collect();
    let early = |&&millis: &&i64| (950..=1_010).contains(&millis);
    let prompt = |&&millis: &&i64| millis < 500;
    let (stalled, quick) = (commits.iter().filter(early).count(), commits.iter().filter(prompt).count());
    assert_eq!(stalled + quick, 30, "{commits:?}");
    assert!(stalled >= 5 && quick >= 5, "{commits:?}");
}

/// `broker.md F12a`: a leader that crashes in that second takes everything with it that acks=1 has acknowledged.
#[test]
fn f12a_a_crash_in_that_second_loses_the_whole_log() {
    let sends = r#"
[[producers]]
id = "shop"
config = { "acks" = 1 }

[[producers.sends]]
topic = "orders"
count = 300
every = "1ms"

[[faults]]
on = { event = "acknowledged", nth = 100 }
do = { crash = "leader of orders-0" }
"#;
    let runs: Vec<Played> = (1..=20).map(|seed| play(&format!("{COLD}{sends}"), seed)).collect();
    let lost_all = |run: &&Played| {
        let copied_before_the_crash = run.times(|event| matches!(event, Event::Replicated { .. }));
        let crash = run.first(|event| matches!(event, Event::BrokerStopped { .. }));
        copied_before_the_crash.iter().all(|&time: &Time| time > crash)
    };
    let wiped: Vec<u64> = runs.iter().filter(lost_all).map(Played::lost).collect();
    assert!(!wiped.is_empty(), "no seed had a follower that was early");
    assert!(wiped.iter().all(|&lost| lost >= 100), "{wiped:?}");
    assert!(runs.iter().any(|run| run.lost() < 20), "with followers in step only the tail is lost");
    assert!(runs.iter().all(|run| run.verdict.forbidden().count() == 0), "acks=1 promises no more");
}
