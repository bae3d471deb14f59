//! Words and texts folded into 64 bits, the same on every machine: what the trace hash is made of, and the keys of the
//! streams of chance.
//!
//! In the trace hash every event is a list of 64-bit words: time, number, cause, a word for its kind, then its fields in
//! the order of `trace-format.md`; a number is its own word, a text the [`text_hash`] of its bytes, a list its length and
//! its items' fields, a field that is absent one fixed word. Each word is folded in with [`mix`]. Names (of producers,
//! topics ...) are hashed as text, so equal lines give equal hashes whatever file they came from.

/// The state before the first word.
pub const START: u64 = 0x9e37_79b9_7f4a_7c15;

/// The word of a field that is not there.
pub const ABSENT: u64 = 0xa5a5_5a5a_c3c3_3c3c;

const MULTIPLIER: u64 = 0xd6e8_feb8_6659_fd93;

/// Folds one word into a hash: an addition, a multiplication and a shift, each a bijection of the state, so no word is lost on the way.
#[inline]
pub const fn mix(hash: u64, word: u64) -> u64 {
    let product = (hash ^ word.wrapping_mul(START)).wrapping_mul(MULTIPLIER);
    product ^ (product >> 32)
}

/// The hash of a text: its bytes in little-endian words, the last one filled with zeros, then its length.
pub fn text_hash(text: &str) -> u64 {
    let mut hash = START;
    let mut chunks = text.as_bytes().chunks_exact(8);
    for chunk in &mut chunks {
        let mut word = [0u8; 8];
        word.copy_from_slice(chunk);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    let rest = chunks.remainder();
    if !rest.is_empty() {
        let mut word = [0u8; 8];
        word[..rest.len()].copy_from_slice(rest);
        hash = mix(hash, u64::from_le_bytes(word));
    }
    mix(hash, text.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_share_a_prefix_differ() {
        assert_ne!(text_hash("shop"), text_hash("shop\0"));
        assert_ne!(text_hash("12345678"), text_hash("123456780"));
        assert_ne!(text_hash(""), text_hash("\0"));
    }

    #[test]
    fn the_order_of_words_counts() {
        assert_ne!(mix(mix(START, 1), 2), mix(mix(START, 2), 1));
        assert_ne!(mix(START, 0), START);
    }
}
