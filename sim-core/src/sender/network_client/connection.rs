//! One connection's state, its back-offs and its unanswered requests (`ClusterConnectionStates`, `InFlightRequests`).

use std::collections::VecDeque;

use crate::accumulator::Taken;
use crate::protocol::Arrival;
use crate::sender::metadata::{Asked, LONG_AGO};
use crate::time::Time;
use crate::trace::Seq;

/// How far a connection is. The API versions exchange is part of the connecting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// Never tried, or forgotten.
    #[default]
    None,
    /// Being opened.
    Connecting,
    /// Usable.
    Ready,
    /// Failed or closed; there is a back-off before the next try.
    Disconnected,
}

/// What a request was for.
#[derive(Clone, Debug)]
pub(crate) enum Purpose {
    /// These batches, ascending by topic and partition.
    Produce(Taken),
    /// The client's own: who leads what.
    Metadata(Asked),
    /// A producer id.
    InitProducerId,
}

/// A request that has no answer yet.
#[derive(Clone, Debug)]
pub(crate) struct InFlightRequest {
    pub(crate) correlation: u64,
    pub(crate) purpose: Purpose,
    /// When the sender's pass that made it began, in ms.
    pub(crate) sent_ms: i64,
    /// How much throttling it may wait out beyond its timeout, in ms.
    pub(crate) throttle_ms: i64,
    /// Whether an answer will come: not under acks=0.
    pub(crate) expects_response: bool,
    /// Whether all of it is in the socket.
    pub(crate) written: bool,
    /// Since when, in ms: later than `sent_ms` if callbacks took time in that pass.
    pub(crate) written_ms: i64,
    /// What it goes back to.
    pub(crate) cause: Seq,
}

impl InFlightRequest {
    /// How long it has been without an answer, throttling left out, in ms.
    pub(crate) fn age_ms(&self, now_ms: i64) -> i64 {
        (now_ms - self.sent_ms).max(0) - self.throttle_ms
    }
}

/// A connection to one broker.
#[derive(Clone, Debug)]
pub(crate) struct Connection {
    pub(crate) state: State,
    /// When it was last tried, or closed, in ms.
    pub(crate) last_attempt_ms: i64,
    /// Failures since it was last usable.
    pub(crate) failed_attempts: u32,
    /// Attempts to connect that failed in a row.
    pub(crate) failed_connects: u32,
    pub(crate) reconnect_backoff_ms: i64,
    pub(crate) setup_timeout_ms: i64,
    pub(crate) throttled_until_ms: i64,
    /// Oldest first.
    pub(crate) in_flight: VecDeque<InFlightRequest>,
    /// What has come to this machine and was not read yet, with the event of its arrival.
    pub(crate) arrivals: VecDeque<(Arrival, Seq)>,
    /// When it was started, or something was last written or read.
    pub(crate) active_at: Time,
    /// The how-manieth of such uses of any connection that was: it tells apart those of one instant.
    pub(crate) last_use: u64,
}

impl Default for Connection {
    fn default() -> Connection {
        Connection {
            state: State::None,
            last_attempt_ms: LONG_AGO,
            failed_attempts: 0,
            failed_connects: 0,
            reconnect_backoff_ms: 0,
            setup_timeout_ms: 0,
            throttled_until_ms: LONG_AGO,
            in_flight: VecDeque::new(),
            arrivals: VecDeque::new(),
            active_at: Time::ZERO,
            last_use: 0,
        }
    }
}

impl Connection {
    /// Whether a try to connect is allowed now.
    pub(crate) fn can_connect(&self, now_ms: i64) -> bool {
        match self.state {
            State::None => true,
            State::Disconnected => now_ms - self.last_attempt_ms >= self.reconnect_backoff_ms,
            State::Connecting | State::Ready => false,
        }
    }

    /// Whether it is usable and not throttled.
    pub(crate) fn is_ready(&self, now_ms: i64) -> bool {
        self.state == State::Ready && self.throttled_until_ms <= now_ms
    }

    /// Whether it may take one more request (`producer.md 4.3`).
    pub(crate) fn can_send(&self, now_ms: i64, max_in_flight: u32) -> bool {
        self.is_ready(now_ms)
            && self.in_flight.back().is_none_or(|newest| newest.written)
            && (self.in_flight.len() as u64) < u64::from(max_in_flight)
    }

    /// How long until it can be of use, in ms, if nothing happens on the network.
    pub(crate) fn poll_delay_ms(&self, now_ms: i64) -> i64 {
        match self.state {
            State::None => 0,
            State::Connecting => self.setup_timeout_ms,
            State::Disconnected => (self.reconnect_backoff_ms - (now_ms - self.last_attempt_ms)).max(0),
            State::Ready if self.throttled_until_ms > now_ms => self.throttled_until_ms - now_ms,
            State::Ready => i64::MAX,
        }
    }

    /// It is used now.
    pub(crate) fn touch(&mut self, now: Time, uses: &mut u64) {
        *uses += 1;
        (self.active_at, self.last_use) = (now, *uses);
    }

    /// The broker wants to be left alone so long; the end never moves back (`producer.md 4.12`).
    pub(crate) fn throttle(&mut self, now_ms: i64, throttle_ms: i64) {
        for request in &mut self.in_flight {
            request.throttle_ms += throttle_ms;
        }
        self.throttled_until_ms = self.throttled_until_ms.max(now_ms + throttle_ms);
    }
}
