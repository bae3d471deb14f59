//! How many bytes a record takes in a batch of format v2 (`producer.md 3.3`; `DefaultRecord`, `DefaultRecordBatch`).
//!
//! All in `u32`: sums that a Java `int` could not hold saturate, so they are refused by every size check.

use crate::scenario::Header;

/// The header of a batch (`RECORD_BATCH_OVERHEAD`).
pub const BATCH_HEADER: u32 = 61;

/// The most that a record takes besides key, value and headers (`MAX_RECORD_OVERHEAD`): 5 length, 1 attributes,
/// 10 timestamp delta, 5 offset delta.
const MAX_RECORD_OVERHEAD: u32 = 21;

/// Bytes of the base-128 varint of this number, zig-zag coded: 1 for -64..63, at most 10.
#[inline]
pub fn varint_size(value: i64) -> u32 {
    let zigzag = ((value << 1) ^ (value >> 63)) as u64;
    (64 - (zigzag | 1).leading_zeros()).div_ceil(7)
}

/// Bytes of a key or value with its length in front; null has the length -1 and nothing behind it.
#[inline]
pub fn field_size(len: Option<u32>) -> u32 {
    match len {
        None => 1,
        Some(len) => varint_size(i64::from(len)).saturating_add(len),
    }
}

/// Bytes of the headers with their number in front.
#[inline]
pub fn headers_size(headers: &[Header]) -> u32 {
    headers
        .iter()
        .map(|header| {
            field_size(Some(header.key.len() as u32)).saturating_add(field_size(Some(header.bytes)))
        })
        .fold(varint_size(headers.len() as i64), u32::saturating_add)
}

/// What a record takes wherever it stands: key, value and headers.
#[inline]
pub fn body_rest(key: Option<u32>, value: Option<u32>, headers: &[Header]) -> u32 {
    field_size(key).saturating_add(field_size(value)).saturating_add(headers_size(headers))
}

/// A whole record with its length in front: `timestamp_delta` to the batch's first record in ms, which can be negative,
/// `offset_delta` its place in the batch, `body_rest` as [`body_rest`] gives it.
#[inline]
pub fn record_size(timestamp_delta: i64, offset_delta: u32, body_rest: u32) -> u32 {
    let attributes = 1;
    let deltas = varint_size(timestamp_delta) + varint_size(i64::from(offset_delta));
    field_size(Some(body_rest.saturating_add(attributes + deltas)))
}

/// The most that a batch of this record alone can take (`estimateSizeInBytesUpperBound`): what size checks and buffers
/// go by.
#[inline]
pub fn upper_bound(body_rest: u32) -> u32 {
    body_rest.saturating_add(BATCH_HEADER + MAX_RECORD_OVERHEAD)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A record's part that does not depend on its place, for a key and a value of these sizes.
    fn plain(key: Option<u32>, value: Option<u32>) -> u32 {
        body_rest(key, value, &[])
    }

    /// Size of a batch of `count` such records, one each `step_ms`.
    fn batch(body_rest: u32, count: u32, step_ms: i64) -> u32 {
        let records = (0..count).map(|place| record_size(i64::from(place) * step_ms, place, body_rest));
        BATCH_HEADER + records.sum::<u32>()
    }

    /// How many such records a batch of 16384 holds (`hasRoom`, without compression).
    fn fit(body_rest: u32, step_ms: i64) -> u32 {
        (1..).take_while(|&count| batch(body_rest, count, step_ms) <= 16_384).last().unwrap_or(0)
    }

    /// `producer.md 3.3`: 1 byte for -64..63, 2 to 8191, 3 to 1048575, 4 to 134217727, 5 above.
    #[test]
    fn varints_grow_at_the_limits_of_the_reference() {
        for (value, bytes) in [
            (0, 1),
            (63, 1),
            (-64, 1),
            (64, 2),
            (-65, 2),
            (8_191, 2),
            (8_192, 3),
            (1_048_575, 3),
            (1_048_576, 4),
            (134_217_727, 4),
            (134_217_728, 5),
            (i64::from(i32::MAX), 5),
            (i64::from(i32::MIN), 5),
            (i64::MAX, 10),
            (i64::MIN, 10),
        ] {
            assert_eq!(varint_size(value), bytes, "{value}");
        }
    }

    /// `producer.md 3.3`, the table of cases: record, batch of one, upper bound.
    #[test]
    fn the_table_of_the_reference() {
        let header = Header { key: "abc".to_owned(), bytes: 5 };
        for (rest, record, batch_of_one, bound) in [
            (plain(None, None), 7, 68, 85),
            (plain(None, Some(0)), 7, 68, 85),
            (plain(None, Some(100)), 109, 170, 186),
            (plain(Some(8), Some(100)), 117, 178, 194),
            (plain(Some(10), Some(1000)), 1_019, 1_080, 1_096),
            (body_rest(Some(10), Some(1000), &[header]), 1_029, 1_090, 1_106),
        ] {
            assert_eq!(record_size(0, 0, rest), record);
            assert_eq!(batch(rest, 1, 0), batch_of_one);
            assert_eq!(upper_bound(rest), bound);
        }
    }

    /// `producer.md 3.3`: batches of (8,100), at one instant and 1 ms apart.
    #[test]
    fn batches_of_several_records() {
        let rest = plain(Some(8), Some(100));
        assert_eq!(batch(rest, 10, 0), 1_231);
        assert_eq!(batch(rest, 100, 1), 11_833);
        assert_eq!((record_size(0, 0, rest), record_size(99, 99, rest)), (117, 119));
    }

    /// `producer.md 3.3`: records that fit a 16384 batch.
    #[test]
    fn records_that_fit_the_default_batch() {
        assert_eq!(fit(plain(None, Some(100)), 0), 148);
        assert_eq!(fit(plain(Some(8), Some(100)), 0), 138);
        assert_eq!(fit(plain(Some(10), Some(1000)), 0), 16);
        assert_eq!(fit(plain(None, Some(10)), 0), 910);
        assert_eq!(fit(plain(None, Some(10)), 1), 865);
    }

    /// `producer.md 3.3`: the largest value passing `max.request.size` = 1048576.
    #[test]
    fn the_largest_value_of_a_default_request() {
        for (key, largest) in [(None, 1_048_489), (Some(8), 1_048_481), (Some(16), 1_048_473)] {
            assert!(upper_bound(plain(key, Some(largest))) <= 1_048_576);
            assert!(upper_bound(plain(key, Some(largest + 1))) > 1_048_576);
        }
    }

    #[test]
    fn sizes_beyond_an_int_saturate() {
        assert_eq!(upper_bound(plain(Some(u32::MAX), Some(u32::MAX))), u32::MAX);
        assert_eq!(record_size(0, 0, plain(None, Some(u32::MAX))), u32::MAX);
    }
}
