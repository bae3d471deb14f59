//! One application thread: a stream of records, and what it waits for.

use std::collections::VecDeque;

use super::clock::Clock;
use crate::application::StreamState;
use crate::chance::Chance;
use crate::time::Time;
use crate::trace::Seq;

/// One call of `send()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Which record of its stream.
    pub(super) number: u32,
    /// Which record of its producer.
    pub(super) record: u32,
    /// 0, or n for the n-th time that the application sends it again.
    pub(super) attempt: u32,
    /// What let it go.
    pub(super) cause: Seq,
}

/// An application thread.
#[derive(Clone, Debug)]
pub(super) struct Thread {
    pub(super) stream: StreamState,
    /// The next new record of the stream.
    next: u32,
    /// To be sent again before the next new one.
    again: VecDeque<Call>,
    /// A `send()` that waits, and since when.
    pub(super) blocked: Option<(Call, Time)>,
    /// Records without a result, where the stream counts them.
    open: u32,
    /// The result that last let it go on.
    cause: Seq,
    /// The `send` event of the call under way.
    pub(super) sent: Seq,
    /// When the kernel will look at it on its own account.
    pub(super) clock: Clock,
    /// Nothing is due sooner: the process started again then.
    not_before: Time,
    /// The next new record's time, once drawn.
    drawn: Option<(u32, Time)>,
}

impl Thread {
    pub(super) fn new(stream: StreamState) -> Thread {
        Thread {
            next: 0,
            again: VecDeque::new(),
            blocked: None,
            open: 0,
            cause: Seq::OUTSIDE,
            sent: Seq::OUTSIDE,
            clock: Clock::new(),
            not_before: Time::ZERO,
            drawn: None,
            stream,
        }
    }

    /// When the next record may be sent, as far as is known: `None` while the thread waits for a result, or has nothing
    /// left.
    pub(super) fn due(&mut self, chance: &mut dyn Chance) -> Option<Time> {
        if self.next < self.stream.count() && self.drawn.is_none_or(|(number, _)| number != self.next) {
            self.drawn = Some((self.next, self.stream.due(self.next, chance)));
        }
        self.known_due()
    }

    /// The same without a draw: what has not been drawn yet counts as due at once.
    pub(super) fn known_due(&self) -> Option<Time> {
        if self.blocked.is_some() || self.open >= self.stream.limit() {
            return None;
        }
        if !self.again.is_empty() {
            return Some(self.not_before);
        }
        if self.next >= self.stream.count() {
            return None;
        }
        Some(
            self.drawn.filter(|&(number, _)| number == self.next).map_or(self.stream.start(), |(_, due)| due),
        )
        .map(|due| due.max(self.not_before))
    }

    /// Whether nothing is left to send or to wait for.
    pub(super) fn is_done(&self) -> bool {
        self.blocked.is_none() && self.again.is_empty() && self.next >= self.stream.count()
    }

    /// Whether it has no record that is to be sent again.
    pub(super) fn is_idle(&self) -> bool {
        self.again.is_empty()
    }

    pub(super) fn take_again(&mut self) -> Option<Call> {
        self.again.pop_front()
    }

    /// The next new record's number, and what let it go.
    pub(super) fn take_next(&mut self) -> (u32, Seq) {
        let number = self.next;
        self.next += 1;
        (number, if self.waits_for_results() { self.cause } else { Seq::OUTSIDE })
    }

    /// Whether it sends the next record only when earlier ones have their results.
    pub(super) fn waits_for_results(&self) -> bool {
        self.stream.limit() != u32::MAX
    }

    /// A record is on its way.
    pub(super) fn opened(&mut self) {
        if self.waits_for_results() {
            self.open += 1;
        }
    }

    /// A record has its result.
    pub(super) fn result(&mut self, cause: Seq) {
        self.open = self.open.saturating_sub(1);
        self.cause = cause;
    }

    /// A record was rejected, which lets the next one go.
    pub(super) fn let_go(&mut self, cause: Seq) {
        self.cause = cause;
    }

    /// Whether the application sends a failed record for the n-th time again.
    pub(super) fn resends(&self, attempt: u32) -> bool {
        self.stream.resend_times() >= attempt
    }

    /// Sends a record again before the next new one.
    pub(super) fn send_again(&mut self, call: Call) {
        self.again.push_back(call);
    }

    /// The process died.
    pub(super) fn die(&mut self) {
        self.blocked = None;
        self.again.clear();
        self.open = 0;
        self.clock.set(Time::NEVER);
    }

    /// The process started again.
    pub(super) fn start_again(&mut self, now: Time) {
        self.not_before = now;
        self.cause = Seq::OUTSIDE;
    }
}
