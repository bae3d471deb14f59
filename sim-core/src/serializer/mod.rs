//! From objects to bytes (`producer.md 1`, step 3).

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
        layout: crate::scenario::Decode,
    },
}
