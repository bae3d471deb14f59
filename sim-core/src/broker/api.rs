//! What goes into a broker and what comes out of it.

use super::Ticket;
use crate::protocol::{Request, Response};
use crate::record::BrokerId;
use crate::time::Time;
use crate::trace::Seq;

/// Whom a broker asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Peer {
    /// Another broker.
    Broker(BrokerId),
    /// The controller.
    Controller,
}

/// How a request ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// With an answer.
    Answer(Response),
    /// Without one (acks=0).
    Nothing,
    /// The broker closes the connection (acks=0 and an error, `broker.md 1.3`).
    Close,
}

/// Something a broker wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum BrokerOutput {
    /// A request is done. The broker itself then takes up the next one of that connection.
    Reply {
        /// Which request.
        ticket: Ticket,
        /// How.
        reply: Reply,
        /// Why now.
        cause: Seq,
    },
    /// Ask somebody. The answer, or the word that there will be none, comes back with the same number.
    Ask {
        /// Whom.
        peer: Peer,
        /// The broker's own number for it.
        correlation: u64,
        /// What.
        request: Request,
        /// Why.
        cause: Seq,
    },
    /// Close the connection to a peer, its answers are no longer wanted.
    Hang {
        /// Whose.
        peer: Peer,
        /// `request-timeout` or `client`.
        by: &'static str,
        /// Why.
        cause: Seq,
    },
    /// Wake me then.
    Timer {
        /// When.
        at: Time,
        /// What for.
        timer: BrokerTimer,
        /// Who set it; [`Seq::OUTSIDE`] for what happens at intervals.
        cause: Seq,
    },
    /// The process takes connections from now on: it has caught up with the metadata (`broker.md F6`).
    Listens,
    /// The process has ended in order.
    Stopped {
        /// Why now.
        cause: Seq,
    },
}

/// What a broker wakes up for. Most timers are set lazily: one that comes too early is set anew, one that comes too late
/// (the process has died since) does nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerTimer {
    /// Go on with what a fault has interrupted.
    Resume,
    /// Work on the request at the head of this connection is done.
    Service {
        /// The connection.
        connection: u64,
    },
    /// A parked produce request may have run out of time (`broker.md P11`).
    Purgatory,
    /// A parked fetch may have run out of time.
    ParkedFetch,
    /// The fetcher of this leader has something to fetch, or a back-off of it is over.
    Fetch {
        /// The leader.
        leader: BrokerId,
    },
    /// A slow disk has taken in what this leader has sent.
    Written {
        /// The leader.
        leader: BrokerId,
    },
    /// The fetch to this leader may be older than `replica.socket.timeout.ms`.
    FetchTimeout {
        /// The leader.
        leader: BrokerId,
    },
    /// Look for ISR members that lag (`broker.md R20`).
    IsrScan,
    /// Send a heartbeat, or register, at the controller.
    Heartbeat,
    /// The heartbeat has had no answer for `broker.session.timeout.ms`.
    HeartbeatTimeout,
    /// Propose ISRs again (`broker.md R23`).
    AlterPartition,
    /// End, though the controller has not let it go (`broker.md F14`).
    ShutdownDeadline,
    /// Write the high watermarks to disk (`broker.md R17`).
    HwCheckpoint,
    /// Page cache to disk, as the operating system does it.
    Flush,
    /// Look for logs that have not been flushed for `flush.ms`.
    FlushScheduler,
    /// Look for segments that are too old or too many.
    Retention,
    /// Forget producers that have been idle for long (`broker.md I8`).
    ProducerExpiry,
}
