//! What the fuzzers run, with inputs drawn from fixed seeds: a bounded part of it in every test run. `fuzz/README.md` says
//! how to let it run for longer.

use inflight_tests::{fuzz, library, repository};
use sim_core::chance::{Chance, Seeded, Stream};

const SCENARIOS: u32 = 400;
const TEXTS: u32 = 2_000;

/// Long enough for a plan with every part that it can have.
const PLAN_BYTES: u64 = 160;

#[test]
fn small_scenarios_end_and_keep_their_promises() {
    let mut dice = Dice::new(1);
    for _ in 0..SCENARIOS {
        let length = dice.below(PLAN_BYTES);
        let bytes: Vec<u8> = (0..length).map(|_| dice.byte()).collect();
        fuzz::scenario(&bytes);
    }
}

/// Scenario files with bytes exchanged, lines lost, doubled or taken from another file.
#[test]
fn the_reader_takes_or_refuses_what_it_is_given() {
    let files: Vec<Vec<u8>> = library::entries()
        .iter()
        .filter(|entry| entry.twin.is_none())
        .map(|entry| entry.text().into_bytes())
        .collect();
    let mut dice = Dice::new(2);
    for _ in 0..TEXTS {
        let mut text = dice.one(&files).clone();
        for _ in 0..=dice.below(3) {
            text = mutated(&text, &files, &mut dice);
        }
        fuzz::parser(&text);
    }
}

/// The names of the targets are those of the entry functions, so neither is without the other.
#[test]
fn every_target_has_its_entry() {
    let targets: Vec<String> =
        repository::files_below("fuzz/fuzz_targets").iter().map(|file| repository::text(file)).collect();
    assert_eq!(targets.len(), 2);
    for entry in ["fuzz::parser(", "fuzz::scenario("] {
        assert!(targets.iter().any(|text| text.contains(entry)), "no target runs {entry}");
    }
}

fn mutated(text: &[u8], files: &[Vec<u8>], dice: &mut Dice) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = text.split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
    let at = dice.below(lines.len() as u64) as usize;
    match dice.below(5) {
        0 => {
            lines.remove(at);
        }
        1 => lines.insert(at, lines[at].clone()),
        2 => {
            let other: Vec<Vec<u8>> =
                dice.one(files).split(|&byte| byte == b'\n').map(<[u8]>::to_vec).collect();
            lines.insert(at, dice.one(&other).clone());
        }
        3 => lines.truncate(at),
        _ => {
            if !lines[at].is_empty() {
                let byte = dice.below(lines[at].len() as u64) as usize;
                lines[at][byte] =
                    if dice.below(2) == 0 { dice.byte() } else { *dice.one(b"{}[]\"=.#-0i9\\") };
            }
        }
    }
    lines.join(&b'\n')
}

/// Draws from one stream.
struct Dice {
    chance: Seeded,
    stream: Stream,
}

impl Dice {
    fn new(seed: u64) -> Dice {
        let mut chance = Seeded::new(seed);
        let stream = chance.stream(format_args!("smoke"));
        Dice { chance, stream }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.chance.below(self.stream, n)
    }

    fn byte(&mut self) -> u8 {
        self.below(256) as u8
    }

    fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len() as u64) as usize]
    }
}
