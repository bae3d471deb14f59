//! What holds in every run, whatever is done to it: the list of `broker.md 10`, each with a checker of its own.
//!
//! A checked run is watched by a [`Feed`], which keeps the events that checkers look at. After each step of the run
//! [`Invariants::after_step`] takes them, brings the common [`history`] up to date, and hands both to the checkers together
//! with a read-only [`look`] at the components. A checker looks at what the step has touched and at nothing else; at the end
//! of the run it looks at everything once. A run that nobody checks knows nothing of all this.
//!
//! What `broker.md 10.2` says under assumptions is checked as long as the assumptions hold for the partition
//! ([`assumptions`]): what the run has done so far decides, not what its settings would allow.

mod acknowledged_kept;
mod acknowledgements;
mod acks_one;
mod alter_partition;
mod assumptions;
mod candidates;
mod consumers;
mod copies;
mod counted_fetches;
mod dense_log;
mod duplicates;
mod epoch_cache;
mod epochs;
mod feed;
mod high_watermark;
mod history;
mod leader_completeness;
mod leader_keeps;
mod liveness;
mod log_matching;
mod look;
mod offsets;
mod producer_table;
mod quorum;
mod refusals;
mod regained_leader;
mod repeatable_read;
mod send_order;
mod true_hw;
mod violation;

pub use feed::Feed;
pub use violation::{Invariant, Violation};

use crate::kernel::{Finished, Run};
use crate::record::TopicPartition;
use crate::trace::{Event, Observer, Seq, Stamp};
use history::History;
use look::{Look, Replica, Touched};
use violation::Found;

/// A checker of one invariant.
trait Checker {
    /// A step has been taken: its events, and what they touched.
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found);

    /// The run is over.
    fn end(&mut self, _: &Look<'_>, _: &mut Found) {}
}

/// A step of a run as its checkers get it.
struct Step<'a> {
    events: &'a [(Stamp, Event)],
    touched: &'a Touched,
}

/// What a step has done to a replica's log.
enum Written {
    /// Batches were appended from this offset on.
    From(i64),
    /// It was cut or has a new role: nothing that was known of it need still be so.
    Anew,
}

impl Step<'_> {
    /// The logs that the step has written, in its order, at brokers that run.
    fn written<'l>(&self, look: &Look<'l>) -> impl Iterator<Item = (Replica<'l>, Written)> {
        self.events.iter().filter_map(|(_, event)| {
            let (broker, topic, partition, written) = match *event {
                Event::Append { broker, topic, partition, base_offset, .. }
                | Event::Replicated { broker, topic, partition, base_offset, .. } => {
                    (broker, topic, partition, Written::From(base_offset))
                }
                Event::Truncated { broker, topic, partition, .. }
                | Event::RoleChanged { broker, topic, partition, .. } => {
                    (broker, topic, partition, Written::Anew)
                }
                _ => return None,
            };
            Some((look.running(broker, TopicPartition { topic, partition })?, written))
        })
    }
}

/// The checkers of one run, and what they have found.
pub struct Invariants {
    history: History,
    checkers: Vec<Box<dyn Checker>>,
    touched: Touched,
    found: Found,
}

impl Invariants {
    /// The checkers of a run that has not begun.
    pub fn new<O: Observer>(run: &Run<(Feed, O)>) -> Invariants {
        let history = History::new(run.scenario());
        let look = Look::at(run, &history);
        let checkers: Vec<Box<dyn Checker>> = vec![
            Box::new(dense_log::DenseLog),
            Box::new(log_matching::LogMatching),
            Box::new(epochs::Epochs::new(&look)),
            Box::new(leader_keeps::LeaderKeeps::default()),
            Box::new(offsets::Offsets),
            Box::new(alter_partition::AlterPartition::new(&look)),
            Box::new(counted_fetches::CountedFetches::default()),
            Box::new(high_watermark::HighWatermark::default()),
            Box::new(acknowledgements::Acknowledgements::default()),
            Box::new(refusals::Refusals::new(&look)),
            Box::new(epoch_cache::EpochCache),
            Box::new(producer_table::ProducerTable),
            Box::new(consumers::Consumers::default()),
            Box::new(leader_completeness::LeaderCompleteness),
            Box::new(acknowledged_kept::AcknowledgedKept),
            Box::new(candidates::Candidates),
            Box::new(quorum::Quorum),
            Box::new(true_hw::TrueHw),
            Box::new(repeatable_read::RepeatableRead::default()),
            Box::new(duplicates::Duplicates::default()),
            Box::new(send_order::SendOrder::default()),
            Box::new(acks_one::AcksOne::default()),
            Box::new(regained_leader::RegainedLeader),
            Box::new(copies::Copies::default()),
            Box::new(liveness::Liveness::default()),
        ];
        Invariants { checkers, touched: Touched::default(), found: Found::default(), history }
    }

    /// Checks what the last step of the run has done; to be called after each.
    pub fn after_step<O: Observer>(&mut self, run: &mut Run<(Feed, O)>) {
        let events = run.observer_mut().0.take();
        if let Some(&(stamp, _)) = events.last() {
            self.touched.note(&events, run);
            self.history.note(&events, &self.touched, run);
            let look = Look::at(run, &self.history);
            let step = Step { events: &events, touched: &self.touched };
            self.found.stamp = stamp;
            for checker in &mut self.checkers {
                checker.step(&look, &step, &mut self.found);
            }
        }
        run.observer_mut().0.give_back(events);
    }

    /// Checks everything once more, now that the run is over.
    pub fn at_end<O: Observer>(&mut self, run: &Run<(Feed, O)>) {
        let look = Look::at(run, &self.history);
        self.found.stamp = Stamp { time: run.now(), seq: run.last_seq(), cause: Seq::OUTSIDE };
        for checker in &mut self.checkers {
            checker.end(&look, &mut self.found);
        }
    }

    /// What did not hold: of each invariant the first time, in the order of the run.
    pub fn violations(&self) -> &[Violation] {
        &self.found.violations
    }
}

/// Runs to the end and checks every step; what the run has left behind, and what did not hold.
pub fn finish<O: Observer>(mut run: Run<(Feed, O)>) -> (Finished<(Feed, O)>, Vec<Violation>) {
    let mut invariants = Invariants::new(&run);
    loop {
        let goes_on = run.step();
        invariants.after_step(&mut run);
        if !goes_on {
            break;
        }
    }
    invariants.at_end(&run);
    (run.finish(), invariants.found.violations)
}
