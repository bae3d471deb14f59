//! What the answer to a request must name, and what a fault wants answered to it.

use crate::protocol::ErrorCode;
use crate::record::TopicPartition;
use crate::trace::Ends;

/// A request that a broker has taken in: what its answer must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// The connection that it came on: a number of the network's, never used twice.
    pub connection: u64,
    /// The asker's own number for it.
    pub correlation: u64,
    /// The number of its message.
    pub message: u64,
    /// Between whom.
    pub ends: Ends,
}

/// A fault's answer to one request: `fail = "it"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forced {
    /// The answer.
    pub error: ErrorCode,
    /// Whether the request takes effect first.
    pub append: bool,
    /// Only for this partition.
    pub tp: Option<TopicPartition>,
}
