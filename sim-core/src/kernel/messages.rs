//! Messages on their way out and in, and the faults that act on one as it is written or as it arrives.

use std::sync::Arc;

use super::run::Run;
use crate::network::{Endpoint, Forced, MessageSlot, Ticket, Treatment};
use crate::protocol::Response;
use crate::scenario::Act;
use crate::trace::{Event, MessageBody, MessageEvent, Observer, Seq};

impl<O: Observer> Run<O> {
    /// A message's time has come: what its arrival sets off acts first, and on it. It is then among the deliveries; if others
    /// have waited behind it, each is dealt with before the next one is.
    pub(super) fn message_arrives(&mut self, slot: MessageSlot) {
        let mut next = Some(slot);
        while let Some(slot) = next {
            if !self.with_network(|network, cx| network.is_due(cx, slot)) {
                return;
            }
            if self.network.kind(slot).is_some_and(|kind| self.trace.watch.wants(kind)) {
                self.arrival_sets_off(slot);
                if !self.with_network(|network, cx| network.is_due(cx, slot)) {
                    return;
                }
            }
            if self.chaos.waits_for_a_message() {
                self.chaos_meets(slot);
                if !self.with_network(|network, cx| network.is_due(cx, slot)) {
                    return;
                }
            }
            next = self.with_network(|network, cx| network.deliver(cx, slot));
            if next.is_some() {
                self.carry();
            }
        }
    }

    /// Lets the faults act that wait for this message's arrival.
    fn arrival_sets_off(&mut self, slot: MessageSlot) {
        let Some(event) = self.network.arrival_event(slot) else { return };
        for fault in self.trace.watch.fired(self.now, &event, &mut *self.chance) {
            let sent = self.network.sent_event(slot).unwrap_or(Seq::OUTSIDE);
            self.fault_begins(fault as u32, sent, Some(slot));
        }
    }

    /// Writes a message, unless a fault on its writing has other plans.
    pub(super) fn write(
        &mut self,
        from: Endpoint,
        to: Endpoint,
        correlation: u64,
        body: MessageBody,
        cause: Seq,
    ) {
        let mut treatment = Treatment::default();
        if self.trace.watch.wants(body.kind(true)) {
            let event = Event::Message(self.network.preview(from, to, None, body.clone()));
            let connection = self.network.connection_between(from, to);
            if !self.treat(&event, connection, false, &mut treatment, cause) {
                return;
            }
        }
        self.with_network(|network, cx| network.write(cx, from, to, correlation, body, treatment, cause));
    }

    pub(super) fn answer(&mut self, ticket: &Ticket, response: Response, cause: Seq) {
        let mut treatment = Treatment::default();
        let body = MessageBody::Response(response);
        if self.trace.watch.wants(body.kind(true)) {
            let message = MessageEvent {
                sent: true,
                message: self.network.next_message(),
                request: Some(ticket.message),
                ends: ticket.ends,
                body: body.clone(),
            };
            let connection = Some(ticket.connection);
            if !self.treat(&Event::Message(message), connection, true, &mut treatment, cause) {
                return;
            }
        }
        if let MessageBody::Response(response) = body {
            self.with_network(|network, cx| network.answer(cx, ticket, response, treatment, cause));
        }
    }

    /// Lets the faults act that the writing of this message sets off; false if it is not written after all.
    fn treat(
        &mut self,
        event: &Event,
        connection: Option<u64>,
        back: bool,
        treatment: &mut Treatment,
        cause: Seq,
    ) -> bool {
        let fired = self.trace.watch.fired(self.now, event, &mut *self.chance);
        for fault in fired {
            let scenario = Arc::clone(&self.scenario);
            self.fault_begins(fault as u32, cause, None);
            match &scenario.faults[fault].act {
                Act::Lose => {
                    if let Some(connection) = connection {
                        self.with_network(|network, cx| network.swallow(cx, connection, back, cause));
                    }
                    return false;
                }
                Act::ResetIt => {
                    if let Some(connection) = connection {
                        self.with_network(|network, cx| network.reset_one(cx, connection, cause));
                    }
                    return false;
                }
                Act::Delay { by } => treatment.delay = self.fault_span(fault as u32, by),
                Act::Fail { error, append } => {
                    let tp = self.partition_of(fault as u32);
                    treatment.forced = Some(Forced { error: *error, append: *append, tp });
                }
                _ => {}
            }
        }
        connection.is_none_or(|connection| self.network.is_alive(connection))
    }
}
