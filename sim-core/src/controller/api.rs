//! What goes into the controller and what comes out of it.

use std::sync::Arc;

use crate::broker::Ticket;
use crate::protocol::{MetadataUpdate, Response};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::scenario::Acting;
use crate::time::{Span, Time};
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
        /// Which start of its process: the one that is registered. A newer one takes no role before it is registered itself and
        /// has the metadata up to there (`broker.md F6`).
        incarnation: u32,
        /// What.
        update: Arc<MetadataUpdate>,
        /// The decision.
        cause: Seq,
    },
    /// What this broker is told next is not a continuation: it has missed something, and begins to fetch anew.
    Afresh {
        /// Whom.
        broker: BrokerId,
    },
    /// The moves of a controlled shutdown, which are told next, come to this broker after so long, unless the scenario says how
    /// long metadata take.
    InItsOwnTime {
        /// Whom.
        broker: BrokerId,
        /// From now.
        takes: Span,
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
    /// Elect where a topic has come to allow unclean elections (`broker.md F8`).
    UncleanElection,
}

/// What an administrator, or a fault, asks of the controller.
#[derive(Clone, Debug, PartialEq)]
pub enum Admin {
    /// Move the leader at once; without `leader`: a preferred election, or, if it may be `unclean`, one of what has no
    /// leader.
    Elect {
        /// Which partition.
        tp: TopicPartition,
        /// Whom to.
        leader: Option<BrokerId>,
        /// Whether the new leader may come from outside the ISR.
        unclean: bool,
    },
    /// Fence a broker, whatever its heartbeats say.
    Fence(BrokerId),
    /// Let the heartbeats of a broker decide again.
    Unfence {
        /// Which.
        broker: BrokerId,
        /// Whether its process runs: then it is back at once.
        up: bool,
    },
    /// More partitions.
    AddPartitions {
        /// Which topic.
        topic: TopicIx,
        /// How many it has then.
        to: u32,
    },
    /// New settings.
    SetConfig {
        /// Their place among the scenario's changes ([`scenario::ConfigChanges`](crate::scenario::ConfigChanges)).
        change: u32,
        /// Whose, and which.
        to: Acting,
    },
}

/// Why the controller did not do what it was asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdminError {
    /// There is no such partition (`UNKNOWN_TOPIC_OR_PARTITION`).
    #[error("the cluster has no such partition")]
    UnknownPartition,
    /// There is no such topic (`UNKNOWN_TOPIC_OR_PARTITION`).
    #[error("the cluster has no such topic")]
    UnknownTopic,
    /// The broker leads already (`ELECTION_NOT_NEEDED`).
    #[error("broker {0} leads already")]
    ElectionNotNeeded(BrokerId),
    /// The broker is not in the ISR, so it may lack committed records (`PREFERRED_LEADER_NOT_AVAILABLE`).
    #[error("broker {0} cannot lead: it is not in the ISR")]
    NotInSync(BrokerId),
    /// The broker has no replica of the partition (`PREFERRED_LEADER_NOT_AVAILABLE`).
    #[error("broker {0} cannot lead: it has no replica")]
    NotAReplica(BrokerId),
    /// The broker is fenced or not registered (`PREFERRED_LEADER_NOT_AVAILABLE`).
    #[error("broker {0} cannot lead: the controller counts it as dead")]
    NotActive(BrokerId),
    /// No replica is alive that could lead (`ELIGIBLE_LEADERS_NOT_AVAILABLE`).
    #[error("none of its replicas can lead: the controller counts all of them as dead")]
    NobodyActive,
    /// There is no controller at the moment.
    #[error("the controller is down")]
    NoController,
    /// Partitions can only be added (`INVALID_PARTITIONS`).
    #[error("the topic has {has} partitions already; ask for more than that, not for {asked}")]
    NotMorePartitions {
        /// How many there are.
        has: u32,
        /// How many were asked for.
        asked: u32,
    },
    /// None of a new partition's replicas is alive (`INVALID_REPLICA_ASSIGNMENT`).
    #[error("no replica of new partition {0} would be alive")]
    NoLiveReplica(u32),
}
