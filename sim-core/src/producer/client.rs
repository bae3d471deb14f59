//! `KafkaProducer` and its sender's thread as one value.

use std::sync::Arc;

use super::api::{FlushId, ThreadIx};
use super::wait::Blocked;
use crate::accumulator::RecordAccumulator;
use crate::chance::{Chance, Stream};
use crate::config::{PartitionerClass, ProducerConfig};
use crate::partitioner::Partitioner;
use crate::protocol::{Arrival, ClientAction, MetadataResponse};
use crate::record::{BrokerId, Names, ProducerIx};
use crate::sender::{ClientStreams, Metadata, NetworkClient, Parts, Sender, TransactionManager, Turn};
use crate::time::Time;
use crate::trace::{Cx, Observer, Seq};

/// One producer: `send()`, `flush()`, `close()` and the sender's loop, without threads and without I/O.
#[derive(Clone, Debug)]
pub struct Producer {
    pub(super) ix: ProducerIx,
    pub(super) config: Arc<ProducerConfig>,
    pub(super) sender: Sender,
    /// A custom partitioner a topic; none: the built-in one, inside the append.
    pub(super) partitioners: Vec<Option<Partitioner>>,
    /// Threads that wait inside `send()`.
    pub(super) blocked: Vec<(ThreadIx, Blocked)>,
    /// Room for a serialized key and value.
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
}

impl Producer {
    /// A producer that has just been constructed; nothing is known but the bootstrap brokers. Its random choices are the
    /// streams `{id}/{topic}/sticky`, `{id}/retry-jitter`, `{id}/reconnect-jitter`, `{id}/metadata-jitter`,
    /// `{id}/setup-jitter`, `{id}/least-loaded`, `{id}/node-order` and `{id}/round-robin`.
    pub fn new(
        ix: ProducerIx,
        config: Arc<ProducerConfig>,
        bootstrap: &[BrokerId],
        names: &Names,
        chance: &mut dyn Chance,
    ) -> Producer {
        let id = names.producer(ix);
        let sticky: Vec<Stream> =
            names.topics.iter().map(|topic| chance.stream(format_args!("{id}/{topic}/sticky"))).collect();
        let mut stream = |name: &str| chance.stream(format_args!("{id}/{name}"));
        let (retry_jitter, metadata_jitter) = (stream("retry-jitter"), stream("metadata-jitter"));
        let (node_order, round_robin) = (stream("node-order"), stream("round-robin"));
        let streams = ClientStreams {
            reconnect_jitter: stream("reconnect-jitter"),
            setup_jitter: stream("setup-jitter"),
            least_loaded: stream("least-loaded"),
        };
        let built_in = config.partitioner == PartitionerClass::BuiltIn;
        let parts = Parts {
            accumulator: RecordAccumulator::new(
                ix,
                Arc::clone(&config),
                built_in.then_some(sticky.as_slice()),
                sticky.len(),
                retry_jitter,
            ),
            metadata: Metadata::new(ix, &config, bootstrap, metadata_jitter, node_order),
            client: NetworkClient::new(Arc::clone(&config), streams),
            transactions: config.enable_idempotence.then(|| TransactionManager::new(ix, config.release)),
        };
        let partitioner = |&sticky| Partitioner::new(config.partitioner, config.release, sticky, round_robin);
        Producer {
            ix,
            sender: Sender::new(Arc::clone(&config), parts),
            partitioners: sticky.iter().map(partitioner).collect(),
            blocked: Vec::new(),
            key: Vec::new(),
            value: Vec::new(),
            config,
        }
    }

    /// A full metadata answer was taken in at `now`, before the first pass of the sender.
    pub fn warm_metadata(&mut self, now: Time, metadata: &MetadataResponse) {
        self.sender.metadata.warm(now.millis(), metadata);
    }

    /// There is a usable connection to every broker that the producer knows.
    pub fn warm_connections(&mut self) {
        self.sender.warm_connections();
    }

    /// It was given this producer id before; without idempotence it has none.
    pub fn warm_producer_id(&mut self, producer_id: i64, epoch: i16) {
        if let Some(transactions) = &mut self.sender.transactions {
            transactions.warm(producer_id, epoch);
        }
    }

    /// How many batches it has created so far: the number of the next one.
    pub fn next_batch_number(&self) -> u32 {
        self.sender.accumulator.next_batch
    }

    /// Its batches are counted from this number on: the process was started again, and names are not used twice.
    pub fn number_batches_from(&mut self, number: u32) {
        self.sender.accumulator.next_batch = number;
    }

    /// `flush()` without its wait; `cause` is the `flush` event.
    pub fn flush(&mut self, cause: Seq) -> FlushId {
        let id = self.sender.accumulator.begin_flush(cause);
        self.sender.wake();
        FlushId(id)
    }

    /// `flush()` by a callback, on the sender's own thread; whether it returns. From 4.1 on it throws, and what a callback
    /// throws is only logged; before, the thread waits for the batch that the callback belongs to, and so for ever
    /// (`producer.md 1.3`).
    pub fn flush_in_callback(&mut self, cause: Seq) -> bool {
        let is_refused = self.config.release.at_least(4, 1);
        if !is_refused {
            self.flush(cause);
        }
        is_refused
    }

    /// Whether every batch that this flush waits for has its result; if so, the flush returns and is over.
    pub fn flush_done(&mut self, id: FlushId) -> bool {
        self.sender.accumulator.end_flush_if_done(id.0)
    }

    /// `close()` with time left: no more appends, and the sender sends what there is; `cause` is the `close` event.
    pub fn initiate_close(&mut self, cause: Seq) {
        self.sender.initiate_close(cause);
    }

    /// `close(0)`, or a close whose time is over: what has no result is given up.
    pub fn force_close(&mut self, cause: Seq) {
        self.sender.force_close(cause);
    }

    /// Whether the sender's thread has ended.
    pub fn is_closed(&self) -> bool {
        self.sender.has_ended()
    }

    /// Something has come to the client's machine on the connection to `node`; `cause` is the event of its delivery. A
    /// poll reads at most one arrival a connection.
    pub fn arrive(&mut self, node: BrokerId, arrival: Arrival, cause: Seq) {
        self.sender.arrive(node, arrival, cause);
    }

    /// Whether anything waits to be read: the poll ends at once.
    pub fn has_arrivals(&self) -> bool {
        self.sender.has_arrivals()
    }

    /// Whether the sender has been woken since this was last asked, or since its last poll ended: the poll ends at once.
    pub fn take_wakeup(&mut self) -> bool {
        self.sender.take_wakeup()
    }

    /// Whether [`Producer::take_wakeup`] would say yes.
    pub fn wakeup_pending(&self) -> bool {
        self.sender.is_wakeup_pending()
    }

    /// The poll of the last turn ends now; what that brings is dealt with in the turns that follow.
    pub fn poll_ends<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        self.sender.poll_ends(cx);
    }

    /// The next turn of the sender's thread. After [`Turn::Poll`] call [`Producer::poll_ends`] first, after
    /// [`Turn::Sleep`] wait until its time.
    pub fn next<O: Observer>(&mut self, cx: &mut Cx<'_, O>) -> Turn {
        self.sender.next(cx)
    }

    /// What the selector does when the poll begins, appended in order.
    pub fn take_actions(&mut self, into: &mut Vec<ClientAction>) {
        self.sender.take_actions(into);
    }

    /// Those of them that do not wait for the next poll: a connection is started and closed at once, also while a callback
    /// holds the thread up.
    pub fn take_connects_and_closes(&mut self, into: &mut Vec<ClientAction>) {
        self.sender.take_connects_and_closes(into);
    }
}
