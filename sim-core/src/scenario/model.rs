//! A scenario as the engine takes it: everything typed, defaulted and checked.

mod chaos;
mod faults;

pub use chaos::{Chaos, ChaosFault, ChaosKind};
pub use faults::{Act, Acting, BrokerRef, ChanceOf, ConfigChanges, CutEnd, Fault, On, PowerLoss, When};

use super::expect::Expect;
use crate::config::{BrokerConfig, ConsumerConfig, ProducerConfig, Release, TopicConfig};
use crate::protocol::Exception;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::time::{Span, Time};

/// One scenario, with a twin and overrides already applied.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// The file's name without its ending.
    pub name: String,
    /// The twin that is applied, if one is.
    pub twin: Option<String>,
    /// Gives defaults and rules.
    pub profile: Release,
    /// Of every draw.
    pub seed: u64,
    /// The run ends here at the latest.
    pub stop: Time,
    /// Title, question, answer, what to try.
    pub text: Languages,
    /// For the library.
    pub tags: Vec<String>,
    /// The cluster.
    pub cluster: Cluster,
    /// Its topics; a [`TopicIx`] below their number is one of these.
    pub topics: Vec<Topic>,
    /// Names of topics that only a stream names: the cluster does not know them. Their [`TopicIx`] follow on.
    pub unknown_topics: Vec<String>,
    /// Latencies and the like.
    pub network: Network,
    /// The producers, in the order of the file.
    pub producers: Vec<Producer>,
    /// The consumers, in the order of the file.
    pub consumers: Vec<Consumer>,
    /// What is done to the system on purpose, in the order of the file.
    pub faults: Vec<Fault>,
    /// What is done to it at random.
    pub chaos: Option<Chaos>,
    /// What must come out.
    pub expect: Expect,
    /// The contrasts.
    pub twins: Vec<Twin>,
}

/// A text in the languages that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Languages {
    /// English.
    pub en: Text,
    /// Korean.
    pub ko: Text,
}

/// What a scenario says about itself; empty where the file says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// A few words.
    pub title: String,
    /// The question that it answers.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// What to change, and what one sees then.
    pub r#try: String,
}

/// `[cluster]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// How many brokers; their ids are 0, 1, 2 ...
    pub brokers: u32,
    /// One name a broker, or none.
    pub racks: Vec<String>,
    /// Settings of all brokers.
    pub config: BrokerConfig,
    /// `eligible.leader.replicas.version` > 0.
    pub elr: bool,
    /// Work times and delays.
    pub timing: Timing,
    /// Whether the cluster has been running for long at t=0.
    pub warm: bool,
}

impl Cluster {
    /// `broker.md 1, F16`: there is no ELR before 4.0; a new cluster of 4.0 has it off, one from 4.1 on has it on.
    pub fn elr_by_default(release: Release) -> bool {
        release.at_least(4, 1)
    }
}

/// `[cluster] timing`.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    /// Work on one request.
    pub service: Sampled,
    /// Page cache to disk: how often.
    pub flush: Span,
    /// From the controller's decision to each broker; none: the network's latency.
    pub metadata: Option<Sampled>,
}

/// One `[[topics]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Topic {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub config: TopicConfig,
    /// Replicas of each partition, the preferred leader first.
    pub assignment: Vec<Vec<BrokerId>>,
}

/// `[network]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// One way, every pair.
    pub latency: Sampled,
    /// Bytes a second a connection and direction, if limited.
    pub bandwidth: Option<u64>,
    /// Until a new connection can be used; none: two round trips.
    pub connect: Option<Sampled>,
    /// Single pairs; the last one that fits counts.
    pub links: Vec<Link>,
}

/// One pair of `links`.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The two ends.
    pub between: [LinkEnd; 2],
    /// One way.
    pub latency: Sampled,
}

/// An end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkEnd {
    /// All producers and consumers.
    Clients,
    /// One producer.
    Producer(u16),
    /// One consumer.
    Consumer(u16),
    /// The controller.
    Controller,
    /// A broker.
    Broker(BrokerId),
}

/// A duration, or a distribution to draw it from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sampled {
    /// Always the same.
    Constant(Span),
    /// Drawn.
    Drawn(Distribution),
}

/// A distribution of durations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// Between two bounds, the upper one excluded.
    Uniform {
        /// Lower bound.
        min: Span,
        /// Upper bound.
        max: Span,
    },
    /// Memoryless.
    Exponential {
        /// Its mean.
        mean: Span,
    },
    /// The logarithm is normal.
    Lognormal {
        /// Its median.
        median: Span,
        /// Its 99th percentile.
        p99: Span,
    },
    /// A heavy tail.
    Pareto {
        /// The smallest value.
        min: Span,
        /// The tail's exponent, above 0.
        shape: f64,
    },
}

/// One `[[producers]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Producer {
    /// Its id.
    pub id: String,
    /// Its settings, effective.
    pub config: ProducerConfig,
    /// Whether metadata, connections and producer id are there before t=0.
    pub warm: bool,
    /// How long each callback keeps the sender thread.
    pub callback: Span,
    /// Its streams of records.
    pub sends: Vec<Stream>,
}

/// One `[[producers.sends]]`: a stream of records, one application thread.
#[derive(Clone, Debug, PartialEq)]
pub struct Stream {
    /// Where to.
    pub topic: TopicIx,
    /// How many.
    pub count: u32,
    /// The first one's time.
    pub start: Time,
    /// When the others follow.
    pub pace: Pace,
    /// Whether somebody waits for the results.
    pub mode: Mode,
    /// The keys.
    pub keys: Keys,
    /// The partition, if the record names one.
    pub partition: Option<PartitionChoice>,
    /// The values.
    pub value: ValueSpec,
    /// The headers.
    pub headers: Vec<Header>,
    /// What the application does about failures.
    pub resend: Option<Resend>,
}

/// When the records of a stream are due.
#[derive(Clone, Debug, PartialEq)]
pub enum Pace {
    /// All at `start`.
    Burst,
    /// A fixed interval.
    Every(Span),
    /// Poisson, so many a second.
    Rate(f64),
    /// So many unacknowledged at a time.
    Outstanding(u32),
    /// These times.
    At(Vec<Time>),
}

/// Whether somebody waits for the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// With a callback.
    Async,
    /// The next one after the previous one's result.
    Sync,
    /// Nobody looks.
    FireAndForget,
}

/// The keys of a stream. Texts are templates: `{i}`, `{i + 1}`, `{i % 4}`, `{random 100}`, `{zipf 100 1.1}`.
#[derive(Clone, Debug, PartialEq)]
pub enum Keys {
    /// Null keys.
    None,
    /// One template.
    Template(String),
    /// Templates taken in turn.
    InTurn(Vec<String>),
}

/// The partition that a record names.
#[derive(Clone, Debug, PartialEq)]
pub enum PartitionChoice {
    /// Always this one.
    Fixed(u32),
    /// A template that gives a number.
    Template(String),
}

/// The values of a stream; texts are templates.
#[derive(Clone, Debug, PartialEq)]
pub enum ValueSpec {
    /// So many bytes.
    Bytes(u32),
    /// A text.
    Text(String),
    /// JSON.
    Json(String),
    /// The book's `Customer`.
    Customer {
        /// Its id, a whole number once filled in.
        id: String,
        /// Its name; none: a null name.
        name: Option<String>,
        /// How it is laid out in bytes.
        layout: Decode,
    },
    /// A null value.
    Null,
}

/// A layout of the book's `Customer`, as a writer writes or a reader expects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decode {
    /// `[id int32][length int32][name]`.
    CustomerV1,
    /// `[id int64][length int32][name]`.
    CustomerV2,
}

/// A record header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Its key.
    pub key: String,
    /// Size of its value in bytes.
    pub bytes: u32,
}

/// The application sends a failed record again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resend {
    /// How often at most.
    pub times: u32,
}

/// One `[[consumers]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Consumer {
    /// Its id.
    pub id: String,
    /// What it reads: every partition that it is assigned, ascending.
    pub partitions: Vec<TopicPartition>,
    /// Whether it reads whole topics, so that partitions added later are its too.
    pub topics: Vec<TopicIx>,
    /// Its settings.
    pub config: ConsumerConfig,
    /// When it starts.
    pub start: Time,
    /// The layout that it expects of values.
    pub decode: Option<Decode>,
}

/// One `[[twins]]`: it becomes a [`Scenario`] of its own when it is asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Twin {
    /// Its name.
    pub name: String,
    /// What it shows.
    pub text: Languages,
    /// `set`, as on the command line, in the order of the file.
    pub set: Vec<(String, String)>,
    /// What loading it must end with, if it is not meant to run: `expect = { error = "ConfigException" }`.
    pub expected_error: Option<Exception>,
}

/// What the command line changes in a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--twin`.
    pub twin: Option<String>,
    /// `--set`, in order.
    pub set: Vec<(String, String)>,
    /// `--producer-config`: the text of a `.properties` file, with its name.
    pub producer_properties: Option<(String, String)>,
}
