//! The controller's word, and whom it is for (`broker.md F5`, F6, F11): processes that have just begun, that stood still, that
//! the controller lost sight of while it was down.

use super::fixture::{Played, begun, with_seeds};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::Event;
use crate::verdict::{Because, Kind};

fn cluster(faults: &str) -> String {
    format!(
        "stop = \"5min\"\n[cluster]\ntiming.flush = \"10s\"\n\
         [[topics]]\nname = \"orders\"\nassignment = [[0, 1, 2]]\nconfig = {{ \"min.insync.replicas\" = 2 }}\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = {{ \"linger.ms\" = 0 }}\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 2000\nevery = \"5ms\"\n{faults}"
    )
}

/// The epochs in which a broker took the leadership.
fn led(run: &Played, who: u32) -> Vec<i32> {
    let taken = run.events().iter().filter_map(|(_, event)| match *event {
        Event::RoleChanged { broker, leader, leader_epoch, .. } => {
            (broker.0 == who && leader.0 == Some(broker)).then_some(leader_epoch)
        }
        _ => None,
    });
    taken.collect()
}

/// A follower loses power and 300 ms later is back with the first 100 records. Its session still runs, so the controller takes
/// it for the old process, which is in the ISR, and makes it the leader.
const FAST_RESTART: &str = "[[faults]]\nat = \"2s\"\ndo = { crash = 1, power = true, survives = 100, for = \"300ms\" }\n\
                            [[faults]]\nat = \"2400ms\"\ndo = { elect = \"orders-0\", leader = 1 }\n";

/// `broker.md F5`, F6, V14: the new process is not registered yet, and takes no role: it would lead without what it has lost.
/// It is let in when the old session is over, follows, and has all of it again.
#[test]
fn f6_a_process_takes_no_role_before_it_is_registered() {
    let text = cluster(FAST_RESTART);
    with_seeds(&text, |seed, run| {
        assert_eq!(run.elections()[0], (Some(BrokerId(1)), "forced", false), "seed {seed}");
        assert!(!led(run, 1).contains(&1), "seed {seed}");
        assert_eq!(run.acknowledged(), 2_000, "seed {seed}");
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
        assert_eq!(run.finished.logs[0].isr.len(), 3, "seed {seed}");
    });
}

/// `broker.md F11`, F12: what has been decided while a process stood still it gets with one fetch, and applies as one change:
/// it does not lead for an instant in the epoch that was over before it went on.
#[test]
fn f11_who_stood_still_leads_in_no_epoch_that_is_over() {
    let text = cluster(
        "[[faults]]\nat = \"2s\"\ndo = { pause = 1, for = \"4s\" }\n\
         [[faults]]\nat = \"3s\"\ndo = { elect = \"orders-0\", leader = 1 }\n\
         [[faults]]\nat = \"4s\"\ndo = { elect = \"orders-0\", leader = 2 }\n",
    );
    with_seeds(&text, |seed, run| {
        assert_eq!(run.elections().len(), 2, "seed {seed}");
        assert!(led(run, 1).is_empty(), "seed {seed}");
        assert_eq!(run.acknowledged(), 2_000, "seed {seed}");
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
    });
}

/// `broker.md Z6`: whatever the network's latency for metadata, who goes on is in the picture 76 to 90 ms later.
#[test]
fn z6_who_goes_on_is_in_the_picture_after_76_to_90_ms() {
    for metadata in ["", "timing.metadata = \"20ms\"\n"] {
        let text = cluster(
            "[[faults]]\nat = \"2s\"\ndo = { pause = 0, for = \"4s\" }\n\
             [[faults]]\nat = \"3s\"\ndo = { elect = \"orders-0\", leader = 1 }\n",
        );
        let text = text.replace("[cluster]\n", &format!("[cluster]\n{metadata}"));
        let mut delays = Vec::new();
        for seed in 1..=8 {
            let run = super::fixture::play(&text, seed);
            let learns = run.first(|event| matches!(event, Event::RoleChanged { broker: BrokerId(0), .. }));
            delays.push(learns.since(Time::from_millis(6_000)));
        }
        let range = Span::from_millis(76)..=Span::from_millis(90);
        assert!(delays.iter().all(|delay| range.contains(delay)), "{delays:?}");
        delays.dedup();
        assert!(delays.len() > 1, "drawn each time: {delays:?}");
    }
}

/// `broker.md F4`, F11: a controller that comes back answers each broker's fetch from where that broker is. A word that died
/// with the old process is told by the new one, not by the next heartbeat but one that shows it missing.
#[test]
fn f4_a_controller_that_is_back_tells_what_was_on_its_way() {
    let text = cluster(
        "[[faults]]\nat = \"2s\"\ndo = { elect = \"orders-0\", leader = 1 }\n\
         [[faults]]\nat = \"2000500us\"\ndo = { crash = \"controller\", for = \"500ms\" }\n",
    );
    with_seeds(&text, |seed, run| {
        let back = Time::from_millis(2_500) + Span::from_micros(500);
        assert_eq!(run.leads_from(1).since(back), Span::from_millis(1), "seed {seed}");
        assert!(run.verdict.findings.list.is_empty(), "seed {seed}");
    });
}

/// A process that is not the one that is registered hears nothing, so it does not know what it has not been told: until the
/// old session is over (9 s and a sweep after the last heartbeat) no role changes there.
#[test]
fn f5_nothing_is_said_to_a_process_that_is_refused() {
    let mut run = begun(&cluster(FAST_RESTART), 1);
    while run.next_time().is_some_and(|at| at < Time::from_millis(6_000)) {
        run.step();
    }
    let replica = run.brokers()[1].partitions().next().expect("its log is there");
    assert_eq!((replica.leader_epoch(), replica.log().end_offset()), (-1, 100));
}

/// `broker.md F11`: new settings of a topic come with the metadata: a leader that stood still judges by the old ones until it
/// has applied what it missed.
#[test]
fn f11_who_stood_still_has_the_old_settings_for_a_while() {
    let text = cluster(
        "[[faults]]\nat = \"1s\"\ndo = { shutdown = 2 }\n\
         [[faults]]\nat = \"4s\"\ndo = { pause = 0, for = \"1s\" }\n\
         [[faults]]\nat = \"4500ms\"\ndo = { set-config = \"orders\", config = { \"min.insync.replicas\" = 3 } }\n",
    );
    with_seeds(&text, |seed, run| {
        let refused = run.first(|event| matches!(event, Event::AppendRefused { .. }));
        let after = refused.since(Time::from_millis(5_000));
        assert!(after >= Span::from_millis(76) && after < Span::from_millis(110), "seed {seed}: {after}");
    });
}

/// `broker.md F3`, F11: a leader that is cut off from the controller keeps its old settings, and goes on by them; once it is heard
/// again it has the new ones.
#[test]
fn f11_who_is_cut_off_keeps_the_old_settings() {
    let text = cluster(
        "[[faults]]\nat = \"1s\"\ndo = { shutdown = 2 }\n\
         [[faults]]\nat = \"4s\"\ndo = { cut = [0, \"controller\"], for = \"2s\" }\n\
         [[faults]]\nat = \"4500ms\"\ndo = { set-config = \"orders\", config = { \"min.insync.replicas\" = 3 } }\n",
    );
    with_seeds(&text, |seed, run| {
        assert!(
            run.times(|event| matches!(event, Event::BrokerFenced { broker: BrokerId(0), .. })).is_empty()
        );
        let refused = run.first(|event| matches!(event, Event::AppendRefused { .. }));
        // A heartbeat is written again at the latest 3 s after it met the cut, which was 2 s long; it, or the one 2 s behind it,
        // shows what has not come.
        let healed = Time::from_millis(6_000);
        assert!(
            refused > healed && refused.since(healed) < Span::from_millis(3_700),
            "seed {seed}: {refused}"
        );
    });
}

/// `broker.md F11`: settings come as late as any other word, to each broker on its own.
#[test]
fn f11_settings_take_as_long_as_the_word() {
    let text = cluster(
        "[[faults]]\nat = \"1s\"\ndo = { shutdown = 2 }\n\
         [[faults]]\nat = \"4500ms\"\ndo = { set-config = \"orders\", config = { \"min.insync.replicas\" = 3 } }\n",
    );
    let text = text.replace("[cluster]\n", "[cluster]\ntiming.metadata = \"400ms\"\n");
    with_seeds(&text, |seed, run| {
        let refused = run.first(|event| matches!(event, Event::AppendRefused { .. }));
        let after = refused.since(Time::from_millis(4_500));
        assert!(after >= Span::from_millis(400) && after < Span::from_millis(420), "seed {seed}: {after}");
    });
}

/// `broker.md F17`, R23: Kafka's gap around the ELR. A leader goes on after a pause, in which `min.insync.replicas` was raised. Its
/// proposal to drop the follower that it does not reach is answered before the new setting has come: the follower is in the ELR,
/// and the leader commits alone. What that was is lost with an election that the controller takes for clean, and the verdict
/// knows why.
#[test]
fn f17_a_leader_with_the_old_min_isr_commits_what_the_elr_lacks() {
    let text = "stop = \"60s\"\n[cluster]\nbrokers = 2\nconfig = { \"replica.lag.time.max.ms\" = 600 }\n\
         [[topics]]\nname = \"orders\"\nassignment = [[0, 1]]\nconfig = { \"min.insync.replicas\" = 1 }\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = { \"linger.ms\" = 0 }\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 4600\nevery = \"1ms\"\n\
         [[faults]]\nat = \"1s\"\ndo = { cut = [0, 1], for = \"20s\" }\n\
         [[faults]]\nat = \"1100ms\"\ndo = { pause = 0, for = \"3s\" }\n\
         [[faults]]\nat = \"2s\"\ndo = { set-config = \"orders\", config = { \"min.insync.replicas\" = 2 } }\n\
         [[faults]]\nat = \"4300ms\"\ndo = { crash = 0 }\n";
    with_seeds(text, |seed, run| {
        assert_eq!(run.elections(), [(Some(BrokerId(1)), "fenced", false)], "seed {seed}");
        let lost = || run.verdict.findings.list.iter().filter(|finding| finding.kind == Kind::Lost);
        assert!(lost().count() > 0, "seed {seed}");
        assert!(lost().all(|finding| finding.because == Because::OldMinIsr), "seed {seed}");
    });
}

/// `broker.md F11`, R20: a broker's own settings come the same way. With a shorter `replica.lag.time.max.ms` the next scan of the
/// leader, 15 s apart by the old one, finds the follower that has been cut off; before it had had 30 s.
#[test]
fn f11_a_brokers_own_settings_come_with_the_word() {
    let text = |settings: &str| {
        cluster(&format!("[[faults]]\nat = \"3s\"\ndo = {{ cut = [0, 2], for = \"60s\" }}\n{settings}"))
    };
    let settings =
        "[[faults]]\nat = \"1s\"\ndo = { set-config = 0, config = { \"replica.lag.time.max.ms\" = 1000 } }\n";
    let after = |run: &Played| {
        run.first(|event| matches!(event, Event::IsrShrunk { .. })).since(Time::from_millis(3_000))
    };
    with_seeds(&text(""), |seed, run| assert!(after(run) > Span::from_millis(30_000), "seed {seed}"));
    with_seeds(&text(settings), |seed, run| {
        assert!(after(run) < Span::from_millis(16_200), "seed {seed}: {}", after(run));
    });
}
