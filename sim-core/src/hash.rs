//! Words and texts folded into 64 bits, the same on every machine: what the trace hash is made of, and the keys of the
//! streams of chance.
//!
//! In the trace hash every event is a list of 64-bit words: time, number, cause, a word for its kind, then its fields in
//! the order of `trace-format.md`; a number is its own word, a text the [`text_hash`] of its bytes, a list its length and
//! its items' fields, a field that is absent one fixed word. Each word is folded in with [`mix`]. Names (of producers,
//! topics ...) are hashed as text, so equal lines give equal hashes whatever file they came from.

use std::fmt::{self, Write as _};

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

/// The [`text_hash`] of a text that is never written out.
pub fn format_hash(text: fmt::Arguments<'_>) -> u64 {
    let mut pieces = Pieces { hash: START, word: 0, length: 0 };
    // Only a `Display` of ours can fail, and none does.
    let _ = pieces.write_fmt(text);
    pieces.finish()
}

/// A text that comes piece by piece, hashed as far as its words are full.
struct Pieces {
    hash: u64,
    /// The bytes behind the last full word.
    word: u64,
    length: u64,
}

impl Pieces {
    fn finish(self) -> u64 {
        let hash = if self.length.is_multiple_of(8) { self.hash } else { mix(self.hash, self.word) };
        mix(hash, self.length)
    }
}

impl fmt::Write for Pieces {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        for &byte in piece.as_bytes() {
            self.word |= u64::from(byte) << (self.length % 8 * 8);
            self.length += 1;
            if self.length.is_multiple_of(8) {
                self.hash = mix(self.hash, self.word);
                self.word = 0;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_in_pieces_hashes_as_it_does_whole() {
        for length in 0..40 {
            let text = "fault/12/for, broker-3/phase/heartbeat-é".chars().take(length).collect::<String>();
            assert_eq!(format_hash(format_args!("{text}")), text_hash(&text));
            assert_eq!(
                format_hash(format_args!("shop/{length}{text}")),
                text_hash(&format!("shop/{length}{text}"))
            );
        }
    }

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
