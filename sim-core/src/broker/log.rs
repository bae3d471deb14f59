//! A replica's log: whole batches at dense offsets, leader epochs, segments, and what of it is on disk.

use super::epochs::LeaderEpochs;
use crate::config::TopicConfig;
use crate::protocol::Few;
use crate::record::StoredBatch;

/// The log of one replica (Kafka's `UnifiedLog`). A batch is the unit of append, read and truncation (`broker.md P20`).
#[derive(Clone, Debug)]
pub struct Log {
    entries: Vec<Entry>,
    start_offset: i64,
    end_offset: i64,
    epochs: LeaderEpochs,
    /// At least one; the last is the active one.
    segments: Vec<Segment>,
    /// Everything below is on disk.
    flushed_offset: i64,
}

#[derive(Clone, Debug)]
struct Entry {
    stored: StoredBatch,
    /// Bytes of the log up to the end of this batch, those since deleted included.
    end_position: u64,
}

/// A file of the log.
#[derive(Clone, Copy, Debug)]
struct Segment {
    base_offset: i64,
    base_position: u64,
    /// Largest time of its first batch, in ms; none while it is empty.
    first_timestamp: Option<i64>,
    /// Largest time of any of its batches, in ms.
    largest_timestamp: i64,
}

impl Segment {
    fn new(base_offset: i64, base_position: u64) -> Segment {
        Segment { base_offset, base_position, first_timestamp: None, largest_timestamp: -1 }
    }

    fn note(&mut self, stored: &StoredBatch) {
        let timestamp = timestamp(stored);
        self.first_timestamp.get_or_insert(timestamp);
        self.largest_timestamp = self.largest_timestamp.max(timestamp);
    }
}

/// The largest time of a stored batch, in ms.
pub(crate) fn timestamp(stored: &StoredBatch) -> i64 {
    if stored.log_append_time >= 0 { stored.log_append_time } else { stored.batch.max_timestamp }
}

impl Default for Log {
    fn default() -> Self {
        Log {
            entries: Vec::new(),
            start_offset: 0,
            end_offset: 0,
            epochs: LeaderEpochs::default(),
            segments: vec![Segment::new(0, 0)],
            flushed_offset: 0,
        }
    }
}

impl Log {
    /// Offset of the first record.
    pub fn start_offset(&self) -> i64 {
        self.start_offset
    }

    /// Offset of the next record (LEO).
    pub fn end_offset(&self) -> i64 {
        self.end_offset
    }

    /// Everything below this offset is on disk; the rest is in the page cache only.
    pub fn flushed_offset(&self) -> i64 {
        self.flushed_offset
    }

    /// Its leader epochs.
    pub fn epochs(&self) -> &LeaderEpochs {
        &self.epochs
    }

    pub(crate) fn epochs_mut(&mut self) -> &mut LeaderEpochs {
        &mut self.epochs
    }

    /// The batches, oldest first.
    pub fn batches(&self) -> impl DoubleEndedIterator<Item = &StoredBatch> + ExactSizeIterator {
        self.entries.iter().map(|entry| &entry.stored)
    }

    /// The batches that hold this offset or a later one, oldest first.
    pub fn batches_from(&self, offset: i64) -> impl Iterator<Item = &StoredBatch> {
        self.entries[self.entry_at(offset)..].iter().map(|entry| &entry.stored)
    }

    /// Rolls the segment if it is too full or too old for this batch (`broker.md 1.6` step 5): the base offset of the new
    /// segment then.
    #[inline]
    pub(crate) fn maybe_roll(&mut self, stored: &StoredBatch, config: &TopicConfig) -> Option<i64> {
        self.should_roll(stored, config).then(|| self.roll())
    }

    /// Appends a batch that begins at the log's end.
    #[inline]
    pub(crate) fn append(&mut self, stored: StoredBatch) {
        debug_assert!(
            cfg!(feature = "mutants") || stored.base_offset == self.end_offset,
            "offsets are dense (broker.md V1)"
        );
        self.epochs.assign(stored.leader_epoch, stored.base_offset);
        self.active().note(&stored);
        self.end_offset = stored.next_offset();
        let end_position = self.end_position() + u64::from(stored.batch.bytes);
        self.entries.push(Entry { stored, end_position });
    }

    fn should_roll(&self, stored: &StoredBatch, config: &TopicConfig) -> bool {
        let Some(active) = self.segments.last() else { return false };
        let Some(first) = active.first_timestamp else { return false };
        let size = (self.end_position() - active.base_position) as i64;
        size > config.segment_bytes - i64::from(stored.batch.bytes)
            || timestamp(stored) - first > config.segment_ms
    }

    /// A new segment begins at the log's end; what came before goes to disk in the background (`broker.md D1`).
    fn roll(&mut self) -> i64 {
        self.segments.push(Segment::new(self.end_offset, self.end_position()));
        self.flush();
        self.end_offset
    }

    fn active(&mut self) -> &mut Segment {
        self.segments.last_mut().expect("a log has an active segment")
    }

    /// Offset at which the active segment begins.
    pub(crate) fn active_base(&self) -> i64 {
        self.segments.last().map_or(0, |segment| segment.base_offset)
    }

    fn end_position(&self) -> u64 {
        match self.entries.last() {
            Some(entry) => entry.end_position,
            None => self.segments.last().map_or(0, |segment| segment.base_position),
        }
    }

    /// Whole batches from this offset on that end at `upper` at most and fit into `max_bytes`; one too large for it only if
    /// it is the first and `at_least_one` is set (`broker.md R2`).
    pub(crate) fn read(&self, from: i64, upper: i64, max_bytes: i64, at_least_one: bool) -> Few<StoredBatch> {
        let first = self.entry_at(from);
        let begin = self.position_of(first);
        let rest = &self.entries[first..];
        let count = rest
            .iter()
            .enumerate()
            .take_while(|(at, entry)| {
                let fits = (entry.end_position - begin) as i64 <= max_bytes || (*at == 0 && at_least_one);
                fits && entry.stored.next_offset() <= upper
            })
            .count();
        rest[..count].iter().map(|entry| entry.stored.clone()).collect()
    }

    /// The place of the batch that holds this offset, or would be next.
    fn entry_at(&self, offset: i64) -> usize {
        if offset >= self.end_offset {
            return self.entries.len();
        }
        match self.entries.last() {
            Some(last) if last.stored.base_offset <= offset => self.entries.len() - 1,
            _ => self.entries.partition_point(|entry| entry.stored.next_offset() <= offset),
        }
    }

    /// Bytes before the batch at this place.
    fn position_of(&self, at: usize) -> u64 {
        match self.entries.get(at) {
            Some(entry) => entry.end_position - u64::from(entry.stored.batch.bytes),
            None => self.end_position(),
        }
    }

    /// Cuts off everything from this offset on, and with it the batch that holds it (`broker.md R32`). The epochs in any
    /// case: a leader that appended nothing has left one at its log's end, which no other log need have.
    pub(crate) fn truncate_to(&mut self, offset: i64) {
        if offset >= self.end_offset {
            return self.epochs.truncate_from_end(self.end_offset);
        }
        if offset < self.start_offset {
            return self.restart_at(offset);
        }
        let keep = self.entry_at(offset);
        let end = self.position_of(keep);
        self.end_offset = self.entries[keep].stored.base_offset;
        self.entries.truncate(keep);
        self.epochs.truncate_from_end(self.end_offset);
        self.flushed_offset = self.flushed_offset.min(self.end_offset);
        self.segments.retain(|segment| segment.base_offset < self.end_offset);
        if self.segments.is_empty() {
            self.segments.push(Segment::new(self.end_offset, end));
        }
        let active_entries = self.entry_at(self.active_base());
        let largest = self.entries[active_entries..].iter().map(|entry| timestamp(&entry.stored)).max();
        self.active().largest_timestamp = largest.unwrap_or(-1);
    }

    /// Drops everything and begins anew at this offset (Kafka's `truncateFullyAndStartAt`).
    pub(crate) fn restart_at(&mut self, offset: i64) {
        let position = self.end_position();
        self.entries.clear();
        self.epochs.clear();
        self.segments = vec![Segment::new(offset, position)];
        (self.start_offset, self.end_offset, self.flushed_offset) = (offset, offset, offset);
    }

    /// The log begins here from now on, if that is later than before; whole segments below are deleted.
    pub(crate) fn advance_start(&mut self, offset: i64) {
        if offset <= self.start_offset {
            return;
        }
        self.start_offset = offset.min(self.end_offset);
        let gone = self.entry_at(self.start_offset);
        self.entries.drain(..gone);
        self.epochs.truncate_from_start(self.start_offset);
        let below = self.segments.partition_point(|segment| segment.base_offset <= self.start_offset);
        self.segments.drain(..below.saturating_sub(1));
    }

    /// Deletes the oldest segments as `cleanup.policy=delete` asks for (Kafka's `deleteOldSegments`): by size, then by age,
    /// never at or above the high watermark. Whether the log's start moved.
    pub(crate) fn delete_old_segments(
        &mut self,
        config: &TopicConfig,
        now_ms: i64,
        high_watermark: i64,
    ) -> bool {
        if !config.cleanup_policy.delete {
            return false;
        }
        let before = self.start_offset;
        if config.retention_bytes >= 0 {
            let size = (self.end_position() - self.segments[0].base_position) as i64;
            let mut excess = size - config.retention_bytes;
            self.delete_while(high_watermark, |_, bytes| {
                excess -= bytes;
                excess >= 0
            });
        }
        if config.retention_ms >= 0 {
            self.delete_while(high_watermark, |segment, _| {
                now_ms - segment.largest_timestamp > config.retention_ms
            });
        }
        self.start_offset != before
    }

    fn delete_while(&mut self, high_watermark: i64, mut deletable: impl FnMut(&Segment, i64) -> bool) {
        let mut new_start = self.start_offset;
        for at in 0..self.segments.len() {
            let (end_offset, end_position) = match self.segments.get(at + 1) {
                Some(next) => (next.base_offset, next.base_position),
                None => (self.end_offset, self.end_position()),
            };
            let segment = &self.segments[at];
            let bytes = (end_position - segment.base_position) as i64;
            let empty = segment.first_timestamp.is_none();
            if empty || high_watermark < end_offset || !deletable(segment, bytes) {
                break;
            }
            new_start = end_offset;
        }
        if new_start == self.end_offset && new_start > self.start_offset {
            // Also the active one: Kafka rolls first, a log always has a segment.
            self.roll();
        }
        self.advance_start(new_start);
    }

    /// Page cache to disk. Whether there was anything to write.
    pub(crate) fn flush(&mut self) -> bool {
        let dirty = self.flushed_offset < self.end_offset;
        self.flushed_offset = self.end_offset;
        dirty
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::broker::fixture::topic_config;
    use crate::config::CleanupPolicy;
    use crate::record::RecordBatch;

    fn batch(base_offset: i64, leader_epoch: i32, records: u32, timestamp: i64) -> StoredBatch {
        let batch = RecordBatch {
            records: (0..records).collect(),
            bytes: 100 * records,
            max_timestamp: timestamp,
            ..RecordBatch::default()
        };
        StoredBatch { base_offset, leader_epoch, log_append_time: -1, batch: Arc::new(batch) }
    }

    fn append(log: &mut Log, stored: StoredBatch, config: &TopicConfig) -> Option<i64> {
        let rolled = log.maybe_roll(&stored, config);
        log.append(stored);
        rolled
    }

    /// A log of batches of these many records, one after the other, one millisecond apart.
    fn log(batches: &[(i32, u32)], config: &TopicConfig) -> Log {
        let mut log = Log::default();
        for (at, &(epoch, records)) in batches.iter().enumerate() {
            let stored = batch(log.end_offset(), epoch, records, at as i64);
            append(&mut log, stored, config);
        }
        log
    }

    fn offsets(read: &[StoredBatch]) -> Vec<i64> {
        read.iter().map(|stored| stored.base_offset).collect()
    }

    /// `broker.md V1`, P16: offsets are dense; reads begin with the batch that holds the offset.
    #[test]
    fn reads_give_whole_batches_from_an_offset() {
        let log = log(&[(0, 2), (0, 3), (1, 1)], &topic_config());
        assert_eq!(offsets(&log.read(0, 6, 10_000, true)), [0, 2, 5]);
        assert_eq!(offsets(&log.read(3, 6, 10_000, true)), [2, 5]);
        assert_eq!(offsets(&log.read(0, 5, 10_000, true)), [0, 2], "nothing beyond the upper bound");
        assert!(log.read(6, 6, 10_000, true).is_empty());
    }

    /// `broker.md R2`: limits are soft, the first batch always comes.
    #[test]
    fn byte_limits_cut_between_batches() {
        let log = log(&[(0, 2), (0, 3), (0, 1)], &topic_config());
        assert_eq!(offsets(&log.read(0, 6, 500, true)), [0, 2]);
        assert_eq!(offsets(&log.read(0, 6, 499, true)), [0]);
        assert_eq!(offsets(&log.read(0, 6, 1, true)), [0]);
        assert!(log.read(0, 6, 1, false).is_empty());
    }

    /// `broker.md R32`: the whole suffix goes, with its epochs.
    #[test]
    fn truncation_removes_the_suffix() {
        let mut log = log(&[(0, 2), (1, 3), (2, 1)], &topic_config());
        log.truncate_to(5);
        assert_eq!((log.end_offset(), log.epochs().starts()), (5, &[(0, 0), (1, 2)][..]));
        append(&mut log, batch(5, 4, 2, 9), &topic_config());
        assert_eq!((log.end_offset(), log.epochs().latest()), (7, Some(4)));
        log.truncate_to(0);
        assert_eq!((log.end_offset(), log.batches().len()), (0, 0));
        assert!(log.epochs().starts().is_empty());
    }

    /// `broker.md 1.6` step 5: a segment rolls when a batch does not fit, or is `segment.ms` younger than its first.
    #[test]
    fn segments_roll_by_size_and_by_age() {
        let small = TopicConfig { segment_bytes: 450, ..topic_config() };
        let mut log = Log::default();
        assert_eq!(append(&mut log, batch(0, 0, 2, 0), &small), None);
        assert_eq!(append(&mut log, batch(2, 0, 2, 0), &small), None);
        assert_eq!(append(&mut log, batch(4, 0, 1, 0), &small), Some(4));
        assert_eq!(log.flushed_offset(), 4, "D1: the closed segment goes to disk");
        let brief = TopicConfig { segment_ms: 10, ..topic_config() };
        assert_eq!(append(&mut log, batch(5, 0, 1, 10), &brief), None);
        assert_eq!(append(&mut log, batch(6, 0, 1, 11), &brief), Some(6));
    }

    /// Segments below the high watermark go by size or age, the oldest first.
    #[test]
    fn retention_deletes_old_segments() {
        let config = TopicConfig {
            segment_bytes: 200,
            retention_bytes: 400,
            retention_ms: -1,
            cleanup_policy: CleanupPolicy { delete: true, compact: false },
            ..topic_config()
        };
        let mut by_size = log(&[(0, 2), (0, 2), (1, 2), (1, 2)], &config);
        assert!(!by_size.delete_old_segments(&config, 0, 0), "nothing at or above the high watermark");
        assert!(by_size.delete_old_segments(&config, 0, 8));
        assert_eq!((by_size.start_offset(), by_size.epochs().starts()), (4, &[(1, 4)][..]));

        let aged = TopicConfig { retention_bytes: -1, retention_ms: 100, ..config };
        let mut by_age = log(&[(0, 2), (0, 2), (1, 2)], &aged);
        assert!(!by_age.delete_old_segments(&aged, 100, 6));
        assert!(by_age.delete_old_segments(&aged, 101, 6));
        assert_eq!(by_age.start_offset(), 2);
        assert!(by_age.delete_old_segments(&aged, 500, 6), "the active segment too, after a roll");
        assert_eq!((by_age.start_offset(), by_age.end_offset()), (6, 6));
    }

    #[test]
    fn a_compacted_topic_keeps_its_segments() {
        let config = TopicConfig {
            retention_bytes: 0,
            cleanup_policy: CleanupPolicy { delete: false, compact: true },
            ..topic_config()
        };
        assert!(!log(&[(0, 2)], &config).delete_old_segments(&config, 1_000_000_000_000, 2));
    }
}
