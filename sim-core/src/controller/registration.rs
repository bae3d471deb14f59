//! Registration, heartbeats, fencing and unfencing (Kafka's `ClusterControlManager`, `BrokerHeartbeatManager`).

use super::Controller;
use super::partition::PartitionEvent;
use crate::protocol::{ErrorCode, HeartbeatRequest, HeartbeatResponse};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, Observer, Seq};

/// A broker as the controller has registered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Goes up with every registration.
    pub broker_epoch: i64,
    /// Which start of the process registered.
    pub incarnation: u32,
    /// Whether it may neither lead nor join an ISR.
    pub fenced: bool,
    /// Number of the decision that registered it.
    pub(super) registered_at: u64,
    /// Number of the last decision about it.
    pub(super) changed_at: u64,
    /// When its last heartbeat was processed; of a warm broker, t=0 at the earliest.
    pub(super) last_contact: Time,
    /// The metadata that it had applied by then.
    pub(super) applied: u64,
    /// Since when something that it was told has not shown in its heartbeats.
    pub(super) unapplied_since: Option<Time>,
}

impl Registration {
    pub(super) fn warm(now: Time, since_heartbeat: Span) -> Registration {
        let last_contact = Time::from_nanos(now.nanos().saturating_sub(since_heartbeat.nanos()));
        Registration::new(0, 0, 0, last_contact, false)
    }

    fn new(broker_epoch: i64, incarnation: u32, offset: u64, now: Time, fenced: bool) -> Registration {
        Registration {
            broker_epoch,
            incarnation,
            fenced,
            registered_at: offset,
            changed_at: offset,
            last_contact: now,
            applied: 0,
            unapplied_since: None,
        }
    }
}

impl Controller {
    /// A heartbeat, or a registration (`broker.md F1`, F5, F6).
    pub(super) fn heartbeat<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        request: &HeartbeatRequest,
        cause: Seq,
    ) -> HeartbeatResponse {
        let processed = if request.broker_epoch < 0 {
            self.register(cx, request, cause)
        } else {
            self.contact(cx, request, cause)
        };
        let registration = self.broker(request.broker);
        HeartbeatResponse {
            error: processed.err().unwrap_or(ErrorCode::None),
            broker_epoch: registration.map_or(-1, |registration| registration.broker_epoch),
            fenced: processed.is_err() || registration.is_none_or(|registration| registration.fenced),
            may_shut_down: false,
        }
    }

    /// `broker.md F5`: a new incarnation is refused as long as the old one's session is valid; accepted, it starts
    /// fenced, with a new broker epoch. The same incarnation again (its answer was lost) keeps what it has.
    fn register<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        request: &HeartbeatRequest,
        cause: Seq,
    ) -> Result<(), ErrorCode> {
        let broker = request.broker;
        let Some(slot) = self.registrations.get(broker.0 as usize) else {
            return Err(ErrorCode::InvalidRequest);
        };
        let (known, clean) = match slot {
            Some(old) if old.incarnation == request.incarnation => (true, false),
            Some(_) if self.sessions.is_valid(broker, cx.now) => {
                return Err(ErrorCode::DuplicateBrokerRegistration);
            }
            Some(old) => (false, old.broker_epoch == request.previous_broker_epoch),
            None => (false, false),
        };
        self.sessions.touch(broker, cx.now, Span::ZERO, cause);
        if known {
            self.tell_since(cx.now, broker, None, cause);
            return Ok(());
        }
        let offset = self.next_offset();
        let epoch = offset as i64;
        self.registrations[broker.0 as usize] =
            Some(Registration::new(epoch, request.incarnation, offset, cx.now, true));
        let registered = cx.emit(cause, || Event::BrokerRegistered { broker, broker_epoch: epoch, clean });
        self.tell_others_of_broker(cx.now, broker, registered);
        // broker.md 4.2: what the incarnation before it still holds is taken from it, as if it were fenced now.
        self.change_partitions(cx, PartitionEvent::BrokerLeft(broker), Some(broker), registered);
        self.tell_since(cx.now, broker, None, registered);
        Ok(())
    }

    /// `broker.md F1`: a heartbeat renews the session. `broker.md F6`: who wants to be unfenced is, once it has applied
    /// the metadata up to its own registration.
    fn contact<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        request: &HeartbeatRequest,
        cause: Seq,
    ) -> Result<(), ErrorCode> {
        let broker = request.broker;
        let registration =
            self.broker(broker).filter(|registration| registration.broker_epoch == request.broker_epoch);
        let Some(registration) = registration else { return Err(ErrorCode::StaleBrokerEpoch) };
        let unfence = registration.fenced
            && request.want_unfence
            && request.metadata_offset >= registration.registered_at;
        self.catch_up(cx.now, broker, request.metadata_offset, cause);
        self.sessions.touch(broker, cx.now, Span::ZERO, cause);
        if unfence {
            self.unfence(cx, broker, cause);
        }
        Ok(())
    }

    /// `broker.md F1`: fences the brokers whose session is over, one at a time in the order of last contact.
    pub(super) fn sweep_sessions<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        while let Some((broker, session)) = self.sessions.remove_expired(cx.now) {
            if self.is_active(broker) {
                self.fence(cx, broker, session.cause);
            }
        }
    }

    /// `broker.md 4.2`, fence: out of every ISR, and no leader any more. A broker takes both in at once (Kafka's
    /// `BrokerMetadataPublisher` sets the new image before it hands partitions to the `ReplicaManager`), so the fence is told
    /// first: a leader whose ISR shrinks would otherwise go on waiting for the follower as for one that may join (R11).
    fn fence<O: Observer>(&mut self, cx: &mut Cx<'_, O>, broker: BrokerId, cause: Seq) {
        let Some(broker_epoch) = self.set_fenced(broker, true) else { return };
        let fenced = cx.emit(cause, || Event::BrokerFenced { broker, broker_epoch });
        self.number_broker(broker);
        self.tell_of_broker(cx.now, broker, fenced);
        self.change_partitions(cx, PartitionEvent::BrokerLeft(broker), None, fenced);
    }

    /// `broker.md 4.2`, unfence: it may lead what has no leader.
    fn unfence<O: Observer>(&mut self, cx: &mut Cx<'_, O>, broker: BrokerId, cause: Seq) {
        let Some(broker_epoch) = self.set_fenced(broker, false) else { return };
        let unfenced = cx.emit(cause, || Event::BrokerUnfenced { broker, broker_epoch });
        self.number_broker(broker);
        self.tell_of_broker(cx.now, broker, unfenced);
        self.create_planned_topics(cx.now, unfenced);
        self.change_partitions(cx, PartitionEvent::BrokerReturned, None, unfenced);
    }

    /// Its broker epoch, if it is registered.
    fn set_fenced(&mut self, broker: BrokerId, fenced: bool) -> Option<i64> {
        let registration = self.registrations.get_mut(broker.0 as usize)?.as_mut()?;
        registration.fenced = fenced;
        Some(registration.broker_epoch)
    }

    /// A decision about a broker gets its number.
    fn number_broker(&mut self, broker: BrokerId) {
        let offset = self.next_offset();
        if let Some(registration) = &mut self.registrations[broker.0 as usize] {
            registration.changed_at = offset;
        }
    }
}
