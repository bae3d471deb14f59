//! `[chaos]`: each kind does what it says, within its bounds, and the run ends.

use super::fixture::{Played, play, with_seeds};
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind};

/// Two records a second for twenty seconds, brokers that are missed after a second, and this chaos.
fn story(chaos: &str) -> String {
    format!(
        "stop = \"3min\"\n[cluster.config]\n\"broker.session.timeout.ms\" = 1000\n\
         \"broker.heartbeat.interval.ms\" = 250\n\"replica.lag.time.max.ms\" = 1000\n\
         \"replica.socket.timeout.ms\" = 1000\n\
         [[topics]]\nname = \"orders\"\npartitions = 2\nconfig = {{ \"min.insync.replicas\" = 2 }}\n\
         [[producers]]\nid = \"shop\"\nconfig = {{ \"request.timeout.ms\" = 1000 }}\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 40\nevery = \"500ms\"\nvalue = {{ bytes = 100 }}\n\
         [chaos]\n{chaos}\n"
    )
}

/// Begins and ends of random faults of this word.
fn random(run: &Played, word: &str, wanted: &str) -> Vec<Time> {
    run.times(
        |event| matches!(event, Event::Fault { fault: -1, r#do, state } if *r#do == word && *state == wanted),
    )
}

fn stopped(run: &Played, wanted: &str) -> usize {
    run.times(|event| matches!(event, Event::BrokerStopped { by, .. } if *by == wanted)).len()
}

/// `scenario-format.md`, `[chaos]`: brokers die, lose power and stand still, and all of it is over in the end.
#[test]
fn brokers_are_struck_and_come_back() {
    for (kind, by) in [("crash", "crash"), ("power", "power"), ("pause", "pause")] {
        let text = story(&format!("until = \"15s\"\n{kind} = {{ rate = \"1/s\", for = \"1s\" }}"));
        with_seeds(&text, |seed, run| {
            let (begun, over) = (random(run, kind, "begun"), random(run, kind, "over"));
            assert!(begun.len() > 3, "{kind}, seed {seed}: 15 are expected, {} came", begun.len());
            assert_eq!((begun.len(), stopped(run, by)), (over.len(), over.len()), "{kind}, seed {seed}");
            let lasted = |(&begun, &over): (&Time, &Time)| over.since(begun) == Span::from_millis(1_000);
            assert!(begun.iter().zip(&over).all(lasted), "{kind}, seed {seed}");
            assert_eq!(run.finished.counters.ended_by, "settled", "{kind}, seed {seed}");
        });
    }
}

#[test]
fn links_and_messages_are_struck() {
    for (kind, seen) in [
        ("cut = { rate = \"3/s\", for = \"1s\" }", EventKind::MessageLost),
        ("lose-request = { rate = \"3/s\" }", EventKind::MessageLost),
        ("lose-response = { rate = \"3/s\", for = \"100ms\" }", EventKind::MessageLost),
        ("reset = { rate = \"3/s\" }", EventKind::ConnectionClosed),
        ("reset = { rate = \"3/s\", for = \"200ms\" }", EventKind::ConnectionClosed),
        ("delay = { rate = \"3/s\", for = \"300ms\" }", EventKind::Fault),
    ] {
        with_seeds(&story(&format!("until = \"15s\"\n{kind}")), |seed, run| {
            assert!(run.of(seen).count() > 3, "{kind}, seed {seed}");
            assert_eq!(run.finished.counters.ended_by, "settled", "{kind}, seed {seed}");
        });
    }
}

#[test]
fn nothing_begins_outside_of_from_and_until() {
    let bounds = "from = \"4s\"\nuntil = \"8s\"";
    let text = story(&format!(
        "{bounds}\ncrash = {{ rate = \"2/s\", for = \"300ms\" }}\nreset = {{ rate = \"5/s\" }}"
    ));
    with_seeds(&text, |seed, run| {
        let begun = [random(run, "crash", "begun"), random(run, "reset", "begun")].concat();
        let within = Time::from_millis(4_000)..Time::from_millis(8_000);
        assert!(begun.len() > 3 && begun.iter().all(|at| within.contains(at)), "seed {seed}: {begun:?}");
    });
}

/// `max-down`: with one at most, nobody is struck before the one before it is back in both ISRs.
#[test]
fn so_many_are_away_at_most() {
    let text = story("until = \"19s\"\nmax-down = 1\ncrash = { rate = \"4/s\", for = \"500ms\" }");
    with_seeds(&text, |seed, run| {
        let mut down = None;
        for (_, event) in run.events() {
            match *event {
                Event::BrokerStopped { broker, .. } => {
                    assert!(down.is_none_or(|other| other == broker), "seed {seed}: {broker} and {down:?}");
                    down = Some(broker);
                }
                Event::IsrExpanded { ref isr, .. } if isr.len() == 3 => down = None,
                _ => {}
            }
        }
        assert!(stopped(run, "crash") > 2, "seed {seed}");
        assert_eq!(run.lost(), 0, "seed {seed}");
    });
}

/// Chaos without an end does not keep a run open, and `stop` ends what never settles.
#[test]
fn a_run_under_chaos_ends() {
    let short = story("crash = { rate = \"0.2/s\", for = \"500ms\" }");
    assert_eq!(play(&short, 1).finished.counters.ended_by, "settled");
    let never = story("cut = { rate = \"500/s\", for = \"10min\" }");
    assert_eq!(play(&never, 1).finished.counters.ended_by, "stop");
}

/// A kind of chaos draws from streams of its own: another kind beside it moves none of its times.
#[test]
fn kinds_do_not_move_each_other() {
    let crash = "until = \"15s\"\ncrash = { rate = \"1/s\", for = \"200ms\" }\n";
    let alone = play(&story(crash), 1);
    let beside = play(&story(&format!("{crash}delay = {{ rate = \"3/s\", for = \"5ms\" }}")), 1);
    let first = |run| random(run, "crash", "begun").first().copied();
    assert!(first(&alone).is_some());
    assert_eq!(first(&alone), first(&beside));
}
