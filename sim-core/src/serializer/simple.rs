//! Kafka's own serializers, JSON, and the way into the book's: none of them keeps any state.

use serde::Serialize;
use serde::de::IgnoredAny;

use super::{Payload, SerializeError, Serializer, Wanted, customer};
use crate::config::SerializerClass;

impl Serializer for SerializerClass {
    fn serialize(
        &self,
        payload: Payload<'_>,
        wanted: Wanted,
        out: &mut Vec<u8>,
    ) -> Result<Option<u32>, SerializeError> {
        out.clear();
        match payload {
            Payload::Null => return Ok(None),
            Payload::Opaque(bytes) => return self.opaque(bytes, wanted, out).map(Some),
            Payload::Text(text) | Payload::Json(text) => self.text(text, out)?,
            Payload::Customer { id, name, layout } => match self {
                SerializerClass::Customer => customer::write(id, name, layout, out)
                    .map_err(|text| SerializeError::Unreadable { class: *self, text })?,
                SerializerClass::Json => write_json(id, name, out),
                _ => return Err(self.cannot_cast(&payload)),
            },
        }
        Ok(Some(out.len() as u32))
    }
}

impl SerializerClass {
    /// Bytes, or a text of so many one-byte characters: whatever they are, they are that long.
    fn opaque(&self, bytes: u32, wanted: Wanted, out: &mut Vec<u8>) -> Result<u32, SerializeError> {
        match self {
            SerializerClass::String | SerializerClass::ByteArray | SerializerClass::ByteBuffer => {
                if wanted == Wanted::Bytes {
                    out.resize(bytes as usize, 0);
                }
                Ok(bytes)
            }
            _ => Err(self.cannot_cast(&Payload::Opaque(bytes))),
        }
    }

    /// A text read as the serializer's type. Numbers are big-endian.
    fn text(&self, text: &str, out: &mut Vec<u8>) -> Result<(), SerializeError> {
        let unreadable = || SerializeError::Unreadable { class: *self, text: text.to_owned() };
        match self {
            SerializerClass::String | SerializerClass::ByteArray | SerializerClass::ByteBuffer => {
                out.extend_from_slice(text.as_bytes());
            }
            SerializerClass::Integer => {
                out.extend(text.parse::<i32>().map_err(|_| unreadable())?.to_be_bytes());
            }
            SerializerClass::Long => {
                out.extend(text.parse::<i64>().map_err(|_| unreadable())?.to_be_bytes());
            }
            SerializerClass::Double => {
                out.extend(text.parse::<f64>().map_err(|_| unreadable())?.to_be_bytes());
            }
            SerializerClass::Uuid if is_uuid(text) => {
                out.extend(text.bytes().map(|digit| digit.to_ascii_lowercase()));
            }
            SerializerClass::Json if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
                out.extend_from_slice(text.as_bytes());
            }
            SerializerClass::Uuid | SerializerClass::Json => return Err(unreadable()),
            SerializerClass::Void | SerializerClass::Customer => {
                return Err(self.cannot_cast(&Payload::Text(text)));
            }
        }
        Ok(())
    }

    fn cannot_cast(&self, payload: &Payload<'_>) -> SerializeError {
        SerializeError::ClassCast { class: *self, given: payload.java_class() }
    }
}

/// Whether this is a UUID as `UUID.toString()` writes it, 36 characters, in either case.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A `Customer` as a JSON serializer writes the object.
fn write_json(id: i64, name: Option<&str>, out: &mut Vec<u8>) {
    #[derive(Serialize)]
    struct Customer<'a> {
        id: i64,
        name: Option<&'a str>,
    }
    serde_json::to_writer(out, &Customer { id, name })
        .expect("a vector takes every byte, a struct has text keys");
}
