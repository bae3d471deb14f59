//! The scenario of a number: cluster, topics, clients and faults, each drawn.

use std::fmt::Write;

use sim_core::chance::{Chance, Seeded, Stream};

/// Draws from one stream.
struct Dice {
    chance: Seeded,
    stream: Stream,
}

impl Dice {
    fn new(number: u64, stream: &str) -> Dice {
        let mut chance = Seeded::new(number);
        let stream = chance.stream(format_args!("{stream}"));
        Dice { chance, stream }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.chance.below(self.stream, n)
    }

    /// From `low` to `high`, both included.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// Once in so many times.
    fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// What other parts have to know.
struct World {
    /// An old release, if it is one.
    old: Option<Old>,
    /// Whether brokers have racks, and consumers read from their own.
    racks: bool,
    brokers: u64,
    /// Partitions of `orders`.
    partitions: u64,
    producers: Vec<&'static str>,
}

const RELEASES: [&str; 14] =
    ["4.3", "4.3", "4.3", "4.2", "4.1", "4.0", "3.9", "3.7", "3.6", "3.5", "3.4", "3.2", "2.8", "2.6"];
/// Releases before [`RELEASES`], and whether their clients take the keys of those.
#[derive(Clone, Copy)]
struct Old {
    release: &'static str,
    /// `delivery.timeout.ms` (2.1).
    delivery_timeout: bool,
    /// A consumer's `request.timeout.ms` may be short: before 2.0 it has to be above `session.timeout.ms`.
    short_requests: bool,
}

const fn old(release: &'static str, delivery_timeout: bool, short_requests: bool) -> Old {
    Old { release, delivery_timeout, short_requests }
}

const OLD: [Old; 8] = [
    old("2.5", true, true),
    old("2.4", true, true),
    old("2.3", true, true),
    old("2.2", true, true),
    old("2.1", true, true),
    old("2.0", false, true),
    old("1.1", false, false),
    old("1.0", false, false),
];
const LATENCIES: [&str; 5] = [
    "\"1ms\"",
    "\"0ms\"",
    "{ distribution = \"lognormal\", median = \"1ms\", p99 = \"8ms\" }",
    "{ distribution = \"uniform\", min = \"100us\", max = \"30ms\" }",
    "{ distribution = \"exponential\", mean = \"3ms\" }",
];
const RACKS: [&str; 2] = ["a", "b"];
const SELECTOR: &str = "org.apache.kafka.common.replica.RackAwareReplicaSelector";
const SPANS: [&str; 5] = [
    "\"300ms\"",
    "\"2s\"",
    "{ distribution = \"exponential\", mean = \"1s\" }",
    "{ distribution = \"uniform\", min = \"50ms\", max = \"4s\" }",
    "{ distribution = \"uniform\", min = \"1s\", max = \"8s\" }",
];

/// The scenario of this number.
pub fn plan(number: u64) -> String {
    let mut dice = Dice::new(number, "plan");
    let mut text = String::new();
    let world = cluster(number, &mut dice, &mut text);
    for &producer in &world.producers {
        self::producer(producer, &world, &mut dice, &mut text);
    }
    consumers(&world, &mut dice, &mut text);
    chaos(&world, &mut dice, &mut text);
    for _ in 0..dice.below(4) {
        fault(&world, &mut dice, &mut text);
    }
    text
}

fn cluster(number: u64, dice: &mut Dice, text: &mut String) -> World {
    let brokers = dice.one(&[1, 2, 3, 3, 3, 3, 4, 5]);
    let partitions = dice.one(&[1, 1, 2, 3]);
    // Streams of their own: all else of a number is as it was before there were these.
    let mut old_dice = Dice::new(number, "plan/old");
    let old = old_dice.once_in(16).then(|| old_dice.one(&OLD));
    let racks = Dice::new(number, "plan/racks").once_in(8) && old.is_none();
    let drawn = dice.one(&RELEASES);
    let release = old.map_or(drawn, |old| old.release);
    let session = dice.one(&[900, 1_800, 4_500]);
    let wait = dice.one(&[50, 200, 500]);
    let _ = write!(
        text,
        "profile = \"kafka-{}\"\nseed = {number}\nstop = \"150s\"\n\n[cluster]\nbrokers = {brokers}\n\
         timing.flush = \"{}ms\"\n",
        release,
        dice.one(&[100, 700, 3_000, 30_000]),
    );
    if drawn.starts_with('4') && dice.once_in(2) {
        let elr = dice.below(2);
        if old.is_none() {
            let _ = writeln!(text, "features = {{ \"eligible.leader.replicas.version\" = {elr} }}");
        }
    }
    if racks {
        let names: Vec<&str> = (0..brokers).map(|broker| RACKS[broker as usize % 2]).collect();
        let _ = writeln!(text, "racks = {names:?}");
    }
    if dice.once_in(3) {
        let _ = writeln!(text, "timing.metadata = {}", dice.one(&LATENCIES));
    }
    if dice.once_in(6) {
        let _ = writeln!(text, "timing.service = \"{}us\"", dice.between(10, 3_000));
    }
    let _ = write!(
        text,
        "[cluster.config]\n\"broker.session.timeout.ms\" = {session}\n\"broker.heartbeat.interval.ms\" = {}\n\
         \"replica.lag.time.max.ms\" = {}\n\"replica.fetch.wait.max.ms\" = {wait}\n\
         \"replica.fetch.backoff.ms\" = {}\n\"replica.socket.timeout.ms\" = {}\n\
         \"replica.high.watermark.checkpoint.interval.ms\" = {}\n",
        session / 4,
        dice.one(&[600, 1_500, 6_000]).max(wait),
        dice.one(&[50, 300, 1_000]),
        dice.one(&[1_000, 3_000]),
        dice.one(&[200, 5_000]),
    );
    if racks {
        let _ = writeln!(text, "\"replica.selector.class\" = \"{SELECTOR}\"");
    }
    let mut topic = |name: &str, partitions: u64, dice: &mut Dice| {
        let replicas = dice.between(1, brokers).max(dice.between(1, brokers));
        let min_isr = if dice.once_in(20) { replicas + 1 } else { dice.between(1, replicas) };
        let _ = write!(
            text,
            "\n[[topics]]\nname = \"{name}\"\npartitions = {partitions}\nreplication-factor = {replicas}\n\
             config = {{ \"min.insync.replicas\" = {min_isr}"
        );
        if dice.once_in(5) {
            let _ = write!(text, ", \"segment.bytes\" = {}", dice.one(&[1_048_576, 2_000_000]));
        }
        if dice.once_in(5) {
            text.push_str(", \"unclean.leader.election.enable\" = true");
        }
        text.push_str(" }\n");
    };
    topic("orders", partitions, dice);
    if dice.once_in(4) {
        topic("clicks", 1, dice);
    }
    let _ = write!(text, "\n[network]\nlatency = {}\n", dice.one(&LATENCIES));
    let producers = if dice.once_in(3) { vec!["shop", "web"] } else { vec!["shop"] };
    World { old, racks, brokers, partitions, producers }
}

fn producer(id: &str, world: &World, dice: &mut Dice, text: &mut String) {
    let acks = dice.one(&["all", "all", "all", "1", "0"]);
    let idempotent = acks == "all" && !dice.once_in(3);
    let in_flight = if idempotent { dice.between(1, 5) } else { dice.between(1, 8) };
    let linger = dice.one(&[0, 0, 5, 50]);
    let request = dice.one(&[300, 1_000, 5_000]);
    let delivery = request + linger + dice.one(&[0, 1_000, 4_000, 20_000]);
    let delivery = match world.old {
        Some(old) if !old.delivery_timeout => String::new(),
        _ => format!("\"delivery.timeout.ms\" = {delivery}\n"),
    };
    let _ = write!(
        text,
        "\n[[producers]]\nid = \"{id}\"\nstart = \"{}\"\n[producers.config]\n\"acks\" = \"{acks}\"\n\
         \"enable.idempotence\" = {idempotent}\n\"max.in.flight.requests.per.connection\" = {in_flight}\n\
         \"linger.ms\" = {linger}\n\"batch.size\" = {}\n\"request.timeout.ms\" = {request}\n\
         {delivery}\"max.block.ms\" = {}\n",
        dice.one(&["warm", "cold"]),
        dice.one(&[16_384, 400, 1]),
        dice.one(&[1_000, 20_000]),
    );
    if !idempotent && dice.once_in(4) {
        let _ = writeln!(text, "\"retries\" = {}", dice.below(3));
    }
    for _ in 0..=dice.below(2) {
        let pace = dice.one(&[
            "",
            "every = \"20ms\"\n",
            "every = \"150ms\"\n",
            "every = \"400ms\"\n",
            "rate = \"20/s\"\n",
            "outstanding = 3\n",
        ]);
        let _ = write!(
            text,
            "\n[[producers.sends]]\ntopic = \"orders\"\ncount = {}\nstart = \"{}ms\"\n{pace}{}value = {{ bytes = {} }}\n",
            dice.between(1, 40),
            dice.below(3_000),
            dice.one(&["", "key = \"{i % 3}\"\n", "partition = 0\n", "mode = \"sync\"\n"]),
            dice.one(&[10, 100, 300]),
        );
        if dice.once_in(8) {
            text.push_str("resend = { on = \"failed\", times = 1 }\n");
        }
    }
}

fn consumers(world: &World, dice: &mut Dice, text: &mut String) {
    let request = if world.old.is_none_or(|old| old.short_requests) { 3_000 } else { 11_000 };
    for id in ["audit", "search"].iter().take(dice.below(3) as usize) {
        let _ = write!(
            text,
            "\n[[consumers]]\nid = \"{id}\"\ntopics = [\"orders\"]\nstart = \"{}ms\"\n\
             config = {{ \"auto.offset.reset\" = \"{}\", \"request.timeout.ms\" = {request}{} }}\n",
            dice.below(4_000),
            dice.one(&["earliest", "latest"]),
            if world.racks { ", \"client.rack\" = \"b\"" } else { "" },
        );
    }
}

/// Each kind in half of the scenarios: what one kind hides another shows.
fn chaos(world: &World, dice: &mut Dice, text: &mut String) {
    let _ = write!(text, "\n[chaos]\nuntil = \"{}ms\"\n", dice.between(1_000, 12_000));
    if dice.once_in(2) {
        let _ = writeln!(text, "max-down = {}", dice.between(1, world.brokers));
    }
    let kinds = [
        ("crash", true),
        ("power", true),
        ("pause", true),
        ("cut", true),
        ("lose-request", false),
        ("lose-response", false),
        ("reset", false),
        ("delay", true),
    ];
    for (kind, lasts) in kinds {
        if dice.once_in(2) {
            continue;
        }
        let rate = dice.one(&["0.05/s", "0.2/s", "0.5/s", "2/s"]);
        let lasts = if lasts { format!(", for = {}", dice.one(&SPANS)) } else { String::new() };
        let _ = writeln!(text, "{kind} = {{ rate = \"{rate}\"{lasts} }}");
    }
}

/// What chaos does not do, or not at such a moment.
fn fault(world: &World, dice: &mut Dice, text: &mut String) {
    let World { brokers, partitions, producers, .. } = world;
    let when = match dice.below(3) {
        0 => {
            let event =
                dice.one(&["append", "replicated", "hw-advanced", "acknowledged", "retry", "leader-changed"]);
            format!("on = {{ event = \"{event}\", nth = {} }}", dice.between(1, 20))
        }
        _ => format!("at = \"{}ms\"", dice.below(10_000)),
    };
    let broker = match dice.below(4) {
        0 => "\"leader of orders-0\"".to_owned(),
        1 if *brokers > 1 => "\"follower of orders-0\"".to_owned(),
        _ => dice.below(*brokers).to_string(),
    };
    let lasts = format!("for = {}", dice.one(&SPANS));
    let partition = dice.below(*partitions);
    let act = match dice.below(15) {
        0 => format!("crash = {broker}, {lasts}"),
        1 => format!("crash = {broker}, power = true, {lasts}"),
        2 => format!("pause = {broker}, {lasts}"),
        3 => format!("slow = {broker}, by = \"20ms\", {lasts}"),
        4 => format!("block-fetches = {broker}, {lasts}"),
        5 => format!("elect = \"orders-{partition}\""),
        6 => format!("cut = [{broker}, \"controller\"], {lasts}"),
        7 => format!("add-partitions = \"orders\", to = {}", partitions + 1),
        8 | 9 => format!("shutdown = {broker}, {lasts}"),
        10 => format!("fence = {broker}, {lasts}"),
        11 => format!("crash = \"controller\", {lasts}"),
        12 => {
            let whom = dice.one(&["", ", leader = \"follower of orders-0\""]);
            format!("elect = \"orders-{partition}\"{whom}, unclean = true")
        }
        13 => {
            let config = format!("{{ \"min.insync.replicas\" = {} }}", dice.between(1, *brokers));
            format!("set-config = \"orders\", config = {config}")
        }
        _ => format!("kill-producer = \"{}\", for = \"300ms\"", dice.one(producers)),
    };
    let _ = write!(text, "\n[[faults]]\n{when}\ndo = {{ {act} }}\n");
}
