//! The controller: who lives, who leads, who is in sync.
//!
//! One active KRaft controller, whose metadata survive its crash. [`partition`] decides what an event does to a partition,
//! [`elections`] which events meet which partitions, [`configuration`] which settings count, [`registration`] who counts as alive, [`sessions`] who has been
//! heard of; [`publish`] tells the brokers.

mod api;
mod configuration;
mod elections;
mod partition;
mod publish;
mod registration;
mod sessions;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use api::{Admin, AdminError, ControllerOutput, ControllerTimer};
pub use partition::PartitionState;
pub use registration::Registration;

use crate::broker::Ticket;
use crate::chance::{Chance, Stream};
use crate::config::{BrokerConfig, Release, TopicConfig};
use crate::mutant::Broken;
use crate::protocol::{Request, Response};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::scenario;
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer, Seq};
use configuration::ConfigRecord;
use sessions::Sessions;

/// The active controller of the cluster.
#[derive(Clone, Debug)]
pub struct Controller {
    release: Release,
    broken: Broken,
    heartbeat_interval: Span,
    /// None where `auto.leader.rebalance.enable` is off.
    imbalance_interval: Option<Span>,
    unclean_interval: Option<Span>,
    /// Whether eligible leader replicas are kept (`broker.md 4.6`).
    elr: bool,
    sweep_phase: Stream,
    imbalance_phase: Stream,
    unclean_phase: Stream,
    move_delay: Stream,
    sessions: Sessions,
    /// By broker id.
    registrations: Vec<Option<Registration>>,
    /// By broker id: fenced by hand.
    held: Vec<bool>,
    /// By [`TopicIx`].
    topics: Vec<Topic>,
    /// The settings that have changed, in the order of the last changes.
    config_records: Vec<ConfigRecord>,
    /// Number of the last decision.
    offset: u64,
    outputs: Vec<ControllerOutput>,
}

/// A topic of the scenario.
#[derive(Clone, Debug)]
struct Topic {
    config: TopicConfig,
    /// Replicas of each partition that it is to have.
    assignment: Vec<Arc<[BrokerId]>>,
    /// The partitions that there are: none before the topic is created.
    partitions: Vec<Partition>,
}

/// A partition, and the offset of its last change.
#[derive(Clone, Debug)]
struct Partition {
    state: PartitionState,
    changed_at: u64,
    /// Somebody has made a replica from outside ISR and ELR its leader.
    forced: bool,
}

impl Controller {
    /// The controller of a cluster that has never run: no broker is registered, no topic created. A topic is created
    /// as soon as all brokers that its replicas are assigned to are unfenced. `elr`: whether eligible leader replicas
    /// are kept.
    pub fn new(
        config: &BrokerConfig,
        elr: bool,
        brokers: u32,
        topics: &[scenario::Topic],
        chance: &mut dyn Chance,
    ) -> Controller {
        let interval = Span::from_millis(config.leader_imbalance_check_interval_ms);
        let unclean_interval = Span::from_millis(config.unclean_leader_election_interval_ms);
        Controller {
            release: config.release,
            broken: config.broken,
            heartbeat_interval: Span::from_millis(config.heartbeat_interval_ms),
            imbalance_interval: (config.auto_leader_rebalance && interval > Span::ZERO).then_some(interval),
            // broker.md F8: before 3.9 nobody looks; an election by hand it takes.
            unclean_interval: (config.release.at_least(3, 9) && unclean_interval > Span::ZERO)
                .then_some(unclean_interval),
            elr,
            sweep_phase: chance.stream(format_args!("controller/phase/sweep")),
            imbalance_phase: chance.stream(format_args!("controller/phase/leader-imbalance")),
            unclean_phase: chance.stream(format_args!("controller/phase/unclean-election")),
            move_delay: chance.stream(format_args!("controller/shutdown-moves")),
            sessions: Sessions::new(brokers, Span::from_millis(config.session_timeout_ms)),
            registrations: vec![None; brokers as usize],
            held: vec![false; brokers as usize],
            topics: topics.iter().map(Topic::planned).collect(),
            config_records: Vec::new(),
            offset: 0,
            outputs: Vec::new(),
        }
    }

    /// Makes it the controller of a cluster that has been running for long (`scenario-format.md`, "At t=0"): every
    /// broker is registered with broker epoch 0 and unfenced, its last heartbeat lies so long before `now`; every
    /// partition has its first replica as leader, epochs 0, a full ISR; all brokers know it, metadata offset 0.
    pub fn warm(&mut self, now: Time, since_heartbeat: &[Span]) {
        for (id, registration) in self.registrations.iter_mut().enumerate() {
            let broker = BrokerId(id as u32);
            let ago = since_heartbeat.get(id).copied().unwrap_or(Span::ZERO);
            *registration = Some(Registration::warm(now, ago));
            self.sessions.touch(broker, now, ago, Seq::OUTSIDE);
        }
        for topic in &mut self.topics {
            topic.partitions = topic.assignment.iter().map(|replicas| Partition::full(replicas, 0)).collect();
        }
    }

    /// The process runs again, with its metadata: all sessions begin anew (`broker.md F4`), all intervals too. Brokers
    /// fetch from it what they have not got from the one before.
    pub fn restart<O>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        for id in (0..self.registrations.len() as u32).map(BrokerId) {
            self.sessions.close(id);
            if self.broker(id).is_some_and(|known| !known.fenced) {
                self.sessions.touch(id, cx.now, Span::ZERO, cause);
            }
        }
        self.tell_all_what_they_miss(cx.now, cause);
        for timer in [
            ControllerTimer::SessionSweep,
            ControllerTimer::LeaderImbalance,
            ControllerTimer::UncleanElection,
        ] {
            self.again(cx.now, timer);
        }
    }

    /// Begins what happens at intervals, each at a phase of its own.
    pub fn start<O>(&mut self, cx: &mut Cx<'_, O>) {
        self.first(cx, self.sweep_phase, ControllerTimer::SessionSweep);
        self.first(cx, self.imbalance_phase, ControllerTimer::LeaderImbalance);
        self.first(cx, self.unclean_phase, ControllerTimer::UncleanElection);
    }

    /// A broker's heartbeat, registration or AlterPartition has arrived; other requests are not for a controller and
    /// get no answer.
    pub fn request<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ticket: Ticket,
        request: &Request,
        cause: Seq,
    ) {
        let response = match request {
            Request::Heartbeat(heartbeat) => Response::Heartbeat(self.heartbeat(cx, heartbeat, cause)),
            Request::AlterPartition(alter) => {
                Response::AlterPartition(Arc::new(self.alter_partition(cx, alter, cause)))
            }
            _ => return,
        };
        self.outputs.push(ControllerOutput::Answer { ticket, response, cause });
    }

    /// An administrator's wish; nothing happens if it cannot be fulfilled.
    pub fn admin<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        admin: &Admin,
        cause: Seq,
    ) -> Result<(), AdminError> {
        match admin {
            Admin::Elect { tp, leader, unclean: false } => self.elect(cx, *tp, *leader, cause),
            Admin::Elect { tp, leader, unclean: true } => self.force_uncleanly(cx, *tp, *leader, cause),
            Admin::Fence(broker) => {
                self.hold(cx, *broker, cause);
                Ok(())
            }
            Admin::Unfence { broker, up } => {
                self.lift_hold(cx, *broker, *up, cause);
                Ok(())
            }
            Admin::AddPartitions { topic, to } => self.add_partitions(cx.now, *topic, *to, cause),
            Admin::SetConfig { change, to } => self.set_config(cx, *change, to, cause),
        }
    }

    /// A timer is due.
    pub fn timer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, timer: ControllerTimer) {
        match timer {
            ControllerTimer::SessionSweep => self.sweep_sessions(cx),
            ControllerTimer::LeaderImbalance => self.balance_leaders(cx),
            ControllerTimer::UncleanElection => self.elect_uncleanly(cx),
        }
        self.again(cx.now, timer);
    }

    /// Sets a timer for the next time.
    fn again(&mut self, now: Time, timer: ControllerTimer) {
        if let Some(interval) = self.interval(timer) {
            self.outputs.push(ControllerOutput::Timer { at: now + interval, timer });
        }
    }

    fn interval(&self, timer: ControllerTimer) -> Option<Span> {
        match timer {
            ControllerTimer::SessionSweep => Some(self.sessions.sweep_interval()),
            ControllerTimer::LeaderImbalance => self.imbalance_interval,
            ControllerTimer::UncleanElection => self.unclean_interval,
        }
    }

    /// Hands over what it wants done, in order.
    pub fn take_outputs(&mut self, into: &mut Vec<ControllerOutput>) {
        into.append(&mut self.outputs);
    }

    /// What it has recorded of a partition; nothing if there is no such partition (yet).
    pub fn partition(&self, tp: TopicPartition) -> Option<&PartitionState> {
        let partition = self.topics.get(tp.topic.0 as usize)?.partitions.get(tp.partition as usize)?;
        Some(&partition.state)
    }

    /// Every partition that there is, ascending.
    pub fn partitions(&self) -> impl Iterator<Item = (TopicPartition, &PartitionState)> {
        (0..).zip(&self.topics).flat_map(|(topic, known)| {
            (0..).zip(&known.partitions).map(move |(partition, recorded)| {
                (TopicPartition { topic: TopicIx(topic), partition }, &recorded.state)
            })
        })
    }

    /// How many partitions a topic has.
    pub fn partition_count(&self, topic: TopicIx) -> u32 {
        self.topics.get(topic.0 as usize).map_or(0, |topic| topic.partitions.len() as u32)
    }

    /// A broker's registration, if it has one.
    pub fn broker(&self, broker: BrokerId) -> Option<&Registration> {
        self.registrations.get(broker.0 as usize)?.as_ref()
    }

    /// Whether a broker may lead: it is registered, not fenced, and not shutting down.
    pub fn is_active(&self, broker: BrokerId) -> bool {
        self.broker(broker).is_some_and(Registration::is_active)
    }

    /// Whether somebody has made a replica from outside ISR and ELR the leader of this partition.
    pub fn was_forced(&self, tp: TopicPartition) -> bool {
        let topic = self.topics.get(tp.topic.0 as usize);
        topic.and_then(|topic| topic.partitions.get(tp.partition as usize)).is_some_and(|it| it.forced)
    }

    /// Whether a broker is fenced by hand.
    pub fn is_held(&self, broker: BrokerId) -> bool {
        self.held[broker.0 as usize]
    }

    /// A broker's heartbeats decide again, once there is somebody to hear them.
    pub fn forget_hold(&mut self, broker: BrokerId) {
        self.held[broker.0 as usize] = false;
    }

    /// A topic's settings as they are now.
    pub fn topic_config(&self, topic: TopicIx) -> Option<&TopicConfig> {
        self.topics.get(topic.0 as usize).map(|topic| &topic.config)
    }

    fn first<O>(&mut self, cx: &mut Cx<'_, O>, phase: Stream, timer: ControllerTimer) {
        let Some(interval) = self.interval(timer) else { return };
        let phase = Span::from_nanos(cx.chance.below(phase, interval.nanos().max(1)));
        self.outputs.push(ControllerOutput::Timer { at: cx.now + phase, timer });
    }

    /// Numbers a decision.
    fn next_offset(&mut self) -> u64 {
        self.offset += 1;
        self.offset
    }
}

impl Topic {
    fn planned(topic: &scenario::Topic) -> Topic {
        Topic {
            config: topic.config.clone(),
            assignment: topic.assignment.iter().map(|replicas| replicas.as_slice().into()).collect(),
            partitions: Vec::new(),
        }
    }
}

impl Partition {
    /// New, all replicas in the ISR.
    fn full(replicas: &Arc<[BrokerId]>, changed_at: u64) -> Partition {
        let state = PartitionState::created(replicas.clone(), replicas.clone());
        Partition { state, changed_at, forced: false }
    }
}
