//! How the brokers learn of decisions (`broker.md F11`).
//!
//! Brokers fetch the controller's metadata log. Here the controller tells them instead: each decision goes at once to
//! every broker that it is in contact with. What a broker may have missed shows in its heartbeats, and is told again:
//! the state that each thing is in now, in the order of the last changes.

use std::sync::Arc;

use super::configuration::ConfigRecord;
use super::{Controller, ControllerOutput};
use crate::protocol::{HeartbeatRequest, MetadataUpdate};
use crate::record::{BrokerId, TopicPartition};
use crate::time::{Span, Time};
use crate::trace::{Cx, Seq};

/// How long a broker waits for the answer to a metadata fetch before it fetches again
/// (`controller.quorum.request.timeout.ms`, `broker.md 9`).
const METADATA_FETCH_TIMEOUT: Span = Span::from_millis(2_000);

/// From the decision to a broker, for each of them: at least, at most (`broker.md F11`, 4.1 and later). Whether a follower is
/// earlier than the new leader decides what a controlled shutdown costs (F12a).
const MOVE_DELAY: [Span; 2] = [Span::from_millis(5), Span::from_millis(50)];

impl Controller {
    /// A decision about a partition goes to every broker in contact but this one.
    pub(super) fn tell_of_partition(
        &mut self,
        now: Time,
        tp: TopicPartition,
        except: Option<BrokerId>,
        cause: Seq,
    ) {
        if let Some((_, update)) = self.partition_update(tp) {
            self.tell_all(now, &update, except, cause);
        }
    }

    /// A decision about a broker goes to every broker in contact.
    pub(super) fn tell_of_broker(&mut self, now: Time, broker: BrokerId, cause: Seq) {
        if let Some((_, update)) = self.broker_update(broker) {
            self.tell_all(now, &update, None, cause);
        }
    }

    /// The same to all others.
    pub(super) fn tell_others_of_broker(&mut self, now: Time, broker: BrokerId, cause: Seq) {
        if let Some((_, update)) = self.broker_update(broker) {
            self.tell_all(now, &update, Some(broker), cause);
        }
    }

    /// A heartbeat says how far a broker has applied the metadata. If it asks for more, if one has failed to come in between,
    /// or if it stays behind for too long, it is told again what changed since it was last in step.
    pub(super) fn catch_up(&mut self, now: Time, request: &HeartbeatRequest, cause: Seq) {
        let (broker, applied) = (request.broker, request.metadata_offset);
        let (last, interval) = (self.offset, self.heartbeat_interval);
        let out_of_contact = !self.sessions.is_open(broker);
        let Some(registration) = self.registrations.get_mut(broker.0 as usize).and_then(Option::as_mut)
        else {
            return;
        };
        let missed_one = now.since(registration.last_contact) > interval.times(2);
        let overdue = registration.unapplied_since.is_some_and(|told| now >= told + METADATA_FETCH_TIMEOUT);
        let in_step_until = registration.applied.min(applied);
        if applied >= last {
            registration.unapplied_since = None;
        } else if applied > registration.applied {
            registration.unapplied_since = Some(now);
        } else {
            registration.unapplied_since.get_or_insert(now);
        }
        registration.last_contact = now;
        registration.applied = applied;
        if out_of_contact || missed_one || request.fetches_anew || (overdue && applied < last) {
            registration.unapplied_since = None;
            // Who has not applied its own registration has not got what stood before it either.
            let knows_the_past = in_step_until >= registration.registered_at;
            self.tell_since(now, broker, knows_the_past.then_some(in_step_until), cause);
        }
    }

    /// What is decided now comes to each broker in its own time.
    pub(super) fn moves_take_their_time<O>(&mut self, cx: &mut Cx<'_, O>) {
        let [least, most] = MOVE_DELAY;
        for broker in (0..self.registrations.len() as u32).map(BrokerId) {
            let takes = least + Span::from_nanos(cx.chance.below(self.move_delay, (most - least).nanos()));
            self.outputs.push(ControllerOutput::InItsOwnTime { broker, takes });
        }
    }

    /// The controller is back: each broker fetches from where it was, so it is told what has changed since its last heartbeat.
    pub(super) fn tell_all_what_they_miss(&mut self, now: Time, cause: Seq) {
        for broker in (0..self.registrations.len() as u32).map(BrokerId) {
            if let Some(known) = self.broker(broker) {
                let after = (known.applied >= known.registered_at).then_some(known.applied);
                self.tell_since(now, broker, after, cause);
            }
        }
    }

    /// Tells one broker of everything that changed after the decision of this number; without one, of everything. It has got
    /// all that with one fetch, and so takes in settings after roles, whichever was decided first (Kafka's
    /// `BrokerMetadataPublisher`).
    pub(super) fn tell_since(&mut self, now: Time, broker: BrokerId, after: Option<u64>, cause: Seq) {
        let brokers = (0..self.registrations.len() as u32).filter_map(|id| self.broker_update(BrokerId(id)));
        let partitions = self.partitions().filter_map(|(tp, _)| self.partition_update(tp));
        let is_news = |&(offset, _): &(u64, Arc<MetadataUpdate>)| after.is_none_or(|after| offset > after);
        let mut news: Vec<_> = brokers.chain(partitions).filter(is_news).collect();
        news.sort_by_key(|&(offset, _)| offset);
        news.extend(self.config_records.iter().map(ConfigRecord::update).filter(is_news));
        self.outputs.push(ControllerOutput::Afresh { broker });
        for (_, update) in news {
            self.tell(now, broker, update, cause);
        }
    }

    pub(super) fn tell_all(
        &mut self,
        now: Time,
        update: &Arc<MetadataUpdate>,
        except: Option<BrokerId>,
        cause: Seq,
    ) {
        for id in 0..self.registrations.len() as u32 {
            let broker = BrokerId(id);
            if self.broker(broker).is_some() && self.sessions.is_open(broker) && except != Some(broker) {
                self.tell(now, broker, update.clone(), cause);
            }
        }
    }

    fn tell(&mut self, now: Time, broker: BrokerId, update: Arc<MetadataUpdate>, cause: Seq) {
        let Some(registration) = &mut self.registrations[broker.0 as usize] else { return };
        registration.unapplied_since.get_or_insert(now);
        let incarnation = registration.incarnation;
        self.outputs.push(ControllerOutput::Tell { broker, incarnation, update, cause });
    }

    fn partition_update(&self, tp: TopicPartition) -> Option<(u64, Arc<MetadataUpdate>)> {
        let partition = self.topics.get(tp.topic.0 as usize)?.partitions.get(tp.partition as usize)?;
        let (offset, state) = (partition.changed_at, &partition.state);
        let update = MetadataUpdate::Partition {
            offset,
            tp,
            replicas: state.replicas.clone(),
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            partition_epoch: state.partition_epoch,
            isr: state.isr.clone(),
        };
        Some((offset, Arc::new(update)))
    }

    fn broker_update(&self, broker: BrokerId) -> Option<(u64, Arc<MetadataUpdate>)> {
        let registration = self.broker(broker)?;
        let offset = registration.changed_at;
        let update = MetadataUpdate::Broker {
            offset,
            broker,
            broker_epoch: registration.broker_epoch,
            fenced: registration.fenced,
            shutting_down: registration.shutting_down,
        };
        Some((offset, Arc::new(update)))
    }
}
