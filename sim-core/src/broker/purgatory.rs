//! Produce requests with acks=all that wait for the high watermark (Kafka's `DelayedProduce`, `broker.md 1.4`).

use crate::protocol::PartitionResult;
use crate::record::TopicPartition;
use crate::time::Time;
use crate::trace::Seq;

use super::Ticket;
use super::produce::Wait;

/// A parked produce request. There is at most one a connection (`broker.md P2`).
#[derive(Clone, Debug)]
pub(super) struct ParkedProduce {
    pub(super) ticket: Ticket,
    /// One a batch; those still waited for have no result yet.
    pub(super) results: Vec<PartitionResult>,
    /// What is still waited for.
    pub(super) waits: Vec<Wait>,
    pub(super) deadline: Time,
    pub(super) cause: Seq,
}

/// All parked produce requests of a broker, and the one timer that watches over their deadlines.
#[derive(Clone, Debug, Default)]
pub(super) struct Purgatory {
    places: Vec<Option<ParkedProduce>>,
    free: Vec<u32>,
    /// When the timer is due.
    alarm: Option<Time>,
}

impl Purgatory {
    /// Where the next request will be parked.
    pub(super) fn next_place(&self) -> u32 {
        self.free.last().copied().unwrap_or(self.places.len() as u32)
    }

    /// Parks a request at [`Purgatory::next_place`]. The time for which a timer is needed, if none is set that early.
    pub(super) fn park(&mut self, parked: ParkedProduce) -> Option<Time> {
        let deadline = parked.deadline;
        match self.free.pop() {
            Some(place) => self.places[place as usize] = Some(parked),
            None => self.places.push(Some(parked)),
        }
        self.watch(deadline)
    }

    /// Which partition a batch of a parked request is for.
    pub(super) fn partition_of(&self, place: u32, at: u32) -> Option<TopicPartition> {
        Some(self.places[place as usize].as_ref()?.results[at as usize].tp)
    }

    /// A partition of a parked request is settled; the request itself if it was the last.
    pub(super) fn settle(
        &mut self,
        place: u32,
        at: u32,
        set: impl FnOnce(&mut PartitionResult),
    ) -> Option<ParkedProduce> {
        let parked = self.places[place as usize].as_mut()?;
        parked.waits.retain(|wait| wait.at != at);
        set(&mut parked.results[at as usize]);
        if parked.waits.is_empty() { self.take(place) } else { None }
    }

    /// Takes a request out, done or not.
    pub(super) fn take(&mut self, place: u32) -> Option<ParkedProduce> {
        let parked = self.places[place as usize].take()?;
        self.free.push(place);
        Some(parked)
    }

    /// The places of the requests that this holds for, ascending.
    pub(super) fn places(&self, mut which: impl FnMut(&ParkedProduce) -> bool) -> Vec<u32> {
        let parked = self.places.iter().zip(0..).filter_map(|(parked, at)| Some((parked.as_ref()?, at)));
        parked.filter(|(parked, _)| which(parked)).map(|(_, at)| at).collect()
    }

    /// Whether the timer that is due now is the one that was set last.
    pub(super) fn rings(&mut self, now: Time) -> bool {
        let rings = self.alarm.is_some_and(|alarm| alarm <= now);
        if rings {
            self.alarm = None;
        }
        rings
    }

    /// The time for which a timer is needed after one has rung.
    pub(super) fn next_alarm(&mut self) -> Option<Time> {
        let earliest = self.places.iter().flatten().map(|parked| parked.deadline).min()?;
        self.watch(earliest)
    }

    fn watch(&mut self, deadline: Time) -> Option<Time> {
        if self.alarm.is_some_and(|alarm| alarm <= deadline) {
            return None;
        }
        self.alarm = Some(deadline);
        self.alarm
    }

    /// All are gone with the process.
    pub(super) fn clear(&mut self) {
        *self = Purgatory::default();
    }
}
