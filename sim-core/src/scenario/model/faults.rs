//! `[[faults]]`, typed: when, and what.

use super::{LinkEnd, Sampled};
use crate::config::{BrokerConfig, TopicConfig};
use crate::protocol::ErrorCode;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::time::{Span, Time};
use crate::trace::EventKind;

/// One `[[faults]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When.
    pub when: When,
    /// What.
    pub act: Act,
}

/// When a fault happens.
#[derive(Clone, Debug, PartialEq)]
pub enum When {
    /// At a time, which may be drawn.
    At(Sampled),
    /// On an event.
    On(On),
}

/// `on = { ... }`.
#[derive(Clone, Debug, PartialEq)]
pub struct On {
    /// The kind of event.
    pub event: EventKind,
    /// Only this producer's, by its place in the file.
    pub producer: Option<u16>,
    /// Only at this broker.
    pub broker: Option<BrokerId>,
    /// Only of this topic.
    pub topic: Option<TopicIx>,
    /// Only of this partition number.
    pub partition: Option<u32>,
    /// Only about this record: producer and index.
    pub record: Option<(u16, u32)>,
    /// Which of the matching ones.
    pub which: ChanceOf,
    /// Not before.
    pub from: Time,
    /// Not from here on.
    pub until: Time,
}

/// Which of the matching events.
#[derive(Clone, Debug, PartialEq)]
pub enum ChanceOf {
    /// These, counted from 1.
    Nths(Vec<u64>),
    /// Every n-th.
    Every(u64),
    /// Each with this probability.
    Probability(f64),
}

/// A broker as a fault names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BrokerRef {
    /// By id.
    Id(BrokerId),
    /// The leader of a partition at that time.
    LeaderOf(TopicPartition),
    /// Its follower of the lowest id.
    FollowerOf(TopicPartition),
}

/// An end of a cut or of a reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CutEnd {
    /// All clients, one client or the controller.
    Link(LinkEnd),
    /// A broker.
    Broker(BrokerRef),
}

/// What a fault does: one key of `do`.
#[derive(Clone, Debug, PartialEq)]
pub enum Act {
    /// `lose = "it"`.
    Lose,
    /// `delay = "it"`.
    Delay {
        /// By so much.
        by: Sampled,
    },
    /// `reset = "it"`: the matched message's connection.
    ResetIt,
    /// `reset = [a, b]`.
    Reset {
        /// All connections between the two.
        between: [Vec<CutEnd>; 2],
    },
    /// `fail = "it"`.
    Fail {
        /// The answer.
        error: ErrorCode,
        /// After having appended.
        append: bool,
    },
    /// `crash = b`: the process dies, or with `power = true` the machine.
    Crash {
        /// Who.
        broker: BrokerRef,
        /// The machine dies with the process.
        power: Option<PowerLoss>,
        /// Restarts after it.
        r#for: Option<Sampled>,
    },
    /// `restart = b`.
    Restart {
        /// Who.
        broker: BrokerRef,
    },
    /// `crash = "controller"`.
    CrashController {
        /// Restarts after it.
        r#for: Option<Sampled>,
    },
    /// `restart = "controller"`.
    RestartController,
    /// `shutdown = b`: a controlled shutdown.
    Shutdown {
        /// Who.
        broker: BrokerRef,
        /// Restarts after it, or once it has ended.
        r#for: Option<Sampled>,
    },
    /// `fence = b`: whatever its heartbeats say.
    Fence {
        /// Who.
        broker: BrokerRef,
        /// Unfenced after it.
        r#for: Option<Sampled>,
    },
    /// `unfence = b`: its heartbeats decide again.
    Unfence {
        /// Who.
        broker: BrokerRef,
    },
    /// `pause = b`: the process stands still, its sockets open.
    Pause {
        /// Who.
        broker: BrokerRef,
        /// Goes on after it.
        r#for: Option<Sampled>,
    },
    /// `block-fetches = b`.
    BlockFetches {
        /// Whose fetches of other brokers.
        broker: BrokerRef,
        /// Fetches again after it.
        r#for: Option<Sampled>,
    },
    /// `cut = [a, b]`.
    Cut {
        /// The two sides.
        between: [Vec<CutEnd>; 2],
        /// From the first to the second only.
        one_way: bool,
        /// Connections are reset and refused instead.
        reject: bool,
        /// Heals after it.
        r#for: Option<Sampled>,
    },
    /// `slow = b`.
    Slow {
        /// Who.
        broker: BrokerRef,
        /// Each request takes so much longer.
        by: Option<Sampled>,
        /// Each append to a log takes so much longer.
        disk: Option<Sampled>,
        /// Ends after it.
        r#for: Option<Sampled>,
    },
    /// `elect = "orders-0"`.
    Elect {
        /// Which partition.
        tp: TopicPartition,
        /// The new leader; none: the preferred one, or where `unclean` any that lives.
        leader: Option<BrokerRef>,
        /// It may come from outside the ISR.
        unclean: bool,
    },
    /// `add-partitions = "orders"`.
    AddPartitions {
        /// Which topic.
        topic: TopicIx,
        /// How many it has then.
        to: u32,
    },
    /// `set-config = ...`; already typed, applied to what it names.
    SetConfig(Box<Acting>),
    /// `kill-producer = p`.
    KillProducer {
        /// Who, by its place in the file.
        producer: u16,
        /// Starts again after it.
        r#for: Option<Sampled>,
    },
    /// `close-producer = p`.
    CloseProducer {
        /// Who.
        producer: u16,
        /// None: waits for everything.
        timeout: Option<Span>,
    },
    /// `flush-producer = p`.
    FlushProducer {
        /// Who.
        producer: u16,
    },
    /// `abandon-producer = p`.
    AbandonProducer {
        /// Who.
        producer: u16,
    },
}

/// What a power loss leaves of the broker's logs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PowerLoss {
    /// So many records of each log, batches whole; none: what is on disk, and by chance some of the rest.
    pub survives: Option<u64>,
}

/// The new configuration of a topic or of the brokers.
#[derive(Clone, Debug, PartialEq)]
pub enum Acting {
    /// A topic's, whole.
    Topic(TopicIx, TopicConfig),
    /// A broker's, whole.
    Broker(BrokerId, BrokerConfig),
}

/// What a scenario's faults may set, each by its place among the faults: the controller's word carries the place, not the
/// settings.
#[derive(Clone, Debug, Default)]
pub struct ConfigChanges {
    by_fault: Box<[Option<Box<Acting>>]>,
}

impl ConfigChanges {
    /// Those of these faults.
    pub fn of(faults: &[Fault]) -> ConfigChanges {
        let change = |fault: &Fault| match &fault.act {
            Act::SetConfig(acting) => Some(acting.clone()),
            _ => None,
        };
        ConfigChanges { by_fault: faults.iter().map(change).collect() }
    }

    /// What the fault at this place sets.
    pub fn get(&self, change: u32) -> Option<&Acting> {
        self.by_fault.get(change as usize)?.as_deref()
    }
}

impl Act {
    /// The word of the file.
    pub fn name(&self) -> &'static str {
        match self {
            Act::Lose => "lose",
            Act::Delay { .. } => "delay",
            Act::ResetIt | Act::Reset { .. } => "reset",
            Act::Fail { .. } => "fail",
            Act::Crash { .. } | Act::CrashController { .. } => "crash",
            Act::Restart { .. } | Act::RestartController => "restart",
            Act::Shutdown { .. } => "shutdown",
            Act::Fence { .. } => "fence",
            Act::Unfence { .. } => "unfence",
            Act::Pause { .. } => "pause",
            Act::BlockFetches { .. } => "block-fetches",
            Act::Cut { .. } => "cut",
            Act::Slow { .. } => "slow",
            Act::Elect { .. } => "elect",
            Act::AddPartitions { .. } => "add-partitions",
            Act::SetConfig(_) => "set-config",
            Act::KillProducer { .. } => "kill-producer",
            Act::CloseProducer { .. } => "close-producer",
            Act::FlushProducer { .. } => "flush-producer",
            Act::AbandonProducer { .. } => "abandon-producer",
        }
    }

    /// Whether it acts on the matched message itself (`"it"`), and so needs an `on` with a message.
    pub fn is_about_it(&self) -> bool {
        matches!(self, Act::Lose | Act::Delay { .. } | Act::ResetIt | Act::Fail { .. })
    }
}
