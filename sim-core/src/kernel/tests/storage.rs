//! Logs on disk: flushes, segments, retention, and producers that are forgotten.

use super::fixture::{play, with_seeds};
use crate::record::{TopicIx, TopicPartition};
use crate::time::Time;
use crate::trace::EventKind;
use crate::verdict::Because;

/// One broker that loses power at 10 s, with ten records before, half a second apart.
fn alone(broker: &str, topic: &str) -> String {
    format!(
        "stop = \"60s\"\n[cluster]\nbrokers = 1\ntiming.flush = \"1h\"\nconfig = {{ {broker} }}\n\
         [[topics]]\nname = \"orders\"\nreplication-factor = 1\nconfig = {{ {topic} }}\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 10\nevery = \"500ms\"\nvalue = {{ bytes = 100 }}\n\
         [[faults]]\nat = \"10s\"\ndo = {{ crash = 0, power = true, for = \"5s\" }}\n"
    )
}

/// `broker.md D1`: `flush.ms` is looked at each `log.flush.scheduler.interval.ms`, which by default never comes.
#[test]
fn flush_ms_needs_the_scheduler() {
    let scheduled = alone("\"log.flush.scheduler.interval.ms\" = 1000", "\"flush.ms\" = 2000");
    with_seeds(&scheduled, |seed, run| {
        // The last record came at 4.5 s: flushed 2 s after the flush before, a second later at most.
        assert_eq!(run.finished.logs[0].log_end_offset, 10, "seed {seed}");
        let flushes = run.times_of(EventKind::LogFlushed);
        assert!(flushes.iter().any(|&at| at < Time::from_millis(8_000)), "seed {seed}");
    });
    with_seeds(&alone("", "\"flush.ms\" = 2000"), |seed, run| {
        let before =
            run.times_of(EventKind::LogFlushed).into_iter().filter(|&at| at < Time::from_millis(10_000));
        assert_eq!(before.count(), 0, "seed {seed}");
    });
}

/// `broker.md D1`: a segment that is full goes to disk: a power loss takes nothing but of the active one.
#[test]
fn a_closed_segment_survives() {
    // Ten of these records fit into a segment of 1 MiB.
    let text = alone("", "\"segment.bytes\" = 1048576")
        .replace("count = 10", "count = 15")
        .replace("bytes = 100 ", "bytes = 100000 ");
    with_seeds(&text, |seed, run| {
        let left = run.finished.logs[0].log_end_offset;
        assert!((10..=15).contains(&left), "seed {seed}: {left}");
    });
}

/// `broker.md I8`, I15 c: a producer that has been idle for `producer.id.expiration.ms` is forgotten; the retry of a batch
/// that is there already is then appended again, which the settings allow.
#[test]
fn a_forgotten_producer_is_not_recognised() {
    let text = |expiration: u32| {
        format!(
            "stop = \"5min\"\n[cluster]\nconfig = {{ \"producer.id.expiration.ms\" = {expiration}, \
             \"producer.id.expiration.check.interval.ms\" = 1000 }}\n\
             [[topics]]\nname = \"orders\"\n\
             [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = {{ \"request.timeout.ms\" = 20000 }}\n\
             [[producers.sends]]\ntopic = \"orders\"\ncount = 3\nmode = \"sync\"\n\
             [[faults]]\non = {{ event = \"produce-response\", nth = 2 }}\ndo = {{ lose = \"it\" }}\n"
        )
    };
    with_seeds(&text(5_000), |seed, run| {
        assert!(run.of(EventKind::ProducerStateExpired).count() >= 3, "seed {seed}: on each replica");
        let findings = &run.verdict.findings;
        assert_eq!(findings.counts.duplicated, 1, "seed {seed}");
        assert_eq!(findings.list[0].because, Because::StateExpired, "seed {seed}");
        let tp = TopicPartition { topic: TopicIx(0), partition: 0 };
        assert!(run.finished.terms.partition(tp).producer_state_expired, "seed {seed}");
    });
    with_seeds(&text(86_400_000), |seed, run| {
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}: remembered for a day");
        assert_eq!(run.of(EventKind::AppendDuplicate).count(), 1, "seed {seed}");
    });
}

/// Retention by size deletes closed segments below the high watermark; what is gone so is not lost, and followers and readers
/// go on behind it.
#[test]
fn retention_is_no_loss() {
    let text = "stop = \"5min\"\n[cluster]\nconfig = { \"log.retention.check.interval.ms\" = 500 }\n\
                [[topics]]\nname = \"orders\"\nconfig = { \"segment.bytes\" = 1048576, \"retention.bytes\" = 2097152 }\n\
                [[producers]]\nid = \"shop\"\nstart = \"warm\"\n\
                [[producers.sends]]\ntopic = \"orders\"\ncount = 40\nevery = \"50ms\"\nvalue = { bytes = 100000 }\n\
                [[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\nstart = \"10s\"\n\
                config = { \"auto.offset.reset\" = \"earliest\" }\n";
    with_seeds(text, |seed, run| {
        let log = &run.finished.logs[0];
        assert!(log.log_start_offset > 0 && log.log_end_offset == 40, "seed {seed}");
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
        assert_eq!(run.finished.consumers[0].read.len() as i64, 40 - log.log_start_offset, "seed {seed}");
    });
}

/// `broker.md 1.2` row 11: a batch above `max.message.bytes` is refused, the topic's value before the brokers'
/// `message.max.bytes`; one record alone in it fails for good.
#[test]
fn the_topics_limit_comes_before_the_brokers() {
    let text = |broker: u32, topic: &str| {
        format!(
            "[cluster]\nconfig = {{ \"message.max.bytes\" = {broker} }}\n\
             [[topics]]\nname = \"orders\"\nconfig = {{ {topic} }}\n\
             [[producers]]\nid = \"shop\"\nstart = \"warm\"\n\
             [[producers.sends]]\ntopic = \"orders\"\nvalue = {{ bytes = 1000 }}\n"
        )
    };
    assert_eq!(play(&text(500, ""), 1).acknowledged(), 0);
    assert_eq!(play(&text(500, "\"max.message.bytes\" = 5000"), 1).acknowledged(), 1);
    assert_eq!(play(&text(5_000, "\"max.message.bytes\" = 500"), 1).acknowledged(), 0);
}
