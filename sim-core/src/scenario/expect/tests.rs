//! Expectations held against hand-made results and traces.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::{Mismatch, TraceExpectations, check};
use crate::protocol::{ErrorCode, PartitionResult, ProduceResponse, Response};
use crate::record::{BatchId, BrokerId, Names, ProducerIx, RecordId, TopicIx, TopicPartition};
use crate::scenario::{Expect, Overrides, Scenario, Source};
use crate::time::Time;
use crate::trace::{Ends, Event, MessageBody, MessageEvent, Observer, OrMinusOne, Seq, Stamp};

fn expect(lines: &str) -> Expect {
    let text = format!(
        "[[topics]]\nname = \"orders\"\npartitions = 2\n[[producers]]\nid = \"shop\"\n[[producers.sends]]\n\
         topic = \"orders\"\ncount = 9\n[[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\n[expect]\n{lines}\n"
    );
    let loaded = Scenario::load(&Source::new("a.toml", &text), &Overrides::default());
    loaded.unwrap_or_else(|errors| panic!("{errors}")).scenario.expect
}

/// The JSON of `design.md 5`, with every list that is checked.
fn result() -> Json {
    json!({
        "virtual_ms": 2285.0, "ended_by": "settled", "events": 1234,
        "records": {"sent": 20, "acknowledged": 20, "unconfirmed": 0, "failed": 0, "rejected": 0, "pending": 0},
        "errors": {"TimeoutException": 2},
        "verdict": {"lost_acknowledged": 0, "lost_unconfirmed": 0, "duplicated": 1, "duplicate_copies": 1, "reordered": 0,
            "written_though_failed": 0, "gaps": 0, "guarantee": "at-least-once", "ordered": true,
            "promised": "at-least-once", "promised_ordered": false},
        "findings": [{"kind": "duplicated", "record": "shop-1", "allowed": true, "because": "resent"}],
        "logs": [
            {"topic": "orders", "partition": 0, "leader": 0, "leader_epoch": 0, "isr": [0, 1, 2], "elr": [], "hw": 3, "leo": 3,
             "records": ["shop-0", "shop-1", "shop-1"]},
            {"topic": "orders", "partition": 1, "leader": -1, "leader_epoch": 2, "isr": [1], "elr": [2], "hw": 0, "leo": 1,
             "records": ["shop-2"]}],
        "ledger": [{"record": "shop-1", "topic": "orders", "partition": 0, "offset": 1, "outcome": "acknowledged",
            "error": null, "sent_ms": 1009.0, "latency_ms": 1114.0, "blocked_ms": 0.0, "attempts": 2}],
        "consumers": {"audit": {"read": ["shop-0"], "lag": 2, "decoded": {"right": 1, "wrong": 0, "failed": 0}}},
        "requests": {"produce": 21, "retries": 1}, "split_keys": 0,
        "latency_ms": {"p50": 9.0, "p99": 1114.0, "max": 1114.0}, "blocked_ms": {"max": 0.0},
    })
}

#[track_caller]
fn holds(lines: &str) {
    assert_eq!(check(&expect(lines), &result(), None), []);
}

/// The only mismatch, as `what: expected, got`.
#[track_caller]
fn fails(lines: &str, expected: &str) {
    assert_eq!(texts(&check(&expect(lines), &result(), None)), [expected]);
}

fn texts(mismatches: &[Mismatch]) -> Vec<String> {
    mismatches.iter().map(|m| format!("{}: {}, got {}", m.what, m.expected, m.got)).collect()
}

#[test]
fn every_expectation_can_hold() {
    holds(
        "sent = 20\nacknowledged = { min = 20, max = 20 }\nlost = 0\nduplicated = { min = 1 }\nduplicate-copies = { max = 1 }",
    );
    holds("requests = 21\nretries = 1\nsplit-keys = 0\nevents = { min = 1 }\nends-by = \"2.285s\"");
    holds(
        "guarantee = \"at-least-once\"\npromised = \"at-least-once\"\nordered = true\npromised-ordered = false\nended-by = \"settled\"",
    );
    holds("errors = { TimeoutException = 2, NetworkException = 0 }");
    holds(
        "log.\"orders-0\" = [\"shop-0\", \"shop-1\", \"shop-1\"]\nleo.\"orders-0\" = 3\nisr.\"orders-0\" = [0, 1, 2]",
    );
    holds(
        "leader.\"orders-1\" = -1\nlog.\"orders-1\" = { leader-epoch = 2, elr = [2], hw = 0, records = [\"shop-2\"] }",
    );
    holds("read.\"audit\" = [\"shop-0\"]\nlag.\"audit\" = 2\ndecoded.\"audit\" = { right = 1, wrong = 0 }");
    holds("latency-ms = { p50 = 9, max = { min = 1094, max = 1133 } }\nblocked-ms = { max = 0 }");
    holds(
        "records.\"shop-1\" = { outcome = \"acknowledged\", offset = 1, attempts = 2, latency-ms = 1114 }\nallowed = false",
    );
}

/// A checker that has never failed proves nothing.
#[test]
fn every_expectation_can_fail() {
    fails("lost = 1", "lost: 1, got 0");
    fails("duplicated = { min = 2 }", "duplicated: at least 2, got 1");
    fails("requests = { min = 1, max = 20 }", "requests: 1 to 20, got 21");
    fails("guarantee = \"none\"", "guarantee: none, got at-least-once");
    fails("ordered = false", "ordered: false, got true");
    fails("errors = { TimeoutException = 3 }", "errors.TimeoutException: 3, got 2");
    fails("errors = { NetworkException = 1 }", "errors.NetworkException: 1, got 0");
    fails("ends-by = \"2.284s\"", "ends-by: at most 2284, got 2285");
    fails(
        "log.\"orders-0\" = [\"shop-0\", \"shop-1\"]",
        "log.\"orders-0\": [shop-0, shop-1], got [shop-0, shop-1, shop-1]",
    );
    fails("isr.\"orders-0\" = [0, 2]", "log.\"orders-0\".isr: [0, 2], got [0, 1, 2]");
    fails("read.\"audit\" = []", "read.\"audit\": [], got [shop-0]");
    fails("latency-ms = { p50 = 4 }", "latency-ms.p50: 4, got 9");
    fails(
        "records.\"shop-1\" = { error = \"TimeoutException\" }",
        "records.\"shop-1\".error: TimeoutException, got nothing",
    );
    fails("records.\"shop-2\" = { outcome = \"failed\" }", "records.\"shop-2\".outcome: failed, got nothing");
}

#[test]
fn a_finding_that_is_not_allowed_always_fails() {
    let mut result = result();
    result["findings"][0]["allowed"] = json!(false);
    let mismatches = texts(&check(&Expect::default(), &result, None));
    assert_eq!(
        mismatches,
        ["allowed: no finding that the settings do not allow, got shop-1 duplicated (resent)"]
    );
}

fn names() -> Names {
    Names {
        producers: vec!["shop".into()],
        topics: vec!["orders".into(), "clicks".into()],
        ..Names::default()
    }
}

fn tp(topic: u16, partition: u32) -> TopicPartition {
    TopicPartition { topic: TopicIx(topic), partition }
}

fn leader_changed(leader: u32) -> Event {
    Event::LeaderChanged {
        topic: TopicIx(0),
        partition: 0,
        leader: OrMinusOne(Some(BrokerId(leader))),
        leader_epoch: 1,
        partition_epoch: 1,
        isr: Arc::from([BrokerId(1), BrokerId(2)]),
        elr: Arc::from([]),
        unclean: false,
        by: "fenced",
    }
}

fn acknowledged(index: u32) -> Event {
    Event::Acknowledged {
        producer: ProducerIx(0),
        record: RecordId { producer: ProducerIx(0), index },
        batch: BatchId { producer: ProducerIx(0), number: index },
        topic: TopicIx(0),
        partition: 0,
        offset: 7,
    }
}

/// An answer with one error: in partition 1 of `orders`, beside a good one in partition 0 of `clicks`.
fn answer() -> Event {
    let part = |tp, error| PartitionResult { tp, error, ..PartitionResult::default() };
    let partitions =
        vec![part(tp(1, 0), ErrorCode::None), part(tp(0, 1), ErrorCode::OutOfOrderSequenceNumber)];
    let response = ProduceResponse { partitions, throttle_ms: 0 };
    Event::Message(MessageEvent {
        sent: false,
        message: 3,
        request: Some(2),
        ends: Ends { producer: Some(ProducerIx(0)), ..Ends::default() },
        body: MessageBody::Response(Response::Produce(Arc::new(response))),
    })
}

/// What does not hold after these events, each a second after the one before, the first at 1 s.
fn seen(trace: &str, events: &[Event]) -> Vec<String> {
    let mut seen =
        TraceExpectations::of(&expect(&format!("trace = [{trace}]"))).expect("something is expected");
    for (nth, event) in events.iter().enumerate() {
        let time = Time::from_millis(1_000 * (nth as i64 + 1));
        seen.event(Stamp { time, seq: Seq(nth as u64), cause: Seq::OUTSIDE }, event, &names());
    }
    texts(&seen.mismatches())
}

#[test]
fn events_are_counted_by_the_values_of_their_fields() {
    let events = [leader_changed(1), leader_changed(2), leader_changed(1), acknowledged(3)];
    assert_eq!(seen("{ event = \"leader-changed\", leader = 1, count = 2 }", &events), [""; 0]);
    assert_eq!(
        seen(
            "{ event = \"leader-changed\", isr = [1, 2], unclean = false, by = \"fenced\", count = 3 }",
            &events
        ),
        [""; 0]
    );
    assert_eq!(
        seen("{ event = \"leader-changed\", topic = \"orders\", leader-epoch = { min = 1 } }", &events),
        [""; 0]
    );
    assert_eq!(
        seen(
            "{ event = \"acknowledged\", record = \"shop-3\", batch = \"shop/3\", producer = \"shop\" }",
            &events
        ),
        [""; 0]
    );
    assert_eq!(
        seen("{ event = \"leader-changed\", leader = 0 }", &events),
        ["trace leader-changed leader=0: count: at least 1, got 0"]
    );
    assert_eq!(
        seen("{ event = \"acknowledged\", record = \"shop-4\", count = 1 }", &events),
        ["trace acknowledged record=shop-4: count: 1, got 0"]
    );
    assert_eq!(seen("{ event = \"append\", count = 0 }", &events), [""; 0]);
}

#[test]
fn the_first_and_the_last_event_have_their_times() {
    let events = [leader_changed(1), leader_changed(2), leader_changed(1)];
    let range = "first = { min = \"0.9s\", max = \"1s\" }, last = \"3s\"";
    assert_eq!(seen(&format!("{{ event = \"leader-changed\", {range} }}"), &events), [""; 0]);
    assert_eq!(
        seen(
            "{ event = \"leader-changed\", leader = 2, first = { max = \"1s\" }, last = { min = \"3s\" } }",
            &events
        ),
        [
            "trace leader-changed leader=2: first: until 1s, got 2s",
            "trace leader-changed leader=2: last: from 3s on, got 2s"
        ]
    );
    assert_eq!(
        seen("{ event = \"append\", count = 0, first = \"1s\" }", &events),
        ["trace append: first: 1s, got never"]
    );
}

/// Fields of a list's items: all of them in one and the same item.
#[test]
fn items_of_a_list_match_as_a_whole() {
    let answered = |fields: &str| {
        seen(&format!("{{ event = \"produce-response\", {fields}, count = 1 }}"), &[answer()]).is_empty()
    };
    assert!(answered("error = \"OUT_OF_ORDER_SEQUENCE_NUMBER\""));
    assert!(answered(
        "error = \"OUT_OF_ORDER_SEQUENCE_NUMBER\", topic = \"orders\", partition = 1, producer = \"shop\""
    ));
    assert!(answered("topic = \"clicks\", partition = 0"));
    assert!(!answered("topic = \"orders\", partition = 0"));
    assert!(!answered("error = \"OUT_OF_ORDER_SEQUENCE_NUMBER\", topic = \"clicks\""));
}

#[test]
fn a_trace_that_nobody_watched_is_a_mismatch() {
    let expect = expect("trace = [{ event = \"append\" }]");
    assert_eq!(
        texts(&check(&expect, &result(), None)),
        ["trace: events to be counted, got a run that nobody observed"]
    );
    assert!(TraceExpectations::of(&Expect::default()).is_none());
}
