//! Mutated files: whatever stands in one, reading ends with a scenario or with problems that have a place.

use super::{LOST_ACK, Overrides, Scenario, Source};
use crate::chance::{Chance, Seeded, Stream};
use crate::scenario::{Listing, limits, properties_named};

/// A file with a bit of everything.
const RICH: &str = r#"
profile = "kafka-4.1"
stop = "1min"
[cluster]
brokers = 3
racks = ["a", "b", "c"]
config = { "replica.lag.time.max.ms" = 500 }
features = { "eligible.leader.replicas.version" = 0 }
timing = { service = "1us", flush = "2s", metadata = { distribution = "uniform", min = "1ms", max = "50ms" } }
[[topics]]
name = "orders"
assignment = [[0, 1, 2], [1, 2, 0]]
[network]
latency = { distribution = "lognormal", median = "1ms", p99 = "8ms" }
bandwidth = "10MB"
links = [{ between = ["client:shop", 0], latency = "5ms" }]
[[producers]]
id = "shop"
properties = "shop.properties"
compression-ratio = 0.5
config = { "linger.ms" = 0, acks = "all" }
[[producers.sends]]
topic = "orders"
count = 20
rate = "1000/s"
key = "c-{i % 4}"
value = { customer = { id = "{i + 1}", name = "홍길동" }, layout = "customer-v2" }
headers = [{ key = "trace", bytes = 8 }]
resend = { on = "failed", times = 1 }
[[consumers]]
id = "audit"
topics = ["orders"]
decode = "customer-v1"
[[faults]]
at = "120ms"
do = { cut = ["client", [0, "leader of orders-1"]], for = "20s", one-way = true }
[[faults]]
on = { event = "produce-request", record = "shop-3", probability = 0.5, from = "1s" }
do = { fail = "it", error = "NOT_ENOUGH_REPLICAS", append = true }
[[faults]]
at = "2s"
do = { add-partitions = "orders", to = 4 }
[expect]
lost = { max = 3 }
log."orders-3" = ["shop-1"]
isr."orders-0" = [0, 1, 2]
read."audit" = []
latency-ms = { p50 = 9.5 }
trace = [{ event = "leader-changed", leader = 1, isr = [1, 2], first = { min = "1s" } }]
[[twins]]
name = "other"
set = { "shop:acks" = 1, profile = "kafka-3.9", seed = 3 }
[[twins.change.producers]]
id = "shop"
callback = "2ms"
"#;

/// Pieces that change what stands where they are put.
const PIECES: [&str; 28] = [
    "\"",
    "=",
    "[",
    "]",
    "[[",
    "]]",
    "{",
    "}",
    ".",
    ",",
    "\n",
    "#",
    "-1",
    "1e999",
    "nan",
    "99999999999999999999",
    "0x",
    "true",
    "\"\"",
    "\"{i\"",
    "'",
    "\\u",
    "가",
    "\u{0}",
    "1979-05-27",
    "\"leader of \"",
    "\"orders-\"",
    "inf",
];

struct Mutator {
    chance: Seeded,
    stream: Stream,
}

impl Mutator {
    fn below(&mut self, n: usize) -> usize {
        self.chance.below(self.stream, n as u64) as usize
    }

    /// A byte range that starts and ends between characters.
    fn range(&mut self, text: &str, longest: usize) -> (usize, usize) {
        let boundaries: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let from = self.below(boundaries.len());
        let to = (from + self.below(longest + 1)).min(boundaries.len() - 1);
        (boundaries[from], boundaries[to])
    }

    fn mutate(&mut self, text: &mut String) {
        match self.below(5) {
            0 => {
                let (from, to) = self.range(text, 12);
                text.replace_range(from..to, "");
            }
            1 => {
                let (from, _) = self.range(text, 0);
                let piece = PIECES[self.below(PIECES.len())];
                text.insert_str(from, piece);
            }
            2 => {
                let (from, to) = self.range(text, 40);
                let copy = text[from..to].to_owned();
                let (at, _) = self.range(text, 0);
                text.insert_str(at, &copy);
            }
            3 => {
                let mut lines: Vec<&str> = text.lines().collect();
                let (a, b) = (self.below(lines.len().max(1)), self.below(lines.len().max(1)));
                if !lines.is_empty() {
                    lines.swap(a, b);
                }
                *text = lines.join("\n");
            }
            _ => {
                let (from, to) = self.range(text, 6);
                let piece = PIECES[self.below(PIECES.len())];
                text.replace_range(from..to, piece);
            }
        }
    }
}

fn every_problem_has_a_place(source: &Source, overrides: &Overrides) {
    let Err(errors) = Scenario::load(source, overrides) else { return };
    assert!(!errors.errors.is_empty() && errors.errors.len() <= limits::PROBLEMS);
    for error in &errors.errors {
        let lines = String::from_utf8_lossy(&source.bytes).split('\n').count() as u32;
        assert!(error.line >= 1 && error.column >= 1 && !error.message.is_empty() && !error.file.is_empty());
        assert!(error.file != "a.toml" || error.line <= lines, "{error}");
        assert!(error.to_string().contains('^'), "{error}");
    }
}

#[test]
fn mutated_files_never_panic() {
    let mut chance = Seeded::new(20_240_607);
    let stream = chance.stream(format_args!("mutations"));
    let mut mutator = Mutator { chance, stream };
    let overrides = [
        Overrides::default(),
        super::twin("other"),
        super::set(&[("acks", "1"), ("seed", "x"), ("orders:retention.ms", "5")]),
    ];
    for round in 0..4_000 {
        let mut text = [LOST_ACK, RICH][round % 2].to_owned();
        for _ in 0..=round % 6 {
            mutator.mutate(&mut text);
        }
        let mut source = Source::new("a.toml", &text);
        source.properties.insert("shop.properties".to_owned(), b"acks=1\nretries=\\u12".to_vec());
        every_problem_has_a_place(&source, &overrides[round % 3]);
        let _ = (Listing::read(&source), properties_named(&source.bytes));
    }
}

#[test]
fn mutated_bytes_never_panic() {
    let mut chance = Seeded::new(7);
    let stream = chance.stream(format_args!("mutations"));
    for _ in 0..1_000 {
        let mut source = Source::new("a.toml", RICH);
        for _ in 0..3 {
            let at = chance.below(stream, source.bytes.len() as u64) as usize;
            source.bytes[at] = chance.below(stream, 256) as u8;
        }
        every_problem_has_a_place(&source, &Overrides::default());
    }
}

/// What is mutated is right before it is.
#[test]
fn the_rich_file_loads() {
    let mut source = Source::new("a.toml", RICH);
    source.properties.insert("shop.properties".to_owned(), b"retries=5\n".to_vec());
    assert_eq!(properties_named(RICH.as_bytes()), ["shop.properties"]);
    let loaded = Scenario::load(&source, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(loaded.scenario.producers[0].config.retries, 5);
}
