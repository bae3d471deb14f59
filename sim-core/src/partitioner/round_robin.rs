//! Record by record, to one partition after the other (`producer.md 2.4`, `2.5`).

use super::built_in::uniform;
use super::hash::to_positive;
use crate::chance::{Chance, Stream};

/// A topic's counter, advancing at every question: `RoundRobinPartitioner`, and `DefaultPartitioner` before 2.4 for
/// records without a key.
#[derive(Clone, Debug)]
pub(super) struct RoundRobin {
    /// None until its random start is drawn.
    counter: Option<i32>,
    start: Start,
}

/// Where a counter starts.
#[derive(Clone, Copy, Debug)]
pub(super) enum Start {
    /// At 0.
    Zero,
    /// At a random int.
    Random(Stream),
}

impl RoundRobin {
    pub(super) fn new(start: Start) -> RoundRobin {
        RoundRobin { counter: None, start }
    }

    /// The next partition, of those with a leader if there are any.
    pub(super) fn next(&mut self, chance: &mut dyn Chance, available: &[u32], count: u32) -> u32 {
        let value = self.counter.unwrap_or_else(|| match self.start {
            Start::Zero => 0,
            Start::Random(stream) => chance.bits(stream) as i32,
        });
        self.counter = Some(value.wrapping_add(1));
        uniform(to_positive(value), available, count)
    }
}
