//! What travels: the names of records and batches, and a record batch as it stands on the wire and in a log.

use std::fmt;
use std::sync::Arc;

/// A producer of the scenario, by its place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProducerIx(pub u16);

/// A consumer of the scenario, by its place in the file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerIx(pub u16);

/// A topic, by its place in the run's list of names; the cluster need not know it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicIx(pub u16);

/// A broker's id (`node.id`): 0, 1, 2 ...; Kafka's -1 is `Option::None` here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BrokerId(pub u32);

impl fmt::Display for BrokerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A partition of a topic.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TopicPartition {
    /// The topic.
    pub topic: TopicIx,
    /// The partition's number, from 0.
    pub partition: u32,
}

/// A record: the n-th whose `send()` its producer's application called. Written `shop-0`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordId {
    /// Whose record.
    pub producer: ProducerIx,
    /// Counted from 0 in the order of `send()`.
    pub index: u32,
}

/// A batch: the n-th that its producer created. Written `shop/0`; a retry keeps the name, a split makes new ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId {
    /// Whose batch.
    pub producer: ProducerIx,
    /// Counted from 0 in the order of creation.
    pub number: u32,
}

/// Kafka's "no producer id".
pub const NO_PRODUCER_ID: i64 = -1;
/// Kafka's "no producer epoch".
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// Kafka's "no sequence".
pub const NO_SEQUENCE: i32 = -1;
/// Kafka's "no offset".
pub const NO_OFFSET: i64 = -1;

/// The records of a batch in order, kept as runs of consecutive indices: one producer writing to one partition needs one
/// run a batch however many records it holds, and so no list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordRuns {
    first: (u32, u32),
    others: Vec<(u32, u32)>,
    count: u32,
}

impl RecordRuns {
    /// Appends the record of this index.
    pub fn push(&mut self, index: u32) {
        let last = self.others.last_mut().unwrap_or(&mut self.first);
        if self.count == 0 {
            *last = (index, 1);
        } else if last.0 + last.1 == index {
            last.1 += 1;
        } else {
            self.others.push((index, 1));
        }
        self.count += 1;
    }

    /// How many records.
    pub fn len(&self) -> u32 {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The runs: first index and length.
    pub fn runs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (self.count > 0).then_some(self.first).into_iter().chain(self.others.iter().copied())
    }

    /// The indices, in the batch's order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.runs().flat_map(|(start, length)| start..start + length)
    }

    /// The index at this place of the batch.
    pub fn get(&self, place: u32) -> Option<u32> {
        let mut rest = place;
        for (start, length) in self.runs() {
            if rest < length {
                return Some(start + rest);
            }
            rest -= length;
        }
        None
    }
}

impl FromIterator<u32> for RecordRuns {
    fn from_iter<I: IntoIterator<Item = u32>>(indices: I) -> Self {
        let mut runs = RecordRuns::default();
        for index in indices {
            runs.push(index);
        }
        runs
    }
}

/// The codec of a batch (`compression.type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Codec {
    /// No compression.
    #[default]
    None,
    /// gzip.
    Gzip,
    /// snappy.
    Snappy,
    /// lz4.
    Lz4,
    /// zstd.
    Zstd,
}

/// What a record carries that somebody looks at later: kept only where a consumer decodes the topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordContent {
    /// The serialized key, if there is one.
    pub key: Option<Box<[u8]>>,
    /// The serialized value, if there is one.
    pub value: Option<Box<[u8]>>,
}

/// A record batch of format v2 as a producer drained it: immutable, shared by the request, every retry of it and every
/// log that stores it. `producer.md 3.3`, `broker.md P20`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordBatch {
    /// The batch's name.
    pub batch: BatchId,
    /// Where it goes.
    pub tp: TopicPartition,
    /// Its records, all of `batch.producer`.
    pub records: RecordRuns,
    /// Size in bytes with the header of 61, compressed if it is.
    pub bytes: u32,
    /// Size in bytes of its records without the header, uncompressed.
    pub records_bytes: u32,
    /// Its codec.
    pub codec: Codec,
    /// Producer id, or [`NO_PRODUCER_ID`].
    pub producer_id: i64,
    /// Producer epoch, or [`NO_PRODUCER_EPOCH`].
    pub producer_epoch: i16,
    /// Sequence of the first record, or [`NO_SEQUENCE`].
    pub base_sequence: i32,
    /// Client time of the first record, in ms.
    pub base_timestamp: i64,
    /// Largest client time among the records, in ms.
    pub max_timestamp: i64,
    /// Whether any record has no key (a compacted topic refuses it).
    pub has_null_key: bool,
    /// The records' bytes in order, where a consumer decodes this topic; else empty.
    pub contents: Vec<RecordContent>,
}

impl RecordBatch {
    /// The sequence of the last record, wrapping from 2147483647 to 0 (`producer.md 5.2`); [`NO_SEQUENCE`] without one.
    pub fn last_sequence(&self) -> i32 {
        if self.base_sequence == NO_SEQUENCE {
            NO_SEQUENCE
        } else {
            add_sequence(self.base_sequence, self.records.len().saturating_sub(1))
        }
    }
}

/// `sequence + n`, wrapping from 2147483647 to 0 as Kafka's sequences do.
pub fn add_sequence(sequence: i32, n: u32) -> i32 {
    ((i64::from(sequence) + i64::from(n)) % (i64::from(i32::MAX) + 1)) as i32
}

/// A batch as it stands in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBatch {
    /// Offset of its first record.
    pub base_offset: i64,
    /// Epoch of the leader that appended it.
    pub leader_epoch: i32,
    /// Time of the append at the leader in ms if the topic's timestamps are `LogAppendTime`, else -1.
    pub log_append_time: i64,
    /// The batch.
    pub batch: Arc<RecordBatch>,
}

impl StoredBatch {
    /// The offset behind its last record.
    pub fn next_offset(&self) -> i64 {
        self.base_offset + i64::from(self.batch.records.len())
    }

    /// The offset of its last record.
    pub fn last_offset(&self) -> i64 {
        self.next_offset() - 1
    }
}

/// The names behind the indices: one table a run, shared by all that print or hash.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// Producers, in the order of the file.
    pub producers: Vec<String>,
    /// Consumers, in the order of the file.
    pub consumers: Vec<String>,
    /// Topics: those of the cluster in the order of the file, then those that only a stream names.
    pub topics: Vec<String>,
    /// The scenario's name.
    pub scenario: String,
}

impl Names {
    /// A producer's id.
    pub fn producer(&self, producer: ProducerIx) -> &str {
        &self.producers[producer.0 as usize]
    }

    /// A consumer's id.
    pub fn consumer(&self, consumer: ConsumerIx) -> &str {
        &self.consumers[consumer.0 as usize]
    }

    /// A topic's name.
    pub fn topic(&self, topic: TopicIx) -> &str {
        &self.topics[topic.0 as usize]
    }

    /// `shop-0`.
    pub fn record(&self, record: RecordId) -> String {
        format!("{}-{}", self.producer(record.producer), record.index)
    }

    /// `shop/0`.
    pub fn batch(&self, batch: BatchId) -> String {
        format!("{}/{}", self.producer(batch.producer), batch.number)
    }

    /// `orders-0`.
    pub fn partition(&self, tp: TopicPartition) -> String {
        format!("{}-{}", self.topic(tp.topic), tp.partition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consecutive_records_are_one_run() {
        let runs: RecordRuns = [4, 5, 6, 9, 3].into_iter().collect();
        assert_eq!(runs.runs().collect::<Vec<_>>(), [(4, 3), (9, 1), (3, 1)]);
        assert_eq!(runs.iter().collect::<Vec<_>>(), [4, 5, 6, 9, 3]);
        assert_eq!((runs.get(2), runs.get(3), runs.get(5)), (Some(6), Some(9), None));
    }

    /// `producer.md 5.2`: sequences wrap from 2147483647 to 0.
    #[test]
    fn sequences_wrap_to_zero() {
        assert_eq!(add_sequence(i32::MAX, 1), 0);
        assert_eq!(add_sequence(i32::MAX - 1, 3), 1);
    }
}
