//! Power losses (`broker.md 5`, D1 to D6).

use super::fixture::{play, with_seeds};
use crate::record::{BrokerId, StoredBatch, TopicIx, TopicPartition};
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind};
use crate::verdict::{Because, Kind};

const ORDERS: TopicPartition = TopicPartition { topic: TopicIx(0), partition: 0 };

/// One broker, records one a batch, acknowledged one after the other.
fn alone(top: &str, fault: &str) -> String {
    format!(
        "stop = \"60s\"\n{top}\n[cluster]\nbrokers = 1\ntiming.flush = \"1h\"\n\
         [[topics]]\nname = \"orders\"\nreplication-factor = 1\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 20\nmode = \"sync\"\nvalue = {{ bytes = 100 }}\n\
         [[faults]]\nat = \"1s\"\ndo = {fault}\n"
    )
}

fn cut_to(event: &Event) -> Option<(i64, i64)> {
    match *event {
        Event::Truncated { from, to, .. } => Some((from, to)),
        _ => None,
    }
}

/// `survives`: exactly so many records remain where each is a batch of its own.
#[test]
fn so_many_records_survive() {
    let run = play(&alone("", "{ crash = 0, power = true, survives = 14, for = \"5s\" }"), 1);
    let cuts: Vec<_> = run.of(EventKind::Truncated).filter_map(|(_, event)| cut_to(event)).collect();
    assert_eq!(cuts, [(20, 14)]);
    assert_eq!(run.finished.logs[0].log_end_offset, 14);
    let verdict = &run.verdict;
    assert_eq!(verdict.findings.counts.lost_acknowledged, 6);
    // broker.md L1 b, D6: acks=all, and yet allowed: the only member of the ISR had lost its page cache.
    assert!(verdict.findings.list.iter().all(|finding| finding.because == Because::DiskLost));
    assert!(run.finished.terms.partition(ORDERS).last_member_lossy);
}

/// `broker.md P20`: a batch survives whole or not at all.
#[test]
fn a_batch_is_never_cut_in_two() {
    let batched = alone("", "{ crash = 0, power = true, survives = 14, for = \"5s\" }")
        .replace("mode = \"sync\"", "every = \"1ms\"")
        .replace("start = \"warm\"", "start = \"warm\"\nconfig = { \"linger.ms\" = 9 }");
    let run = play(&batched, 1);
    let log = &run.finished.logs[0];
    let ends: Vec<i64> = log.batches.iter().map(StoredBatch::next_offset).collect();
    assert!(
        log.batches.len() == 1 && ends == [10],
        "batches of ten: the second has ten too, and is torn: {ends:?}"
    );
}

/// `broker.md D3`: what is left is between what is on disk and the end of the log, each length as likely; another seed,
/// another length.
#[test]
fn chance_decides_what_survives() {
    let fault = "{ crash = 0, power = true, for = \"5s\" }";
    let mut lengths = Vec::new();
    for seed in 1..=40 {
        let run = play(&alone("", fault), seed);
        lengths.push(run.finished.logs[0].log_end_offset);
    }
    assert!(lengths.iter().all(|length| (0..=20).contains(length)));
    let mean = lengths.iter().sum::<i64>() as f64 / 40.0;
    // Uniform in 0..=20: mean 10, of 40 draws with a deviation of 0.96.
    assert!((6.0..14.0).contains(&mean), "{mean}");
}

/// `broker.md D1`: what the page cache has been written out of survives; `flush.messages` does that too.
#[test]
fn what_is_on_disk_survives() {
    let fault = "{ crash = 0, power = true, for = \"5s\" }";
    let fsync = "config = { \"flush.messages\" = 1 }\nname";
    let text = alone("", fault).replace("name = \"orders\"", &format!("{fsync} = \"orders\""));
    with_seeds(&text, |_, run| assert_eq!(run.finished.logs[0].log_end_offset, 20));
    let text = alone("", fault).replace("timing.flush = \"1h\"", "timing.flush = \"100ms\"");
    with_seeds(&text, |_, run| assert_eq!(run.finished.logs[0].log_end_offset, 20));
}

/// MEASURED.md f: kill -9 of the only replica right after all was acknowledged loses nothing, the page cache stays.
#[test]
fn a_process_crash_keeps_the_page_cache() {
    with_seeds(&alone("", "{ crash = 0, for = \"5s\" }"), |_, run| {
        assert_eq!((run.acknowledged(), run.finished.logs[0].log_end_offset), (20, 20));
        assert!(run.verdict.findings.list.is_empty());
    });
}

/// MEASURED.md f: the same of all three replicas at once.
#[test]
fn all_page_caches_survive_the_crash_of_all_processes() {
    let text = three("", "{ crash = 0, for = \"1s\" }");
    let more = "[[faults]]\nat = \"1s\"\ndo = { crash = 1, for = \"1s\" }\n\
                [[faults]]\nat = \"1s\"\ndo = { crash = 2, for = \"1s\" }\n";
    with_seeds(&format!("{text}{more}"), |_, run| {
        assert_eq!(run.finished.logs[0].log_end_offset, 40);
        assert!(run.verdict.findings.list.is_empty());
    });
}

/// Three brokers, one partition on all of them, a record each 50 ms from 0 to 2 s.
fn three(topic: &str, fault: &str) -> String {
    format!(
        "stop = \"5min\"\n[cluster]\ntiming.flush = \"1h\"\n\
         [[topics]]\nname = \"orders\"\n{topic}\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = {{ \"linger.ms\" = 0 }}\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 40\nevery = \"50ms\"\nvalue = {{ bytes = 100 }}\n\
         [[faults]]\nat = \"1010ms\"\ndo = {fault}\n"
    )
}

/// `broker.md 4.4`, leader power loss: no reset. The producer hangs until `request.timeout.ms`, the followers until the
/// controller fences the broker after 7 to 10.1 s.
#[test]
fn a_machine_dies_in_silence() {
    with_seeds(&three("", "{ crash = 0, power = true }"), |seed, run| {
        let died = Time::from_millis(1_010);
        let closed = run.times(|event| {
            matches!(event, Event::ConnectionClosed { ends, .. } if ends.producer.is_some() && ends.broker == BrokerId(0))
        });
        let after = closed.first().expect("the producer gives up in the end").since(died);
        assert!((30_000..31_100).contains(&after.millis()), "seed {seed}: request.timeout.ms, not {after}");
        assert_eq!(run.of(EventKind::ConnectionRefused).count(), 0, "seed {seed}");
        let led = run.times_of(EventKind::LeaderChanged)[0].since(died);
        assert!(led >= Span::from_millis(7_000) && led < Span::from_millis(10_200), "seed {seed}: F2, {led}");
        assert_eq!(run.acknowledged(), 40, "seed {seed}: acks=all loses nothing");
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
    });
}

/// A machine that is back resets connections that it knows nothing of: TCP writes again what was not acknowledged.
#[test]
fn a_machine_that_is_back_resets_old_connections() {
    with_seeds(&three("", "{ crash = 0, power = true, for = \"2s\" }"), |seed, run| {
        let closed: Vec<(Time, &str)> = run
            .of(EventKind::ConnectionClosed)
            .filter_map(|(time, event)| match event {
                Event::ConnectionClosed { ends, by } if ends.producer.is_some() => Some((time, *by)),
                _ => None,
            })
            .collect();
        // The first request into silence arrives at 1,051 ms; copies 0.2, 0.6, 1.4 and 3.0 s after it. The machine is
        // back at 3,010 ms, so the copy at 4,051 ms is answered, a millisecond later.
        assert_eq!(closed.first(), Some(&(Time::from_millis(4_052), "reset")), "seed {seed}");
    });
}

/// `broker.md 6.1`, leader power loss: acks=1 may lose, acks=all does not, whatever is left of the leader's disk.
#[test]
fn acks_all_survives_the_power_loss_of_the_leader() {
    let all = three("", "{ crash = 0, power = true, survives = 0, for = \"3s\" }");
    with_seeds(&all, |seed, run| {
        assert_eq!(run.finished.logs[0].log_end_offset, 40, "seed {seed}");
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
        assert!(!run.finished.terms.partition(ORDERS).last_member_lossy, "it caught up as a follower first");
    });
}

/// `broker.md D6`, 6.2: the last member of the ISR comes back from a power loss with a shorter log, leads, and the others
/// throw away what was committed on all three.
#[test]
fn the_last_replica_standing_takes_records_of_all_with_it() {
    let elr_off = "features = { \"eligible.leader.replicas.version\" = 0 }\ntiming.flush";
    let faults = "[[faults]]\nat = \"1s\"\ndo = { crash = 1, for = \"60s\" }\n\
                  [[faults]]\nat = \"1s\"\ndo = { crash = 2, for = \"60s\" }\n";
    let text = three("", "{ set-config = \"orders\", config = { \"retention.ms\" = 900000000 } }")
        .replace("timing.flush", elr_off)
        + faults
        + "[[faults]]\nat = \"30s\"\ndo = { crash = 0, power = true, survives = 5, for = \"10s\" }\n";
    with_seeds(&text, |seed, run| {
        assert_eq!(run.finished.logs[0].log_end_offset, 5, "seed {seed}");
        assert_eq!(
            run.finished.counters.ended_by, "settled",
            "seed {seed}: R16, the others learn its high watermark"
        );
        let verdict = &run.verdict;
        assert_eq!(verdict.findings.counts.lost_acknowledged, 35, "seed {seed}");
        let lost = verdict.findings.list.iter().filter(|finding| finding.kind == Kind::Lost);
        assert!(lost.clone().all(|finding| finding.because == Because::DiskLost), "seed {seed}");
        let cut: Vec<BrokerId> = run
            .of(EventKind::Truncated)
            .filter_map(|(_, event)| match event {
                Event::Truncated { broker, .. } => Some(*broker),
                _ => None,
            })
            .collect();
        assert!(cut.contains(&BrokerId(1)) && cut.contains(&BrokerId(2)), "seed {seed}: {cut:?}");
    });
}

/// `broker.md 5`, power loss: producer state is rebuilt from what is left of the log, so the producer's next batch finds a
/// gap, and it passes over it with a new epoch (I13).
#[test]
fn a_producer_passes_over_the_hole() {
    let text = alone("", "{ crash = 0, power = true, survives = 3, for = \"1s\" }")
        .replace("mode = \"sync\"", "mode = \"sync\"\nevery = \"200ms\"");
    with_seeds(&text, |seed, run| {
        let bumped = run.of(EventKind::EpochBumped).count();
        assert_eq!(bumped, 1, "seed {seed}");
        assert!(run.verdict.ordered, "seed {seed}");
    });
}
