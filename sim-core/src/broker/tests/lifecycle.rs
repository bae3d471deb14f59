//! `broker.md 4.1` and 5: heartbeats, registration, crash and restart; and what happens at intervals.

use crate::broker::fixture::{Asked, Cluster, Setup, TP, batch_of, broker_config, idempotent, topic_config};
use crate::broker::{Reply, Role};
use crate::config::{BrokerConfig, TopicConfig};
use crate::protocol::{ErrorCode, HeartbeatRequest, HeartbeatResponse, Request, Response};
use crate::trace::EventKind;

fn heartbeat(asked: &Asked) -> HeartbeatRequest {
    match &asked.request {
        Request::Heartbeat(request) => **request,
        other => panic!("expected a heartbeat, got {other:?}"),
    }
}

fn answer(broker_epoch: i64, fenced: bool) -> Response {
    let may_shut_down = false;
    Response::Heartbeat(HeartbeatResponse { error: ErrorCode::None, broker_epoch, fenced, may_shut_down })
}

fn refusal(error: ErrorCode) -> Response {
    Response::Heartbeat(HeartbeatResponse { error, broker_epoch: -1, fenced: true, may_shut_down: false })
}

fn alone() -> Cluster {
    let mut cluster = Cluster::new(Setup { brokers: 1, assignment: vec![vec![0]], ..Setup::default() });
    cluster.answers_heartbeats = false;
    cluster
}

/// `broker.md F1`: every `broker.heartbeat.interval.ms` after each success.
#[test]
fn heartbeats_follow_successes() {
    let mut cluster = alone();
    cluster.run(2_000);
    let first = cluster.heartbeat(0).expect("2 s after the last one before t=0");
    assert!(heartbeat(&first).want_unfence && heartbeat(&first).broker_epoch == 0);
    cluster.run(300);
    cluster.answer(&first, answer(0, false));
    cluster.run(1_999);
    assert!(cluster.heartbeat(0).is_none());
    cluster.run(1);
    assert!(cluster.heartbeat(0).is_some());
}

/// `broker.md F1`: after failures 100 ms, doubled each time (here with the lowest jitter, 2 %).
#[test]
fn failed_heartbeats_back_off() {
    let mut cluster = alone();
    cluster.run(2_000);
    for wait in [98, 196, 392] {
        let asked = cluster.heartbeat(0).expect("the next try");
        cluster.answer(&asked, refusal(ErrorCode::StaleBrokerEpoch));
        cluster.run(wait - 1);
        assert!(cluster.heartbeat(0).is_none());
        cluster.run(1);
    }
    assert!(cluster.heartbeat(0).is_some());
}

/// A heartbeat without an answer is given up after `broker.session.timeout.ms`, and tried again.
#[test]
fn a_silent_controller_is_asked_again() {
    let mut cluster = alone();
    cluster.run(2_000);
    assert!(cluster.heartbeat(0).is_some());
    cluster.run(9_097);
    assert!(cluster.heartbeat(0).is_none());
    cluster.run(1);
    assert!(cluster.heartbeat(0).is_some());
}

/// `broker.md F5`, F6: a new incarnation registers, catches up with heartbeats 10 ms apart, then wants to be unfenced.
#[test]
fn a_restarted_broker_registers_and_catches_up() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.answers_heartbeats = false;
    cluster.crash(1);
    assert!(!cluster.brokers[1].is_running());
    cluster.start(1);
    let registration = cluster.heartbeat(1).expect("a registration");
    assert_eq!((heartbeat(&registration).broker_epoch, heartbeat(&registration).incarnation), (-1, 1));
    cluster.answer(&registration, refusal(ErrorCode::DuplicateBrokerRegistration));
    cluster.run(98);
    let registration = cluster.heartbeat(1).expect("tried again");
    cluster.answer(&registration, answer(17, true));
    let first = cluster.heartbeat(1).expect("at once");
    assert!(!heartbeat(&first).want_unfence && heartbeat(&first).broker_epoch == 17);
    cluster.answer(&first, answer(17, true));
    cluster.decide_broker(&[1], 1, 17, true);
    assert!(!cluster.listening[1]);
    cluster.run(10);
    let caught_up = cluster.heartbeat(1).expect("10 ms later");
    assert!(!heartbeat(&caught_up).want_unfence && heartbeat(&caught_up).metadata_offset == 1);
    cluster.answer(&caught_up, answer(17, true));
    let ready = cluster.heartbeat(1).expect("at once");
    assert!(heartbeat(&ready).want_unfence && cluster.listening[1]);
    cluster.answer(&ready, answer(17, false));
    cluster.run(1_999);
    assert!(cluster.heartbeat(1).is_none());
    cluster.run(1);
    assert!(cluster.heartbeat(1).is_some());
}

/// `broker.md 5`, process crash: the log stays as it was; R17: the high watermark is that of the last checkpoint (here every
/// 5 s from t=0 on).
#[test]
fn a_crash_keeps_the_log_and_an_old_high_watermark() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 2)]);
    cluster.run(5_000);
    cluster.produce(0, -1, vec![batch_of(1, 1)]);
    cluster.crash(0);
    cluster.start(0);
    assert_eq!((cluster.log(0), cluster.hws()[0]), (vec![0, 1], 2));
    assert_eq!(cluster.replica(0).role(), Role::Follower);
}

/// `broker.md 5`, I10: producer state is rebuilt from the log.
#[test]
fn a_crash_keeps_the_sequences() {
    let mut cluster = Cluster::new(Setup::default());
    for sequence in 0..3 {
        cluster.produce(0, -1, vec![idempotent(sequence, 1)]);
    }
    cluster.crash(0);
    cluster.start(0);
    assert_eq!(cluster.replica(0).producers().get(7).map(|state| state.batches().len()), Some(3));
}

/// `broker.md D5`, R21: a restarted replica comes back as a follower, fetches from its log end and is proposed again.
#[test]
fn a_restarted_replica_follows() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.crash(2);
    cluster.decide(&[0, 1], Some(0), (0, 1), &[0, 1]);
    cluster.run(30_001);
    cluster.produce(0, -1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.hws()[0], 2);
    cluster.start(2);
    cluster.decide_broker(&[0, 1, 2], 2, 0, false);
    cluster.decide(&[2], Some(0), (0, 1), &[0, 1]);
    assert_eq!(cluster.log(2), [0, 1]);
    assert!(cluster.asked().is_some(), "an expand is proposed");
}

/// What had come to a process and was not done dies with it.
#[test]
fn a_crash_forgets_what_was_under_way() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 1);
    let parked = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    let queued = cluster.produce(0, 1, vec![batch_of(1, 1)]);
    cluster.crash(0);
    cluster.run(40_000);
    assert_eq!((cluster.reply_to(parked), cluster.reply_to(queued)), (None, None));
    assert_eq!(cluster.log(0), [0]);
}

/// `broker.md I3`: InitProducerId gives an id of the broker's block, epoch 0.
#[test]
fn producer_ids_come_from_the_brokers_block() {
    let mut cluster = Cluster::new(Setup::default());
    let id = |cluster: &mut Cluster| {
        let asked = cluster.send(1, 1, Request::InitProducerId, None);
        match cluster.reply_to(asked) {
            Some(Reply::Answer(Response::InitProducerId(answer))) => answer.producer_id,
            other => panic!("answered with {other:?}"),
        }
    };
    assert_eq!([id(&mut cluster), id(&mut cluster)], [2_000, 2_001]);
    cluster.crash(1);
    cluster.start(1);
    assert_eq!(id(&mut cluster), 5_000, "the rest of the block died with the process");
}

/// `timing.flush`: page cache to disk every 30 s, here from t=0 on.
#[test]
fn logs_are_flushed_at_intervals() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.run(1_000);
    cluster.produce(0, -1, vec![batch_of(0, 2)]);
    cluster.run(28_999);
    assert_eq!(cluster.replica(0).log().flushed_offset(), 0);
    cluster.run(1);
    assert_eq!(cluster.replica(0).log().flushed_offset(), 2);
    assert_eq!(cluster.events(EventKind::LogFlushed).len(), 3);
    cluster.run(30_000);
    assert_eq!(cluster.events(EventKind::LogFlushed).len(), 3, "nothing new to write");
}

/// `broker.md I8`: idle producers are forgotten at the next look.
#[test]
fn idle_producers_expire() {
    let broker = BrokerConfig {
        producer_id_expiration_ms: 1_000,
        producer_id_expiration_check_interval_ms: 600,
        ..broker_config()
    };
    let mut cluster = Cluster::new(Setup { broker, ..Setup::default() });
    cluster.produce(0, -1, vec![idempotent(0, 1)]);
    cluster.run(1_199);
    assert!(cluster.replica(0).producers().get(7).is_some());
    cluster.run(1);
    assert!(cluster.replica(0).producers().get(7).is_none());
    assert_eq!(cluster.events(EventKind::ProducerStateExpired).len(), 3);
}

/// Retention at the leader moves the followers' log start too.
#[test]
fn retention_moves_the_log_start() {
    let topic = TopicConfig { segment_bytes: 100, retention_bytes: 200, ..topic_config() };
    let broker = BrokerConfig { log_retention_check_interval_ms: 10_000, ..broker_config() };
    let mut cluster = Cluster::new(Setup { topic, broker, ..Setup::default() });
    for number in 0..5 {
        cluster.produce(0, -1, vec![batch_of(number, 1)]);
    }
    cluster.run(10_500);
    let starts: Vec<i64> = (0..3).map(|at| cluster.replica(at).log().start_offset()).collect();
    assert_eq!(starts, [3, 3, 3]);
    assert_eq!(cluster.replica(0).tp(), TP);
}

/// A broker that starts empty knows no topic.
#[test]
fn a_cold_broker_knows_nothing() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.crash(0);
    cluster.start(0);
    let request = cluster.produce(0, 1, vec![batch_of(0, 1)]);
    assert_eq!(cluster.result(request).map(|result| result.error), Some(ErrorCode::UnknownTopicOrPartition));
}
