//! Partitions that wait: how a pass of the sender gets by without looking at each of them.
//!
//! Kafka's client looks at every queue at every pass. Most of them linger, or wait for a broker that takes nothing, and a
//! look at them comes to the same as the one before, until their queue changes, their time comes, or the client learns
//! something of the cluster. Until then they rest: the first that may be sent to a broker says so for all that may, and the
//! first whose linger ends says when. A partition whose head has a back-off to sit out never rests: each look draws it anew.

use std::collections::{BTreeMap, BTreeSet};

use crate::record::{BrokerId, TopicIx, TopicPartition};

/// What a partition rests for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rest {
    /// Its head lingers until this time, in ms; its leader is this broker.
    Lingers(BrokerId, i64),
    /// Its head may be sent; its leader, this broker, takes nothing now.
    Waits(BrokerId),
    /// No leader is known of this partition of the topic.
    Leaderless(TopicIx),
}

/// Those that rest.
#[derive(Clone, Debug, Default)]
pub(super) struct Resting {
    /// Those that linger, by when they may be sent.
    lingering: BTreeSet<(i64, TopicPartition)>,
    /// The same, by leader.
    lingering_for: BTreeMap<BrokerId, BTreeSet<TopicPartition>>,
    /// Those that may be sent, by leader.
    waiting_for: BTreeMap<BrokerId, BTreeSet<TopicPartition>>,
    /// Those without a leader, by topic.
    leaderless: BTreeMap<TopicIx, BTreeSet<TopicPartition>>,
}

impl Resting {
    /// Whether none rests.
    pub(super) fn is_empty(&self) -> bool {
        self.lingering.is_empty() && self.waiting_for.is_empty() && self.leaderless.is_empty()
    }

    /// Those that linger, with the time in ms until which they do, in the order of these.
    pub(super) fn lingering(&self) -> impl Iterator<Item = (i64, TopicPartition)> + '_ {
        self.lingering.iter().copied()
    }

    /// The first that may be sent to each broker, and the first of each topic that has no leader: whom a pass looks at.
    pub(super) fn speakers(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        let groups = self.waiting_for.values().chain(self.leaderless.values());
        groups.filter_map(|group| group.first().copied())
    }

    /// All of them, in no order.
    pub(super) fn all(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        let groups = self.lingering_for.values().chain(self.waiting_for.values());
        groups.chain(self.leaderless.values()).flatten().copied()
    }

    /// This one, which did not rest, does from now on.
    pub(super) fn add(&mut self, tp: TopicPartition, rest: Rest) {
        match rest {
            Rest::Lingers(leader, until_ms) => {
                self.lingering.insert((until_ms, tp));
                self.lingering_for.entry(leader).or_default().insert(tp);
            }
            Rest::Waits(leader) => _ = self.waiting_for.entry(leader).or_default().insert(tp),
            Rest::Leaderless(topic) => _ = self.leaderless.entry(topic).or_default().insert(tp),
        }
    }

    /// This one, which rested for that, does no more.
    pub(super) fn remove(&mut self, tp: TopicPartition, rest: Rest) {
        match rest {
            Rest::Lingers(leader, until_ms) => {
                self.lingering.remove(&(until_ms, tp));
                leave(&mut self.lingering_for, leader, tp);
            }
            Rest::Waits(leader) => leave(&mut self.waiting_for, leader, tp),
            Rest::Leaderless(topic) => leave(&mut self.leaderless, topic, tp),
        }
    }

    /// Lists those whose leader is this broker, to a list.
    pub(super) fn list_led_by(&self, leader: BrokerId, into: &mut Vec<TopicPartition>) {
        for groups in [&self.lingering_for, &self.waiting_for] {
            into.extend(groups.get(&leader).into_iter().flatten());
        }
    }
}

/// No group is kept that has nobody left in it.
fn leave<K: Ord>(groups: &mut BTreeMap<K, BTreeSet<TopicPartition>>, key: K, tp: TopicPartition) {
    let Some(group) = groups.get_mut(&key) else { return };
    group.remove(&tp);
    if group.is_empty() {
        groups.remove(&key);
    }
}
