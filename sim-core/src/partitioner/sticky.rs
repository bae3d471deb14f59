//! `StickyPartitionCache` (KIP-480, 2.4 to 3.2): keyless records stay until a batch is opened (`producer.md 2.5`).

use super::built_in::uniform;
use super::hash::to_positive;
use crate::chance::{Chance, Stream};

/// The sticky partition of one topic.
#[derive(Clone, Debug)]
pub(super) struct StickyPartitionCache {
    stream: Stream,
    current: Option<u32>,
}

impl StickyPartitionCache {
    pub(super) fn new(stream: Stream) -> StickyPartitionCache {
        StickyPartitionCache { stream, current: None }
    }

    /// The current partition, drawn at its first use.
    pub(super) fn partition(&mut self, chance: &mut dyn Chance, available: &[u32], count: u32) -> u32 {
        match self.current {
            Some(current) => current,
            None => self.draw(chance, available, count),
        }
    }

    /// A record would open a batch on `previous`: if that is the sticky partition, another one is drawn.
    pub(super) fn on_new_batch(
        &mut self,
        chance: &mut dyn Chance,
        available: &[u32],
        count: u32,
        previous: u32,
    ) {
        if self.current.is_none_or(|current| current == previous) {
            self.draw(chance, available, count);
        }
    }

    /// Uniform over the others with a leader. Java draws until it gets another one; leaving the current one out gives
    /// the same distribution with one draw.
    fn draw(&mut self, chance: &mut dyn Chance, available: &[u32], count: u32) -> u32 {
        let here = self.current.and_then(|current| available.iter().position(|&other| other == current));
        let next = match (available, here) {
            (&[only], _) => only,
            (_, Some(here)) => {
                let among_others = self.random(chance) % (available.len() as u32 - 1);
                let others = available[..here].iter().chain(&available[here + 1..]);
                others.copied().nth(among_others as usize).unwrap_or(available[here])
            }
            (_, None) => uniform(self.random(chance), available, count),
        };
        self.current = Some(next);
        next
    }

    fn random(&self, chance: &mut dyn Chance) -> u32 {
        to_positive(chance.bits(self.stream) as i32)
    }
}
