//! From objects to bytes (`producer.md 1`, step 3).

pub mod customer;
mod simple;
#[cfg(test)]
mod tests;

use crate::config::SerializerClass;
use crate::protocol::Exception;
use crate::scenario::Decode;

/// A key or value as the application has it, before it is serialized.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Payload<'a> {
    /// Null.
    Null,
    /// So many bytes whose content nobody looks at.
    Opaque(u32),
    /// A text; the serializer reads it as its own type (`42` for Integer).
    Text(&'a str),
    /// JSON, as text.
    Json(&'a str),
    /// The book's `Customer`.
    Customer {
        /// Its id.
        id: i64,
        /// Its name, if it has one.
        name: Option<&'a str>,
        /// How it is laid out.
        layout: Decode,
    },
}

impl Payload<'_> {
    /// The class of an application's object of this kind, for messages.
    fn java_class(&self) -> &'static str {
        match self {
            Payload::Null => "null",
            Payload::Opaque(_) => "byte[]",
            Payload::Text(_) | Payload::Json(_) => "String",
            Payload::Customer { .. } => "Customer",
        }
    }

    /// The serializer that fits where the configuration names none.
    fn fitting(&self) -> SerializerClass {
        match self {
            Payload::Null | Payload::Opaque(_) => SerializerClass::ByteArray,
            Payload::Text(_) => SerializerClass::String,
            Payload::Json(_) => SerializerClass::Json,
            Payload::Customer { .. } => SerializerClass::Customer,
        }
    }
}

/// What the caller needs of a serialized key or value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Its length: most values are never looked at.
    Length,
    /// Its bytes: keys are hashed, and some values are decoded.
    Bytes,
}

/// A `Serializer`. What it needs to know besides the object (a schema registry, say) is its own state.
pub trait Serializer {
    /// The length in bytes; none: null, which stays null. If bytes are wanted, `out` is replaced by them (opaque ones are
    /// zeros); if not, `out` is left in any state.
    ///
    /// # Errors
    /// The object is not of the serializer's type, or its text cannot be read as that.
    fn serialize(
        &self,
        payload: Payload<'_>,
        wanted: Wanted,
        out: &mut Vec<u8>,
    ) -> Result<Option<u32>, SerializeError>;
}

/// Serializes by this class, or by the one that fits the payload if none is configured.
///
/// # Errors
/// As [`Serializer::serialize`].
#[inline]
pub fn serialize(
    class: Option<SerializerClass>,
    payload: Payload<'_>,
    wanted: Wanted,
    out: &mut Vec<u8>,
) -> Result<Option<u32>, SerializeError> {
    match (class, payload, wanted) {
        (_, Payload::Null, _) => Ok(None),
        (None, Payload::Opaque(bytes), Wanted::Length) => Ok(Some(bytes)),
        (class, payload, _) => class.unwrap_or_else(|| payload.fitting()).serialize(payload, wanted, out),
    }
}

/// Why an object could not become bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SerializeError {
    /// A `ClassCastException` inside, which `KafkaProducer` wraps (`producer.md 1`, step 3).
    #[error(
        "{class:?}Serializer takes no {given}: give a value of its type, or configure the serializer that fits"
    )]
    ClassCast {
        /// The serializer.
        class: SerializerClass,
        /// What it was given.
        given: &'static str,
    },
    /// The text does not say a value of the serializer's type.
    #[error("{class:?}Serializer cannot read {text:?} as its type: write one in the key or value")]
    Unreadable {
        /// The serializer.
        class: SerializerClass,
        /// What it was given.
        text: String,
    },
}

impl SerializeError {
    /// What `send()` throws: `SerializationException` in every case, since `KafkaProducer` wraps a
    /// `ClassCastException` in one (`producer.md 1`, step 3).
    pub fn exception(&self) -> Exception {
        Exception::SerializationException
    }
}
