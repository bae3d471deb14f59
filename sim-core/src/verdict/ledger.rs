//! The ledger: what the application was told about each record (exactly one outcome a record).
//!
//! A dense list of 32 bytes a record for each producer; what is rare (a `send()` that waited, a batch written more than
//! once, a record sent again) stands in sparse tables beside it.

use std::ops::{Index, IndexMut};

use super::sparse::Sparse;
use crate::protocol::Exception;
use crate::record::{NO_OFFSET, ProducerIx, RecordId, TopicIx, TopicPartition};
use crate::time::{Span, Time};

/// What the application was told about a record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Told {
    /// Nothing: the process died or the run ended before.
    #[default]
    Pending,
    /// Callback without an exception: an offset was given.
    Acknowledged,
    /// acks=0: completed as soon as it was written to the socket, offset -1.
    Unconfirmed,
    /// Callback with an exception.
    Failed,
    /// `send()` threw, or it failed before the record was in a batch.
    Rejected,
}

impl Told {
    /// The word of the JSON result.
    pub const fn name(self) -> &'static str {
        match self {
            Told::Pending => "pending",
            Told::Acknowledged => "acknowledged",
            Told::Unconfirmed => "unconfirmed",
            Told::Failed => "failed",
            Told::Rejected => "rejected",
        }
    }
}

const NO_PARTITION: u32 = u32::MAX;

#[derive(Clone, Copy, Debug)]
struct Entry {
    sent: Time,
    told_at: Time,
    offset: i64,
    partition: u32,
    topic: TopicIx,
    told: Told,
    exception: Option<Exception>,
}

/// What the ledger says about one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which record.
    pub record: RecordId,
    /// Where it was sent to.
    pub topic: TopicIx,
    /// Its partition, if one was chosen.
    pub partition: Option<u32>,
    /// What the application was told.
    pub told: Told,
    /// The offset that it was told, [`NO_OFFSET`] unless acknowledged.
    pub offset: i64,
    /// The exception of a failed or rejected record.
    pub exception: Option<Exception>,
    /// The (last) call of `send()`.
    pub sent: Time,
    /// From there to the callback or the exception; none while pending.
    pub latency: Option<Span>,
    /// The time inside that `send()`.
    pub blocked: Span,
    /// How often its batch was written to a connection, as far as the application was told: 0 while pending.
    pub attempts: u32,
    /// How often it was sent again, by the application or by a producer that was started again.
    pub resends: u32,
}

impl Line {
    /// Its partition, if one was chosen.
    pub fn tp(&self) -> Option<TopicPartition> {
        self.partition.map(|partition| TopicPartition { topic: self.topic, partition })
    }
}

/// What the applications of a run were told. Calls are a few nanoseconds; [`Ledger::settle`] before reading much.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    producers: Vec<Book>,
}

#[derive(Clone, Debug, Default)]
struct Book {
    entries: Entries,
    /// Times inside `send()` that are not zero.
    blocked: Sparse<Span>,
    /// Numbers of attempts that are not 1, of what is no longer pending.
    attempts: Sparse<u32>,
    resends: Sparse<u32>,
    /// Hashes of the records' keys, as far as there are any: by index, 0 for no key.
    keys: Vec<u64>,
}

/// Entries in chunks: a long list never moves, so it needs no room for two of itself.
#[derive(Clone, Debug, Default)]
struct Entries {
    chunks: Vec<Vec<Entry>>,
}

/// Entries a chunk, as a power of two.
const CHUNK_BITS: u32 = 14;
const CHUNK: usize = 1 << CHUNK_BITS;

impl Entries {
    fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    fn push(&mut self, entry: Entry) {
        match self.chunks.last_mut() {
            Some(last) if last.len() < CHUNK => last.push(entry),
            // A short list, as most runs have, stays small.
            None => self.chunks.push(vec![entry]),
            Some(_) => {
                let mut chunk = Vec::with_capacity(CHUNK);
                chunk.push(entry);
                self.chunks.push(chunk);
            }
        }
    }

    #[inline]
    fn get(&self, index: u32) -> Option<&Entry> {
        self.chunks.get((index >> CHUNK_BITS) as usize)?.get(index as usize & (CHUNK - 1))
    }

    fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.chunks.iter().flatten()
    }
}

impl Index<u32> for Entries {
    type Output = Entry;

    #[inline]
    fn index(&self, index: u32) -> &Entry {
        &self.chunks[(index >> CHUNK_BITS) as usize][index as usize & (CHUNK - 1)]
    }
}

impl IndexMut<u32> for Entries {
    #[inline]
    fn index_mut(&mut self, index: u32) -> &mut Entry {
        &mut self.chunks[(index >> CHUNK_BITS) as usize][index as usize & (CHUNK - 1)]
    }
}

impl Ledger {
    /// An empty ledger of so many producers.
    pub fn new(producers: usize) -> Ledger {
        Ledger { producers: vec![Book::default(); producers] }
    }

    /// The application calls `send()`: for the first time, in the order of the indices, or again.
    #[inline]
    pub fn sent(&mut self, record: RecordId, topic: TopicIx, now: Time) {
        let book = self.book(record.producer);
        let entry = Entry {
            sent: now,
            told_at: now,
            offset: NO_OFFSET,
            partition: NO_PARTITION,
            topic,
            told: Told::Pending,
            exception: None,
        };
        let index = record.index as usize;
        if index >= book.entries.len() {
            debug_assert_eq!(index, book.entries.len(), "records are counted in the order of send()");
            book.entries.push(entry);
        } else {
            book.entries[record.index] = entry;
            let before = book.resends.get(record.index).copied().unwrap_or(0);
            book.resends.set(record.index, before + 1);
            if book.blocked.get(record.index).is_some() {
                book.blocked.set(record.index, Span::ZERO);
            }
        }
    }

    /// The record's key, as a hash of its text; for [`super::split_keys`]. Records without a key need no call.
    #[inline]
    pub fn keyed(&mut self, record: RecordId, key: u64) {
        let keys = &mut self.book(record.producer).keys;
        if keys.len() <= record.index as usize {
            keys.resize(record.index as usize + 1, 0);
        }
        keys[record.index as usize] = key;
    }

    /// `send()` came back, or threw, after so long.
    #[inline]
    pub fn returned(&mut self, record: RecordId, blocked: Span) {
        if blocked > Span::ZERO {
            self.book(record.producer).blocked.set(record.index, blocked);
        }
    }

    /// The record is in a batch of this partition.
    #[inline]
    pub fn appended(&mut self, record: RecordId, partition: u32) {
        self.entry(record).partition = partition;
    }

    /// Callback without an exception.
    #[inline]
    pub fn acknowledged(&mut self, record: RecordId, offset: i64, now: Time, attempts: u32) {
        self.tell(record, Told::Acknowledged, None, now, attempts).offset = offset;
    }

    /// acks=0: callback without an exception, offset -1.
    #[inline]
    pub fn unconfirmed(&mut self, record: RecordId, now: Time, attempts: u32) {
        self.tell(record, Told::Unconfirmed, None, now, attempts);
    }

    /// Callback with an exception.
    #[inline]
    pub fn failed(&mut self, record: RecordId, exception: Exception, now: Time, attempts: u32) {
        self.tell(record, Told::Failed, Some(exception), now, attempts);
    }

    /// The record got into no batch; its partition, if it was chosen before.
    #[inline]
    pub fn rejected(&mut self, record: RecordId, partition: Option<u32>, exception: Exception, now: Time) {
        let entry = self.tell(record, Told::Rejected, Some(exception), now, 0);
        entry.partition = partition.unwrap_or(NO_PARTITION);
    }

    /// Sorts the sparse tables: reading is fast from here to the next rare fact.
    pub fn settle(&mut self) {
        for book in &mut self.producers {
            book.blocked.settle();
            book.attempts.settle();
            book.resends.settle();
        }
    }

    /// How many producers it knows.
    pub fn producers(&self) -> impl Iterator<Item = ProducerIx> + use<> {
        (0..self.producers.len() as u16).map(ProducerIx)
    }

    /// How many records a producer's application has sent.
    pub fn sent_by(&self, producer: ProducerIx) -> u32 {
        self.producers[producer.0 as usize].entries.len() as u32
    }

    /// How many records were sent in all.
    pub fn len(&self) -> u64 {
        self.producers.iter().map(|book| book.entries.len() as u64).sum()
    }

    /// Whether nothing was sent.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What it says about a record, if that was ever sent.
    pub fn line(&self, record: RecordId) -> Option<Line> {
        let book = self.producers.get(record.producer.0 as usize)?;
        let entry = book.entries.get(record.index)?;
        let pending = entry.told == Told::Pending;
        let attempts = if pending { 0 } else { book.attempts.get(record.index).copied().unwrap_or(1) };
        Some(Line {
            record,
            topic: entry.topic,
            partition: (entry.partition != NO_PARTITION).then_some(entry.partition),
            told: entry.told,
            offset: entry.offset,
            exception: entry.exception,
            sent: entry.sent,
            latency: (!pending).then(|| entry.told_at.since(entry.sent)),
            blocked: book.blocked.get(record.index).copied().unwrap_or(Span::ZERO),
            attempts,
            resends: book.resends.get(record.index).copied().unwrap_or(0),
        })
    }

    /// All lines, producer by producer in the order of `send()`.
    pub fn lines(&self) -> impl Iterator<Item = Line> + '_ {
        self.producers().flat_map(move |producer| {
            (0..self.sent_by(producer)).filter_map(move |index| self.line(RecordId { producer, index }))
        })
    }

    /// The longest time inside a `send()`.
    pub fn longest_block(&self) -> Span {
        self.producers.iter().flat_map(|book| book.blocked.values()).max().copied().unwrap_or(Span::ZERO)
    }

    /// The latencies of acknowledged and unconfirmed records, in no particular order.
    pub fn latencies(&self) -> Vec<Span> {
        let done = |entry: &&Entry| matches!(entry.told, Told::Acknowledged | Told::Unconfirmed);
        let entries = self.producers.iter().flat_map(|book| book.entries.iter());
        entries.filter(done).map(|entry| entry.told_at.since(entry.sent)).collect()
    }

    /// What the application was told, without the rare facts.
    #[inline]
    pub(super) fn told(&self, producer: ProducerIx, index: u32) -> Told {
        self.producers[producer.0 as usize].entries[index].told
    }

    /// The exception of a failed or rejected record.
    pub(super) fn exceptions(&self) -> impl Iterator<Item = Exception> + '_ {
        self.producers.iter().flat_map(|book| book.entries.iter()).filter_map(|entry| entry.exception)
    }

    /// Whether any `send()` of this producer had to wait.
    pub(super) fn any_blocked(&self, producer: ProducerIx) -> bool {
        !self.producers[producer.0 as usize].blocked.is_empty()
    }

    /// Whether this record was sent more than once.
    #[inline]
    pub(super) fn resent(&self, producer: ProducerIx, index: u32) -> bool {
        let resends = &self.producers[producer.0 as usize].resends;
        !resends.is_empty() && resends.get(index).is_some()
    }

    /// The hashes of a producer's keys, by index; shorter than its records where the last ones have none.
    pub(super) fn keys(&self, producer: ProducerIx) -> &[u64] {
        &self.producers[producer.0 as usize].keys
    }

    fn tell(
        &mut self,
        record: RecordId,
        told: Told,
        exception: Option<Exception>,
        now: Time,
        attempts: u32,
    ) -> &mut Entry {
        let book = self.book(record.producer);
        // The number of an earlier send() may stand there.
        if attempts != 1 || (!book.resends.is_empty() && book.resends.get(record.index).is_some()) {
            book.attempts.set(record.index, attempts);
        }
        let entry = &mut book.entries[record.index];
        entry.told = told;
        entry.exception = exception;
        entry.told_at = now;
        entry
    }

    fn book(&mut self, producer: ProducerIx) -> &mut Book {
        &mut self.producers[producer.0 as usize]
    }

    fn entry(&mut self, record: RecordId) -> &mut Entry {
        &mut self.book(record.producer).entries[record.index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDERS: TopicIx = TopicIx(0);

    fn shop(index: u32) -> RecordId {
        RecordId { producer: ProducerIx(0), index }
    }

    fn ms(millis: i64) -> Time {
        Time::from_millis(millis)
    }

    fn ledger_of(records: u32) -> Ledger {
        let mut ledger = Ledger::new(1);
        for index in 0..records {
            ledger.sent(shop(index), ORDERS, ms(i64::from(index)));
            ledger.returned(shop(index), Span::ZERO);
        }
        ledger
    }

    #[test]
    fn a_record_takes_32_bytes() {
        assert_eq!(size_of::<Entry>(), 32);
    }

    #[test]
    fn a_record_is_pending_until_the_application_is_told() {
        let mut ledger = ledger_of(1);
        ledger.appended(shop(0), 3);
        let line = ledger.line(shop(0)).unwrap();
        assert_eq!(
            (line.told, line.partition, line.latency, line.attempts),
            (Told::Pending, Some(3), None, 0)
        );

        ledger.acknowledged(shop(0), 17, ms(9), 1);
        let line = ledger.line(shop(0)).unwrap();
        assert_eq!((line.told, line.offset, line.attempts), (Told::Acknowledged, 17, 1));
        assert_eq!(line.latency, Some(Span::from_millis(9)));
    }

    #[test]
    fn a_rejected_record_was_never_written() {
        let mut ledger = ledger_of(1);
        ledger.rejected(shop(0), None, Exception::TimeoutException, ms(60_000));
        let line = ledger.line(shop(0)).unwrap();
        assert_eq!((line.told, line.attempts, line.partition), (Told::Rejected, 0, None));
        assert_eq!(line.exception, Some(Exception::TimeoutException));
    }

    /// design.md 1.1: a record that the application sends again keeps its name and has its last outcome.
    #[test]
    fn a_resend_overwrites_and_counts() {
        let mut ledger = ledger_of(1);
        ledger.returned(shop(0), Span::from_millis(5));
        ledger.failed(shop(0), Exception::TimeoutException, ms(2_000), 4);
        ledger.sent(shop(0), ORDERS, ms(2_000));
        ledger.acknowledged(shop(0), 7, ms(2_009), 1);

        let line = ledger.line(shop(0)).unwrap();
        assert_eq!((line.told, line.exception, line.resends), (Told::Acknowledged, None, 1));
        assert_eq!((line.sent, line.latency), (ms(2_000), Some(Span::from_millis(9))));
        assert_eq!((line.attempts, line.blocked), (1, Span::ZERO));
    }

    #[test]
    fn rare_facts_may_come_in_any_order_before_and_after_settling() {
        let mut ledger = ledger_of(1_000);
        for index in (0..1_000).rev() {
            ledger.acknowledged(shop(index), 0, ms(2_000), 2 + index % 3);
        }
        ledger.acknowledged(shop(500), 0, ms(2_000), 9);
        let attempts = |ledger: &Ledger, index| ledger.line(shop(index)).unwrap().attempts;
        for settled in [false, true] {
            if settled {
                ledger.settle();
            }
            assert_eq!((attempts(&ledger, 0), attempts(&ledger, 500), attempts(&ledger, 998)), (2, 9, 4));
        }
    }

    #[test]
    fn latencies_are_of_successes_only() {
        let mut ledger = ledger_of(3);
        ledger.acknowledged(shop(0), 0, ms(4), 1);
        ledger.failed(shop(1), Exception::TimeoutException, ms(500), 1);
        ledger.unconfirmed(shop(2), ms(2), 1);
        assert_eq!(ledger.latencies(), [Span::from_millis(4), Span::ZERO]);
    }
}
