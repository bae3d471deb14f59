//! What happened in a script: the lines of a transcript, and the layout of its file.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::layout;
/// What the producer did, and when, in ms. Two are equal if `requests`, `callbacks` and `thrown` are
/// ([`super::divergence`]); the rest is there to find out why they are not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// The script.
    pub name: String,
    /// The client's release.
    pub kafka: String,
    /// Produce requests as they were written.
    pub requests: Vec<RequestLine>,
    /// Callbacks as they were called.
    pub callbacks: Vec<CallbackLine>,
    /// What came out of `send()` itself.
    pub thrown: Vec<ThrownLine>,
    /// Requests of other kinds.
    pub others: Vec<OtherLine>,
    /// Connections.
    pub connections: Vec<ConnectionLine>,
    /// Flushes and closes that have ended.
    pub done: Vec<DoneLine>,
    /// How it ended.
    pub end: End,
}

/// A Produce request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequestLine {
    /// When it was written.
    pub t: i64,
    /// To which node.
    pub node: u32,
    /// The how-manieth Produce request to this node, from 1.
    pub nth: u32,
    /// 0, 1 or -1.
    pub acks: i16,
    /// How long the leader may wait.
    pub timeout_ms: i32,
    /// Its batches, by topic and partition.
    pub batches: Vec<BatchEntry>,
}

/// A batch of a Produce request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchEntry {
    /// The topic.
    pub topic: String,
    /// The partition.
    pub partition: u32,
    /// The records in their order.
    pub ids: Vec<i64>,
    /// Size with the header.
    pub bytes: u32,
    /// Sequence of the first record, or -1.
    pub base_sequence: i32,
    /// Producer id, or -1.
    pub producer_id: i64,
    /// Producer epoch, or -1.
    pub producer_epoch: i16,
}

/// A call of a callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallbackLine {
    /// When.
    pub t: i64,
    /// Of which record.
    pub id: i64,
    /// Its partition, or -1 if none was chosen.
    pub partition: i64,
    /// On success: its offset, or -1 if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<i64>,
    /// On failure: the exception's simple name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// An exception out of `send()`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrownLine {
    /// When.
    pub t: i64,
    /// Of which record.
    pub id: i64,
    /// The exception's simple name.
    pub error: String,
}

/// A request that is no Produce request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtherLine {
    /// When it was written.
    pub t: i64,
    /// `METADATA` or `INIT_PRODUCER_ID`.
    pub api: String,
    /// To which node.
    pub node: u32,
    /// The how-manieth of its kind, from 1.
    pub nth: u32,
}

/// Something that happened to a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionLine {
    /// When the client noticed it or did it.
    pub t: i64,
    /// The node.
    pub node: u32,
    /// `open`, `refused`, `close` (by the far end) or `closed by client`.
    pub event: String,
}

/// A flush or close that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoneLine {
    /// When.
    pub t: i64,
    /// `flush` or `close`.
    pub what: String,
}

/// How a script ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// When the last thing happened.
    pub t: i64,
    /// Ids without a callback.
    pub pending: Vec<i64>,
}

impl fmt::Display for Transcript {
    /// The file's text: one field a line, one request, callback ... a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{{\n  \"name\": {},", layout::inline(&self.name))?;
        writeln!(f, "  \"kafka\": {},", layout::inline(&self.kafka))?;
        layout::list(f, "requests", &self.requests)?;
        layout::list(f, "callbacks", &self.callbacks)?;
        layout::list(f, "thrown", &self.thrown)?;
        layout::list(f, "others", &self.others)?;
        layout::list(f, "connections", &self.connections)?;
        layout::list(f, "done", &self.done)?;
        writeln!(f, "  \"end\": {}\n}}", layout::inline(&self.end))
    }
}
