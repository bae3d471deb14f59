//! One connection of the client to a node of the stand-in, with what is on its way back to the client.

use std::collections::VecDeque;

use crate::protocol::{Arrival, Response};
use crate::time::Time;

/// A connection, from the client's starting it to its having noticed the end.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    usable_at: Time,
    refused: bool,
    open: bool,
    closes_at: Time,
    answers: VecDeque<Answered>,
    last_due: Time,
    /// Set once a request stays without an answer: nothing behind it comes back, and whether those requests are
    /// appended.
    lost: Option<bool>,
}

#[derive(Clone, Debug)]
struct Answered {
    due: Time,
    correlation: u64,
    response: Response,
}

impl Connection {
    pub(super) fn new(usable_at: Time, refused: bool) -> Connection {
        Connection {
            usable_at,
            refused,
            open: false,
            closes_at: Time::NEVER,
            answers: VecDeque::new(),
            last_due: Time::ZERO,
            lost: None,
        }
    }

    /// The node went away: nothing that is still on its way arrives.
    pub(super) fn break_now(&mut self, now: Time) {
        self.answers.clear();
        self.closes_at = now;
    }

    /// Whether the far end has closed it: what is written now vanishes.
    pub(super) fn is_broken(&self, now: Time) -> bool {
        self.closes_at <= now
    }

    /// The request that is being written gets no answer, and none behind it does.
    pub(super) fn lose(&mut self, append: bool) {
        self.lost.get_or_insert(append);
    }

    /// The far end closes it then; answers that would be read later are lost.
    pub(super) fn close_at(&mut self, instant: Time) {
        self.closes_at = self.closes_at.min(instant);
        self.answers.retain(|answer| answer.due <= self.closes_at);
    }

    /// Whether answers are lost, and if so whether requests that nothing is said about are appended.
    pub(super) fn lost(&self) -> Option<bool> {
        self.lost
    }

    /// An answer that can be read from `due` on, but not before the one ahead of it.
    pub(super) fn answer(&mut self, due: Time, correlation: u64, response: Response) {
        self.last_due = self.last_due.max(due);
        if self.lost.is_none() && self.last_due <= self.closes_at {
            self.answers.push_back(Answered { due: self.last_due, correlation, response });
        }
    }

    /// When the client can read something next.
    pub(super) fn next_event(&self) -> Time {
        match self.answers.front() {
            _ if !self.open => self.usable_at.min(self.closes_at),
            Some(answer) => answer.due,
            None => self.closes_at,
        }
    }

    /// The one thing that a poll reads now, if anything is due. After `Refused` and `Closed` there is no connection.
    pub(super) fn read(&mut self, now: Time) -> Option<Arrival> {
        if self.next_event() > now {
            return None;
        }
        if !self.open {
            if self.refused || self.is_broken(now) {
                return Some(Arrival::Refused);
            }
            self.open = true;
            return Some(Arrival::Opened);
        }
        Some(match self.answers.pop_front() {
            Some(Answered { correlation, response, .. }) => Arrival::Response { correlation, response },
            None => Arrival::Closed,
        })
    }
}
