//! Which invariants there are, and how it is told that one does not hold.

use std::fmt;

use super::look::Look;
use crate::record::{BrokerId, TopicPartition};
use crate::time::Time;
use crate::trace::{Seq, Stamp};

macro_rules! invariants {
    ($($name:ident = $rule:literal,)*) => {
        /// An invariant, by its number in `broker.md 10`; `L` is what must come about once all is healed (10.3).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each is what its rule says")]
        pub enum Invariant {
            $(#[doc = $rule] $name,)*
        }

        impl Invariant {
            /// Every invariant.
            pub const ALL: &'static [Invariant] = &[$(Invariant::$name,)*];

            /// Its number: `V8`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Invariant::$name => stringify!($name),)*
                }
            }

            /// What it says.
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Invariant::$name => $rule,)*
                }
            }
        }
    };
}

invariants! {
    V1 = "a replica's offsets are contiguous, its epochs never go down",
    V2 = "the same epoch and offset is the same batch everywhere, and what stands before it is the same",
    V3 = "one leader an epoch; epochs only go up",
    V4 = "a leader never truncates, and in one epoch its log end and high watermark never go down",
    V5 = "log start <= high watermark <= log end",
    V6 = "the controller changes an ISR only in step with its leader, and only to replicas that may be in it",
    V7 = "a fetch counts only in the leader's own epoch, from a log that does not diverge",
    V8 = "the high watermark covers what the whole maximal ISR has stored, with min.insync.replicas in the ISR",
    V9 = "acks=all success: the batch is on the leader and the whole maximal ISR, below the high watermark",
    V10 = "NOT_ENOUGH_REPLICAS: nothing of that attempt is in the log",
    V11 = "a replica's epoch cache is that of its log",
    V12 = "a replica's producer state is that of its log",
    V13 = "a consumer reads in the order of the log, without a hole, below the high watermark",
    V14 = "what is committed stays: a new leader has all of it",
    V15 = "what acks=all acknowledged is in the final leader's log",
    V16 = "who may be elected has everything that is committed",
    V17 = "the leader's maximal ISR has all of the controller's ISR",
    V18 = "a high watermark that has reached its leader's epoch start is not below one exposed before",
    V19 = "an offset read again is the same record",
    V20 = "an idempotent producer's record is there once",
    V21 = "where order is promised, a partition has it",
    V22 = "acks=1 loses only what a new leader had not fetched",
    V23 = "a partition with a replica that may lead has a living leader",
    V24 = "a record is there at most as often as it was sent",
    L = "once all is healed, brokers, ISRs, logs and callbacks come to rest",
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// An invariant did not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{invariant} ({}) does not hold at {time}, event {}{place}: {seen}; expected {expected}", .invariant.rule(), .seq.0)]
pub struct Violation {
    /// Which.
    pub invariant: Invariant,
    /// When.
    pub time: Time,
    /// The event after which it was seen.
    pub seq: Seq,
    /// Where: `, broker 2, orders-0`; empty where it is about neither.
    pub place: String,
    /// What was seen.
    pub seen: String,
    /// What should have been.
    pub expected: String,
}

/// What the checkers of a run have found, and the instant that they look at.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) stamp: Stamp,
    pub(super) violations: Vec<Violation>,
}

impl Default for Found {
    fn default() -> Found {
        Found {
            stamp: Stamp { time: Time::ZERO, seq: Seq::OUTSIDE, cause: Seq::OUTSIDE },
            violations: Vec::new(),
        }
    }
}

/// Where something was found.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Place {
    pub(super) broker: Option<BrokerId>,
    pub(super) tp: Option<TopicPartition>,
}

impl From<(BrokerId, TopicPartition)> for Place {
    fn from((broker, tp): (BrokerId, TopicPartition)) -> Place {
        Place { broker: Some(broker), tp: Some(tp) }
    }
}

impl From<TopicPartition> for Place {
    fn from(tp: TopicPartition) -> Place {
        Place { broker: None, tp: Some(tp) }
    }
}

impl From<BrokerId> for Place {
    fn from(broker: BrokerId) -> Place {
        Place { broker: Some(broker), tp: None }
    }
}

impl Found {
    /// Notes that an invariant does not hold; of each only the first time.
    pub(super) fn report(
        &mut self,
        look: &Look<'_>,
        invariant: Invariant,
        place: impl Into<Place>,
        seen: impl fmt::Display,
        expected: impl fmt::Display,
    ) {
        if self.violations.iter().any(|known| known.invariant == invariant) {
            return;
        }
        let Place { broker, tp } = place.into();
        let broker = broker.map(|broker| format!(", broker {broker}")).unwrap_or_default();
        let partition = tp.map(|tp| format!(", {}", look.names.partition(tp))).unwrap_or_default();
        self.violations.push(Violation {
            invariant,
            time: self.stamp.time,
            seq: self.stamp.seq,
            place: format!("{broker}{partition}"),
            seen: seen.to_string(),
            expected: expected.to_string(),
        });
    }
}
