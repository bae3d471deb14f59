//! The book's `CustomerSerializer` and its deserializer, in two layouts: `id` as int32, and as int64 after somebody
//! widened it.
//!
//! Both are `[id][length of the name, int32][name, UTF-8]`, big-endian. Neither says which one it is: a reader that
//! expects the other one fails, or reads something else.

use std::borrow::Cow;

use crate::scenario::Decode;

/// A `Customer` as a reader has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer<'a> {
    /// Its id.
    pub id: i64,
    /// Its name. A null name was written with length 0 and comes back empty; bytes that are no UTF-8 come back as
    /// replacement characters, as Java decodes them.
    pub name: Cow<'a, str>,
}

/// Why a reader threw (`SerializationException`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Too few bytes for id and length.
    #[error("{bytes} bytes are no customer: id and length of the name take {header}")]
    TooShort {
        /// How many there were.
        bytes: usize,
        /// How many id and length take.
        header: usize,
    },
    /// A length that is negative, or beyond the bytes that are left.
    #[error(
        "the name is {length} bytes long, but {left} bytes are left: was this written in another layout?"
    )]
    NameLength {
        /// What the bytes say.
        length: i32,
        /// How many bytes follow.
        left: usize,
    },
}

/// What a reader made of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// What was written.
    Right,
    /// Something else, without an error.
    Wrong,
    /// An exception.
    Failed,
}

/// Appends a customer; a null name has length 0.
///
/// # Errors
/// The id, as text, if the layout's int cannot hold it.
pub(super) fn write(id: i64, name: Option<&str>, layout: Decode, out: &mut Vec<u8>) -> Result<(), String> {
    match layout {
        Decode::CustomerV1 => out.extend(i32::try_from(id).map_err(|_| id.to_string())?.to_be_bytes()),
        Decode::CustomerV2 => out.extend(id.to_be_bytes()),
    }
    let name = name.unwrap_or_default();
    out.extend((name.len() as i32).to_be_bytes());
    out.extend_from_slice(name.as_bytes());
    Ok(())
}

/// Reads a customer in this layout. Bytes behind the name are not looked at, as in the book's deserializer.
///
/// # Errors
/// There are too few bytes for what they say.
pub fn read(layout: Decode, bytes: &[u8]) -> Result<Customer<'_>, ReadError> {
    let id_size = match layout {
        Decode::CustomerV1 => 4,
        Decode::CustomerV2 => 8,
    };
    let header = id_size + 4;
    let Some((header_bytes, rest)) = bytes.split_at_checked(header) else {
        return Err(ReadError::TooShort { bytes: bytes.len(), header });
    };
    let (id, length) = header_bytes.split_at(id_size);
    let length = signed(length) as i32;
    let name = usize::try_from(length)
        .ok()
        .and_then(|length| rest.get(..length))
        .ok_or(ReadError::NameLength { length, left: rest.len() })?;
    Ok(Customer { id: signed(id), name: String::from_utf8_lossy(name) })
}

/// What a reader of layout `expected` makes of bytes that were written in layout `written`; `None`: they are no customer
/// at all, and whatever is read without an error is wrong.
pub fn reading(bytes: &[u8], written: Option<Decode>, expected: Decode) -> Reading {
    match read(expected, bytes) {
        Err(_) => Reading::Failed,
        Ok(got) if written.is_some_and(|written| read(written, bytes).as_ref() == Ok(&got)) => Reading::Right,
        Ok(_) => Reading::Wrong,
    }
}

/// At most eight big-endian bytes as a signed number.
fn signed(bytes: &[u8]) -> i64 {
    let start = match bytes.first() {
        Some(first) if first & 0x80 != 0 => -1,
        _ => 0,
    };
    bytes.iter().fold(start, |number, &byte| number << 8 | i64::from(byte))
}
