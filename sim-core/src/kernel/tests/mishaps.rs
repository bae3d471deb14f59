//! Everything that can happen to brokers, at random: what the settings promise holds, and every run comes to rest.

use super::fixture::play;
use crate::hash::mix;

/// Draws of a test's own.
struct Dice {
    seed: u64,
    thrown: u64,
}

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.thrown += 1;
        mix(self.seed, self.thrown) % n
    }
}

/// A fault on the brokers, some time in the first 20 s, for up to 15 s.
fn mishap(dice: &mut Dice, powerful: bool) -> String {
    let (at, lasts, broker) = (dice.below(20_000), 50 + dice.below(15_000), dice.below(3));
    let other = (broker + 1 + dice.below(2)) % 3;
    let what = match dice.below(if powerful { 9 } else { 8 }) {
        0 => format!("crash = {broker}"),
        1 => format!("pause = {broker}"),
        2 => format!("cut = [{broker}, {other}]"),
        3 => format!("cut = [{broker}, \"controller\"], one-way = {}", dice.below(2) == 0),
        4 => format!("cut = [{broker}, [{other}, \"controller\"]], reject = {}", dice.below(2) == 0),
        5 => format!("block-fetches = {broker}"),
        6 => format!("slow = {broker}, disk = \"{}ms\"", 1 + dice.below(60)),
        7 => format!("cut = [\"client\", {broker}], one-way = {}", dice.below(2) == 0),
        _ => format!("crash = {broker}, power = true"),
    };
    format!("[[faults]]\nat = \"{at}ms\"\ndo = {{ {what}, for = \"{lasts}ms\" }}\n")
}

fn story(seed: u64, powerful: bool) -> String {
    let mut dice = Dice { seed, thrown: 0 };
    let min_isr = 1 + dice.below(2);
    let mut text = format!(
        "stop = \"20min\"\n[cluster]\ntiming.flush = \"10s\"\n\
         timing.metadata = {{ distribution = \"uniform\", min = \"1ms\", max = \"50ms\" }}\n\
         [network]\nlatency = {{ distribution = \"uniform\", min = \"100us\", max = \"4ms\" }}\n\
         [[topics]]\nname = \"orders\"\npartitions = 2\nconfig = {{ \"min.insync.replicas\" = {min_isr} }}\n\
         [[producers]]\nid = \"shop\"\n[[producers.sends]]\ntopic = \"orders\"\ncount = 400\nevery = \"60ms\"\n\
         [[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\n"
    );
    for _ in 0..2 + dice.below(5) {
        text.push_str(&mishap(&mut dice, powerful));
    }
    text
}

/// `broker.md 6`: an idempotent producer's records are there once and in order whatever happens to processes and links; a
/// power loss excuses nothing but a loss that the verdict can name.
#[test]
fn whatever_happens_to_brokers_promises_hold() {
    for seed in 0..60 {
        let text = story(seed, seed % 2 == 1);
        let run = play(&text, seed);
        let broken: Vec<_> = run.verdict.forbidden().collect();
        assert!(broken.is_empty(), "seed {seed}: {broken:?}\n{text}");
        assert_eq!(run.finished.counters.ended_by, "settled", "seed {seed}\n{text}");
        if seed % 2 == 0 {
            assert!(run.finished.consumers[0].gone.is_empty(), "seed {seed}: V19\n{text}");
        }
    }
}
