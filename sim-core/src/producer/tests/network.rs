//! `producer.md 4.3` to `4.6`, `4.11`: connections, timeouts, metadata; and the loop's rules of `FORMAT.md`.

use super::rig::{Answer, NEWEST, NODE_0, NODE_1, Rig};
use crate::config::Release;
use crate::protocol::{ErrorCode, Exception};
use crate::trace::{Event, EventKind};

const PLAIN: [(&str, &str); 3] = [("enable.idempotence", "false"), ("linger.ms", "0"), ("batch.size", "1")];

fn plain(more: &[(&'static str, &'static str)]) -> Rig {
    Rig::new(&[&PLAIN, more].concat())
}

/// `producer.md 4.3`: no more than max.in.flight requests on a connection.
#[test]
fn the_pipe_holds_max_in_flight() {
    let mut rig = plain(&[("max.in.flight.requests.per.connection", "2")]);
    for _ in 0..5 {
        rig.send(0);
    }
    rig.run_to(20);
    assert_eq!(rig.request_times(), [0, 0, 2, 2, 4]);
}

/// `FORMAT.md`: one answer a connection and poll: two answers due at once take two turns, at the same instant.
#[test]
fn one_answer_a_connection_and_poll() {
    let mut rig = plain(&[]).answering(&[Answer::Late(5), Answer::Late(5)]);
    rig.send(0);
    rig.send(0);
    rig.run_to(20);
    assert_eq!(rig.results, [(5, 0, Ok(0)), (5, 1, Ok(1))]);
}

/// `producer.md 4.6`, `FORMAT.md`: late is *more* than request.timeout.ms; the poll that begins at exactly that age lasts 1 ms.
#[test]
fn a_lone_late_request_is_found_one_ms_late() {
    let mut rig = plain(&[("request.timeout.ms", "100")]).answering(&[Answer::Lost]);
    rig.send(0);
    rig.run_to(150);
    assert!(matches!(
        rig.events(EventKind::Retry)[..],
        [Event::Retry { error: ErrorCode::RequestTimedOut, .. }]
    ));
    assert_eq!(rig.stamp_of(EventKind::Retry), Some(101));
}

/// `producer.md 4.6`: one late request closes the connection and cancels every request on it, the fresh one too.
#[test]
fn one_late_request_cancels_all_on_its_connection() {
    let mut rig = plain(&[("request.timeout.ms", "100")]).answering(&[Answer::Lost, Answer::Lost]);
    rig.send(0);
    rig.run_to(100);
    rig.send(0);
    rig.run_to(101);
    assert_eq!(rig.events(EventKind::Retry).len(), 2);
}

/// `producer.md 4.6`: before 3.5 a timeout looks like any disconnect.
#[test]
fn a_timeout_is_a_network_exception_before_3_5() {
    let config = [PLAIN[0], PLAIN[1], PLAIN[2], ("request.timeout.ms", "100")];
    let mut rig = Rig::of(Release::new(3, 4), &config).answering(&[Answer::Lost]);
    rig.send(0);
    rig.run_to(150);
    assert!(matches!(
        rig.events(EventKind::Retry)[..],
        [Event::Retry { error: ErrorCode::NetworkException, .. }]
    ));
}

/// `producer.md 4.4`: reconnects back off 50, 100, 200, ... ms; waiting for an unreachable node is no attempt (9, no. 26).
#[test]
fn reconnects_back_off() {
    let mut rig = plain(&[("metadata.max.age.ms", "100000")]);
    rig.refuses = true;
    rig.break_connection(NODE_0);
    rig.run_to(1);
    rig.send(0);
    rig.run_to(400);
    let to_0: Vec<i64> = rig.connects.iter().filter(|c| c.1 == NODE_0).map(|c| c.0).collect();
    assert_eq!(to_0, [50, 151, 352], "each 50, 100, 200 ms after the last end, a refusal takes 1 ms");
    assert_eq!(rig.events(EventKind::Retry).len(), 0);
}

/// `producer.md 4.11`: any disconnect asks for metadata.
#[test]
fn a_disconnect_asks_for_metadata() {
    let mut rig = plain(&[]);
    rig.run_to(500);
    rig.break_connection(NODE_0);
    rig.run_to(510);
    assert_eq!(rig.metadata_asked, [(500, 1)]);
}

/// `producer.md 4.11`: answers that bring nothing new slow the asking down, from 100 ms to 1 s; before 3.7 it is 100 ms.
#[test]
fn equivalent_answers_slow_the_asking_down() {
    let asked = |release| {
        let mut rig = Rig::of(release, &PLAIN);
        rig.run_to(5_000);
        rig.move_leader(0, None, 1);
        rig.send(0);
        rig.break_connection(NODE_0);
        rig.answers.push_back(Answer::Error(ErrorCode::NotLeaderOrFollower));
        rig.run_to(8_000);
        rig.metadata_asked.windows(2).map(|pair| pair[1].0 - pair[0].0).collect::<Vec<_>>()
    };
    let newest = asked(NEWEST);
    assert_eq!(newest[..5], [102, 102, 202, 402, 802], "{newest:?}");
    assert!(asked(Release::new(3, 6)).iter().all(|&ms| ms == 102));
}

/// `producer.md 4.11`: metadata is refreshed after `metadata.max.age.ms`.
#[test]
fn metadata_grows_old() {
    let mut rig = plain(&[("metadata.max.age.ms", "300")]);
    rig.run_to(1_000);
    assert_eq!(rig.metadata_asked, [(300, 1), (602, 1), (904, 1)]);
}

/// `producer.md 4.11`: an older leader epoch than the known one is ignored; before 2.2 the client knew no epochs.
#[test]
fn an_older_leader_epoch_is_ignored() {
    let leader = |release| {
        let mut rig = Rig::cold(release, &[PLAIN[0], PLAIN[1], PLAIN[2], ("metadata.max.age.ms", "300")]);
        rig.move_leader(0, Some(NODE_1), 5);
        rig.send(0);
        rig.run_to(20);
        rig.move_leader(0, Some(NODE_0), 4);
        rig.run_to(400);
        rig.send(0);
        rig.run_to(500);
        rig.written.last().map(|written| written.node)
    };
    assert_eq!(leader(NEWEST), Some(NODE_1));
    assert_eq!(leader(Release::new(2, 1)), Some(NODE_0));
}

/// `producer.md 6.1`, connections.max.idle.ms: a connection that is quiet for so long is closed, and opened again on use.
#[test]
fn quiet_connections_are_closed() {
    let mut rig = plain(&[("connections.max.idle.ms", "1000"), ("metadata.max.age.ms", "400")]);
    rig.run_to(3_000);
    assert_eq!(rig.connects, []);
    rig.send(2);
    rig.run_to(3_100);
    assert_eq!(rig.connects.first(), Some(&(3_000, NODE_1)));
}

/// `producer.md 4.11`: 4.0+ with nothing usable the client starts over from its bootstrap brokers and forgets its metadata,
/// so that send() blocks; with `none` it keeps what it knows and queues.
#[test]
fn rebootstrap_forgets_the_metadata() {
    let sends = |strategy| {
        let config = [
            ("metadata.recovery.strategy", strategy),
            ("max.block.ms", "500"),
            ("linger.ms", "0"),
            ("reconnect.backoff.ms", "5000"),
        ];
        let mut rig = Rig::new(&config);
        rig.refuses = true;
        rig.break_connection(NODE_0);
        rig.break_connection(NODE_1);
        rig.run_to(1_000);
        rig.send(0);
        rig.run_to(2_000);
        rig.rejected
    };
    assert_eq!(sends("rebootstrap"), [(1_500, 0, Exception::TimeoutException, false)]);
    assert_eq!(sends("none"), []);
}

/// `FORMAT.md`: a sender that has a ready node but may not drain (5.3) does not stand still: its second poll in a row at one
/// instant lasts a millisecond.
#[test]
fn a_spinning_sender_lets_time_pass() {
    let mut rig = Rig::new(&[("linger.ms", "0"), ("batch.size", "1")])
        .answering(&[Answer::Error(ErrorCode::NotEnoughReplicas), Answer::Late(50)]);
    for _ in 0..3 {
        rig.send(0);
    }
    rig.run_to(300);
    assert_eq!(rig.results.len(), 3);
}
