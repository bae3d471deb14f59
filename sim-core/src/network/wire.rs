//! The network itself: who is connected to whom, what is on its way, and what has come to machines.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use super::connection::{Connection, ConnectionId, Lane, Life};
use super::current::Current;
use super::link::{CutRule, Endpoint, Path};
use super::message::{MessageSlot, Messages};
use super::ticket::{Forced, Ticket};
use crate::chance::Chance;
use crate::protocol::{Arrival, MetadataUpdate, Request, Response};
use crate::record::{BrokerId, Names};
use crate::scenario::{Network as Settings, Sampled};
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, Observer, Seq};

/// What the network wakes up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkTimer {
    /// A message has come to the other machine.
    Arrives(MessageSlot),
    /// A connection can be used from now on.
    Opens(ConnectionId),
    /// The opener learns that its attempt was refused, or that the far end has closed.
    OpenerLearns(ConnectionId),
    /// TCP tries again to make a connection that has met silence.
    Knocks(ConnectionId),
    /// A broker gives up an attempt to connect, if it is still one.
    GivesUp(ConnectionId),
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
    /// A broker's connection to another one, which it has opened, is gone.
    PeerGone {
        /// Who had opened it.
        to: BrokerId,
        /// To whom.
        peer: BrokerId,
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

impl Delivery {
    /// The broker that it has come to, if it is one.
    pub fn broker(&self) -> Option<BrokerId> {
        match *self {
            Delivery::Request { to: Endpoint::Broker(broker), .. }
            | Delivery::Answer { to: broker, .. }
            | Delivery::NoAnswer { to: broker, .. }
            | Delivery::PeerGone { to: broker, .. }
            | Delivery::Gone { broker, .. }
            | Delivery::Update { broker, .. } => Some(broker),
            Delivery::Client { .. } | Delivery::Request { .. } => None,
        }
    }
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

/// A connection's place among all of them.
#[inline]
pub(super) fn place_of(id: ConnectionId) -> usize {
    (id & ((1 << PLACE_BITS) - 1)) as usize
}

/// All connections of a run.
#[derive(Clone, Debug)]
pub struct Network {
    pub(super) settings: Settings,
    pub(super) metadata: Option<Sampled>,
    pub(super) names: Arc<Names>,
    pub(super) connections: Vec<Option<Connection>>,
    pub(super) free: Vec<u32>,
    pub(super) serial: u64,
    pub(super) current: Current,
    pub(super) messages: Messages,
    pub(super) next_message: u64,
    /// Machines on which no process listens: attempts to connect are refused.
    pub(super) down: BTreeSet<Endpoint>,
    /// Machines without power: nobody refuses either.
    pub(super) dark: BTreeSet<Endpoint>,
    /// Machines whose process stands still.
    pub(super) still: BTreeSet<Endpoint>,
    /// Clients' connections that wait for the first word of such a process.
    pub(super) unanswered: Vec<ConnectionId>,
    /// How often in a row a broker's attempt to connect has met silence.
    pub(super) silences: BTreeMap<(Endpoint, Endpoint), u32>,
    pub(super) cuts: Vec<CutRule>,
    pub(super) schedule: Vec<(Time, NetworkTimer)>,
    pub(super) deliveries: VecDeque<Delivery>,
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
            current: Current::default(),
            messages: Messages::default(),
            next_message: 0,
            down: BTreeSet::new(),
            dark: BTreeSet::new(),
            still: BTreeSet::new(),
            unanswered: Vec::new(),
            silences: BTreeMap::new(),
            cuts: Vec::new(),
            schedule: Vec::new(),
            deliveries: VecDeque::new(),
        }
    }

    /// What is to be scheduled since this was last asked.
    #[inline]
    pub fn take_schedule(&mut self, mut push: impl FnMut(Time, NetworkTimer)) {
        if self.schedule.is_empty() {
            return;
        }
        for (at, timer) in self.schedule.drain(..) {
            push(at, timer);
        }
    }

    /// What has come to a machine and has not been handed to it, the first of it.
    #[inline]
    pub fn next_delivery(&mut self) -> Option<Delivery> {
        self.deliveries.pop_front()
    }

    pub(super) fn insert(
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
                Path::drawn(delay, format_args!("metadata-delay/{acceptor:?}"), chance)
            }
            _ => Path::new(opener, acceptor, &self.settings, &self.names, chance),
        };
        let back = Path::new(acceptor, opener, &self.settings, &self.names, chance);
        self.connections[place as usize] =
            Some(Connection::new(id, opener, acceptor, life, Lane::new(out), Lane::new(back), cause));
        self.current.insert(opener, acceptor, id);
        id
    }

    /// An old connection between the two that nobody has closed: the opener starts anew.
    pub(super) fn forget(&mut self, opener: Endpoint, acceptor: Endpoint) {
        if let Some(id) = self.current.remove(opener, acceptor) {
            self.remove(id);
        }
    }

    pub(super) fn connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(place_of(id))?.as_ref().filter(|connection| connection.id == id)
    }

    pub(super) fn connection_mut(&mut self, id: ConnectionId) -> Option<&mut Connection> {
        self.connections.get_mut(place_of(id))?.as_mut().filter(|connection| connection.id == id)
    }

    /// A broker has asked something over this connection.
    pub(super) fn asked(&mut self, id: ConnectionId, correlation: u64) {
        if let Some(connection) = self.connection_mut(id) {
            connection.asked.push(correlation);
        }
    }

    pub(super) fn drop_messages<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        slots: &[MessageSlot],
        cause: Seq,
    ) {
        for &slot in slots {
            if let Some(message) = self.messages.remove(slot) {
                let number = message.number;
                cx.emit(cause, || Event::MessageLost { message: number, by: "connection-closed" });
            }
        }
    }

    pub(super) fn drop_connection<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, cause: Seq) {
        if let Some(connection) = self.connection_mut(id) {
            let mut gone: Vec<MessageSlot> = connection.out.messages.drain(..).collect();
            gone.extend(connection.back.messages.drain(..));
            self.drop_messages(cx, &gone, cause);
            self.remove(id);
        }
    }

    pub(super) fn remove(&mut self, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        let (opener, acceptor) = (connection.opener, connection.acceptor);
        for slot in
            connection.out.messages.iter().chain(&connection.back.messages).copied().collect::<Vec<_>>()
        {
            self.messages.remove(slot);
        }
        if self.current.get(opener, acceptor) == Some(id) {
            self.current.remove(opener, acceptor);
        }
        self.connections[place_of(id)] = None;
        self.free.push(place_of(id) as u32);
    }
}
