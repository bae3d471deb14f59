//! One connection: two lanes that keep the order of what is written.

use std::collections::VecDeque;

use super::link::{Endpoint, Path};
use super::message::MessageSlot;
use crate::time::{Span, Time};
use crate::trace::{Ends, Seq};

/// A connection's number: counted over the run, never used twice.
pub type ConnectionId = u64;

/// One direction of a connection.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    pub(super) path: Path,
    /// Nothing arrives sooner than what was written before it.
    pub(super) last_arrival: Time,
    /// When the line has taken up all bytes written so far (bandwidth).
    pub(super) free_at: Time,
    /// When the controller last said something here, and how long that takes: what it decides at one instant is one batch
    /// (`broker.md F11`).
    pub(super) decided: Option<(Time, Span)>,
    /// Something was lost: what follows waits behind it, as TCP would have it.
    pub(super) blocked: bool,
    /// On their way, in order.
    pub(super) messages: VecDeque<MessageSlot>,
}

impl Lane {
    pub(super) fn new(path: Path) -> Lane {
        Lane {
            path,
            last_arrival: Time::ZERO,
            free_at: Time::ZERO,
            decided: None,
            blocked: false,
            messages: VecDeque::new(),
        }
    }
}

/// How far a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// TCP and ApiVersions under way, usable from then on.
    Opening(Time),
    /// The attempt met silence: it stays like this until somebody gives up, or TCP's next attempt is heard.
    Silent,
    /// The attempt was refused, which the opener has yet to learn.
    Refused,
    /// In use.
    Open,
    /// Whoever opened it has closed it; what was written before still arrives.
    ClosedByOpener,
}

/// One connection.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) opener: Endpoint,
    pub(super) acceptor: Endpoint,
    pub(super) life: Life,
    pub(super) out: Lane,
    pub(super) back: Lane,
    pub(super) cause: Seq,
    /// Asked by a broker and not yet answered, oldest first.
    pub(super) asked: Vec<u64>,
    /// How often the attempt to make it has met silence.
    pub(super) knocks: u32,
    /// A word of the controller's has been lost: what follows it makes no sense to the broker.
    pub(super) gap: bool,
    /// The machine at the far end has lost power, and with it all memory of this connection.
    pub(super) forgotten: bool,
    /// When the first message came to that machine that nobody was there to take: it is written again and again.
    pub(super) unheard_since: Option<Time>,
    /// Whether it has ever been in use: an attempt that fails is refused, a connection that ends is closed.
    used: bool,
}

impl Connection {
    pub(super) fn new(
        id: ConnectionId,
        opener: Endpoint,
        acceptor: Endpoint,
        life: Life,
        out: Lane,
        back: Lane,
        cause: Seq,
    ) -> Connection {
        Connection {
            id,
            opener,
            acceptor,
            life,
            out,
            back,
            cause,
            asked: Vec::new(),
            knocks: 0,
            gap: false,
            forgotten: false,
            unheard_since: None,
            used: life == Life::Open,
        }
    }

    /// It can be used from now on.
    pub(super) fn open(&mut self) {
        self.life = Life::Open;
        self.used = true;
    }

    /// Whether it has ever been in use.
    pub(super) fn was_open(&self) -> bool {
        self.used
    }

    /// The two as a trace names them.
    pub(super) fn ends(&self) -> Ends {
        ends(self.opener, self.acceptor)
    }
}

/// Two machines as a trace names them: `broker` is the one that is asked, or the one that asks the controller.
pub(super) fn ends(opener: Endpoint, acceptor: Endpoint) -> Ends {
    let mut ends = Ends::default();
    match opener {
        Endpoint::Producer(producer) | Endpoint::Bootstrap(producer) => ends.producer = Some(producer),
        Endpoint::Consumer(consumer) => ends.consumer = Some(consumer),
        Endpoint::Broker(broker) => match acceptor {
            Endpoint::Broker(_) => ends.follower = Some(broker),
            _ => ends.broker = broker,
        },
        Endpoint::Controller => {}
    }
    if let Endpoint::Broker(broker) = acceptor {
        ends.broker = broker;
    }
    ends
}
