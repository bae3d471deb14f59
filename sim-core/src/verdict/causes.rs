//! Which event of the trace made each finding: noted compactly while a run is observed.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::findings::{Finding, Findings, Kind, Place};
use super::ledger::{Ledger, Told};
use crate::protocol::{Few, Request};
use crate::record::{BatchId, Names, ProducerIx, RecordBatch, RecordId, TopicIx, TopicPartition};
use crate::time::Time;
use crate::trace::{Event, MessageBody, MessageEvent, Observer, Seq, Stamp};

/// An observer that keeps what the cause of a finding may be: an entry a batch, and one a failed record.
#[derive(Clone, Debug, Default)]
pub struct CauseIndex {
    /// Appends by partition and leader epoch: within one epoch a leader's log only grows.
    appends: BTreeMap<(TopicPartition, i32), Vec<(i64, Seq)>>,
    cuts: Vec<Truncation>,
    leader_changes: Vec<(TopicPartition, Time, Seq)>,
    /// The last failed callback or exception of each record that had one.
    failures: BTreeMap<RecordId, Seq>,
    /// Requests under acks=0 that are on their way or not yet worked on: nobody will tell the client what became of them.
    unanswered: Vec<(u64, Few<Arc<RecordBatch>>)>,
    /// Runs of records, by producer and first index, whose unanswered request was lost or refused; with their length.
    dropped: BTreeMap<(ProducerIx, u32), (u32, Seq)>,
}

#[derive(Clone, Copy, Debug)]
struct Truncation {
    tp: TopicPartition,
    /// Log end before and after.
    from: i64,
    to: i64,
    time: Time,
    seq: Seq,
}

impl CauseIndex {
    /// The event that made this finding, if it is known.
    pub fn of(&self, finding: &Finding, findings: &Findings, ledger: &Ledger) -> Option<Seq> {
        let places = findings.places(finding);
        match finding.kind {
            Kind::Duplicated => self.second_copy(places),
            Kind::Reordered => places.first().and_then(|place| self.append(place)),
            Kind::WrittenThoughFailed if finding.told == Told::Pending => self.written(finding, findings),
            Kind::WrittenThoughFailed | Kind::Gap => self.failures.get(&finding.record).copied(),
            Kind::Lost => self.loss(finding, ledger),
        }
    }

    /// The append of a finding's first copy.
    pub fn written(&self, finding: &Finding, findings: &Findings) -> Option<Seq> {
        findings.places(finding).first().and_then(|place| self.append(place))
    }

    fn append(&self, place: &Place) -> Option<Seq> {
        let appends = self.appends.get(&(place.tp, place.leader_epoch))?;
        let at = appends.partition_point(|(base_offset, _)| *base_offset <= place.offset);
        at.checked_sub(1).map(|at| appends[at].1)
    }

    /// The append of the copy that was one too many: the second to happen.
    fn second_copy(&self, places: &[Place]) -> Option<Seq> {
        let mut appends: Vec<Seq> = places.iter().filter_map(|place| self.append(place)).collect();
        appends.sort_unstable();
        appends.get(1).copied()
    }

    fn loss(&self, finding: &Finding, ledger: &Ledger) -> Option<Seq> {
        let line = ledger.line(finding.record)?;
        if let Some(seq) = self.dropped_request(finding.record) {
            return Some(seq);
        }
        let tp = finding.tp?;
        let told_at = line.sent + line.latency.unwrap_or_default();
        let took_it = |cut: &&Truncation| {
            cut.tp == tp && (line.offset < 0 || (cut.to <= line.offset && line.offset < cut.from))
        };
        let cut = self
            .cuts
            .iter()
            .filter(took_it)
            .find(|cut| cut.time >= told_at)
            .or_else(|| self.cuts.iter().rfind(took_it));
        let election = || {
            let later = self.leader_changes.iter().filter(|(at, time, _)| *at == tp && *time >= told_at);
            later.map(|(_, _, seq)| *seq).next()
        };
        cut.map(|cut| cut.seq).or_else(election)
    }

    fn dropped_request(&self, record: RecordId) -> Option<Seq> {
        let upto = ..=(record.producer, record.index);
        let (&(producer, start), &(length, seq)) = self.dropped.range(upto).next_back()?;
        (producer == record.producer && record.index - start < length).then_some(seq)
    }

    fn note_append(&mut self, tp: TopicPartition, leader_epoch: i32, base_offset: i64, seq: Seq) {
        self.appends.entry((tp, leader_epoch)).or_default().push((base_offset, seq));
    }

    fn drop_batch(&mut self, batch: &RecordBatch, seq: Seq) {
        for (start, length) in batch.records.runs() {
            self.dropped.insert((batch.batch.producer, start), (length, seq));
        }
    }

    /// A broker has worked on a batch: if its request was to stay unanswered, the batch, and whether it was the last one.
    fn take_unanswered(&mut self, batch: BatchId) -> Option<Arc<RecordBatch>> {
        let holds = |batches: &[Arc<RecordBatch>]| batches.iter().position(|held| held.batch == batch);
        let (at, place) = self
            .unanswered
            .iter()
            .enumerate()
            .find_map(|(at, (_, batches))| holds(batches).map(|place| (at, place)))?;
        let batches = &self.unanswered[at].1;
        let found = batches[place].clone();
        if place + 1 == batches.len() {
            self.unanswered.remove(at);
        }
        Some(found)
    }

    fn message(&mut self, message: &MessageEvent) {
        if let MessageBody::Request(Request::Produce(produce)) = &message.body
            && message.sent
            && produce.acks == 0
        {
            self.unanswered.push((message.message, produce.batches.clone()));
        }
    }
}

fn at(topic: TopicIx, partition: u32) -> TopicPartition {
    TopicPartition { topic, partition }
}

impl Observer for CauseIndex {
    fn event(&mut self, stamp: Stamp, event: &Event, _: &Names) {
        let Stamp { time, seq, .. } = stamp;
        match *event {
            Event::Append { topic, partition, leader_epoch, base_offset, batch, .. } => {
                self.note_append(at(topic, partition), leader_epoch, base_offset, seq);
                if !self.unanswered.is_empty() {
                    self.take_unanswered(batch);
                }
            }
            Event::AppendRefused { batch, .. } if !self.unanswered.is_empty() => {
                if let Some(batch) = self.take_unanswered(batch) {
                    self.drop_batch(&batch, seq);
                }
            }
            Event::Truncated { topic, partition, from, to, .. } => {
                self.cuts.push(Truncation { tp: at(topic, partition), from, to, time, seq });
            }
            Event::LeaderChanged { topic, partition, .. } => {
                self.leader_changes.push((at(topic, partition), time, seq));
            }
            Event::Failed { record, .. } | Event::Rejected { record, .. } => {
                self.failures.insert(record, seq);
            }
            Event::Message(ref message) => self.message(message),
            Event::MessageLost { message, .. } if !self.unanswered.is_empty() => {
                let lost = self.unanswered.iter().position(|(number, _)| *number == message);
                if let Some(lost) = lost {
                    let (_, batches) = self.unanswered.remove(lost);
                    for batch in &batches {
                        self.drop_batch(batch, seq);
                    }
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::BrokerId;

    const TP: TopicPartition = TopicPartition { topic: TopicIx(0), partition: 0 };

    fn see(index: &mut CauseIndex, seq: u64, event: &Event) {
        let stamp = Stamp { time: Time::from_millis(seq as i64), seq: Seq(seq), cause: Seq::OUTSIDE };
        index.event(stamp, event, &Names::default());
    }

    fn append(leader_epoch: i32, base_offset: i64, records: u32) -> Event {
        Event::Append {
            broker: BrokerId(0),
            topic: TP.topic,
            partition: TP.partition,
            leader_epoch,
            base_offset,
            records,
            bytes: 170,
            producer: ProducerIx(0),
            batch: BatchId::default(),
            producer_id: -1,
            producer_epoch: -1,
            base_sequence: -1,
            log_end_offset: base_offset + i64::from(records),
        }
    }

    fn place(leader_epoch: i32, offset: i64) -> Place {
        Place { tp: TP, offset, leader_epoch }
    }

    #[test]
    fn a_copy_was_made_by_the_append_of_its_batch() {
        let mut index = CauseIndex::default();
        see(&mut index, 1, &append(0, 0, 5));
        see(&mut index, 2, &append(0, 5, 3));
        assert_eq!(index.append(&place(0, 4)), Some(Seq(1)));
        assert_eq!(index.append(&place(0, 7)), Some(Seq(2)));
    }

    #[test]
    fn a_deposed_leader_that_goes_on_appending_is_told_apart_by_its_epoch() {
        let mut index = CauseIndex::default();
        see(&mut index, 1, &append(0, 0, 1));
        see(&mut index, 2, &append(1, 1, 1));
        see(&mut index, 3, &append(0, 1, 1));
        assert_eq!(index.append(&place(1, 1)), Some(Seq(2)));
    }

    #[test]
    fn of_copies_that_stand_the_other_way_round_the_later_append_counts() {
        let mut index = CauseIndex::default();
        see(&mut index, 4, &append(0, 7, 1));
        see(&mut index, 9, &append(0, 8, 1));
        assert_eq!(index.second_copy(&[place(0, 7), place(0, 8)]), Some(Seq(9)));
    }

    #[test]
    fn what_nobody_answers_is_lost_with_its_message() {
        let batch = RecordBatch { records: (3..6).collect(), ..RecordBatch::default() };
        let produce = crate::protocol::ProduceRequest {
            acks: 0,
            timeout_ms: 30_000,
            batches: [Arc::new(batch)].into(),
        };
        let sent = MessageEvent {
            sent: true,
            message: 12,
            request: None,
            ends: crate::trace::Ends::default(),
            body: MessageBody::Request(Request::Produce(Arc::new(produce))),
        };
        let mut index = CauseIndex::default();
        see(&mut index, 20, &Event::Message(sent));
        see(&mut index, 21, &Event::MessageLost { message: 12, by: "broker-down" });

        let of = |at| index.dropped_request(RecordId { producer: ProducerIx(0), index: at });
        assert_eq!((of(2), of(3), of(5), of(6)), (None, Some(Seq(21)), Some(Seq(21)), None));
    }
}
