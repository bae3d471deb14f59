//! Histories written by hand, for tests.

use std::sync::Arc;

use super::{FinalLog, History, Ledger, PartitionTerms, ProducerTerms, Terms, Told, TopicTerms, Verdict};
use crate::protocol::Exception;
use crate::record::{
    BatchId, Names, ProducerIx, RecordBatch, RecordId, StoredBatch, TopicIx, TopicPartition,
};
use crate::time::{Span, Time};

pub(super) const ORDERS: TopicIx = TopicIx(0);
pub(super) const SHOP: ProducerIx = ProducerIx(0);
pub(super) const WEB: ProducerIx = ProducerIx(1);

pub(super) fn shop(index: u32) -> RecordId {
    RecordId { producer: SHOP, index }
}

pub(super) fn web(index: u32) -> RecordId {
    RecordId { producer: WEB, index }
}

pub(super) fn orders(partition: u32) -> TopicPartition {
    TopicPartition { topic: ORDERS, partition }
}

/// acks=all, no idempotence, five requests in flight.
pub(super) fn acks_all() -> ProducerTerms {
    ProducerTerms {
        acks: -1,
        idempotent: false,
        retries: i32::MAX,
        max_in_flight: 5,
        reuses_sequences: false,
        topics: vec![ORDERS],
    }
}

pub(super) fn acks(acks: i16) -> ProducerTerms {
    ProducerTerms { acks, ..acks_all() }
}

pub(super) fn idempotent() -> ProducerTerms {
    ProducerTerms { idempotent: true, ..acks_all() }
}

/// A run as somebody tells it: two producers, `shop` and `web`, one topic, `orders`. The n-th `send()` is at n ms.
pub(super) struct HandMade {
    pub(super) names: Names,
    pub(super) ledger: Ledger,
    pub(super) logs: Vec<FinalLog>,
    pub(super) terms: Terms,
    clock: Time,
}

impl HandMade {
    /// Both producers have these settings.
    pub(super) fn with(producer: ProducerTerms) -> HandMade {
        HandMade {
            names: Names {
                producers: vec!["shop".into(), "web".into()],
                topics: vec!["orders".into()],
                ..Names::default()
            },
            ledger: Ledger::new(2),
            logs: Vec::new(),
            terms: Terms {
                producers: vec![producer.clone(), producer],
                topics: vec![TopicTerms::default()],
                ..Terms::default()
            },
            clock: Time::ZERO,
        }
    }

    /// `shop` sends its next record to this partition, and is told this about it.
    pub(super) fn sends(mut self, partition: u32, told: Told) -> HandMade {
        let record = shop(self.ledger.sent_by(SHOP));
        self.send(record, partition, told);
        self
    }

    /// The same, so many times.
    pub(super) fn sends_each(mut self, count: u32, partition: u32, told: Told) -> HandMade {
        for _ in 0..count {
            self = self.sends(partition, told);
        }
        self
    }

    /// `web` does.
    pub(super) fn web_sends(mut self, partition: u32, told: Told) -> HandMade {
        let record = web(self.ledger.sent_by(WEB));
        self.send(record, partition, told);
        self
    }

    /// A record is sent again, and has a new outcome.
    pub(super) fn sends_again(mut self, record: RecordId, partition: u32, told: Told) -> HandMade {
        self.send(record, partition, told);
        self
    }

    /// The `send()` of this record took so many milliseconds.
    pub(super) fn blocked(mut self, record: RecordId, millis: i64) -> HandMade {
        self.ledger.returned(record, Span::from_millis(millis));
        self
    }

    fn send(&mut self, record: RecordId, partition: u32, told: Told) {
        let now = self.clock;
        self.clock += Span::from_millis(1);
        self.ledger.sent(record, ORDERS, now);
        let done = now + Span::from_millis(9);
        if told != Told::Rejected {
            self.ledger.appended(record, partition);
        }
        match told {
            Told::Pending => {}
            Told::Acknowledged => self.ledger.acknowledged(record, i64::from(record.index), done, 1),
            Told::Unconfirmed => self.ledger.unconfirmed(record, done, 1),
            Told::Failed => self.ledger.failed(record, Exception::TimeoutException, done, 3),
            Told::Rejected => {
                self.ledger.rejected(record, Some(partition), Exception::RecordTooLargeException, done);
            }
        }
    }

    /// The next partition's final log holds these records, each a batch of its own.
    pub(super) fn log(self, records: impl IntoIterator<Item = RecordId>) -> HandMade {
        self.log_of(records.into_iter().map(|record| (record, 0)))
    }

    /// The same, with the producer epoch of each batch.
    pub(super) fn log_of(mut self, records: impl IntoIterator<Item = (RecordId, i16)>) -> HandMade {
        let tp = orders(self.logs.len() as u32);
        let batches: Vec<StoredBatch> = records
            .into_iter()
            .zip(0..)
            .map(|((record, producer_epoch), base_offset)| StoredBatch {
                base_offset,
                leader_epoch: 0,
                log_append_time: -1,
                batch: Arc::new(RecordBatch {
                    batch: BatchId { producer: record.producer, number: 0 },
                    tp,
                    records: [record.index].into_iter().collect(),
                    producer_id: i64::from(record.producer.0),
                    producer_epoch,
                    ..RecordBatch::default()
                }),
            })
            .collect();
        let log_end_offset = batches.len() as i64;
        self.logs.push(FinalLog {
            tp,
            high_watermark: log_end_offset,
            log_end_offset,
            batches,
            ..FinalLog::default()
        });
        self
    }

    /// This happened to partition 0.
    pub(super) fn suffered(mut self, terms: PartitionTerms) -> HandMade {
        self.terms.partitions.push((orders(0), terms));
        self
    }

    pub(super) fn history(&self) -> History<'_> {
        History { names: &self.names, ledger: &self.ledger, logs: &self.logs, terms: &self.terms }
    }

    pub(super) fn verdict(&self) -> Verdict {
        Verdict::of(&self.history())
    }
}
