//! What a leader knows of its followers, and what follows from it: high watermark, who lags, who is back in sync.

use super::metadata::MetadataImage;
use super::partition::{Partition, RoleState};
use crate::config::{BrokerConfig, Release, TopicConfig};
use crate::mutant::{Broken, Mutant};
use crate::protocol::{ErrorCode, FetchPartition};
use crate::record::BrokerId;
use crate::time::{Span, Time};

/// The leader's part of a partition's state (`broker.md 3.1`).
#[derive(Clone, Debug)]
pub(super) struct Leadership {
    /// Log end when this leader epoch began (`broker.md R28`).
    epoch_start: i64,
    pub(super) followers: Vec<FollowerProgress>,
    /// The ISR change that the controller has yet to settle (`broker.md R23`).
    pub(super) proposal: Option<Proposal>,
}

/// An ISR change on its way: `PendingExpandIsr` or `PendingShrinkIsr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    /// Who joins; none: it is a shrink.
    pub(super) joins: Option<BrokerId>,
    /// The ISR as it is to be.
    pub(super) isr: Vec<BrokerId>,
    /// Which of the broker's proposals it is, once it has been submitted.
    pub(super) number: Option<u64>,
}

/// What a leader knows of one follower (Kafka's `Replica`).
#[derive(Clone, Debug)]
pub(super) struct FollowerProgress {
    pub(super) broker: BrokerId,
    /// Everything below is stored there: the offset it last asked for (`broker.md R9`); -1 before the first fetch in this
    /// epoch (R13).
    pub(super) end_offset: i64,
    last_fetch: Option<Time>,
    /// The leader's log end at that fetch.
    leader_end_at_fetch: i64,
    /// None: never.
    last_caught_up: Option<Time>,
    /// The broker epoch that it fetches with.
    broker_epoch: i64,
    /// What it asked for last; none: the follower's fetches do not cover this partition.
    pub(super) asked: Option<FetchPartition>,
    /// The session looks at this partition at every fetch: the follower lags, or is not in the ISR. Where it does not, every
    /// fetch of the session finds the follower caught up, and only the session notes when that was.
    pub(super) listed: bool,
    /// The high watermark has moved since the follower was last told.
    pub(super) hw_news: bool,
}

impl FollowerProgress {
    fn new(broker: BrokerId, in_isr: bool, now: Time) -> FollowerProgress {
        FollowerProgress {
            broker,
            end_offset: -1,
            last_fetch: None,
            leader_end_at_fetch: -1,
            last_caught_up: in_isr.then_some(now),
            broker_epoch: -1,
            asked: None,
            listed: false,
            hw_news: false,
        }
    }

    /// A fetch at this offset (`broker.md R9`, R10).
    fn fetched(&mut self, offset: i64, now: Time, leader_end: i64, broker_epoch: i64) {
        if offset >= leader_end {
            self.last_caught_up = self.last_caught_up.max(Some(now));
        } else if offset >= self.leader_end_at_fetch {
            self.last_caught_up = self.last_caught_up.max(self.last_fetch);
        }
        self.end_offset = offset;
        self.leader_end_at_fetch = leader_end;
        self.last_fetch = Some(now);
        self.broker_epoch = broker_epoch;
    }

    /// The session's fetches up to now have found it caught up; from now on it is looked at by itself.
    pub(super) fn list(&mut self, session_fetched: Time, leader_end: i64) {
        self.last_fetch = Some(session_fetched);
        self.last_caught_up = self.last_caught_up.max(Some(session_fetched));
        self.leader_end_at_fetch = leader_end;
        self.listed = true;
    }

    /// When it was found caught up last; none: never.
    pub(super) fn last_caught_up(&self) -> Option<Time> {
        self.last_caught_up
    }

    /// `broker.md R20`: in sync if it has everything, or was caught up not longer ago than this.
    fn is_caught_up(&self, leader_end: i64, now: Time, max_lag: Span) -> bool {
        self.end_offset == leader_end || self.last_caught_up.is_some_and(|then| now.since(then) <= max_lag)
    }

    /// The follower's fetches do not cover the partition any more.
    pub(super) fn leave_session(&mut self) {
        self.asked = None;
        self.listed = false;
        self.hw_news = false;
    }
}

/// The settings behind ISR and high watermark decisions.
#[derive(Clone, Copy, Debug)]
pub(super) struct IsrRules {
    pub(super) release: Release,
    pub(super) max_lag: Span,
    min_insync_replicas: usize,
    broken: Broken,
}

impl IsrRules {
    pub(super) fn new(broker: &BrokerConfig, topic: &TopicConfig) -> IsrRules {
        IsrRules {
            release: broker.release,
            max_lag: Span::from_millis(broker.replica_lag_time_max_ms),
            min_insync_replicas: topic.min_insync_replicas as usize,
            broken: broker.broken,
        }
    }
}

impl Leadership {
    pub(super) fn epoch_start(&self) -> i64 {
        self.epoch_start
    }

    pub(super) fn follower(&self, broker: BrokerId) -> Option<&FollowerProgress> {
        self.followers.iter().find(|follower| follower.broker == broker)
    }

    pub(super) fn follower_mut(&mut self, broker: BrokerId) -> Option<&mut FollowerProgress> {
        self.followers.iter_mut().find(|follower| follower.broker == broker)
    }
}

impl Partition {
    pub(super) fn leadership_mut(&mut self) -> Option<&mut Leadership> {
        match &mut self.role {
            RoleState::Leader(leadership) => Some(leadership),
            RoleState::Follower(_) => None,
        }
    }

    /// Takes the leadership that the controller has given it (Kafka's `makeLeader`). A new epoch begins at the log's end
    /// (`broker.md R28`); a new leader knows nothing of its followers (R13), one that stays keeps what it knows; members of
    /// the ISR count as caught up now (R22).
    pub(super) fn become_leader(&mut self, id: BrokerId, new_epoch: bool, now: Time) {
        let (isr, replicas) = (self.shared_isr(), self.shared_replicas());
        let (epoch, end) = (self.leader_epoch(), self.log.end_offset());
        let in_isr = |broker: BrokerId| isr.contains(&broker);
        let others = || replicas.iter().copied().filter(|&broker| broker != id);
        if new_epoch {
            self.log.epochs_mut().assign(epoch, end);
        }
        if let RoleState::Leader(leadership) = &mut self.role {
            leadership.proposal = None;
            for broker in others() {
                if leadership.follower(broker).is_none() {
                    leadership.followers.push(FollowerProgress::new(broker, in_isr(broker), now));
                }
            }
            leadership.followers.retain(|follower| replicas.contains(&follower.broker));
            if new_epoch {
                leadership.epoch_start = end;
                for follower in &mut leadership.followers {
                    let since = in_isr(follower.broker).then_some(now);
                    (follower.last_fetch, follower.last_caught_up) = (since, since);
                    follower.leader_end_at_fetch = end;
                }
            }
            return;
        }
        let followers = others().map(|broker| FollowerProgress::new(broker, in_isr(broker), now)).collect();
        self.role = RoleState::Leader(Leadership { epoch_start: end, followers, proposal: None });
    }

    /// The ISR that counts for the high watermark: the committed one, and who is proposed to join it (`broker.md R23`).
    pub(super) fn maximal_isr_size(&self) -> usize {
        let joining = self.leadership().and_then(|leadership| leadership.proposal.as_ref());
        self.isr().len() + usize::from(joining.is_some_and(|proposal| proposal.joins.is_some()))
    }

    /// `min.insync.replicas`; since 3.7 not more than there are replicas (`broker.md P7`).
    fn min_isr(&self, rules: &IsrRules) -> usize {
        if rules.release.at_least(3, 7) {
            rules.min_insync_replicas.min(self.replicas().len())
        } else {
            rules.min_insync_replicas
        }
    }

    /// Whether acks=all has to be refused (`broker.md 1.2` row 10, P14: the committed ISR counts).
    pub(super) fn is_under_min_isr(&self, rules: &IsrRules) -> bool {
        self.isr().len() < self.min_isr(rules)
    }

    /// Whether the high watermark covers what a parked produce request waits for, and with which result (`broker.md P9`).
    pub(super) fn settled(&self, required_offset: i64, rules: &IsrRules) -> Option<ErrorCode> {
        if self.high_watermark() < required_offset {
            None
        } else if self.min_isr(rules) <= self.maximal_isr_size() {
            Some(ErrorCode::None)
        } else {
            Some(ErrorCode::NotEnoughReplicasAfterAppend)
        }
    }

    /// Advances the leader's high watermark as far as its followers allow (`broker.md R11`, R12). Whether it rose.
    pub(super) fn maybe_advance_hw(&mut self, now: Time, rules: &IsrRules, image: &MetadataImage) -> bool {
        let Some(leadership) = self.leadership() else { return false };
        // broker.md 0.1: strict min ISR since 3.7.
        let strict = rules.release.at_least(3, 7) && !rules.broken.is(Mutant::HwUnderMinIsr);
        if strict && self.is_under_min_isr(rules) {
            return false;
        }
        let end = self.log.end_offset();
        let proposal = leadership.proposal.as_ref().filter(|_| !rules.broken.is(Mutant::JoiningIgnored));
        let joins = proposal.and_then(|proposal| proposal.joins);
        let leaves = |broker: BrokerId| {
            let proposed = |proposal: &Proposal| !proposal.isr.contains(&broker);
            rules.broken.is(Mutant::ProposedShrinkCounts) && proposal.is_some_and(proposed)
        };
        let mut to = end;
        for follower in &leadership.followers {
            let holds_back = || {
                (self.isr().contains(&follower.broker) && !leaves(follower.broker))
                    || joins == Some(follower.broker)
                    || (follower.is_caught_up(end, now, rules.max_lag)
                        && image.is_isr_eligible(follower.broker, follower.broker_epoch, rules.release))
            };
            if follower.end_offset < to && !rules.broken.is(Mutant::HwAheadOfFollowers) && holds_back() {
                to = follower.end_offset;
            }
        }
        if rules.broken.is(Mutant::HwFalls) {
            return self.follow_hw(to);
        }
        self.raise_hw(to)
    }

    /// Notes a fetch of a follower. Whether its log end moved.
    pub(super) fn note_fetch(&mut self, broker: BrokerId, offset: i64, broker_epoch: i64, now: Time) -> bool {
        let end = self.log.end_offset();
        let Some(follower) = self.leadership_mut().and_then(|leadership| leadership.follower_mut(broker))
        else {
            return false;
        };
        let before = follower.end_offset;
        follower.fetched(offset, now, end, broker_epoch);
        before != offset
    }

    /// Proposes that a follower joins the ISR, if it may (`broker.md R21`). Whether there is a new proposal.
    pub(super) fn propose_expand(
        &mut self,
        broker: BrokerId,
        rules: &IsrRules,
        image: &MetadataImage,
    ) -> bool {
        let (isr, high_watermark) = (self.shared_isr(), self.high_watermark());
        let Some(leadership) = self.leadership_mut() else { return false };
        if leadership.proposal.is_some() || isr.contains(&broker) {
            return false;
        }
        let epoch_start = leadership.epoch_start;
        let Some(follower) = leadership.follower(broker) else { return false };
        let epoch_start = if rules.broken.is(Mutant::ExpandBeforeEpochStart) { 0 } else { epoch_start };
        let in_sync = follower.end_offset >= high_watermark && follower.end_offset >= epoch_start;
        if !in_sync || !image.is_isr_eligible(broker, follower.broker_epoch, rules.release) {
            return false;
        }
        let mut joined = isr.to_vec();
        joined.push(broker);
        joined.sort_unstable();
        leadership.proposal = Some(Proposal { joins: Some(broker), isr: joined, number: None });
        true
    }

    /// Proposes an ISR without the members that lag (`broker.md R20`). Whether there is a new proposal.
    pub(super) fn propose_shrink(&mut self, now: Time, rules: &IsrRules) -> bool {
        let (isr, end) = (self.shared_isr(), self.log.end_offset());
        let Some(leadership) = self.leadership_mut() else { return false };
        if leadership.proposal.is_some() {
            return false;
        }
        let lags = |broker: &BrokerId| {
            leadership
                .follower(*broker)
                .is_some_and(|follower| !follower.is_caught_up(end, now, rules.max_lag))
        };
        let mut stay: Vec<BrokerId> = isr.iter().copied().filter(|broker| !lags(broker)).collect();
        if stay.len() == isr.len() {
            return false;
        }
        stay.sort_unstable();
        leadership.proposal = Some(Proposal { joins: None, isr: stay, number: None });
        true
    }

    /// The proposed ISR with the broker epoch of each member as its fetches carried it, -1 where none has (`broker.md R24`).
    pub(super) fn proposed_isr(
        &self,
        id: BrokerId,
        broker_epoch: i64,
        release: Release,
    ) -> Vec<(BrokerId, i64)> {
        let Some(leadership) = self.leadership() else { return Vec::new() };
        let epoch_of = |broker: BrokerId| match leadership.follower(broker) {
            _ if !release.at_least(3, 5) => -1,
            Some(follower) => follower.broker_epoch,
            None if broker == id => broker_epoch,
            None => -1,
        };
        let proposed = leadership.proposal.iter().flat_map(|proposal| &proposal.isr);
        proposed.map(|&broker| (broker, epoch_of(broker))).collect()
    }
}
