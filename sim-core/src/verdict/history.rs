//! What a verdict is given: the ledger, the final logs, the settings, and what was done to the system.

use std::collections::BTreeSet;

use super::ledger::Ledger;
use super::promise::{ProducerTerms, TopicTerms};
use crate::record::{BrokerId, Names, ProducerIx, StoredBatch, TopicIx, TopicPartition};
use crate::scenario::{Act, Acting, Producer, Scenario};
use crate::time::Time;

/// A run that is over, as far as its verdict needs it. It can be written by hand.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The names behind the indices.
    pub names: &'a Names,
    /// What the applications were told.
    pub ledger: &'a Ledger,
    /// One log a partition, ascending by topic and partition.
    pub logs: &'a [FinalLog],
    /// The settings, and what was done.
    pub terms: &'a Terms,
}

/// The log of a partition's final leader once the cluster has healed, or what the last leader of a partition without one
/// has on disk; and the partition's state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FinalLog {
    /// Which partition.
    pub tp: TopicPartition,
    /// Its leader, if it has one.
    pub leader: Option<BrokerId>,
    /// Its leader epoch.
    pub leader_epoch: i32,
    /// Its ISR as the controller has it.
    pub isr: Vec<BrokerId>,
    /// Its eligible leader replicas.
    pub elr: Vec<BrokerId>,
    /// The leader's high watermark.
    pub high_watermark: i64,
    /// First offset: what was before it has been deleted by retention, which is not a loss.
    pub log_start_offset: i64,
    /// The next offset to be written.
    pub log_end_offset: i64,
    /// The whole log, above the high watermark too.
    pub batches: Vec<StoredBatch>,
}

/// The settings as far as promises depend on them, and what was done to the system on purpose.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// By producer.
    pub producers: Vec<ProducerTerms>,
    /// By topic, of those that the cluster knows.
    pub topics: Vec<TopicTerms>,
    /// Producers that were killed and started again, each time (`broker.md I15 b`).
    pub restarts: Vec<(ProducerIx, Time)>,
    /// Partitions to which something happened that takes a promise away.
    pub partitions: Vec<(TopicPartition, PartitionTerms)>,
}

/// What happened to a partition that takes a promise away; all false for most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PartitionTerms {
    /// An election was forced to take a replica from outside ISR and ELR (`elect` with `unclean = true`).
    pub forced_unclean: bool,
    /// A replica led that was the last member of the ISR and came back from a power loss without part of its log: without
    /// ELR that is how committed records vanish (`broker.md D6`, `L1 b`).
    pub last_member_lossy: bool,
    /// Every remaining member of ISR and ELR came back from a power loss without part of its log: what it takes with
    /// ELR (`broker.md L1 b`).
    pub every_member_lossy: bool,
    /// With ELR: a leader was elected that lacks what another had committed by an older, smaller `min.insync.replicas` than the
    /// controller's (`broker.md F17`).
    pub old_min_isr: bool,
    /// Brokers forgot the state of an idle producer (`broker.md I8`, `I15 c`).
    pub producer_state_expired: bool,
}

impl Terms {
    /// The settings of this scenario, before anything was done: a setting that a fault of it changes counts as set.
    pub fn of(scenario: &Scenario) -> Terms {
        let topics_of = |producer: &Producer| {
            let topics: BTreeSet<TopicIx> = producer.sends.iter().map(|stream| stream.topic).collect();
            topics.into_iter().collect()
        };
        let terms_of = |producer: &Producer| ProducerTerms::new(&producer.config, topics_of(producer));
        let mut terms = Terms {
            producers: scenario.producers.iter().map(terms_of).collect(),
            topics: scenario
                .topics
                .iter()
                .map(|topic| TopicTerms::new(&topic.config, scenario.cluster.elr))
                .collect(),
            ..Terms::default()
        };
        for fault in &scenario.faults {
            if let Act::SetConfig(acting) = &fault.act
                && let Acting::Topic(topic, config) = acting.as_ref()
                && let Some(terms) = terms.topics.get_mut(topic.0 as usize)
            {
                terms.unclean |= config.unclean_leader_election;
            }
        }
        terms
    }

    /// What happened to this partition.
    pub fn partition(&self, tp: TopicPartition) -> PartitionTerms {
        self.partitions.iter().find(|(at, _)| *at == tp).map(|(_, terms)| *terms).unwrap_or_default()
    }

    /// Whether this producer was started again no later than at this time.
    pub fn restarted_by(&self, producer: ProducerIx, time: Time) -> bool {
        self.restarts.iter().any(|&(who, at)| who == producer && at <= time)
    }
}
