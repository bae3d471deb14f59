//! What faults do to a broker: answers that it is made to give, slowness, a crash amid a request.

use std::sync::Arc;

use crate::broker::Forced;
use crate::broker::fixture::{Cluster, Setup, TP, TP1, batch_of, produce};
use crate::protocol::{ErrorCode, MetadataRequest, Request, Response};
use crate::record::{RecordBatch, TopicIx};
use crate::scenario::Sampled;
use crate::time::{Span, Time};
use crate::trace::{EventKind, Filter, Occurrence, Trigger};

fn both(cluster: &mut Cluster, forced: Forced) -> Vec<ErrorCode> {
    let other = RecordBatch { tp: TP1, ..batch_of(1, 1) };
    let request = cluster.send(0, 1, produce(-1, vec![batch_of(0, 1), other]), Some(forced));
    cluster.results(request).into_iter().flatten().map(|result| result.error).collect()
}

fn two_partitions() -> Cluster {
    Cluster::new(Setup { assignment: vec![vec![0, 1, 2]; 2], ..Setup::default() })
}

const FORCED: Forced = Forced { error: ErrorCode::NotEnoughReplicas, append: false, tp: None };

/// `fail = "it"`: nothing is appended.
#[test]
fn a_forced_answer_instead_of_an_append() {
    let mut cluster = two_partitions();
    assert_eq!(both(&mut cluster, FORCED), [ErrorCode::NotEnoughReplicas; 2]);
    assert_eq!(cluster.ends(), [0, 0, 0]);
    assert_eq!(cluster.events(EventKind::AppendRefused).len(), 2);
}

/// `fail = "it", append = true`: answered so after having appended.
#[test]
fn a_forced_answer_after_the_append() {
    let mut cluster = two_partitions();
    assert_eq!(both(&mut cluster, Forced { append: true, ..FORCED }), [ErrorCode::NotEnoughReplicas; 2]);
    assert_eq!(cluster.ends(), [1, 1, 1]);
    assert_eq!(cluster.events(EventKind::Append).len(), 2);
    assert!(cluster.events(EventKind::AppendRefused).is_empty());
}

/// `broker.md P13`: with acks=all such an answer waits, as Kafka's NOT_ENOUGH_REPLICAS_AFTER_APPEND does, until the high
/// watermark has passed; with acks=1 there is nothing to wait for.
#[test]
fn an_error_after_the_append_comes_when_the_wait_is_over() {
    for (acks, at_once) in [(-1, None), (1, Some(ErrorCode::NotEnoughReplicasAfterAppend))] {
        let mut cluster = two_partitions();
        cluster.cut(0, 1);
        let error = ErrorCode::NotEnoughReplicasAfterAppend;
        let forced = Some(Forced { error, append: true, tp: None });
        let request = cluster.send(0, 1, produce(acks, vec![batch_of(0, 1)]), forced);
        assert_eq!(cluster.result(request).map(|result| result.error), at_once);
        assert_eq!(cluster.ends()[0], 1);
    }
}

/// `fail = "it"` for one partition: the others do what they would.
#[test]
fn a_forced_answer_for_one_partition() {
    let mut cluster = two_partitions();
    let forced = Forced { tp: Some(TP1), ..FORCED };
    assert_eq!(both(&mut cluster, forced), [ErrorCode::None, ErrorCode::NotEnoughReplicas]);
    assert_eq!(cluster.replica(0).tp(), TP);
    assert_eq!(cluster.ends(), [1, 1, 1]);
}

/// `fail = "it"` on requests for metadata and for a producer id.
#[test]
fn other_requests_can_be_made_to_fail() {
    let mut cluster = two_partitions();
    let forced = Some(Forced { error: ErrorCode::CoordinatorNotAvailable, append: false, tp: None });
    let id = cluster.send(0, 1, Request::InitProducerId, forced);
    let expected = |reply: Option<&crate::broker::Reply>| match reply {
        Some(crate::broker::Reply::Answer(Response::InitProducerId(answer))) => Some(answer.error),
        Some(crate::broker::Reply::Answer(Response::Metadata(answer))) => Some(answer.topics[0].error),
        _ => None,
    };
    assert_eq!(expected(cluster.reply_to(id)), Some(ErrorCode::CoordinatorNotAvailable));
    let request = Request::Metadata(MetadataRequest { topics: Arc::new([TopicIx(0)]) });
    let metadata = cluster.send(0, 1, request, forced);
    assert_eq!(expected(cluster.reply_to(metadata)), Some(ErrorCode::CoordinatorNotAvailable));
}

/// `timing.service`: requests of one connection one after another, of different ones side by side.
#[test]
fn work_on_a_request_takes_its_time() {
    let mut cluster = Cluster::new(Setup { service: Span::from_millis(10), ..Setup::default() });
    let first = cluster.send(0, 1, produce(1, vec![batch_of(0, 1)]), None);
    let second = cluster.send(0, 1, produce(1, vec![batch_of(1, 1)]), None);
    let other = cluster.send(0, 3, produce(1, vec![batch_of(2, 1)]), None);
    cluster.run(9);
    assert!(cluster.result(first).is_none());
    cluster.run(1);
    assert!(cluster.result(first).is_some() && cluster.result(other).is_some());
    assert!(cluster.result(second).is_none());
    cluster.run(10);
    assert!(cluster.result(second).is_some());
}

/// `num.io.threads`: no more than so many side by side.
#[test]
fn threads_are_limited() {
    let mut setup = Setup { service: Span::from_millis(10), ..Setup::default() };
    setup.broker.num_io_threads = 1;
    let mut cluster = Cluster::new(setup);
    // The two fetches of t=0 have their 10 ms each.
    cluster.run(20);
    let first = cluster.send(0, 1, produce(1, vec![batch_of(0, 1)]), None);
    let second = cluster.send(0, 3, produce(1, vec![batch_of(1, 1)]), None);
    cluster.run(10);
    assert!(cluster.result(first).is_some() && cluster.result(second).is_none());
    cluster.run(30);
    assert!(cluster.result(second).is_some());
}

/// `slow = 0, by = "50ms"`: each request takes so much longer, until it is over.
#[test]
fn a_slow_broker_takes_longer() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.brokers[0].slow(Some(Sampled::Constant(Span::from_millis(50))));
    let slow = cluster.produce(0, 1, vec![batch_of(0, 1)]);
    cluster.run(49);
    assert!(cluster.result(slow).is_none());
    cluster.run(1);
    assert!(cluster.result(slow).is_some());
    cluster.brokers[0].slow(None);
    let fast = cluster.produce(0, 1, vec![batch_of(1, 1)]);
    assert!(cluster.result(fast).is_some());
}

/// A cluster in which the first event of this kind sets off a fault.
fn armed(kind: EventKind) -> Cluster {
    let mut cluster = two_partitions();
    let filter = Filter { kind, producer: None, broker: None, topic: None, partition: None, record: None };
    let occurrence = Occurrence::Nths(vec![1]);
    let trigger = Trigger { filter, occurrence, from: Time::ZERO, until: Time::NEVER, seen: 0 };
    cluster.trace().watch.arm(0, trigger);
    cluster
}

fn send_both(cluster: &mut Cluster) -> u64 {
    let other = RecordBatch { tp: TP1, ..batch_of(1, 1) };
    cluster.produce(0, -1, vec![batch_of(0, 1), other])
}

/// A crash on the n-th append: what comes after that append never happens.
#[test]
fn a_crash_on_an_append_comes_before_the_next() {
    let mut cluster = armed(EventKind::Append);
    let request = send_both(&mut cluster);
    assert_eq!(cluster.trace().fired.len(), 1);
    cluster.crash(0);
    cluster.trace().fired.clear();
    cluster.run(100);
    assert_eq!(cluster.events(EventKind::Append).len(), 1);
    assert_eq!((cluster.ends(), cluster.reply_to(request)), (vec![1, 0, 0], None));
}

/// A fault that leaves the process alone: the request goes on where it stood.
#[test]
fn an_interrupted_request_goes_on() {
    let mut cluster = armed(EventKind::Append);
    let request = send_both(&mut cluster);
    assert_eq!(cluster.events(EventKind::Append).len(), 1);
    cluster.trace().fired.clear();
    cluster.run(0);
    assert_eq!(cluster.events(EventKind::Append).len(), 2);
    let errors: Vec<ErrorCode> =
        cluster.results(request).into_iter().flatten().map(|result| result.error).collect();
    assert_eq!(errors, [ErrorCode::None; 2]);
    assert_eq!(cluster.ends(), [1, 1, 1]);
}

/// A follower's crash on its append: it never asks for what comes next, so the leader never learns of the copy.
#[test]
fn a_follower_that_crashes_on_its_append_is_not_heard_of() {
    let mut cluster = armed(EventKind::Replicated);
    cluster.cut(0, 2);
    let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.crash(1);
    cluster.trace().fired.clear();
    cluster.run(1_000);
    assert_eq!((cluster.ends(), cluster.hws()[0]), (vec![1, 1, 0], 0));
    assert_eq!(cluster.reply_to(request), None);
}

/// The same without a crash: the follower goes on.
#[test]
fn an_interrupted_follower_goes_on() {
    let mut cluster = armed(EventKind::Replicated);
    let request = send_both(&mut cluster);
    cluster.trace().fired.clear();
    cluster.run(0);
    assert!(cluster.reply_to(request).is_some());
    assert_eq!(cluster.ends(), [1, 1, 1]);
}
