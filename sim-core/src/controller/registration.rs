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
    /// Whether it has asked to end in order, and may neither lead nor join an ISR any more.
    pub shutting_down: bool,
    /// Number of the last decision that took its leaderships away; every active broker has to apply it before it may end.
    shut_down_at: u64,
    /// Whether its last heartbeat wanted it unfenced.
    wants_unfence: bool,
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
            shutting_down: false,
            shut_down_at: 0,
            wants_unfence: !fenced,
            registered_at: offset,
            changed_at: offset,
            last_contact: now,
            applied: 0,
            unapplied_since: None,
        }
    }

    pub(super) fn is_active(&self) -> bool {
        !self.fenced && !self.shutting_down
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
            self.register(cx, request, cause).map(|()| false)
        } else {
            self.contact(cx, request, cause)
        };
        let registration = self.broker(request.broker);
        HeartbeatResponse {
            error: processed.err().unwrap_or(ErrorCode::None),
            broker_epoch: registration.map_or(-1, |registration| registration.broker_epoch),
            fenced: processed.is_err() || registration.is_none_or(|registration| registration.fenced),
            may_shut_down: processed == Ok(true),
        }
    }

    /// `broker.md F5`: a new incarnation is refused as long as the old one's session is valid, unless that one is fenced or
    /// ends in order; accepted, it starts fenced, with a new broker epoch. The same incarnation again (its answer was lost)
    /// keeps what it has.
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
            Some(old) if old.is_active() && self.sessions.is_valid(broker, cx.now) => {
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
        // broker.md 4.2, F18: what the incarnation before it still holds is taken from it, as if it were fenced now; with ELR
        // its eligibility too, unless it proves that its logs are whole.
        let event = if self.elr && !clean {
            PartitionEvent::BrokerRestarted(broker)
        } else {
            PartitionEvent::BrokerLeft(broker)
        };
        self.change_partitions(cx, event, Some(broker), registered);
        self.tell_since(cx.now, broker, None, registered);
        Ok(())
    }

    /// `broker.md F1`: a heartbeat renews the session. `broker.md F6`: who wants to be unfenced is, once it has applied
    /// the metadata up to its own registration. Whether it may end, if it wants to.
    fn contact<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        request: &HeartbeatRequest,
        cause: Seq,
    ) -> Result<bool, ErrorCode> {
        let broker = request.broker;
        let current = self.broker(broker).is_some_and(|known| known.broker_epoch == request.broker_epoch);
        if !current {
            return Err(ErrorCode::StaleBrokerEpoch);
        }
        self.catch_up(cx.now, request, cause);
        self.sessions.touch(broker, cx.now, Span::ZERO, cause);
        if let Some(registration) = &mut self.registrations[broker.0 as usize] {
            registration.wants_unfence = request.want_unfence;
        }
        if request.want_shutdown {
            return Ok(self.let_go(cx, broker, cause));
        }
        if self.may_return(broker) {
            self.unfence(cx, broker, cause);
        }
        Ok(false)
    }

    /// `broker.md F6`: fenced, caught up with its own registration, ready; and nobody holds it.
    fn may_return(&self, broker: BrokerId) -> bool {
        let ready = |known: &Registration| {
            known.fenced && known.wants_unfence && known.applied >= known.registered_at
        };
        self.broker(broker).is_some_and(ready) && !self.held[broker.0 as usize]
    }

    /// `broker.md F14`: a broker wants to end. What it leads is moved first; it may end when every active broker has applied
    /// that, and is fenced then. Whether it may.
    fn let_go<O: Observer>(&mut self, cx: &mut Cx<'_, O>, broker: BrokerId, cause: Seq) -> bool {
        let Some(known) = self.broker(broker) else { return false };
        let (fenced, leaving, shut_down_at) = (known.fenced, known.shutting_down, known.shut_down_at);
        let leads = self.partitions().any(|(_, state)| state.leader == Some(broker));
        let in_step = |known: &Registration| !known.is_active() || known.applied >= shut_down_at;
        if !fenced && !leaving && leads {
            self.begin_shutdown(cx, broker, cause);
            return false;
        }
        if !fenced && leaving && (leads || !self.registrations.iter().flatten().all(in_step)) {
            return false;
        }
        if !fenced {
            self.fence(cx, broker, cause);
        }
        self.sessions.close(broker);
        true
    }

    /// `broker.md 4.2`, controlled shutdown: out of every ISR, its leaderships moved, and it does not come back into any.
    fn begin_shutdown<O: Observer>(&mut self, cx: &mut Cx<'_, O>, broker: BrokerId, cause: Seq) {
        let Some(known) = &mut self.registrations[broker.0 as usize] else { return };
        known.shutting_down = true;
        self.moves_take_their_time(cx);
        self.number_broker(broker);
        self.tell_of_broker(cx.now, broker, cause);
        self.change_partitions(cx, PartitionEvent::BrokerShutsDown(broker), None, cause);
        let moved = self.offset;
        if let Some(known) = &mut self.registrations[broker.0 as usize] {
            known.shut_down_at = moved;
        }
    }

    /// Fenced by hand, until [`Controller::lift_hold`].
    pub(super) fn hold<O: Observer>(&mut self, cx: &mut Cx<'_, O>, broker: BrokerId, cause: Seq) {
        self.held[broker.0 as usize] = true;
        if self.broker(broker).is_some_and(|known| !known.fenced) {
            self.fence(cx, broker, cause);
        }
    }

    /// No longer fenced by hand: if it is up it is back at once, and its session begins anew.
    pub(super) fn lift_hold<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        broker: BrokerId,
        up: bool,
        cause: Seq,
    ) {
        self.forget_hold(broker);
        if up && self.may_return(broker) {
            self.sessions.touch(broker, cx.now, Span::ZERO, cause);
            self.unfence(cx, broker, cause);
        }
    }

    /// `broker.md F1`: fences the brokers whose session is over, one at a time in the order of last contact.
    pub(super) fn sweep_sessions<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        while let Some((broker, session)) = self.sessions.remove_expired(cx.now) {
            if self.broker(broker).is_some_and(|known| !known.fenced) {
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
