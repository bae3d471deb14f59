//! Elections beyond the ISR, and what the verdict makes of their losses.

use super::fixture::{Played, play};
use crate::record::BrokerId;
use crate::trace::Event;
use crate::verdict::{Because, Kind};

/// A leader whose followers were cut off until it was alone in the ISR, then crashes: the followers lack what was
/// acknowledged since.
fn alone(topic: &str, cluster: &str, then: &str) -> String {
    format!(
        r#"
stop = "3min"
[cluster]
config = {{ "replica.lag.time.max.ms" = 2000 }}
{cluster}

[[topics]]
name = "orders"
config = {{ {topic} }}

[[producers]]
id = "shop"
start = "warm"
config = {{ "acks" = "all", "delivery.timeout.ms" = 60000, "request.timeout.ms" = 5000 }}

[[producers.sends]]
topic = "orders"
count = 100
every = "100ms"

[[faults]]
on = {{ event = "fetch-request", every = 1, from = "1s", until = "8s" }}
do = {{ fail = "it", error = "NOT_LEADER_OR_FOLLOWER" }}

[[faults]]
at = "8s"
do = {{ crash = 0 }}

{then}
"#
    )
}

fn truncations(run: &Played) -> usize {
    run.times(|event| matches!(event, Event::Truncated { .. })).len()
}

/// `broker.md L1 a`, F8: with `unclean.leader.election.enable` a follower that lacks acknowledged records leads as soon as the
/// leader is fenced; the loss is allowed, and the verdict says why.
#[test]
fn f8_an_unclean_election_loses_what_was_acknowledged() {
    let topic = "\"unclean.leader.election.enable\" = true";
    let restart = "[[faults]]\nat = \"30s\"\ndo = { restart = 0 }\n";
    let run = play(&alone(topic, "features = { \"eligible.leader.replicas.version\" = 0 }", restart), 1);
    assert_eq!(run.elections(), [(Some(BrokerId(1)), "fenced", true)]);
    assert!(run.lost() > 20, "{}", run.lost());
    let lost: Vec<Because> = run
        .verdict
        .findings
        .list
        .iter()
        .filter(|finding| finding.kind == Kind::Lost)
        .map(|finding| finding.because)
        .collect();
    assert!(lost.iter().all(|&because| because == Because::UncleanElection), "{lost:?}");
    assert!(truncations(&run) >= 1, "the old leader cuts its log when it is back");
    assert_eq!(run.finished.logs[0].isr.len(), 3);
}

/// `broker.md R26`, L1: without it the partition waits for its last member, and nothing is lost.
#[test]
fn r26_a_clean_election_waits_for_the_last_member() {
    let restart = "[[faults]]\nat = \"30s\"\ndo = { restart = 0 }\n";
    let run = play(&alone("", "features = { \"eligible.leader.replicas.version\" = 0 }", restart), 1);
    assert_eq!(run.elections(), [(None, "fenced", false), (Some(BrokerId(0)), "unfenced", false)]);
    assert_eq!(run.lost(), 0);
}

/// F8: by hand, in a topic that does not allow it: the verdict knows that it was forced.
#[test]
fn f8_a_forced_unclean_election_is_told_as_the_reason() {
    let elect = "[[faults]]\nat = \"20s\"\ndo = { elect = \"orders-0\", leader = 2, unclean = true }\n";
    let run = play(&alone("", "features = { \"eligible.leader.replicas.version\" = 0 }", elect), 1);
    assert_eq!(run.elections(), [(None, "fenced", false), (Some(BrokerId(2)), "forced", true)]);
    assert!(run.lost() > 20);
    assert_eq!(run.verdict.forbidden().count(), 0);
    assert!(run.finished.terms.partitions[0].1.forced_unclean);
}

/// `broker.md F16`, F17, F20: with ELR and `min.insync.replicas=2` nothing is committed while the ISR is too small, so that a
/// follower that left it lacks nothing that was acknowledged: it leads at once, cleanly.
#[test]
fn f17_an_eligible_follower_takes_over_without_a_loss() {
    let restart = "[[faults]]\nat = \"30s\"\ndo = { restart = 0 }\n";
    let run = play(&alone("\"min.insync.replicas\" = 2", "", restart), 1);
    assert_eq!(run.elections(), [(Some(BrokerId(1)), "fenced", false)]);
    assert_eq!(run.lost(), 0);
    let shrunk_to_the_leader = run.events().iter().any(
        |(_, event)| matches!(event, Event::IsrShrunk { isr, elr, .. } if isr.len() == 1 && elr.len() == 2),
    );
    assert!(shrunk_to_the_leader, "both followers are eligible");
    assert!(run.finished.logs[0].elr.is_empty(), "the ISR is whole again");
    let waited = play(
        &alone(
            "\"min.insync.replicas\" = 2",
            "features = { \"eligible.leader.replicas.version\" = 0 }",
            restart,
        ),
        1,
    );
    assert_eq!(waited.elections()[0], (None, "fenced", false), "without ELR the partition waits");
}

/// `broker.md F7`, F18: a sole replica that crashes cannot prove its log; it leads again as the last known leader, and has
/// everything that the page cache kept.
#[test]
fn f7_a_sole_replica_comes_back_as_the_last_known_leader() {
    let text = r#"
[[topics]]
name = "orders"
replication-factor = 1

[[producers]]
id = "shop"
start = "warm"

[[producers.sends]]
topic = "orders"
count = 50
every = "100ms"

[[faults]]
at = "2s"
do = { crash = 0, for = "15s" }
"#;
    let run = play(text, 1);
    assert_eq!(run.elections(), [(None, "fenced", false), (Some(BrokerId(0)), "unfenced", true)]);
    assert!(run.verdict.findings.list.is_empty());
}
