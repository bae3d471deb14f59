//! `broker.md 3.5`: the leader proposes ISRs, the controller decides.

use std::sync::Arc;

use crate::broker::fixture::{Asked, Cluster, Setup, TP, batch_of, broker_config, topic_config};
use crate::config::{BrokerConfig, Release, TopicConfig};
use crate::protocol::{AlterPartitionRequest, AlterPartitionResponse, ErrorCode, Request, Response};
use crate::record::BrokerId;

fn proposal(asked: &Asked) -> &AlterPartitionRequest {
    match &asked.request {
        Request::AlterPartition(request) => request,
        other => panic!("expected a proposal, got {other:?}"),
    }
}

fn ids(isr: &[(BrokerId, i64)]) -> Vec<u32> {
    isr.iter().map(|(broker, _)| broker.0).collect()
}

fn answer(error: ErrorCode, partition_epoch: i32, isr: &[u32]) -> Response {
    Response::AlterPartition(Arc::new(AlterPartitionResponse {
        tp: TP,
        error,
        leader: Some(BrokerId(0)),
        leader_epoch: 0,
        partition_epoch,
        isr: isr.iter().copied().map(BrokerId).collect(),
    }))
}

/// A cluster whose follower 2 stopped fetching just before a record came, and the leader's proposal to drop it.
fn shrinking(setup: Setup) -> (Cluster, Asked) {
    let mut cluster = Cluster::new(setup);
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    cluster.run(45_000);
    let asked = cluster.asked().expect("a proposal");
    (cluster, asked)
}

/// The same, the controller having agreed.
fn shrunk() -> Cluster {
    let (mut cluster, asked) = shrinking(Setup::default());
    cluster.answer(&asked, answer(ErrorCode::None, 1, &[0, 1]));
    cluster
}

/// `broker.md R20`: the scan runs every 15 s (here from t=0 on) and removes whoever has lagged for more than 30 s.
#[test]
fn a_lagging_member_is_proposed_for_removal() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 2);
    cluster.run(1_000);
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    cluster.run(43_999);
    assert!(cluster.asked().is_none());
    cluster.run(1);
    let asked = cluster.asked().expect("at 45 s, the first scan more than 30 s after it was caught up");
    assert_eq!(ids(&proposal(&asked).isr), [0, 1]);
    assert_eq!((proposal(&asked).leader_epoch, proposal(&asked).partition_epoch), (0, 0));
}

/// `broker.md R20`: whoever has everything is in sync, however long it has been silent.
#[test]
fn a_silent_follower_of_an_idle_partition_is_in_sync() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 2);
    cluster.run(300_000);
    assert!(cluster.asked().is_none());
}

/// `broker.md R10`: one batch behind all the time is still caught up.
#[test]
fn a_follower_one_batch_behind_is_in_sync() {
    let mut cluster = Cluster::new(Setup::default());
    for number in 0..70 {
        cluster.produce(0, 1, vec![batch_of(number, 1)]);
        cluster.run(1_000);
    }
    assert!(cluster.asked().is_none());
}

/// `broker.md R23`: while a shrink is pending the old ISR counts, for the high watermark and for acks=all (P14).
#[test]
fn a_pending_shrink_counts_as_not_done() {
    let topic = TopicConfig { min_insync_replicas: 3, ..topic_config() };
    let (mut cluster, asked) = shrinking(Setup { topic, ..Setup::default() });
    assert_eq!(cluster.hws()[0], 0);
    let accepted = cluster.produce(0, -1, vec![batch_of(1, 1)]);
    assert_eq!((cluster.result(accepted), cluster.ends()[0]), (None, 2));
    cluster.answer(&asked, answer(ErrorCode::None, 1, &[0, 1]));
    assert_eq!((cluster.hws()[0], cluster.result(accepted)), (0, None), "strict min ISR");
    let refused = cluster.send(0, 9, crate::broker::fixture::produce(-1, vec![batch_of(2, 1)]), None);
    assert_eq!(cluster.result(refused).map(|result| result.error), Some(ErrorCode::NotEnoughReplicas));
}

/// `broker.md R23`: with the shrink committed the high watermark moves on.
#[test]
fn a_committed_shrink_frees_the_high_watermark() {
    let cluster = shrunk();
    assert_eq!((cluster.hws()[0], cluster.replica(0).isr().len()), (1, 2));
    assert_eq!(cluster.replica(0).partition_epoch(), 1);
}

/// `broker.md R21`: a follower that has reached high watermark and epoch start is proposed at once.
#[test]
fn a_follower_that_is_back_is_proposed() {
    let mut cluster = shrunk();
    cluster.heal();
    cluster.run(32_000);
    let asked = cluster.asked().expect("a proposal");
    assert_eq!(ids(&proposal(&asked).isr), [0, 1, 2]);
    assert_eq!(proposal(&asked).partition_epoch, 1);
    assert!(cluster.asked().is_none(), "R23: one change in flight");
}

/// `broker.md R23`: while an expand is pending, whoever joins already holds the high watermark back, but does not count for
/// acks=all (P14).
#[test]
fn a_pending_expand_counts_for_the_high_watermark_only() {
    let topic = TopicConfig { min_insync_replicas: 3, ..topic_config() };
    let (mut cluster, asked) = shrinking(Setup { topic, ..Setup::default() });
    cluster.answer(&asked, answer(ErrorCode::None, 1, &[0, 1]));
    cluster.heal();
    cluster.run(32_000);
    assert!(cluster.asked().is_some());
    let refused = cluster.produce(0, -1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.result(refused).map(|result| result.error), Some(ErrorCode::NotEnoughReplicas));
    assert_eq!(cluster.replica(0).maximal_isr_size(), 3);
}

/// `broker.md R21`, F6: who is fenced, or has registered anew since, may not join.
#[test]
fn a_fenced_follower_is_not_proposed() {
    let mut cluster = shrunk();
    cluster.decide_broker(&[0], 2, 0, true);
    cluster.heal();
    cluster.run(60_000);
    assert!(cluster.asked().is_none());
    cluster.decide_broker(&[0], 2, 0, false);
    cluster.run(500);
    assert!(cluster.asked().is_some(), "tested again on each fetch");
}

/// `broker.md R21`, R24: since 3.5 the proposal carries the broker epochs of the members' fetches.
#[test]
fn proposals_carry_broker_epochs_since_3_5() {
    let epochs = |release| {
        let broker = BrokerConfig { release, ..broker_config() };
        let (_, asked) = shrinking(Setup { broker, ..Setup::default() });
        proposal(&asked).isr.iter().map(|&(_, epoch)| epoch).collect::<Vec<_>>()
    };
    assert_eq!(epochs(Release::new(3, 5)), [0, 0]);
    assert_eq!(epochs(Release::new(3, 4)), [-1, -1]);
}

/// `broker.md R25`: INELIGIBLE_REPLICA rolls back to what is committed.
#[test]
fn an_ineligible_replica_rolls_the_proposal_back() {
    let mut cluster = shrunk();
    cluster.heal();
    cluster.run(31_999);
    let asked = cluster.asked().expect("an expand");
    cluster.answer(&asked, answer(ErrorCode::IneligibleReplica, 0, &[]));
    assert_eq!(cluster.replica(0).maximal_isr_size(), 2);
    cluster.run(500);
    assert!(cluster.asked().is_some(), "the next fetch tries again");
}

/// `broker.md R25`: on INVALID_UPDATE_VERSION and the like it stays pending until metadata comes.
#[test]
fn an_outdated_proposal_waits_for_metadata() {
    let (mut cluster, asked) = shrinking(Setup::default());
    cluster.answer(&asked, answer(ErrorCode::InvalidUpdateVersion, 0, &[]));
    cluster.run(60_000);
    assert!(cluster.asked().is_none());
    assert_eq!(cluster.hws()[0], 0, "the old ISR still counts");
    cluster.decide(&[0], Some(0), (0, 2), &[0, 1]);
    assert_eq!(cluster.hws()[0], 1);
}

/// `broker.md R25`: other errors: sent again; R23: a request that fails as a whole after 50 ms.
#[test]
fn proposals_are_sent_again() {
    let (mut cluster, asked) = shrinking(Setup::default());
    cluster.answer(&asked, answer(ErrorCode::NotController, 0, &[]));
    let again = cluster.asked().expect("at once");
    cluster.answer(&again, answer(ErrorCode::StaleBrokerEpoch, 0, &[]));
    cluster.run(49);
    assert!(cluster.asked().is_none());
    cluster.run(1);
    let again = cluster.asked().expect("after 50 ms");
    let correlation = again.correlation;
    cluster.input(0, |broker, cx| broker.no_answer(cx, correlation, crate::trace::Seq::OUTSIDE));
    cluster.run(50);
    assert!(cluster.asked().is_some(), "never given up");
}

/// `broker.md R21`, R24 (KIP-903): a proposal is sent again as it was made, with the epochs of that time: by them the controller
/// sees that a member has restarted, or that the partition has moved on. Its answer is ignored then (R25).
#[test]
fn a_proposal_is_sent_again_as_it_was_made() {
    let (mut cluster, asked) = shrinking(Setup::default());
    let first = proposal(&asked).clone();
    cluster.decide(&[0], Some(0), (0, 2), &[0, 1, 2]);
    let correlation = asked.correlation;
    cluster.input(0, |broker, cx| broker.no_answer(cx, correlation, crate::trace::Seq::OUTSIDE));
    cluster.run(50);
    let again = cluster.asked().expect("after 50 ms");
    assert_eq!(*proposal(&again), first);
    cluster.answer(&again, answer(ErrorCode::InvalidUpdateVersion, 0, &[]));
    cluster.run(15_000);
    assert_eq!(cluster.asked().map(|asked| proposal(&asked).partition_epoch), Some(2), "the next scan's");
}

/// `broker.md R23`, R25, OPERATION_NOT_ATTEMPTED: as long as a proposal has no answer the partition gets no other one; what is
/// tried is given up at once, and tried again.
#[test]
fn one_proposal_of_a_partition_is_out() {
    let (mut cluster, asked) = shrinking(Setup::default());
    let first = proposal(&asked).clone();
    cluster.decide(&[0], Some(0), (0, 1), &[0, 1]);
    cluster.heal();
    cluster.run(32_000);
    let again = cluster.asked().expect("controller.socket.timeout.ms is over");
    assert_eq!(*proposal(&again), first);
    assert!(cluster.asked().is_none());
    assert_eq!(cluster.replica(0).maximal_isr_size(), 2, "nothing is pending");
    cluster.answer(&again, answer(ErrorCode::InvalidUpdateVersion, 0, &[]));
    cluster.run(500);
    assert_eq!(cluster.asked().map(|asked| ids(&proposal(&asked).isr)), Some(vec![0, 1, 2]));
}

/// `broker.md R25`: the answer to a proposal of an older epoch is ignored.
#[test]
fn late_answers_are_ignored() {
    let (mut cluster, asked) = shrinking(Setup::default());
    cluster.decide(&[0], Some(0), (1, 3), &[0, 1, 2]);
    cluster.answer(&asked, answer(ErrorCode::None, 1, &[0, 1]));
    assert_eq!((cluster.replica(0).isr().len(), cluster.replica(0).partition_epoch()), (3, 3));
}

/// `broker.md R22`: in a new epoch members count as caught up at its beginning.
#[test]
fn a_new_epoch_gives_members_new_time() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(1, 2);
    cluster.run(20_000);
    cluster.decide(&[0, 1, 2], Some(1), (1, 1), &[0, 1, 2]);
    cluster.produce(1, 1, vec![batch_of(0, 1)]);
    cluster.run(30_000);
    assert!(cluster.asked().is_none());
    cluster.run(15_000);
    assert_eq!(cluster.asked().map(|asked| ids(&proposal(&asked).isr)), Some(vec![0, 1]));
}
