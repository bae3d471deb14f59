//! V7: what a leader counts a follower's log end by is a fetch of its own epoch, from a log that does not diverge from its
//! own. Before 2.1 a leader counts whatever is fetched of it: fetches name no epoch (KIP-320, `broker.md T1`).

use std::collections::BTreeMap;

use super::history::Key;
use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::protocol::{FetchPartition, Request};
use crate::record::{BrokerId, TopicPartition};
use crate::trace::{Event, MessageBody};

/// Follower, leader, partition.
type Pair = (BrokerId, BrokerId, TopicPartition);

#[derive(Default)]
pub(super) struct CountedFetches {
    /// What followers have asked for since the leader was last looked at.
    asked: BTreeMap<Pair, Vec<FetchPartition>>,
    /// What the leader knew then, and in which epoch.
    known: BTreeMap<Pair, (i64, i32)>,
}

impl CountedFetches {
    fn look_at(&mut self, look: &Look<'_>, replica: &Replica<'_>, found: &mut Found) {
        let epoch = replica.it.leader_epoch();
        for &follower in replica.it.replicas().iter().filter(|&&broker| broker != replica.broker) {
            let pair = (follower, replica.broker, replica.tp);
            let Some(end) = replica.it.known_end_of(follower) else { continue };
            let (before, since) = self.known.insert(pair, (end, epoch)).unwrap_or((-1, epoch));
            // Nothing is known, nothing new, or what stands at the beginning of every log.
            if end == before || end <= replica.it.log().start_offset() {
                continue;
            }
            let asked = self.asked.get(&pair).map_or(&[][..], Vec::as_slice);
            let counts = |asked: &FetchPartition| {
                let same_epoch = (since..=epoch).contains(&asked.current_leader_epoch);
                asked.fetch_offset == end && same_epoch && !diverges(look, replica, follower, asked)
            };
            match asked.iter().rposition(counts) {
                Some(at) => drop(self.asked.entry(pair).or_default().drain(..at)),
                None => {
                    let seen = format!(
                        "in epoch {epoch} the leader counts offset {end} as stored at broker {follower}, which has asked for it \
                         in another epoch or after another batch, or never"
                    );
                    found.report(
                        look,
                        Invariant::V7,
                        replica.place(),
                        seen,
                        "a fetch of that offset in that epoch",
                    );
                }
            }
        }
    }
}

/// Whether the leader has something else below the fetch offset than the follower (`broker.md R30`): a batch that the
/// follower has never stored.
fn diverges(look: &Look<'_>, replica: &Replica<'_>, follower: BrokerId, asked: &FetchPartition) -> bool {
    let log = replica.it.log();
    let Some(last) = log.batches_from(asked.fetch_offset - 1).next() else { return true };
    let known = look.story(replica.tp).batches.get(&Key::of(last));
    known.is_some_and(|known| !known.was_stored_at(follower))
}

impl Checker for CountedFetches {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (_, event) in step.events {
            if let Event::Message(message) = event
                && let (true, Some(follower)) = (message.sent, message.ends.follower)
                && let MessageBody::Request(Request::Fetch(fetch)) = &message.body
            {
                for asked in fetch.partitions.iter().filter(|asked| asked.fetch_offset >= 0) {
                    self.asked.entry((follower, message.ends.broker, asked.tp)).or_default().push(*asked);
                }
            }
        }
        if look.scenario.profile.at_least(2, 1) {
            for replica in look.leaders(step.touched) {
                self.look_at(look, &replica, found);
            }
        }
    }
}
