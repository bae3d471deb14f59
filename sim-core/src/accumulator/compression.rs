//! What compression makes of a batch, and what the client expects it to make (`producer.md 3.4`, `3.5`;
//! `CompressionRatioEstimator`, `MemoryRecordsBuilder`).

use super::sizes::BATCH_HEADER;
use crate::record::{Codec, TopicIx};

/// Every estimate starts here, whatever the codec.
const INITIAL_RATIO: f32 = 1.0;
/// By how much a better observation lowers the estimate (`COMPRESSION_RATIO_IMPROVING_STEP`).
const IMPROVING_STEP: f32 = 0.005;
/// By how much a worse observation raises the estimate (`COMPRESSION_RATIO_DETERIORATE_STEP`).
const DETERIORATE_STEP: f32 = 0.05;
/// The margin on top of an estimate (`COMPRESSION_RATE_ESTIMATION_FACTOR`).
const ESTIMATION_FACTOR: f32 = 1.05;

/// The expected ratio of compressed to plain size, one a topic and codec. A producer has one codec, so one a topic here.
#[derive(Clone, Debug)]
pub struct RatioEstimator {
    codec: Codec,
    /// By topic index; a topic beyond the end has the initial ratio.
    ratios: Vec<f32>,
}

impl RatioEstimator {
    /// Before anything was observed.
    pub fn new(codec: Codec) -> RatioEstimator {
        RatioEstimator { codec, ratios: Vec::new() }
    }

    /// The ratio that a batch created now goes by, for its whole life.
    pub fn ratio(&self, topic: TopicIx) -> f32 {
        match self.codec {
            Codec::None => INITIAL_RATIO,
            _ => self.ratios.get(usize::from(topic.0)).copied().unwrap_or(INITIAL_RATIO),
        }
    }

    /// A batch of the topic was closed with this ratio: a worse one counts at once and at least 0.05, a better one by
    /// 0.005 at most.
    pub fn observe(&mut self, topic: TopicIx, observed: f32) {
        let current = self.ratio(topic);
        if observed > current {
            self.set(topic, (current + DETERIORATE_STEP).max(observed));
        } else if observed < current {
            self.set(topic, (current - IMPROVING_STEP).max(observed));
        }
    }

    /// A batch of this ratio was too large for the broker: the estimate starts over, no better than 1.
    pub fn reset_after_split(&mut self, topic: TopicIx, ratio_of_big_batch: f32) {
        self.set(topic, INITIAL_RATIO.max(ratio_of_big_batch));
    }

    fn set(&mut self, topic: TopicIx, ratio: f32) {
        if self.codec == Codec::None {
            return;
        }
        let at = usize::from(topic.0);
        if at >= self.ratios.len() {
            self.ratios.resize(at + 1, INITIAL_RATIO);
        }
        self.ratios[at] = ratio;
    }
}

/// Size of an open batch as the client estimates it (`estimatedBytesWritten`): `records_bytes` is the plain size of its
/// records, `ratio` the one of its creation. In `f32`, cut off, as the client does.
#[inline]
pub fn estimated_size(records_bytes: u32, codec: Codec, ratio: f32) -> u32 {
    match codec {
        Codec::None => BATCH_HEADER.saturating_add(records_bytes),
        _ => BATCH_HEADER.saturating_add((records_bytes as f32 * ratio * ESTIMATION_FACTOR) as u32),
    }
}

/// Size of a closed batch on the wire, by the scenario's `compression-ratio`, cut off to whole bytes.
pub fn closed_size(records_bytes: u32, codec: Codec, compression_ratio: f64) -> u32 {
    match codec {
        Codec::None => BATCH_HEADER.saturating_add(records_bytes),
        _ => BATCH_HEADER.saturating_add((f64::from(records_bytes) * compression_ratio) as u32),
    }
}

/// The ratio that closing a batch observes, of sizes on the wire and plain (`MemoryRecordsBuilder.compressionRatio`).
pub fn observed_ratio(closed_size: u32, records_bytes: u32) -> f32 {
    if records_bytes == 0 {
        return 0.0;
    }
    closed_size.saturating_sub(BATCH_HEADER) as f32 / records_bytes as f32
}

#[cfg(test)]
mod tests {
    use super::super::sizes::{body_rest, record_size};
    use super::*;

    const TOPIC: TopicIx = TopicIx(2);

    /// Records of null key and 100 bytes that a 16384 batch of this ratio takes (`hasRoom`), and their plain size.
    fn filled(ratio: f32) -> (u32, u32) {
        let rest = body_rest(None, Some(100), &[]);
        let (mut count, mut bytes) = (0, 0);
        loop {
            let record = record_size(0, count, rest);
            if count > 0 && estimated_size(bytes, Codec::Lz4, ratio) + record > 16_384 {
                return (count, bytes);
            }
            count += 1;
            bytes += record;
        }
    }

    /// `producer.md 3.4`: 61 + sum without compression; 61 + floor(sum * ratio * 1.05) with it.
    #[test]
    fn the_estimate_has_a_margin_of_a_twentieth() {
        assert_eq!(estimated_size(1_090, Codec::None, 1.0), 1_151);
        assert_eq!(estimated_size(1_090, Codec::Gzip, 1.0), 61 + 1_144);
        assert_eq!(estimated_size(1_000, Codec::Gzip, 0.5), 61 + 525);
    }

    /// `producer.md 3.5`: start 1.0; better: 0.005 a batch, no further than observed.
    #[test]
    fn a_better_ratio_is_believed_slowly() {
        let mut estimator = RatioEstimator::new(Codec::Lz4);
        assert_eq!(estimator.ratio(TOPIC), 1.0);
        estimator.observe(TOPIC, 0.25);
        assert_eq!(estimator.ratio(TOPIC), 1.0 - 0.005);
        estimator.observe(TOPIC, 0.994);
        assert_eq!(estimator.ratio(TOPIC), 0.994);
        assert_eq!(estimator.ratio(TopicIx(0)), 1.0, "another topic has its own");
    }

    /// `producer.md 3.5`: worse: at least 0.05, and at least what was observed.
    #[test]
    fn a_worse_ratio_is_believed_at_once() {
        let mut estimator = RatioEstimator::new(Codec::Lz4);
        for _ in 0..100 {
            estimator.observe(TOPIC, 0.25);
        }
        let low = estimator.ratio(TOPIC);
        estimator.observe(TOPIC, low + 0.01);
        assert_eq!(estimator.ratio(TOPIC), low + 0.05);
        estimator.observe(TOPIC, 0.9);
        assert_eq!(estimator.ratio(TOPIC), 0.9);
    }

    /// `producer.md 3.5`: after a split max(1.0, ratio of the big batch).
    #[test]
    fn a_split_starts_the_estimate_over() {
        let mut estimator = RatioEstimator::new(Codec::Zstd);
        estimator.observe(TOPIC, 0.25);
        estimator.reset_after_split(TOPIC, 0.25);
        assert_eq!(estimator.ratio(TOPIC), 1.0);
        estimator.reset_after_split(TOPIC, 1.1);
        assert_eq!(estimator.ratio(TOPIC), 1.1);
    }

    #[test]
    fn without_compression_there_is_nothing_to_estimate() {
        let mut estimator = RatioEstimator::new(Codec::None);
        estimator.observe(TOPIC, 0.5);
        estimator.reset_after_split(TOPIC, 2.0);
        assert_eq!(estimator.ratio(TOPIC), 1.0);
    }

    /// `scenarios.md 3.4`: the first compressed batch holds 141 records where an uncompressed one holds 148, and has
    /// 3,922 bytes (+- 2) on the wire at a ratio of 0.25; at an estimate of 0.5 it is 282 records (+- 1).
    #[test]
    fn the_first_compressed_batches() {
        let (count, bytes) = filled(1.0);
        assert_eq!(count, 141);
        let on_the_wire = closed_size(bytes, Codec::Lz4, 0.25);
        assert!((3_920..=3_924).contains(&on_the_wire), "{on_the_wire}");
        assert!((observed_ratio(on_the_wire, bytes) - 0.25).abs() < 1e-4);
        assert!((281..=283).contains(&filled(0.5).0));
    }
}
