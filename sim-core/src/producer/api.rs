//! How the application's threads talk with a producer.
//!
//! The application calls `send()`; the kernel hands over what arrives, says when a poll ends, and then pulls: `next`
//! gives one [`Turn`](super::Turn) after the other until the sender's thread sleeps again. So a callback runs exactly
//! where Kafka runs it, may call the producer, may take time, and can be the last thing that happens.

use crate::protocol::Exception;
use crate::record::{RecordId, TopicIx};
use crate::scenario::Header;
use crate::serializer::Payload;
use crate::trace::Seq;

/// An application thread of one producer; the sender's own thread (a callback that calls `send()`) is one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ThreadIx(pub u32);

/// What the application hands to `send()` (`ProducerRecord`).
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// Its name.
    pub id: RecordId,
    /// Where to.
    pub topic: TopicIx,
    /// The partition, if the record names one.
    pub partition: Option<u32>,
    /// The key.
    pub key: Payload<'a>,
    /// The value.
    pub value: Payload<'a>,
    /// The headers.
    pub headers: &'a [Header],
    /// Whether key and value bytes are to be kept in the batch: somebody decodes them.
    pub keep_content: bool,
    /// The `send` event.
    pub cause: Seq,
}

/// How a call of `send()` ends, or does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// The record is in a batch; its result comes with the batch's.
    Appended {
        /// The partition that was chosen.
        partition: u32,
        /// What `send()` failed with although the record is in a batch (`producer.md 1`, step 9): given to the callback
        /// at once if it is an `ApiException`, else thrown. The batch's own result comes all the same.
        thrown: Option<Exception>,
    },
    /// The calling thread waits inside `send()`; `resume` looks again.
    Blocked,
    /// The record got into no batch.
    Rejected {
        /// Why.
        error: Exception,
        /// Out of `send()` itself, or given to callback and future on the calling thread.
        thrown: bool,
        /// The partition, if it was chosen before.
        partition: Option<u32>,
    },
}

/// A call of `flush()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlushId(pub u32);
