//! Followers that do not fetch, and disks that take their time.

use super::fixture::{Played, with_seeds};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind};

/// Ten records, one after the other from 1 s on, and a fault at that time.
fn sends(config: &str, fault: &str) -> String {
    format!(
        "stop = \"10min\"\n[[topics]]\nname = \"orders\"\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = {{ \"linger.ms\" = 0, {config} }}\n\
         [[producers.sends]]\ntopic = \"orders\"\nstart = \"1s\"\ncount = 10\nmode = \"sync\"\n\
         [[faults]]\nat = \"1s\"\ndo = {fault}\n"
    )
}

/// From `send()` to callback, in ms.
fn latencies(run: &Played) -> Vec<i64> {
    run.finished.ledger.lines().filter_map(|line| line.latency).map(Span::millis).collect()
}

/// A follower in the ISR that does not fetch holds the high watermark back for so long; what it had asked for before is
/// answered in vain.
#[test]
fn a_follower_that_does_not_fetch_holds_acks_all_back() {
    with_seeds(&sends("", "{ block-fetches = 2, for = \"2s\" }"), |seed, run| {
        let first = latencies(run)[0];
        assert!((2_000..2_020).contains(&first), "seed {seed}: {first}");
        assert_eq!(run.acknowledged(), 10, "seed {seed}");
        let fetched = run.times(|event| matches!(event, Event::Replicated { broker: BrokerId(2), .. }));
        assert!(fetched.iter().all(|&at| at >= Time::from_millis(3_000)), "seed {seed}");
        assert_eq!(run.of(EventKind::IsrShrunk).count(), 0, "seed {seed}");
    });
}

/// `broker.md R20`: it leaves the ISR after 30 to 45 s, and is back once it has fetched what it lacks (R21).
#[test]
fn a_follower_that_does_not_fetch_leaves_the_isr() {
    with_seeds(&sends("", "{ block-fetches = 2, for = \"50s\" }"), |seed, run| {
        let began = Time::from_millis(1_000);
        let shrunk = run.times_of(EventKind::IsrShrunk)[0].since(began).millis();
        // Its last fetch had arrived up to 0.5 s before.
        assert!((29_500..=45_010).contains(&shrunk), "seed {seed}: {shrunk}");
        let grown = run.times_of(EventKind::IsrExpanded)[0].since(began).millis();
        assert!((50_000..51_000).contains(&grown), "seed {seed}: {grown}");
        assert_eq!(run.finished.logs[0].isr.len(), 3, "seed {seed}");
    });
}

/// A slow disk at the leader delays the answer to acks=1 by one append, whatever the followers do.
#[test]
fn a_slow_disk_delays_the_leaders_append() {
    let one = "\"acks\" = \"1\", \"enable.idempotence\" = false";
    with_seeds(&sends(one, "{ slow = 0, disk = \"20ms\" }"), |seed, run| {
        assert!(latencies(run).iter().all(|&latency| latency == 22), "seed {seed}: {:?}", latencies(run));
    });
    with_seeds(&sends(one, "{ slow = 1, disk = \"20ms\" }"), |seed, run| {
        assert!(latencies(run).iter().all(|&latency| latency == 2), "seed {seed}: {:?}", latencies(run));
    });
}

/// A slow disk at a follower delays acks=all by its append: its next fetch comes so much later.
#[test]
fn a_slow_disk_delays_the_followers_fetches() {
    with_seeds(&sends("", "{ slow = 1, disk = \"20ms\" }"), |seed, run| {
        assert!(
            latencies(run).iter().all(|&latency| (24..=26).contains(&latency)),
            "seed {seed}: {:?}",
            latencies(run)
        );
    });
}
