//! What becomes of a message when its time has come: held up, lost, delayed, delivered.

use super::connection::{Connection, ConnectionId, Life};
use super::link::Endpoint;
use super::message::{MessageSlot, Way};
use super::power::retransmission_wait;
use super::ticket::{Forced, Ticket};
use super::wire::{Delivery, Network, NetworkTimer};
use super::writing::{holds_up, is_written_again, traced};
use crate::protocol::{Arrival, Request, Response};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, EventKind, MessageBody, MessageEvent, Observer, Seq};

impl Network {
    /// Whether the message's time has come and nothing ahead of it holds it up; a cut that it meets now swallows it, or makes
    /// its sender write it again.
    pub fn is_due<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slot: MessageSlot) -> bool {
        let Some(message) = self.messages.get_mut(slot) else { return false };
        let (id, way, arrives) = (message.connection, message.way, message.arrives);
        if cx.now < arrives {
            return false;
        }
        message.waits = true;
        let connection = self.connection(id).expect("a message has a connection");
        if connection.opener == Endpoint::Controller && self.still.contains(&connection.acceptor) {
            return false;
        }
        if connection.gap {
            self.lose(cx, slot, "connection-closed");
            return false;
        }
        let lane = if way == Way::Out { &connection.out } else { &connection.back };
        if lane.blocked || lane.messages.front() != Some(&slot) {
            return false;
        }
        let (source, target) = match way {
            Way::Out => (connection.opener, connection.acceptor),
            Way::Back => (connection.acceptor, connection.opener),
        };
        if self.cut_between(source, target).is_some() {
            self.meets_a_cut(cx, slot);
            return false;
        }
        if way == Way::Out && connection.forgotten {
            self.meets_no_memory(cx, slot);
            return false;
        }
        true
    }

    /// What brokers and the controller ask one another, TCP writes again until it arrives or its connection is given up: a
    /// short cut keeps a heartbeat back, no more. All else that meets a cut is lost.
    fn meets_a_cut<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slot: MessageSlot) {
        let Some(message) = self.messages.get(slot) else { return };
        let connection = self.connection(message.connection).expect("a message has a connection");
        if !is_written_again(connection.opener, connection.acceptor, &message.body) {
            return self.lose(cx, slot, "cut");
        }
        if let Some(message) = self.messages.get_mut(slot) {
            message.arrives = cx.now + retransmission_wait(message.tries);
            message.tries += 1;
            message.waits = false;
            self.schedule.push((message.arrives, NetworkTimer::Arrives(slot)));
        }
    }

    /// Whether a Produce request is on its way that will arrive: its client may have given it up, a broker will not.
    pub fn carries_produce(&self) -> bool {
        self.messages.iter().any(|message| {
            let arrives = |connection: &Connection| !connection.out.blocked && !connection.forgotten;
            matches!(message.body, MessageBody::Request(Request::Produce(_)))
                && self.connection(message.connection).is_some_and(arrives)
        })
    }

    /// The kind of the event that this message's delivery will be.
    pub fn kind(&self, slot: MessageSlot) -> Option<EventKind> {
        self.messages.get(slot).map(|message| message.body.kind(false))
    }

    /// The event that this message's delivery will be.
    pub fn arrival_event(&self, slot: MessageSlot) -> Option<Event> {
        let message = self.messages.get(slot)?;
        let ends = self.connection(message.connection)?.ends();
        Some(Event::Message(MessageEvent {
            sent: false,
            message: message.number,
            request: message.request,
            ends,
            body: message.body.clone(),
        }))
    }

    /// A fault takes a message off the wire; what follows on its connection waits behind it.
    pub fn lose<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slot: MessageSlot, by: &'static str) {
        let Some(message) = self.messages.remove(slot) else { return };
        let connection = self.connection_mut(message.connection).expect("a message has a connection");
        let holds_up = holds_up(connection.opener, connection.acceptor);
        connection.gap |= connection.opener == Endpoint::Controller;
        let lane = if message.way == Way::Out { &mut connection.out } else { &mut connection.back };
        lane.messages.retain(|other| *other != slot);
        lane.blocked |= holds_up;
        let behind = if lane.blocked { None } else { lane.messages.front().copied() };
        // What has been waiting behind it need not wait any more.
        if let Some(behind) = behind.filter(|&behind| self.messages.get(behind).is_some_and(|it| it.waits)) {
            self.schedule.push((cx.now, NetworkTimer::Arrives(behind)));
        }
        cx.emit(message.sent, || Event::MessageLost { message: message.number, by });
    }

    /// What the controller tells this broker from now on makes sense again: it says all that was missed.
    pub fn word_begins_anew(&mut self, broker: BrokerId) {
        if let Some(id) = self.current.get(Endpoint::Controller, Endpoint::Broker(broker))
            && let Some(connection) = self.connection_mut(id)
        {
            connection.gap = false;
        }
    }

    /// What the controller tells this broker at this instant takes so long, if the scenario does not say how long metadata take.
    pub fn word_takes(&mut self, now: Time, broker: BrokerId, takes: Span) {
        if self.metadata.is_none()
            && let Some(id) = self.current.get(Endpoint::Controller, Endpoint::Broker(broker))
            && let Some(connection) = self.connection_mut(id)
        {
            connection.out.decided = Some((now, takes));
        }
    }

    /// A fault holds a message up; what follows on its connection waits behind it.
    pub fn delay(&mut self, now: Time, slot: MessageSlot, by: Span) {
        let Some(message) = self.messages.get_mut(slot) else { return };
        message.arrives = now + by;
        message.waits = false;
        let (arrives, id, way) = (message.arrives, message.connection, message.way);
        let connection = self.connection_mut(id).expect("a message has a connection");
        let lane = if way == Way::Out { &mut connection.out } else { &mut connection.back };
        lane.last_arrival = lane.last_arrival.max(arrives);
        self.schedule.push((arrives, NetworkTimer::Arrives(slot)));
    }

    /// A fault wants this answered to a request that is about to be delivered.
    pub fn force(&mut self, slot: MessageSlot, forced: Forced) {
        if let Some(message) = self.messages.get_mut(slot) {
            message.forced = Some(forced);
        }
    }

    /// The `...-sent` event of a message.
    pub fn sent_event(&self, slot: MessageSlot) -> Option<Seq> {
        self.messages.get(slot).map(|message| message.sent)
    }

    /// The two ends of a message's connection.
    pub fn ends_of(&self, slot: MessageSlot) -> Option<(Endpoint, Endpoint)> {
        let connection = self.connection(self.messages.get(slot)?.connection)?;
        Some((connection.opener, connection.acceptor))
    }

    /// Hands a message that is due to its machine; the next one of the connection if that was waiting behind it.
    pub fn deliver<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slot: MessageSlot) -> Option<MessageSlot> {
        let message = self.messages.remove(slot)?;
        let id = message.connection;
        let connection = self.connection_mut(id).expect("a message has a connection");
        let lane = if message.way == Way::Out { &mut connection.out } else { &mut connection.back };
        lane.messages.pop_front();
        let next = lane.messages.front().copied();
        let (opener, acceptor, ends, life) =
            (connection.opener, connection.acceptor, connection.ends(), connection.life);
        let (number, request) = (message.number, message.request);
        let cause = if traced(&message.body) {
            cx.emit(message.sent, || {
                Event::Message(MessageEvent {
                    sent: false,
                    message: number,
                    request,
                    ends,
                    body: message.body.clone(),
                })
            })
        } else {
            message.sent
        };
        match (message.body, acceptor) {
            (MessageBody::Update(update), Endpoint::Broker(broker)) => {
                self.deliveries.push_back(Delivery::Update { broker, update, cause });
            }
            (MessageBody::Request(request), _) => {
                let ticket =
                    Ticket { connection: id, correlation: message.correlation, message: number, ends };
                self.deliveries.push_back(Delivery::Request {
                    to: acceptor,
                    ticket,
                    request,
                    forced: message.forced,
                    cause,
                });
            }
            (MessageBody::Response(response), acceptor) => {
                self.deliver_answer(id, opener, acceptor, message.correlation, response, cause);
            }
            (MessageBody::Update(_), _) => unreachable!("the controller tells brokers"),
        }
        if life == Life::ClosedByOpener && next.is_none() && message.way == Way::Out {
            self.remove(id);
            return None;
        }
        next.filter(|&slot| self.messages.get(slot).is_some_and(|message| message.waits))
    }

    pub(super) fn deliver_answer(
        &mut self,
        id: ConnectionId,
        opener: Endpoint,
        acceptor: Endpoint,
        correlation: u64,
        response: Response,
        cause: Seq,
    ) {
        match (opener, acceptor) {
            (Endpoint::Broker(to), _) => {
                if let Some(connection) = self.connection_mut(id) {
                    connection.asked.retain(|&other| other != correlation);
                }
                self.deliveries.push_back(Delivery::Answer { to, correlation, response, cause });
            }
            (client, Endpoint::Broker(node)) => {
                let arrival = Arrival::Response { correlation, response };
                self.deliveries.push_back(Delivery::Client { client, node, arrival, cause });
            }
            _ => {}
        }
    }
}
