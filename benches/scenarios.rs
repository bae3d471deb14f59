//! What is measured, for criterion (`cargo bench -p inflight-benches`) and for `inflight bench` alike: the scenarios, and
//! the event queue by itself.

use sim_core::kernel::Queue;
use sim_core::scenario::{Overrides, Scenario, Source};
use sim_core::time::Time;

/// Full batches: records dominate. Three brokers, acks=all, six partitions, so many records of 100 bytes as fast as 200,000
/// a second of the run, about 40 events of the queue for a thousand of them.
pub fn pipeline(records: u32) -> Scenario {
    run_of(&format!("count = {records}\nrate = \"200000/s\""), "")
}

/// One record a batch, five in flight: events dominate. The same cluster; each record is a request, two followers'
/// fetches with their answers, an answer, and the sender's turns around them: six to seven events of the queue.
pub fn one_record_a_batch(records: u32) -> Scenario {
    run_of(
        &format!("count = {records}\noutstanding = 5"),
        "config = { \"batch.size\" = 0, \"linger.ms\" = 0 }",
    )
}

fn run_of(stream: &str, producer: &str) -> Scenario {
    read(&format!(
        r#"
profile = "kafka-4.1"
stop = "1000min"
[[topics]]
name = "orders"
partitions = 6
config = {{ "min.insync.replicas" = 2 }}
[[producers]]
id = "shop"
start = "warm"
{producer}
[[producers.sends]]
topic = "orders"
{stream}
value = {{ bytes = 100 }}
"#
    ))
}

/// The only replica is down for ten seconds, while a hundred records a second go on coming.
pub fn outage() -> Scenario {
    read(
        r#"
profile = "kafka-4.1"
[[topics]]
name = "orders"
replication-factor = 1
[[producers]]
id = "shop"
start = "warm"
[[producers.sends]]
topic = "orders"
count = 1200
every = "10ms"
value = { bytes = 100 }
[[faults]]
at = "1s"
do = { crash = 0, for = "10s" }
"#,
    )
}

/// Twenty records and two faults, latencies drawn.
pub fn short() -> Scenario {
    read(
        r#"
profile = "kafka-4.1"
[network]
latency = { distribution = "lognormal", median = "1ms", p99 = "8ms" }
[[topics]]
name = "orders"
config = { "min.insync.replicas" = 2 }
[[producers]]
id = "shop"
start = "warm"
config = { "enable.idempotence" = false, "request.timeout.ms" = 1000 }
[[producers.sends]]
topic = "orders"
count = 20
every = "10ms"
value = { bytes = 100 }
[[faults]]
on = { event = "produce-response", nth = 2 }
do = { lose = "it" }
[[faults]]
on = { event = "produce-request", nth = 5 }
do = { delay = "it", by = "50ms" }
"#,
    )
}

/// So many brokers, and so many partitions of three replicas each, spread evenly: for ten seconds each partition gets about
/// a record a second, all with acks=all; after three of them a broker shuts down, and comes back two seconds later, so that
/// leaders and ISRs move.
pub fn cluster(brokers: u32, partitions: u32) -> Scenario {
    read(&format!(
        r#"
profile = "kafka-4.1"
[cluster]
brokers = {brokers}
[[topics]]
name = "orders"
partitions = {partitions}
config = {{ "min.insync.replicas" = 2 }}
[[producers]]
id = "shop"
start = "warm"
[[producers.sends]]
topic = "orders"
count = {}
rate = "{partitions}/s"
key = "{{i}}"
value = {{ bytes = 100 }}
[[faults]]
at = "3s"
do = {{ shutdown = 1, for = "2s" }}
"#,
        10 * u64::from(partitions)
    ))
}

fn read(text: &str) -> Scenario {
    let loaded = Scenario::load(&Source::new("bench.toml", text), &Overrides::default());
    loaded.unwrap_or_else(|errors| panic!("{errors}")).scenario
}

/// The event queue alone, a thousand timers pending: each one that is taken is set again.
pub struct Timers {
    queue: Queue<u32>,
    state: u64,
}

impl Timers {
    /// A thousand timers.
    pub fn pending() -> Timers {
        let mut timers = Timers { queue: Queue::default(), state: 1 };
        for timer in 0..1_000 {
            let first = timers.wait();
            timers.queue.push_system(Time::from_nanos(first), timer);
        }
        timers
    }

    /// So many of them are taken and set again.
    pub fn take(&mut self, events: u64) {
        for _ in 0..events {
            let Some((time, timer)) = self.queue.pop() else { return };
            let wait = self.wait();
            self.queue.push_system(Time::from_nanos(time.nanos() + wait), timer);
        }
    }

    fn wait(&mut self) -> u64 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.state >> 44
    }
}
