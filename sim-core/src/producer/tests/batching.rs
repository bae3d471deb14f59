//! `producer.md 3`: when batches are ready, and what goes along.

use super::rig::{Answer, Rig};
use crate::config::Release;
use crate::protocol::{ErrorCode, Exception};
use crate::trace::{Event, EventKind, Seq};

/// `producer.md 3.7`: linger counts from the creation of the batch, not from the last append.
#[test]
fn linger_counts_from_creation() {
    let mut rig = Rig::new(&[("linger.ms", "5")]);
    rig.send(0);
    rig.run_to(4);
    rig.send(0);
    rig.run_to(20);
    assert_eq!(rig.requests(), [(5, vec![(0, vec![0, 1])])]);
    assert!(matches!(rig.events(EventKind::BatchReady)[..], [Event::BatchReady { by: "linger", .. }]));
}

/// `producer.md 3.7`, 9.1 *Linger*: once a node is ready because of one partition, the head batch of every partition that it
/// leads goes along; one of another node does not.
#[test]
fn one_ready_partition_drags_the_others_of_its_node() {
    let mut rig = Rig::new(&[("linger.ms", "5")]);
    rig.send(0);
    rig.run_to(3);
    rig.send(1);
    rig.send(2);
    rig.run_to(20);
    assert_eq!(rig.requests(), [(5, vec![(0, vec![0]), (1, vec![1])]), (8, vec![(2, vec![2])])]);
}

/// `producer.md 3.7`: full = more than one batch in the queue, or the head is full.
#[test]
fn a_full_batch_does_not_linger() {
    let mut rig = Rig::new(&[("linger.ms", "1000"), ("batch.size", "300")]);
    for _ in 0..3 {
        rig.send(0);
    }
    rig.run_to(10);
    assert_eq!(rig.requests(), [(0, vec![(0, vec![0, 1])])]);
    assert!(matches!(rig.events(EventKind::BatchReady)[..], [Event::BatchReady { by: "full", .. }]));
}

/// `producer.md 3.4`: a single record above batch.size is not full and waits out its linger.
#[test]
fn one_large_record_lingers() {
    let mut rig = Rig::new(&[("linger.ms", "50"), ("batch.size", "300")]);
    rig.send_bytes(Some(0), 1_000);
    rig.run_to(60);
    assert_eq!(rig.request_times(), [50]);
}

/// `producer.md 3.7`: a send() that begins to wait for memory does not wake the sender; when the sender looks, every batch
/// is sendable.
#[test]
fn a_waiter_makes_everything_sendable_but_wakes_nobody() {
    let mut rig = Rig::new(&[("linger.ms", "1000"), ("buffer.memory", "32768")]);
    rig.send(0);
    rig.run_to(10);
    rig.send(2);
    rig.run_to(20);
    rig.send(1);
    rig.run_to(999);
    assert_eq!(rig.requests(), []);
    rig.run_to(1_001);
    assert_eq!(rig.requests(), [(1_000, vec![(0, vec![0])]), (1_000, vec![(2, vec![1])])]);
    let by: Vec<_> = rig.events(EventKind::BatchReady);
    assert!(matches!(
        by[..],
        [Event::BatchReady { by: "linger", .. }, Event::BatchReady { by: "memory", .. }]
    ));
}

/// `producer.md 3.8`: at most one batch a partition and request; the pipe is filled in consecutive passes.
#[test]
fn one_batch_a_partition_and_request() {
    let mut rig = Rig::new(&[("linger.ms", "0"), ("batch.size", "1")]);
    for _ in 0..3 {
        rig.send_bytes(Some(0), 1_000);
    }
    rig.run_to(1);
    assert_eq!(rig.records_sent(), [[0], [1], [2]]);
    assert_eq!(rig.request_times(), [0, 0, 0]);
}

/// `producer.md 3.8`: what does not fit `max.request.size` stops the walk, and is first next time.
#[test]
fn a_full_request_stops_the_walk() {
    let mut rig = Rig::new(&[("linger.ms", "5"), ("max.request.size", "1200")]);
    rig.send_bytes(Some(0), 1_000);
    rig.send_bytes(Some(1), 1_000);
    rig.run_to(6);
    assert_eq!(rig.records_sent(), [[0], [1]]);
}

/// `producer.md 3.8`: a single batch above `max.request.size` goes alone.
#[test]
fn an_oversize_batch_goes_alone() {
    let mut rig = Rig::new(&[("linger.ms", "5"), ("max.request.size", "1100"), ("batch.size", "5000")]);
    for _ in 0..2 {
        rig.send_bytes(Some(0), 1_000);
    }
    rig.send(1);
    rig.run_to(20);
    assert_eq!(rig.records_sent(), [vec![0, 1], vec![2]]);
}

/// `producer.md 3.8`: after a full circle the next walk starts one position earlier; up to 3.2 it starts where it did.
#[test]
fn the_walk_starts_one_earlier_after_a_full_circle() {
    let second_request = |release| {
        let mut rig = Rig::of(release, &[("linger.ms", "0"), ("max.request.size", "1200"), ("acks", "all")]);
        rig.send_bytes(Some(0), 10);
        rig.run_to(10);
        rig.send_bytes(Some(0), 1_000);
        rig.send_bytes(Some(1), 1_000);
        rig.run_to(20);
        rig.requests()[1].1[0].0
    };
    assert_eq!(second_request(Release::new(4, 1)), 1);
    assert_eq!(second_request(Release::new(3, 2)), 0);
}

/// `producer.md 3.9`: with one request in flight a drained partition is muted until its answer; others are not.
#[test]
fn one_in_flight_mutes_the_partition() {
    let one = [("linger.ms", "0"), ("max.in.flight.requests.per.connection", "1")];
    let mut rig = Rig::new(&one).answering(&[Answer::Late(30)]);
    rig.send(0);
    rig.run_to(1);
    rig.send(0);
    rig.send(2);
    rig.run_to(50);
    assert_eq!(rig.requests(), [(0, vec![(0, vec![0])]), (1, vec![(2, vec![2])]), (30, vec![(0, vec![1])])]);
}

/// `producer.md 3.7`: an unknown leader asks for metadata with every pass, and the partition never becomes ready.
#[test]
fn a_partition_without_a_leader_waits() {
    let mut rig = Rig::new(&[("linger.ms", "0")]).answering(&[Answer::Error(ErrorCode::NotLeaderOrFollower)]);
    rig.move_leader(0, None, 1);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(rig.request_times(), [0]);
    assert!(rig.metadata_asked.len() >= 2);
    rig.move_leader(0, Some(super::rig::NODE_1), 2);
    rig.run_to(3_000);
    assert_eq!(rig.written.last().map(|written| written.node), Some(super::rig::NODE_1));
    assert_eq!(rig.result(0).map(|result| result.1), Some(Ok(0)));
}

/// `producer.md 6.1`, batch.size 0: two tiny records share a batch, because its buffer has the size of an upper bound:
/// 61 + 2 x 15 bytes fit into 61 + 21 + 11.
#[test]
fn batch_size_zero_still_pairs_tiny_records() {
    let mut rig = Rig::new(&[("linger.ms", "5"), ("batch.size", "0")]);
    for _ in 0..4 {
        rig.send_bytes(Some(0), 8);
    }
    rig.run_to(20);
    assert_eq!(rig.records_sent(), [[0, 1], [2, 3]]);
}

/// `producer.md 4.9`: a queue expires in waves of batches, each `delivery.timeout.ms` from its creation.
#[test]
fn batches_expire_from_their_creation() {
    let short = [("linger.ms", "0"), ("request.timeout.ms", "100"), ("delivery.timeout.ms", "100")];
    let mut rig = Rig::new(&short);
    rig.refuses = true;
    rig.break_connection(super::rig::NODE_0);
    rig.run_to(1);
    rig.send(0);
    rig.run_to(41);
    rig.send(0);
    rig.run_to(300);
    let expected = Err(Exception::TimeoutException);
    assert_eq!(rig.results, [(101, 0, expected), (101, 1, expected)], "one batch, as nothing closed it");
    assert_eq!(rig.events(EventKind::BatchExpired).len(), 1);
}

/// `producer.md 1.3`: while a flush goes on every batch is sendable, also one that is appended later.
#[test]
fn a_flush_ends_linger() {
    let mut rig = Rig::new(&[("linger.ms", "1000")]).answering(&[Answer::Late(20)]);
    rig.send(0);
    rig.run_to(10);
    let flush = rig.flush();
    rig.run_to(11);
    rig.send(2);
    rig.run_to(12);
    assert_eq!(rig.request_times(), [10, 11]);
    assert!(!rig.producer.flush_done(flush));
    rig.run_to(30);
    assert!(rig.producer.flush_done(flush));
    rig.send(0);
    rig.run_to(40);
    assert_eq!(rig.written.len(), 2, "linger holds again");
}

/// Every event of a batch goes back to the one before it.
#[test]
fn causes_lead_back_to_the_send() {
    let mut rig = Rig::new(&[("linger.ms", "5")]);
    rig.send(0);
    rig.run_to(20);
    let stamps = rig.stamps();
    let kinds: Vec<EventKind> = stamps.iter().map(|&(kind, _, _)| kind).collect();
    assert_eq!(
        kinds,
        [
            EventKind::Serialized,
            EventKind::Partitioned,
            EventKind::Accumulated,
            EventKind::BatchReady,
            EventKind::BatchDrained
        ]
    );
    for pair in stamps.windows(2) {
        assert_eq!(pair[1].2, pair[0].1);
    }
    assert_eq!(stamps[0].2, Seq::OUTSIDE);
}
