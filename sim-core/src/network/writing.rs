//! What is written to a connection, and when it will be at the other end.

use super::connection::{ConnectionId, Life, ends};
use super::link::Endpoint;
use super::message::{Message, Way, wire_bytes};
use super::power::retransmission_wait;
use super::ticket::Ticket;
use super::wire::{Network, NetworkTimer, Treatment, place_of};
use crate::protocol::{MetadataUpdate, Response};
use crate::time::Span;
use crate::trace::{Cx, Event, MessageBody, MessageEvent, Observer, Seq};

impl Network {
    /// The number that the next message will have.
    pub fn next_message(&self) -> u64 {
        self.next_message
    }

    /// A message as its event would show it, before it is written: what the triggers of `...-sent` are asked with.
    pub fn preview(
        &self,
        opener: Endpoint,
        acceptor: Endpoint,
        request: Option<u64>,
        body: MessageBody,
    ) -> MessageEvent {
        MessageEvent { sent: true, message: self.next_message, request, ends: ends(opener, acceptor), body }
    }

    /// A request, or the controller's word, is written to the connection between the two. A broker's connections are
    /// made as they are needed; a client's bytes to a connection that is no more vanish.
    #[allow(clippy::too_many_arguments, reason = "a message is all of this")]
    pub fn write<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        opener: Endpoint,
        acceptor: Endpoint,
        correlation: u64,
        body: MessageBody,
        treatment: Treatment,
        cause: Seq,
    ) {
        let id = match self.current.get(opener, acceptor) {
            Some(id) => id,
            None if matches!(opener, Endpoint::Broker(_)) => self.open(cx, opener, acceptor, cause),
            None => return,
        };
        if matches!(opener, Endpoint::Broker(_)) && matches!(body, MessageBody::Request(_)) {
            self.asked(id, correlation);
        }
        self.put(cx, id, Way::Out, correlation, None, body, treatment, cause);
    }

    /// A broker's or the controller's answer is written.
    pub fn answer<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        ticket: &Ticket,
        response: Response,
        treatment: Treatment,
        cause: Seq,
    ) {
        let body = MessageBody::Response(response);
        if self.connection(ticket.connection).is_some() {
            self.put(
                cx,
                ticket.connection,
                Way::Back,
                ticket.correlation,
                Some(ticket.message),
                body,
                treatment,
                cause,
            );
            return;
        }
        // The broker writes into a connection that is gone: the bytes vanish.
        let message = self.count_message();
        let request = Some(ticket.message);
        let sent = cx.emit(cause, || {
            Event::Message(MessageEvent { sent: true, message, request, ends: ticket.ends, body })
        });
        cx.emit(sent, || Event::MessageLost { message, by: "connection-closed" });
    }

    pub(super) fn count_message(&mut self) -> u64 {
        let number = self.next_message;
        self.next_message += 1;
        number
    }

    #[allow(clippy::too_many_arguments, reason = "a message is all of this")]
    pub(super) fn put<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        id: ConnectionId,
        way: Way,
        correlation: u64,
        request: Option<u64>,
        body: MessageBody,
        treatment: Treatment,
        cause: Seq,
    ) {
        let number = self.count_message();
        let bandwidth = self.settings.bandwidth;
        let connection = self.connection(id).expect("written to a living connection");
        let (life, gap, from, to) = (connection.life, connection.gap, connection.opener, connection.acceptor);
        let sent = if traced(&body) {
            cx.emit(cause, || {
                Event::Message(MessageEvent {
                    sent: true,
                    message: number,
                    request,
                    ends: ends(from, to),
                    body: body.clone(),
                })
            })
        } else {
            cause
        };
        let (source, target) = if way == Way::Out { (from, to) } else { (to, from) };
        if life == Life::Refused || (life == Life::ClosedByOpener && way == Way::Back) {
            if way == Way::Back || !matches!(from, Endpoint::Broker(_)) {
                cx.emit(sent, || Event::MessageLost { message: number, by: "connection-closed" });
            }
            return;
        }
        // What is written before the connection is there waits for it.
        let cut = life != Life::Silent && self.cut_between(source, target).is_some();
        if gap {
            cx.emit(sent, || Event::MessageLost { message: number, by: "connection-closed" });
            return;
        }
        let holds_up = holds_up(source, target);
        let again = cut && is_written_again(source, target, &body);
        let Network { connections, messages, schedule, .. } = self;
        let connection = connections[place_of(id)].as_mut().expect("still there");
        let opens = if let Life::Opening(at) = connection.life { at } else { cx.now };
        let lane = if way == Way::Out { &mut connection.out } else { &mut connection.back };
        if treatment.lose || (cut && !again) {
            lane.blocked |= holds_up;
            connection.gap |= from == Endpoint::Controller;
            let by = if treatment.lose { "fault" } else { "cut" };
            cx.emit(sent, || Event::MessageLost { message: number, by });
            return;
        }
        let mut leaves = cx.now.max(opens);
        if let Some(bytes_per_second) = bandwidth {
            let takes = u128::from(wire_bytes(&body)) * 1_000_000_000 / u128::from(bytes_per_second);
            leaves = leaves.max(lane.free_at) + Span::from_nanos(u64::try_from(takes).unwrap_or(u64::MAX));
            lane.free_at = leaves;
        }
        let takes = match lane.decided {
            Some((at, takes)) if at == cx.now && matches!(body, MessageBody::Update(_)) => takes,
            _ => lane.path.sample(cx.chance),
        };
        if matches!(body, MessageBody::Update(_)) {
            lane.decided = Some((cx.now, takes));
        }
        let again_after = if again { retransmission_wait(0) } else { Span::ZERO };
        let arrives = (leaves + takes + treatment.delay + again_after).max(lane.last_arrival);
        lane.last_arrival = arrives;
        let message = Message {
            number,
            request,
            connection: id,
            way,
            correlation,
            body,
            sent,
            arrives,
            waits: false,
            tries: u32::from(again),
            forced: treatment.forced,
        };
        let slot = messages.insert(message);
        lane.messages.push_back(slot);
        schedule.push((arrives, NetworkTimer::Arrives(slot)));
    }

    /// A fault swallows a message that is just being written: it counts, but never is on the wire.
    pub fn swallow<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        connection: ConnectionId,
        back: bool,
        cause: Seq,
    ) {
        let message = self.count_message();
        cx.emit(cause, || Event::MessageLost { message, by: "fault" });
        if let Some(connection) = self.connection_mut(connection) {
            let holds_up = holds_up(connection.opener, connection.acceptor);
            let lane = if back { &mut connection.back } else { &mut connection.out };
            lane.blocked |= holds_up;
            connection.gap |= connection.opener == Endpoint::Controller;
        }
    }
}

/// Whether a message has events of its own: `trace-format.md` names the controller's word on partitions, not on brokers and
/// settings.
pub(super) fn traced(body: &MessageBody) -> bool {
    !matches!(body, MessageBody::Update(update) if !matches!(update.as_ref(), MetadataUpdate::Partition { .. }))
}

/// Whether a message that meets a cut is written again: what brokers and the controller ask one another, and the answers.
/// (The controller's word is told again when the broker's heartbeats show that it has not come.)
pub(super) fn is_written_again(a: Endpoint, b: Endpoint, body: &MessageBody) -> bool {
    !holds_up(a, b) && !matches!(body, MessageBody::Update(_))
}

/// Whether what follows a lost message waits behind it until a side closes the connection. Brokers and the controller
/// are always connected: they ask again over a new connection, so only the message itself is gone.
pub(super) fn holds_up(a: Endpoint, b: Endpoint) -> bool {
    a != Endpoint::Controller && b != Endpoint::Controller
}
