//! `producer.md 5`: producer id, sequences, epochs.

use super::rig::{Answer, NEWEST, NODE_0, NODE_1, Rig};
use crate::config::Release;
use crate::protocol::{ErrorCode, Exception};
use crate::trace::{Event, EventKind};

const SINGLES: [(&str, &str); 2] = [("linger.ms", "0"), ("batch.size", "1")];

fn singles(more: &[(&'static str, &'static str)]) -> Rig {
    Rig::new(&[&SINGLES, more].concat())
}

fn idempotent(release: Release) -> Rig {
    Rig::of(release, &[&SINGLES[..], &[("enable.idempotence", "true")]].concat())
}

fn sequences(rig: &Rig) -> Vec<(i64, (i16, i32))> {
    rig.written.iter().map(|written| (written.at_ms, written.sequences()[0])).collect()
}

/// `producer.md 5.1`: the first pass asks for an id without waiting for send(); nothing is produced before it is there.
#[test]
fn a_producer_asks_for_its_id_first() {
    let mut rig = Rig::cold(NEWEST, &[("linger.ms", "0")]);
    rig.run_to(100);
    assert_eq!(rig.ids_asked.len(), 1);
    assert!(matches!(
        rig.events(EventKind::ProducerId)[..],
        [Event::ProducerId { producer_id: 7, producer_epoch: 0, .. }]
    ));
}

/// `producer.md 5.1`: retriable errors: asked again after retry.backoff.ms.
#[test]
fn a_retriable_error_is_asked_again() {
    let mut rig = Rig::cold(NEWEST, &[("linger.ms", "0")]);
    rig.id_answers.push_back(ErrorCode::CoordinatorLoadInProgress);
    rig.run_to(500);
    let [first, second] = rig.ids_asked[..] else { panic!("{:?}", rig.ids_asked) };
    // The second poll in a row with nothing to do lasts 1 ms, then the sender sleeps.
    assert!((102..=103).contains(&(second - first)), "{:?}", rig.ids_asked);
}

/// `producer.md 5.1`: CLUSTER_AUTHORIZATION_FAILED: batches are aborted, the producer asks again; other errors are fatal.
#[test]
fn a_producer_without_permission_aborts_and_asks_again() {
    let mut rig = Rig::cold(NEWEST, &[("linger.ms", "0")]);
    rig.id_answers.push_back(ErrorCode::ClusterAuthorizationFailed);
    rig.send(0);
    rig.run_to(50);
    assert_eq!(rig.ids_asked.len(), 2);
    let mut fatal = Rig::cold(NEWEST, &[("linger.ms", "0")]);
    fatal.id_answers.push_back(ErrorCode::UnsupportedVersion);
    fatal.run_to(50);
    fatal.send(0);
    fatal.run_to(200);
    fatal.send(0);
    assert_eq!(fatal.ids_asked.len(), 1);
    assert!(matches!(fatal.rejected.last(), Some((200, 1, Exception::KafkaException, true))));
    assert_eq!(fatal.result(0).map(|result| result.1), Some(Err(Exception::KafkaException)));
}

/// `producer.md 5.2`: base = nextSequence at drain, nextSequence += records; each partition counts by itself.
#[test]
fn sequences_count_records_by_partition() {
    let mut rig = Rig::new(&[("linger.ms", "1")]);
    for _ in 0..3 {
        rig.send(0);
    }
    rig.send(1);
    rig.run_to(10);
    rig.send(0);
    rig.run_to(20);
    assert_eq!(rig.written[0].sequences(), [(0, 0), (0, 0)]);
    assert_eq!(rig.written[1].sequences(), [(0, 3)]);
}

/// `producer.md 4.7`, 5.3 rule 4, 9.1: with idempotence the queue keeps its order, and retries go one at a time until all
/// retried batches are done.
#[test]
fn retries_keep_their_order_one_at_a_time() {
    let mut rig = singles(&[]).answering(&[Answer::Lost, Answer::Lost, Answer::Lost]);
    for _ in 0..3 {
        rig.send(0);
    }
    rig.run_to(1);
    rig.break_connection(NODE_0);
    rig.send(0);
    rig.run_to(1_000);
    let sent = rig.records_sent();
    assert_eq!(sent, [[0], [1], [2], [0], [1], [2], [3]]);
    let again: Vec<i64> = rig.request_times()[3..6].to_vec();
    assert_eq!([again[1] - again[0], again[2] - again[1]], [2, 2], "each after the answer to the one before");
}

/// `producer.md 5.3`: a batch that may not go stops the walk, so it holds back the node's partitions behind it.
#[test]
fn a_blocked_partition_holds_back_those_behind_it() {
    let mut rig =
        singles(&[]).answering(&[Answer::LateError(ErrorCode::NotEnoughReplicas, 2), Answer::Late(60)]);
    rig.send(0);
    rig.send(0);
    rig.run_to(1);
    rig.run_to(10);
    assert_eq!(rig.written.len(), 2);
    rig.run_to(200);
    assert_eq!(rig.records_sent()[2..], [[0]]);
}

/// `producer.md 5.5`, 9 no. 22: followers of a failed batch get OUT_OF_ORDER and are retried without an epoch bump.
#[test]
fn out_of_order_behind_a_failed_batch_is_benign() {
    let mut rig = singles(&[]).answering(&[
        Answer::Error(ErrorCode::NotEnoughReplicas),
        Answer::Error(ErrorCode::OutOfOrderSequenceNumber),
    ]);
    rig.send(0);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(sequences(&rig)[2..], [(102, (0, 0)), (104, (0, 1))]);
    assert_eq!(rig.events(EventKind::EpochBumped).len(), 0);
}

/// `producer.md 5.5`, 5.7: OUT_OF_ORDER for the next batch: retried after an epoch bump, sequences from 0.
#[test]
fn out_of_order_for_the_next_batch_bumps_the_epoch() {
    let mut rig = singles(&[]).answering(&[Answer::Ok, Answer::Error(ErrorCode::OutOfOrderSequenceNumber)]);
    rig.send(0);
    rig.run_to(10);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(sequences(&rig), [(0, (0, 0)), (10, (0, 1)), (112, (1, 0))]);
    assert!(matches!(
        rig.events(EventKind::EpochBumped)[..],
        [Event::EpochBumped { producer_epoch: 1, next_sequence: 1, .. }]
    ));
}

/// `producer.md 5.5`: UNKNOWN_PRODUCER_ID is always retried; the epoch is bumped unless the log start is unknown.
#[test]
fn an_unknown_producer_bumps_the_epoch() {
    let mut rig = singles(&[]).answering(&[Answer::UnknownProducer(-1), Answer::UnknownProducer(0)]);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(sequences(&rig), [(0, (0, 0)), (102, (0, 0)), (304, (1, 0))]);
}

/// `producer.md 5.5`: another error that is not retriable: the batch fails, and the partition's epoch is bumped; those behind
/// it are numbered anew.
#[test]
fn a_final_error_renumbers_the_followers() {
    let mut rig = singles(&[]).answering(&[
        Answer::Error(ErrorCode::InvalidTimestamp),
        Answer::Error(ErrorCode::OutOfOrderSequenceNumber),
    ]);
    rig.send(0);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(rig.result(0), Some((2, Err(Exception::InvalidTimestampException))));
    assert_eq!(sequences(&rig)[2], (102, (1, 0)));
}

/// `producer.md 5.5`: retries exhausted: the batch fails without sequence repair.
#[test]
fn exhausted_retries_leave_a_gap() {
    let error = Answer::Error(ErrorCode::NotEnoughReplicas);
    let mut rig = singles(&[("retries", "1")]).answering(&[error.clone(), error]);
    rig.send(0);
    rig.run_to(200);
    rig.send(0);
    rig.run_to(300);
    assert_eq!(sequences(&rig)[2], (200, (0, 1)));
}

/// `producer.md 5.6`, 9.1 *Unresolved*: a batch that expires after a retry makes its partition unresolved; with nothing
/// tracked and nothing acknowledged behind it, the epoch is bumped.
#[test]
fn expiry_after_a_retry_bumps_the_epoch() {
    let config = [("request.timeout.ms", "100"), ("delivery.timeout.ms", "150")];
    let mut rig = singles(&config).answering(&[Answer::Error(ErrorCode::NotEnoughReplicas)]);
    rig.answers.push_back(Answer::Error(ErrorCode::NotEnoughReplicas));
    rig.send(0);
    rig.run_to(200);
    assert_eq!(rig.result(0), Some((150, Err(Exception::TimeoutException))));
    assert!(matches!(
        rig.events(EventKind::SequenceUnresolved)[..],
        [Event::SequenceUnresolved { next_sequence: 1, .. }]
    ));
    rig.send(0);
    rig.run_to(300);
    assert_eq!(sequences(&rig).last(), Some(&(200, (1, 0))));
}

/// `producer.md 5.6`: a batch that was never drained has no sequence and expires without effect.
#[test]
fn expiry_without_a_sequence_has_no_effect() {
    let config = [("request.timeout.ms", "100"), ("delivery.timeout.ms", "150")];
    let mut rig = singles(&config);
    rig.refuses = true;
    rig.break_connection(NODE_0);
    rig.run_to(1);
    rig.send(0);
    rig.run_to(300);
    assert_eq!(rig.result(0).map(|result| result.1), Some(Err(Exception::TimeoutException)));
    assert_eq!(rig.events(EventKind::SequenceUnresolved).len(), 0);
    assert_eq!(rig.events(EventKind::EpochBumped).len(), 0);
}

/// `producer.md 5.5`: PRODUCER_FENCED is fatal: nothing is sent any more. `send()` gives it to the callback, and the batch
/// that the record got into calls back once more.
#[test]
fn a_fenced_producer_is_dead() {
    let mut rig = singles(&[]).answering(&[Answer::Error(ErrorCode::ProducerFenced)]);
    rig.send(0);
    rig.run_to(10);
    rig.send(0);
    rig.run_to(200);
    assert_eq!(rig.written.len(), 1);
    assert_eq!(rig.rejected, [(10, 1, Exception::ProducerFencedException, false)]);
    assert_eq!(rig.result(1).map(|result| result.1), Some(Err(Exception::ProducerFencedException)));
}

/// `producer.md 5.7`: other partitions' batches keep the old epoch; new ones wait for them, then start at sequence 0. So it is
/// in 2.5 and 2.6 too (`shouldStopDrainBatchesForPartition`, `handleCompletedBatch`).
#[test]
fn other_partitions_follow_when_their_batches_are_done() {
    for release in [NEWEST, Release::new(2, 6)] {
        let mut rig = idempotent(release)
            .answering(&[Answer::Error(ErrorCode::OutOfOrderSequenceNumber), Answer::Late(300)]);
        rig.send(0);
        rig.send(2);
        rig.run_to(10);
        rig.send(2);
        rig.run_to(1_000);
        let retried = rig.written[2].at_ms;
        assert_eq!(
            sequences(&rig),
            [(0, (0, 0)), (0, (0, 0)), (retried, (1, 0)), (300, (1, 0))],
            "{release}"
        );
        assert_eq!(rig.records_sent(), [[0], [1], [0], [2]]);
    }
}

/// `producer.md 5.2`: a partition that has nothing out starts at 0 in a new epoch. In 2.5 and 2.6 it numbers on.
#[test]
fn a_quiet_partition_starts_anew_in_a_new_epoch() {
    let next_one = |release| {
        let mut rig =
            idempotent(release).answering(&[Answer::Ok, Answer::Error(ErrorCode::OutOfOrderSequenceNumber)]);
        rig.send(2);
        rig.run_to(10);
        rig.send(0);
        rig.run_to(500);
        rig.send(2);
        rig.run_to(1_000);
        rig.written.last().map(|written| (written.node, written.sequences()[0]))
    };
    assert_eq!(next_one(Release::new(2, 7)), Some((NODE_1, (1, 0))));
    assert_eq!(next_one(Release::new(2, 6)), Some((NODE_1, (1, 1))));
}

/// `producer.md 5.7`: before 2.5 the id is given up instead, and asked for anew.
#[test]
fn before_2_5_the_id_is_given_up() {
    let mut rig = idempotent(Release::new(2, 4))
        .answering(&[Answer::Ok, Answer::Error(ErrorCode::OutOfOrderSequenceNumber)]);
    rig.send(0);
    rig.run_to(10);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(rig.result(1).map(|result| result.1), Some(Err(Exception::OutOfOrderSequenceException)));
    assert_eq!(rig.ids_asked, [12]);
    assert_eq!(rig.events(EventKind::EpochBumped).len(), 0);
}
