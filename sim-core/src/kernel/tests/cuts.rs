//! Cuts among brokers and from the controller (`broker.md 4.4`, 5.1, R5).

use super::fixture::{begun, play, with_seeds};
use crate::protocol::{ErrorCode, Request};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind, MessageBody, MessageEvent};

/// A record each 100 ms from 0 to 6 s, and a cut at 1 s.
fn cut(topic: &str, producer: &str, fault: &str) -> String {
    format!(
        "stop = \"10min\"\n[[topics]]\nname = \"orders\"\nconfig = {{ {topic} }}\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = {{ \"linger.ms\" = 0, {producer} }}\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 60\nevery = \"100ms\"\nvalue = {{ bytes = 100 }}\n\
         [[faults]]\nat = \"1s\"\ndo = {fault}\n"
    )
}

const CUT_AT: Time = Time::from_millis(1_000);

/// `broker.md 4.4`, leader cut from followers only: it stays leader. The ISR shrinks after 30 to 45 s (R20); acks=all stalls
/// until then, and works with the leader alone if `min.insync.replicas` is 1.
#[test]
fn a_leader_cut_from_its_followers_goes_on_alone() {
    let text = cut("\"min.insync.replicas\" = 1", "", "{ cut = [0, [1, 2]], for = \"90s\" }");
    with_seeds(&text, |seed, run| {
        assert_eq!(run.of(EventKind::LeaderChanged).count(), 0, "seed {seed}");
        let shrunk = run.times_of(EventKind::IsrShrunk)[0].since(CUT_AT);
        assert!(
            shrunk >= Span::from_millis(29_900) && shrunk <= Span::from_millis(45_100),
            "seed {seed}: {shrunk}"
        );
        assert_eq!(run.acknowledged(), 60, "seed {seed}");
        let stalled = run.times_of(EventKind::Acknowledged);
        assert!(stalled.iter().any(|at| at.since(CUT_AT) >= shrunk), "seed {seed}");
        let grown = run.of(EventKind::IsrExpanded).count();
        assert!(grown >= 1, "seed {seed}: they are back after the cut");
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
    });
}

/// The same with `min.insync.replicas=2`: NOT_ENOUGH_REPLICAS until the cut heals. A request that is parked when the ISR
/// shrinks is told so only with its next attempt, up to a request timeout later (P13).
#[test]
fn a_leader_cut_from_its_followers_refuses() {
    let text = cut("\"min.insync.replicas\" = 2", "", "{ cut = [0, [1, 2]], for = \"90s\" }");
    with_seeds(&text, |seed, run| {
        let refused = run
            .times(|event| matches!(event, Event::AppendRefused { error: ErrorCode::NotEnoughReplicas, .. }));
        let after = refused.first().expect("refused").since(CUT_AT);
        assert!(
            after >= Span::from_millis(29_900) && after <= Span::from_millis(63_000),
            "seed {seed}: {after}"
        );
        assert_eq!(run.acknowledged(), 60, "seed {seed}");
    });
}

/// `broker.md R5`: a fetch into silence is given up after `replica.socket.timeout.ms` (30 s), the next one comes 1 s later; an
/// attempt to connect into silence is given up after 10 s, then 20 s.
#[test]
fn a_follower_gives_up_its_fetch_after_thirty_seconds() {
    let text = cut("\"min.insync.replicas\" = 1", "", "{ cut = [0, 1], for = \"42s\" }");
    with_seeds(&text, |seed, run| {
        let asked: Vec<Time> = run
            .of(EventKind::FetchRequestSent)
            .filter(|(_, event)| {
                matches!(event, Event::Message(MessageEvent { ends, .. }) if ends.follower == Some(BrokerId(1)))
            })
            .map(|(time, _)| time)
            .collect();
        let before = asked.iter().copied().filter(|&at| at < CUT_AT + Span::from_millis(1_000));
        let last_before = before.max().expect("it fetches all the time");
        let next = asked.iter().copied().find(|&at| at > last_before).expect("it tries again");
        assert_eq!(next.since(last_before), Span::from_millis(31_000), "seed {seed}");
        let then = asked.iter().copied().find(|&at| at > next).expect("and again");
        assert_eq!(then.since(next), Span::from_millis(11_000), "seed {seed}: 10 s for the connection, 1 s");
    });
}

/// `broker.md Z1`, Z2: a leader cut from the controller alone is fenced after 7 to 10.1 s, and replaced. The producer that
/// goes on writing to it with acks=1 loses what the new leader never got; with acks=all nothing.
#[test]
fn a_leader_cut_from_the_controller_is_a_zombie() {
    let fault = "{ cut = [0, [\"controller\", 1, 2]], for = \"40s\" }";
    let one = cut("", "\"acks\" = \"1\", \"enable.idempotence\" = false", fault);
    with_seeds(&one, |seed, run| {
        let fenced = run.times_of(EventKind::BrokerFenced)[0].since(CUT_AT);
        assert!(
            fenced >= Span::from_millis(7_000) && fenced < Span::from_millis(10_200),
            "seed {seed}: {fenced}"
        );
        assert_eq!(run.acknowledged(), 60, "seed {seed}");
        let lost = run.verdict.findings.counts.lost_acknowledged;
        assert!((48..=50).contains(&lost), "seed {seed}: all after the cut, not {lost}");
    });
    with_seeds(&cut("", "", fault), |seed, run| {
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
        assert_eq!(run.acknowledged(), 60, "seed {seed}");
    });
}

/// `reject = true`: connections are reset at once; followers ask again each second and are refused.
#[test]
fn a_rejecting_cut_is_noticed_at_once() {
    let run = play(&cut("", "", "{ cut = [0, 1], reject = true, for = \"3s\" }"), 1);
    let reset = run.times(
        |event| matches!(event, Event::ConnectionClosed { ends, by: "reset" } if ends.follower.is_some()),
    );
    assert_eq!(reset, [CUT_AT, CUT_AT], "one connection for each of the two that fetches from the other");
    let refused = run.of(EventKind::ConnectionRefused).count();
    assert!((2..=4).contains(&refused), "each second, from both sides: {refused}");
    assert!(run.of(EventKind::IsrShrunk).next().is_none());
}

/// `one-way`: the leader's answers do not come, the followers' fetches do.
#[test]
fn a_cut_in_one_direction_lets_requests_through() {
    let run = play(&cut("", "", "{ cut = [0, 1], one-way = true, for = \"10s\" }"), 1);
    let lost: Vec<u64> = run
        .of(EventKind::MessageLost)
        .filter_map(|(_, event)| match event {
            Event::MessageLost { message, by: "cut" } => Some(*message),
            _ => None,
        })
        .collect();
    assert!(!lost.is_empty());
    let requests = run.of(EventKind::FetchRequestSent).filter_map(|(_, event)| match event {
        Event::Message(MessageEvent { message, body: MessageBody::Request(Request::Fetch(_)), .. }) => {
            Some(*message)
        }
        _ => None,
    });
    let lost_requests = requests.filter(|message| lost.contains(message)).count();
    assert_eq!(lost_requests, 0, "broker 0 leads, so it fetches nothing itself");
}

/// A run under any cut can be cloned, and goes on the same.
#[test]
fn a_clone_in_the_middle_of_a_cut_ends_the_same() {
    let mut run = begun(&cut("", "", "{ cut = [0, [1, \"controller\"]], for = \"20s\" }"), 1);
    while run.now() < Time::from_millis(12_000) {
        run.step();
    }
    let (other, this) = (run.clone().finish(), run.finish());
    assert_eq!(other.counters.events, this.counters.events);
    assert_eq!(other.logs, this.logs);
}
