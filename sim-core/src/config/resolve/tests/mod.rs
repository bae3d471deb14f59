//! Kafka's rules about settings, each by the release where it holds, and what is said about what was set.

mod cluster;
mod consumer;
mod producer;

use super::*;
use crate::config::{ConfigError, Family, NoteKind, Origin, ProducerConfig, Release, Resolved, Settings};
use crate::protocol::Exception;

/// `kafka-4.1` as `4.1`.
fn release(text: &str) -> Release {
    Release::parse(text).expect("a release")
}

/// `acks=1 retries=0`, as `--set` says it.
fn set(text: &str) -> Settings {
    let mut settings = Settings::new();
    for setting in text.split_whitespace() {
        let (key, value) = setting.split_once('=').expect("key=value");
        settings.push(key, value, Origin::Set);
    }
    settings
}

fn extras() -> ProducerExtras {
    ProducerExtras { client_id: "shop".into(), partitioner: None, compression_ratio: None, jitter: true }
}

fn try_producer(profile: &str, settings: &str) -> Result<Resolved<ProducerConfig>, ConfigError> {
    resolve_producer(release(profile), &set(settings), extras())
}

fn producer(profile: &str, settings: &str) -> Resolved<ProducerConfig> {
    try_producer(profile, settings).unwrap_or_else(|error| panic!("{profile}, {settings}: {error}"))
}

fn refused(profile: &str, settings: &str) -> ConfigError {
    try_producer(profile, settings).expect_err(settings)
}

/// The remarks of one kind.
fn notes<T>(resolved: &Resolved<T>, kind: NoteKind) -> Vec<(&str, &str)> {
    let notes = resolved.notes.iter().filter(|note| note.kind == kind);
    notes.map(|note| (note.key.as_str(), note.text.as_str())).collect()
}

/// Every key, set to its own default, is accepted by every release that has it, and what it does is said.
#[test]
fn every_row_of_the_tables_resolves_in_every_release_that_has_it() {
    for profile in Release::ALL {
        let broker = resolve_broker(profile, &Settings::new()).expect("defaults");
        for family in Family::ALL {
            for key in family.keys().iter().filter(|key| key.is_in(profile)) {
                let Some(default) = key.default_in(profile) else { continue };
                let mut settings = Settings::new();
                settings.push(key.name, default, Origin::Set);
                let outcome = match family {
                    Family::Producer => resolve_producer(profile, &settings, extras()).map(|r| r.notes),
                    Family::Consumer => resolve_consumer(profile, &settings).map(|r| r.notes),
                    Family::Broker => resolve_broker(profile, &settings).map(|r| r.notes),
                    Family::Topic => resolve_topic(profile, &settings, &broker).map(|r| r.notes),
                };
                // Asked for without a group it is an error: see the test of that rule.
                if key.name == "enable.auto.commit" && profile.at_least(2, 3) {
                    assert!(outcome.is_err());
                    continue;
                }
                let notes = outcome.unwrap_or_else(|error| panic!("{profile} {}: {error}", key.name));
                let is_told =
                    notes.iter().any(|note| matches!(note.kind, NoteKind::NoEffect | NoteKind::NotModelled));
                let works = key.effect == crate::config::Effect::Works;
                assert_eq!(is_told, !works, "{profile} {}", key.name);
            }
        }
    }
}

/// A release that does not have a key says so, in every family.
#[test]
fn no_key_is_accepted_by_a_release_that_does_not_have_it() {
    for profile in Release::ALL {
        for key in Family::Producer.keys().iter().filter(|key| !key.is_in(profile)) {
            let mut settings = Settings::new();
            settings.push(key.name, "1", Origin::Set);
            let error = resolve_producer(profile, &settings, extras()).expect_err(key.name);
            assert!(error.message.starts_with(&format!("{profile} has no \"{}\"", key.name)), "{error}");
        }
    }
}

#[test]
fn unknown_keys_are_errors_in_a_scenario_and_warnings_in_a_properties_file() {
    let error = refused("4.1", "linger.m=5");
    assert_eq!(error.exception, None);
    assert_eq!(error.message, "there is no producer configuration \"linger.m\"");
    assert_eq!(error.instead, "did you mean \"linger.ms\"?");
    assert_eq!((error.key.as_str(), error.origin), ("linger.m", Some(Origin::Set)));

    let file = Settings::from_properties("shop.properties", "acks=all\nlinger.m=5\n").expect("well-formed");
    let resolved = resolve_producer(release("4.1"), &file, extras()).expect("only a warning");
    let warning = resolved.warnings().next().expect("a warning");
    assert_eq!(warning.key, "linger.m");
    assert_eq!(
        warning.text,
        "These configurations '[linger.m]' were supplied but are not used yet. \
         (there is no producer configuration \"linger.m\"); did you mean \"linger.ms\"?"
    );
    assert_eq!(warning.origin, Some(Origin::Properties { file: "shop.properties".into(), line: 2 }));
}

#[test]
fn a_key_of_another_release_is_only_a_warning_in_a_properties_file() {
    let file = Settings::from_properties("old.properties", "delivery.timeout.ms=1000").expect("well-formed");
    let resolved = resolve_producer(release("2.0"), &file, extras()).expect("only a warning");
    assert_eq!(resolved.config.delivery_timeout_ms, None);
    assert!(resolved.warnings().next().is_some_and(|note| note.text.contains("came with kafka-2.1")));
}

/// The configuration of the scenario wins over its `.properties` file, and only what counts is checked.
#[test]
fn the_last_setting_counts() {
    let mut settings = Settings::from_properties("x.properties", "linger.ms=oops").expect("well-formed");
    settings.push("linger.ms", "7", Origin::Scenario { line: 12, span: 100..113 });
    let resolved = resolve_producer(release("4.1"), &settings, extras()).expect("the last one is good");
    assert_eq!(resolved.config.linger_ms, 7);

    settings.push("linger.ms", "-1", Origin::Scenario { line: 13, span: 120..134 });
    let error = resolve_producer(release("4.1"), &settings, extras()).expect_err("out of range");
    assert_eq!(error.origin, Some(Origin::Scenario { line: 13, span: 120..134 }));
}

/// producer.md 6.2: value out of range, not in the list, of the wrong type; in Kafka's words (kafka-clients 4.3.0).
#[test]
fn single_values_are_refused_in_kafkas_words() {
    for (settings, message) in [
        ("linger.ms=-1", "Invalid value -1 for configuration linger.ms: Value must be at least 0"),
        ("linger.ms=abc", "Invalid value abc for configuration linger.ms: Not a number of type LONG"),
        (
            "retries=3000000000",
            "Invalid value 3000000000 for configuration retries: Not a number of type INT",
        ),
        (
            "delivery.timeout.ms=0x10",
            "Invalid value 0x10 for configuration delivery.timeout.ms: Not a number of type INT",
        ),
        ("acks=2", "Invalid value 2 for configuration acks: String must be one of: all, -1, 0, 1"),
        ("acks=ALL", "Invalid value ALL for configuration acks: String must be one of: all, -1, 0, 1"),
        (
            "enable.idempotence=yes",
            "Invalid value yes for configuration enable.idempotence: Expected value to be either true or false",
        ),
        (
            "compression.type=GZIP",
            "Invalid value GZIP for configuration compression.type: String must be one of: none, gzip, snappy, lz4, zstd",
        ),
        (
            "compression.gzip.level=10",
            "Invalid value 10 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
        ),
        (
            "compression.lz4.level=18",
            "Invalid value 18 for configuration compression.lz4.level: Value must be no more than 17",
        ),
        (
            "metadata.recovery.strategy=x",
            "Invalid value x for configuration metadata.recovery.strategy: String must be one of (case insensitive): REBOOTSTRAP, NONE",
        ),
        ("transactional.id=", "Invalid value  for configuration transactional.id: String must be non-empty"),
        (
            "max.in.flight.requests.per.connection=0",
            "Invalid value 0 for configuration max.in.flight.requests.per.connection: Value must be at least 1",
        ),
        (
            "partitioner.class=DefaultPartitioner",
            "Invalid value DefaultPartitioner for configuration partitioner.class: Class DefaultPartitioner could not be found.",
        ),
    ] {
        let error = refused("4.3", settings);
        assert_eq!((error.exception, error.message.as_str()), (Some(Exception::ConfigException), message));
        assert!(!error.instead.is_empty(), "{settings}");
    }
}

#[test]
fn what_to_write_instead_follows_from_the_type_and_the_range() {
    assert_eq!(refused("4.3", "linger.ms=-1").instead, "write a whole number, at least 0");
    assert_eq!(refused("4.3", "acks=2").instead, "write all, -1, 0 or 1");
    assert_eq!(refused("4.3", "enable.idempotence=yes").instead, "write true or false");
    assert_eq!(
        refused("4.3", "compression.gzip.level=0").instead,
        "write a whole number up to 2147483647, from 1 to 9, or -1"
    );
}

/// Kafka's `ConfigDef.parseType`: blanks around a value do not count, nor does the case of a boolean.
#[test]
fn texts_are_read_as_kafka_reads_them() {
    let mut settings = Settings::new();
    for (key, value) in [("acks", " all "), ("enable.idempotence", " TRUE\t"), ("retries", " +7 ")] {
        settings.push(key, value, Origin::Set);
    }
    settings.push("metadata.recovery.strategy", "None", Origin::Set);
    let config = resolve_producer(release("4.3"), &settings, extras()).expect("all are good").config;
    assert_eq!((config.acks, config.enable_idempotence, config.retries), (-1, true, 7));
    assert_eq!(config.metadata_recovery, crate::config::MetadataRecovery::None);
}

/// Nothing is accepted in silence: what cannot matter and what is not modelled yet say so, and why.
#[test]
fn what_has_no_effect_says_why() {
    let resolved = producer("4.1", "send.buffer.bytes=1000 linger.ms=1 transaction.timeout.ms=5000 acks=1");
    assert_eq!(
        notes(&resolved, NoteKind::NoEffect),
        [(
            "send.buffer.bytes",
            "has no effect: there are no socket buffers: latency and bandwidth are those of [network]"
        )]
    );
    assert_eq!(
        notes(&resolved, NoteKind::NotModelled),
        [("transaction.timeout.ms", "is not modelled: transactions are not modelled yet")]
    );
}

#[test]
fn what_differs_from_the_release_is_known() {
    let resolved = producer("3.9", "acks=1 linger.ms=0");
    let differing: Vec<_> =
        resolved.differing().map(|value| (value.key, value.value.as_str(), value.default.as_str())).collect();
    assert_eq!(differing, [("acks", "1", "all"), ("enable.idempotence", "false", "true")]);
    assert_eq!(resolved.value("linger.ms"), Some("0"));
    assert!(resolved.is_set("linger.ms") && !resolved.is_set("enable.idempotence"));
    assert_eq!(resolved.value("client.id"), Some("shop"));
}
