//! A controller that dies and comes back (`broker.md F4`), and brokers fenced by hand.

use super::fixture::{Played, play};
use crate::controller::AdminError;
use crate::protocol::{ErrorCode, Response};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind, MessageBody};
use crate::verdict::Told;

fn text(faults: &str) -> String {
    format!(
        "stop = \"5min\"\n[[topics]]\nname = \"orders\"\n[[producers]]\nid = \"shop\"\nstart = \"warm\"\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 400\nevery = \"100ms\"\n{faults}"
    )
}

fn fault(at: &str, act: &str) -> String {
    format!("[[faults]]\nat = \"{at}\"\ndo = {act}\n")
}

/// `broker.md 4.4`, controller down: leaders keep working, nobody is fenced; when it is back, so are the heartbeats.
#[test]
fn leaders_work_without_the_controller() {
    for seed in 1..=5 {
        let run = play(&text(&fault("3s", "{ crash = \"controller\", for = \"20s\" }")), seed);
        assert!(run.finished.ledger.lines().all(|line| line.told == Told::Acknowledged), "seed {seed}");
        let decided = run.times(|event| {
            matches!(event.kind(), EventKind::BrokerFenced | EventKind::LeaderChanged | EventKind::IsrShrunk)
        });
        assert!(decided.is_empty(), "seed {seed}: {decided:?}");
        assert!(run.longest_silence() < Span::from_millis(150), "seed {seed}");
        let back = Time::from_millis(23_000);
        let beats = run.times(|event| {
            matches!(event, Event::Message(message) if message.body.kind(message.sent) == EventKind::HeartbeatResponse)
        });
        let first = beats.iter().find(|&&time| time > back).expect("they go on");
        assert!(first.since(back) < Span::from_millis(150), "seed {seed}: tried every 50 ms");
    }
}

/// `broker.md F4`: a broker that dies while the controller is down is fenced 9 s after that one is back, at the next of its
/// sweeps, which begin anew: 9 to 10.125 s.
#[test]
fn f4_detection_costs_a_whole_session_after_the_controllers_return() {
    for seed in 1..=5 {
        let faults = fault("3s", "{ crash = \"controller\", for = \"5s\" }") + &fault("4s", "{ crash = 0 }");
        let run = play(&text(&faults), seed);
        let fenced = run.first(|event| matches!(event, Event::BrokerFenced { broker: BrokerId(0), .. }));
        let after = fenced.since(Time::from_millis(8_000));
        assert!(
            after >= Span::from_millis(9_000) && after <= Span::from_millis(10_125),
            "seed {seed}: {after}"
        );
        assert_eq!(run.lost(), 0);
    }
}

/// A broker that starts while there is no controller registers once there is one.
#[test]
fn registration_waits_for_the_controller() {
    let faults = fault("3s", "{ crash = \"controller\", for = \"20s\" }")
        + &fault("4s", "{ crash = 1, for = \"1s\" }");
    let run = play(&text(&faults), 1);
    let registered = run.first(|event| matches!(event, Event::BrokerRegistered { .. }));
    assert!(registered > Time::from_millis(23_000 + 9_000), "F5: its old session began anew");
    assert_eq!(run.finished.logs[0].isr.len(), 3);
}

/// Without a controller nobody decides. An administrator's client asks again until there is one: its wish is done then.
#[test]
fn what_is_asked_of_a_controller_that_is_down_waits_for_it() {
    let faults =
        fault("3s", "{ crash = \"controller\" }") + &fault("4s", "{ elect = \"orders-0\", leader = 1 }");
    let run = play(&text(&faults), 1);
    assert!(run.elections().is_empty());
    assert_eq!(run.finished.refused[0].error, AdminError::NoController);
    let run = play(&text(&(faults + &fault("5s", "{ restart = \"controller\" }"))), 1);
    assert_eq!(run.elections(), [(Some(BrokerId(1)), "forced", false)]);
    assert_eq!(run.first(|event| matches!(event, Event::LeaderChanged { .. })), Time::from_millis(5_000));
    assert!(run.finished.refused.is_empty());
}

/// It gives up after 60 s (`default.api.timeout.ms`).
#[test]
fn an_administrator_gives_up_after_a_minute() {
    for (back, elected) in [("64s", 1), ("64001ms", 0)] {
        let faults = fault("3s", "{ crash = \"controller\" }")
            + &fault("4s", "{ elect = \"orders-0\", leader = 1 }")
            + &fault(back, "{ restart = \"controller\" }");
        let run = play(&text(&faults), 1);
        assert_eq!((run.elections().len(), run.finished.refused.len()), (elected, 1 - elected), "{back}");
    }
}

/// `broker.md F11`: new settings of a topic come to the brokers by the controller's word. While it is down nobody has them; they
/// are in force a moment after it is back.
#[test]
fn f11_no_setting_changes_without_the_controller() {
    let faults = fault("3s", "{ crash = \"controller\", for = \"2s\" }")
        + &fault("4s", "{ set-config = \"orders\", config = { \"min.insync.replicas\" = 4 } }");
    let assignment = "[[topics]]\nname = \"orders\"\nassignment = [[0, 1, 2, 3]]\n";
    let text = text(&faults).replace("[[topics]]\nname = \"orders\"\n", assignment);
    let text =
        text.replace("[[topics]]", "[cluster]\nbrokers = 5\n[[topics]]") + &fault("2s", "{ shutdown = 3 }");
    for seed in 1..=5 {
        let run = play(&text, seed);
        let refused = run.first(|event| matches!(event, Event::AppendRefused { .. }));
        let back = Time::from_millis(5_000);
        // One record every 100 ms shows it.
        assert!(refused > back && refused.since(back) < Span::from_millis(110), "seed {seed}: {refused}");
        assert!(run.finished.refused.is_empty());
    }
}

/// `broker.md F4`, F6: who is fenced by hand until a moment without a controller is let in by the next one, at its heartbeat.
#[test]
fn a_fence_that_ends_without_a_controller_is_over() {
    let faults =
        fault("3s", "{ fence = 1, for = \"2s\" }") + &fault("4s", "{ crash = \"controller\", for = \"3s\" }");
    for seed in 1..=5 {
        let run = play(&text(&faults), seed);
        let unfenced = run.first(|event| matches!(event, Event::BrokerUnfenced { broker: BrokerId(1), .. }));
        let back = Time::from_millis(7_000);
        assert!(
            unfenced > back && unfenced.since(back) < Span::from_millis(2_100),
            "seed {seed}: {unfenced}"
        );
        assert!(run.finished.refused.is_empty(), "seed {seed}");
        assert_eq!(run.finished.logs[0].isr.len(), 3, "seed {seed}");
    }
}

/// A cut from the controller that is shorter than a session fences nobody: what was written meanwhile is written again, 0.2,
/// 0.6, 1.4, 3.0 s after it met the cut, as TCP does.
#[test]
fn a_short_cut_from_the_controller_fences_nobody() {
    for seed in 1..=5 {
        let run = play(&text(&fault("3s", "{ cut = [0, \"controller\"], for = \"3s\" }")), seed);
        let fenced = run.times(|event| matches!(event, Event::BrokerFenced { .. }));
        assert!(fenced.is_empty(), "seed {seed}: {fenced:?}");
        let beats = run.times(|event| {
            matches!(event, Event::Message(message)
                if message.ends.broker == BrokerId(0)
                    && !message.sent
                    && message.body.kind(message.sent) == EventKind::HeartbeatRequest)
        });
        let held = beats.windows(2).map(|pair| pair[1].since(pair[0])).max().expect("several");
        let longest = Span::from_millis(2_000 + 3_100);
        assert!(held > Span::from_millis(2_100) && held <= longest, "seed {seed}: {held}");
    }
}

/// `fence` for a while: the leader moves, and the broker is back in the ISR after it; it never notices by itself (F3).
#[test]
fn a_broker_fenced_by_hand_comes_back() {
    let run = play(&text(&fault("3s", "{ fence = 0, for = \"10s\" }")), 1);
    assert_eq!(run.elections(), [(Some(BrokerId(1)), "fenced", false)]);
    let unfenced = run.times(|event| matches!(event, Event::BrokerUnfenced { .. }));
    assert_eq!(unfenced, [Time::from_millis(13_000)]);
    assert_eq!((run.lost(), run.finished.logs[0].isr.len()), (0, 3));
    let run = play(&text(&(fault("3s", "{ fence = 1 }") + &fault("20s", "{ unfence = 1 }"))), 1);
    assert_eq!(run.times(|event| matches!(event, Event::BrokerUnfenced { .. })), [Time::from_millis(20_000)]);
}

/// What the controllers have answered to proposals of ISRs, as far as it has come to the brokers.
fn answers_to_proposals(run: &Played) -> Vec<ErrorCode> {
    let answer = |event: &Event| match event {
        Event::Message(message) if !message.sent => match &message.body {
            MessageBody::Response(Response::AlterPartition(answer)) => Some(answer.error),
            _ => None,
        },
        _ => None,
    };
    run.events().iter().filter_map(|(_, event)| answer(event)).collect()
}

/// `broker.md F4`, R23 to R25: the active controller fails over right after it has decided on an ISR, and the answer is lost. The next
/// one has that decision: the proposal, sent to it again as it was made, is out of date (INVALID_UPDATE_VERSION), and its word on
/// the partition settles it. Nothing is decided twice, nothing that was decided is gone.
#[test]
fn f4_a_failover_keeps_what_was_decided() {
    // The Raft fetch timeout of 2 s, and an election timeout of 1 to 2 s (F4).
    let faults =
        "[[faults]]\non = { event = \"isr-shrunk\" }\ndo = { crash = \"controller\", for = \"3500ms\" }\n"
            .to_owned()
            + &fault("3s", "{ cut = [0, 2], for = \"20s\" }");
    let config = "[cluster]\nconfig = { \"replica.lag.time.max.ms\" = 2000 }\n[[topics]]\n";
    let text = text(&faults).replace("[[topics]]\n", config);
    for seed in 1..=5 {
        let run = play(&text, seed);
        assert_eq!(run.of(EventKind::IsrShrunk).count(), 1, "seed {seed}");
        assert_eq!(
            answers_to_proposals(&run),
            [ErrorCode::InvalidUpdateVersion, ErrorCode::None],
            "seed {seed}: the shrink again, then the return of broker 2"
        );
        assert!(run.elections().is_empty(), "seed {seed}: all sessions began anew");
        assert_eq!((run.lost(), run.finished.logs[0].isr.len()), (0, 3), "seed {seed}");
        // In sync again by the new controller's word, not by the answer that was lost.
        let decided = run.first(|event| matches!(event, Event::IsrShrunk { .. }));
        let back = decided + Span::from_millis(3_500);
        let settled = run.times(|event| matches!(event, Event::HwAdvanced { broker: BrokerId(0), .. }));
        let next = settled.iter().find(|&&time| time > decided).expect("it goes on");
        assert!(*next > back && next.since(back) < Span::from_millis(100), "seed {seed}: {next}");
    }
}

/// `broker.md F4`, 3.7: what the old controller was about to do it does no more. Its sweep would have fenced a broker 9 s after its
/// last heartbeat; the next controller has given that broker a new session, and hears it before that is over.
#[test]
fn f4_an_old_controller_decides_nothing_more() {
    // Longer than a session and a sweep: without a failover it is fenced.
    let faults = fault("3s", "{ cut = [1, \"controller\"], for = \"10500ms\" }");
    let fenced = |run: &Played| run.of(EventKind::BrokerFenced).count();
    for seed in 1..=5 {
        assert_eq!(fenced(&play(&text(&faults), seed)), 1, "seed {seed}: 9 s and a sweep of 1.125 s at most");
        let failover = fault("9s", "{ crash = \"controller\", for = \"3s\" }");
        assert_eq!(fenced(&play(&text(&(faults.clone() + &failover)), seed)), 0, "seed {seed}");
    }
}
