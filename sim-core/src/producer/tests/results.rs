//! `producer.md 4.7` to `4.12`: what becomes of a batch after its answer, or without one.

use super::rig::{Answer, NODE_0, NODE_1, Result, Rig};
use crate::config::Release;
use crate::protocol::{ErrorCode, Exception, LeaderHint};
use crate::trace::{Event, EventKind};

/// Idempotence off, no linger: one batch a record in these tests.
const PLAIN: [(&str, &str); 3] = [("enable.idempotence", "false"), ("linger.ms", "0"), ("batch.size", "1")];

fn plain(more: &[(&'static str, &'static str)]) -> Rig {
    Rig::new(&[&PLAIN, more].concat())
}

fn told(rig: &Rig) -> Vec<Result> {
    rig.results.clone()
}

/// `producer.md 1.2`: offset = base offset + place in the batch.
#[test]
fn offsets_follow_the_places_in_the_batch() {
    let mut rig = Rig::new(&[("linger.ms", "1")]);
    for _ in 0..3 {
        rig.send(0);
    }
    rig.run_to(10);
    assert_eq!(told(&rig), [(3, 0, Ok(0)), (3, 1, Ok(1)), (3, 2, Ok(2))]);
}

/// `producer.md 4.10`: acks=0: success with offset -1 as soon as the request is written.
#[test]
fn acks_zero_completes_at_the_write() {
    let mut rig = plain(&[("acks", "0")]);
    rig.send(0);
    rig.run_to(0);
    assert_eq!(told(&rig), [(0, 0, Ok(-1))]);
}

/// `producer.md 4.7`: a retriable error: re-enqueued, attempt counted, sent again after the back-off of 100, 200 ms.
#[test]
fn a_retriable_error_is_retried_after_its_back_off() {
    let error = Answer::Error(ErrorCode::NotEnoughReplicas);
    let mut rig = plain(&[]).answering(&[error.clone(), error]);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(rig.request_times(), [0, 102, 304]);
    assert_eq!(told(&rig), [(306, 0, Ok(0))]);
    assert!(matches!(
        rig.events(EventKind::Retry)[..],
        [
            Event::Retry { attempt: 1, backoff: 100_000_000, behind: 0, .. },
            Event::Retry { attempt: 2, backoff: 200_000_000, .. }
        ]
    ));
}

/// `producer.md 4.7`: total sends of one batch <= retries + 1; the user sees the last error.
#[test]
fn retries_are_counted() {
    let error = Answer::Error(ErrorCode::NotEnoughReplicas);
    let mut rig = plain(&[("retries", "1")]).answering(&[error.clone(), error]);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!(rig.request_times(), [0, 102]);
    assert_eq!(told(&rig), [(104, 0, Err(Exception::NotEnoughReplicasException))]);
}

/// `producer.md 4.7`, 7: an error that is not retriable fails the batch at once.
#[test]
fn a_final_error_fails() {
    let mut rig = plain(&[]).answering(&[Answer::Error(ErrorCode::InvalidRequest)]);
    rig.send(0);
    rig.run_to(10);
    assert_eq!(told(&rig), [(2, 0, Err(Exception::InvalidRequestException))]);
}

/// `producer.md 4.7`: DUPLICATE_SEQUENCE_NUMBER is success with offset -1.
#[test]
fn a_duplicate_is_success() {
    let mut rig =
        Rig::new(&[("linger.ms", "0")]).answering(&[Answer::Error(ErrorCode::DuplicateSequenceNumber)]);
    rig.send(0);
    rig.run_to(10);
    assert_eq!(told(&rig), [(2, 0, Ok(-1))]);
}

/// `producer.md 4.7`, per-record errors: one refused record gets the answer's exception, the others KafkaException.
#[test]
fn one_refused_record_has_its_own_exception() {
    let mut rig = Rig::new(&[("linger.ms", "1"), ("enable.idempotence", "false")])
        .answering(&[Answer::Refused(vec![1])]);
    for _ in 0..3 {
        rig.send(0);
    }
    rig.run_to(10);
    let plain = Err(Exception::KafkaException);
    assert_eq!(told(&rig), [(3, 0, plain), (3, 1, Err(Exception::InvalidRecordException)), (3, 2, plain)]);
}

/// `producer.md 4.7`, 9.1 *Reversal*: requests cancelled together are handled oldest first, each pushed to the head: B3, B2,
/// B1, B4.
#[test]
fn a_disconnect_reverses_the_queue() {
    let mut rig = plain(&[("max.in.flight.requests.per.connection", "3")]).answering(&[
        Answer::Lost,
        Answer::Lost,
        Answer::Lost,
    ]);
    for _ in 0..4 {
        rig.send(0);
    }
    rig.run_to(1);
    rig.break_connection(NODE_0);
    rig.run_to(1_000);
    assert_eq!(rig.records_sent(), [[0], [1], [2], [2], [1], [0], [3]]);
    assert!(matches!(
        rig.events(EventKind::Retry)[0],
        Event::Retry { error: ErrorCode::NetworkException, .. }
    ));
}

/// `producer.md 9`, 1: B1 fails, B2, already in flight, succeeds, B1 is retried: log order B2, B1.
#[test]
fn a_retry_reorders_without_idempotence() {
    let mut rig = plain(&[]).answering(&[Answer::Error(ErrorCode::NotEnoughReplicas)]);
    rig.send(0);
    rig.send(0);
    rig.run_to(1_000);
    assert_eq!((rig.result(0), rig.result(1)), (Some((104, Ok(1))), Some((2, Ok(0)))));
}

/// `producer.md 3.7`, 9 no. 25: a leader that is new since the failure ends the back-off: metadata is asked for with the
/// answer at 5002, comes at 5004, and the retry leaves at once.
#[test]
fn a_new_leader_ends_the_back_off() {
    let mut rig = plain(&[]).answering(&[Answer::Error(ErrorCode::NotLeaderOrFollower)]);
    rig.run_to(5_000);
    rig.send(0);
    rig.move_leader(0, Some(NODE_1), 1);
    rig.run_to(5_050);
    let written: Vec<_> = rig.written.iter().map(|written| (written.at_ms, written.node)).collect();
    assert_eq!(written, [(5_000, NODE_0), (5_004, NODE_1)]);
}

/// `producer.md 4.7`, KIP-951: the leader that an error names is taken over if its epoch is newer; the retry goes there.
#[test]
fn a_named_leader_is_taken_over() {
    let hint = LeaderHint { leader: NODE_1, leader_epoch: 1 };
    let mut rig = plain(&[]).answering(&[Answer::NewLeader(hint)]);
    rig.move_leader(0, Some(NODE_1), 1);
    rig.send(0);
    rig.run_to(50);
    let written: Vec<_> = rig.written.iter().map(|written| (written.at_ms, written.node)).collect();
    assert_eq!(written, [(0, NODE_0), (2, NODE_1)]);
    let ready = rig.events(EventKind::BatchReady);
    assert!(matches!(ready[1], Event::BatchReady { by: "leader-changed", .. }));
}

/// `producer.md 4.8`: MESSAGE_TOO_LARGE with several records: packed anew at batch.size, no attempt counted, no back-off.
#[test]
fn a_batch_that_is_too_large_is_split() {
    let mut rig = Rig::new(&[("linger.ms", "1"), ("batch.size", "400")])
        .answering(&[Answer::Error(ErrorCode::MessageTooLarge)]);
    for _ in 0..3 {
        rig.send(0);
    }
    rig.run_to(50);
    let sent: Vec<_> = rig.written.iter().map(|w| (w.at_ms, w.content(), w.sequences())).collect();
    assert_eq!(sent[0], (1, vec![(0, vec![0, 1, 2])], vec![(0, 0)]));
    assert_eq!(sent[1], (3, vec![(0, vec![0, 1, 2])], vec![(0, 0)]), "uncompressed: the same batch again");
    assert_eq!(rig.events(EventKind::BatchSplit).len(), 1);
    assert_eq!(rig.events(EventKind::Retry).len(), 0);
}

/// `producer.md 4.8`: from 4.2 on a piece of a split is packed to half its size, 497 / 2 bytes, which is one record of 109 a
/// batch; up to 4.1 it goes round until its delivery timeout.
#[test]
fn pieces_of_a_split_shrink_from_4_2_on() {
    let sent = |release| {
        let too_large = Answer::Error(ErrorCode::MessageTooLarge);
        let config = [("linger.ms", "1"), ("batch.size", "600")];
        let mut rig = Rig::of(release, &config).answering(&[too_large.clone(), too_large]);
        for _ in 0..4 {
            rig.send(0);
        }
        rig.run_to(50);
        rig.records_sent()[2..].to_vec()
    };
    assert_eq!(sent(Release::new(4, 1)), [[0, 1, 2, 3]]);
    assert_eq!(sent(Release::new(4, 2)), [[0], [1], [2], [3]]);
}

/// `producer.md 4.8`: a one-record batch fails with RecordTooLargeException.
#[test]
fn one_record_cannot_be_split() {
    let mut rig = plain(&[]).answering(&[Answer::Error(ErrorCode::MessageTooLarge)]);
    rig.send(0);
    rig.run_to(10);
    assert_eq!(told(&rig), [(2, 0, Err(Exception::RecordTooLargeException))]);
}

/// `producer.md 4.9`: a batch in flight expires; its later answer is ignored for the user.
#[test]
fn a_late_success_changes_nothing() {
    let config = [("request.timeout.ms", "100"), ("delivery.timeout.ms", "100")];
    let mut rig = plain(&config).answering(&[Answer::Late(100)]);
    rig.send(0);
    rig.run_to(60);
    rig.send(0);
    rig.run_to(300);
    let expired: Vec<_> = rig.results.iter().filter(|result| result.1 == 0).collect();
    assert_eq!(expired.len(), 1);
}

/// `producer.md 9`, 8 and 10: what was processed at the deadline wins; one ms later the batch has expired in flight.
#[test]
fn an_answer_at_the_deadline_wins() {
    let result = |in_ms| {
        let config = [("request.timeout.ms", "100"), ("delivery.timeout.ms", "100")];
        let mut rig = plain(&config).answering(&[Answer::Late(in_ms)]);
        rig.send(0);
        rig.run_to(300);
        rig.result(0)
    };
    assert_eq!(result(100), Some((100, Ok(0))));
    assert_eq!(result(101), Some((100, Err(Exception::TimeoutException))));
}

/// `producer.md 4.7`: canRetry is false because the deadline passed: the user sees the last error.
#[test]
fn an_error_at_the_deadline_is_the_users() {
    let config = [("request.timeout.ms", "100"), ("delivery.timeout.ms", "100")];
    let mut rig = plain(&config).answering(&[Answer::LateError(ErrorCode::NotEnoughReplicas, 100)]);
    rig.send(0);
    rig.run_to(300);
    assert_eq!(told(&rig), [(100, 0, Err(Exception::NotEnoughReplicasException))]);
}

/// `producer.md 3.6`: the memory of a batch that expired in flight comes back at once up to 4.1; from 4.2 on with the answer.
#[test]
fn memory_of_an_expired_batch_in_flight() {
    let goes_on = |release| {
        let config = [
            ("linger.ms", "0"),
            ("buffer.memory", "16384"),
            ("request.timeout.ms", "1000"),
            ("delivery.timeout.ms", "1000"),
        ];
        let mut rig = Rig::of(release, &config).answering(&[Answer::Lost]);
        rig.send(0);
        rig.run_to(20);
        rig.send(2);
        rig.run_to(2_000);
        rig.written.iter().find(|written| written.node == NODE_1).map(|written| written.at_ms)
    };
    assert_eq!(goes_on(Release::new(4, 1)), Some(1_000));
    assert_eq!(goes_on(Release::new(4, 2)), Some(1_001), "the request is late, and over");
}

/// `producer.md 4.12`: a throttled connection takes nothing until its time is over, and nothing in flight is late for it.
#[test]
fn a_throttled_connection_waits() {
    let mut rig = plain(&[]).answering(&[Answer::Throttle(500)]);
    rig.send(0);
    rig.run_to(10);
    rig.send(0);
    rig.send(2);
    rig.run_to(1_000);
    let written: Vec<_> = rig.written.iter().map(|written| (written.at_ms, written.node)).collect();
    assert_eq!(written, [(0, NODE_0), (10, NODE_1), (502, NODE_0)]);
}

/// `producer.md 1.2`: all callbacks of a batch run in append order, batch after batch.
#[test]
fn callbacks_run_in_append_order() {
    let mut rig = plain(&[]);
    for _ in 0..4 {
        rig.send(0);
    }
    rig.run_to(20);
    assert_eq!(rig.results.iter().map(|result| result.1).collect::<Vec<_>>(), [0, 1, 2, 3]);
}
