//! Every kind of event, declared once with its fields in the order of `trace-format.md`.

use std::sync::Arc;

use super::fields::{Field, OrMinusOne, SplitPart, Topics, Value, Visitor};
use crate::protocol::{ErrorCode, Exception, MetadataUpdate, Request, Response};
use crate::record::{BatchId, BrokerId, ConsumerIx, ProducerIx, RecordId, TopicIx};

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $name:literal { $($field:ident: $type:ty,)* })*) => {
        /// Something that happened. What a field means stands in `trace-format.md`, under the event's name.
        #[derive(Clone, Debug, PartialEq)]
        #[allow(missing_docs, reason = "fields are those of trace-format.md")]
        pub enum Event {
            $($(#[$doc])* $variant { $($field: $type,)* },)*
            /// A message was written to a connection, or has come to the other machine.
            Message(MessageEvent),
        }

        impl Event {
            /// Its kind.
            pub fn kind(&self) -> EventKind {
                match self {
                    $(Event::$variant { .. } => EventKind::$variant,)*
                    Event::Message(message) => message.kind(),
                }
            }

            /// Walks over its own fields in their order.
            #[inline]
            pub fn visit<V: Visitor>(&self, visitor: &mut V) {
                match self {
                    $(Event::$variant { $($field,)* } => { $($field.visit(plain(stringify!($field)), visitor);)* })*
                    Event::Message(message) => message.visit(visitor),
                }
            }
        }

        impl EventKind {
            /// The names of an event's own fields as they are declared; a message's are [`super::schema`]'s.
            pub(super) const fn declared_fields(self) -> &'static [&'static str] {
                match self {
                    $(EventKind::$variant => &[$(stringify!($field),)*],)*
                    _ => &[],
                }
            }
        }

        kinds! { $($variant = $name,)* }
    };
}

macro_rules! kinds {
    ($($variant:ident = $name:literal,)*) => {
        kinds_with_messages! {
            $($variant = $name,)*
            | ProduceRequest = "produce-request", ProduceRequestSent = "produce-request-sent",
            ProduceResponse = "produce-response", ProduceResponseSent = "produce-response-sent",
            FetchRequest = "fetch-request", FetchRequestSent = "fetch-request-sent",
            FetchResponse = "fetch-response", FetchResponseSent = "fetch-response-sent",
            MetadataRequest = "metadata-request", MetadataRequestSent = "metadata-request-sent",
            MetadataResponse = "metadata-response", MetadataResponseSent = "metadata-response-sent",
            InitProducerIdRequest = "init-producer-id-request", InitProducerIdRequestSent = "init-producer-id-request-sent",
            InitProducerIdResponse = "init-producer-id-response", InitProducerIdResponseSent = "init-producer-id-response-sent",
            AlterPartitionRequest = "alter-partition-request", AlterPartitionRequestSent = "alter-partition-request-sent",
            AlterPartitionResponse = "alter-partition-response", AlterPartitionResponseSent = "alter-partition-response-sent",
            HeartbeatRequest = "heartbeat-request", HeartbeatRequestSent = "heartbeat-request-sent",
            HeartbeatResponse = "heartbeat-response", HeartbeatResponseSent = "heartbeat-response-sent",
            MetadataUpdate = "metadata-update", MetadataUpdateSent = "metadata-update-sent",
            OffsetForLeaderEpochRequest = "offset-for-leader-epoch-request", OffsetForLeaderEpochRequestSent = "offset-for-leader-epoch-request-sent",
            OffsetForLeaderEpochResponse = "offset-for-leader-epoch-response", OffsetForLeaderEpochResponseSent = "offset-for-leader-epoch-response-sent",
            ListOffsetsRequest = "list-offsets-request", ListOffsetsRequestSent = "list-offsets-request-sent",
            ListOffsetsResponse = "list-offsets-response", ListOffsetsResponseSent = "list-offsets-response-sent",
        }
    };
}

macro_rules! kinds_with_messages {
    ($($variant:ident = $name:literal,)* | $($message:ident = $message_name:literal,)*) => {
        /// The kinds of events.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        #[allow(missing_docs, reason = "kinds are those of trace-format.md")]
        pub enum EventKind {
            $($variant,)*
            $($message,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$variant,)* $(EventKind::$message,)*];

            /// Its name in a trace line and in `on.event`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(EventKind::$variant => $name,)*
                    $(EventKind::$message => $message_name,)*
                }
            }

            /// Whether it is a message's: a fault on it acts before it, or instead of it.
            pub const fn is_message(self) -> bool {
                match self {
                    $(EventKind::$variant => false,)*
                    $(EventKind::$message => true,)*
                }
            }
        }
    };
}

events! {
    /// First line.
    RunStarted = "run-started" { scenario: Arc<str>, seed: u64, profile: Arc<str>, }
    /// Last line; `by` is `settled` or `stop`.
    RunEnded = "run-ended" { by: &'static str, }
    /// The application calls `send()`.
    Send = "send" { producer: ProducerIx, record: RecordId, topic: TopicIx, key: Option<Arc<str>>, attempt: u32, }
    /// That `send()` has to wait.
    SendBlocked = "send-blocked" { producer: ProducerIx, record: RecordId, on: &'static str, }
    /// Key and value are bytes now.
    Serialized = "serialized" { producer: ProducerIx, record: RecordId, key_bytes: i64, value_bytes: i64, }
    /// A partition is settled.
    Partitioned = "partitioned" { producer: ProducerIx, record: RecordId, topic: TopicIx, partition: u32, by: &'static str, }
    /// Appended to a batch.
    Accumulated = "accumulated" {
        producer: ProducerIx, record: RecordId, batch: BatchId, topic: TopicIx, partition: u32, records: u32,
        bytes: u32, buffer_available: i64,
    }
    /// The head of its queue may be sent from now on.
    BatchReady = "batch-ready" { producer: ProducerIx, batch: BatchId, topic: TopicIx, partition: u32, by: &'static str, }
    /// Closed and taken for a request.
    BatchDrained = "batch-drained" {
        producer: ProducerIx, batch: BatchId, topic: TopicIx, partition: u32, records: u32, bytes: u32,
        producer_id: i64, producer_epoch: i16, base_sequence: i32, attempt: u32,
    }
    /// Too large for the broker; records keep their order.
    BatchSplit = "batch-split" { producer: ProducerIx, batch: BatchId, topic: TopicIx, partition: u32, into: Arc<[SplitPart]>, }
    /// `delivery.timeout.ms` is over; `in` is `queue` or `flight`.
    BatchExpired = "batch-expired" { producer: ProducerIx, batch: BatchId, topic: TopicIx, partition: u32, records: u32, r#in: &'static str, }
    /// Put back into its queue.
    Retry = "retry" {
        producer: ProducerIx, batch: BatchId, topic: TopicIx, partition: u32, error: ErrorCode, attempt: u32,
        backoff: u64, behind: u32,
    }
    /// Callback without exception.
    Acknowledged = "acknowledged" { producer: ProducerIx, record: RecordId, batch: BatchId, topic: TopicIx, partition: u32, offset: i64, }
    /// The same under acks=0.
    Unconfirmed = "unconfirmed" { producer: ProducerIx, record: RecordId, batch: BatchId, topic: TopicIx, partition: u32, offset: i64, }
    /// Callback with an exception, after the append to a batch.
    Failed = "failed" { producer: ProducerIx, record: RecordId, batch: BatchId, topic: TopicIx, partition: u32, error: Exception, }
    /// Failed before any batch.
    Rejected = "rejected" { producer: ProducerIx, record: RecordId, topic: TopicIx, partition: OrMinusOne<u32>, error: Exception, thrown: bool, }
    /// `flush()`; `state` is `called` or `returned`.
    Flush = "flush" { producer: ProducerIx, state: &'static str, }
    /// `close()`; `state` is `called` or `returned`.
    Close = "close" { producer: ProducerIx, state: &'static str, }
    /// The client takes a producer id into use.
    ProducerId = "producer-id" { producer: ProducerIx, producer_id: i64, producer_epoch: i16, }
    /// By itself, for this partition.
    EpochBumped = "epoch-bumped" { producer: ProducerIx, producer_id: i64, producer_epoch: i16, topic: TopicIx, partition: u32, next_sequence: i32, }
    /// A batch that had been sent has expired.
    SequenceUnresolved = "sequence-unresolved" { producer: ProducerIx, topic: TopicIx, partition: u32, next_sequence: i32, }
    /// A client's view of a leader changes.
    LeaderLearned = "leader-learned" {
        producer: Option<ProducerIx>, consumer: Option<ConsumerIx>, topic: TopicIx, partition: u32,
        leader: OrMinusOne<BrokerId>, leader_epoch: i32,
    }
    /// Instead of a message's delivery; `by` is `fault`, `cut`, `connection-closed` or `broker-down`.
    MessageLost = "message-lost" { message: u64, by: &'static str, }
    /// A connection can be used.
    ConnectionOpened = "connection-opened" { ends: Ends, }
    /// A connection was not made.
    ConnectionRefused = "connection-refused" { ends: Ends, }
    /// A connection is no more; `by` is `reset`, `request-timeout`, `broker` or `client`.
    ConnectionClosed = "connection-closed" { ends: Ends, by: &'static str, }
    /// The leader appended.
    Append = "append" {
        broker: BrokerId, topic: TopicIx, partition: u32, leader_epoch: i32, base_offset: i64, records: u32, bytes: u32,
        producer: ProducerIx, batch: BatchId, producer_id: i64, producer_epoch: i16, base_sequence: i32, log_end_offset: i64,
    }
    /// Recognised by its sequence; `base_offset` is the original's.
    AppendDuplicate = "append-duplicate" {
        broker: BrokerId, topic: TopicIx, partition: u32, leader_epoch: i32, base_offset: i64, records: u32, bytes: u32,
        producer: ProducerIx, batch: BatchId, producer_id: i64, producer_epoch: i16, base_sequence: i32, log_end_offset: i64,
    }
    /// Nothing appended, by the broker's own rules or by a fault.
    AppendRefused = "append-refused" { broker: BrokerId, topic: TopicIx, partition: u32, producer: ProducerIx, batch: BatchId, error: ErrorCode, }
    /// A follower appended.
    Replicated = "replicated" { broker: BrokerId, leader: BrokerId, topic: TopicIx, partition: u32, base_offset: i64, records: u32, log_end_offset: i64, }
    /// The leader's or a follower's own high watermark.
    HwAdvanced = "hw-advanced" { broker: BrokerId, topic: TopicIx, partition: u32, high_watermark: i64, log_end_offset: i64, }
    /// Log end before and after.
    Truncated = "truncated" { broker: BrokerId, topic: TopicIx, partition: u32, from: i64, to: i64, }
    /// Page cache to disk, up to this offset.
    LogFlushed = "log-flushed" { broker: BrokerId, topic: TopicIx, partition: u32, to: i64, }
    /// The broker forgot a producer.
    ProducerStateExpired = "producer-state-expired" { broker: BrokerId, topic: TopicIx, partition: u32, producer_id: i64, }
    /// A broker acts on the controller's decision, as leader or follower.
    RoleChanged = "role-changed" { broker: BrokerId, topic: TopicIx, partition: u32, leader: OrMinusOne<BrokerId>, leader_epoch: i32, log_end_offset: i64, }
    /// The controller has decided.
    LeaderChanged = "leader-changed" {
        topic: TopicIx, partition: u32, leader: OrMinusOne<BrokerId>, leader_epoch: i32, partition_epoch: i32,
        isr: Arc<[BrokerId]>, elr: Arc<[BrokerId]>, unclean: bool, by: &'static str,
    }
    /// The ISR lost a member.
    IsrShrunk = "isr-shrunk" { topic: TopicIx, partition: u32, leader: OrMinusOne<BrokerId>, leader_epoch: i32, partition_epoch: i32, isr: Arc<[BrokerId]>, elr: Arc<[BrokerId]>, }
    /// The ISR won a member.
    IsrExpanded = "isr-expanded" { topic: TopicIx, partition: u32, leader: OrMinusOne<BrokerId>, leader_epoch: i32, partition_epoch: i32, isr: Arc<[BrokerId]>, elr: Arc<[BrokerId]>, }
    /// Neither leader nor ISR changed, the ELR did.
    ElrChanged = "elr-changed" { topic: TopicIx, partition: u32, leader: OrMinusOne<BrokerId>, leader_epoch: i32, partition_epoch: i32, isr: Arc<[BrokerId]>, elr: Arc<[BrokerId]>, }
    /// The process ended or stands still; `by` is `crash`, `power`, `shutdown` or `pause`.
    BrokerStopped = "broker-stopped" { broker: BrokerId, by: &'static str, }
    /// The process runs; `by` is `start` or `resume`.
    BrokerStarted = "broker-started" { broker: BrokerId, by: &'static str, }
    /// The controller registered it.
    BrokerRegistered = "broker-registered" { broker: BrokerId, broker_epoch: i64, clean: bool, }
    /// The controller fenced it.
    BrokerFenced = "broker-fenced" { broker: BrokerId, broker_epoch: i64, }
    /// The controller unfenced it.
    BrokerUnfenced = "broker-unfenced" { broker: BrokerId, broker_epoch: i64, }
    /// A fault began or is over.
    Fault = "fault" { fault: i32, r#do: &'static str, state: &'static str, }
    /// The application has the record.
    Consumed = "consumed" { consumer: ConsumerIx, broker: BrokerId, topic: TopicIx, partition: u32, offset: i64, record: RecordId, }
}

/// A field's name as a trace has it, where Rust needs `r#`.
#[inline]
fn plain(name: &'static str) -> &'static str {
    name.strip_prefix("r#").unwrap_or(name)
}

/// Who stands at the two ends of a connection or a message, as a trace names them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends {
    /// The producer, if it is a producer's.
    pub producer: Option<ProducerIx>,
    /// The consumer, if it is a consumer's.
    pub consumer: Option<ConsumerIx>,
    /// The follower, if a follower asks.
    pub follower: Option<BrokerId>,
    /// The broker: the one that is asked, or the one that asks the controller.
    pub broker: BrokerId,
}

impl Field for Ends {
    #[inline]
    fn visit<V: Visitor + ?Sized>(&self, _: &'static str, visitor: &mut V) {
        self.producer.visit("producer", visitor);
        self.consumer.visit("consumer", visitor);
        self.follower.visit("follower", visitor);
        self.broker.visit("broker", visitor);
    }
}

/// A message at one of its two instants.
#[derive(Clone, Debug, PartialEq)]
pub struct MessageEvent {
    /// Whether this is the writing (`...-sent`) or the delivery.
    pub sent: bool,
    /// Its number in the run.
    pub message: u64,
    /// The number of the request that it answers.
    pub request: Option<u64>,
    /// Between whom.
    pub ends: Ends,
    /// What it says.
    pub body: MessageBody,
}

/// What a message says.
#[derive(Clone, Debug, PartialEq)]
pub enum MessageBody {
    /// A request.
    Request(Request),
    /// An answer.
    Response(Response),
    /// The controller's decision on its way to a broker.
    Update(Arc<MetadataUpdate>),
}

impl MessageEvent {
    /// Its kind.
    pub fn kind(&self) -> EventKind {
        self.body.kind(self.sent)
    }

    fn visit<V: Visitor>(&self, visitor: &mut V) {
        self.message.visit("message", visitor);
        self.request.visit("request", visitor);
        self.ends.visit("ends", visitor);
        match &self.body {
            MessageBody::Request(request) => visit_request(request, visitor),
            MessageBody::Response(response) => visit_response(response, visitor),
            MessageBody::Update(update) => visit_update(update, visitor),
        }
    }
}

impl MessageBody {
    /// The kind of its event, when it is written or when it is delivered.
    pub fn kind(&self, sent: bool) -> EventKind {
        let (written, delivered) = match self {
            MessageBody::Request(Request::Produce(_)) => {
                (EventKind::ProduceRequestSent, EventKind::ProduceRequest)
            }
            MessageBody::Request(Request::Fetch(_)) => (EventKind::FetchRequestSent, EventKind::FetchRequest),
            MessageBody::Request(Request::Metadata(_)) => {
                (EventKind::MetadataRequestSent, EventKind::MetadataRequest)
            }
            MessageBody::Request(Request::OffsetsForLeaderEpoch(_)) => {
                (EventKind::OffsetForLeaderEpochRequestSent, EventKind::OffsetForLeaderEpochRequest)
            }
            MessageBody::Request(Request::ListOffsets(_)) => {
                (EventKind::ListOffsetsRequestSent, EventKind::ListOffsetsRequest)
            }
            MessageBody::Request(Request::InitProducerId) => {
                (EventKind::InitProducerIdRequestSent, EventKind::InitProducerIdRequest)
            }
            MessageBody::Request(Request::AlterPartition(_)) => {
                (EventKind::AlterPartitionRequestSent, EventKind::AlterPartitionRequest)
            }
            MessageBody::Request(Request::Heartbeat(_)) => {
                (EventKind::HeartbeatRequestSent, EventKind::HeartbeatRequest)
            }
            MessageBody::Response(Response::Produce(_)) => {
                (EventKind::ProduceResponseSent, EventKind::ProduceResponse)
            }
            MessageBody::Response(Response::Fetch(_)) => {
                (EventKind::FetchResponseSent, EventKind::FetchResponse)
            }
            MessageBody::Response(Response::Metadata(_)) => {
                (EventKind::MetadataResponseSent, EventKind::MetadataResponse)
            }
            MessageBody::Response(Response::OffsetsForLeaderEpoch(_)) => {
                (EventKind::OffsetForLeaderEpochResponseSent, EventKind::OffsetForLeaderEpochResponse)
            }
            MessageBody::Response(Response::ListOffsets(_)) => {
                (EventKind::ListOffsetsResponseSent, EventKind::ListOffsetsResponse)
            }
            MessageBody::Response(Response::InitProducerId(_)) => {
                (EventKind::InitProducerIdResponseSent, EventKind::InitProducerIdResponse)
            }
            MessageBody::Response(Response::AlterPartition(_)) => {
                (EventKind::AlterPartitionResponseSent, EventKind::AlterPartitionResponse)
            }
            MessageBody::Response(Response::Heartbeat(_)) => {
                (EventKind::HeartbeatResponseSent, EventKind::HeartbeatResponse)
            }
            MessageBody::Update(_) => (EventKind::MetadataUpdateSent, EventKind::MetadataUpdate),
        };
        if sent { written } else { delivered }
    }
}

fn visit_request<V: Visitor>(request: &Request, visitor: &mut V) {
    match request {
        Request::Produce(produce) => {
            produce.acks.visit("acks", visitor);
            produce.timeout_ms.visit("timeout_ms", visitor);
            produce.batches.visit("batches", visitor);
        }
        Request::Fetch(fetch) => visitor.field("partitions", Value::List(&fetch.partitions)),
        Request::Metadata(metadata) => visitor.field("topics", Value::List(&Topics(&metadata.topics))),
        Request::OffsetsForLeaderEpoch(epochs) => {
            visitor.field("partitions", Value::List(&epochs.partitions));
        }
        Request::ListOffsets(offsets) => visitor.field("partitions", Value::List(&offsets.partitions)),
        Request::AlterPartition(alter) => {
            let isr: Vec<BrokerId> = alter.isr.iter().map(|&(broker, _)| broker).collect();
            alter.tp.topic.visit("topic", visitor);
            alter.tp.partition.visit("partition", visitor);
            alter.leader_epoch.visit("leader_epoch", visitor);
            alter.partition_epoch.visit("partition_epoch", visitor);
            isr.visit("isr", visitor);
        }
        Request::InitProducerId | Request::Heartbeat(_) => {}
    }
}

fn visit_response<V: Visitor>(response: &Response, visitor: &mut V) {
    match response {
        Response::Produce(produce) => {
            visitor.field("batches", Value::List(produce.as_ref()));
            produce.throttle_ms.visit("throttle_ms", visitor);
        }
        Response::Fetch(fetch) => visitor.field("partitions", Value::List(fetch.as_ref())),
        Response::Metadata(metadata) => visitor.field("partitions", Value::List(metadata.as_ref())),
        Response::OffsetsForLeaderEpoch(epochs) => {
            visitor.field("partitions", Value::List(epochs.as_ref()));
        }
        Response::ListOffsets(offsets) => visitor.field("partitions", Value::List(offsets.as_ref())),
        Response::InitProducerId(init) => {
            init.producer_id.visit("producer_id", visitor);
            init.producer_epoch.visit("producer_epoch", visitor);
            init.error.is_error().then_some(init.error).visit("error", visitor);
        }
        Response::AlterPartition(alter) => {
            alter.tp.topic.visit("topic", visitor);
            alter.tp.partition.visit("partition", visitor);
            alter.leader_epoch.visit("leader_epoch", visitor);
            alter.partition_epoch.visit("partition_epoch", visitor);
            alter.isr.visit("isr", visitor);
            alter.error.is_error().then_some(alter.error).visit("error", visitor);
        }
        Response::Heartbeat(heartbeat) => heartbeat.fenced.visit("fenced", visitor),
    }
}

fn visit_update<V: Visitor>(update: &MetadataUpdate, visitor: &mut V) {
    if let MetadataUpdate::Partition { tp, leader, leader_epoch, partition_epoch, isr, .. } = update {
        tp.topic.visit("topic", visitor);
        tp.partition.visit("partition", visitor);
        OrMinusOne(*leader).visit("leader", visitor);
        leader_epoch.visit("leader_epoch", visitor);
        partition_epoch.visit("partition_epoch", visitor);
        isr.visit("isr", visitor);
    }
}

impl EventKind {
    /// The kind of this name.
    pub fn by_name(name: &str) -> Option<EventKind> {
        EventKind::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}
