//! V12: what a replica knows of idempotent producers is what its log says, up to the depth of the cache and to expiry.

use std::collections::BTreeMap;

use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step, Written};
use crate::broker::{CachedBatch, ProducerState};
use crate::record::{NO_PRODUCER_ID, StoredBatch};

pub(super) struct ProducerTable;

impl Checker for ProducerTable {
    /// After an append the producers of what was appended; after a cut or a start all of them.
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (replica, written) in step.written(look) {
            match written {
                Written::From(offset) => check_from(look, &replica, offset, found),
                Written::Anew => check_all(look, &replica, found),
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for replica in look.all() {
            check_all(look, &replica, found);
        }
    }
}

/// What a log says of one producer: the batches of its last epoch.
#[derive(Default)]
struct Entry {
    epoch: i16,
    batches: Vec<CachedBatch>,
    timestamp: i64,
}

impl Entry {
    fn note(&mut self, stored: &StoredBatch) {
        if self.epoch != stored.batch.producer_epoch {
            self.batches.clear();
        }
        self.epoch = stored.batch.producer_epoch;
        self.timestamp =
            if stored.log_append_time >= 0 { stored.log_append_time } else { stored.batch.max_timestamp };
        self.batches.push(CachedBatch {
            first_sequence: stored.batch.base_sequence,
            last_sequence: stored.batch.last_sequence(),
            base_offset: stored.base_offset,
            last_offset: stored.last_offset(),
            log_append_time: stored.log_append_time,
        });
    }

    /// Whether a state is that, as far back as it goes. Batches below the log's start it may still know.
    fn agrees(&self, state: &ProducerState, log_start: i64) -> bool {
        let known = state.batches();
        let known = &known[known.partition_point(|batch| batch.base_offset < log_start)..];
        state.epoch() == self.epoch && !known.is_empty() && self.batches.ends_with(known)
    }
}

fn written(replica: &Replica<'_>, from: i64) -> BTreeMap<i64, Entry> {
    let mut producers: BTreeMap<i64, Entry> = BTreeMap::new();
    for stored in replica.it.log().batches_from(from) {
        if stored.batch.producer_id != NO_PRODUCER_ID {
            producers.entry(stored.batch.producer_id).or_default().note(stored);
        }
    }
    producers
}

fn check_from(look: &Look<'_>, replica: &Replica<'_>, from: i64, found: &mut Found) {
    for (id, written) in written(replica, from) {
        let known = replica.it.producers().get(id);
        let newest = known.and_then(|state| state.batches().last());
        if known.map(ProducerState::epoch) != Some(written.epoch) || newest != written.batches.last() {
            report(look, replica, id, known, &written, found);
        }
    }
}

fn check_all(look: &Look<'_>, replica: &Replica<'_>, found: &mut Found) {
    let log_start = replica.it.log().start_offset();
    let producers = written(replica, log_start);
    for (&id, written) in &producers {
        let idle = look.now.millis() - written.timestamp;
        let may_be_forgotten = idle >= look.scenario.cluster.config.producer_id_expiration_ms;
        let known = replica.it.producers().get(id);
        let agrees = known.map_or(may_be_forgotten, |state| written.agrees(state, log_start));
        if !agrees {
            report(look, replica, id, known, written, found);
        }
    }
    for (id, state) in replica.it.producers().iter() {
        if log_start == 0 && !producers.contains_key(&id) {
            report(look, replica, id, Some(state), &Entry::default(), found);
        }
    }
}

fn report(
    look: &Look<'_>,
    replica: &Replica<'_>,
    id: i64,
    known: Option<&ProducerState>,
    written: &Entry,
    found: &mut Found,
) {
    let list = |epoch: i16, batches: &[CachedBatch]| {
        let batches: Vec<String> = batches
            .iter()
            .map(|batch| {
                format!("{}..{} at {}", batch.first_sequence, batch.last_sequence, batch.base_offset)
            })
            .collect();
        format!("epoch {epoch} with {}", batches.join(", "))
    };
    let known = known.map_or("nothing".to_owned(), |state| list(state.epoch(), state.batches()));
    let seen = format!("producer id {id} is known with {known}");
    let newest = &written.batches[written.batches.len().saturating_sub(5)..];
    found.report(
        look,
        Invariant::V12,
        replica.place(),
        seen,
        format!("{}, as the log says", list(written.epoch, newest)),
    );
}
