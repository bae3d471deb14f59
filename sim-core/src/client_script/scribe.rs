//! Writes a transcript down as things happen, and puts it into the one order that transcripts have.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::transcript::{
    BatchEntry, CallbackLine, ConnectionLine, DoneLine, End, OtherLine, RequestLine, ThrownLine, Transcript,
};
use crate::protocol::{Exception, ProduceRequest};
use crate::record::{BrokerId, Names, RecordBatch, TopicIx};
use crate::time::Time;

#[derive(Clone, Debug)]
pub(super) struct Scribe {
    names: Arc<Names>,
    /// The script's ids, by the producer's own numbers of the records.
    ids: Vec<i64>,
    pending: BTreeSet<i64>,
    requests: Vec<RequestLine>,
    callbacks: Vec<(Place, CallbackLine)>,
    thrown: Vec<ThrownLine>,
    others: Vec<OtherLine>,
    connections: Vec<ConnectionLine>,
    done: Vec<DoneLine>,
    last: i64,
}

/// Callbacks of one instant are sorted by topic and partition, -1 first. Topics are numbered in the order of their names.
type Place = (TopicIx, i64);

impl Scribe {
    pub(super) fn new(names: Arc<Names>) -> Scribe {
        Scribe {
            names,
            ids: Vec::new(),
            pending: BTreeSet::new(),
            requests: Vec::new(),
            callbacks: Vec::new(),
            thrown: Vec::new(),
            others: Vec::new(),
            connections: Vec::new(),
            done: Vec::new(),
            last: 0,
        }
    }

    /// `send()` is called; the producer's number of the record.
    pub(super) fn sent(&mut self, id: i64) -> u32 {
        self.pending.insert(id);
        self.ids.push(id);
        (self.ids.len() - 1) as u32
    }

    /// The callback of a record: its offset, or the exception. A `send()` that threw after its append has one too.
    pub(super) fn callback(
        &mut self,
        now: Time,
        record: u32,
        (topic, partition): (TopicIx, Option<u32>),
        result: Result<i64, Exception>,
    ) {
        let id = self.id(record);
        self.pending.remove(&id);
        let partition = partition.map_or(-1, i64::from);
        let (offset, error) = match result {
            Ok(offset) => (Some(offset), None),
            Err(error) => (None, Some(error.name().to_owned())),
        };
        let line = CallbackLine { t: self.note(now), id, partition, offset, error };
        self.callbacks.push(((topic, partition), line));
    }

    /// An exception out of `send()`.
    pub(super) fn thrown(&mut self, now: Time, record: u32, error: Exception) {
        let id = self.id(record);
        self.pending.remove(&id);
        let line = ThrownLine { t: self.note(now), id, error: error.name().to_owned() };
        self.thrown.push(line);
    }

    pub(super) fn produce(&mut self, now: Time, node: BrokerId, nth: u32, request: &ProduceRequest) {
        let mut batches: Vec<&RecordBatch> = request.batches.iter().map(AsRef::as_ref).collect();
        batches.sort_by_key(|batch| batch.tp);
        let line = RequestLine {
            t: self.note(now),
            node: node.0,
            nth,
            acks: request.acks,
            timeout_ms: request.timeout_ms,
            batches: batches.into_iter().map(|batch| self.batch(batch)).collect(),
        };
        self.requests.push(line);
    }

    pub(super) fn other(&mut self, now: Time, api: &str, node: BrokerId, nth: u32) {
        let line = OtherLine { t: self.note(now), api: api.to_owned(), node: node.0, nth };
        self.others.push(line);
    }

    pub(super) fn connection(&mut self, now: Time, node: BrokerId, event: &str) {
        let line = ConnectionLine { t: self.note(now), node: node.0, event: event.to_owned() };
        self.connections.push(line);
    }

    pub(super) fn done(&mut self, now: Time, what: &str) {
        let line = DoneLine { t: self.note(now), what: what.to_owned() };
        self.done.push(line);
    }

    /// Everything, in order: by time, then requests by node and callbacks by topic and partition, then as it came.
    pub(super) fn finish(mut self, name: &str, kafka: String) -> Transcript {
        self.requests.sort_by_key(|line| (line.t, line.node));
        self.callbacks.sort_by_key(|(place, line)| (line.t, *place));
        Transcript {
            name: name.to_owned(),
            kafka,
            requests: self.requests,
            callbacks: self.callbacks.into_iter().map(|(_, line)| line).collect(),
            thrown: self.thrown,
            others: self.others,
            connections: self.connections,
            done: self.done,
            end: End { t: self.last, pending: self.pending.into_iter().collect() },
        }
    }

    fn note(&mut self, now: Time) -> i64 {
        self.last = now.millis();
        self.last
    }

    fn id(&self, record: u32) -> i64 {
        self.ids[record as usize]
    }

    fn batch(&self, batch: &RecordBatch) -> BatchEntry {
        BatchEntry {
            topic: self.names.topic(batch.tp.topic).to_owned(),
            partition: batch.tp.partition,
            ids: batch.records.iter().map(|record| self.id(record)).collect(),
            bytes: batch.bytes,
            base_sequence: batch.base_sequence,
            producer_id: batch.producer_id,
            producer_epoch: batch.producer_epoch,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callbacks_of_one_instant_are_in_the_order_of_partitions_and_then_as_they_came() {
        let mut scribe = Scribe::new(Arc::new(Names::default()));
        let (t, now) = (TopicIx(0), Time::from_millis(3));
        let records: Vec<u32> = (10..15).map(|id| scribe.sent(id)).collect();
        scribe.callback(now, records[0], (TopicIx(1), Some(0)), Ok(4));
        scribe.callback(now, records[1], (t, Some(2)), Ok(-1));
        scribe.callback(now, records[2], (t, Some(1)), Ok(7));
        scribe.callback(now, records[3], (t, Some(1)), Ok(6));
        scribe.callback(now, records[4], (t, None), Err(Exception::TimeoutException));
        let ids: Vec<i64> = scribe.finish("s", String::new()).callbacks.iter().map(|line| line.id).collect();
        assert_eq!(ids, [14, 12, 13, 11, 10]);
    }

    #[test]
    fn a_record_is_pending_until_its_callback_or_a_throw() {
        let mut scribe = Scribe::new(Arc::new(Names::default()));
        let records: Vec<u32> = [3, 2, 1].into_iter().map(|id| scribe.sent(id)).collect();
        scribe.thrown(Time::from_millis(4), records[1], Exception::IllegalStateException);
        let end = scribe.finish("s", String::new()).end;
        assert_eq!(end, End { t: 4, pending: vec![1, 3] });
    }
}
