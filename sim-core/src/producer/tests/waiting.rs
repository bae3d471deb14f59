//! `producer.md 3.7`, `3.8`, `4.9`: partitions that wait for a broker, at which passes do not look one by one, are looked
//! at again as soon as it matters.

use super::rig::{Answer, NODE_0, NODE_1, Rig, Written};
use crate::protocol::{ErrorCode, Exception};
use crate::trace::{Event, EventKind, Seq};

/// `batch.size` that two records of 100 bytes fill: the header's 61, and for each 2 for its length, 1 each for attributes, time,
/// offset, null key and number of headers, 2 for the value's length, and the value (`producer.md 3.4`).
const FILLED_BY_TWO: u32 = 279;

const PLAIN: [(&str, &str); 2] = [("enable.idempotence", "false"), ("linger.ms", "0")];

/// A producer whose broker 0 cannot be reached, from the first second on.
fn cut_off(more: &[(&'static str, &'static str)]) -> Rig {
    let mut rig = Rig::new(&[&PLAIN, more].concat());
    rig.refuses = true;
    rig.break_connection(NODE_0);
    rig.run_to(1_000);
    rig
}

/// The partitions that became ready, in this order.
fn ready(rig: &Rig) -> Vec<u32> {
    let partition = |&event: &&Event| match event {
        Event::BatchReady { partition, .. } => Some(*partition),
        _ => None,
    };
    rig.events(EventKind::BatchReady).iter().filter_map(partition).collect()
}

/// All that waited goes into one request, in the partitions' order, with what came to it meanwhile.
#[test]
fn the_broker_is_back() {
    let mut rig = cut_off(&[]);
    for partition in [1, 0, 1, 2] {
        rig.send(partition);
        rig.run_for(30);
    }
    rig.refuses = false;
    rig.run_to(4_000);
    let written: Vec<_> = rig.written.iter().map(|written| (written.node, written.content())).collect();
    let to_0 = (NODE_0, vec![(0, vec![1]), (1, vec![0, 2])]);
    assert_eq!(written, [(NODE_1, vec![(2, vec![3])]), to_0]);
}

/// A pass goes by the first partition of a broker that may be sent: where an earlier one becomes ready while a later one
/// waits, the earlier one is what makes the broker ready from then on.
#[test]
fn an_earlier_partition_goes_first() {
    let mut rig = cut_off(&[("linger.ms", "100")]);
    rig.send(1);
    rig.run_for(50);
    rig.send(0);
    rig.run_for(40);
    assert_eq!(ready(&rig), [0; 0]);
    rig.run_for(15);
    assert_eq!(ready(&rig), [1]);
    rig.run_for(60);
    assert_eq!(ready(&rig), [1, 0]);
}

/// A broker that is ready hides the linger of its partitions behind the one that made it so, but not of those before it.
#[test]
fn a_linger_may_be_hidden() {
    let sleeps_until = |partitions: [u32; 2]| {
        let mut rig = cut_off(&[("linger.ms", "100"), ("reconnect.backoff.ms", "5000")]);
        for partition in partitions {
            rig.send(partition);
            rig.run_for(50);
        }
        rig.run_to(1_120);
        rig.sleeps_until()
    };
    assert_eq!(sleeps_until([1, 0]), Some(1_150));
    assert_eq!(sleeps_until([0, 1]), Some(5_000), "the next attempt to connect");
}

/// A batch that is filled to its last byte is ready at once, however long it might linger.
#[test]
fn what_is_full_lingers_no_more() {
    let is_sent = |batch_size: u32| {
        let size = batch_size.to_string();
        let mut rig =
            Rig::new(&[("enable.idempotence", "false"), ("linger.ms", "900"), ("batch.size", &size)]);
        rig.send(0);
        rig.run_to(10);
        let before = rig.written.len();
        rig.send(0);
        rig.run_to(20);
        (before, rig.written.iter().map(Written::content).collect::<Vec<_>>())
    };
    assert_eq!(is_sent(FILLED_BY_TWO), (0, vec![vec![(0, vec![0, 1])]]));
    assert_eq!(is_sent(FILLED_BY_TWO + 1), (0, vec![]));
}

/// Where the first of several runs out of time, the next one speaks for the rest, and each expires at its own time.
#[test]
fn each_expires_at_its_own_time() {
    let mut rig = cut_off(&[("delivery.timeout.ms", "2000"), ("request.timeout.ms", "1000")]);
    for partition in [0, 1] {
        rig.send(partition);
        rig.run_for(300);
    }
    rig.run_to(9_000);
    assert_eq!(ready(&rig), [0, 1]);
    let timeout = Err(Exception::TimeoutException);
    assert_eq!(rig.results, [(3_000, 0, timeout), (3_300, 1, timeout)]);
}

/// A leader that becomes known ends the wait for it; so does one that is another broker now.
#[test]
fn another_leader_is_learned() {
    let mut rig = cut_off(&[("metadata.max.age.ms", "700")]);
    rig.move_leader(0, None, 1);
    rig.run_to(2_000);
    rig.send(0);
    rig.send(1);
    rig.run_to(2_300);
    assert_eq!(rig.written.len(), 0);
    rig.move_leader(0, Some(NODE_1), 2);
    rig.move_leader(1, Some(NODE_1), 2);
    rig.run_to(4_000);
    let written: Vec<_> = rig.written.iter().map(|written| (written.node, written.content())).collect();
    assert!(written.iter().all(|&(node, _)| node == NODE_1), "{written:?}");
    assert_eq!(rig.results.len(), 2);
}

/// A batch that is put back draws its back-off at each look, so its partition does not rest before that is over for sure.
#[test]
fn a_retried_batch_is_looked_at() {
    let back_offs = [("retry.backoff.ms", "300"), ("retry.backoff.max.ms", "300")];
    let mut rig = Rig::new(&[&PLAIN[..], &back_offs].concat())
        .answering(&[Answer::Error(ErrorCode::NotEnoughReplicas)]);
    rig.send(1);
    rig.run_to(100);
    rig.refuses = true;
    rig.break_connection(NODE_0);
    rig.send(0);
    rig.run_to(250);
    rig.refuses = false;
    rig.run_to(3_000);
    let written: Vec<_> = rig.written.iter().map(|written| (written.at_ms, written.content())).collect();
    assert_eq!(written.len(), 3, "{written:?}");
    assert_eq!(written[1].1, [(0, vec![1])]);
    assert_eq!(written[2], (302, vec![(1, vec![0])]));
}

/// A forced close ends what waits.
#[test]
fn a_forced_close_ends_them() {
    let mut rig = cut_off(&[]);
    for partition in [0, 1] {
        rig.send(partition);
    }
    rig.run_for(100);
    rig.producer.force_close(Seq::OUTSIDE);
    rig.run_for(100);
    assert_eq!(rig.results.iter().map(|result| result.1).collect::<Vec<_>>(), [0, 1]);
}
