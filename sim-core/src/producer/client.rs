//! `KafkaProducer` and its sender's thread as one value.

use std::sync::Arc;

use super::api::{FlushId, Outgoing, Sending, ThreadIx, Turn};
use crate::chance::Chance;
use crate::config::ProducerConfig;
use crate::protocol::{Arrival, ClientAction, MetadataResponse};
use crate::record::{BrokerId, Names, ProducerIx};
use crate::time::Time;
use crate::trace::{Cx, Observer, Seq};

/// One producer: `send()`, `flush()`, `close()` and the sender's loop, without threads and without I/O.
#[derive(Clone, Debug)]
pub struct Producer {
    ix: ProducerIx,
    config: Arc<ProducerConfig>,
    actions: Vec<ClientAction>,
}

impl Producer {
    /// A producer that has just been constructed; nothing is known but the bootstrap brokers.
    pub fn new(
        ix: ProducerIx,
        config: Arc<ProducerConfig>,
        _bootstrap: &[BrokerId],
        _names: &Names,
        _chance: &mut dyn Chance,
    ) -> Producer {
        Producer { ix, config, actions: Vec::new() }
    }

    /// A full metadata answer was taken in just before `now`.
    pub fn warm_metadata(&mut self, _now: Time, _metadata: &MetadataResponse) {}

    /// A READY connection to every broker it knows.
    pub fn warm_connections(&mut self) {}

    /// A producer id that it was given before the run.
    pub fn warm_producer_id(&mut self, _producer_id: i64, _epoch: i16) {}

    /// `send()` on this application thread.
    pub fn send<O: Observer>(
        &mut self,
        _cx: &mut Cx<'_, O>,
        _thread: ThreadIx,
        _record: &Outgoing<'_>,
    ) -> Sending {
        Sending::Blocked
    }

    /// The blocked `send()` of this thread looks again.
    pub fn resume<O: Observer>(
        &mut self,
        _cx: &mut Cx<'_, O>,
        _thread: ThreadIx,
        _record: &Outgoing<'_>,
    ) -> Sending {
        Sending::Blocked
    }

    /// Whether something has changed for the blocked `send()` of this thread, or its time is over.
    pub fn may_resume(&self, _now: Time, _thread: ThreadIx) -> bool {
        false
    }

    /// When the blocked `send()` of this thread gives up.
    pub fn blocked_deadline(&self, _thread: ThreadIx) -> Option<Time> {
        None
    }

    /// `flush()`, without its wait.
    pub fn flush<O: Observer>(&mut self, _cx: &mut Cx<'_, O>) -> FlushId {
        FlushId(0)
    }

    /// Whether every batch that this flush waits for is complete. True once: the flush has returned then.
    pub fn flush_done(&mut self, _id: FlushId) -> bool {
        true
    }

    /// `close()` with time left: no more appends, everything becomes sendable.
    pub fn initiate_close<O: Observer>(&mut self, _cx: &mut Cx<'_, O>) {}

    /// `close(0)`, or a close whose time is over.
    pub fn force_close<O: Observer>(&mut self, _cx: &mut Cx<'_, O>) {}

    /// Whether the sender's thread has ended.
    pub fn is_closed(&self) -> bool {
        false
    }

    /// Something has come to the client's machine.
    pub fn arrive(&mut self, _node: BrokerId, _arrival: Arrival, _cause: Seq) {}

    /// Whether anything waits to be read.
    pub fn has_arrivals(&self) -> bool {
        false
    }

    /// Whether the sender has been woken since this was last asked.
    pub fn take_wakeup(&mut self) -> bool {
        false
    }

    /// The poll or sleep of the last turn ends now.
    pub fn poll_ends<O: Observer>(&mut self, _cx: &mut Cx<'_, O>) {}

    /// The next turn of the sender's thread.
    pub fn next<O: Observer>(&mut self, _cx: &mut Cx<'_, O>) -> Turn {
        Turn::Ended
    }

    /// What the selector does now that the poll begins, appended in order.
    pub fn take_actions(&mut self, into: &mut Vec<ClientAction>) {
        into.append(&mut self.actions);
    }
}
