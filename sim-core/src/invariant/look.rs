//! What checkers see of a run: its components between two steps, and which of them the last step has touched.

use std::collections::BTreeMap;

use super::feed::Feed;
use super::history::{History, Story};
use crate::broker::{Broker, Partition, Role};
use crate::config::TopicConfig;
use crate::controller::{Controller, PartitionState};
use crate::kernel::Run;
use crate::protocol::{MetadataUpdate, Request, Response};
use crate::record::{BrokerId, Names, ProducerIx, RecordId, TopicPartition};
use crate::scenario::{Act, Fault, Scenario};
use crate::time::Time;
use crate::trace::{Event, MessageBody, MessageEvent, Observer, Stamp};
use crate::verdict::Ledger;

/// The components of a run, to be read.
pub(super) struct Look<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) names: &'a Names,
    pub(super) now: Time,
    pub(super) controller: &'a Controller,
    pub(super) ledger: &'a Ledger,
    pub(super) history: &'a History,
    pub(super) brokers: &'a [Broker],
}

/// A replica of a partition at a broker whose process runs.
#[derive(Clone, Copy)]
pub(super) struct Replica<'a> {
    pub(super) broker: BrokerId,
    pub(super) tp: TopicPartition,
    pub(super) it: &'a Partition,
}

impl<'a> Look<'a> {
    pub(super) fn at<O: Observer>(run: &'a Run<(Feed, O)>, history: &'a History) -> Look<'a> {
        Look {
            scenario: run.scenario(),
            names: run.names(),
            now: run.now(),
            controller: run.controller(),
            ledger: run.ledger(),
            brokers: run.brokers(),
            history,
        }
    }

    /// A replica whose broker's process runs.
    pub(super) fn running(&self, broker: BrokerId, tp: TopicPartition) -> Option<Replica<'a>> {
        let process = self.brokers.get(broker.0 as usize).filter(|broker| broker.is_running())?;
        Some(Replica { broker, tp, it: process.partition(tp)? })
    }

    /// A replica, whether its broker's process runs or not.
    pub(super) fn on_disk(&self, broker: BrokerId, tp: TopicPartition) -> Option<&'a Partition> {
        self.brokers.get(broker.0 as usize)?.partition(tp)
    }

    /// The replicas that a step has touched and whose brokers run.
    pub(super) fn touched<'s>(&'s self, touched: &'s Touched) -> impl Iterator<Item = Replica<'a>> + 's {
        touched.replicas.iter().filter_map(|&(broker, tp)| self.running(broker, tp))
    }

    /// Those of them that lead.
    pub(super) fn leaders<'s>(&'s self, touched: &'s Touched) -> impl Iterator<Item = Replica<'a>> + 's {
        self.touched(touched).filter(Replica::leads)
    }

    /// Every replica whose broker runs.
    pub(super) fn all(&self) -> impl Iterator<Item = Replica<'a>> + '_ {
        let running = self.brokers.iter().filter(|broker| broker.is_running());
        running.flat_map(|broker| {
            let id = broker.id();
            broker.partitions().map(move |it| Replica { broker: id, tp: it.tp(), it })
        })
    }

    /// What the controller has recorded of a partition.
    pub(super) fn decided(&self, tp: TopicPartition) -> Option<&'a PartitionState> {
        self.controller.partition(tp)
    }

    /// Whether a replica leads in the epoch that the controller has decided on, and not as a zombie.
    pub(super) fn is_current(&self, replica: &Replica<'_>) -> bool {
        let decided = |state: &PartitionState| {
            state.leader == Some(replica.broker) && state.leader_epoch == replica.it.leader_epoch()
        };
        replica.leads() && self.decided(replica.tp).is_some_and(decided)
    }

    /// The replica that leads a partition now, if it knows so and runs.
    pub(super) fn final_leader(&self, tp: TopicPartition) -> Option<Replica<'a>> {
        let leader = self.decided(tp)?.leader?;
        self.running(leader, tp).filter(|replica| self.is_current(replica))
    }

    /// Whether neither the application nor a restart makes a producer send a record again.
    pub(super) fn sends_once(&self, producer: ProducerIx) -> bool {
        let at = usize::from(producer.0);
        let killed = |fault: &Fault| matches!(fault.act, Act::KillProducer { producer, .. } if usize::from(producer) == at);
        let resends = self.scenario.producers[at].sends.iter().any(|stream| stream.resend.is_some());
        !resends && !self.scenario.faults.iter().any(killed)
    }

    /// Whether sequences tell this producer's batches apart. Before 2.5 (KIP-360) the number of a batch that failed is given
    /// to the next one, whether it was stored or not; 2.5 and 2.6 may begin an epoch twice in a partition.
    pub(super) fn sequences_hold(&self, producer: ProducerIx) -> bool {
        let config = &self.scenario.producers[usize::from(producer.0)].config;
        let hold = self.scenario.profile.at_least(2, 5) && !self.history.has_numbered_twice(producer);
        !config.enable_idempotence || hold
    }

    /// What has happened to a partition so far.
    pub(super) fn story(&self, tp: TopicPartition) -> &'a Story {
        self.history.story(tp)
    }

    /// `min.insync.replicas` as it counts for a partition: since 3.7 not more than there are replicas (`broker.md P7`).
    pub(super) fn min_isr(&self, tp: TopicPartition) -> usize {
        self.counting(tp, self.controller.topic_config(tp.topic))
    }

    /// The same as this broker has it: one that stood still may have yet to learn of new settings.
    pub(super) fn min_isr_at(&self, broker: BrokerId, tp: TopicPartition) -> usize {
        self.counting(tp, self.brokers[broker.0 as usize].topic_config(tp.topic))
    }

    fn counting(&self, tp: TopicPartition, config: Option<&TopicConfig>) -> usize {
        let wanted = config.map_or(1, |config| config.min_insync_replicas) as usize;
        let replicas = self.decided(tp).map_or(wanted, |state| state.replicas.len());
        if self.scenario.profile.at_least(3, 7) { wanted.min(replicas) } else { wanted }
    }
}

impl<'a> Replica<'a> {
    pub(super) fn leads(&self) -> bool {
        self.it.role() == Role::Leader
    }

    pub(super) fn place(&self) -> (BrokerId, TopicPartition) {
        (self.broker, self.tp)
    }

    /// The committed ISR as a leader knows it, and who is on the way in (`broker.md R23`).
    pub(super) fn maximal_isr(&self) -> impl Iterator<Item = BrokerId> + 'a {
        self.it.isr().iter().copied().chain(self.it.joining())
    }
}

/// The records of a replica's log, and how often each stands there.
pub(super) fn records_of(replica: &Replica<'_>) -> BTreeMap<RecordId, u32> {
    let mut records = BTreeMap::new();
    for stored in replica.it.log().batches() {
        let producer = stored.batch.batch.producer;
        for index in stored.batch.records.iter() {
            *records.entry(RecordId { producer, index }).or_default() += 1;
        }
    }
    records
}

/// How many members each leader's ISR had after the step before, and how many it had to have at each broker: within one step, as
/// when a process goes on with all that has piled up, an answer may make the ISR smaller, or new settings come, after a high
/// watermark has risen.
#[derive(Clone, Debug, Default)]
pub(super) struct IsrSizes {
    of: BTreeMap<(BrokerId, TopicPartition), (usize, usize)>,
}

impl IsrSizes {
    /// How many a leader's ISR has, which are `now` so many, and how many it has to have, as far as the step allows.
    pub(super) fn at(&self, look: &Look<'_>, leader: &Replica<'_>, now: usize) -> (usize, usize) {
        let min_isr = look.min_isr_at(leader.broker, leader.tp);
        let (size, least) = self.of.get(&leader.place()).copied().unwrap_or((now, min_isr));
        (now.max(size), min_isr.min(least))
    }

    /// Takes in what a step has touched, after it.
    pub(super) fn note(&mut self, look: &Look<'_>, touched: &Touched, size: impl Fn(&Replica<'_>) -> usize) {
        for &(broker, tp) in &touched.replicas {
            let leader = look.running(broker, tp).filter(Replica::leads);
            let size = leader.map_or(0, |leader| size(&leader));
            self.of.insert((broker, tp), (size, look.min_isr_at(broker, tp)));
        }
    }
}

/// What a step has touched, ascending.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    /// Replicas.
    pub(super) replicas: Vec<(BrokerId, TopicPartition)>,
    /// Partitions that the controller has decided on.
    pub(super) decided: Vec<TopicPartition>,
}

impl Touched {
    /// Takes from the events of a step what it may have changed.
    pub(super) fn note<O: Observer>(&mut self, events: &[(Stamp, Event)], run: &Run<(Feed, O)>) {
        self.replicas.clear();
        self.decided.clear();
        for (_, event) in events {
            self.note_event(event, run);
        }
        self.replicas.sort_unstable();
        self.replicas.dedup();
        self.decided.sort_unstable();
        self.decided.dedup();
    }

    fn note_event<O: Observer>(&mut self, event: &Event, run: &Run<(Feed, O)>) {
        match *event {
            Event::Append { broker, topic, partition, .. }
            | Event::AppendDuplicate { broker, topic, partition, .. }
            | Event::AppendRefused { broker, topic, partition, .. }
            | Event::Replicated { broker, topic, partition, .. }
            | Event::HwAdvanced { broker, topic, partition, .. }
            | Event::Truncated { broker, topic, partition, .. }
            | Event::RoleChanged { broker, topic, partition, .. } => {
                self.replicas.push((broker, TopicPartition { topic, partition }));
            }
            Event::LeaderChanged { topic, partition, .. }
            | Event::IsrShrunk { topic, partition, .. }
            | Event::IsrExpanded { topic, partition, .. }
            | Event::ElrChanged { topic, partition, .. } => {
                self.decided.push(TopicPartition { topic, partition });
            }
            Event::BrokerStopped { broker, .. } | Event::BrokerStarted { broker, .. } => {
                let replicas = run.broker(broker).into_iter().flat_map(Broker::partitions);
                self.replicas.extend(replicas.map(|replica| (broker, replica.tp())));
            }
            Event::Message(ref message) => self.note_message(message),
            _ => {}
        }
    }

    /// A message that has come to a broker, and what it is about.
    fn note_message(&mut self, message: &MessageEvent) {
        let broker = message.ends.broker;
        match &message.body {
            MessageBody::Request(Request::Fetch(fetch)) if !message.sent => {
                self.replicas.extend(fetch.partitions.iter().map(|asked| (broker, asked.tp)));
            }
            MessageBody::Response(Response::Fetch(fetch)) if !message.sent => {
                if let Some(follower) = message.ends.follower {
                    self.replicas.extend(fetch.partitions.iter().map(|fetched| (follower, fetched.tp)));
                }
            }
            MessageBody::Response(Response::AlterPartition(answer)) if !message.sent => {
                self.replicas.push((broker, answer.tp));
            }
            MessageBody::Update(update) => {
                if let MetadataUpdate::Partition { tp, .. } = update.as_ref() {
                    self.replicas.push((broker, *tp));
                }
            }
            _ => {}
        }
    }
}
