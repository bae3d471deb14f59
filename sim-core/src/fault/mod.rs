//! What is done to the system on purpose: when, and how much of it is still to come.

use crate::chance::Chance;
use crate::record::{ProducerIx, RecordId};
use crate::sampling;
use crate::scenario::{ChanceOf, Fault, On, Sampled, When};
use crate::time::{Span, Time};
use crate::trace::{Filter, Occurrence, Trigger, Watch};

/// The faults of a run, in the order of the file.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan {
    /// Timed faults that have not begun, and begun ones whose end is to come.
    open: u32,
}

impl FaultPlan {
    /// Draws the times of the timed faults, which are returned with their numbers, and arms the triggers of the others.
    pub fn new(
        faults: &[Fault],
        watch: &mut Watch,
        chance: &mut dyn Chance,
    ) -> (FaultPlan, Vec<(u32, Time)>) {
        let mut timed = Vec::new();
        for (number, fault) in faults.iter().enumerate() {
            match &fault.when {
                When::At(at) => {
                    let stream = chance.stream(format_args!("fault/{number}/at"));
                    timed.push((number as u32, Time::ZERO + sampling::draw(at, chance, stream)));
                }
                When::On(on) => watch.arm(number, trigger(on, number, chance)),
            }
        }
        (FaultPlan { open: timed.len() as u32 }, timed)
    }

    /// A fault begins: at its time, or because an event set it off.
    pub fn begin(&mut self, timed: bool) {
        if timed {
            self.open -= 1;
        }
    }

    /// A fault that has begun lasts this long, if it has a length.
    pub fn lasts(&mut self, fault: u32, r#for: Option<Sampled>, chance: &mut dyn Chance) -> Option<Span> {
        let span = r#for?;
        let stream = chance.stream(format_args!("fault/{fault}/for"));
        self.open += 1;
        Some(sampling::draw(&span, chance, stream))
    }

    /// A random fault has begun that has an end.
    pub fn goes_on(&mut self) {
        self.open += 1;
    }

    /// A fault that lasted is over.
    pub fn end(&mut self) {
        self.open -= 1;
    }

    /// Whether no fault is still to come or to end; one that waits for an event does not count.
    pub fn are_over(&self) -> bool {
        self.open == 0
    }
}

fn trigger(on: &On, number: usize, chance: &mut dyn Chance) -> Trigger {
    Trigger {
        filter: Filter {
            kind: on.event,
            producer: on.producer.map(ProducerIx),
            broker: on.broker,
            topic: on.topic,
            partition: on.partition,
            record: on.record.map(|(producer, index)| RecordId { producer: ProducerIx(producer), index }),
        },
        occurrence: match &on.which {
            ChanceOf::Nths(nths) => Occurrence::Nths(nths.clone()),
            ChanceOf::Every(n) => Occurrence::Every(*n),
            ChanceOf::Probability(p) => {
                Occurrence::Probability(*p, chance.stream(format_args!("fault/{number}/probability")))
            }
        },
        from: on.from,
        until: on.until,
        seen: 0,
    }
}
