//! Every configuration key that Kafka's clients, brokers and topics have, release by release, and what it does here.
//!
//! The facts are in `tables/*.tsv`, one table a family: key, type, defaults by release, allowed values, and the effect
//! on the model. A release that is not named has the default of the newest one before it.

use std::fmt;
use std::sync::LazyLock;

use crate::config::Release;
use crate::config::allowed::Allowed;

/// Who has a key: the four definitions of Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `ProducerConfig`.
    Producer,
    /// `ConsumerConfig`.
    Consumer,
    /// `KafkaConfig`.
    Broker,
    /// `LogConfig`.
    Topic,
}

impl Family {
    /// All of them, in the order in which a key without an owner looks for one.
    pub const ALL: [Family; 4] = [Family::Producer, Family::Consumer, Family::Broker, Family::Topic];

    /// `producer`.
    pub const fn name(self) -> &'static str {
        match self {
            Family::Producer => "producer",
            Family::Consumer => "consumer",
            Family::Broker => "broker",
            Family::Topic => "topic",
        }
    }

    /// Where a scenario says it: `[[producers]] config`.
    pub const fn place(self) -> &'static str {
        match self {
            Family::Producer => "[[producers]] config",
            Family::Consumer => "[[consumers]] config",
            Family::Broker => "[cluster] config",
            Family::Topic => "[[topics]] config",
        }
    }

    /// Its keys, in the order of the alphabet.
    pub fn keys(self) -> &'static [Key] {
        &TABLES[self as usize]
    }

    /// Its key of this name, whatever the release.
    pub fn key(self, name: &str) -> Option<&'static Key> {
        let keys = self.keys();
        keys.binary_search_by(|key| key.name.cmp(name)).ok().map(|at| &keys[at])
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The families that have a key of this name in some release, producers first: where a `--set` without an owner goes.
pub fn families_of(key: &str) -> Vec<Family> {
    Family::ALL.into_iter().filter(|family| family.key(key).is_some()).collect()
}

/// `ConfigDef.Type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is Kafka's type of the same name")]
pub enum Kind {
    Boolean,
    Short,
    Int,
    Long,
    Double,
    String,
    List,
    Class,
    Password,
}

/// What setting a key does to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The model follows it.
    Works,
    /// It cannot matter here; why.
    None(&'static str),
    /// It would matter, but is not modelled; what holds instead.
    NotYet(&'static str),
}

/// A key's state from one release on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It is there, with this default; none: null, or to be given.
    Default(Option<&'static str>),
    /// It is no longer there.
    Gone,
}

/// A configuration key.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    /// `linger.ms`.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// What setting it does to a run.
    pub effect: Effect,
    allowed: Vec<(Release, Allowed)>,
    history: Vec<(Release, State)>,
}

impl Key {
    /// Whether this release has it.
    pub fn is_in(&self, release: Release) -> bool {
        matches!(self.state(release), Some(State::Default(_)))
    }

    /// Its default in this release as a user would write it; none: null, to be given, or no such key.
    pub fn default_in(&self, release: Release) -> Option<&'static str> {
        match self.state(release) {
            Some(State::Default(text)) => text,
            _ => None,
        }
    }

    /// The first release that has it.
    pub fn since(&self) -> Release {
        self.history[0].0
    }

    /// The first release that has it no longer.
    pub fn gone_in(&self) -> Option<Release> {
        self.history.iter().find(|(_, state)| *state == State::Gone).map(|(release, _)| *release)
    }

    /// Which values this release allows.
    pub(crate) fn allowed_in(&self, release: Release) -> &Allowed {
        let at = self.allowed.iter().rposition(|(since, _)| *since <= release);
        &self.allowed[at.unwrap_or(0)].1
    }

    fn state(&self, release: Release) -> Option<State> {
        self.history.iter().rev().find(|(since, _)| *since <= release).map(|(_, state)| *state)
    }
}

static TABLES: LazyLock<[Vec<Key>; 4]> = LazyLock::new(|| {
    [
        table(include_str!("tables/producer.tsv")),
        table(include_str!("tables/consumer.tsv")),
        table(include_str!("tables/broker.tsv")),
        table(include_str!("tables/topic.tsv")),
    ]
});

/// Reads one of our own tables; a mistake in it is a mistake in the program, found by the tests of this module.
fn table(text: &'static str) -> Vec<Key> {
    text.lines()
        .skip(1)
        .map(|line| key(line).unwrap_or_else(|| panic!("bad line of a table: {line}")))
        .collect()
}

fn key(line: &'static str) -> Option<Key> {
    let mut columns = line.split('\t');
    let key = Key {
        name: columns.next()?,
        kind: kind(columns.next()?)?,
        history: columns.next()?.split("; ").map(since).collect::<Option<_>>()?,
        allowed: allowed(columns.next()?)?,
        effect: effect(columns.next()?)?,
    };
    columns.next().is_none().then_some(key)
}

fn kind(word: &str) -> Option<Kind> {
    Some(match word {
        "boolean" => Kind::Boolean,
        "short" => Kind::Short,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "double" => Kind::Double,
        "string" => Kind::String,
        "list" => Kind::List,
        "class" => Kind::Class,
        "password" => Kind::Password,
        _ => return None,
    })
}

/// `2.1: 120000`, `4.0: (gone)`.
fn since(text: &'static str) -> Option<(Release, State)> {
    let (release, default) = text.split_once(": ")?;
    let state = match default {
        "(gone)" => State::Gone,
        "(required)" | "null" => State::Default(None),
        "(empty)" => State::Default(Some("")),
        list if list.starts_with('[') => State::Default(Some(list.strip_prefix('[')?.strip_suffix(']')?)),
        plain => State::Default(Some(plain)),
    };
    Some((Release::parse(release)?, state))
}

/// `[14,...]; 4.0: [1048576,...]`.
fn allowed(text: &'static str) -> Option<Vec<(Release, Allowed)>> {
    let mut parts = text.split("; ");
    let mut history = vec![(Release::ALL[0], Allowed::of(parts.next()?)?)];
    for part in parts {
        let (release, allowed) = part.split_once(": ")?;
        history.push((Release::parse(release)?, Allowed::of(allowed)?));
    }
    Some(history)
}

fn effect(text: &'static str) -> Option<Effect> {
    if text == "works" {
        return Some(Effect::Works);
    }
    match text.split_once(": ")? {
        ("no-effect", why) => Some(Effect::None(why)),
        ("not-yet", instead) => Some(Effect::NotYet(instead)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default(family: Family, key: &str, major: u8, minor: u8) -> Option<&'static str> {
        family.key(key).expect("a known key").default_in(Release::new(major, minor))
    }

    #[test]
    fn tables_are_sorted_so_that_every_key_is_found() {
        for family in Family::ALL {
            assert!(family.keys().is_sorted_by(|a, b| a.name < b.name), "{family}");
            assert!(family.keys().iter().all(|key| family.key(key.name) == Some(key)));
        }
    }

    /// producer.md 6.1: what differs from release to release.
    #[test]
    fn defaults_change_where_the_reference_says() {
        use Family::Producer;
        assert_eq!(default(Producer, "acks", 2, 8), Some("1"));
        assert_eq!(default(Producer, "acks", 3, 0), Some("all"));
        assert_eq!(default(Producer, "retries", 2, 0), Some("0"));
        assert_eq!(default(Producer, "retries", 2, 1), Some("2147483647"));
        assert_eq!(default(Producer, "linger.ms", 3, 9), Some("0"));
        assert_eq!(default(Producer, "linger.ms", 4, 0), Some("5"));
        assert_eq!(default(Producer, "enable.idempotence", 2, 8), Some("false"));
        assert_eq!(default(Producer, "enable.idempotence", 3, 0), Some("true"));
        assert_eq!(default(Producer, "delivery.timeout.ms", 2, 0), None);
        assert_eq!(default(Producer, "delivery.timeout.ms", 2, 1), Some("120000"));
        assert_eq!(default(Producer, "retry.backoff.max.ms", 3, 6), None);
        assert_eq!(default(Producer, "retry.backoff.max.ms", 3, 7), Some("1000"));
    }

    /// A release between two that were looked at has the older one's default.
    #[test]
    fn between_two_releases_the_older_default_holds() {
        assert_eq!(default(Family::Topic, "max.message.bytes", 2, 7), Some("1000012"));
        assert_eq!(default(Family::Topic, "max.message.bytes", 2, 8), Some("1048588"));
        assert_eq!(default(Family::Broker, "metadata.max.retention.bytes", 3, 8), Some("-1"));
    }

    /// Before the first release that was looked at, topics and brokers have the oldest known default.
    #[test]
    fn the_oldest_known_default_holds_from_the_start() {
        assert_eq!(default(Family::Topic, "segment.bytes", 0, 11), Some("1073741824"));
        assert_eq!(default(Family::Broker, "broker.session.timeout.ms", 1, 0), Some("9000"));
        assert_eq!(default(Family::Broker, "replica.lag.time.max.ms", 2, 4), Some("10000"));
        assert_eq!(default(Family::Broker, "replica.lag.time.max.ms", 2, 5), Some("30000"));
    }

    #[test]
    fn keys_come_and_go() {
        let reporter = Family::Producer.key("auto.include.jmx.reporter").expect("a known key");
        assert_eq!((reporter.since(), reporter.gone_in()), (Release::new(3, 6), Some(Release::new(4, 0))));
        assert!(reporter.is_in(Release::new(3, 9)) && !reporter.is_in(Release::new(4, 0)));
    }

    /// design.md 5: a `--set` goes to the part that has the key, producer first.
    #[test]
    fn a_key_is_routed_to_those_that_have_it() {
        assert_eq!(families_of("acks"), [Family::Producer]);
        assert_eq!(families_of("retry.backoff.ms"), [Family::Producer, Family::Consumer]);
        assert_eq!(families_of("min.insync.replicas"), [Family::Broker, Family::Topic]);
        assert_eq!(families_of("nonsense"), []);
    }
}
