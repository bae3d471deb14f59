//! `broker.md F14` and 5: how a broker ends in order, and what it finds when it comes back.

use crate::broker::Role;
use crate::broker::fixture::{Asked, Cluster, Setup, batch_of, broker_config, idempotent};
use crate::config::BrokerConfig;
use crate::protocol::{ErrorCode, HeartbeatRequest, HeartbeatResponse, Request, Response};
use crate::trace::EventKind;

fn heartbeat(asked: &Asked) -> HeartbeatRequest {
    match &asked.request {
        Request::Heartbeat(request) => **request,
        other => panic!("expected a heartbeat, got {other:?}"),
    }
}

fn answer(may_shut_down: bool) -> Response {
    let fenced = may_shut_down;
    Response::Heartbeat(HeartbeatResponse { error: ErrorCode::None, broker_epoch: 0, fenced, may_shut_down })
}

fn waiting() -> Cluster {
    let mut cluster = Cluster::new(Setup::default());
    cluster.answers_heartbeats = false;
    cluster
}

/// `broker.md F14`: the wish goes out at once, again 50 ms after the first answer, then every heartbeat interval.
#[test]
fn f14_the_controller_is_asked_at_once_after_50_ms_and_then_every_2_s() {
    let mut cluster = waiting();
    cluster.shut_down(0);
    let first = cluster.heartbeat(0).expect("at once");
    assert!(heartbeat(&first).want_shutdown && heartbeat(&first).want_unfence);
    cluster.answer(&first, answer(false));
    for wait in [50, 2_000, 2_000] {
        cluster.run(wait - 1);
        assert!(cluster.heartbeat(0).is_none());
        cluster.run(1);
        let next = cluster.heartbeat(0).expect("due");
        assert!(heartbeat(&next).want_shutdown);
        cluster.answer(&next, answer(false));
    }
    assert!(cluster.brokers[0].is_running() && !cluster.ended[0]);
}

/// A heartbeat that is out when the wish comes is waited for first.
#[test]
fn f14_one_heartbeat_at_a_time() {
    let mut cluster = waiting();
    cluster.run(2_000);
    let out = cluster.heartbeat(0).expect("2 s after the last one before t=0");
    cluster.shut_down(0);
    assert!(cluster.heartbeat(0).is_none());
    cluster.answer(&out, answer(false));
    let wish = cluster.heartbeat(0).expect("right behind");
    assert!(heartbeat(&wish).want_shutdown);
    cluster.answer(&wish, answer(true));
    assert!(cluster.ended[0]);
}

/// `broker.md 5`, clean shutdown: everything is on disk, the high watermark is exact, and the marker's broker epoch goes
/// into the next registration, once.
#[test]
fn an_orderly_end_leaves_everything_on_disk() {
    let mut cluster = waiting();
    let produced = cluster.produce(0, -1, vec![batch_of(0, 3)]);
    assert!(cluster.result(produced).is_some());
    cluster.shut_down(0);
    let wish = cluster.heartbeat(0).expect("at once");
    cluster.answer(&wish, answer(true));
    assert!(!cluster.brokers[0].is_running() && cluster.ended[0]);
    assert_eq!(cluster.events(EventKind::LogFlushed).len(), 1);
    let replica = cluster.replica(0);
    assert_eq!(
        (replica.log().end_offset(), replica.log().flushed_offset(), replica.role()),
        (3, 3, Role::Follower)
    );
    cluster.start(0);
    assert_eq!(cluster.replica(0).high_watermark(), 3, "not the last checkpoint");
    let registration = cluster.heartbeat(0).expect("a registration");
    assert_eq!(heartbeat(&registration).previous_broker_epoch, 0);
    cluster.crash(0);
    cluster.start(0);
    let registration = cluster.heartbeat(0).expect("a registration");
    assert_eq!(heartbeat(&registration).previous_broker_epoch, -1, "the marker is used up");
}

/// `broker.md I9`, I10: of a producer's batches only the last one is known after an orderly end; a crash replays the log.
#[test]
fn i10_after_an_orderly_end_one_batch_is_remembered() {
    let known_after = |end: fn(&mut Cluster)| {
        let mut cluster = waiting();
        for sequence in 0..3 {
            cluster.produce(0, -1, vec![idempotent(sequence, 1)]);
        }
        end(&mut cluster);
        cluster.start(0);
        cluster.replica(0).producers().get(7).expect("known").batches().len()
    };
    let in_order = |cluster: &mut Cluster| {
        cluster.shut_down(0);
        let wish = cluster.heartbeat(0).expect("at once");
        cluster.answer(&wish, answer(true));
    };
    assert_eq!(known_after(in_order), 1);
    assert_eq!(known_after(|cluster| cluster.crash(0)), 3);
}

/// `broker.md F14`: after five minutes it waits no longer.
#[test]
fn f14_the_deadline_ends_the_wait() {
    let mut cluster = waiting();
    cluster.shut_down(0);
    cluster.run(299_999);
    assert!(!cluster.ended[0]);
    cluster.run(1);
    assert!(cluster.ended[0]);
}

/// `controlled.shutdown.enable=false`: it ends without a word to the controller.
#[test]
fn without_controlled_shutdown_it_ends_at_once() {
    let broker = BrokerConfig { controlled_shutdown: false, ..broker_config() };
    let mut cluster = Cluster::new(Setup { broker, ..Setup::default() });
    cluster.shut_down(0);
    assert!(cluster.ended[0] && cluster.heartbeat(0).is_none());
}

/// A follower that is about to end stops fetching what it is not in sync with any more (Kafka's `isInControlledShutdown`).
#[test]
fn a_follower_that_leaves_stops_fetching() {
    let mut cluster = waiting();
    cluster.shut_down(2);
    cluster.decide(&[0, 1, 2], Some(0), (0, 1), &[0, 1]);
    cluster.produce(0, 1, vec![batch_of(0, 2)]);
    cluster.run(3_000);
    assert_eq!(cluster.ends(), [2, 2, 0]);
}
