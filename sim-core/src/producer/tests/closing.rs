//! `producer.md 1.3`: flush and close.

use super::rig::{Answer, NODE_0, Rig};
use crate::config::Release;
use crate::protocol::{ErrorCode, Exception};
use crate::trace::Seq;

/// `producer.md 1.3`: close with time left: everything is sendable, and the thread ends when nothing is undrained or in flight.
#[test]
fn close_sends_what_lingers() {
    let mut rig = Rig::new(&[("linger.ms", "1000")]);
    rig.send(0);
    rig.run_to(10);
    rig.producer.initiate_close(Seq::OUTSIDE);
    rig.run_to(11);
    assert!(!rig.producer.is_closed());
    rig.run_to(20);
    assert_eq!(rig.results, [(12, 0, Ok(0))]);
    assert!(rig.producer.is_closed());
}

/// `producer.md 1.3`: a forced close: every incomplete batch gets KafkaException, in the order of creation.
#[test]
fn a_forced_close_aborts() {
    let mut rig = Rig::new(&[("linger.ms", "0"), ("batch.size", "1")]).answering(&[Answer::Lost]);
    rig.send(2);
    rig.send(0);
    rig.run_to(1);
    rig.producer.force_close(Seq::OUTSIDE);
    rig.run_to(1);
    let aborted = Err(Exception::KafkaException);
    assert_eq!(rig.results, [(1, 0, aborted), (1, 1, aborted)]);
    assert!(rig.producer.is_closed());
}

/// `producer.md 1`, step 8 and 1.3: a send() that waits for memory gets KafkaException, thrown, when the producer is closed.
#[test]
fn close_ends_a_wait_for_memory() {
    let mut rig = Rig::new(&[("buffer.memory", "16384")]).answering(&[Answer::Lost]);
    rig.send(0);
    rig.send(1);
    rig.run_to(10);
    rig.producer.initiate_close(Seq::OUTSIDE);
    rig.run_to(11);
    assert_eq!(rig.rejected, [(10, 1, Exception::KafkaException, true)]);
}

/// `producer.md 9`, 30: flush() does not stop retries or back-off.
#[test]
fn a_flush_waits_for_retries() {
    let mut rig = Rig::new(&[("linger.ms", "0")]).answering(&[Answer::Error(ErrorCode::NotEnoughReplicas)]);
    rig.send(0);
    rig.run_to(1);
    let flush = rig.flush();
    rig.run_to(103);
    assert!(!rig.producer.flush_done(flush));
    rig.run_to(104);
    assert_eq!(rig.request_times(), [0, 102]);
    assert!(rig.producer.flush_done(flush));
}

/// `producer.md 1.3`, 4.8, KAFKA-19479: from 4.1 on a flush waits for the pieces of a split batch.
#[test]
fn a_flush_waits_for_the_pieces_of_a_split() {
    let done_after_the_split = |release| {
        let mut rig = Rig::of(release, &[("linger.ms", "1000")])
            .answering(&[Answer::Error(ErrorCode::MessageTooLarge), Answer::Late(50)]);
        for _ in 0..2 {
            rig.send(0);
        }
        rig.run_to(1);
        let flush = rig.flush();
        rig.run_to(10);
        rig.producer.flush_done(flush)
    };
    assert!(done_after_the_split(Release::new(4, 0)));
    assert!(!done_after_the_split(Release::new(4, 1)));
}

/// A flush of a producer with nothing to send returns at once.
#[test]
fn an_empty_flush_returns() {
    let mut rig = Rig::new(&[]);
    let flush = rig.flush();
    assert!(rig.producer.flush_done(flush));
}

/// A producer that is closed while its broker is away gives up when it is forced to.
#[test]
fn a_close_without_a_broker_waits_until_it_is_forced() {
    let mut rig = Rig::new(&[("linger.ms", "0")]);
    rig.refuses = true;
    rig.break_connection(NODE_0);
    rig.run_to(1);
    rig.send(0);
    rig.producer.initiate_close(Seq::OUTSIDE);
    rig.run_to(5_000);
    assert!(!rig.producer.is_closed());
    rig.producer.force_close(Seq::OUTSIDE);
    rig.run_to(5_001);
    assert_eq!(rig.results, [(5_000, 0, Err(Exception::KafkaException))]);
}
