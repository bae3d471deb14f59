//! L: what comes about once faults have stopped and links have healed (`broker.md 10.3`), and a callback in time in any case.

use std::collections::BTreeMap;

use super::look::{Look, Replica};
use super::violation::{Found, Invariant};
use super::{Checker, Step};
use crate::broker::Broker;
use crate::record::{BrokerId, RecordId, TopicPartition};
use crate::scenario::Act;
use crate::time::{Span, Time};
use crate::trace::{Event, Stamp};

/// What rest takes at the longest, beside what settings say: registration and recovery, back-offs of client and brokers, an
/// ISR scan, and one round of each after the other.
const PATIENCE: Span = Span::from_millis(60_000);

/// How long a client's back-offs may put off its next look.
const BACK_OFF: Span = Span::from_millis(2_000);

#[derive(Default)]
pub(super) struct Liveness {
    /// When something was last done to the system.
    disturbed: Time,
    /// When records that wait for their callback were put into a batch.
    waiting: BTreeMap<RecordId, Time>,
}

impl Liveness {
    fn told(
        &mut self,
        look: &Look<'_>,
        stamp: Stamp,
        record: RecordId,
        tp: TopicPartition,
        found: &mut Found,
    ) {
        let Some(since) = self.waiting.remove(&record) else { return };
        let producer = &look.scenario.producers[usize::from(record.producer.0)];
        // Before 2.1 only retries and request timeouts bound it (KIP-91).
        let Some(delivery) = producer.config.delivery_timeout_ms else { return };
        let limit = Span::from_millis(delivery + producer.config.request_timeout_ms) + BACK_OFF;
        // What keeps the sender's thread holds up all callbacks: one that takes time, or sends and is blocked; and as long as
        // an idempotent producer has no id, it looks at nothing else. Before 2.6 it waits for that in the thread itself.
        let keeps_id = producer.warm && look.scenario.profile.at_least(2, 6);
        let waits_for_id = producer.config.enable_idempotence && !keeps_id;
        let free = producer.callback == Span::ZERO && look.sends_once(record.producer) && !waits_for_id;
        // Of a partition's queue only the first batch is looked at. Where retries may overtake one another, a younger one stands
        // there, and those behind it are found overdue when it has gone.
        let in_order = producer.config.enable_idempotence || producer.config.max_in_flight == 1;
        if free && in_order && stamp.time.since(since) > limit {
            let seen =
                format!("{} waited {} for its callback", look.names.record(record), stamp.time.since(since));
            found.report(look, Invariant::L, tp, seen, format!("{limit} at most"));
        }
    }

    /// Whether the cluster has been left alone for so long that all must have come to rest.
    fn is_healed(&self, look: &Look<'_>) -> bool {
        let stays = |act: &Act| matches!(act, Act::Cut { r#for: None, .. } | Act::Slow { r#for: None, .. });
        let config = &look.scenario.cluster.config;
        let waits =
            config.session_timeout_ms + config.replica_lag_time_max_ms + config.replica_socket_timeout_ms;
        let quiet = look.now.since(self.disturbed);
        quiet > Span::from_millis(waits) + PATIENCE
            && !look.scenario.faults.iter().any(|fault| stays(&fault.act))
    }
}

impl Checker for Liveness {
    fn step(&mut self, look: &Look<'_>, step: &Step<'_>, found: &mut Found) {
        for (stamp, event) in step.events {
            match *event {
                Event::Fault { .. } | Event::BrokerStopped { .. } | Event::BrokerStarted { .. } => {
                    self.disturbed = stamp.time;
                }
                // What the controller does at its own intervals may come at any time.
                Event::LeaderChanged { by: "preferred" | "unclean-enabled", .. } => {
                    self.disturbed = stamp.time;
                }
                Event::Accumulated { record, .. } => {
                    self.waiting.insert(record, stamp.time);
                }
                Event::Acknowledged { record, topic, partition, .. }
                | Event::Failed { record, topic, partition, .. } => {
                    self.told(look, *stamp, record, TopicPartition { topic, partition }, found);
                }
                _ => {}
            }
        }
    }

    fn end(&mut self, look: &Look<'_>, found: &mut Found) {
        if !self.is_healed(look) {
            return;
        }
        // A registration that had been given up may come late and be taken for a new one. The heartbeats of the process that
        // runs are refused from then on (STALE_BROKER_EPOCH), and Kafka's goes on sending them until somebody restarts it.
        let is_known = |broker: &Broker| {
            let registered = look.controller.broker(broker.id());
            let given = broker.broker_epoch();
            given < 0 || registered.is_none_or(|registered| registered.broker_epoch == given)
        };
        for broker in look.brokers.iter().filter(|broker| broker.is_running()) {
            if is_known(broker) && !look.controller.is_active(broker.id()) {
                found.report(
                    look,
                    Invariant::L,
                    broker.id(),
                    "it runs and is fenced still",
                    "it to be unfenced",
                );
            }
        }
        for (tp, state) in look.controller.partitions() {
            let Some(leader) = state.leader else { continue };
            let Some(led) = look.final_leader(tp) else {
                let seen = format!("broker {leader} is to lead and does not know it");
                found.report(look, Invariant::L, tp, seen, "it to lead");
                continue;
            };
            // Before 2.1 logs may part for good (V2): what does not fit is given up.
            if !look.scenario.profile.at_least(2, 1) {
                continue;
            }
            for &member in state.replicas.iter().filter(|&&broker| look.controller.is_active(broker)) {
                check_replica(look, member, &led, found);
            }
        }
    }
}

fn check_replica(look: &Look<'_>, broker: BrokerId, led: &Replica<'_>, found: &mut Found) {
    if look.decided(led.tp).is_some_and(|state| !state.isr.contains(&broker)) {
        found.report(look, Invariant::L, (broker, led.tp), "it lives and is not in the ISR", "it to be back");
    }
    let end = |log_end, high_watermark| format!("log end {log_end}, high watermark {high_watermark}");
    let Some(replica) = look.running(broker, led.tp) else { return };
    let (seen, expected) =
        [&replica, led].map(|replica| (replica.it.log().end_offset(), replica.it.high_watermark())).into();
    if seen != expected {
        found.report(look, Invariant::L, (broker, led.tp), end(seen.0, seen.1), end(expected.0, expected.1));
    }
}
