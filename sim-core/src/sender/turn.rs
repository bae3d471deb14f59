//! What the sender's thread does next, as the outside sees it.

use crate::protocol::Exception;
use crate::record::{BatchId, RecordRuns, TopicPartition};
use crate::time::Time;
use crate::trace::Seq;

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
