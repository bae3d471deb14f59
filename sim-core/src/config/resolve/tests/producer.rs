//! `producer.md 6.2` by release, and the table of `idempotence-silently-off`, as kafka-clients of those releases do it.

use super::*;
use crate::config::{MetadataRecovery, PartitionerClass, SerializerClass};
use crate::record::Codec;

/// What comes out of the constructor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Idempotence {
    On,
    Off,
    /// Off, with a warning.
    OffWarned,
    /// `ConfigException`, thrown as it is.
    Refused,
    /// `ConfigException` inside a `KafkaException`.
    RefusedLate,
}
use Idempotence::{Off, OffWarned, On, Refused, RefusedLate};

fn idempotence(profile: &str, settings: &str) -> Idempotence {
    match try_producer(profile, settings) {
        Ok(resolved) if resolved.config.enable_idempotence => On,
        Ok(resolved) if resolved.warnings().next().is_some() => OffWarned,
        Ok(_) => Off,
        Err(error) => match (error.exception, error.cause.map(|cause| cause.0)) {
            (Some(Exception::ConfigException), None) => Refused,
            (Some(Exception::KafkaException), Some(Exception::ConfigException)) => RefusedLate,
            other => panic!("{profile}, {settings}: {other:?}"),
        },
    }
}

const IN_FLIGHT_6: &str = "max.in.flight.requests.per.connection=6";

/// scenarios.md 6.5: every cell of the table; the columns are releases of the real client.
#[test]
fn idempotence_is_switched_off_or_refused_by_release() {
    let columns = ["2.0", "2.8", "3.0", "3.2", "3.9", "4.0", "4.1", "4.3"];
    let acks_1_in_flight_6 = format!("acks=1 {IN_FLIGHT_6}");
    let asked_in_flight_6 = format!("enable.idempotence=true {IN_FLIGHT_6}");
    let not_asked_in_flight_6 = format!("enable.idempotence=false {IN_FLIGHT_6}");
    for (settings, expected) in [
        ("", [Off, Off, On, On, On, On, On, On]),
        ("acks=1", [Off; 8]),
        ("acks=0", [Off; 8]),
        ("retries=0", [Off; 8]),
        ("acks=all", [Off, Off, On, On, On, On, On, On]),
        ("enable.idempotence=true", [On; 8]),
        ("enable.idempotence=true retries=3", [On; 8]),
        (
            "acks=1 enable.idempotence=true",
            [RefusedLate, Refused, Refused, Refused, Refused, Refused, Refused, Refused],
        ),
        (
            "acks=0 enable.idempotence=true",
            [RefusedLate, Refused, Refused, Refused, Refused, Refused, Refused, Refused],
        ),
        (
            "retries=0 enable.idempotence=true",
            [RefusedLate, Refused, Refused, Refused, Refused, Refused, Refused, Refused],
        ),
        (IN_FLIGHT_6, [Off, Off, OffWarned, OffWarned, OffWarned, Refused, Refused, Refused]),
        (
            &asked_in_flight_6,
            [RefusedLate, RefusedLate, Refused, Refused, Refused, Refused, Refused, Refused],
        ),
        (&acks_1_in_flight_6, [Off, Off, OffWarned, OffWarned, OffWarned, Refused, Refused, Refused]),
        (&not_asked_in_flight_6, [Off; 8]),
    ] {
        for (profile, expected) in columns.into_iter().zip(expected) {
            assert_eq!(idempotence(profile, settings), expected, "kafka-{profile}: {settings}");
        }
    }
}

/// producer.md 6.2: transactional.id needs idempotence; before 3.0 it switches it on.
#[test]
fn transactional_id_needs_idempotence() {
    for (profile, settings, expected) in [
        ("2.4", "", On),
        ("2.4", "acks=1", RefusedLate),
        ("2.4", "retries=0", RefusedLate),
        ("2.4", "enable.idempotence=false", RefusedLate),
        ("2.8", "", On),
        ("2.8", "acks=1", Refused),
        ("2.8", "retries=0", Refused),
        ("2.8", IN_FLIGHT_6, RefusedLate),
        ("2.8", "enable.idempotence=false", Refused),
        ("3.2", "", On),
        ("3.2", "acks=1", Refused),
        ("3.9", "retries=0", Refused),
        ("3.9", IN_FLIGHT_6, Refused),
        ("4.1", "", On),
        ("4.1", "acks=1", Refused),
        ("4.1", "enable.idempotence=false", Refused),
        ("4.1", IN_FLIGHT_6, Refused),
    ] {
        let settings = format!("transactional.id=t {settings}");
        assert_eq!(idempotence(profile, &settings), expected, "kafka-{profile}: {settings}");
    }
}

/// producer.md 6.2: 3.0.0 and 3.1.0 had a bug here; what a patch release mended counts for the whole minor release.
#[test]
fn idempotence_is_on_by_default_from_3_0_on() {
    for profile in Release::ALL {
        let config = resolve_producer(profile, &Settings::new(), extras()).expect("defaults").config;
        assert_eq!(config.enable_idempotence, profile.at_least(3, 0), "{profile}");
        assert_eq!(config.acks, if profile.at_least(3, 0) { -1 } else { 1 }, "{profile}");
    }
}

/// producer.md 6.2, 2.x: asked for, idempotence brings acks=all where the user set none, and retries.
#[test]
fn before_3_0_idempotence_overrides_defaults_of_others() {
    let two = producer("2.0", "enable.idempotence=true");
    assert_eq!((two.config.acks, two.config.retries, two.config.max_in_flight), (-1, i32::MAX, 5));
    assert_eq!(two.value("acks"), Some("all"));
    assert_eq!(
        notes(&two, NoteKind::Adjusted),
        [
            ("retries", "is 2147483647 because the producer is idempotent"),
            ("acks", "is all because the producer is idempotent")
        ]
    );
    assert_eq!(producer("2.8", "enable.idempotence=true retries=3").config.retries, 3);
}

/// kafka-clients 0.11: idempotence with one request in flight only; 1.0 brought five.
#[test]
fn release_0_11_allows_one_request_in_flight_with_idempotence() {
    assert_eq!(producer("0.11", "enable.idempotence=true").config.max_in_flight, 1);
    assert_eq!(producer("0.11", "").config.max_in_flight, 5);
    let two = "enable.idempotence=true max.in.flight.requests.per.connection=2";
    assert_eq!(idempotence("0.11", two), RefusedLate);
    assert_eq!(idempotence("1.0", two), On);
}

#[test]
fn conflicts_are_told_in_kafkas_words() {
    let message = |profile, settings| {
        let error = refused(profile, settings);
        error.cause.map_or(error.message, |cause| cause.1)
    };
    assert_eq!(
        message("4.1", "acks=1 enable.idempotence=true"),
        "Must set acks to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence."
    );
    assert_eq!(
        message("4.1", "retries=0 enable.idempotence=true"),
        "Must set retries to non-zero when using the idempotent producer."
    );
    assert_eq!(
        message("4.1", IN_FLIGHT_6),
        "To use the idempotent producer, max.in.flight.requests.per.connection must be set to at most 5. \
         Current value is 6."
    );
    assert_eq!(
        message("3.9", "max.in.flight.requests.per.connection=6 enable.idempotence=true"),
        "Must set max.in.flight.requests.per.connection to at most 5 to use the idempotent producer."
    );
    assert_eq!(
        message("4.1", "transactional.id=t acks=1"),
        "Cannot set a transactional.id without also enabling idempotence."
    );
}

#[test]
fn a_conflict_points_at_the_setting_and_says_what_to_write() {
    let error = refused("4.1", "enable.idempotence=true acks=1");
    assert_eq!((error.key.as_str(), error.origin.is_some()), ("acks", true));
    assert_eq!(error.instead, "write acks = \"all\", or enable.idempotence = false");
    let silent = producer("4.1", "acks=1");
    assert_eq!(
        notes(&silent, NoteKind::Adjusted),
        [("enable.idempotence", "is off: it was on only by default, and acks = 1 needs it off")]
    );
    assert_eq!(silent.notes[0].origin, Some(Origin::Set), "where acks was set");
}

/// producer.md 6.2: delivery.timeout.ms >= linger.ms + request.timeout.ms.
#[test]
fn delivery_timeout_is_raised_unless_it_was_set() {
    let raised = producer("4.1", "linger.ms=100000");
    assert_eq!(raised.config.delivery_timeout_ms, Some(130_000));
    assert_eq!(raised.value("delivery.timeout.ms"), Some("130000"));
    assert_eq!(
        notes(&raised, NoteKind::Warning),
        [(
            "delivery.timeout.ms",
            "delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms. Setting it to 130000."
        )]
    );
    let error = refused("4.1", "delivery.timeout.ms=1000");
    assert_eq!(error.exception, Some(Exception::KafkaException));
    assert_eq!(
        error.to_string(),
        "KafkaException: Failed to construct kafka producer, caused by ConfigException: delivery.timeout.ms \
         should be equal to or larger than linger.ms + request.timeout.ms"
    );
    // 4.0 and newer add the default linger of 5 ms.
    assert!(try_producer("4.1", "delivery.timeout.ms=30000").is_err());
    assert!(try_producer("3.9", "delivery.timeout.ms=30000").is_ok());
}

/// producer.md 6.1: linger.ms is cut off at the largest int, and so is what is added to it.
#[test]
fn a_linger_beyond_int_is_cut_off() {
    let config = producer("4.3", "request.timeout.ms=200000 linger.ms=9999999999").config;
    assert_eq!(config.linger_ms, i64::from(i32::MAX));
    assert_eq!(config.delivery_timeout_ms, Some(i64::from(i32::MAX)));
}

/// producer.md 6.1: delivery.timeout.ms was added in 2.1.
#[test]
fn before_2_1_there_is_no_delivery_timeout() {
    assert_eq!(producer("2.0", "linger.ms=100000").config.delivery_timeout_ms, None);
    assert_eq!(producer("2.1", "").config.delivery_timeout_ms, Some(120_000));
}

/// producer.md 6.2: two-phase commit has no transaction.timeout.ms.
#[test]
fn two_phase_commit_has_no_timeout() {
    let settings = "transaction.two.phase.commit.enable=true transaction.timeout.ms=1 transactional.id=t";
    assert_eq!(
        refused("4.1", settings).message,
        "Cannot set transaction.timeout.ms when transaction.two.phase.commit.enable is set to true. \
         Transactions will not expire with two-phase commit enabled."
    );
}

/// producer.md 6.2: reconnect.backoff.ms without a maximum is the maximum.
#[test]
fn a_reconnect_backoff_alone_does_not_grow() {
    let max = |profile, settings| producer(profile, settings).config.reconnect_backoff_max_ms;
    for profile in ["0.11", "2.8", "4.3"] {
        assert_eq!(max(profile, "reconnect.backoff.ms=3000"), 3000);
        assert_eq!(max(profile, "reconnect.backoff.ms=20"), 20);
        assert_eq!(max(profile, "reconnect.backoff.ms=3000 reconnect.backoff.max.ms=1000"), 1000);
        assert_eq!(max(profile, ""), 1000);
    }
}

/// producer.md 6.2 and 4.5: back-offs grow from 3.7 on; a maximum below the first value is warned about.
#[test]
fn retry_backoff_by_release() {
    let old = producer("3.6", "retry.backoff.ms=300").config;
    assert_eq!((old.retry_backoff_ms, old.retry_backoff_max_ms), (300, 300));
    let new = producer("3.7", "retry.backoff.ms=3000");
    assert_eq!((new.config.retry_backoff_ms, new.config.retry_backoff_max_ms), (3000, 1000));
    assert_eq!(
        notes(&new, NoteKind::Warning),
        [(
            "retry.backoff.ms",
            "Configuration 'retry.backoff.ms' with value '3000' is greater than configuration \
             'retry.backoff.max.ms' with value '1000'. A static backoff with value '1000' will be applied."
        )]
    );
    assert!(refused("3.6", "retry.backoff.max.ms=5").message.contains("came with kafka-3.7"));
}

/// producer.md 6.2: not checked anywhere.
#[test]
fn sizes_are_not_checked_against_one_another() {
    assert!(try_producer("4.3", "batch.size=1000000 buffer.memory=10 max.request.size=1").is_ok());
    assert_eq!(producer("4.3", "batch.size=0").config.batch_size, 1);
}

/// producer.md 2 and 6.1: who partitions by default, and which classes a release has.
#[test]
fn partitioners_by_release() {
    let class = |profile, name: &str| {
        try_producer(profile, &format!("partitioner.class={name}"))
            .map(|resolved| resolved.config.partitioner)
    };
    assert_eq!(producer("3.2", "").config.partitioner, PartitionerClass::Default);
    assert_eq!(producer("3.3", "").config.partitioner, PartitionerClass::BuiltIn);
    assert!(
        !producer("3.2", "").config.partitioner_adaptive && producer("3.3", "").config.partitioner_adaptive
    );
    let full = "org.apache.kafka.clients.producer.RoundRobinPartitioner";
    assert_eq!(class("4.3", full), Ok(PartitionerClass::RoundRobin));
    assert_eq!(class("4.3", "RoundRobinPartitioner"), Ok(PartitionerClass::RoundRobin));
    assert_eq!(class("3.9", "UniformStickyPartitioner"), Ok(PartitionerClass::UniformSticky));
    assert_eq!(class("4.3", "com.example.BigCustomerPartitioner"), Ok(PartitionerClass::BigCustomer));
    let default = "org.apache.kafka.clients.producer.internals.DefaultPartitioner";
    assert_eq!(class("3.9", default), Ok(PartitionerClass::Default));
    assert!(class("4.0", default).is_err() && class("4.0", "UniformStickyPartitioner").is_err());
    assert!(class("2.3", full).is_err() && class("2.4", full).is_ok());
    assert!(producer("3.9", &format!("partitioner.class={default}")).warnings().next().is_some());
    assert!(producer("3.2", &format!("partitioner.class={default}")).warnings().next().is_none());
}

#[test]
fn the_scenarios_partitioner_wins() {
    let extras = ProducerExtras { partitioner: Some(PartitionerClass::ConsistentRandom), ..extras() };
    let resolved = resolve_producer(release("4.1"), &set("partitioner.class=RoundRobinPartitioner"), extras);
    assert_eq!(resolved.map(|resolved| resolved.config.partitioner), Ok(PartitionerClass::ConsistentRandom));
}

/// scenario-format.md: Kafka's class names in full or the last part, and the book's own.
#[test]
fn serializers_by_full_or_short_name() {
    let class = |profile, name: &str| {
        try_producer(profile, &format!("value.serializer={name}"))
            .map(|resolved| resolved.config.value_serializer)
    };
    assert_eq!(
        class("4.1", "org.apache.kafka.common.serialization.StringSerializer"),
        Ok(Some(SerializerClass::String))
    );
    assert_eq!(class("4.1", "IntegerSerializer"), Ok(Some(SerializerClass::Integer)));
    assert_eq!(class("4.1", "com.shop.CustomerSerializer"), Ok(Some(SerializerClass::Customer)));
    assert_eq!(producer("4.1", "").config.value_serializer, None);
    assert!(class("2.4", "VoidSerializer").is_err() && class("2.5", "VoidSerializer").is_ok());
    assert!(class("2.0", "UUIDSerializer").is_err() && class("2.1", "UUIDSerializer").is_ok());
    assert_eq!(
        refused("4.1", "value.serializer=com.shop.AvroSerializer").message,
        "Invalid value com.shop.AvroSerializer for configuration value.serializer: \
         Class com.shop.AvroSerializer could not be found."
    );
    let float = producer("4.1", "value.serializer=FloatSerializer");
    assert_eq!(float.config.value_serializer, None);
    assert_eq!(notes(&float, NoteKind::NotModelled).len(), 1);
}

/// producer.md 6.1: zstd since 2.1; the check of the word itself came with 3.3.
#[test]
fn codecs_by_release() {
    assert_eq!(producer("2.1", "compression.type=zstd").config.compression, Codec::Zstd);
    let early = refused("2.0", "compression.type=zstd");
    assert_eq!(
        early.cause,
        Some(Box::new((Exception::IllegalArgumentException, "Unknown compression name: zstd".into())))
    );
    assert_eq!(refused("3.2", "compression.type=zip").exception, Some(Exception::KafkaException));
    assert_eq!(refused("3.3", "compression.type=zip").exception, Some(Exception::ConfigException));
}

#[test]
fn the_ratio_of_a_codec_has_a_default() {
    assert_eq!(producer("4.1", "").config.compression_ratio, 1.0);
    assert_eq!(producer("4.1", "compression.type=lz4").config.compression_ratio, 0.45);
    let given = ProducerExtras { compression_ratio: Some(0.25), ..extras() };
    let resolved = resolve_producer(release("4.1"), &set("compression.type=lz4"), given);
    assert_eq!(resolved.map(|resolved| resolved.config.compression_ratio), Ok(0.25));
}

/// producer.md 6.1: what older releases do not have yet.
#[test]
fn keys_that_older_releases_lack() {
    let old = producer("2.4", "").config;
    assert_eq!(old.connection_setup_timeout_ms, None);
    assert_eq!(old.metadata_max_idle_ms, 300_000);
    assert_eq!(old.metadata_recovery, MetadataRecovery::None);
    assert_eq!(producer("2.7", "").config.connection_setup_timeout_ms, Some(10_000));
    assert_eq!(producer("3.9", "").config.metadata_recovery, MetadataRecovery::None);
    assert_eq!(producer("3.9", "").config.rebootstrap_trigger_ms, i64::MAX);
    assert_eq!(producer("4.0", "").config.metadata_recovery, MetadataRecovery::Rebootstrap);
    assert_eq!(producer("4.0", "").config.rebootstrap_trigger_ms, 300_000);
}

#[test]
fn client_id_falls_back_to_the_scenarios() {
    assert_eq!(producer("4.1", "").config.client_id, "shop");
    assert_eq!(producer("4.1", "client.id=").config.client_id, "shop");
    assert_eq!(producer("4.1", "client.id=till-7").config.client_id, "till-7");
}
