//! Processes that stand still (`broker.md 5.1`, Z6; MEASURED.md e).

use super::fixture::with_seeds;
use crate::record::BrokerId;
use crate::time::Time;
use crate::trace::{Event, EventKind};

/// One record a millisecond for 8 s; the leader stands still for 5 s of them, at a session of 3 s.
fn zombie(config: &str) -> String {
    format!(
        "stop = \"5min\"\n[cluster]\n\
         config = {{ \"broker.session.timeout.ms\" = 3000, \"broker.heartbeat.interval.ms\" = 500 }}\n\
         [[topics]]\nname = \"orders\"\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = {{ \"linger.ms\" = 0, {config} }}\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 8000\nevery = \"1ms\"\nvalue = {{ bytes = 100 }}\n\
         [[faults]]\nat = \"1s\"\ndo = {{ pause = 0, for = \"5s\" }}\n"
    )
}

fn is_of_broker_0(event: &Event) -> bool {
    matches!(event, Event::Append { broker: BrokerId(0), .. })
}

/// MEASURED.md e, broker.md Z6: acks=1: the zombie acknowledges every record of the pause and of the next 80 ms in the
/// instant before it steps down, 5062 to 5080 in 78 to 110 requests, and all of them are lost.
#[test]
fn a_zombie_acknowledges_what_has_piled_up_and_loses_it() {
    with_seeds(&zombie("\"acks\" = \"1\", \"enable.idempotence\" = false"), |seed, run| {
        let resumed = Time::from_millis(6_000);
        let stepped_down =
            run.times(|event| matches!(event, Event::RoleChanged { broker: BrokerId(0), .. }))[0];
        assert!((76..=90).contains(&stepped_down.since(resumed).millis()), "seed {seed}");
        let appended = run.times(is_of_broker_0);
        let late = appended.iter().filter(|&&at| at >= resumed).count();
        assert!((78..=110).contains(&late), "seed {seed}: {late} requests");
        let counts = run.verdict.findings.counts;
        assert!((5_062..=5_090).contains(&counts.lost_acknowledged), "seed {seed}: {counts:?}");
        assert_eq!(run.acknowledged(), 8_000, "seed {seed}");
    });
}

/// MEASURED.md e: acks=all: the zombie answers NOT_LEADER_OR_FOLLOWER, nothing is lost, nothing is there twice.
#[test]
fn a_zombie_cannot_acknowledge_for_all() {
    with_seeds(&zombie("\"acks\" = \"all\""), |seed, run| {
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
        assert_eq!(run.acknowledged(), 8_000, "seed {seed}");
        let refused = run.times(|event| {
            matches!(event, Event::Retry { error: crate::protocol::ErrorCode::NotLeaderOrFollower, .. })
        });
        assert!(!refused.is_empty(), "seed {seed}");
    });
}

/// `broker.md 5`, long pause: no connection is reset, and the broker is fenced and unfenced without a new registration.
#[test]
fn sockets_stay_open_in_a_pause() {
    with_seeds(&zombie("\"acks\" = \"all\""), |seed, run| {
        let resets = run.times(|event| matches!(event, Event::ConnectionClosed { by: "reset", .. }));
        assert!(resets.is_empty(), "seed {seed}");
        assert_eq!(run.of(EventKind::BrokerFenced).count(), 1, "seed {seed}");
        assert_eq!(run.of(EventKind::BrokerUnfenced).count(), 1, "seed {seed}");
        assert_eq!(run.of(EventKind::BrokerRegistered).count(), 0, "seed {seed}");
    });
}

/// A pause that is shorter than the session: requests wait, nothing else happens.
#[test]
fn a_short_pause_is_only_a_delay() {
    let text = zombie("\"acks\" = \"all\"").replace("for = \"5s\"", "for = \"800ms\"");
    with_seeds(&text, |seed, run| {
        assert_eq!(run.of(EventKind::BrokerFenced).count(), 0, "seed {seed}");
        assert_eq!(run.of(EventKind::LeaderChanged).count(), 0, "seed {seed}");
        assert_eq!(run.acknowledged(), 8_000, "seed {seed}");
    });
}
