//! What consumers see of clusters that lose records (`broker.md 8.1`).

use super::fixture::with_seeds;
use crate::record::BrokerId;
use crate::trace::{Event, EventKind};

/// The last member of the ISR loses its page cache while two consumers read: records 0 to 39 were there for all to see, five
/// of them are left, and ten more come later.
fn last_one_standing(reset: &str) -> String {
    format!(
        "stop = \"5min\"\n[cluster]\ntiming.flush = \"1h\"\n\
         features = {{ \"eligible.leader.replicas.version\" = 0 }}\n\
         [[topics]]\nname = \"orders\"\n\
         [[producers]]\nid = \"shop\"\nstart = \"warm\"\n\
         [[producers.sends]]\ntopic = \"orders\"\ncount = 40\nevery = \"50ms\"\n\
         [[producers.sends]]\ntopic = \"orders\"\nstart = \"70s\"\ncount = 10\nevery = \"50ms\"\n\
         [[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\n\
         config = {{ \"auto.offset.reset\" = \"{reset}\" }}\n\
         [[faults]]\nat = \"3s\"\ndo = {{ crash = 1, for = \"55s\" }}\n\
         [[faults]]\nat = \"3s\"\ndo = {{ crash = 2, for = \"55s\" }}\n\
         [[faults]]\nat = \"30s\"\ndo = {{ crash = 0, power = true, survives = 5, for = \"10s\" }}\n"
    )
}

/// `broker.md C7`: read and then gone. The consumer goes on at the end of what is left, and so reads what comes after it.
#[test]
fn records_that_were_read_may_be_gone() {
    for reset in ["earliest", "latest"] {
        with_seeds(&last_one_standing(reset), |seed, run| {
            let audit = &run.finished.consumers[0];
            assert_eq!(audit.gone.len(), 35, "{reset}, seed {seed}");
            assert_eq!(audit.gone.first().map(|record| record.index), Some(5), "{reset}, seed {seed}");
            assert_eq!(
                (audit.read.len(), audit.lag),
                (50, 0),
                "{reset}, seed {seed}: nothing twice, nothing missed"
            );
        });
    }
}

/// `broker.md C1`, R19: a record is read when acks=all is answered, not before.
#[test]
fn nothing_is_read_before_it_is_committed() {
    let text = "[[topics]]\nname = \"orders\"\n[[producers]]\nid = \"shop\"\nstart = \"warm\"\n\
                [[producers.sends]]\ntopic = \"orders\"\ncount = 20\nevery = \"10ms\"\n\
                [[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\n";
    with_seeds(text, |seed, run| {
        let committed = run.times(|event| matches!(event, Event::HwAdvanced { broker: BrokerId(0), .. }));
        let read = run.times_of(EventKind::Consumed);
        assert_eq!((committed.len(), read.len()), (20, 20), "seed {seed}");
        assert!(committed.iter().zip(&read).all(|(committed, read)| read > committed), "seed {seed}");
        assert!(run.finished.consumers[0].gone.is_empty(), "seed {seed}");
    });
}

/// `broker.md C5`: the consumer in rack c reads from broker 2, all that there is; the one in rack a from the leader.
#[test]
fn c5_consumers_read_in_their_racks() {
    let text = "[cluster]\nracks = [\"a\", \"b\", \"c\"]\n\
                config = { \"replica.selector.class\" = \"RackAwareReplicaSelector\" }\n\
                [[topics]]\nname = \"orders\"\n[[producers]]\nid = \"shop\"\nstart = \"warm\"\n\
                [[producers.sends]]\ntopic = \"orders\"\ncount = 20\nevery = \"10ms\"\n\
                [[consumers]]\nid = \"near\"\ntopics = [\"orders\"]\nconfig = { \"client.rack\" = \"c\" }\n\
                [[consumers]]\nid = \"far\"\ntopics = [\"orders\"]\nconfig = { \"client.rack\" = \"a\" }\n";
    with_seeds(text, |seed, run| {
        let by = |consumer: u16, from: u32| {
            let is_it = |event: &Event| {
                matches!(event, Event::Consumed { consumer: who, broker, .. }
                    if who.0 == consumer && *broker == BrokerId(from))
            };
            run.times(is_it)
        };
        let (near, far) = (by(0, 2), by(1, 0));
        assert_eq!((near.len(), far.len()), (20, 20), "seed {seed}");
        assert!(near.iter().zip(&far).all(|(near, far)| near > far), "seed {seed}: a follower knows later");
    });
}

/// `broker.md C7`, R31: in a cluster of 2.6 both the follower and the consumer ask the new leader where the old epoch ends, and
/// only then fetch from it.
#[test]
fn epochs_are_asked_about_before_the_first_fetch() {
    let text = "profile = \"kafka-2.6\"\n[[topics]]\nname = \"orders\"\n\
                [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = { \"acks\" = \"all\" }\n\
                [[producers.sends]]\ntopic = \"orders\"\ncount = 40\nevery = \"50ms\"\n\
                [[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\n\
                [[faults]]\nat = \"1s\"\ndo = { elect = \"orders-0\", leader = 1 }\n";
    with_seeds(text, |seed, run| {
        let to_1 = |event: &Event| match event {
            Event::Message(message) if message.sent && message.ends.broker == BrokerId(1) => {
                message.ends.follower.is_some() || message.ends.consumer.is_some()
            }
            _ => false,
        };
        for asker in [Some(BrokerId(0)), Some(BrokerId(2)), None] {
            let asked: Vec<&str> = run
                .events()
                .iter()
                .filter(|(_, event)| to_1(event))
                .filter_map(|(_, event)| match event {
                    Event::Message(message) if message.ends.follower == asker => Some(event.kind().name()),
                    _ => None,
                })
                .filter(|name| name.ends_with("request-sent") && !name.starts_with("metadata"))
                .take(2)
                .collect();
            let expected = ["offset-for-leader-epoch-request-sent", "fetch-request-sent"];
            assert_eq!(asked, expected, "{asker:?}, seed {seed}");
        }
        assert_eq!(run.finished.consumers[0].read.len(), 40, "seed {seed}");
    });
}
