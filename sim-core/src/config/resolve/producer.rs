//! A producer's configuration (`producer.md 6`): `ProducerConfig` and the constructor of `KafkaProducer`.

use crate::config::given::Settings;
use crate::config::keys::Family;
use crate::config::outcome::{ConfigError, NoteKind, Resolved};
use crate::config::resolve::{backoff, classes};
use crate::config::value::Value;
use crate::config::values::Values;
use crate::config::{MetadataRecovery, PartitionerClass, ProducerConfig, Release};
use crate::protocol::Exception;
use crate::record::Codec;

const ACKS: &str = "acks";
const COMPRESSION: &str = "compression.type";
const IDEMPOTENCE: &str = "enable.idempotence";
const IN_FLIGHT: &str = "max.in.flight.requests.per.connection";
const RETRIES: &str = "retries";
const TRANSACTIONAL_ID: &str = "transactional.id";

/// `MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION_FOR_IDEMPOTENCE`: so many batches the broker remembers.
const IN_FLIGHT_FOR_IDEMPOTENCE: i64 = 5;

/// What a scenario says about a producer beside Kafka's keys.
#[derive(Clone, Debug, PartialEq)]
pub struct ProducerExtras {
    /// `client.id` where the configuration has none.
    pub client_id: String,
    /// The scenario's `partitioner`, which wins over `partitioner.class`.
    pub partitioner: Option<PartitionerClass>,
    /// The scenario's `compression-ratio`: compressed size / plain size; none: [`default_compression_ratio`].
    pub compression_ratio: Option<f64>,
    /// The scenario's `jitter`.
    pub jitter: bool,
}

/// Compressed size / plain size of records like JSON where a scenario does not say it: round numbers in the order in
/// which the codecs usually come out. Without a codec 1.
pub const fn default_compression_ratio(codec: Codec) -> f64 {
    match codec {
        Codec::None => 1.0,
        Codec::Gzip => 0.3,
        Codec::Snappy => 0.5,
        Codec::Lz4 => 0.45,
        Codec::Zstd => 0.25,
    }
}

/// The configuration that a producer of this release runs with.
///
/// # Errors
/// What Kafka's constructor throws; unknown keys where they are not only warned about.
pub fn resolve_producer(
    release: Release,
    settings: &Settings,
    extras: ProducerExtras,
) -> Result<Resolved<ProducerConfig>, ConfigError> {
    let mut values = Values::read(Family::Producer, release, settings)
        .map_err(|error| late_codec_error(release, settings, error))?;
    let partitioner = match extras.partitioner {
        Some(partitioner) => partitioner,
        None => classes::partitioner(&mut values)?,
    };
    let key_serializer = classes::serializer(&mut values, "key.serializer")?;
    let value_serializer = classes::serializer(&mut values, "value.serializer")?;
    canonical_acks(&mut values);
    let enable_idempotence =
        if release.at_least(3, 0) { idempotence(&mut values)? } else { idempotence_before_3(&mut values)? };
    check_two_phase_commit(&values)?;
    backoff::adjust(&mut values);
    let delivery_timeout_ms = delivery_timeout(&mut values)?;
    if values.text("client.id").is_none_or(str::is_empty) {
        values.set_default("client.id", Value::Text(extras.client_id.clone()));
        values.adjust("client.id", Value::Text(extras.client_id));
    }

    let compression = codec(values.text(COMPRESSION));
    let retry_backoff_ms = values.number("retry.backoff.ms").unwrap_or_default();
    let config = ProducerConfig {
        release,
        client_id: values.text("client.id").unwrap_or_default().to_string(),
        acks: acks(&values),
        enable_idempotence,
        retries: values.int(RETRIES).unwrap_or_default(),
        max_in_flight: values.number(IN_FLIGHT).map_or(1, |n| n.clamp(1, i64::from(i32::MAX)) as u32),
        delivery_timeout_ms,
        request_timeout_ms: values.number("request.timeout.ms").unwrap_or_default(),
        linger_ms: linger(&values),
        batch_size: values.number("batch.size").map_or(1, |n| n.clamp(1, i64::from(i32::MAX)) as u32),
        buffer_memory: values.number("buffer.memory").unwrap_or_default(),
        max_block_ms: values.number("max.block.ms").unwrap_or_default(),
        max_request_size: values.int("max.request.size").unwrap_or_default(),
        compression,
        compression_ratio: extras.compression_ratio.unwrap_or_else(|| default_compression_ratio(compression)),
        retry_backoff_ms,
        // Before 3.7 back-offs did not grow (producer.md 4.5).
        retry_backoff_max_ms: values.number("retry.backoff.max.ms").unwrap_or(retry_backoff_ms),
        reconnect_backoff_ms: values.number("reconnect.backoff.ms").unwrap_or_default(),
        reconnect_backoff_max_ms: values.number("reconnect.backoff.max.ms").unwrap_or_default(),
        connection_setup_timeout_ms: values.number("socket.connection.setup.timeout.ms"),
        connection_setup_timeout_max_ms: values
            .number("socket.connection.setup.timeout.max.ms")
            .unwrap_or_default(),
        connections_max_idle_ms: values.number("connections.max.idle.ms").unwrap_or_default(),
        metadata_max_age_ms: values.number("metadata.max.age.ms").unwrap_or_default(),
        // Before 2.5 the same five minutes were fixed.
        metadata_max_idle_ms: values.number("metadata.max.idle.ms").unwrap_or(300_000),
        metadata_recovery: metadata_recovery(&values),
        // Before 4.0 time alone never starts a client over.
        rebootstrap_trigger_ms: values.number("metadata.recovery.rebootstrap.trigger.ms").unwrap_or(i64::MAX),
        partitioner,
        partitioner_ignore_keys: values.boolean("partitioner.ignore.keys").unwrap_or(false),
        partitioner_adaptive: values.boolean("partitioner.adaptive.partitioning.enable").unwrap_or(false),
        partitioner_availability_timeout_ms: values
            .number("partitioner.availability.timeout.ms")
            .unwrap_or(0),
        key_serializer,
        value_serializer,
        jitter: extras.jitter,
    };
    Ok(values.resolved(config))
}

/// Before 3.3 `compression.type` had no validator: the constructor failed later, and otherwise.
fn late_codec_error(release: Release, settings: &Settings, mut error: ConfigError) -> ConfigError {
    match settings.get(COMPRESSION) {
        Some(setting) if error.key == COMPRESSION && !release.at_least(3, 3) => {
            error.message = format!("Unknown compression name: {}", setting.value.trim());
            error
                .thrown_as(Exception::IllegalArgumentException)
                .wrapped_in(Exception::KafkaException, CONSTRUCTION_FAILED)
        }
        _ => error,
    }
}

/// `-1` and `all` are the same; `all` says what it is.
fn canonical_acks(values: &mut Values) {
    if values.text(ACKS) == Some("-1") {
        values.adjust(ACKS, Value::Text("all".into()));
    }
}

fn acks(values: &Values) -> i16 {
    match values.text(ACKS) {
        Some("0") => 0,
        Some("1") => 1,
        _ => -1,
    }
}

pub(super) fn codec(name: Option<&str>) -> Codec {
    match name {
        Some("gzip") => Codec::Gzip,
        Some("snappy") => Codec::Snappy,
        Some("lz4") => Codec::Lz4,
        Some("zstd") => Codec::Zstd,
        _ => Codec::None,
    }
}

fn metadata_recovery(values: &Values) -> MetadataRecovery {
    match values.text("metadata.recovery.strategy") {
        Some(word) if word.eq_ignore_ascii_case("rebootstrap") => MetadataRecovery::Rebootstrap,
        _ => MetadataRecovery::None,
    }
}

/// `linger.ms` is a long, but the client cuts it off at the largest int (`KafkaProducer.lingerMs`).
fn linger(values: &Values) -> i64 {
    values.number("linger.ms").unwrap_or_default().min(i64::from(i32::MAX))
}

/// Idempotence as it comes out (`producer.md 6.2`, from 3.0 on: `postProcessAndValidateIdempotenceConfigs`): asked for,
/// a conflict is an error; only on by default, the conflict switches it off.
///
/// The patch releases 3.0.1 and 3.1.1 count for 3.0 and 3.1: the default there is on.
fn idempotence(values: &mut Values) -> Result<bool, ConfigError> {
    let is_wanted = values.boolean(IDEMPOTENCE).unwrap_or(false);
    let is_explicit = values.is_set(IDEMPOTENCE);
    let mut is_on = is_wanted;
    if is_wanted {
        for conflict in Conflict::ALL {
            if !conflict.is_in(values) {
                continue;
            }
            let is_error = is_explicit || (conflict == Conflict::InFlight && values.release.at_least(4, 0));
            if is_error {
                return Err(conflict.error(values));
            }
            is_on = false;
            conflict.tell(values);
        }
    }
    if !is_on {
        values.adjust(IDEMPOTENCE, Value::Boolean(false));
        check_no_transactions(values)?;
    }
    Ok(is_on)
}

/// Idempotence before 3.0, where it is off unless it is set or `transactional.id` asks for it, and then brings its own
/// `acks` and `retries` where the user set none (`producer.md 6.2`).
fn idempotence_before_3(values: &mut Values) -> Result<bool, ConfigError> {
    let is_transactional = values.is_set(TRANSACTIONAL_ID);
    let is_off = values.boolean(IDEMPOTENCE) != Some(true);
    if is_off && !is_transactional {
        return Ok(false);
    }
    if is_off {
        if values.is_set(IDEMPOTENCE) {
            check_no_transactions(values)?;
        }
        values.adjust(IDEMPOTENCE, Value::Boolean(true));
        let text = format!("is true because {TRANSACTIONAL_ID} is set");
        values.note_because_of(&[TRANSACTIONAL_ID], NoteKind::Adjusted, IDEMPOTENCE, text);
    }
    override_default(values, RETRIES, Value::Number(i64::from(i32::MAX)));
    override_default(values, ACKS, Value::Text("all".into()));
    if !values.release.at_least(1, 0) {
        override_default(values, IN_FLIGHT, Value::Number(1));
    }
    match Conflict::ALL.into_iter().find(|conflict| conflict.is_in(values)) {
        Some(conflict) => Err(conflict.error(values)),
        None => Ok(true),
    }
}

fn override_default(values: &mut Values, key: &str, value: Value) {
    if !values.is_set(key) && values.value(key) != Some(&value) {
        let text = format!("is {value} because the producer is idempotent");
        values.adjust(key, value);
        values.note_because_of(&[IDEMPOTENCE, TRANSACTIONAL_ID], NoteKind::Adjusted, key, text);
    }
}

fn check_no_transactions(values: &Values) -> Result<(), ConfigError> {
    if !values.is_set(TRANSACTIONAL_ID) {
        return Ok(());
    }
    let message = format!("Cannot set a {TRANSACTIONAL_ID} without also enabling idempotence.");
    let instead = "leave out what switches idempotence off, or the transactional.id";
    Err(late(values, values.error(TRANSACTIONAL_ID, message, instead), (2, 5)))
}

/// Up to some release the constructor looked at a rule late, and wrapped what it found.
fn late(values: &Values, error: ConfigError, early_from: (u8, u8)) -> ConfigError {
    if values.release.at_least(early_from.0, early_from.1) {
        error
    } else {
        error.wrapped_in(Exception::KafkaException, CONSTRUCTION_FAILED)
    }
}

const CONSTRUCTION_FAILED: &str = "Failed to construct kafka producer";

/// A setting that idempotence cannot live with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Conflict {
    Retries,
    Acks,
    InFlight,
}

impl Conflict {
    /// In the order in which the client looks at them.
    const ALL: [Conflict; 3] = [Conflict::Retries, Conflict::Acks, Conflict::InFlight];

    fn key(self) -> &'static str {
        match self {
            Conflict::Retries => RETRIES,
            Conflict::Acks => ACKS,
            Conflict::InFlight => IN_FLIGHT,
        }
    }

    fn is_in(self, values: &Values) -> bool {
        match self {
            Conflict::Retries => values.number(RETRIES) == Some(0),
            Conflict::Acks => acks(values) != -1,
            Conflict::InFlight => values.number(IN_FLIGHT) > Some(in_flight_limit(values.release)),
        }
    }

    fn error(self, values: &Values) -> ConfigError {
        let message = match self {
            Conflict::Retries => {
                format!("Must set {RETRIES} to non-zero when using the idempotent producer.")
            }
            Conflict::Acks => format!(
                "Must set {ACKS} to all in order to use the idempotent producer. Otherwise we cannot guarantee idempotence."
            ),
            Conflict::InFlight => in_flight_message(values),
        };
        let instead = match self {
            Conflict::Retries => format!("write {RETRIES} = 2147483647, or {IDEMPOTENCE} = false"),
            Conflict::Acks => format!("write {ACKS} = \"all\", or {IDEMPOTENCE} = false"),
            Conflict::InFlight => format!(
                "write {IN_FLIGHT} = {} or less, or {IDEMPOTENCE} = false",
                in_flight_limit(values.release)
            ),
        };
        let early_from = if self == Conflict::InFlight { (3, 0) } else { (2, 5) };
        late(values, values.error(self.key(), message, &instead), early_from)
    }

    /// The log line of the client that switches idempotence off by itself; only the one about requests in flight is a
    /// warning there.
    fn tell(self, values: &mut Values) {
        let value = values.value(self.key()).map(ToString::to_string).unwrap_or_default();
        let key = self.key();
        let (kind, text) = match self {
            Conflict::Retries | Conflict::Acks => (
                NoteKind::Adjusted,
                format!("is off: it was on only by default, and {key} = {value} needs it off"),
            ),
            Conflict::InFlight => (
                NoteKind::Warning,
                format!(
                    "is off: it was on only by default, and {key} = {value} is more than \
                     {IN_FLIGHT_FOR_IDEMPOTENCE}; from kafka-4.0 on this is an error"
                ),
            ),
        };
        values.note_because_of(&[key], kind, IDEMPOTENCE, text);
    }
}

/// 0.11 knew idempotence with one request in flight only.
fn in_flight_limit(release: Release) -> i64 {
    if release.at_least(1, 0) { IN_FLIGHT_FOR_IDEMPOTENCE } else { 1 }
}

fn in_flight_message(values: &Values) -> String {
    if values.release.at_least(4, 0) {
        let value = values.number(IN_FLIGHT).unwrap_or_default();
        return format!(
            "To use the idempotent producer, {IN_FLIGHT} must be set to at most 5. Current value is {value}."
        );
    }
    if values.release.at_least(1, 0) {
        return format!("Must set {IN_FLIGHT} to at most 5 to use the idempotent producer.");
    }
    format!(
        "Must set {IN_FLIGHT} to 1 in order to use the idempotent producer. Otherwise we cannot guarantee idempotence."
    )
}

/// `producer.md 6.2`: with two-phase commit a transaction has no timeout.
fn check_two_phase_commit(values: &Values) -> Result<(), ConfigError> {
    let two_phase = "transaction.two.phase.commit.enable";
    let timeout = "transaction.timeout.ms";
    if values.boolean(two_phase) != Some(true) || !values.is_set(timeout) {
        return Ok(());
    }
    let message = format!(
        "Cannot set {timeout} when {two_phase} is set to true. Transactions will not expire with two-phase commit enabled."
    );
    Err(values.error(timeout, message, &format!("leave out {timeout}")))
}

/// `KafkaProducer.configureDeliveryTimeout` (`producer.md 6.2`): at least `linger.ms + request.timeout.ms`, raised to it
/// unless the user set it. None where the release has no such key.
fn delivery_timeout(values: &mut Values) -> Result<Option<i64>, ConfigError> {
    let key = "delivery.timeout.ms";
    let Some(timeout) = values.number(key) else { return Ok(None) };
    let request = values.number("request.timeout.ms").unwrap_or_default();
    let least = (linger(values) + request).min(i64::from(i32::MAX));
    if timeout >= least {
        return Ok(Some(timeout));
    }
    let rule = format!("{key} should be equal to or larger than linger.ms + request.timeout.ms");
    if values.is_set(key) {
        let instead = format!("write {key} = {least} or more, or a smaller request.timeout.ms or linger.ms");
        return Err(values
            .error(key, rule, &instead)
            .wrapped_in(Exception::KafkaException, CONSTRUCTION_FAILED));
    }
    values.adjust(key, Value::Number(least));
    let text = format!("{rule}. Setting it to {least}.");
    values.note_because_of(&["linger.ms", "request.timeout.ms"], NoteKind::Warning, key, text);
    Ok(Some(least))
}
