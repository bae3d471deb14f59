//! The only source of choices: every draw of a run comes from here, each from a named stream of its own.
//!
//! A stream is a ChaCha8 generator keyed by the run's seed and the stream's name, so a draw more in one place moves no
//! other. Kafka's own random picks (`producer.md 10`) are streams like any other; a scripted implementation of the
//! same trait answers from lists, which is how client scripts pin them and how a test or an explorer drives a run.

use std::fmt;

use rand_chacha::ChaCha8Rng;
use rand_core::{RngCore, SeedableRng};

use crate::hash::{format_hash, mix};

/// A stream of draws, as [`Chance::stream`] gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stream(u32);

/// Where every choice of a run comes from.
pub trait Chance {
    /// The stream of this name; the same name gives the same stream. Where only its hash is wanted, it is not
    /// written out.
    fn stream(&mut self, name: fmt::Arguments<'_>) -> Stream;

    /// 32 uniform bits, as Java's `nextInt()` gives them.
    fn bits(&mut self, stream: Stream) -> u32;

    /// A uniform number in [0, 1), a multiple of 2^-53.
    fn fraction(&mut self, stream: Stream) -> f64;

    /// A uniform whole number in 0..n; `n` is at least 1.
    fn below(&mut self, stream: Stream, n: u64) -> u64;

    /// A copy that will draw what this one would.
    fn boxed_clone(&self) -> Box<dyn Chance>;
}

impl Clone for Box<dyn Chance> {
    fn clone(&self) -> Self {
        self.boxed_clone()
    }
}

/// About how many streams a run with three brokers opens.
const USUAL: usize = 96;

/// Draws from ChaCha8, one generator a stream.
#[derive(Clone, Debug)]
pub struct Seeded {
    seed: u64,
    /// The hashes of the names, ascending, and their streams. A name is its hash, here as in the generator's key.
    names: Vec<(u64, Stream)>,
    /// A generator is built at its stream's first draw: most streams of a run are never drawn from.
    generators: Vec<(u64, Option<Box<ChaCha8Rng>>)>,
}

impl Seeded {
    /// The streams of a run with this seed.
    pub fn new(seed: u64) -> Seeded {
        Seeded { seed, names: Vec::with_capacity(USUAL), generators: Vec::with_capacity(USUAL) }
    }

    fn generator(&mut self, stream: Stream) -> &mut ChaCha8Rng {
        let (name, generator) = &mut self.generators[stream.0 as usize];
        generator.get_or_insert_with(|| {
            let mut key = [0u8; 32];
            key[..8].copy_from_slice(&self.seed.to_le_bytes());
            key[8..16].copy_from_slice(&name.to_le_bytes());
            key[16..24].copy_from_slice(&mix(self.seed, *name).to_le_bytes());
            key[24..].copy_from_slice(b"inflight");
            Box::new(ChaCha8Rng::from_seed(key))
        })
    }
}

impl Chance for Seeded {
    fn stream(&mut self, name: fmt::Arguments<'_>) -> Stream {
        let name = format_hash(name);
        match self.names.binary_search_by_key(&name, |known| known.0) {
            Ok(known) => self.names[known].1,
            Err(place) => {
                let stream = Stream(self.generators.len() as u32);
                self.names.insert(place, (name, stream));
                self.generators.push((name, None));
                stream
            }
        }
    }

    fn bits(&mut self, stream: Stream) -> u32 {
        self.generator(stream).next_u32()
    }

    fn fraction(&mut self, stream: Stream) -> f64 {
        (self.generator(stream).next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, stream: Stream, n: u64) -> u64 {
        debug_assert!(n > 0, "a choice among nothing");
        // Lemire's multiplication with rejection: no bias, and nearly always one draw.
        let generator = self.generator(stream);
        loop {
            let wide = u128::from(generator.next_u64()) * u128::from(n);
            if (wide as u64) >= n.wrapping_neg() % n {
                return (wide >> 64) as u64;
            }
        }
    }

    fn boxed_clone(&self) -> Box<dyn Chance> {
        Box::new(self.clone())
    }
}

/// Answers from lists: what a stream is to draw, in order, and what it draws when its list is used up.
///
/// A stream is scripted by the end of its name (`"sticky"` is every producer's sticky choice).
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    rules: Vec<(String, Script)>,
    streams: Vec<(String, Script, u64)>,
}

/// How a scripted stream draws.
#[derive(Clone, Debug)]
pub enum Script {
    /// The same whole number at every draw.
    Always(u64),
    /// 0, 1, 2, ...
    Count,
    /// The middle of the range: 1/2 for a fraction (a back-off factor of exactly 1), half of `n`.
    Middle,
    /// These, then zeros.
    List(Vec<u64>),
}

impl Scripted {
    /// Every stream draws zeros until [`Scripted::with`] says otherwise.
    pub fn new() -> Scripted {
        Scripted::default()
    }

    /// Streams whose name ends like this draw so. The first rule that fits counts.
    #[must_use]
    pub fn with(mut self, name_ends: &str, script: Script) -> Scripted {
        self.rules.push((name_ends.to_owned(), script));
        self
    }

    fn draw(&mut self, stream: Stream, range: u64) -> u64 {
        let (_, script, drawn) = &mut self.streams[stream.0 as usize];
        let nth = *drawn;
        *drawn += 1;
        let value = match script {
            Script::Always(value) => *value,
            Script::Count => nth,
            Script::Middle => range / 2,
            Script::List(values) => values.get(nth as usize).copied().unwrap_or(0),
        };
        if range == 0 { value } else { value % range }
    }
}

impl Chance for Scripted {
    fn stream(&mut self, name: fmt::Arguments<'_>) -> Stream {
        let name = name.to_string();
        if let Some(at) = self.streams.iter().position(|(known, ..)| *known == name) {
            return Stream(at as u32);
        }
        let script = self
            .rules
            .iter()
            .find(|(end, _)| name.ends_with(end.as_str()))
            .map_or(Script::Always(0), |(_, script)| script.clone());
        self.streams.push((name, script, 0));
        Stream(self.streams.len() as u32 - 1)
    }

    fn bits(&mut self, stream: Stream) -> u32 {
        self.draw(stream, 1 << 32) as u32
    }

    fn fraction(&mut self, stream: Stream) -> f64 {
        self.draw(stream, 1 << 53) as f64 / (1u64 << 53) as f64
    }

    fn below(&mut self, stream: Stream, n: u64) -> u64 {
        self.draw(stream, n)
    }

    fn boxed_clone(&self) -> Box<dyn Chance> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_more_in_one_stream_moves_no_other() {
        let mut one = Seeded::new(7);
        let mut two = Seeded::new(7);
        let (a1, b1) = (one.stream(format_args!("a")), one.stream(format_args!("b")));
        let (b2, a2) = (two.stream(format_args!("b")), two.stream(format_args!("a")));
        one.bits(a1);
        two.bits(a2);
        two.bits(a2);
        assert_eq!(one.bits(b1), two.bits(b2));
        assert_ne!(one.bits(a1), two.bits(a2));
    }

    #[test]
    fn seeds_and_names_make_different_streams() {
        let mut chance = Seeded::new(1);
        let (a, b) = (chance.stream(format_args!("a")), chance.stream(format_args!("b")));
        assert_ne!(chance.below(a, u64::MAX), chance.below(b, u64::MAX));
        let mut other = Seeded::new(2);
        let a2 = other.stream(format_args!("a"));
        assert_ne!(chance.bits(a), other.bits(a2));
    }

    #[test]
    fn below_is_uniform() {
        let mut chance = Seeded::new(3);
        let stream = chance.stream(format_args!("die"));
        let mut counts = [0u32; 6];
        for _ in 0..60_000 {
            counts[chance.below(stream, 6) as usize] += 1;
        }
        assert!(counts.iter().all(|&n| (9_600..10_400).contains(&n)), "{counts:?}");
    }

    #[test]
    fn a_script_answers_in_order_and_can_sit_in_the_middle() {
        let mut chance = Scripted::new()
            .with("sticky", Script::Count)
            .with("jitter", Script::Middle)
            .with("list", Script::List(vec![4, 9]));
        let (sticky, jitter, list) = (
            chance.stream(format_args!("shop/sticky")),
            chance.stream(format_args!("shop/jitter")),
            chance.stream(format_args!("list")),
        );
        assert_eq!((chance.bits(sticky), chance.bits(sticky)), (0, 1));
        assert_eq!(chance.fraction(jitter), 0.5);
        assert_eq!([chance.below(list, 8), chance.below(list, 8), chance.below(list, 8)], [4, 1, 0]);
    }
}
