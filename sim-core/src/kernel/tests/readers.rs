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
