//! When a thread goes on by itself: a time that is put forward and off again and again.

use crate::time::Time;

/// A thread's alarm clock. The kernel's queue cannot forget, so a time that is put off leaves its entry there; the clock
/// knows what it has in the queue and asks for one entry more only where none comes up in time. A poll that is woken early
/// a thousand times leaves one entry behind, not a thousand.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    /// When the thread goes on; `Time::NEVER`: only something else can make it.
    due: Time,
    /// Its entries in the queue, the next one last.
    queued: Vec<Time>,
}

impl Clock {
    /// A clock that is not set.
    pub(super) fn new() -> Clock {
        Clock { due: Time::NEVER, queued: Vec::new() }
    }

    /// When it rings.
    pub(super) fn due(&self) -> Time {
        self.due
    }

    /// Sets it to another time, and no longer to the one before. The time of the entry that the queue lacks.
    pub(super) fn set(&mut self, due: Time) -> Option<Time> {
        self.due = due;
        self.lacks()
    }

    /// One of its entries has come up. Whether it rings; it is not set then.
    pub(super) fn rings(&mut self, now: Time) -> bool {
        self.queued.pop();
        let rings = self.due == now;
        if rings {
            self.due = Time::NEVER;
        }
        rings
    }

    /// The time of the entry that the queue lacks, counted as queued from now on.
    pub(super) fn lacks(&mut self) -> Option<Time> {
        let in_time = self.due == Time::NEVER || self.queued.last().is_some_and(|&next| next <= self.due);
        if in_time {
            return None;
        }
        self.queued.push(self.due);
        Some(self.due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    #[test]
    fn a_time_that_is_put_off_needs_no_second_entry() {
        let mut clock = Clock::new();
        assert_eq!(clock.set(at(50)), Some(at(50)));
        assert_eq!(clock.set(at(60)), None, "the entry at 50 ms will see to it");
        assert!(!clock.rings(at(50)));
        assert_eq!(clock.lacks(), Some(at(60)));
        assert!(clock.rings(at(60)));
        assert_eq!((clock.due(), clock.lacks()), (Time::NEVER, None));
    }

    #[test]
    fn a_time_that_is_put_forward_needs_one() {
        let mut clock = Clock::new();
        clock.set(at(50));
        assert_eq!(clock.set(at(20)), Some(at(20)));
        assert!(clock.rings(at(20)));
        assert_eq!(clock.set(at(70)), None, "the entry at 50 ms is still there");
        assert_eq!(clock.set(Time::NEVER), None);
        assert!(!clock.rings(at(50)));
        assert_eq!(clock.lacks(), None);
    }
}
