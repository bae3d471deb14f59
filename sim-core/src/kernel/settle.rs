//! Whether a run is over: every record has its result, every fault is over, nothing is on its way to a log, the
//! replicas agree, readers have read.

use super::run::{Process, Run};
use crate::broker::{Broker, Partition, Role};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::trace::Observer;

impl<O: Observer> Run<O> {
    /// Whether every client has nothing left to send or to wait for: cheap enough to be asked after every event.
    #[inline]
    pub(super) fn clients_are_settled(&self) -> bool {
        self.client_settled.iter().all(|&settled| settled) && self.faults.are_over()
    }

    /// Whether the rest of the run is settled too (`scenario-format.md`, `stop`).
    pub(super) fn is_settled(&mut self) -> bool {
        self.replicas_agree(self.apart)
            && !self.somebody_comes_or_goes()
            && self.topics_are_there()
            && !self.something_comes_to_a_log()
            && self.all_replicas_agree()
            && self.consumers_are_done()
    }

    /// Whether the replicas of every partition agree. Goes on from where the last look found some that did not: asked
    /// after every event, of thousands of partitions, it must not begin anew each time.
    fn all_replicas_agree(&mut self) -> bool {
        let from = self.apart;
        let before = self.partitions_from(TopicPartition::default()).take_while(|&tp| tp < from);
        let apart = self.partitions_from(from).chain(before).find(|&tp| !self.replicas_agree(tp));
        self.apart = apart.unwrap_or(from);
        apart.is_none()
    }

    /// Every partition that the controller knows from this one on, ascending.
    fn partitions_from(&self, from: TopicPartition) -> impl Iterator<Item = TopicPartition> + '_ {
        let topics = (from.topic.0..).map(TopicIx).take(self.scenario.topics.len());
        topics.flat_map(move |topic| {
            let first = if topic == from.topic { from.partition } else { 0 };
            let partitions = first..self.controller.partition_count(topic);
            partitions.map(move |partition| TopicPartition { topic, partition })
        })
    }

    /// Whether a broker is about to end, or on its way into the cluster and nobody keeps it out.
    fn somebody_comes_or_goes(&self) -> bool {
        let moves = |(process, broker): (&Process, &Broker)| {
            process.ending || (process.up && broker.is_joining() && !self.controller.is_held(broker.id()))
        };
        self.processes.iter().zip(&self.brokers).any(moves)
    }

    /// A cluster that starts at t=0 creates them in time.
    fn topics_are_there(&self) -> bool {
        (0..self.scenario.topics.len()).all(|at| self.controller.partition_count(TopicIx(at as u16)) > 0)
    }

    /// Whether a Produce request is on its way or waits for a broker's thread, also one that its client has given up: the
    /// verdict would miss what it writes.
    fn something_comes_to_a_log(&self) -> bool {
        self.network.carries_produce() || self.brokers.iter().any(Broker::has_produce_to_do)
    }

    /// Every partition that the controller knows, ascending.
    pub(super) fn partitions(&self) -> impl Iterator<Item = TopicPartition> + '_ {
        self.controller.partitions().map(|(tp, _)| tp)
    }

    /// Whether one of the replicas leads, as far as one that is up may, those that are up have the same log end and high
    /// watermark, all that may be in the ISR are, and all is committed that will be.
    fn replicas_agree(&self, tp: TopicPartition) -> bool {
        let Some(state) = self.controller.partition(tp) else { return true };
        let runs = |broker: BrokerId| self.processes[broker.0 as usize].up && !self.piles.has(broker);
        let leads = |broker: BrokerId| {
            let replica = self.brokers[broker.0 as usize].partition(tp);
            let of_epoch = |replica: &Partition| replica.leader_epoch() == state.leader_epoch;
            runs(broker) && replica.is_some_and(|replica| replica.role() == Role::Leader && of_epoch(replica))
        };
        let mut eligible = state.isr.iter().chain(state.elr.iter());
        if !state.leader.is_some_and(leads) && eligible.any(|&member| runs(member)) {
            return false;
        }
        let mut agreed = None;
        for &broker in state.replicas.iter() {
            if !runs(broker) {
                continue;
            }
            if state.leader.is_some() && self.controller.is_active(broker) && !state.isr.contains(&broker) {
                return false;
            }
            let Some(replica) = self.brokers[broker.0 as usize].partition(tp) else { return false };
            let ends = (replica.log().end_offset(), replica.high_watermark());
            if *agreed.get_or_insert(ends) != ends {
                return false;
            }
        }
        let rises = state.leader.is_some() && state.isr.iter().all(|&member| runs(member)) && {
            let min_isr =
                self.controller.topic_config(tp.topic).map_or(1, |config| config.min_insync_replicas);
            // broker.md 0.1: strict min ISR since 3.7, and never more than there are replicas (P7).
            let min_isr = (min_isr as usize).min(state.replicas.len());
            state.isr.len() >= min_isr || !self.scenario.profile.at_least(3, 7)
        };
        agreed.is_none_or(|(end, high_watermark)| high_watermark == end || !rises)
    }

    /// Whether every consumer has read what it may.
    fn consumers_are_done(&self) -> bool {
        self.consumers.iter().all(|consumer| {
            consumer.has_started()
                && consumer.partitions().iter().all(|assigned| {
                    let leader = self.controller.partition(assigned.tp).and_then(|state| state.leader);
                    let replica =
                        leader.and_then(|leader| self.brokers[leader.0 as usize].partition(assigned.tp));
                    let read = |replica: &Partition| {
                        assigned.position().is_none_or(|position| position >= replica.high_watermark())
                    };
                    replica.is_none_or(|replica| !assigned.awaits_leader() && read(replica))
                })
        })
    }
}
