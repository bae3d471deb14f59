//! What a leader checks before it appends a client's batch (`broker.md 1.2`, rows 11 to 14; Kafka's `LogValidator`).

use std::sync::Arc;

use super::partition::Partition;
use super::producer_state::{CachedBatch, Check};
use crate::accumulator::compression::closed_size;
use crate::config::{Release, TimestampType, TopicConfig, default_compression_ratio};
use crate::protocol::ErrorCode;
use crate::record::{NO_PRODUCER_ID, RecordBatch};

/// What is to become of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    /// It is appended.
    Append,
    /// It is appended with the topic's codec instead of the client's (`broker.md P18`): the batch as it is kept.
    Recompress(Arc<RecordBatch>),
    /// It is in the log already: the original.
    Duplicate(CachedBatch),
    /// It is refused.
    Refuse {
        /// Why.
        error: ErrorCode,
        /// Places of the records that are to blame, if single records are.
        records: Vec<u32>,
    },
}

impl Admission {
    fn refuse(error: ErrorCode) -> Admission {
        Admission::Refuse { error, records: Vec::new() }
    }
}

/// Whether a client's batch may be appended to this leader's log; the first failing check counts.
pub(super) fn admit(
    partition: &Partition,
    batch: &RecordBatch,
    config: &TopicConfig,
    release: Release,
    now_ms: i64,
) -> Admission {
    // Row 11.
    if i64::from(batch.bytes) > i64::from(config.max_message_bytes) {
        return Admission::refuse(ErrorCode::MessageTooLarge);
    }
    // Row 12.
    if batch.producer_id != NO_PRODUCER_ID && batch.base_sequence < 0 {
        return Admission::refuse(ErrorCode::InvalidRecord);
    }
    if config.cleanup_policy.compact && batch.has_null_key {
        return refuse_null_keys(batch, release);
    }
    if config.timestamp_type == TimestampType::CreateTime {
        let too_old = |timestamp: i64| now_ms - timestamp > config.timestamp_before_max_ms;
        let too_new = |timestamp: i64| timestamp - now_ms > config.timestamp_after_max_ms;
        if too_old(batch.base_timestamp) || too_new(batch.max_timestamp) {
            let all = too_old(batch.max_timestamp) || too_new(batch.base_timestamp);
            let places = if all {
                0..batch.records.len()
            } else if too_old(batch.base_timestamp) {
                0..1
            } else {
                batch.records.len() - 1..batch.records.len()
            };
            return Admission::Refuse { error: ErrorCode::InvalidTimestamp, records: places.collect() };
        }
    }
    // Row 13.
    let recompressed = recompressed(batch, config);
    let kept = recompressed.as_deref().unwrap_or(batch);
    if i64::from(kept.bytes) > i64::from(config.max_message_bytes) {
        return Admission::refuse(ErrorCode::MessageTooLarge);
    }
    if i64::from(kept.bytes) > config.segment_bytes {
        return Admission::refuse(ErrorCode::RecordListTooLarge);
    }
    // Row 14.
    match partition.producers.check(batch, release) {
        Check::Accept => recompressed.map_or(Admission::Append, Admission::Recompress),
        Check::Duplicate(original) => Admission::Duplicate(original),
        Check::Refuse(error) => Admission::refuse(error),
    }
}

/// The batch with the topic's codec, if that is not its own; the leader compresses as well as
/// [`default_compression_ratio`] says.
fn recompressed(batch: &RecordBatch, config: &TopicConfig) -> Option<Arc<RecordBatch>> {
    let codec = config.compression.filter(|&codec| codec != batch.codec)?;
    let bytes = closed_size(batch.records_bytes, codec, default_compression_ratio(codec));
    Some(Arc::new(RecordBatch { bytes, codec, ..batch.clone() }))
}

/// A compacted topic takes no record without a key. Before 2.4 (KIP-467) the error was the retriable one of a corrupt
/// message, and named no record.
fn refuse_null_keys(batch: &RecordBatch, release: Release) -> Admission {
    if !release.at_least(2, 4) {
        return Admission::refuse(ErrorCode::CorruptMessage);
    }
    let has_key =
        |place: u32| batch.contents.get(place as usize).is_some_and(|content| content.key.is_some());
    let records = (0..batch.records.len()).filter(|&place| !has_key(place)).collect();
    Admission::Refuse { error: ErrorCode::InvalidRecord, records }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::broker::fixture::{TP, batch_of, topic_config};
    use crate::config::CleanupPolicy;
    use crate::record::Codec;

    const NOW: i64 = 10_000;

    fn error(batch: &RecordBatch, config: &TopicConfig) -> Option<(ErrorCode, Vec<u32>)> {
        match admit(&Partition::new(TP), batch, config, Release::NEWEST, NOW) {
            Admission::Refuse { error, records } => Some((error, records)),
            _ => None,
        }
    }

    /// `broker.md 1.2` row 11, P19: the batch's size against `max.message.bytes`.
    #[test]
    fn large_batches_are_refused() {
        let config = TopicConfig { max_message_bytes: 300, ..topic_config() };
        assert_eq!(error(&batch_of(0, 3), &config), None);
        assert_eq!(error(&batch_of(0, 4), &config), Some((ErrorCode::MessageTooLarge, vec![])));
    }

    /// `broker.md P18`: a topic with a codec of its own keeps the batch in that codec, any other as the client sent it; then
    /// the size is checked again (row 13). 61 + 1,000 plain; gzip makes 0.3 of it, snappy 0.5.
    #[test]
    fn p18_a_topic_may_have_its_own_codec() {
        let plain = RecordBatch { records_bytes: 1_000, bytes: 1_061, ..batch_of(0, 1) };
        let gzip = RecordBatch { codec: Codec::Gzip, bytes: 361, ..plain.clone() };
        let kept = |batch: &RecordBatch, codec: Option<Codec>| {
            let config = TopicConfig { compression: codec, max_message_bytes: 1_061, ..topic_config() };
            match admit(&Partition::new(TP), batch, &config, Release::NEWEST, NOW) {
                Admission::Append => (batch.codec, batch.bytes),
                Admission::Recompress(kept) => (kept.codec, kept.bytes),
                refused => panic!("{refused:?}"),
            }
        };
        assert_eq!(kept(&gzip, None), (Codec::Gzip, 361));
        assert_eq!(kept(&gzip, Some(Codec::Gzip)), (Codec::Gzip, 361));
        assert_eq!(kept(&gzip, Some(Codec::Snappy)), (Codec::Snappy, 561));
        assert_eq!(kept(&gzip, Some(Codec::None)), (Codec::None, 1_061));
        assert_eq!(kept(&plain, Some(Codec::Snappy)), (Codec::Snappy, 561));
        let config =
            TopicConfig { compression: Some(Codec::None), max_message_bytes: 1_060, ..topic_config() };
        assert_eq!(error(&gzip, &config), Some((ErrorCode::MessageTooLarge, vec![])));
    }

    /// `broker.md 1.2` row 13.
    #[test]
    fn a_batch_must_fit_into_a_segment() {
        let config = TopicConfig { segment_bytes: 300, ..topic_config() };
        assert_eq!(error(&batch_of(0, 4), &config), Some((ErrorCode::RecordListTooLarge, vec![])));
    }

    /// `broker.md 1.2` row 12: a compacted topic needs keys.
    #[test]
    fn a_compacted_topic_needs_keys() {
        let config =
            TopicConfig { cleanup_policy: CleanupPolicy { delete: false, compact: true }, ..topic_config() };
        let keyless = RecordBatch { has_null_key: true, ..batch_of(0, 2) };
        assert_eq!(error(&keyless, &config), Some((ErrorCode::InvalidRecord, vec![0, 1])));
        assert_eq!(error(&keyless, &topic_config()), None);
        let old = admit(&Partition::new(TP), &keyless, &config, Release::new(2, 3), NOW);
        assert_eq!(old, Admission::refuse(ErrorCode::CorruptMessage));
    }

    /// `broker.md P17`: client time must lie in the window around the broker's, unless the broker's replaces it.
    #[test]
    fn timestamps_must_be_near() {
        let config =
            TopicConfig { timestamp_before_max_ms: 1_000, timestamp_after_max_ms: 500, ..topic_config() };
        let at = |base, max| RecordBatch { base_timestamp: base, max_timestamp: max, ..batch_of(0, 2) };
        assert_eq!(error(&at(9_000, 10_500), &config), None);
        assert_eq!(error(&at(8_999, 10_000), &config), Some((ErrorCode::InvalidTimestamp, vec![0])));
        assert_eq!(error(&at(8_000, 8_999), &config), Some((ErrorCode::InvalidTimestamp, vec![0, 1])));
        assert_eq!(error(&at(10_000, 10_501), &config), Some((ErrorCode::InvalidTimestamp, vec![1])));
        let stamped = TopicConfig { timestamp_type: TimestampType::LogAppendTime, ..config };
        assert_eq!(error(&at(0, 0), &stamped), None);
    }

    #[test]
    fn an_idempotent_batch_needs_a_sequence() {
        let batch = RecordBatch { producer_id: 7, base_sequence: -1, ..batch_of(0, 1) };
        assert_eq!(error(&batch, &topic_config()), Some((ErrorCode::InvalidRecord, vec![])));
    }
}
