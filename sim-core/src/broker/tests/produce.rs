//! `broker.md 1`: produce requests.

use crate::broker::Reply;
use crate::broker::fixture::{
    Cluster, Setup, TP1, batch_of, broker_config, idempotent, produce, topic_config,
};
use crate::config::{BrokerConfig, Release, TimestampType, TopicConfig};
use crate::protocol::{ErrorCode, LeaderHint};
use crate::record::{BrokerId, RecordBatch, TopicIx, TopicPartition};
use crate::trace::EventKind;

fn min_isr(min_insync_replicas: u32) -> Setup {
    Setup { topic: TopicConfig { min_insync_replicas, ..topic_config() }, ..Setup::default() }
}

fn with_release(major: u8, minor: u8, setup: Setup) -> Setup {
    let release = Release::new(major, minor);
    Setup { broker: BrokerConfig { release, ..setup.broker }, ..setup }
}

fn two_partitions() -> Setup {
    Setup { assignment: vec![vec![0, 1, 2], vec![1, 2, 0]], ..Setup::default() }
}

/// A cluster whose leader nobody fetches from.
fn isolated(setup: Setup) -> Cluster {
    let mut cluster = Cluster::new(setup);
    cluster.cut(0, 1);
    cluster.cut(0, 2);
    cluster
}

/// `broker.md 1.3`, acks=0: no answer, whatever the followers do.
#[test]
fn acks_0_is_never_answered() {
    let mut cluster = Cluster::new(Setup::default());
    let request = cluster.produce(0, 0, vec![batch_of(0, 1)]);
    assert_eq!(cluster.reply_to(request), Some(&Reply::Nothing));
    assert_eq!(cluster.ends(), [1, 1, 1]);
}

/// `broker.md 1.3`, acks=0: any error closes the connection.
#[test]
fn acks_0_and_an_error_closes_the_connection() {
    let mut cluster = Cluster::new(Setup::default());
    let request = cluster.produce(1, 0, vec![batch_of(0, 1)]);
    assert_eq!(cluster.reply_to(request), Some(&Reply::Close));
}

/// `broker.md 1.3`, acks=1: answered after the leader's own append, with the real offset, committed or not.
#[test]
fn acks_1_waits_for_the_leader_only() {
    let mut cluster = isolated(Setup::default());
    cluster.produce(0, 1, vec![batch_of(0, 3)]);
    let request = cluster.produce(0, 1, vec![batch_of(1, 1)]);
    let result = cluster.result(request).expect("answered at once");
    assert_eq!((result.error, result.base_offset), (ErrorCode::None, 3));
    assert_eq!(cluster.hws(), [0, 0, 0]);
}

/// `broker.md 1.3`, P9, R18: acks=all is answered when the high watermark covers it, and that needs every ISR member.
#[test]
fn acks_all_waits_for_the_isr() {
    let mut cluster = Cluster::new(Setup::default());
    let request = cluster.produce(0, -1, vec![batch_of(0, 2)]);
    assert_eq!(
        cluster.result(request).map(|result| (result.error, result.base_offset)),
        Some((ErrorCode::None, 0))
    );
    assert_eq!((cluster.ends(), cluster.hws()[0]), (vec![2, 2, 2], 2));

    cluster.cut(0, 2);
    let request = cluster.produce(0, -1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.result(request), None);
    assert_eq!((cluster.ends(), cluster.hws()[0]), (vec![3, 3, 2], 2));
}

/// `broker.md 1.3`: with nobody else in the ISR acks=all is answered at once.
#[test]
fn acks_all_of_a_lone_leader_is_answered_at_once() {
    let mut cluster = isolated(Setup::default());
    cluster.decide(&[0], Some(0), (0, 1), &[0]);
    // Both have been away for longer than replica.lag.time.max.ms: they hold nothing back (R12).
    cluster.run(30_001);
    let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    assert!(cluster.result(request).is_some());
    assert_eq!(cluster.hws()[0], 1);
}

/// `broker.md P11`: at the request's own timeout REQUEST_TIMED_OUT; the record stays and may commit later.
#[test]
fn acks_all_times_out_without_removing_anything() {
    let mut cluster = isolated(Setup::default());
    let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.run(29_999);
    assert_eq!(cluster.result(request), None);
    cluster.run(1);
    assert_eq!(cluster.result(request).map(|result| result.error), Some(ErrorCode::RequestTimedOut));
    assert_eq!(cluster.ends()[0], 1);
    cluster.heal();
    cluster.run(40_000);
    assert_eq!((cluster.ends(), cluster.hws()[0]), (vec![1, 1, 1], 1));
}

/// `broker.md P11`: partitions that are settled by then keep their result.
#[test]
fn a_timeout_spares_what_is_settled() {
    let mut cluster = Cluster::new(Setup { assignment: vec![vec![0, 1], vec![0, 2]], ..Setup::default() });
    cluster.cut(0, 2);
    let other = RecordBatch { tp: TP1, ..batch_of(1, 1) };
    let request = cluster.produce(0, -1, vec![batch_of(0, 1), other]);
    cluster.run(30_000);
    let errors: Vec<ErrorCode> =
        cluster.results(request).into_iter().flatten().map(|result| result.error).collect();
    assert_eq!(errors, [ErrorCode::None, ErrorCode::RequestTimedOut]);
}

/// `broker.md 1.2` row 10, P13: refused before the append; acks=1 does not ask.
#[test]
fn too_few_in_sync_replicas_refuse_acks_all() {
    let mut cluster = isolated(min_isr(2));
    cluster.decide(&[0], Some(0), (0, 1), &[0]);
    let all = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    assert_eq!(cluster.result(all).map(|result| result.error), Some(ErrorCode::NotEnoughReplicas));
    assert_eq!(cluster.ends()[0], 0);
    let one = cluster.produce(0, 1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.result(one).map(|result| result.error), Some(ErrorCode::None));
    assert_eq!(cluster.events(EventKind::AppendRefused).len(), 1);
}

/// `broker.md P7`: since 3.7 `min.insync.replicas` above the number of replicas counts as that number.
#[test]
fn min_isr_is_capped_at_the_number_of_replicas() {
    let error = |setup| {
        let mut cluster = Cluster::new(setup);
        let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
        cluster.result(request).map(|result| result.error)
    };
    assert_eq!(error(min_isr(5)), Some(ErrorCode::None));
    assert_eq!(error(with_release(3, 6, min_isr(5))), Some(ErrorCode::NotEnoughReplicas));
}

/// `broker.md 1.2`, rows 3, 6 and 9, in this order.
#[test]
fn the_first_failing_check_wins() {
    let mut cluster = Cluster::new(Setup::default());
    let unknown = RecordBatch { tp: TopicPartition { topic: TopicIx(0), partition: 9 }, ..batch_of(0, 1) };
    let mut error = |to, acks, batch| {
        let request = cluster.produce(to, acks, vec![batch]);
        cluster.result(request).map(|result| result.error)
    };
    assert_eq!(error(1, 3, unknown), Some(ErrorCode::UnknownTopicOrPartition));
    assert_eq!(error(1, 3, batch_of(0, 1)), Some(ErrorCode::InvalidRequiredAcks));
    assert_eq!(error(1, 1, batch_of(0, 1)), Some(ErrorCode::NotLeaderOrFollower));
}

/// `broker.md 1.2` row 8: known, but not hosted here.
#[test]
fn a_broker_without_a_replica_is_no_leader() {
    let mut cluster = Cluster::new(Setup { assignment: vec![vec![0, 1]], ..Setup::default() });
    let request = cluster.produce(2, 1, vec![batch_of(0, 1)]);
    let result = cluster.result(request).expect("answered at once");
    assert_eq!(result.error, ErrorCode::NotLeaderOrFollower);
    assert_eq!(result.leader_hint, Some(LeaderHint { leader: BrokerId(0), leader_epoch: 0 }));
}

/// `broker.md 0.1`: KIP-951, the error names the leader since 3.7.
#[test]
fn errors_name_the_leader_since_3_7() {
    let hint = |setup| {
        let mut cluster = Cluster::new(setup);
        let request = cluster.produce(1, 1, vec![batch_of(0, 1)]);
        cluster.result(request).and_then(|result| result.leader_hint)
    };
    assert_eq!(hint(Setup::default()), Some(LeaderHint { leader: BrokerId(0), leader_epoch: 0 }));
    assert_eq!(hint(with_release(3, 6, Setup::default())), None);
}

/// `broker.md P5`: a produce request carries no leader epoch, so a leader of old goes on accepting.
#[test]
fn a_zombie_accepts_writes() {
    let mut cluster = isolated(Setup::default());
    cluster.decide(&[1, 2], Some(1), (1, 1), &[1, 2]);
    let request = cluster.produce(0, 1, vec![batch_of(0, 1)]);
    assert_eq!(cluster.result(request).map(|result| result.error), Some(ErrorCode::None), "Z1");
    let request = cluster.produce(0, -1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.result(request), None, "Z2: nothing is committed");
}

/// `broker.md P2`, P3: the next request of a connection is not even appended before the one ahead of it is answered; other
/// connections are not held up.
#[test]
fn one_request_of_a_connection_at_a_time() {
    let mut cluster = isolated(Setup::default());
    let first = cluster.send(0, 1, produce(-1, vec![batch_of(0, 1)]), None);
    let second = cluster.send(0, 1, produce(1, vec![batch_of(1, 1)]), None);
    assert_eq!((cluster.result(first), cluster.result(second)), (None, None));
    let other = cluster.send(0, 3, produce(1, vec![batch_of(2, 1)]), None);
    assert!(cluster.result(other).is_some());
    assert_eq!(cluster.log(0), [0, 2]);
    cluster.run(30_000);
    assert_eq!(cluster.log(0), [0, 2, 1]);
    assert!(cluster.result(second).is_some());
}

/// `broker.md P4`: what waits on a connection that is reset never happens; what is parked runs to its end unheard.
#[test]
fn a_reset_connection_takes_its_queue_along() {
    let mut cluster = isolated(Setup::default());
    cluster.send(0, 1, produce(-1, vec![batch_of(0, 1)]), None);
    cluster.send(0, 1, produce(1, vec![batch_of(1, 1)]), None);
    cluster.input(0, |broker, cx| {
        broker.connection_closed(cx, 1_000_001, crate::trace::Seq::OUTSIDE);
    });
    cluster.run(60_000);
    assert_eq!(cluster.log(0), [0]);
}

/// `broker.md P6`: partitions of one request succeed or fail by themselves.
#[test]
fn partitions_fail_by_themselves() {
    let mut cluster = Cluster::new(two_partitions());
    let elsewhere = RecordBatch { tp: TP1, ..batch_of(1, 1) };
    let request = cluster.produce(0, -1, vec![batch_of(0, 1), elsewhere]);
    let results = cluster.results(request).expect("both are settled");
    assert_eq!(
        results.iter().map(|result| result.error).collect::<Vec<_>>(),
        [ErrorCode::None, ErrorCode::NotLeaderOrFollower]
    );
    assert_eq!(results[1].leader_hint.map(|hint| hint.leader), Some(BrokerId(1)));
}

/// `broker.md 2.2`, P12: a duplicate is answered with the original's offset, and waits for its high watermark.
#[test]
fn a_duplicate_waits_for_the_original() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![idempotent(0, 2)]);
    cluster.cut(0, 2);
    cluster.send(0, 1, produce(-1, vec![idempotent(2, 1)]), None);
    let retry = cluster.send(0, 3, produce(-1, vec![idempotent(2, 1)]), None);
    assert_eq!(cluster.result(retry), None, "the original is not committed");
    let committed = cluster.send(0, 4, produce(-1, vec![idempotent(0, 2)]), None);
    assert_eq!(cluster.result(committed).map(|result| result.base_offset), Some(0));
    assert_eq!(cluster.ends()[0], 3);
    assert_eq!(cluster.events(EventKind::AppendDuplicate).len(), 2);
}

/// `broker.md I7`: the ISR is checked before the sequence.
#[test]
fn a_duplicate_under_min_isr_is_refused() {
    let mut cluster = Cluster::new(min_isr(2));
    cluster.produce(0, -1, vec![idempotent(0, 1)]);
    cluster.decide(&[0], Some(0), (0, 1), &[0]);
    let retry = cluster.produce(0, -1, vec![idempotent(0, 1)]);
    assert_eq!(cluster.result(retry).map(|result| result.error), Some(ErrorCode::NotEnoughReplicas));
}

/// `broker.md 2.2`: out of order.
#[test]
fn a_gap_in_the_sequence_is_refused() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![idempotent(0, 1)]);
    let request = cluster.produce(0, -1, vec![idempotent(2, 1)]);
    assert_eq!(cluster.result(request).map(|result| result.error), Some(ErrorCode::OutOfOrderSequenceNumber));
}

/// `broker.md P13`: when the ISR shrinks below the minimum while a request is parked. Up to 3.6 the high watermark moves on
/// and the answer is NOT_ENOUGH_REPLICAS_AFTER_APPEND; since 3.7 it stands still until REQUEST_TIMED_OUT.
#[test]
fn a_shrink_behind_a_parked_request() {
    let outcome = |setup: Setup| {
        let mut cluster = isolated(setup);
        // Out of the ISR and away for long: they no longer hold the high watermark back.
        let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
        cluster.run(29_000);
        cluster.decide(&[0], Some(0), (0, 1), &[0]);
        let at_once = cluster.result(request).map(|result| result.error);
        cluster.run(1_000);
        (at_once, cluster.result(request).map(|result| result.error))
    };
    let lag = |setup: Setup| Setup {
        broker: BrokerConfig { replica_lag_time_max_ms: 10_000, ..setup.broker },
        ..setup
    };
    let after_append = Some(ErrorCode::NotEnoughReplicasAfterAppend);
    assert_eq!(outcome(lag(with_release(3, 6, min_isr(2)))), (after_append, after_append));
    assert_eq!(outcome(lag(min_isr(2))), (None, Some(ErrorCode::RequestTimedOut)));
}

/// `broker.md F12`, P9: a demoted leader answers whoever is parked NOT_LEADER_OR_FOLLOWER, with the new leader.
#[test]
fn a_demoted_leader_lets_go() {
    let mut cluster = isolated(Setup::default());
    let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.decide(&[0], Some(2), (1, 1), &[1, 2]);
    let result = cluster.result(request).expect("answered by the move");
    assert_eq!(result.error, ErrorCode::NotLeaderOrFollower);
    assert_eq!(result.leader_hint, Some(LeaderHint { leader: BrokerId(2), leader_epoch: 1 }));
    assert_eq!(result.base_offset, -1);
}

/// `broker.md P17`: LogAppendTime is told in the answer.
#[test]
fn the_broker_stamps_batches_where_it_is_told_to() {
    let topic = TopicConfig { timestamp_type: TimestampType::LogAppendTime, ..topic_config() };
    let mut cluster = Cluster::new(Setup { topic, ..Setup::default() });
    cluster.run(1_234);
    let request = cluster.produce(0, 1, vec![batch_of(0, 1)]);
    assert_eq!(cluster.result(request).map(|result| result.log_append_time), Some(1_234));
    let stored = cluster.replica(1).log().batches().next().map(|stored| stored.log_append_time);
    assert_eq!(stored, Some(1_234), "followers keep it");
    let mut plain = Cluster::new(Setup::default());
    let request = plain.produce(0, 1, vec![batch_of(0, 1)]);
    assert_eq!(plain.result(request).map(|result| result.log_append_time), Some(-1));
}

/// `broker.md 1.6` step 9: `flush.messages`.
#[test]
fn logs_are_flushed_by_count_where_it_is_set() {
    let topic = TopicConfig { flush_messages: 3, ..topic_config() };
    let mut cluster = Cluster::new(Setup { topic, broker: broker_config(), ..Setup::default() });
    cluster.produce(0, 1, vec![batch_of(0, 2)]);
    assert_eq!(cluster.replica(0).log().flushed_offset(), 0);
    cluster.produce(0, 1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.replica(0).log().flushed_offset(), 3);
    assert_eq!(cluster.replica(1).log().flushed_offset(), 3, "followers too");
}
