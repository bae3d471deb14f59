//! How connections end: by either side, by a reset, by the death of a process, by a cut.

use super::connection::{Connection, ConnectionId, Life, ends};
use super::link::{CutRule, Endpoint};
use super::message::MessageSlot;
use super::wire::{Delivery, Network, NetworkTimer};
use crate::protocol::Arrival;
use crate::trace::{Cx, Event, Observer, Seq};

impl Network {
    /// Whoever opened a connection closes it: what it wrote before still arrives and is handled, unless a cut keeps it from
    /// that; the answers do not.
    pub fn hang_up<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        opener: Endpoint,
        acceptor: Endpoint,
        by: &'static str,
        cause: Seq,
    ) {
        let Some(id) = self.current.remove(opener, acceptor) else { return };
        let ends = ends(opener, acceptor);
        let closed = cx.emit(cause, || Event::ConnectionClosed { ends, by });
        let connection = self.connection_mut(id).expect("the current one lives");
        connection.life = Life::ClosedByOpener;
        connection.asked.clear();
        let back: Vec<MessageSlot> = connection.back.messages.drain(..).collect();
        let (blocked, first) = (connection.out.blocked, connection.out.messages.front().copied());
        self.drop_messages(cx, &back, closed);
        let in_vain = |slot| self.messages.get(slot).is_none_or(|message| message.tries > 0);
        if blocked || first.is_none_or(in_vain) {
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
            self.deliveries.push_back(Delivery::Gone { broker, connection: id, cause });
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

    /// The connection in use between two machines.
    pub fn connection_between(&self, opener: Endpoint, acceptor: Endpoint) -> Option<ConnectionId> {
        self.current.get(opener, acceptor)
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

    pub(super) fn reset<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, cause: Seq) {
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
            self.deliveries.push_back(Delivery::Gone { broker, connection: id, cause: closed });
        }
    }

    pub(super) fn tell_opener(
        &mut self,
        opener: Endpoint,
        acceptor: Endpoint,
        id: ConnectionId,
        life: Life,
        cause: Seq,
    ) {
        match (opener, acceptor) {
            (Endpoint::Broker(to), _) => {
                let asked = self.connection_mut(id).map(|connection| std::mem::take(&mut connection.asked));
                for correlation in asked.unwrap_or_default() {
                    self.deliveries.push_back(Delivery::NoAnswer { to, correlation, cause });
                }
                if let Endpoint::Broker(peer) = acceptor {
                    self.deliveries.push_back(Delivery::PeerGone { to, peer });
                }
            }
            (client, Endpoint::Broker(node)) => {
                let arrival = if life == Life::Open { Arrival::Closed } else { Arrival::Refused };
                self.deliveries.push_back(Delivery::Client { client, node, arrival, cause });
            }
            _ => {}
        }
    }

    /// A process dies: its connections are reset, which the other ends learn one latency later; what is on the wire, and
    /// what it has not taken up, is gone.
    pub fn process_dies<O: Observer>(&mut self, cx: &mut Cx<'_, O>, who: Endpoint, cause: Seq) {
        self.refuses(who);
        for id in self.connections_of(who) {
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
                    self.deliveries.push_back(Delivery::Gone { broker, connection: id, cause });
                }
            }
        }
    }

    /// A process ends in order: what it has answered still arrives, and then the word that it is gone; what it has asked
    /// others still arrives too.
    pub fn process_ends<O: Observer>(&mut self, cx: &mut Cx<'_, O>, who: Endpoint, cause: Seq) {
        self.refuses(who);
        for id in self.connections_of(who) {
            let Some(connection) = self.connection(id) else { continue };
            let (acceptor, life) = (connection.acceptor, connection.life);
            if acceptor == who {
                self.close_by_acceptor(cx, id, cause);
            } else if life != Life::ClosedByOpener {
                self.hang_up(cx, who, acceptor, "client", cause);
            }
        }
    }

    fn connections_of(&self, who: Endpoint) -> Vec<ConnectionId> {
        let ends_there = |connection: &&Connection| connection.opener == who || connection.acceptor == who;
        self.connections.iter().flatten().filter(ends_there).map(|connection| connection.id).collect()
    }

    /// Nobody listens there (yet): whoever tries to connect is refused.
    pub fn refuses(&mut self, who: Endpoint) {
        self.down.insert(who);
    }

    /// A process takes connections from now on.
    pub fn listens(&mut self, who: Endpoint) {
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

    #[inline]
    pub(super) fn cut_between(&self, from: Endpoint, to: Endpoint) -> Option<&CutRule> {
        self.cuts.iter().find(|cut| cut.stops(from, to))
    }
}

/// The controller's own connections are not a client's to reset.
fn is_resettable(connection: &Connection) -> bool {
    connection.opener != Endpoint::Controller
}
