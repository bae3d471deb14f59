//! `broker.md 3.6` before 2.7: a follower asks where its log parts from the leader's before it fetches.

use std::sync::Arc;

use crate::broker::fixture::{
    Cluster, Setup, TP, batch_of, broker_config, fork, fork_twice, lead_beyond, truncations,
};
use crate::broker::{Forced, Reply};
use crate::config::{BrokerConfig, Release};
use crate::protocol::{EpochEnd, EpochToLookUp, ErrorCode, OffsetsForLeaderEpochRequest, Request, Response};

fn cluster_of(minor: (u8, u8)) -> Cluster {
    let broker = BrokerConfig { release: Release::new(minor.0, minor.1), ..broker_config() };
    Cluster::new(Setup { broker, ..Setup::default() })
}

fn epoch_end(cluster: &mut Cluster, broker: usize, asked: (i32, i32), forced: Option<Forced>) -> EpochEnd {
    let (current_leader_epoch, leader_epoch) = asked;
    let partitions = Arc::new([EpochToLookUp { tp: TP, current_leader_epoch, leader_epoch }]);
    let request = Request::OffsetsForLeaderEpoch(OffsetsForLeaderEpochRequest { partitions });
    let asked = cluster.send(broker, 1, request, forced);
    match cluster.reply_to(asked) {
        Some(Reply::Answer(Response::OffsetsForLeaderEpoch(answer))) => answer.partitions[0],
        other => panic!("answered with {other:?}"),
    }
}

fn end(error: ErrorCode, leader_epoch: i32, end_offset: i64) -> EpochEnd {
    EpochEnd { tp: TP, error, leader_epoch, end_offset }
}

/// `broker.md R31`: in every release a demoted leader cuts its own tail and then fetches what replaced it.
#[test]
fn a_demoted_leader_asks_and_cuts_its_own_tail() {
    for release in [(0, 11), (1, 1), (2, 0), (2, 6), (2, 7)] {
        let mut cluster = cluster_of(release);
        fork(&mut cluster);
        cluster.decide(&[0], Some(1), (1, 1), &[1, 2]);
        assert_eq!(truncations(&cluster), [(0, 3, 1)], "{release:?}");
        assert_eq!(cluster.log(0), [0, 3], "{release:?}");
        assert_eq!(cluster.replica(0).log().epochs().starts(), [(0, 0), (1, 1)]);
    }
}

/// `broker.md R31`, KIP-279: an epoch that the leader does not know takes two rounds; when there is nothing else to fetch the
/// fetcher's thread waits `replica.fetch.backoff.ms` before the second (Kafka's `AbstractFetcherThread.maybeFetch`).
#[test]
fn unknown_epochs_take_two_rounds_from_2_0_on() {
    let mut cluster = cluster_of((2, 6));
    fork_twice(&mut cluster);
    cluster.decide(&[0], Some(1), (3, 3), &[1, 2]);
    assert_eq!(truncations(&cluster), [(0, 4, 3)]);
    cluster.run(999);
    assert_eq!(cluster.log(0), [0, 1, 2]);
    cluster.run(1);
    assert_eq!(truncations(&cluster), [(0, 4, 3), (0, 3, 1)]);
    assert_eq!(cluster.log(0), [0, 3, 5]);
    assert_eq!(cluster.replica(0).log().epochs(), cluster.replica(1).log().epochs(), "V2, V11");
}

/// `broker.md T1`: what KIP-279 mends. Before 2.0 the answer names no epoch: the follower cuts once, at the start of the next
/// epoch that the leader knows, and keeps what is below it, whoever wrote that.
#[test]
fn before_2_0_quick_elections_let_logs_diverge() {
    let mut cluster = cluster_of((1, 1));
    fork_twice(&mut cluster);
    cluster.decide(&[0], Some(1), (3, 3), &[1, 2]);
    cluster.run(2_000);
    assert_eq!(truncations(&cluster), [(0, 4, 2)]);
    assert_eq!((cluster.log(0), cluster.log(1)), (vec![0, 1, 5], vec![0, 3, 5]), "offset 1 differs");
}

/// `broker.md R29`: what a leader answers, from 2.0 on and before.
#[test]
fn leaders_tell_where_epochs_end() {
    let mut cluster = cluster_of((2, 6));
    cluster.decide(&[0, 1, 2], Some(0), (4, 1), &[0, 1, 2]);
    cluster.produce(0, -1, vec![batch_of(0, 3)]);
    cluster.decide(&[0, 1, 2], Some(0), (7, 2), &[0, 1, 2]);
    let starts = cluster.replica(0).log().epochs().starts().to_vec();
    assert_eq!(starts, [(4, 0), (7, 3)]);
    let ask = |cluster: &mut Cluster, asked| epoch_end(cluster, 0, asked, None);
    assert_eq!(ask(&mut cluster, (7, 7)), end(ErrorCode::None, 7, 3), "the latest ends at the log end");
    assert_eq!(ask(&mut cluster, (7, 5)), end(ErrorCode::None, 4, 3));
    assert_eq!(ask(&mut cluster, (7, 2)), end(ErrorCode::None, 2, 0));
    assert_eq!(ask(&mut cluster, (7, 8)), end(ErrorCode::None, -1, -1));
    assert_eq!(ask(&mut cluster, (6, 4)), end(ErrorCode::FencedLeaderEpoch, -1, -1));
    assert_eq!(ask(&mut cluster, (8, 4)), end(ErrorCode::UnknownLeaderEpoch, -1, -1));
    assert_eq!(ask(&mut cluster, (-1, 4)), end(ErrorCode::None, 4, 3), "before 2.1 none is named");
    assert_eq!(epoch_end(&mut cluster, 1, (7, 4), None).error, ErrorCode::NotLeaderOrFollower);
    let forced = Forced { error: ErrorCode::KafkaStorageError, append: false, tp: Some(TP) };
    assert_eq!(epoch_end(&mut cluster, 0, (7, 4), Some(forced)).error, ErrorCode::KafkaStorageError);
}

/// `broker.md R29`: before 2.0 an answer names no epoch, and one below all that the leader has is not defined.
#[test]
fn before_2_0_answers_name_no_epoch() {
    let mut cluster = cluster_of((1, 1));
    cluster.decide(&[0, 1, 2], Some(0), (4, 1), &[0, 1, 2]);
    cluster.produce(0, -1, vec![batch_of(0, 3)]);
    cluster.decide(&[0, 1, 2], Some(0), (7, 2), &[0, 1, 2]);
    assert_eq!(epoch_end(&mut cluster, 0, (-1, 5), None), end(ErrorCode::None, -1, 3));
    assert_eq!(epoch_end(&mut cluster, 0, (-1, 2), None), end(ErrorCode::None, -1, -1));
}

/// Kafka's `getOffsetTruncationState`: what the leader does not define leaves what the follower knows to be committed.
#[test]
fn an_undefined_end_cuts_to_the_high_watermark() {
    let mut cluster = cluster_of((2, 6));
    lead_beyond(&mut cluster);
    assert_eq!((cluster.hws()[0], cluster.ends()[0]), (1, 3));
    let replica = cluster.brokers[0].local(TP).expect("it leads") as usize;
    cluster.brokers[0].partitions[replica].forget_role();
    cluster.decide(&[0], Some(1), (3, 2), &[1, 2]);
    assert_eq!(truncations(&cluster), [(0, 3, 1)]);
}

/// `broker.md R5`, R6: an error delays the partition for `replica.fetch.backoff.ms`; it still asks before it fetches.
#[test]
fn an_error_delays_the_question() {
    let mut cluster = cluster_of((2, 6));
    fork(&mut cluster);
    // Broker 1 has not heard that it leads epoch 2.
    cluster.decide(&[0], Some(1), (2, 2), &[1, 2]);
    cluster.decide(&[1, 2], Some(1), (2, 2), &[1, 2]);
    cluster.run(999);
    assert_eq!(cluster.log(0), [0, 1, 2]);
    cluster.run(1);
    assert_eq!((truncations(&cluster), cluster.log(0)), (vec![(0, 3, 1)], vec![0, 3]));
}

/// `broker.md R35`: the same leader in a new epoch is asked too; a log that agrees is left as it is.
#[test]
fn a_log_that_agrees_is_not_cut() {
    let mut cluster = cluster_of((2, 6));
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.decide(&[0, 1, 2], Some(0), (1, 1), &[0, 1, 2]);
    let ack = cluster.produce(0, -1, vec![batch_of(1, 1)]);
    cluster.run(500);
    assert_eq!(cluster.result(ack).map(|result| result.error), Some(ErrorCode::None));
    assert_eq!((truncations(&cluster), cluster.ends()), (vec![], vec![2, 2, 2]));
}

/// `broker.md R5`: the leader is gone before it answers.
#[test]
fn a_question_without_an_answer_is_asked_again() {
    let mut cluster = cluster_of((2, 6));
    fork(&mut cluster);
    cluster.crash(1);
    cluster.decide(&[0], Some(1), (1, 1), &[1, 2]);
    assert_eq!(cluster.log(0), [0, 1, 2]);
    cluster.decide(&[0, 2], Some(2), (2, 2), &[2]);
    cluster.run(1_000);
    assert_eq!(cluster.log(0), cluster.log(2));
}

/// `broker.md R5`: a fetch that is out when the new epoch begins, and is never answered: the question follows at once.
#[test]
fn a_lost_fetch_does_not_hold_the_question_up() {
    let mut cluster = cluster_of((2, 6));
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.run(499);
    cluster.cut(0, 2);
    cluster.run(2);
    cluster.heal();
    // Broker 2's fetch was lost in the cut; it waits for replica.socket.timeout.ms.
    cluster.decide(&[0, 1, 2], Some(0), (1, 1), &[0, 1, 2]);
    cluster.produce(0, 1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.ends(), [2, 2, 1]);
    cluster.run(30_000);
    assert_eq!(cluster.ends(), [2, 2, 2]);
}
