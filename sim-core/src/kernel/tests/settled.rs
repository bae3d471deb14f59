//! When a run is over (`scenario-format.md`, `stop`).

use super::fixture::{play, with_seeds};
use crate::time::Time;

/// Three brokers and one producer, whose `close(0)` or end comes while its only record is on its way.
fn one_record(fault: &str) -> String {
    format!(
        r#"
[network]
latency = "1ms"
links = [
  {{ between = ["client", 0], latency = "100ms" }},
  {{ between = ["client", 1], latency = "100ms" }},
  {{ between = ["client", 2], latency = "100ms" }},
]

[[topics]]
name = "orders"

[[producers]]
id = "shop"
start = "warm"
config = {{ "linger.ms" = 0 }}

[[producers.sends]]
topic = "orders"
start = "1s"
count = 1

[[faults]]
at = "1050ms"
do = {{ {fault} }}
"#
    )
}

/// A process that is gone keeps nobody waiting: not for the request timeout of what it had in flight (30 s).
#[test]
fn a_run_does_not_wait_for_a_process_that_is_gone() {
    with_seeds(&one_record("abandon-producer = \"shop\""), |seed, run| {
        let counters = &run.finished.counters;
        assert_eq!(counters.ended_by, "settled", "seed {seed}");
        assert!(counters.ended_at < Time::from_millis(2_000), "seed {seed}: {}", counters.ended_at);
    });
}

/// The record is written after nobody waits for it any more; the run ends with it committed on every replica.
#[test]
fn a_run_goes_on_until_what_is_stored_is_committed() {
    with_seeds(&one_record("close-producer = \"shop\", timeout = \"0ms\""), |seed, run| {
        let log = &run.finished.logs[0];
        assert_eq!((log.log_end_offset, log.high_watermark), (1, 1), "seed {seed}");
    });
}

/// What cannot be committed is not waited for: a leader alone under `min.insync.replicas` (3.7 and later).
#[test]
fn a_run_does_not_wait_for_what_cannot_be_committed() {
    let text = one_record("close-producer = \"shop\"")
        .replace("\"linger.ms\" = 0", "\"linger.ms\" = 0, \"acks\" = \"1\"")
        .replace("[[topics]]", "[cluster.config]\n\"broker.session.timeout.ms\" = 3000\n\n[[topics]]")
        .replace("name = \"orders\"\n", "name = \"orders\"\nconfig = { \"min.insync.replicas\" = 2 }\n")
        .replace("start = \"1s\"", "start = \"10s\"")
        .replace("1050ms", "20s");
    let crashes =
        "[[faults]]\nat = \"1s\"\ndo = { crash = 1 }\n[[faults]]\nat = \"1s\"\ndo = { crash = 2 }\n";
    let run = play(&format!("{text}\n{crashes}"), 1);
    assert_eq!(run.finished.counters.ended_by, "settled");
    let log = &run.finished.logs[0];
    assert_eq!((log.isr.len(), log.log_end_offset, log.high_watermark), (1, 1, 0));
}
