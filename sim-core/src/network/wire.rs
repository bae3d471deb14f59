//! The network itself: who is connected to whom, and what is on its way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::connection::{Connection, ConnectionId, Lane, Life, ends};
use super::link::{CutRule, Endpoint, Path};
use super::message::{Message, MessageSlot, Messages, Way, wire_bytes};
use super::ticket::{Forced, Ticket};
use crate::chance::Chance;
use crate::protocol::{Arrival, MetadataUpdate, Request, Response};
use crate::record::{BrokerId, Names};
use crate::scenario::{Network as Settings, Sampled};
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, EventKind, MessageBody, MessageEvent, Observer, Seq};

/// What the network wakes up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkTimer {
    /// A message has come to the other machine.
    Arrives(MessageSlot),
    /// A connection can be used from now on.
    Opens(ConnectionId),
    /// The opener learns that its attempt was refused, or that the far end has closed.
    OpenerLearns(ConnectionId),
}

/// What has come to a machine.
#[derive(Clone, Debug, PartialEq)]
pub enum Delivery {
    /// Something for a client's next poll.
    Client {
        /// Whose.
        client: Endpoint,
        /// On the connection to this broker.
        node: BrokerId,
        /// What.
        arrival: Arrival,
        /// The event that brought it.
        cause: Seq,
    },
    /// A request for a broker or the controller.
    Request {
        /// Whom.
        to: Endpoint,
        /// What its answer must name.
        ticket: Ticket,
        /// What.
        request: Request,
        /// A fault's answer to it.
        forced: Option<Forced>,
        /// Its delivery.
        cause: Seq,
    },
    /// The answer to something that a broker asked.
    Answer {
        /// Who had asked.
        to: BrokerId,
        /// The broker's number for it.
        correlation: u64,
        /// What.
        response: Response,
        /// Its delivery.
        cause: Seq,
    },
    /// There will be no answer to something that a broker asked.
    NoAnswer {
        /// Who had asked.
        to: BrokerId,
        /// The broker's number for it.
        correlation: u64,
        /// Why.
        cause: Seq,
    },
    /// A connection to a broker is gone with all that it has not taken up.
    Gone {
        /// Which broker.
        broker: BrokerId,
        /// Which connection.
        connection: ConnectionId,
        /// Why.
        cause: Seq,
    },
    /// The controller's decision.
    Update {
        /// For whom.
        broker: BrokerId,
        /// What.
        update: Arc<MetadataUpdate>,
        /// Its delivery.
        cause: Seq,
    },
}

/// What a fault does to a message.
#[derive(Clone, Copy, Debug, Default)]
pub struct Treatment {
    /// It never arrives.
    pub lose: bool,
    /// It takes so much longer.
    pub delay: Span,
    /// The broker answers so.
    pub forced: Option<Forced>,
}

/// A connection's place among all of them is the lower part of its id.
const PLACE_BITS: u32 = 24;

/// All connections of a run.
#[derive(Clone, Debug)]
pub struct Network {
    settings: Settings,
    metadata: Option<Sampled>,
    names: Arc<Names>,
    connections: Vec<Option<Connection>>,
    free: Vec<u32>,
    serial: u64,
    /// The connection in use, or being made, between opener and acceptor.
    current: BTreeMap<(Endpoint, Endpoint), ConnectionId>,
    /// Asked by a broker and not yet answered, oldest first.
    asked: BTreeMap<ConnectionId, Vec<u64>>,
    messages: Messages,
    next_message: u64,
    down: BTreeSet<Endpoint>,
    cuts: Vec<CutRule>,
    schedule: Vec<(Time, NetworkTimer)>,
    deliveries: Vec<Delivery>,
}

impl Network {
    /// A network without a connection.
    pub fn new(settings: &Settings, metadata: Option<Sampled>, names: Arc<Names>) -> Network {
        Network {
            settings: settings.clone(),
            metadata,
            names,
            connections: Vec::new(),
            free: Vec::new(),
            serial: 0,
            current: BTreeMap::new(),
            asked: BTreeMap::new(),
            messages: Messages::default(),
            next_message: 0,
            down: BTreeSet::new(),
            cuts: Vec::new(),
            schedule: Vec::new(),
            deliveries: Vec::new(),
        }
    }

    /// What is to be scheduled since this was last asked.
    pub fn take_schedule(&mut self, mut push: impl FnMut(Time, NetworkTimer)) {
        for (at, timer) in self.schedule.drain(..) {
            push(at, timer);
        }
    }

    /// What has come to machines since this was last asked, into an empty list.
    pub fn take_deliveries(&mut self, into: &mut Vec<Delivery>) {
        std::mem::swap(&mut self.deliveries, into);
    }

    /// A connection that is in use before t=0.
    pub fn warm(&mut self, opener: Endpoint, acceptor: Endpoint, chance: &mut dyn Chance) {
        self.insert(opener, acceptor, Life::Open, Seq::OUTSIDE, chance);
    }

    /// What a request must be answered to that had come over a warm connection before t=0, without events of its own.
    pub fn already_there(
        &mut self,
        opener: Endpoint,
        acceptor: Endpoint,
        correlation: u64,
    ) -> Option<Ticket> {
        let connection = *self.current.get(&(opener, acceptor))?;
        self.asked.entry(connection).or_default().push(correlation);
        let message = self.count_message();
        Some(Ticket { connection, correlation, message, ends: ends(opener, acceptor) })
    }

    /// A client starts to connect.
    pub fn connect<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        opener: Endpoint,
        acceptor: Endpoint,
        cause: Seq,
    ) {
        self.forget(opener, acceptor);
        self.open(cx, opener, acceptor, cause);
    }

    fn open<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        opener: Endpoint,
        acceptor: Endpoint,
        cause: Seq,
    ) -> ConnectionId {
        let id = self.insert(opener, acceptor, Life::Silent, cause, cx.chance);
        let life = self.attempt(cx, id, opener, acceptor);
        match life {
            Life::Opening(at) => self.schedule.push((at, NetworkTimer::Opens(id))),
            Life::Refused => {
                let trip = self.round_trip(id, cx.chance);
                self.schedule.push((cx.now + trip, NetworkTimer::OpenerLearns(id)));
            }
            _ => {}
        }
        let connection = self.connection_mut(id).expect("just made");
        connection.life = life;
        connection.out.blocked = life == Life::Silent;
        id
    }

    /// How an attempt to connect will go, settled when it begins.
    fn attempt<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        id: ConnectionId,
        opener: Endpoint,
        acceptor: Endpoint,
    ) -> Life {
        match self.cut_between(opener, acceptor) {
            Some(cut) if cut.reject => return Life::Refused,
            Some(_) => return Life::Silent,
            None => {}
        }
        if self.down.contains(&acceptor) {
            return Life::Refused;
        }
        let takes = match self.settings.connect {
            Some(connect) => {
                let stream = format!("connect/{opener:?}-{acceptor:?}");
                Path::drawn(connect, &stream, cx.chance).sample(cx.chance)
            }
            // TCP and ApiVersions, a round trip each.
            None => self.round_trip(id, cx.chance) + self.round_trip(id, cx.chance),
        };
        Life::Opening(cx.now + takes)
    }

    fn round_trip(&self, id: ConnectionId, chance: &mut dyn Chance) -> Span {
        let connection = self.connection(id).expect("asked of a living connection");
        connection.out.path.sample(chance) + connection.back.path.sample(chance)
    }

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
        let id = match self.current.get(&(opener, acceptor)) {
            Some(&id) => id,
            None if matches!(opener, Endpoint::Broker(_)) => self.open(cx, opener, acceptor, cause),
            None => return,
        };
        if matches!(opener, Endpoint::Broker(_)) && matches!(body, MessageBody::Request(_)) {
            self.asked.entry(id).or_default().push(correlation);
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

    fn count_message(&mut self) -> u64 {
        let number = self.next_message;
        self.next_message += 1;
        number
    }

    #[allow(clippy::too_many_arguments, reason = "a message is all of this")]
    fn put<O: Observer>(
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
        let connection = self.connection_mut(id).expect("written to a living connection");
        let ends = connection.ends();
        let (life, from, to) = (connection.life, connection.opener, connection.acceptor);
        let sent = if traced(&body) {
            cx.emit(cause, || {
                Event::Message(MessageEvent {
                    sent: true,
                    message: number,
                    request,
                    ends,
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
        let cut = self.cut_between(source, target).is_some();
        let holds_up = holds_up(source, target);
        let connection = self.connection_mut(id).expect("still there");
        let opens = if let Life::Opening(at) = connection.life { at } else { cx.now };
        let lane = if way == Way::Out { &mut connection.out } else { &mut connection.back };
        if treatment.lose || cut {
            lane.blocked |= holds_up;
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
        let arrives = (leaves + lane.path.sample(cx.chance) + treatment.delay).max(lane.last_arrival);
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
            forced: treatment.forced,
        };
        let slot = self.messages.insert(message);
        let connection = self.connection_mut(id).expect("still there");
        let lane = if way == Way::Out { &mut connection.out } else { &mut connection.back };
        lane.messages.push_back(slot);
        self.schedule.push((arrives, NetworkTimer::Arrives(slot)));
    }

    /// Whether the message's time has come and nothing ahead of it holds it up; a cut that it meets now swallows it.
    pub fn is_due<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slot: MessageSlot) -> bool {
        let Some(message) = self.messages.get_mut(slot) else { return false };
        let (id, way, arrives) = (message.connection, message.way, message.arrives);
        if cx.now < arrives {
            return false;
        }
        message.waits = true;
        let connection = self.connection(id).expect("a message has a connection");
        let lane = if way == Way::Out { &connection.out } else { &connection.back };
        if lane.blocked || lane.messages.front() != Some(&slot) {
            return false;
        }
        let (source, target) = match way {
            Way::Out => (connection.opener, connection.acceptor),
            Way::Back => (connection.acceptor, connection.opener),
        };
        if self.cut_between(source, target).is_some() {
            self.lose(cx, slot, "cut");
            return false;
        }
        true
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
        let lane = if message.way == Way::Out { &mut connection.out } else { &mut connection.back };
        lane.messages.retain(|other| *other != slot);
        lane.blocked |= holds_up;
        cx.emit(message.sent, || Event::MessageLost { message: message.number, by });
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
                self.deliveries.push(Delivery::Update { broker, update, cause });
            }
            (MessageBody::Request(request), _) => {
                let ticket =
                    Ticket { connection: id, correlation: message.correlation, message: number, ends };
                self.deliveries.push(Delivery::Request {
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

    fn deliver_answer(
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
                if let Some(asked) = self.asked.get_mut(&id) {
                    asked.retain(|&other| other != correlation);
                }
                self.deliveries.push(Delivery::Answer { to, correlation, response, cause });
            }
            (client, Endpoint::Broker(node)) => {
                let arrival = Arrival::Response { correlation, response };
                self.deliveries.push(Delivery::Client { client, node, arrival, cause });
            }
            _ => {}
        }
    }

    /// Whoever opened a connection closes it: what it wrote before still arrives and is handled, the answers do not.
    pub fn hang_up<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        opener: Endpoint,
        acceptor: Endpoint,
        by: &'static str,
        cause: Seq,
    ) {
        let Some(id) = self.current.remove(&(opener, acceptor)) else { return };
        self.asked.remove(&id);
        let ends = ends(opener, acceptor);
        let closed = cx.emit(cause, || Event::ConnectionClosed { ends, by });
        let connection = self.connection_mut(id).expect("the current one lives");
        connection.life = Life::ClosedByOpener;
        let back: Vec<MessageSlot> = connection.back.messages.drain(..).collect();
        let nothing_follows = connection.out.blocked || connection.out.messages.is_empty();
        self.drop_messages(cx, &back, closed);
        if nothing_follows {
            self.drop_connection(cx, id, closed);
        }
    }

    /// The broker at the far end closes a connection; the opener learns it after what was answered before.
    pub fn close_by_acceptor<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, cause: Seq) {
        let Some(connection) = self.connection_mut(id) else { return };
        if connection.life == Life::ClosedByOpener {
            self.drop_connection(cx, id, cause);
            return;
        }
        connection.life = Life::Refused;
        connection.cause = cause;
        let arrives = (cx.now + connection.back.path.sample(cx.chance)).max(connection.back.last_arrival);
        let on_the_way: Vec<MessageSlot> = connection.out.messages.drain(..).collect();
        let broker = connection.acceptor;
        self.drop_messages(cx, &on_the_way, cause);
        self.schedule.push((arrives, NetworkTimer::OpenerLearns(id)));
        if let Endpoint::Broker(broker) = broker {
            self.deliveries.push(Delivery::Gone { broker, connection: id, cause });
        }
    }

    /// All connections between the two sides are reset, and both ends know at once.
    pub fn reset_between<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        mut concerns: impl FnMut(Endpoint, Endpoint) -> bool,
        cause: Seq,
    ) {
        let ids: Vec<ConnectionId> = self
            .connections
            .iter()
            .flatten()
            .filter(|connection| {
                is_resettable(connection) && concerns(connection.opener, connection.acceptor)
            })
            .map(|connection| connection.id)
            .collect();
        for id in ids {
            self.reset(cx, id, cause);
        }
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
        }
    }

    /// The connection in use between two machines.
    pub fn connection_between(&self, opener: Endpoint, acceptor: Endpoint) -> Option<ConnectionId> {
        self.current.get(&(opener, acceptor)).copied()
    }

    /// Whether this connection still is one.
    pub fn is_alive(&self, connection: ConnectionId) -> bool {
        self.connection(connection).is_some()
    }

    /// This connection is reset, if it still is one.
    pub fn reset_one<O: Observer>(&mut self, cx: &mut Cx<'_, O>, connection: ConnectionId, cause: Seq) {
        self.reset(cx, connection, cause);
    }

    /// The connection of a message is reset.
    pub fn reset_connection_of<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slot: MessageSlot, cause: Seq) {
        if let Some(message) = self.messages.get(slot) {
            let id = message.connection;
            self.reset(cx, id, cause);
        }
    }

    fn reset<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, cause: Seq) {
        let Some(connection) = self.connection(id) else { return };
        let (opener, acceptor, ends, life) =
            (connection.opener, connection.acceptor, connection.ends(), connection.life);
        let mut closed = cause;
        if life != Life::ClosedByOpener {
            closed = cx.emit(cause, || Event::ConnectionClosed { ends, by: "reset" });
            self.tell_opener(opener, acceptor, id, life, closed);
        }
        self.drop_connection(cx, id, closed);
        if let Endpoint::Broker(broker) = acceptor {
            self.deliveries.push(Delivery::Gone { broker, connection: id, cause: closed });
        }
    }

    fn tell_opener(
        &mut self,
        opener: Endpoint,
        acceptor: Endpoint,
        id: ConnectionId,
        life: Life,
        cause: Seq,
    ) {
        match (opener, acceptor) {
            (Endpoint::Broker(to), _) => {
                for correlation in self.asked.remove(&id).unwrap_or_default() {
                    self.deliveries.push(Delivery::NoAnswer { to, correlation, cause });
                }
            }
            (client, Endpoint::Broker(node)) => {
                let arrival = if life == Life::Open { Arrival::Closed } else { Arrival::Refused };
                self.deliveries.push(Delivery::Client { client, node, arrival, cause });
            }
            _ => {}
        }
    }

    /// A process dies: its connections are reset, which the other ends learn one latency later; what is on the wire, and
    /// what it has not taken up, is gone.
    pub fn process_dies<O: Observer>(&mut self, cx: &mut Cx<'_, O>, who: Endpoint, cause: Seq) {
        self.down.insert(who);
        let ids: Vec<ConnectionId> = self
            .connections
            .iter()
            .flatten()
            .filter(|connection| connection.opener == who || connection.acceptor == who)
            .map(|connection| connection.id)
            .collect();
        for id in ids {
            let connection = self.connection_mut(id).expect("just listed");
            let mut gone: Vec<MessageSlot> = connection.out.messages.drain(..).collect();
            gone.extend(connection.back.messages.drain(..));
            let opened_by_other = connection.acceptor == who && connection.life != Life::ClosedByOpener;
            let learns = (cx.now + connection.back.path.sample(cx.chance), connection.acceptor);
            if opened_by_other {
                connection.life = if connection.life == Life::Open { Life::Refused } else { connection.life };
                connection.cause = cause;
            }
            self.drop_messages(cx, &gone, cause);
            if opened_by_other {
                self.schedule.push((learns.0, NetworkTimer::OpenerLearns(id)));
            } else {
                self.drop_connection(cx, id, cause);
                if let Endpoint::Broker(broker) = learns.1 {
                    self.deliveries.push(Delivery::Gone { broker, connection: id, cause });
                }
            }
        }
    }

    /// A process runs again; it is connected to nobody.
    pub fn process_starts(&mut self, who: Endpoint) {
        self.down.remove(&who);
    }

    /// No message between two sides from now on.
    pub fn cut<O: Observer>(&mut self, cx: &mut Cx<'_, O>, rule: CutRule, cause: Seq) {
        if rule.reject {
            let reset = rule.clone();
            self.reset_between(cx, |a, b| reset.concerns(a, b), cause);
        }
        self.cuts.push(rule);
    }

    /// The cut that this fault made is healed.
    pub fn heal(&mut self, fault: usize) {
        self.cuts.retain(|cut| cut.fault != fault);
    }

    /// A timer other than a message's arrival.
    pub fn timer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, timer: NetworkTimer) {
        match timer {
            NetworkTimer::Arrives(_) => {}
            NetworkTimer::Opens(id) => self.opens(cx, id),
            NetworkTimer::OpenerLearns(id) => self.opener_learns(cx, id),
        }
    }

    fn opens<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        if !matches!(connection.life, Life::Opening(_)) {
            return;
        }
        let (opener, acceptor, ends, cause) =
            (connection.opener, connection.acceptor, connection.ends(), connection.cause);
        let silent = self.cut_between(opener, acceptor).is_some();
        let connection = self.connection_mut(id).expect("still there");
        if silent {
            connection.life = Life::Silent;
            connection.out.blocked = true;
            return;
        }
        connection.open();
        let cause = cx.emit(cause, || Event::ConnectionOpened { ends });
        if let (
            Endpoint::Producer(_) | Endpoint::Bootstrap(_) | Endpoint::Consumer(_),
            Endpoint::Broker(node),
        ) = (opener, acceptor)
        {
            self.deliveries.push(Delivery::Client { client: opener, node, arrival: Arrival::Opened, cause });
        }
    }

    fn opener_learns<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        let (opener, acceptor, ends, cause, life) =
            (connection.opener, connection.acceptor, connection.ends(), connection.cause, connection.life);
        let was_open = connection.was_open();
        let cause = cx.emit(cause, || {
            if was_open {
                Event::ConnectionClosed { ends, by: "broker" }
            } else {
                Event::ConnectionRefused { ends }
            }
        });
        let told = if was_open { Life::Open } else { life };
        self.tell_opener(opener, acceptor, id, told, cause);
        self.drop_connection(cx, id, cause);
    }

    fn cut_between(&self, from: Endpoint, to: Endpoint) -> Option<&CutRule> {
        self.cuts.iter().find(|cut| cut.stops(from, to))
    }

    fn insert(
        &mut self,
        opener: Endpoint,
        acceptor: Endpoint,
        life: Life,
        cause: Seq,
        chance: &mut dyn Chance,
    ) -> ConnectionId {
        let place = self.free.pop().unwrap_or_else(|| {
            self.connections.push(None);
            self.connections.len() as u32 - 1
        });
        let id = self.serial << PLACE_BITS | u64::from(place);
        self.serial += 1;
        let out = match (opener, self.metadata) {
            (Endpoint::Controller, Some(delay)) => {
                Path::drawn(delay, &format!("metadata-delay/{acceptor:?}"), chance)
            }
            _ => Path::new(opener, acceptor, &self.settings, &self.names, chance),
        };
        let back = Path::new(acceptor, opener, &self.settings, &self.names, chance);
        self.connections[place as usize] =
            Some(Connection::new(id, opener, acceptor, life, Lane::new(out), Lane::new(back), cause));
        self.current.insert((opener, acceptor), id);
        id
    }

    /// An old connection between the two that nobody has closed: the opener starts anew.
    fn forget(&mut self, opener: Endpoint, acceptor: Endpoint) {
        if let Some(id) = self.current.remove(&(opener, acceptor)) {
            self.remove(id);
        }
    }

    fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        let place = (id & ((1 << PLACE_BITS) - 1)) as usize;
        self.connections.get(place)?.as_ref().filter(|connection| connection.id == id)
    }

    fn connection_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        let place = (id & ((1 << PLACE_BITS) - 1)) as usize;
        self.connections.get_mut(place)?.as_mut().filter(|connection| connection.id == id)
    }

    fn drop_messages<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slots: &[MessageSlot], cause: Seq) {
        for &slot in slots {
            if let Some(message) = self.messages.remove(slot) {
                let number = message.number;
                cx.emit(cause, || Event::MessageLost { message: number, by: "connection-closed" });
            }
        }
    }

    fn drop_connection<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, cause: Seq) {
        if let Some(connection) = self.connection_mut(id) {
            let mut gone: Vec<MessageSlot> = connection.out.messages.drain(..).collect();
            gone.extend(connection.back.messages.drain(..));
            self.drop_messages(cx, &gone, cause);
            self.remove(id);
        }
    }

    fn remove(&mut self, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        let pair = (connection.opener, connection.acceptor);
        for slot in
            connection.out.messages.iter().chain(&connection.back.messages).copied().collect::<Vec<_>>()
        {
            self.messages.remove(slot);
        }
        if self.current.get(&pair) == Some(&id) {
            self.current.remove(&pair);
        }
        self.asked.remove(&id);
        let place = (id & ((1 << PLACE_BITS) - 1)) as u32;
        self.connections[place as usize] = None;
        self.free.push(place);
    }
}

/// Whether a message has events of its own: `trace-format.md` names the controller's word on partitions, not on brokers.
fn traced(body: &MessageBody) -> bool {
    !matches!(body, MessageBody::Update(update) if matches!(update.as_ref(), MetadataUpdate::Broker { .. }))
}

/// Whether what follows a lost message waits behind it until a side closes the connection. Brokers and the controller
/// are always connected: they ask again over a new connection, so only the message itself is gone.
fn holds_up(a: Endpoint, b: Endpoint) -> bool {
    a != Endpoint::Controller && b != Endpoint::Controller
}

/// The controller's own connections are not a client's to reset.
fn is_resettable(connection: &Connection) -> bool {
    connection.opener != Endpoint::Controller
}
