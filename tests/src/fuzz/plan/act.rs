//! Faults of a small scenario.

use std::fmt;

use arbitrary::Arbitrary;

use super::one;

/// Something done to the system, at a time or on an event.
#[derive(Debug, Arbitrary)]
pub(super) struct Fault {
    /// In steps of 10 ms.
    at: u16,
    event: u8,
    nth: u8,
    /// In steps of 50 ms.
    lasts: u8,
    act: Act,
}

#[derive(Debug, Arbitrary)]
enum Act {
    Message(MessageAct),
    Broker(u8, BrokerAct),
    Cut { broker: u8, one_way: bool, reject: bool },
    CutOff { broker: u8, from: Option<u8>, one_way: bool, reject: bool },
    Elect { broker: u8, partition: u8 },
    AddPartitions,
    MinIsr(u8),
    Producer(ProducerAct),
}

#[derive(Debug, Arbitrary)]
enum MessageAct {
    Lose,
    Delay,
    Reset,
    Fail { error: u8, append: bool },
}

#[derive(Debug, Arbitrary)]
enum BrokerAct {
    Crash,
    LosePower(Option<u8>),
    Pause,
    Slow,
    SlowDisk,
    BlockFetches,
}

#[derive(Debug, Arbitrary)]
enum ProducerAct {
    KillAndStart,
    Kill,
    Close,
    CloseInTime,
    Flush,
    Abandon,
}

const MESSAGES: [&str; 8] = [
    "produce-request",
    "produce-response",
    "fetch-request",
    "fetch-response",
    "metadata-request",
    "metadata-response",
    "init-producer-id-request",
    "init-producer-id-response",
];
const REQUESTS: [&str; 1] = ["produce-request"];
const EVENTS: [&str; 5] = ["append", "replicated", "hw-advanced", "acknowledged", "retry"];
const ERRORS: [&str; 5] = [
    "NOT_ENOUGH_REPLICAS",
    "NOT_LEADER_OR_FOLLOWER",
    "REQUEST_TIMED_OUT",
    "MESSAGE_TOO_LARGE",
    "INVALID_RECORD",
];

impl Fault {
    /// Whether it may end a producer's process, or its `send()`s, before its records are settled.
    pub(super) fn ends_a_producer(&self) -> bool {
        matches!(self.act, Act::Producer(ref act) if !matches!(act, ProducerAct::Flush))
    }

    pub(super) fn write(&self, brokers: u8, partitions: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nth = self.nth % 20 + 1;
        writeln!(f, "\n[[faults]]")?;
        match &self.act {
            Act::Message(MessageAct::Fail { .. }) => {
                writeln!(f, "on = {{ event = \"{}\", nth = {nth} }}", one(&REQUESTS, self.event))?;
            }
            Act::Message(_) => {
                writeln!(f, "on = {{ event = \"{}\", nth = {nth} }}", one(&MESSAGES, self.event))?;
            }
            _ if self.event.is_multiple_of(2) => {
                writeln!(f, "at = \"{}ms\"", 10 * (u32::from(self.at) % 1_000))?;
            }
            _ => writeln!(f, "on = {{ event = \"{}\", nth = {nth} }}", one(&EVENTS, self.event / 2))?,
        }
        let lasts = format!("for = \"{}ms\"", 50 * (u32::from(self.lasts) + 1));
        match &self.act {
            Act::Message(act) => act.write(self.lasts, f),
            Act::Broker(broker, act) => act.write(broker % brokers, &lasts, f),
            Act::Cut { broker, one_way, reject } => {
                let how = format!("one-way = {one_way}, reject = {reject}");
                writeln!(f, "do = {{ cut = [\"client\", {}], {lasts}, {how} }}", broker % brokers)
            }
            Act::CutOff { broker, from, one_way, reject } => {
                let broker = broker % brokers;
                let other = from.map(|from| from % brokers).filter(|other| *other != broker);
                let other = other.map_or("\"controller\"".to_owned(), |other| other.to_string());
                let how = format!("one-way = {one_way}, reject = {reject}");
                writeln!(f, "do = {{ cut = [{broker}, {other}], {lasts}, {how} }}")
            }
            Act::Elect { broker, partition } => {
                let (partition, broker) = (partition % partitions, broker % brokers);
                writeln!(f, "do = {{ elect = \"orders-{partition}\", leader = {broker} }}")
            }
            Act::AddPartitions => {
                writeln!(f, "do = {{ add-partitions = \"orders\", to = {} }}", partitions + 2)
            }
            Act::MinIsr(least) => {
                let config = format!("{{ \"min.insync.replicas\" = {} }}", least % brokers + 1);
                writeln!(f, "do = {{ set-config = \"orders\", config = {config} }}")
            }
            Act::Producer(act) => act.write(&lasts, f),
        }
    }
}

impl MessageAct {
    fn write(&self, lasts: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MessageAct::Lose => writeln!(f, "do = {{ lose = \"it\" }}"),
            MessageAct::Delay => {
                writeln!(f, "do = {{ delay = \"it\", by = \"{}ms\" }}", 20 * u32::from(lasts))
            }
            MessageAct::Reset => writeln!(f, "do = {{ reset = \"it\" }}"),
            MessageAct::Fail { error, append } => {
                let error = one(&ERRORS, *error);
                writeln!(f, "do = {{ fail = \"it\", error = \"{error}\", append = {append} }}")
            }
        }
    }
}

impl BrokerAct {
    fn write(&self, broker: u8, lasts: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BrokerAct::Crash => writeln!(f, "do = {{ crash = {broker}, {lasts} }}"),
            BrokerAct::LosePower(None) => writeln!(f, "do = {{ crash = {broker}, power = true, {lasts} }}"),
            BrokerAct::LosePower(Some(records)) => {
                writeln!(f, "do = {{ crash = {broker}, power = true, survives = {records}, {lasts} }}")
            }
            BrokerAct::Pause => writeln!(f, "do = {{ pause = {broker}, {lasts} }}"),
            BrokerAct::SlowDisk => writeln!(f, "do = {{ slow = {broker}, disk = \"7ms\", {lasts} }}"),
            BrokerAct::BlockFetches => writeln!(f, "do = {{ block-fetches = {broker}, {lasts} }}"),
            BrokerAct::Slow => writeln!(f, "do = {{ slow = {broker}, by = \"30ms\", {lasts} }}"),
        }
    }
}

impl ProducerAct {
    fn write(&self, lasts: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProducerAct::KillAndStart => writeln!(f, "do = {{ kill-producer = \"shop\", {lasts} }}"),
            ProducerAct::Kill => writeln!(f, "do = {{ kill-producer = \"shop\" }}"),
            ProducerAct::Close => writeln!(f, "do = {{ close-producer = \"shop\" }}"),
            ProducerAct::CloseInTime => {
                writeln!(f, "do = {{ close-producer = \"shop\", timeout = \"100ms\" }}")
            }
            ProducerAct::Flush => writeln!(f, "do = {{ flush-producer = \"shop\" }}"),
            ProducerAct::Abandon => writeln!(f, "do = {{ abandon-producer = \"shop\" }}"),
        }
    }
}
