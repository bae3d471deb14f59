//! `broker.md 3.6`: epochs, divergence, truncation; and what is lost by it.

use crate::broker::fixture::{
    Cluster, Setup, batch_of, fork, fork_twice, idempotent, lead_beyond, truncations,
};
use crate::protocol::ErrorCode;
use crate::trace::EventKind;

fn forked() -> Cluster {
    let mut cluster = Cluster::new(Setup::default());
    fork(&mut cluster);
    cluster
}

/// `broker.md R28`: a new leader's epoch begins at its log end, before any record of it.
#[test]
fn an_epoch_begins_at_the_new_leaders_log_end() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 2)]);
    cluster.decide(&[1], Some(1), (3, 1), &[1, 2]);
    assert_eq!(cluster.replica(1).log().epochs().starts(), [(0, 0), (3, 2)]);
    assert_eq!(cluster.replica(1).leader_epoch(), 3);
}

/// `broker.md R30`, R31: the follower's epoch ends earlier at the leader: cut there, then fetch.
#[test]
fn a_demoted_leader_cuts_its_own_tail() {
    let mut cluster = forked();
    assert_eq!((cluster.log(0), cluster.log(1)), (vec![0, 1, 2], vec![0, 3]));
    cluster.decide(&[0], Some(1), (1, 1), &[1, 2]);
    assert_eq!(truncations(&cluster), [(0, 3, 1)]);
    assert_eq!((cluster.log(0), cluster.ends()), (vec![0, 3], vec![2, 2, 2]));
    assert_eq!(cluster.replica(0).log().epochs().starts(), [(0, 0), (1, 1)]);
}

/// `broker.md F10`, 6.1: the loss window of acks=1, even in a planned move.
#[test]
fn acks_1_loses_what_the_new_leader_lacks() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 1);
    cluster.cut(0, 2);
    let request = cluster.produce(0, 1, vec![batch_of(0, 5)]);
    assert_eq!(cluster.result(request).map(|result| result.error), Some(ErrorCode::None));
    cluster.heal();
    cluster.decide(&[1, 2, 0], Some(1), (1, 1), &[0, 1, 2]);
    cluster.run(2_000);
    assert_eq!(cluster.ends(), [0, 0, 0], "acknowledged, and gone");
}

/// `broker.md R31`: the leader does not know the follower's epoch: several rounds, each one epoch back.
#[test]
fn unknown_epochs_take_several_rounds() {
    let mut cluster = Cluster::new(Setup::default());
    fork_twice(&mut cluster);
    cluster.decide(&[0], Some(1), (3, 3), &[1, 2]);
    assert_eq!(truncations(&cluster), [(0, 4, 3), (0, 3, 1)]);
    assert_eq!(cluster.log(0), [0, 3, 5]);
    assert_eq!(cluster.replica(0).log().epochs(), cluster.replica(1).log().epochs(), "V2, V11");
}

/// `broker.md R32`: producer state goes back with the log.
#[test]
fn truncation_takes_sequences_back() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![idempotent(0, 1)]);
    cluster.cut(0, 1);
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![idempotent(1, 1)]);
    cluster.heal();
    cluster.decide(&[1, 2, 0], Some(1), (1, 1), &[0, 1, 2]);
    assert_eq!(cluster.ends(), [1, 1, 1]);
    let retry = cluster.produce(1, 1, vec![idempotent(1, 1)]);
    assert_eq!(
        cluster.result(retry).map(|result| (result.error, result.base_offset)),
        Some((ErrorCode::None, 1))
    );
    let states: Vec<Vec<i64>> = (0..3)
        .map(|at| {
            let state = cluster.replica(at).producers().get(7).expect("known everywhere (I2)");
            state.batches().iter().map(|batch| batch.base_offset).collect()
        })
        .collect();
    assert_eq!(states[1], [0, 1]);
    assert_eq!(states[0].last(), Some(&1));
}

/// `broker.md I11`: a new leader recognises retries of what had reached it, committed or not.
#[test]
fn a_new_leader_knows_what_its_log_implies() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![idempotent(0, 1)]);
    cluster.decide(&[1, 2, 0], Some(1), (1, 1), &[0, 1, 2]);
    let retry = cluster.produce(1, 1, vec![idempotent(0, 1)]);
    assert_eq!(cluster.result(retry).map(|result| result.base_offset), Some(0));
    assert_eq!((cluster.ends()[1], cluster.events(EventKind::AppendDuplicate).len()), (1, 1));
}

/// `broker.md R34`: an uncommitted tail of the new leader stays, and is committed later.
#[test]
fn an_uncommitted_tail_comes_back_to_life() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 2);
    let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.decide(&[1, 2, 0], Some(1), (1, 1), &[0, 1, 2]);
    assert_eq!(cluster.result(request).map(|result| result.error), Some(ErrorCode::NotLeaderOrFollower));
    cluster.run(500);
    assert_eq!((cluster.ends(), cluster.hws()[1]), (vec![1, 1, 1], 1));
    assert!(truncations(&cluster).is_empty());
}

/// `broker.md R32`: truncation below the high watermark happens, and caps it.
#[test]
fn an_unclean_leader_cuts_below_the_high_watermark() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 2);
    cluster.cut(1, 2);
    cluster.decide(&[0, 1], Some(0), (0, 1), &[0, 1]);
    cluster.run(30_001);
    cluster.produce(0, -1, vec![batch_of(0, 2)]);
    assert_eq!(cluster.hws()[0], 2);
    cluster.heal();
    cluster.decide(&[2, 0, 1], Some(2), (1, 2), &[2]);
    assert_eq!(truncations(&cluster).iter().map(|&(broker, ..)| broker).collect::<Vec<_>>(), [0, 1]);
    assert_eq!((cluster.ends(), cluster.hws()), (vec![0, 0, 0], vec![0, 0, 0]));
}

/// `broker.md R33`: the leader's log begins behind the follower's end: drop everything, begin there.
#[test]
fn a_follower_below_the_leaders_log_start_begins_anew() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.cut(0, 2);
    for number in 1..4 {
        cluster.produce(0, 1, vec![batch_of(number, 1)]);
    }
    let leader = cluster.brokers[0].local(crate::broker::fixture::TP).expect("it leads") as usize;
    cluster.brokers[0].partitions[leader].log.advance_start(3);
    cluster.heal();
    cluster.run(31_000);
    assert_eq!(truncations(&cluster), [(2, 1, 3)]);
    assert_eq!((cluster.replica(2).log().start_offset(), cluster.log(2)), (3, vec![3]));
}

/// `broker.md R31`, R32: a leader of old that appended nothing has an epoch of its own at its log's end; only that is cut.
#[test]
fn an_epoch_without_records_is_cut_too() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.decide(&[0], Some(0), (1, 1), &[0, 1, 2]);
    cluster.decide(&[1, 2], Some(1), (2, 2), &[0, 1, 2]);
    cluster.produce(1, 1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.replica(0).log().epochs().starts(), [(0, 0), (1, 1)]);
    cluster.decide(&[0], Some(1), (2, 2), &[0, 1, 2]);
    assert!(truncations(&cluster).is_empty());
    assert_eq!(cluster.log(0), [0, 1]);
    assert_eq!(cluster.replica(0).log().epochs().starts(), [(0, 0), (2, 1)]);
}

/// `broker.md V2`, V11: whatever the elections, followers end up with the leader's log.
#[test]
fn logs_agree_after_many_quick_elections() {
    let mut cluster = forked();
    let mut epoch = 1;
    for round in 0..6u32 {
        let leader = round as usize % 3;
        epoch += 1;
        let others: Vec<usize> = (0..3).filter(|&at| at != leader).collect();
        cluster.decide(&[leader], Some(leader as u32), (epoch, epoch), &[0, 1, 2]);
        cluster.produce(leader, 1, vec![batch_of(10 + round, 1)]);
        cluster.decide(&others[..1], Some(leader as u32), (epoch, epoch), &[0, 1, 2]);
    }
    cluster.decide(&[0, 1, 2], Some(2), (epoch + 1, epoch + 1), &[0, 1, 2]);
    cluster.run(5_000);
    cluster.produce(2, 1, vec![batch_of(99, 1)]);
    let log = cluster.log(2);
    assert!((0..3).all(|at| cluster.log(at) == log), "V2");
    assert!((0..3).all(|at| cluster.replica(at).log().epochs() == cluster.replica(2).log().epochs()));
    assert_eq!(log[0], 0, "what was committed is still there");
}

/// `broker.md R33`: the leader does not know the follower's epoch at all, which answers OFFSET_OUT_OF_RANGE; its log ends before
/// the follower's: cut there.
#[test]
fn a_follower_beyond_the_leaders_log_end_is_cut() {
    let mut cluster = Cluster::new(Setup::default());
    lead_beyond(&mut cluster);
    let replica = cluster.brokers[0].local(crate::broker::fixture::TP).expect("it leads") as usize;
    cluster.brokers[0].partitions[replica].forget_role();
    cluster.decide(&[0], Some(1), (3, 2), &[1, 2]);
    assert_eq!((truncations(&cluster), cluster.log(0)), (vec![(0, 3, 1)], vec![0]));
    cluster.run(1_000);
    cluster.produce(1, 1, vec![batch_of(2, 1)]);
    assert_eq!(cluster.log(0), [0, 2]);
}
