//! How large a scenario may be. A file that asks for more is refused with the limit's name and value, before anything of
//! that size is built; so no input makes the reader run long or take much memory.

/// Size of a scenario file, and of each `.properties` file, in bytes: 4 MiB.
pub const FILE_BYTES: usize = 4 * 1024 * 1024;
/// Size of one text of the file (a key or value template, a title ...), in bytes: 64 KiB.
pub const TEXT_BYTES: usize = 64 * 1024;
/// Length of the name of a topic, producer, consumer or twin, in characters: Kafka's own limit for topics.
pub const NAME_CHARS: usize = 249;
/// Brokers of the cluster.
pub const BROKERS: u32 = 1_000;
/// Topics, those that only a stream names included.
pub const TOPICS: usize = 10_000;
/// Partitions of all topics, those that a fault adds included.
pub const PARTITIONS: u32 = 100_000;
/// Replicas of all partitions.
pub const REPLICAS: u64 = 300_000;
/// Producers.
pub const PRODUCERS: usize = 1_000;
/// Consumers.
pub const CONSUMERS: usize = 1_000;
/// Settings in one `config` table, and lines of one `.properties` file.
pub const SETTINGS: usize = 1_000;
/// Partitions read by all consumers, each counted once a consumer.
pub const CONSUMED_PARTITIONS: u64 = 300_000;
/// Streams (`[[producers.sends]]`) of all producers.
pub const STREAMS: usize = 10_000;
/// Records of all streams, resends not counted.
pub const RECORDS: u64 = 50_000_000;
/// Records unacknowledged at a time in one closed-loop stream (`outstanding`).
pub const OUTSTANDING: u64 = 1_000_000;
/// Times that an application sends a failed record again.
pub const RESENDS: u64 = 1_000;
/// Size of a value or of a header's value, in bytes: 256 MiB.
pub const VALUE_BYTES: u64 = 256 * 1024 * 1024;
/// Headers of a record.
pub const HEADERS: usize = 1_000;
/// Faults.
pub const FAULTS: usize = 10_000;
/// `network.links`.
pub const LINKS: usize = 10_000;
/// Entries of a twin's `set`, and `--set`s of one command.
pub const SETS: usize = 100;
/// File size times twins up to which twins are tried with the file; those of a larger file when they are asked for.
pub const TRIED_BYTES: usize = 16 * 1024 * 1024;
/// Twins.
pub const TWINS: usize = 100;
/// The longest duration and the latest time, in nanoseconds: 366 days.
pub const TIME_NANOS: u64 = 366 * 24 * 3_600 * 1_000_000_000;
/// Problems that one reading reports; the others are counted.
pub const PROBLEMS: usize = 20;
