//! `config` tables, `.properties` files and what the command line sets, resolved by Kafka's rules; what Kafka refuses is
//! reported at the line that set it.

use std::collections::BTreeMap;

use super::super::document::{Node, Table, Value};
use super::super::error::Problems;
use super::super::limits;
use super::super::merge::flattened;
use super::super::model::{Acting, Overrides};
use super::super::quantity::short;
use super::super::section::{text, wrong_type};
use super::super::source::{At, Source, Texts};
use crate::config::{
    BrokerConfig, ConfigError, ConsumerConfig, Effective, Family, Note, Origin, PartitionerClass,
    ProducerConfig, Release, Resolved, Setting, Settings, TopicConfig, decode_properties, parse_properties,
    resolve_broker, resolve_consumer, resolve_producer, resolve_topic,
};
use crate::record::{BrokerId, TopicIx};
use crate::template::{NumberTemplate, Template};

const UNCLEAN: &str = "unclean.leader.election.enable";

/// The settings of a part that somebody set or that are not what the release would choose.
#[derive(Clone, Debug, PartialEq)]
pub struct PartConfig {
    /// The producer's, topic's or consumer's name; empty for the brokers.
    pub part: String,
    /// Which kind of part.
    pub family: Family,
    /// In the order of the alphabet.
    pub values: Vec<Effective>,
}

/// A remark about a setting that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartNote {
    /// The producer's, topic's or consumer's name; empty for the brokers.
    pub part: String,
    /// Which kind of part.
    pub family: Family,
    /// The remark.
    pub note: Note,
}

/// What a scenario says about a producer beside Kafka's keys.
pub(super) struct ProducerExtras<'d> {
    pub(super) id: &'d str,
    pub(super) jitter: bool,
    pub(super) partitioner: Option<PartitionerClass>,
    pub(super) compression_ratio: Option<f64>,
}

/// Settings with the place of each, weakest first; of the same key only the strongest.
#[derive(Clone, Default)]
struct Placed {
    list: Vec<(Setting, At)>,
}

impl Placed {
    fn push(&mut self, setting: Setting, at: At) {
        self.list.retain(|(weaker, _)| weaker.key != setting.key);
        self.list.push((setting, at));
    }

    fn extend(&mut self, stronger: &Placed) {
        for (setting, at) in &stronger.list {
            self.push(setting.clone(), *at);
        }
    }

    fn settings(&self) -> Settings {
        let mut settings = Settings::new();
        for (setting, _) in &self.list {
            settings.push(setting.key.as_str(), setting.value.as_str(), setting.origin.clone());
        }
        settings
    }

    fn get(&self, key: &str) -> Option<&(Setting, At)> {
        self.list.iter().find(|(setting, _)| setting.key == key)
    }

    /// Where the value of a key comes from.
    fn place(&self, key: &str) -> Option<At> {
        self.get(key).map(|(_, at)| *at)
    }
}

/// Resolves the configuration of every part of one scenario.
pub(crate) struct Configs<'a> {
    source: &'a Source,
    producer_properties: Option<&'a (String, String)>,
    /// `.properties` files that have been read, by path, and the one of the command line.
    files: BTreeMap<String, Placed>,
    command_line: Option<Placed>,
    texts: &'a mut Texts,
    problems: &'a Problems,
    release: Release,
    /// Settings of the brokers, and what they resolve to: a topic's defaults.
    broker: Placed,
    broker_resolved: Option<Resolved<BrokerConfig>>,
    topics: Vec<(String, Placed)>,
    /// What `set-config` has set on single brokers so far.
    single_brokers: BTreeMap<BrokerId, Placed>,
    configs: Vec<PartConfig>,
    notes: Vec<PartNote>,
}

impl<'a> Configs<'a> {
    pub(crate) fn new(
        source: &'a Source,
        overrides: &'a Overrides,
        texts: &'a mut Texts,
        problems: &'a Problems,
    ) -> Configs<'a> {
        Configs {
            source,
            producer_properties: overrides.producer_properties.as_ref(),
            files: BTreeMap::new(),
            command_line: None,
            texts,
            problems,
            release: Release::NEWEST,
            broker: Placed::default(),
            broker_resolved: None,
            topics: Vec::new(),
            single_brokers: BTreeMap::new(),
            configs: Vec::new(),
            notes: Vec::new(),
        }
    }

    pub(super) fn set_release(&mut self, release: Release) {
        self.release = release;
    }

    /// Settings worth showing and remarks, of all parts, producers first.
    pub(crate) fn into_remarks(self) -> (Vec<PartConfig>, Vec<PartNote>) {
        let (mut configs, mut notes) = (self.configs, self.notes);
        configs.sort_by_key(|part| order(part.family));
        notes.sort_by_key(|part| order(part.family));
        (configs, notes)
    }

    pub(super) fn broker(&mut self, config: Option<&Node>) -> Option<BrokerConfig> {
        self.broker = self.settings(config);
        let resolved =
            self.refuse(resolve_broker(self.release, &self.broker.settings()), config, &self.broker)?;
        let config = resolved.config.clone();
        self.remember("", Family::Broker, &resolved);
        self.broker_resolved = Some(resolved);
        Some(config)
    }

    pub(super) fn topic(&mut self, name: &str, config: Option<&Node>) -> Option<TopicConfig> {
        let placed = self.settings(config);
        let broker = self.broker_resolved.as_ref()?;
        let resolved = resolve_topic(self.release, &placed.settings(), broker);
        let resolved = self.refuse(resolved, config, &placed)?;
        self.remember(name, Family::Topic, &resolved);
        self.topics.push((name.to_owned(), placed));
        Some(resolved.config)
    }

    pub(super) fn producer(
        &mut self,
        properties: Option<&Node>,
        config: Option<&Node>,
        extras: &ProducerExtras<'_>,
    ) -> Option<ProducerConfig> {
        let mut placed = self.properties_of(properties)?;
        let (mut file, mut command_line) = (Placed::default(), Placed::default());
        self.take(config, &mut file, &mut command_line);
        placed.extend(&file);
        placed.extend(&self.command_line_properties()?);
        placed.extend(&command_line);
        let resolved = resolve_producer(
            self.release,
            &placed.settings(),
            crate::config::ProducerExtras {
                client_id: extras.id.to_owned(),
                partitioner: extras.partitioner,
                compression_ratio: extras.compression_ratio,
                jitter: extras.jitter,
            },
        );
        let resolved = self.refuse(resolved, config, &placed)?;
        self.not_yet(&placed, "transactional.id", "transactions");
        self.remember(extras.id, Family::Producer, &resolved);
        Some(resolved.config)
    }

    pub(super) fn consumer(&mut self, id: &str, config: Option<&Node>) -> Option<ConsumerConfig> {
        let placed = self.settings(config);
        let resolved = self.refuse(resolve_consumer(self.release, &placed.settings()), config, &placed)?;
        self.not_yet(&placed, "group.id", "consumer groups");
        self.remember(id, Family::Consumer, &resolved);
        Some(resolved.config)
    }

    /// `set-config` of a topic: over what the file and faults before this one set.
    pub(super) fn set_topic(&mut self, topic: TopicIx, config: &Node) -> Option<Acting> {
        let added = self.settings(Some(config));
        let place = topic.0 as usize;
        let mut placed = self.topics.get(place)?.1.clone();
        placed.extend(&added);
        let broker = self.broker_resolved.as_ref()?;
        let resolved = resolve_topic(self.release, &placed.settings(), broker);
        let resolved = self.refuse(resolved, Some(config), &placed)?;
        self.topics[place].1 = placed;
        Some(Acting::Topic(topic, resolved.config))
    }

    /// `set-config` of a broker, likewise.
    pub(super) fn set_broker(&mut self, broker: BrokerId, config: &Node) -> Option<Acting> {
        let added = self.settings(Some(config));
        let mut placed = self.single_brokers.get(&broker).unwrap_or(&self.broker).clone();
        placed.extend(&added);
        let resolved =
            self.refuse(resolve_broker(self.release, &placed.settings()), Some(config), &placed)?;
        if let Some(at) = added.place(UNCLEAN) {
            self.problems.report(
                at,
                format!("`{UNCLEAN}` of one broker decides nothing: the controller looks at the topics"),
                format!("write `set-config = \"orders\", config = {{ \"{UNCLEAN}\" = true }}`"),
            );
        }
        self.single_brokers.insert(broker, placed);
        Some(Acting::Broker(broker, resolved.config))
    }

    /// The settings of a `config` table, those of the command line last.
    fn settings(&self, config: Option<&Node>) -> Placed {
        let (mut file, mut command_line) = (Placed::default(), Placed::default());
        self.take(config, &mut file, &mut command_line);
        file.extend(&command_line);
        file
    }

    fn take(&self, config: Option<&Node>, file: &mut Placed, command_line: &mut Placed) {
        let Some(node) = config else { return };
        let Some(table) = node.as_table() else {
            return wrong_type(
                node,
                "config",
                "a table",
                "write `config = { \"acks\" = \"all\" }`",
                self.problems,
            );
        };
        let settings = flattened(table);
        if settings.len() > limits::SETTINGS {
            let message = format!("{} settings, more than the limit of {}", settings.len(), limits::SETTINGS);
            return self.problems.report_bare(node.at, message);
        }
        for (key, key_at, value) in settings {
            let Some(text) = property_text(value) else {
                let help = "write a number, true or false, or text in quotes, as in a `.properties` file";
                wrong_type(value, &short(&key), "one value", help, self.problems);
                continue;
            };
            if value.at.text == 0 {
                let span = value.at.start as usize..value.at.end as usize;
                let origin = Origin::Scenario { line: self.texts.line(value.at), span };
                file.push(Setting { key, value: text, origin }, place_of(key_at, value));
            } else {
                command_line.push(Setting { key, value: text, origin: Origin::Set }, place_of(key_at, value));
            }
        }
    }

    /// The `.properties` file that a producer names.
    fn properties_of(&mut self, path: Option<&Node>) -> Option<Placed> {
        let Some(node) = path else { return Some(Placed::default()) };
        let path = text(node, "properties", self.problems)?;
        let Some(bytes) = self.source.properties.get(path) else {
            let help = "its path is relative to the scenario file";
            self.problems.report(node.at, format!("there is no file `{}`", short(path)), help);
            return None;
        };
        if let Some(read) = self.files.get(path) {
            return Some(read.clone());
        }
        let read = self.properties(path, bytes)?;
        self.files.insert(path.to_owned(), read.clone());
        Some(read)
    }

    /// What `--producer-config` brought.
    fn command_line_properties(&mut self) -> Option<Placed> {
        let Some((name, content)) = self.producer_properties else { return Some(Placed::default()) };
        if self.command_line.is_none() {
            self.command_line = self.properties(name, content.as_bytes());
        }
        self.command_line.clone()
    }

    fn properties(&mut self, name: &str, bytes: &[u8]) -> Option<Placed> {
        let lines = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count();
        if bytes.len() > limits::FILE_BYTES || lines > limits::SETTINGS {
            let text = self.texts.add(name, "");
            let message =
                format!("the file is longer than the limit of 4 MiB and {} lines", limits::SETTINGS);
            self.problems.report_bare(At { text, start: 0, end: 0 }, message);
            return None;
        }
        let content = String::from_utf8_lossy(bytes);
        let text = self.texts.add(name, &content);
        let read = decode_properties(bytes).and_then(parse_properties);
        match read {
            Ok(properties) => {
                let mut placed = Placed::default();
                for property in properties {
                    let origin = Origin::Properties { file: name.into(), line: property.line };
                    let setting = Setting { key: property.key, value: property.value, origin };
                    placed.push(setting, self.texts.line_place(text, property.line));
                }
                Some(placed)
            }
            Err(error) => {
                self.problems.report(
                    self.texts.line_place(text, error.line()),
                    error.to_string(),
                    error.instead(),
                );
                None
            }
        }
    }

    /// Reports what Kafka refuses, at the setting, or at the table if it is a default that does not fit.
    fn refuse<T>(
        &self,
        resolved: Result<T, ConfigError>,
        config: Option<&Node>,
        placed: &Placed,
    ) -> Option<T> {
        let error = match resolved {
            Ok(resolved) => return Some(resolved),
            Err(error) => error,
        };
        let at = placed.place(&error.key).or(config.map(|node| node.at)).unwrap_or_default();
        let exceptions =
            error.exception.into_iter().chain(error.cause.as_ref().map(|cause| cause.0)).collect();
        self.problems.report_exception(at, error.to_string(), Some(error.instead), exceptions);
        None
    }

    fn not_yet(&self, placed: &Placed, key: &str, what: &str) {
        if let Some((setting, at)) = placed.get(key)
            && !setting.value.is_empty()
        {
            self.problems.not_modelled(*at, &format!("`{key}` ({what})"));
        }
    }

    fn remember<T>(&mut self, part: &str, family: Family, resolved: &Resolved<T>) {
        let notable = |value: &&Effective| value.origin.is_some() || value.differs();
        let values: Vec<Effective> = resolved.values.iter().filter(notable).cloned().collect();
        if !values.is_empty() {
            self.configs.push(PartConfig { part: part.to_owned(), family, values });
        }
        let notes = resolved.notes.iter().cloned();
        self.notes.extend(notes.map(|note| PartNote { part: part.to_owned(), family, note }));
    }
}

fn order(family: Family) -> u8 {
    match family {
        Family::Producer => 0,
        Family::Consumer => 1,
        Family::Topic => 2,
        Family::Broker => 3,
    }
}

/// A setting from its key to its value, if both stand in one text.
fn place_of(key_at: At, value: &Node) -> At {
    if key_at.text == value.at.text && key_at.start <= value.at.end {
        At { end: value.at.end, ..key_at }
    } else {
        value.at
    }
}

/// A value as a `.properties` file would have it; `None` for what is no single value.
pub(super) fn property_text(node: &Node) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Whole(number) => Some(number.to_string()),
        Value::Real(_, written) => Some(written.clone()),
        Value::Truth(truth) => Some(truth.to_string()),
        Value::Date | Value::List(_) | Value::Table(Table { .. }) => None,
    }
}

/// Reports a template whose placeholders cannot be read.
pub(super) fn check_template(node: &Node, given: &str, problems: &Problems) {
    if let Err(error) = Template::parse(given) {
        problems.report(node.at, error.to_string(), PLACEHOLDERS);
    }
}

/// Reports a text that does not give a whole number from 0 on, or one at all.
pub(super) fn check_number_template(node: &Node, given: &str, least: i64, problems: &Problems) {
    match NumberTemplate::parse(given) {
        Err(error) => problems.report(node.at, error.to_string(), PLACEHOLDERS),
        Ok(template) if template.smallest() < least => {
            let message = format!("`{}` gives {}, which is below {least}", short(given), template.smallest());
            problems.report(node.at, message, format!("write a text whose numbers are {least} or more"));
        }
        Ok(_) => {}
    }
}

const PLACEHOLDERS: &str = "placeholders are `{i}`, `{i + 1}`, `{i % 4}`, `{random 100}`, `{zipf 100 1.1}`";
