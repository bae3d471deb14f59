//! Class names as values: in full as Kafka wants them, or the last part.

use crate::config::values::Values;
use crate::config::{ConfigError, NoteKind, PartitionerClass, Release, SerializerClass};

const PARTITIONERS: &str = "org.apache.kafka.clients.producer.";
const SELECTORS: &str = "org.apache.kafka.common.replica.";
const SERIALIZERS: &str = "org.apache.kafka.common.serialization.";

/// Whether `replica.selector.class` lets consumers read from a replica in their rack (2.4, KIP-392); null is the leader.
pub(super) fn reads_by_rack(values: &Values) -> Result<bool, ConfigError> {
    let key = "replica.selector.class";
    let Some(name) = values.text(key).filter(|_| values.release.at_least(2, 4)) else { return Ok(false) };
    match name.strip_prefix(SELECTORS).unwrap_or(name) {
        "RackAwareReplicaSelector" => Ok(true),
        "LeaderSelector" => Ok(false),
        _ => Err(not_found(values, key, name, "RackAwareReplicaSelector or LeaderSelector")),
    }
}

/// `partitioner.class`, or what the release has where it is null.
pub(super) fn partitioner(values: &mut Values) -> Result<PartitionerClass, ConfigError> {
    let class = named_partitioner(values)?;
    warn_deprecated(values, class);
    Ok(class)
}

fn named_partitioner(values: &Values) -> Result<PartitionerClass, ConfigError> {
    let release = values.release;
    let Some(name) = values.text("partitioner.class") else { return Ok(PartitionerClass::BuiltIn) };
    let class = match name.strip_prefix(PARTITIONERS).unwrap_or(name) {
        "internals.DefaultPartitioner" | "DefaultPartitioner" if !release.at_least(4, 0) => {
            Some(PartitionerClass::Default)
        }
        "RoundRobinPartitioner" if release.at_least(2, 4) => Some(PartitionerClass::RoundRobin),
        "UniformStickyPartitioner" if release.at_least(2, 4) && !release.at_least(4, 0) => {
            Some(PartitionerClass::UniformSticky)
        }
        own if last_part(own) == "BigCustomerPartitioner" => Some(PartitionerClass::BigCustomer),
        _ => None,
    };
    class.ok_or_else(|| {
        let known: &[&str] = if release.at_least(4, 0) {
            &["RoundRobinPartitioner", "BigCustomerPartitioner"]
        } else if release.at_least(2, 4) {
            &[
                "DefaultPartitioner",
                "RoundRobinPartitioner",
                "UniformStickyPartitioner",
                "BigCustomerPartitioner",
            ]
        } else {
            &["DefaultPartitioner", "BigCustomerPartitioner"]
        };
        not_found(values, "partitioner.class", name, &format!("one of {}", known.join(", ")))
    })
}

/// From 3.3 on the built-in partitioner does what these two classes did.
fn warn_deprecated(values: &mut Values, class: PartitionerClass) {
    let text = match class {
        PartitionerClass::Default => {
            "DefaultPartitioner is deprecated.  Please clear partitioner.class configuration setting to get the \
             default partitioning behavior"
        }
        PartitionerClass::UniformSticky => {
            "UniformStickyPartitioner is deprecated.  Please clear partitioner.class configuration setting and set \
             partitioner.ignore.keys to 'true' to get the uniform sticky partitioning behavior"
        }
        _ => return,
    };
    if values.release.at_least(3, 3) {
        values.note(NoteKind::Warning, "partitioner.class", text.to_string());
    }
}

/// `key.serializer` or `value.serializer`; none: what fits the data.
pub(super) fn serializer(values: &mut Values, key: &str) -> Result<Option<SerializerClass>, ConfigError> {
    let Some(name) = values.text(key) else { return Ok(None) };
    if let Some(class) = known_serializer(name.strip_prefix(SERIALIZERS).unwrap_or(name), values.release) {
        return Ok(Some(class));
    }
    if is_left_out(name.strip_prefix(SERIALIZERS).unwrap_or(name), values.release) {
        let text = format!("{name} is not modelled: the serializer that fits the data is used");
        values.note(NoteKind::NotModelled, key, text);
        return Ok(None);
    }
    Err(not_found(values, key, name, "one of Kafka's own serializers, JsonSerializer or CustomerSerializer"))
}

fn known_serializer(name: &str, release: Release) -> Option<SerializerClass> {
    Some(match name {
        "StringSerializer" => SerializerClass::String,
        "IntegerSerializer" => SerializerClass::Integer,
        "LongSerializer" => SerializerClass::Long,
        "DoubleSerializer" => SerializerClass::Double,
        "ByteArraySerializer" => SerializerClass::ByteArray,
        "ByteBufferSerializer" => SerializerClass::ByteBuffer,
        "UUIDSerializer" if release.at_least(2, 1) => SerializerClass::Uuid,
        "VoidSerializer" if release.at_least(2, 5) => SerializerClass::Void,
        own => match last_part(own) {
            "JsonSerializer" => SerializerClass::Json,
            "CustomerSerializer" => SerializerClass::Customer,
            _ => return None,
        },
    })
}

/// Kafka's other serializers: they exist, but no value of a scenario needs them.
fn is_left_out(name: &str, release: Release) -> bool {
    match name {
        "BytesSerializer" => true,
        "ShortSerializer" | "FloatSerializer" => release.at_least(1, 0),
        "ListSerializer" => release.at_least(3, 0),
        "BooleanSerializer" => release.at_least(3, 7),
        _ => false,
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn not_found(values: &Values, key: &str, name: &str, known: &str) -> ConfigError {
    let message = format!("Invalid value {name} for configuration {key}: Class {name} could not be found.");
    values.error(key, message, &format!("write {known}"))
}
