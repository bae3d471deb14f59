//! What all checkers remember of a run: which batches there have been, who has stored them, what was committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::assumptions::Assumptions;
use super::feed::Feed;
use super::look::Touched;
use crate::broker::{Log, Partition, Role};
use crate::config::Release;
use crate::kernel::Run;
use crate::record::{BatchId, BrokerId, ProducerIx, RecordBatch, StoredBatch, TopicPartition};
use crate::scenario::Scenario;
use crate::trace::{Event, Observer, Stamp};

/// The name of a batch in a log: a leader of one epoch gives an offset once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) base_offset: i64,
    pub(super) leader_epoch: i32,
}

impl Key {
    pub(super) fn of(stored: &StoredBatch) -> Key {
        Key { base_offset: stored.base_offset, leader_epoch: stored.leader_epoch }
    }
}

/// A batch that some replica has stored at some time.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) batch: Arc<RecordBatch>,
    /// What stands before it in every log that has it; none where a log begins.
    pub(super) before: Option<Key>,
    /// Who has stored it, ascending.
    at: Vec<BrokerId>,
}

impl Known {
    pub(super) fn was_stored_at(&self, broker: BrokerId) -> bool {
        self.at.binary_search(&broker).is_ok()
    }
}

/// What has happened to one partition.
#[derive(Clone, Debug, Default)]
pub(super) struct Story {
    /// Every batch that there has been.
    pub(super) batches: BTreeMap<Key, Known>,
    /// Batches that did not agree with what was known of their key, in the last step.
    pub(super) conflicts: Vec<(BrokerId, Key)>,
    /// The batches below any high watermark that a leader has had, by offset.
    pub(super) committed: BTreeMap<i64, i32>,
    /// The highest of those: everything below is committed.
    pub(super) true_hw: i64,
    /// The highest that leaders of each epoch have had.
    exposed: BTreeMap<i32, i64>,
    /// Who leads, as each broker believes; of each the epoch.
    leading: BTreeMap<BrokerId, i32>,
    pub(super) assumptions: Assumptions,
}

/// What has happened to all partitions.
#[derive(Clone, Debug)]
pub(super) struct History {
    stories: BTreeMap<TopicPartition, Story>,
    nothing: Story,
    /// What was numbered how: producer, partition, producer id, epoch and first sequence.
    numbered: BTreeMap<(ProducerIx, TopicPartition, i64, i16, i32), BatchId>,
    /// Producers that have given a number twice.
    number_twice: BTreeSet<ProducerIx>,
    release: Release,
    elr: bool,
}

impl History {
    pub(super) fn new(scenario: &Scenario) -> History {
        let (release, elr) = (scenario.profile, scenario.cluster.elr);
        let (numbered, number_twice) = (BTreeMap::new(), BTreeSet::new());
        let nothing = Story::new(release);
        History { stories: BTreeMap::new(), nothing, numbered, number_twice, release, elr }
    }

    pub(super) fn story(&self, tp: TopicPartition) -> &Story {
        self.stories.get(&tp).unwrap_or(&self.nothing)
    }

    /// Whether a producer has given a sequence number twice in a partition and epoch, as clients before 2.7 may.
    pub(super) fn has_numbered_twice(&self, producer: ProducerIx) -> bool {
        self.number_twice.contains(&producer)
    }

    /// Takes in the events of a step, after it.
    pub(super) fn note<O: Observer>(
        &mut self,
        events: &[(Stamp, Event)],
        touched: &Touched,
        run: &Run<(Feed, O)>,
    ) {
        for &(_, tp) in &touched.replicas {
            if let Some(story) = self.stories.get_mut(&tp) {
                story.conflicts.clear();
            }
        }
        for (_, event) in events {
            match *event {
                Event::Append { broker, topic, partition, base_offset, log_end_offset, .. }
                | Event::Replicated { broker, topic, partition, base_offset, log_end_offset, .. } => {
                    let tp = TopicPartition { topic, partition };
                    if let Some(replica) = replica(run, broker, tp) {
                        self.at(tp).stored(broker, replica, base_offset, log_end_offset);
                    }
                }
                Event::BatchDrained {
                    producer,
                    batch,
                    topic,
                    partition,
                    producer_id,
                    producer_epoch,
                    base_sequence,
                    ..
                } if base_sequence >= 0 && !self.release.at_least(2, 7) => {
                    let tp = TopicPartition { topic, partition };
                    let number = (producer, tp, producer_id, producer_epoch, base_sequence);
                    if *self.numbered.entry(number).or_insert(batch) != batch {
                        self.number_twice.insert(producer);
                    }
                }
                Event::HwAdvanced { broker, topic, partition, high_watermark, .. } => {
                    let tp = TopicPartition { topic, partition };
                    if let Some(replica) = replica(run, broker, tp) {
                        self.at(tp).exposed(broker, replica, high_watermark);
                        if self.elr && replica.role() == Role::Leader && has_old_min_isr(run, broker, replica)
                        {
                            self.at(tp).assumptions.committed_by_an_old_min_isr();
                        }
                    }
                }
                _ => {}
            }
        }
        for &(broker, tp) in &touched.replicas {
            if let Some(replica) = replica(run, broker, tp) {
                let epoch = (replica.role() == Role::Leader).then(|| replica.leader_epoch());
                let story = self.at(tp);
                match epoch {
                    Some(epoch) => story.leading.insert(broker, epoch),
                    None => story.leading.remove(&broker),
                };
            }
        }
        for (_, event) in events {
            self.note_terms(event, run);
        }
    }

    fn note_terms<O: Observer>(&mut self, event: &Event, run: &Run<(Feed, O)>) {
        let newest_rules = self.release.at_least(3, 5);
        match *event {
            Event::Truncated { broker, topic, partition, .. } => {
                let tp = TopicPartition { topic, partition };
                let was_power = run.broker(broker).is_some_and(|broker| !broker.is_running());
                if was_power {
                    let state = run.controller().partition(tp);
                    self.at(tp).assumptions.lost_power(broker, state, newest_rules);
                }
            }
            Event::BrokerRegistered { broker, .. } => {
                for story in self.stories.values_mut() {
                    story.assumptions.registered(broker);
                }
            }
            Event::LeaderChanged { topic, partition, unclean, .. } => {
                let tp = TopicPartition { topic, partition };
                let state = run.controller().partition(tp);
                self.at(tp).assumptions.decided(state, unclean);
            }
            Event::IsrShrunk { topic, partition, .. }
            | Event::IsrExpanded { topic, partition, .. }
            | Event::ElrChanged { topic, partition, .. } => {
                let tp = TopicPartition { topic, partition };
                let state = run.controller().partition(tp);
                self.at(tp).assumptions.decided(state, false);
            }
            _ => {}
        }
    }

    fn at(&mut self, tp: TopicPartition) -> &mut Story {
        self.stories.entry(tp).or_insert_with(|| Story::new(self.release))
    }
}

fn replica<O: Observer>(run: &Run<(Feed, O)>, broker: BrokerId, tp: TopicPartition) -> Option<&Partition> {
    run.broker(broker)?.partition(tp)
}

/// Whether a leader's ISR is too small for the controller's `min.insync.replicas`, and not for its own.
fn has_old_min_isr<O: Observer>(run: &Run<(Feed, O)>, broker: BrokerId, leader: &Partition) -> bool {
    let topic = leader.tp().topic;
    let own = run.broker(broker).and_then(|broker| broker.topic_config(topic));
    let decided = run.controller().topic_config(topic);
    let [own, decided] = [own, decided].map(|config| config.map_or(1, |config| config.min_insync_replicas));
    own < decided && leader.isr().len() < decided as usize
}

impl Story {
    fn new(release: Release) -> Story {
        Story { assumptions: Assumptions::new(release), ..Story::default() }
    }

    /// A replica has stored the batches between these offsets; a power loss in the same step may have taken them again.
    fn stored(&mut self, broker: BrokerId, replica: &Partition, from: i64, to: i64) {
        let log = replica.log();
        let lost = replica.lost_with_power().iter().filter(|lost| lost.base_offset >= from);
        let mut before = match from > log.start_offset() {
            true => log.batches_from(from - 1).next().map(Key::of),
            false => None,
        };
        for stored in log.batches_from(from).chain(lost).take_while(|stored| stored.next_offset() <= to) {
            let key = Key::of(stored);
            let known = self.batches.entry(key).or_insert_with(|| Known {
                batch: Arc::clone(&stored.batch),
                before,
                at: Vec::new(),
            });
            let same_batch = Arc::ptr_eq(&known.batch, &stored.batch) || known.batch == stored.batch;
            if !same_batch || (known.before != before && known.before.is_some() && before.is_some()) {
                self.conflicts.push((broker, key));
            }
            if let Err(place) = known.at.binary_search(&broker) {
                known.at.insert(place, broker);
            }
            before = Some(key);
        }
    }

    /// A replica's high watermark has risen; a leader's is exposed to its clients, so what is below it is committed.
    fn exposed(&mut self, broker: BrokerId, replica: &Partition, high_watermark: i64) {
        let epoch = match replica.role() {
            Role::Leader => Some(replica.leader_epoch()),
            Role::Follower => self.leading.get(&broker).copied(),
        };
        let Some(epoch) = epoch else { return };
        let exposed = self.exposed.entry(epoch).or_default();
        *exposed = high_watermark.max(*exposed);
        if high_watermark <= self.true_hw {
            return;
        }
        let newly = replica.log().batches_from(self.true_hw);
        for stored in newly.take_while(|stored| stored.next_offset() <= high_watermark) {
            self.committed.insert(stored.base_offset, stored.leader_epoch);
        }
        self.true_hw = high_watermark;
    }

    /// The highest that was exposed in the epochs before this one: a leader of this epoch has to have all of that.
    pub(super) fn true_hw_before(&self, epoch: i32) -> i64 {
        self.exposed.range(..epoch).map(|(_, &exposed)| exposed).max().unwrap_or(0)
    }

    /// Whether a log has the last batch below an offset that was exposed; what stands before it is the same then, by
    /// [`super::log_matching`].
    pub(super) fn has_committed(&self, log: &Log, below: i64) -> bool {
        let Some((&base_offset, &leader_epoch)) = self.committed.range(..below).next_back() else {
            return true;
        };
        let last = Key { base_offset, leader_epoch };
        log.start_offset() > base_offset || log.batches_from(base_offset).next().map(Key::of) == Some(last)
    }

    /// Whether the batch of this key stands before the other one, or is it.
    pub(super) fn precedes(&self, key: Key, mut end: Option<Key>) -> bool {
        while let Some(at) = end.filter(|at| at.base_offset > key.base_offset) {
            end = self.batches.get(&at).and_then(|known| known.before);
        }
        end == Some(key)
    }
}
