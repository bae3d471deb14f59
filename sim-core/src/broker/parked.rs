//! Fetches of consumers, and how long a fetch, whoever's, is parked: until something wakes it, or its time is over
//! (`broker.md R4`, C1, C2).

use std::collections::VecDeque;
use std::sync::Arc;

use super::fetch::bytes_of;
use super::{Broker, BrokerOutput, BrokerTimer, Forced, Ticket};
use crate::mutant::Mutant;
use crate::protocol::{ErrorCode, FetchPartition, FetchRequest, FetchedPartition, Few};
use crate::time::Time;
use crate::trace::{Cx, Observer, Seq};

/// A consumer's fetch that may have to wait.
#[derive(Clone, Debug)]
pub(super) struct ConsumerFetch {
    pub(super) ticket: Ticket,
    pub(super) request: Arc<FetchRequest>,
    pub(super) forced: Option<Forced>,
    pub(super) deadline: Time,
    pub(super) cause: Seq,
}

/// Parked fetches of consumers, and the one timer that watches over all parked fetches.
#[derive(Clone, Debug, Default)]
pub(super) struct ParkedFetches {
    consumers: Vec<Option<ConsumerFetch>>,
    woken: VecDeque<(u32, Seq)>,
    /// When the timer is due.
    alarm: Option<Time>,
}

impl ParkedFetches {
    /// All are gone with the process.
    pub(super) fn clear(&mut self) {
        *self = ParkedFetches::default();
    }

    fn park(&mut self, fetch: ConsumerFetch) -> u32 {
        let place = self.consumers.iter().position(Option::is_none).unwrap_or(self.consumers.len());
        if place == self.consumers.len() {
            self.consumers.push(None);
        }
        self.consumers[place] = Some(fetch);
        place as u32
    }
}

impl Broker {
    /// A consumer's fetch: read up to the high watermark (`broker.md C1`, C2), answered or parked.
    pub(super) fn serve_consumer<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        fetch: ConsumerFetch,
        cause: Seq,
    ) {
        let request = &fetch.request;
        let (mut entries, mut bytes) = (Few::with_capacity(request.partitions.len()), 0);
        for asked in request.partitions.iter() {
            let limit = (i64::from(request.max_bytes) - bytes).min(i64::from(asked.max_bytes));
            let forced = fetch.forced.filter(|forced| forced.tp.is_none_or(|tp| tp == asked.tp));
            let read = match forced {
                Some(forced) => Err(forced.error),
                None => self.read_committed(asked, request.rack.as_deref(), limit, bytes == 0),
            };
            let entry = read.unwrap_or_else(|error| self.failed_fetch(asked, error));
            bytes += bytes_of(&entry);
            entries.push(entry);
        }
        let tells =
            |entry: &FetchedPartition| entry.error.is_error() || entry.preferred_read_replica.is_some();
        let urgent = entries.iter().any(tells);
        if urgent || entries.is_empty() || bytes >= i64::from(request.min_bytes) || fetch.deadline <= cx.now {
            return self.answer_fetch(fetch.ticket, entries, cause);
        }
        let (request, deadline) = (Arc::clone(request), fetch.deadline);
        let place = self.fetches.park(fetch);
        for asked in &request.partitions {
            if let Some(ix) = self.local(asked.tp) {
                self.partitions[ix as usize].fetch_waiters.push(place);
            }
        }
        self.watch_parked(deadline);
    }

    /// What a consumer gets of one partition: from a leader, or the word who to read from; from 2.4 on also from a follower, as
    /// far as that knows what is committed (`broker.md C5`).
    fn read_committed(
        &self,
        asked: &FetchPartition,
        rack: Option<&str>,
        limit: i64,
        at_least_one: bool,
    ) -> Result<FetchedPartition, ErrorCode> {
        let ix = match rack {
            Some(_) => self.hosted(asked.tp, asked.current_leader_epoch)?,
            None => self.led(asked.tp, asked.current_leader_epoch)?,
        };
        let partition = &self.partitions[ix as usize];
        let log = &partition.log;
        let high_watermark = match self.config.broken.is(Mutant::ReadToLogEnd) {
            true => log.end_offset(),
            false => partition.high_watermark(),
        };
        if let Some(replica) = self.preferred_read_replica(ix, asked, rack) {
            let entry = self.only_hw(ix, high_watermark);
            return Ok(FetchedPartition { preferred_read_replica: Some(replica), ..entry });
        }
        if asked.fetch_offset > log.end_offset() || asked.fetch_offset < log.start_offset() {
            return Err(ErrorCode::OffsetOutOfRange);
        }
        let mut entry = self.only_hw(ix, high_watermark);
        if asked.fetch_offset < high_watermark && (limit > 0 || at_least_one) {
            entry.batches = log.read(asked.fetch_offset, high_watermark, limit, at_least_one);
        }
        Ok(entry)
    }

    /// Sees to it that a timer wakes whoever is parked until then.
    pub(super) fn watch_parked(&mut self, deadline: Time) {
        if self.fetches.alarm.is_none_or(|alarm| deadline < alarm) {
            self.fetches.alarm = Some(deadline);
            let (timer, cause) = (BrokerTimer::ParkedFetch, Seq::OUTSIDE);
            self.outputs.push(BrokerOutput::Timer { at: deadline, timer, cause });
        }
    }

    /// Whether a parked fetch has been woken and not been served yet.
    pub(super) fn has_woken(&self) -> bool {
        !self.woken_sessions.is_empty() || !self.fetches.woken.is_empty()
    }

    /// Serves the parked fetches that something has woken.
    pub(super) fn serve_woken<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        while let Some(follower) = self.woken_sessions.pop_front() {
            let Some(session) = &mut self.sessions[follower.0 as usize] else { continue };
            if let (Some(cause), Some(fetch)) = (session.woken.take(), session.parked.take()) {
                self.serve_follower(cx, fetch, Few::new(), false, cause);
            }
        }
        while let Some((place, cause)) = self.fetches.woken.pop_front() {
            if let Some(fetch) = self.unpark_consumer(place) {
                self.serve_consumer(cx, fetch, cause);
            }
        }
    }

    /// Consumers that wait for this partition look again: its high watermark or its leader has moved (`broker.md C2`).
    pub(super) fn wake_consumers(&mut self, ix: u32, cause: Seq) {
        for &place in &self.partitions[ix as usize].fetch_waiters {
            if !self.fetches.woken.iter().any(|&(woken, _)| woken == place) {
                self.fetches.woken.push_back((place, cause));
            }
        }
    }

    /// The timer of parked fetches: who has waited long enough is answered with what there is.
    pub(super) fn expire_fetches<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        if self.fetches.alarm.is_none_or(|alarm| alarm > cx.now) {
            return;
        }
        self.fetches.alarm = None;
        for at in 0..self.sessions.len() {
            let Some(session) = &mut self.sessions[at] else { continue };
            if let Some(fetch) = session.parked.take_if(|fetch| fetch.deadline <= cx.now) {
                session.woken = None;
                self.serve_follower(cx, fetch, Few::new(), false, fetch.cause);
            }
        }
        for place in 0..self.fetches.consumers.len() {
            let due = self.fetches.consumers[place].as_ref().is_some_and(|fetch| fetch.deadline <= cx.now);
            if let Some(fetch) = due.then(|| self.unpark_consumer(place as u32)).flatten() {
                let cause = fetch.cause;
                self.serve_consumer(cx, fetch, cause);
            }
        }
        let followers = self.sessions.iter().flatten().filter_map(|session| session.parked.as_ref());
        let consumers = self.fetches.consumers.iter().flatten().map(|fetch| fetch.deadline);
        if let Some(next) = followers.map(|fetch| fetch.deadline).chain(consumers).min() {
            self.watch_parked(next);
        }
    }

    /// A connection is gone: nobody waits for what is parked on it.
    pub(super) fn unpark_fetches_of(&mut self, connection: u64) {
        self.unpark_session_of(connection);
        for place in 0..self.fetches.consumers.len() {
            let fetch = self.fetches.consumers[place].as_ref();
            if fetch.is_some_and(|fetch| fetch.ticket.connection == connection) {
                self.unpark_consumer(place as u32);
            }
        }
    }

    fn unpark_consumer(&mut self, place: u32) -> Option<ConsumerFetch> {
        let fetch = self.fetches.consumers[place as usize].take()?;
        for asked in fetch.request.partitions.iter() {
            if let Some(ix) = self.local(asked.tp) {
                self.partitions[ix as usize].fetch_waiters.retain(|&waiter| waiter != place);
            }
        }
        Some(fetch)
    }
}
