//! `send()` step by step (`producer.md 1`).

use std::sync::Arc;

use super::api::{Outgoing, Sending, ThreadIx};
use super::client::Producer;
use super::wait::rejected;
use crate::accumulator::sizes::{body_rest, upper_bound};
use crate::accumulator::{Append, BatchIx, Destination, NewRecord, TopicCluster};
use crate::partitioner::partition_for_key;
use crate::protocol::{ErrorCode, Exception};
use crate::record::{RecordContent, RecordId, TopicIx};
use crate::sender::TransactionManager;
use crate::serializer::{Wanted, serialize};
use crate::trace::{Cx, Event, Observer, Seq};

/// A record that is ready to be appended.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) record: NewRecord,
    topic: TopicIx,
    /// The partition that was chosen before the append; none: the built-in partitioner chooses it there.
    partition: Option<u32>,
    /// Who chose it.
    by: &'static str,
    /// Whether a custom partitioner is to be asked again if the record needs a new batch.
    asks_again: bool,
    /// The partition that an append has looked at last.
    pub(super) chosen: Option<u32>,
    /// If it has waited for memory: how often the sticky partition had been left before.
    waited_at: Option<u64>,
    /// How much of `max.block.ms` is used up, in ms.
    pub(super) waited_ms: i64,
    /// What the next event of the record goes back to.
    pub(super) cause: Seq,
}

impl Producer {
    /// `send()` on this application thread.
    pub fn send<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        thread: ThreadIx,
        record: &Outgoing<'_>,
    ) -> Sending {
        if !self.sender.is_running() {
            return rejected(Exception::IllegalStateException, true, record.partition);
        }
        if self.sender.metadata.error(record.topic) == Some(ErrorCode::InvalidTopicException) {
            return rejected(Exception::InvalidTopicException, false, record.partition);
        }
        let now_ms = cx.now.millis();
        self.sender.metadata.add(record.topic, now_ms, record.cause);
        if self.knows(record) {
            self.send_with_metadata(cx, thread, record, 0, record.cause)
        } else {
            self.wait_on_metadata(cx, thread, record, now_ms, None)
        }
    }

    /// Whether the metadata has the topic, and the partition that the record names.
    #[inline]
    pub(super) fn knows(&self, record: &Outgoing<'_>) -> bool {
        let topic = self.sender.metadata.cluster().topic(record.topic);
        topic.is_some_and(|topic| record.partition.is_none_or(|partition| partition < topic.count()))
    }

    /// The steps behind the wait for metadata, which took `waited_ms`.
    pub(super) fn send_with_metadata<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        thread: ThreadIx,
        record: &Outgoing<'_>,
        waited_ms: i64,
        cause: Seq,
    ) -> Sending {
        let Some(cluster) = self.sender.metadata.cluster().topic(record.topic).cloned() else {
            return rejected(Exception::TimeoutException, false, record.partition);
        };
        let (key, value) = match self.serialize(record) {
            Ok(lengths) => lengths,
            Err(exception) => return rejected(exception, true, record.partition),
        };
        let producer = self.ix;
        let serialized = cx.emit(cause, || Event::Serialized {
            producer,
            record: record.id,
            key_bytes: key.map_or(-1, i64::from),
            value_bytes: value.map_or(-1, i64::from),
        });
        let (partition, by) = match self.partition(cx, record, key.is_some(), &cluster) {
            Ok(chosen) => chosen,
            Err(exception) => {
                return rejected(exception, !exception.is_api_exception(), record.partition);
            }
        };
        let body_rest = body_rest(key, value, record.headers);
        let bound = i64::from(upper_bound(body_rest));
        if bound > i64::from(self.config.max_request_size) || bound > self.config.buffer_memory {
            return rejected(Exception::RecordTooLargeException, false, record.partition);
        }
        let asks_again = self
            .custom_partitioner(record.topic)
            .is_some_and(|partitioner| partitioner.asks_again_on_new_batch());
        let prepared = Prepared {
            record: NewRecord {
                index: record.id.index,
                timestamp: cx.now.millis(),
                body_rest,
                null_key: key.is_none(),
                content: record.keep_content.then(|| RecordContent {
                    key: key.map(|_| self.key.as_slice().into()),
                    value: value.map(|_| self.value.as_slice().into()),
                }),
            },
            topic: record.topic,
            partition,
            by,
            asks_again,
            chosen: None,
            waited_at: None,
            waited_ms,
            cause: serialized,
        };
        self.append(cx, thread, &cluster, prepared, None)
    }

    /// Lengths of key and value; their bytes are left in the producer's own buffers where somebody looks at them.
    fn serialize(&mut self, record: &Outgoing<'_>) -> Result<(Option<u32>, Option<u32>), Exception> {
        let hashed = record.partition.is_none();
        let wanted = |bytes: bool| if bytes { Wanted::Bytes } else { Wanted::Length };
        let key = wanted(hashed || record.keep_content);
        let key = serialize(self.config.key_serializer, record.key, key, &mut self.key);
        let key = key.map_err(|error| error.exception())?;
        let value = wanted(record.keep_content);
        let value = serialize(self.config.value_serializer, record.value, value, &mut self.value);
        Ok((key, value.map_err(|error| error.exception())?))
    }

    fn custom_partitioner(&mut self, topic: TopicIx) -> Option<&mut crate::partitioner::Partitioner> {
        self.partitioners.get_mut(usize::from(topic.0))?.as_mut()
    }

    /// The partition as far as it is settled before the append, and by whom (`producer.md 2`).
    fn partition<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        record: &Outgoing<'_>,
        has_key: bool,
        cluster: &TopicCluster,
    ) -> Result<(Option<u32>, &'static str), Exception> {
        if record.partition.is_some() {
            return Ok((record.partition, "explicit"));
        }
        let Some(partitioner) =
            self.partitioners.get_mut(usize::from(record.topic.0)).and_then(Option::as_mut)
        else {
            return Ok(match has_key && !self.config.partitioner_ignore_keys {
                true => (Some(partition_for_key(&self.key, cluster.count())), "key"),
                false => (None, "sticky"),
            });
        };
        let key = has_key.then_some(self.key.as_slice());
        let chosen = partitioner.choose(cx.chance, cx.now, key, &cluster.available, cluster.count())?;
        Ok((Some(chosen), "partitioner.class"))
    }

    /// Appends a prepared record; `buffer` is memory that it has waited for.
    pub(super) fn append<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        thread: ThreadIx,
        cluster: &Arc<TopicCluster>,
        mut prepared: Prepared,
        mut buffer: Option<u32>,
    ) -> Sending {
        loop {
            let to = Destination {
                topic: prepared.topic,
                cluster,
                partition: prepared.partition,
                abort_on_new_batch: prepared.asks_again,
                waited_at: prepared.waited_at,
            };
            let accumulator = &mut self.sender.accumulator;
            let appended = accumulator.append(cx, to, &prepared.record, &mut buffer, &mut prepared.chosen);
            match appended {
                Append::Done { batch, wakes } => {
                    accumulator.give_back(buffer);
                    return self.appended(cx, &prepared, batch, wakes);
                }
                Append::NeedsNewBatch => {
                    prepared.asks_again = false;
                    if let Err(exception) = self.choose_again(cx, cluster, &mut prepared) {
                        return rejected(exception, !exception.is_api_exception(), prepared.chosen);
                    }
                }
                Append::Waits { waiter, size, waited_at } => {
                    prepared.waited_at = Some(waited_at);
                    return self.wait_for_memory(cx, thread, (waiter, size), prepared, Arc::clone(cluster));
                }
                Append::Failed(exception) => {
                    accumulator.give_back(buffer);
                    return rejected(exception, true, prepared.chosen);
                }
            }
        }
    }

    /// The record would open a batch: a custom partitioner is told, and asked once more (2.4 to 3.9).
    fn choose_again<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        cluster: &TopicCluster,
        prepared: &mut Prepared,
    ) -> Result<(), Exception> {
        if prepared.by != "partitioner.class" {
            return Ok(());
        }
        let key = (!prepared.record.null_key).then(|| std::mem::take(&mut self.key));
        let count = cluster.count();
        let Some(partitioner) = self.custom_partitioner(prepared.topic) else { return Ok(()) };
        let previous = prepared.chosen.unwrap_or(0);
        partitioner.on_new_batch(cx.chance, &cluster.available, count, previous);
        let chosen = partitioner.choose(cx.chance, cx.now, key.as_deref(), &cluster.available, count);
        self.key = key.unwrap_or_default();
        prepared.partition = Some(chosen?);
        Ok(())
    }

    /// The record is in a batch.
    #[inline]
    fn appended<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        prepared: &Prepared,
        batch: BatchIx,
        wakes: bool,
    ) -> Sending {
        let partition = prepared.chosen.unwrap_or(0);
        let (producer, topic) = (self.ix, prepared.topic);
        let record = RecordId { producer, index: prepared.record.index };
        let partitioned = cx.emit(prepared.cause, || Event::Partitioned {
            producer,
            record,
            topic,
            partition,
            by: prepared.by,
        });
        let accumulator = &mut self.sender.accumulator;
        let buffer_available = accumulator.pool.available();
        let batch = &mut accumulator.batches[batch];
        let (id, records, bytes) = (batch.id, batch.count(), batch.estimate());
        let accumulated = cx.emit(partitioned, || Event::Accumulated {
            producer,
            record,
            batch: id,
            topic,
            partition,
            records,
            bytes,
            buffer_available,
        });
        if records == 1 {
            batch.marks.created = accumulated;
        }
        batch.marks.appended = accumulated;
        let thrown = self.sender.transactions.as_ref().and_then(TransactionManager::send_error);
        if wakes && thrown.is_none() {
            self.sender.wake();
        }
        Sending::Appended { partition, thrown }
    }
}
