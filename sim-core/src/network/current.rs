//! Which connection is in use between two machines.

use super::connection::ConnectionId;
use super::link::Endpoint;

/// The connection in use, or being made, between an opener and an acceptor: looked up for every message.
#[derive(Clone, Debug, Default)]
pub(super) struct Current {
    /// Ascending by pair.
    pairs: Vec<(u64, ConnectionId)>,
}

impl Current {
    pub(super) fn get(&self, opener: Endpoint, acceptor: Endpoint) -> Option<ConnectionId> {
        self.place(opener, acceptor).ok().map(|at| self.pairs[at].1)
    }

    /// This connection instead of any before.
    pub(super) fn insert(&mut self, opener: Endpoint, acceptor: Endpoint, id: ConnectionId) {
        match self.place(opener, acceptor) {
            Ok(at) => self.pairs[at].1 = id,
            Err(at) => self.pairs.insert(at, (pair(opener, acceptor), id)),
        }
    }

    pub(super) fn remove(&mut self, opener: Endpoint, acceptor: Endpoint) -> Option<ConnectionId> {
        self.place(opener, acceptor).ok().map(|at| self.pairs.remove(at).1)
    }

    fn place(&self, opener: Endpoint, acceptor: Endpoint) -> Result<usize, usize> {
        let wanted = pair(opener, acceptor);
        self.pairs.binary_search_by_key(&wanted, |&(pair, _)| pair)
    }
}

/// Two machines as one number.
fn pair(opener: Endpoint, acceptor: Endpoint) -> u64 {
    u64::from(number(opener)) << 32 | u64::from(number(acceptor))
}

/// A machine as a number: what it is in the last three bits, which one of them before.
fn number(machine: Endpoint) -> u32 {
    match machine {
        Endpoint::Controller => 0,
        Endpoint::Broker(broker) => broker.0 << 3 | 1,
        Endpoint::Producer(producer) => u32::from(producer.0) << 3 | 2,
        Endpoint::Bootstrap(producer) => u32::from(producer.0) << 3 | 3,
        Endpoint::Consumer(consumer) => u32::from(consumer.0) << 3 | 4,
    }
}
