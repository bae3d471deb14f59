//! `producer.md 1` and `2`: `send()`, its waits, and who chooses the partition.

use super::rig::{Answer, NEWEST, Rig, TOPIC};
use crate::config::Release;
use crate::producer::Sending;
use crate::protocol::{ErrorCode, Exception};
use crate::trace::{Event, EventKind};

fn partition_of(sending: Sending) -> Option<u32> {
    match sending {
        Sending::Appended { partition, .. } => Some(partition),
        Sending::Blocked | Sending::Rejected { .. } => None,
    }
}

/// `producer.md 1`, step 1: after close, IllegalStateException, thrown.
#[test]
fn a_closed_producer_throws() {
    let mut rig = Rig::new(&[]);
    rig.producer.initiate_close(crate::trace::Seq::OUTSIDE);
    rig.send(0);
    assert_eq!(rig.rejected, [(0, 0, Exception::IllegalStateException, true)]);
}

/// `producer.md 1`, step 2 and 1.1: a topic that is not in the metadata: a partial request at once, TimeoutException to the
/// future when `max.block.ms` is over.
#[test]
fn an_unknown_topic_times_out() {
    let mut rig = Rig::cold(NEWEST, &[("max.block.ms", "50"), ("enable.idempotence", "false")]);
    rig.run_to(0);
    rig.move_leader(0, None, 0);
    assert_eq!(rig.send(9), Sending::Blocked);
    rig.run_to(60);
    assert_eq!(rig.rejected, [(50, 0, Exception::TimeoutException, false)]);
    assert!(rig.metadata_asked.iter().all(|&(_, topics)| topics == 1), "{:?}", rig.metadata_asked);
}

/// `producer.md 1.1`: a cold producer's first send() waits for metadata: connect, ask, answer; then it goes on.
#[test]
fn the_first_send_waits_for_metadata() {
    let mut rig = Rig::cold(NEWEST, &[("enable.idempotence", "false"), ("linger.ms", "0")]);
    assert_eq!(rig.send(0), Sending::Blocked);
    rig.run_to(20);
    assert_eq!(rig.metadata_asked, [(1, 1)]);
    assert_eq!(rig.request_times(), [3], "answered at 3, on the connection that metadata came by");
    let blocked = rig.events(EventKind::SendBlocked);
    assert!(matches!(blocked[..], [Event::SendBlocked { on: "metadata", .. }]));
}

/// `producer.md 1.1`: an explicit partition beyond the count blocks, as the topic may be growing; it goes on once it has.
#[test]
fn a_partition_beyond_the_count_is_waited_for() {
    let mut rig = Rig::new(&[("linger.ms", "0")]);
    assert_eq!(rig.send(3), Sending::Blocked);
    rig.run_to(150);
    rig.add_partition();
    rig.run_to(1_000);
    assert_eq!(rig.records_sent(), [[0]]);
    assert!(rig.rejected.is_empty());
}

/// `producer.md 1`, step 6: the uncompressed upper bound above `max.request.size`: RecordTooLargeException to the future.
/// 3.3: the largest value with a null key is 1048489.
#[test]
fn the_size_check_goes_by_the_upper_bound() {
    let mut rig = Rig::new(&[]);
    assert!(partition_of(rig.send_bytes(Some(0), 1_048_489)).is_some());
    rig.send_bytes(Some(0), 1_048_490);
    assert_eq!(rig.rejected, [(0, 1, Exception::RecordTooLargeException, false)]);
}

/// `producer.md 1`, step 8: a batch above `buffer.memory` can never be had: IllegalArgumentException, thrown.
#[test]
fn a_batch_size_above_the_memory_makes_every_send_throw() {
    let mut rig = Rig::new(&[("buffer.memory", "1000")]);
    rig.send(0);
    assert_eq!(rig.rejected, [(0, 0, Exception::IllegalArgumentException, true)]);
}

/// `producer.md 1`, step 8: no memory within `max.block.ms`: BufferExhaustedException to the future.
#[test]
fn memory_that_does_not_come_is_not_waited_for_longer_than_max_block() {
    let mut rig = Rig::new(&[("buffer.memory", "16384"), ("max.block.ms", "30"), ("linger.ms", "5000")])
        .answering(&[Answer::Lost]);
    rig.send(0);
    assert_eq!(rig.send(1), Sending::Blocked);
    rig.run_to(100);
    assert_eq!(rig.rejected, [(30, 1, Exception::BufferExhaustedException, false)]);
}

/// `producer.md 3.6`: memory comes back when the batch completes, and the waiter goes on before the next pass.
#[test]
fn a_waiter_goes_on_when_a_batch_completes() {
    let mut rig = Rig::new(&[("buffer.memory", "16384"), ("linger.ms", "0")]);
    rig.send(0);
    assert_eq!(rig.send(1), Sending::Blocked);
    rig.run_to(20);
    assert_eq!(rig.requests(), [(0, vec![(0, vec![0])]), (2, vec![(1, vec![1])])]);
}

/// `producer.md 2.1`: `user-42` goes to 1459644460 mod 3 = 1 of three partitions.
#[test]
fn keys_are_hashed_over_all_partitions() {
    let mut rig = Rig::new(&[]);
    rig.move_leader(1, None, 1);
    assert_eq!(partition_of(rig.send_keyed("user-42")), Some(1));
    assert_eq!(partition_of(rig.send_keyed("hello")), Some(0));
    assert_eq!(partition_of(rig.send_keyed("a-little-bit-longer-string")), Some(2));
}

/// `producer.md 2`, (3): with `partitioner.ignore.keys` a key counts for nothing.
#[test]
fn keys_can_be_ignored() {
    let mut rig = Rig::new(&[("partitioner.ignore.keys", "true")]);
    let first = partition_of(rig.send_keyed("user-42"));
    assert_eq!(partition_of(rig.send_keyed("hello")), first);
}

/// `producer.md 2.2`: a saturated keyless producer sticks for two batches: 296 records of 100 bytes, 148 a batch. The
/// draws of this test count 0, 1, 2.
#[test]
fn keyless_records_stick_for_two_batches() {
    let mut rig = Rig::new(&[("linger.ms", "1000")]);
    let partitions: Vec<Option<u32>> = (0..593).map(|_| partition_of(rig.send_bytes(None, 100))).collect();
    assert!(partitions[..296].iter().all(|&partition| partition == Some(0)));
    assert!(partitions[296..592].iter().all(|&partition| partition == Some(1)));
    assert_eq!(partitions[592], Some(2));
}

/// `producer.md 2.2`: switch (b), before a new batch: what a slow drain left half full is not fragmented.
#[test]
fn a_partition_that_has_had_enough_is_left_when_its_batch_is_gone() {
    let mut rig = Rig::new(&[("linger.ms", "0"), ("batch.size", "200")]);
    let first = partition_of(rig.send_bytes(None, 150));
    rig.run_for(10);
    assert_eq!((first, partition_of(rig.send_bytes(None, 10))), (Some(0), Some(1)));
}

/// `producer.md 2.4`, KAFKA-9965: up to 3.9 every record that opens a batch is given to the partitioner twice, so round robin
/// skips a partition; from 4.0 on it does not.
#[test]
fn round_robin_skips_partitions_up_to_3_9() {
    let round_robin = [
        ("partitioner.class", "org.apache.kafka.clients.producer.RoundRobinPartitioner"),
        ("linger.ms", "1000"),
    ];
    let chosen = |release| {
        let mut rig = Rig::of(release, &round_robin);
        (0..3).map(|_| partition_of(rig.send_bytes(None, 100))).collect::<Vec<_>>()
    };
    assert_eq!(chosen(Release::new(4, 1)), [Some(0), Some(1), Some(2)]);
    // 0 is asked back for 1; 2 for 0; 1 has a batch already.
    assert_eq!(chosen(Release::new(3, 9)), [Some(1), Some(0), Some(1)]);
}

/// `producer.md 1.1`, 4.11: topics idle for `metadata.max.idle.ms` are dropped and asked for again on next use.
#[test]
fn an_idle_topic_is_forgotten() {
    let mut rig = Rig::new(&[("metadata.max.idle.ms", "5000"), ("metadata.max.age.ms", "6000")]);
    rig.run_to(6_500);
    assert_eq!(rig.metadata_asked.last(), Some(&(6_000, 1)));
    assert_eq!(rig.send(0), Sending::Blocked);
    rig.run_to(6_600);
    assert_eq!(rig.metadata_asked.last(), Some(&(6_500, 1)));
    assert!(rig.rejected.is_empty());
}

/// `producer.md 1.1`: the topic's error, if the client may not use it, ends the wait.
#[test]
fn metadata_with_another_error_goes_on_waiting() {
    let mut rig = Rig::cold(NEWEST, &[("max.block.ms", "100"), ("enable.idempotence", "false")]);
    rig.move_leader(2, None, 0);
    assert_eq!(rig.send(2), Sending::Blocked);
    rig.run_to(50);
    assert!(rig.rejected.is_empty(), "a partition without a leader is known all the same");
    let error = rig.metadata(&[TOPIC]).topics[0].partitions[2].error;
    assert_eq!(error, ErrorCode::LeaderNotAvailable);
}
