//! The scenarios that the benchmarks run.

use sim_core::scenario::{Overrides, Scenario, Source};

/// The full model in batches: three brokers, acks=all, one topic of six partitions, a closed loop of so many records.
pub fn pipeline(records: u32) -> Scenario {
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
config = {{ "linger.ms" = 5 }}
[[producers.sends]]
topic = "orders"
count = {records}
rate = "200000/s"
value = {{ bytes = 100 }}
"#
    ))
}

/// Ten seconds without a leader: the client is cut off from the only broker, and keeps trying.
pub fn outage() -> Scenario {
    read(
        r#"
profile = "kafka-4.1"
[cluster]
brokers = 1
[[topics]]
name = "orders"
partitions = 6
replication-factor = 1
[[producers]]
id = "shop"
start = "warm"
[[producers.sends]]
topic = "orders"
count = 10000
rate = "1000/s"
value = { bytes = 100 }
[[faults]]
at = "1s"
do = { crash = 0, for = "10s" }
"#,
    )
}

/// Twenty records and two faults.
pub fn short(seed: u64) -> Scenario {
    let text = r#"
profile = "kafka-4.1"
[[topics]]
name = "orders"
[[producers]]
id = "shop"
start = "warm"
config = { "request.timeout.ms" = 1000 }
[[producers.sends]]
topic = "orders"
count = 20
every = "5ms"
value = { bytes = 100 }
[[faults]]
on = { event = "produce-response", nth = 2 }
do = { lose = "it" }
[[faults]]
on = { event = "produce-request", nth = 4 }
do = { reset = "it" }
"#;
    Scenario { seed, ..read(text) }
}

fn read(text: &str) -> Scenario {
    let loaded = Scenario::load(&Source::new("bench.toml", text), &Overrides::default());
    loaded.unwrap_or_else(|errors| panic!("{errors}")).scenario
}
