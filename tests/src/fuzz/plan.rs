//! A small scenario made of a fuzzer's bytes: always one that the reader takes, of everything that it can say a little.

mod act;

use std::fmt;

use arbitrary::Arbitrary;

use act::Fault;

/// A scenario of at most two producers and four faults. It prints as a scenario file.
#[derive(Debug, Arbitrary)]
pub struct Plan {
    seed: u8,
    release: u8,
    brokers: u8,
    partitions: u8,
    min_isr: u8,
    latency: u8,
    first: Producer,
    second: Option<Producer>,
    consumer: bool,
    faults: [Option<Fault>; 4],
}

#[derive(Debug, Arbitrary)]
struct Producer {
    acks: u8,
    idempotence: bool,
    in_flight: u8,
    retries: bool,
    linger: u8,
    batch_size: u8,
    request_timeout: u8,
    delivery_timeout: u8,
    max_block: u8,
    small_buffer: bool,
    compressed: bool,
    warm: bool,
    stream: Stream,
}

#[derive(Debug, Arbitrary)]
struct Stream {
    count: u8,
    pace: u8,
    mode: u8,
    key: u8,
    bytes: u16,
    start: u8,
    resend: bool,
}

/// How many brokers, partitions and records there are at most.
const BROKERS: u8 = 4;
const PARTITIONS: u8 = 3;
const RECORDS: u8 = 40;

/// One of a list, chosen by a byte.
fn one<T: Copy>(of: &[T], by: u8) -> T {
    of[usize::from(by) % of.len()]
}

impl Plan {
    /// How many records are to be sent.
    pub fn records(&self) -> u32 {
        self.producers().map(|(_, producer)| u32::from(producer.stream.count())).sum()
    }

    /// Whether a producer's process may end before its records are settled.
    pub fn kills(&self) -> bool {
        self.faults().any(Fault::ends_a_producer)
    }

    fn brokers(&self) -> u8 {
        self.brokers % BROKERS + 1
    }

    fn producers(&self) -> impl Iterator<Item = (&'static str, &Producer)> {
        std::iter::once(("shop", &self.first)).chain(self.second.iter().map(|second| ("web", second)))
    }

    fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter().flatten()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let brokers = self.brokers();
        let partitions = self.partitions % PARTITIONS + 1;
        writeln!(
            f,
            "profile = \"{}\"",
            one(&["kafka-4.3", "kafka-4.1", "kafka-3.2", "kafka-2.4"], self.release)
        )?;
        writeln!(f, "seed = {}\nstop = \"90s\"\n", self.seed)?;
        writeln!(f, "[cluster]\nbrokers = {brokers}\n")?;
        writeln!(f, "[[topics]]\nname = \"orders\"\npartitions = {partitions}")?;
        writeln!(f, "replication-factor = {brokers}")?;
        writeln!(f, "config = {{ \"min.insync.replicas\" = {} }}\n", self.min_isr % brokers + 1)?;
        let latencies = [
            "\"1ms\"",
            "\"0ms\"",
            "{ distribution = \"lognormal\", median = \"1ms\", p99 = \"8ms\" }",
            "{ distribution = \"uniform\", min = \"100us\", max = \"30ms\" }",
        ];
        writeln!(f, "[network]\nlatency = {}", one(&latencies, self.latency))?;
        for (id, producer) in self.producers() {
            producer.write(id, f)?;
        }
        if self.consumer {
            writeln!(f, "\n[[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]")?;
        }
        self.faults().try_for_each(|fault| fault.write(brokers, partitions, f))
    }
}

impl Producer {
    fn write(&self, id: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acks = one(&["all", "all", "1", "0"], self.acks);
        let idempotence = self.idempotence && acks == "all";
        let in_flight = if idempotence { self.in_flight % 5 + 1 } else { self.in_flight % 8 + 1 };
        let linger = one(&[0, 5, 100], self.linger);
        let request = 200 + 20 * u32::from(self.request_timeout);
        let delivery = request + linger + 50 * u32::from(self.delivery_timeout);
        writeln!(f, "\n[[producers]]\nid = \"{id}\"")?;
        writeln!(f, "start = \"{}\"", if self.warm { "warm" } else { "cold" })?;
        writeln!(f, "[producers.config]\n\"acks\" = \"{acks}\"\n\"enable.idempotence\" = {idempotence}")?;
        writeln!(f, "\"max.in.flight.requests.per.connection\" = {in_flight}")?;
        if !self.retries && !idempotence {
            writeln!(f, "\"retries\" = 0")?;
        }
        writeln!(f, "\"linger.ms\" = {linger}")?;
        writeln!(f, "\"batch.size\" = {}", one(&[16_384, 400, 0], self.batch_size))?;
        writeln!(f, "\"request.timeout.ms\" = {request}\n\"delivery.timeout.ms\" = {delivery}")?;
        writeln!(f, "\"max.block.ms\" = {}", 20 * u32::from(self.max_block))?;
        if self.small_buffer {
            writeln!(f, "\"buffer.memory\" = 40000")?;
        }
        if self.compressed {
            writeln!(f, "\"compression.type\" = \"lz4\"")?;
        }
        self.stream.write(f)
    }
}

impl Stream {
    fn count(&self) -> u8 {
        self.count % RECORDS + 1
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n[[producers.sends]]\ntopic = \"orders\"\ncount = {}", self.count())?;
        writeln!(f, "start = \"{}ms\"", 10 * u32::from(self.start))?;
        let mode = one(&["async", "sync", "fire-and-forget"], self.mode);
        writeln!(f, "mode = \"{mode}\"")?;
        let looks = mode != "fire-and-forget";
        let paces =
            ["", "every = \"7ms\"\n", "rate = \"200/s\"\n", "every = \"400ms\"\n", "outstanding = 3\n"];
        let open_loops = paces.len() - 1;
        write!(f, "{}", one(if looks { &paces } else { &paces[..open_loops] }, self.pace))?;
        write!(f, "{}", one(&["", "key = \"{i % 3}\"\n", "partition = 0\n"], self.key))?;
        if self.resend && looks {
            writeln!(f, "resend = {{ on = \"failed\", times = 1 }}")?;
        }
        writeln!(f, "value = {{ bytes = {} }}", self.bytes % 3_000)
    }
}
