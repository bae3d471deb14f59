//! The hashes that turn a key into a partition: Java's and librdkafka's (`producer.md 2.1`).

const MURMUR2_SEED: u32 = 0x9747_b28c;
const MURMUR2_M: u32 = 0x5bd1_e995;
const MURMUR2_R: u32 = 24;

/// Kafka's murmur2 (`Utils.murmur2`), as the signed number that Java sees.
pub fn murmur2(bytes: &[u8]) -> i32 {
    let mut hash = MURMUR2_SEED ^ bytes.len() as u32;
    let mut words = bytes.chunks_exact(4);
    for word in &mut words {
        let mut k = u32::from_le_bytes([word[0], word[1], word[2], word[3]]).wrapping_mul(MURMUR2_M);
        k ^= k >> MURMUR2_R;
        hash = hash.wrapping_mul(MURMUR2_M) ^ k.wrapping_mul(MURMUR2_M);
    }
    let tail = words.remainder();
    if !tail.is_empty() {
        for (place, &byte) in tail.iter().enumerate() {
            hash ^= u32::from(byte) << (8 * place);
        }
        hash = hash.wrapping_mul(MURMUR2_M);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MURMUR2_M);
    hash ^= hash >> 15;
    hash as i32
}

/// Clears the sign bit (`Utils.toPositive`); it is not the absolute value.
#[inline]
pub fn to_positive(number: i32) -> u32 {
    number as u32 & 0x7fff_ffff
}

/// The partition of a serialized key, among all `count` partitions of the topic, led or not
/// (`BuiltInPartitioner.partitionForKey`). `count` is at least 1.
#[inline]
pub fn partition_for_key(key: &[u8], count: u32) -> u32 {
    to_positive(murmur2(key)) % count
}

/// CRC-32 with the polynomial of zlib and Ethernet, reflected: librdkafka's `consistent` hash.
pub fn crc32(bytes: &[u8]) -> u32 {
    !bytes
        .iter()
        .fold(!0, |crc: u32, &byte| (crc >> 8) ^ CRC32_TABLE[((crc ^ u32::from(byte)) & 0xff) as usize])
}

const CRC32_TABLE: [u32; 256] = crc32_table();

const fn crc32_table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `producer.md 2.1`, the table of vectors: murmur2, sign bit cleared, mod 3, 6 and 12.
    #[test]
    fn murmur2_gives_the_vectors_of_the_reference() {
        let text = str::as_bytes;
        for (key, signed, positive, mod_3, mod_6, mod_12) in [
            (text("21"), -973_932_308, 1_173_551_340, 0, 0, 0),
            (text("foobar"), -790_332_482, 1_357_151_166, 0, 0, 6),
            (text("a-little-bit-long-string"), -985_981_536, 1_161_502_112, 2, 2, 8),
            (text("a-little-bit-longer-string"), -1_486_304_829, 661_178_819, 2, 5, 11),
            (text("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58_897_971, 2_088_585_677, 2, 5, 5),
            (text("abc"), 479_470_107, 479_470_107, 0, 3, 3),
            (text(""), 275_646_681, 275_646_681, 0, 3, 9),
            (text("a"), -1_563_381_124, 584_102_524, 1, 4, 4),
            (text("b"), -1_853_091_852, 294_391_796, 2, 2, 8),
            (text("ab"), 316_155_434, 316_155_434, 2, 2, 2),
            (text("key"), -1_079_937_367, 1_067_546_281, 1, 1, 1),
            (text("key-0"), 29_210_041, 29_210_041, 1, 1, 1),
            (text("key-1"), 193_331_640, 193_331_640, 0, 0, 0),
            (text("key-2"), 852_269_702, 852_269_702, 2, 2, 2),
            (text("key-3"), -1_839_136_101, 308_347_547, 2, 5, 11),
            (text("user-42"), 1_459_644_460, 1_459_644_460, 1, 4, 4),
            (text("order-1001"), 297_523_878, 297_523_878, 0, 0, 6),
            (text("0"), 971_027_396, 971_027_396, 2, 2, 8),
            (text("1"), -1_993_445_489, 154_038_159, 0, 3, 3),
            (text("2"), 648_968_168, 648_968_168, 2, 2, 8),
            (text("hello"), 2_132_663_229, 2_132_663_229, 0, 3, 9),
            (text("kafka"), -798_503_068, 1_348_980_580, 1, 4, 4),
            (text("é"), 186_971_271, 186_971_271, 0, 3, 3),
            (text("日本"), -700_811_021, 1_446_672_627, 0, 3, 3),
            (&1i32.to_be_bytes(), -173_113_808, 1_974_369_840, 0, 0, 0),
            (&42i32.to_be_bytes(), 1_606_757_304, 1_606_757_304, 0, 0, 0),
            (&42i64.to_be_bytes(), 506_863_552, 506_863_552, 1, 4, 4),
            (&[0xff, 0xfe], 1_717_632_651, 1_717_632_651, 0, 3, 3),
        ] {
            assert_eq!(murmur2(key), signed, "{key:?}");
            assert_eq!(to_positive(murmur2(key)), positive, "{key:?}");
            let partitions = [3, 6, 12].map(|count| partition_for_key(key, count));
            assert_eq!(partitions, [mod_3, mod_6, mod_12], "{key:?}");
        }
    }

    /// `producer.md 2.1`: string keys "0".."11" over 6 partitions.
    #[test]
    fn numbered_keys_over_six_partitions() {
        let partitions: Vec<u32> = (0..12).map(|n| partition_for_key(n.to_string().as_bytes(), 6)).collect();
        assert_eq!(partitions, [2, 3, 2, 5, 1, 0, 4, 3, 3, 5, 4, 0]);
    }

    /// `scenarios.md 2.1`: the same keys over 6 partitions, by Java's hash and by librdkafka's.
    #[test]
    fn the_same_keys_in_two_clients() {
        let keys: Vec<String> = (0..12).map(|n| format!("customer-{n}")).collect();
        let java: Vec<u32> = keys.iter().map(|key| partition_for_key(key.as_bytes(), 6)).collect();
        assert_eq!(java, [1, 3, 2, 4, 1, 0, 1, 1, 2, 5, 3, 2]);
        let librdkafka: Vec<u32> = keys.iter().map(|key| crc32(key.as_bytes()) % 6).collect();
        assert_eq!(librdkafka, [1, 3, 3, 5, 0, 4, 2, 2, 1, 3, 4, 2]);
    }

    /// The check value that the definition of CRC-32 gives, and the empty text.
    #[test]
    fn crc32_has_the_check_value() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }

    /// `producer.md 2.1`: `toPositive` clears the sign bit, it is not `abs()`.
    #[test]
    fn to_positive_is_not_abs() {
        assert_eq!(to_positive(-1), i32::MAX as u32);
        assert_eq!(to_positive(i32::MIN), 0);
    }
}
