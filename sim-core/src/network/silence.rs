//! Attempts to connect that meet silence: TCP knocks again, until the far end can be reached or somebody gives up.

use super::connection::{ConnectionId, Life};
use super::link::{CutRule, Endpoint};
use super::message::MessageSlot;
use super::wire::{Network, NetworkTimer};
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer};

/// TCP asks again after this, then each time after twice as long (Linux: after 1, 3, 7, 15, 31, 63 s).
const FIRST_KNOCK: Span = Span::from_millis(1_000);
/// How often it asks again (Linux's `tcp_syn_retries`).
const KNOCKS: u32 = 6;
/// `socket.connection.setup.timeout.ms` of a broker that connects to another one.
const SETUP_TIMEOUT: Span = Span::from_millis(10_000);
/// `socket.connection.setup.timeout.max.ms`.
const SETUP_TIMEOUT_MAX: Span = Span::from_millis(30_000);

impl Network {
    /// Nothing comes back: TCP will ask again.
    pub(super) fn meets_silence(&mut self, now: Time, id: ConnectionId) {
        let Some(connection) = self.connection_mut(id) else { return };
        connection.life = Life::Silent;
        connection.out.blocked = true;
        connection.knocks += 1;
        let knocks = connection.knocks;
        if knocks <= KNOCKS {
            let at = now + FIRST_KNOCK.times(1 << (knocks - 1));
            self.schedule.push((at, NetworkTimer::Knocks(id)));
        }
    }

    /// TCP asks again. If it is heard, what has been written meanwhile goes out once the connection is up.
    pub(super) fn knocks<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId) {
        if self.connection(id).is_none_or(|connection| connection.life != Life::Silent) {
            return;
        }
        match self.try_to_open(cx, id) {
            Life::Silent => self.meets_silence(cx.now, id),
            Life::Opening(at) => self.release(cx, id, at),
            _ => {}
        }
    }

    fn release<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, opens: Time) {
        let Some(connection) = self.connection_mut(id) else { return };
        connection.out.blocked = false;
        let arrives = opens + connection.out.path.sample(cx.chance);
        connection.out.last_arrival = connection.out.last_arrival.max(arrives);
        let waiting: Vec<MessageSlot> = connection.out.messages.iter().copied().collect();
        for slot in waiting {
            if let Some(message) = self.messages.get_mut(slot) {
                message.arrives = message.arrives.max(arrives);
                message.waits = false;
                self.schedule.push((message.arrives, NetworkTimer::Arrives(slot)));
            }
        }
    }

    /// The cut that keeps a connection from being made: it takes both directions.
    pub(super) fn cut_either_way(&self, opener: Endpoint, acceptor: Endpoint) -> Option<&CutRule> {
        self.cut_between(opener, acceptor).or_else(|| self.cut_between(acceptor, opener))
    }

    /// How long a broker waits for a connection: `socket.connection.setup.timeout.ms`, twice as long after each attempt that
    /// has met silence, up to `socket.connection.setup.timeout.max.ms`, both at their defaults and without jitter. (Clients
    /// watch over their attempts themselves.)
    pub(super) fn next_setup_timeout(&mut self, opener: Endpoint, acceptor: Endpoint) -> Span {
        let silences = self.silences.entry((opener, acceptor)).or_default();
        let timeout = SETUP_TIMEOUT.times(1 << (*silences).min(5));
        *silences += 1;
        timeout.min(SETUP_TIMEOUT_MAX)
    }
}
