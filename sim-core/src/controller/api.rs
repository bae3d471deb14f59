//! What goes into the controller and what comes out of it.

use std::sync::Arc;

use crate::broker::Ticket;
use crate::config::TopicConfig;
use crate::protocol::{MetadataUpdate, Response};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::time::Time;
use crate::trace::Seq;

/// Something the controller wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum ControllerOutput {
    /// Answer a request.
    Answer {
        /// Which.
        ticket: Ticket,
        /// What.
        response: Response,
        /// Why now.
        cause: Seq,
    },
    /// Tell a broker of a decision; the network draws the delay, updates to one broker keep their order.
    Tell {
        /// Whom.
        broker: BrokerId,
        /// What.
        update: Arc<MetadataUpdate>,
        /// The decision.
        cause: Seq,
    },
    /// Wake me then.
    Timer {
        /// When.
        at: Time,
        /// What for.
        timer: ControllerTimer,
    },
}

/// What the controller wakes up for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControllerTimer {
    /// Look for brokers whose session is over (`broker.md F1`).
    SessionSweep,
    /// Move leaders back to the preferred replicas (`broker.md F9`).
    LeaderImbalance,
    /// Elect where an unclean election has become possible (`broker.md F8`).
    UncleanElection,
}

/// What an administrator, or a fault, asks of the controller.
#[derive(Clone, Debug, PartialEq)]
pub enum Admin {
    /// Move the leader at once; without `leader`: a preferred election.
    Elect {
        /// Which partition.
        tp: TopicPartition,
        /// Whom to.
        leader: Option<BrokerId>,
    },
    /// More partitions.
    AddPartitions {
        /// Which topic.
        topic: TopicIx,
        /// How many it has then.
        to: u32,
    },
    /// A topic's settings changed.
    SetTopicConfig(TopicIx, TopicConfig),
}
