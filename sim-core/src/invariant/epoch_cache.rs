//! V11: the epoch cache of a replica is what its log says, and perhaps the epoch of a leader that has appended nothing. From 2.1
//! on: no cache can say what epochs that go down do (V1).

use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step, Written};

pub(super) struct EpochCache;

impl Checker for EpochCache {
    /// After an append the epochs of what was appended; after a cut, a start or a new role all of them.
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (replica, written) in step.written(look) {
            match written {
                Written::From(offset) => check_from(look, &replica, offset, found),
                Written::Anew => check_from(look, &replica, i64::MIN, found),
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        for replica in look.all() {
            check_from(look, &replica, i64::MIN, found);
        }
    }
}

/// Holds the epochs that begin at this offset or later against the batches there, and the last one of all.
fn check_from(look: &Look<'_>, replica: &Replica<'_>, from: i64, found: &mut Found) {
    if !look.scenario.profile.at_least(2, 1) {
        return;
    }
    let log = replica.it.log();
    let (begin, end) = (from.max(log.start_offset()), log.end_offset());
    let mut epoch = match begin > log.start_offset() {
        true => log.batches_from(begin - 1).next().map(|stored| stored.leader_epoch),
        false => None,
    };
    let mut starts: Vec<(i32, i64)> = Vec::new();
    for stored in log.batches_from(begin) {
        if epoch != Some(stored.leader_epoch) {
            starts.push((stored.leader_epoch, stored.base_offset));
        }
        epoch = Some(stored.leader_epoch);
    }
    let cached = log.epochs().starts();
    let cached = match cached.split_last() {
        Some((&(_, start), before)) if start == end => before,
        _ => cached,
    };
    let known = &cached[cached.partition_point(|&(_, start)| start < begin)..];
    if known != starts.as_slice()
        || cached.last().map(|&(epoch, _)| epoch) != epoch.filter(|_| end > log.start_offset())
    {
        let seen = format!("the cache has {:?}", log.epochs().starts());
        let expected = format!("{starts:?} from offset {begin} on, as the log says");
        found.report(look, Invariant::V11, replica.place(), seen, expected);
    }
}
