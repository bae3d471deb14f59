//! How the application's threads and the kernel talk with a producer.
//!
//! The application calls `send()`; the kernel hands over what arrives, says when a poll ends, and then pulls: `next`
//! gives one [`Turn`] after the other until the sender's thread sleeps again. So a callback runs exactly where Kafka
//! runs it, may call the producer, may take time, and can be the last thing that happens.

use crate::protocol::Exception;
use crate::record::{BatchId, RecordId, RecordRuns, TopicIx, TopicPartition};
use crate::scenario::Header;
use crate::serializer::Payload;
use crate::time::Time;
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
        /// What `send()` threw although the record is in a batch (`producer.md 1`, step 9).
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

/// One step of the sender's thread.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn {
    /// A batch has its result: run its records' callbacks in order, then go on with `next`.
    Callbacks(Completion),
    /// The application's threads act before the loop goes on: what was blocked or waited for a result may go on now.
    Application,
    /// The thread sleeps in `poll`: connections' actions are to be carried out now; the poll ends at `until`, or when
    /// something arrives, or at a wake-up. `until` = now: it returns at once, with whatever is due.
    Poll {
        /// When the poll ends if nothing ends it sooner.
        until: Time,
        /// What the sleep waits for, if an event set that timer; a cause for what the end of the sleep brings.
        cause: Seq,
    },
    /// The thread sleeps outside `poll`: only time ends it.
    Sleep {
        /// When it goes on.
        until: Time,
    },
    /// The producer is closed, the thread is gone.
    Ended,
}

/// A batch with its result.
#[derive(Clone, Debug, PartialEq)]
pub struct Completion {
    /// Which batch.
    pub batch: BatchId,
    /// Its partition.
    pub tp: TopicPartition,
    /// Its records, in order.
    pub records: RecordRuns,
    /// How often it was written to a connection.
    pub attempts: u32,
    /// What became of it.
    pub outcome: Outcome,
    /// The event that brought the result.
    pub cause: Seq,
}

/// What a batch's callbacks are told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Success: offset of the first record, -1 if unknown.
    Acknowledged {
        /// Offset of the first record; each later one has the next, unless this is -1.
        base_offset: i64,
    },
    /// acks=0: written to the socket, offset -1.
    Unconfirmed,
    /// The same exception for every record.
    Failed(Exception),
    /// One exception a record (`producer.md 4.7`, per-record errors).
    FailedEach(Vec<Exception>),
}

/// A call of `flush()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FlushId(pub u32);
