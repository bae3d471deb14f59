//! How connections are made: warm before t=0, opened, refused, or met by silence.

use super::connection::{ConnectionId, Life, ends};
use super::link::{Endpoint, Path};
use super::ticket::Ticket;
use super::wire::{Delivery, Network, NetworkTimer};
use crate::chance::Chance;
use crate::protocol::Arrival;
use crate::time::Span;
use crate::trace::{Cx, Event, Observer, Seq};

impl Network {
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
        let connection = self.current.get(opener, acceptor)?;
        self.asked(connection, correlation);
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

    pub(super) fn open<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        opener: Endpoint,
        acceptor: Endpoint,
        cause: Seq,
    ) -> ConnectionId {
        let id = self.insert(opener, acceptor, Life::Silent, cause, cx.chance);
        if self.try_to_open(cx, id) == Life::Silent {
            self.meets_silence(cx.now, id);
            if matches!(opener, Endpoint::Broker(_)) {
                let gives_up = cx.now + self.next_setup_timeout(opener, acceptor);
                self.schedule.push((gives_up, NetworkTimer::GivesUp(id)));
            }
        }
        id
    }

    /// One attempt, and how it will go.
    pub(super) fn try_to_open<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId) -> Life {
        let life = self.attempt(cx, id);
        match life {
            Life::Opening(at) => self.schedule.push((at, NetworkTimer::Opens(id))),
            Life::Refused => {
                let trip = self.round_trip(id, cx.chance);
                self.schedule.push((cx.now + trip, NetworkTimer::OpenerLearns(id)));
            }
            _ => {}
        }
        let connection = self.connection_mut(id).expect("asked of a living connection");
        connection.life = life;
        life
    }

    /// How an attempt to connect will go, settled when it begins.
    pub(super) fn attempt<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId) -> Life {
        let connection = self.connection(id).expect("asked of a living connection");
        let (opener, acceptor) = (connection.opener, connection.acceptor);
        match self.cut_either_way(opener, acceptor) {
            Some(cut) if cut.reject => return Life::Refused,
            Some(_) => return Life::Silent,
            None => {}
        }
        if self.dark.contains(&acceptor) {
            return Life::Silent;
        }
        if self.down.contains(&acceptor) {
            return Life::Refused;
        }
        let takes = match self.settings.connect {
            Some(connect) => {
                let stream = format_args!("connect/{opener:?}-{acceptor:?}");
                Path::drawn(connect, stream, cx.chance).sample(cx.chance)
            }
            // TCP and ApiVersions, a round trip each.
            None => self.round_trip(id, cx.chance) + self.round_trip(id, cx.chance),
        };
        Life::Opening(cx.now + takes)
    }

    pub(super) fn round_trip(&self, id: ConnectionId, chance: &mut dyn Chance) -> Span {
        let connection = self.connection(id).expect("asked of a living connection");
        connection.out.path.sample(chance) + connection.back.path.sample(chance)
    }

    /// A timer other than a message's arrival.
    pub fn timer<O: Observer>(&mut self, cx: &mut Cx<'_, O>, timer: NetworkTimer) {
        match timer {
            NetworkTimer::Arrives(_) => {}
            NetworkTimer::Opens(id) => self.opens(cx, id),
            NetworkTimer::OpenerLearns(id) => self.opener_learns(cx, id),
            NetworkTimer::Knocks(id) => self.knocks(cx, id),
            NetworkTimer::GivesUp(id) => {
                if self.connection(id).is_some_and(|connection| connection.life == Life::Silent) {
                    self.opener_learns(cx, id);
                }
            }
        }
    }

    pub(super) fn opens<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        if !matches!(connection.life, Life::Opening(_)) {
            return;
        }
        let (opener, acceptor, ends, cause) =
            (connection.opener, connection.acceptor, connection.ends(), connection.cause);
        if self.cut_either_way(opener, acceptor).is_some() {
            return self.meets_silence(cx.now, id);
        }
        if !matches!(opener, Endpoint::Broker(_)) && self.still.contains(&acceptor) {
            self.unanswered.push(id);
            return;
        }
        let connection = self.connection_mut(id).expect("still there");
        connection.open();
        self.silences.remove(&(opener, acceptor));
        let cause = cx.emit(cause, || Event::ConnectionOpened { ends });
        if let (
            Endpoint::Producer(_) | Endpoint::Bootstrap(_) | Endpoint::Consumer(_),
            Endpoint::Broker(node),
        ) = (opener, acceptor)
        {
            self.deliveries.push_back(Delivery::Client {
                client: opener,
                node,
                arrival: Arrival::Opened,
                cause,
            });
        }
    }

    pub(super) fn opener_learns<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId) {
        let Some(connection) = self.connection(id) else { return };
        let (opener, acceptor, ends, cause, life) =
            (connection.opener, connection.acceptor, connection.ends(), connection.cause, connection.life);
        let (was_open, forgotten) = (connection.was_open(), connection.forgotten);
        let cause = cx.emit(cause, || match life {
            _ if was_open => Event::ConnectionClosed { ends, by: if forgotten { "reset" } else { "broker" } },
            Life::Silent => Event::ConnectionClosed { ends, by: "client" },
            _ => Event::ConnectionRefused { ends },
        });
        let told = if was_open { Life::Open } else { life };
        self.tell_opener(opener, acceptor, id, told, cause);
        self.drop_connection(cx, id, cause);
    }
}
