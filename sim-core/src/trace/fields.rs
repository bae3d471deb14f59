//! The fields of an event, as whoever reads a trace walks over them: the JSON line, the hash, `on` and `[expect]`.

use std::sync::Arc;

use crate::protocol::{
    EpochEnd, EpochToLookUp, ErrorCode, Exception, FetchPartition, FetchResponse, FetchedPartition, Few,
    ListOffsetsResponse, ListedOffset, MetadataResponse, OffsetToList, OffsetsForLeaderEpochResponse,
    PartitionResult, ProduceResponse,
};
use crate::record::{BatchId, BrokerId, ConsumerIx, ProducerIx, RecordBatch, RecordId, TopicIx};

/// The value of a field.
#[derive(Clone, Copy)]
pub enum Value<'a> {
    /// A number; Kafka's -1 where there is none.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// One of a fixed set of words.
    Word(&'static str),
    /// Free text.
    Text(&'a str),
    /// A producer, printed by its id.
    Producer(ProducerIx),
    /// A consumer, printed by its id.
    Consumer(ConsumerIx),
    /// A topic, printed by its name.
    Topic(TopicIx),
    /// A record, printed `shop-0`.
    Record(RecordId),
    /// A batch, printed `shop/0`.
    Batch(BatchId),
    /// A list of broker ids.
    Brokers(&'a [BrokerId]),
    /// A list of things that have fields themselves.
    List(&'a dyn Items),
}

/// Things in a row, each with fields of its own.
pub trait Items {
    /// How many.
    fn count(&self) -> usize;
    /// Walks over the fields of one of them.
    fn visit(&self, at: usize, visitor: &mut dyn Visitor);
}

/// Who walks over fields.
pub trait Visitor {
    /// The next field. A field marked `?` in `trace-format.md` that is absent is announced to [`Visitor::absent`] instead.
    fn field(&mut self, name: &'static str, value: Value<'_>);

    /// A field that this event does not have.
    fn absent(&mut self, _name: &'static str) {}
}

/// What can be a field of an event.
pub(super) trait Field {
    fn visit<V: Visitor + ?Sized>(&self, name: &'static str, visitor: &mut V);
}

macro_rules! field {
    ($($type:ty: |$value:ident| $to:expr;)*) => {
        $(impl Field for $type {
            #[inline]
            fn visit<V: Visitor + ?Sized>(&self, name: &'static str, visitor: &mut V) {
                let $value = self;
                visitor.field(name, $to);
            }
        })*
    };
}

field! {
    i64: |v| Value::Int(*v);
    i32: |v| Value::Int(i64::from(*v));
    i16: |v| Value::Int(i64::from(*v));
    u32: |v| Value::Int(i64::from(*v));
    u64: |v| Value::Int(*v as i64);
    bool: |v| Value::Bool(*v);
    &'static str: |v| Value::Word(v);
    ErrorCode: |v| Value::Word(v.name());
    Exception: |v| Value::Word(v.name());
    Arc<str>: |v| Value::Text(v);
    ProducerIx: |v| Value::Producer(*v);
    ConsumerIx: |v| Value::Consumer(*v);
    TopicIx: |v| Value::Topic(*v);
    RecordId: |v| Value::Record(*v);
    BatchId: |v| Value::Batch(*v);
    BrokerId: |v| Value::Int(i64::from(v.0));
    Arc<[BrokerId]>: |v| Value::Brokers(v);
    Vec<BrokerId>: |v| Value::Brokers(v);
    Arc<[SplitPart]>: |v| Value::List(v);
    Few<Arc<RecordBatch>>: |v| Value::List(v);
}

/// Not there: the field is left out of the line.
impl<T: Field> Field for Option<T> {
    #[inline]
    fn visit<V: Visitor + ?Sized>(&self, name: &'static str, visitor: &mut V) {
        match self {
            Some(value) => value.visit(name, visitor),
            None => visitor.absent(name),
        }
    }
}

/// A leader, an offset ... that Kafka writes as -1 when there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrMinusOne<T>(pub Option<T>);

impl Field for OrMinusOne<BrokerId> {
    #[inline]
    fn visit<V: Visitor + ?Sized>(&self, name: &'static str, visitor: &mut V) {
        visitor.field(name, Value::Int(self.0.map_or(-1, |broker| i64::from(broker.0))));
    }
}

impl Field for OrMinusOne<u32> {
    #[inline]
    fn visit<V: Visitor + ?Sized>(&self, name: &'static str, visitor: &mut V) {
        visitor.field(name, Value::Int(self.0.map_or(-1, i64::from)));
    }
}

/// One piece of a split batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitPart {
    /// The new batch.
    pub batch: BatchId,
    /// How many records it took.
    pub records: u32,
}

/// A way to walk over a `Field` through a `dyn Visitor`.
fn put<T: Field>(visitor: &mut dyn Visitor, name: &'static str, value: T) {
    value.visit(name, visitor);
}

impl Items for Arc<[SplitPart]> {
    fn count(&self) -> usize {
        self.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        put(visitor, "batch", self[at].batch);
        put(visitor, "records", self[at].records);
    }
}

impl Items for Few<Arc<RecordBatch>> {
    fn count(&self) -> usize {
        self.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let batch = &self[at];
        put(visitor, "batch", batch.batch);
        put(visitor, "topic", batch.tp.topic);
        put(visitor, "partition", batch.tp.partition);
        put(visitor, "records", batch.records.len());
        put(visitor, "bytes", batch.bytes);
        put(visitor, "producer_id", batch.producer_id);
        put(visitor, "producer_epoch", batch.producer_epoch);
        put(visitor, "base_sequence", batch.base_sequence);
    }
}

impl Items for ProduceResponse {
    fn count(&self) -> usize {
        self.partitions.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let PartitionResult { tp, batch, error, base_offset, leader_hint, .. } = &self.partitions[at];
        put(visitor, "batch", *batch);
        put(visitor, "topic", tp.topic);
        put(visitor, "partition", tp.partition);
        put(visitor, "base_offset", *base_offset);
        put(visitor, "error", error.is_error().then_some(*error));
        put(visitor, "leader", leader_hint.map(|hint| hint.leader));
        put(visitor, "leader_epoch", leader_hint.map(|hint| hint.leader_epoch));
    }
}

impl Items for Few<FetchPartition> {
    fn count(&self) -> usize {
        self.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let partition = &self[at];
        put(visitor, "topic", partition.tp.topic);
        put(visitor, "partition", partition.tp.partition);
        put(visitor, "fetch_offset", partition.fetch_offset);
        put(visitor, "leader_epoch", partition.current_leader_epoch);
        put(visitor, "last_fetched_epoch", partition.last_fetched_epoch);
    }
}

impl Items for FetchResponse {
    fn count(&self) -> usize {
        self.partitions.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let FetchedPartition {
            tp, error, high_watermark, diverging, batches, preferred_read_replica, ..
        } = &self.partitions[at];
        put(visitor, "topic", tp.topic);
        put(visitor, "partition", tp.partition);
        put(visitor, "records", batches.iter().map(|stored| stored.batch.records.len()).sum::<u32>());
        put(visitor, "high_watermark", *high_watermark);
        put(visitor, "error", error.is_error().then_some(*error));
        put(visitor, "diverging_epoch", diverging.map(|(epoch, _)| epoch));
        put(visitor, "diverging_end_offset", diverging.map(|(_, end)| end));
        // Where no replica is named there is no such field, not even an absent one.
        if let Some(replica) = *preferred_read_replica {
            put(visitor, "preferred_read_replica", replica);
        }
    }
}

impl Items for Arc<[EpochToLookUp]> {
    fn count(&self) -> usize {
        self.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let EpochToLookUp { tp, current_leader_epoch, leader_epoch } = self[at];
        put(visitor, "topic", tp.topic);
        put(visitor, "partition", tp.partition);
        put(visitor, "current_leader_epoch", current_leader_epoch);
        put(visitor, "leader_epoch", leader_epoch);
    }
}

impl Items for OffsetsForLeaderEpochResponse {
    fn count(&self) -> usize {
        self.partitions.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let EpochEnd { tp, error, leader_epoch, end_offset } = self.partitions[at];
        put(visitor, "topic", tp.topic);
        put(visitor, "partition", tp.partition);
        put(visitor, "leader_epoch", leader_epoch);
        put(visitor, "end_offset", end_offset);
        put(visitor, "error", error.is_error().then_some(error));
    }
}

impl Items for Arc<[OffsetToList]> {
    fn count(&self) -> usize {
        self.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let OffsetToList { tp, current_leader_epoch, timestamp } = self[at];
        put(visitor, "topic", tp.topic);
        put(visitor, "partition", tp.partition);
        put(visitor, "leader_epoch", current_leader_epoch);
        put(visitor, "timestamp", timestamp);
    }
}

impl Items for ListOffsetsResponse {
    fn count(&self) -> usize {
        self.partitions.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let ListedOffset { tp, error, offset } = self.partitions[at];
        put(visitor, "topic", tp.topic);
        put(visitor, "partition", tp.partition);
        put(visitor, "offset", offset);
        put(visitor, "error", error.is_error().then_some(error));
    }
}

/// The topics of a metadata request.
pub(super) struct Topics<'a>(pub(super) &'a [TopicIx]);

impl Items for Topics<'_> {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        put(visitor, "topic", self.0[at]);
    }
}

impl Items for MetadataResponse {
    fn count(&self) -> usize {
        self.topics.iter().map(|topic| topic.partitions.len().max(1)).sum()
    }

    fn visit(&self, at: usize, visitor: &mut dyn Visitor) {
        let mut rest = at;
        for topic in &self.topics {
            let rows = topic.partitions.len().max(1);
            if rest >= rows {
                rest -= rows;
                continue;
            }
            put(visitor, "topic", topic.topic);
            match topic.partitions.get(rest) {
                Some(partition) => {
                    put(visitor, "partition", partition.partition);
                    put(visitor, "leader", OrMinusOne(partition.leader));
                    put(visitor, "leader_epoch", partition.leader_epoch);
                    put(visitor, "error", partition.error.is_error().then_some(partition.error));
                }
                // A topic that the broker does not know has no partitions to list.
                None => {
                    put(visitor, "partition", -1i32);
                    put(visitor, "leader", -1i32);
                    put(visitor, "leader_epoch", -1i32);
                    put(visitor, "error", topic.error.is_error().then_some(topic.error));
                }
            }
            return;
        }
    }
}
