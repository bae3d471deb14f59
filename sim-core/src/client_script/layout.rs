//! JSON that people read: one entry a line, with a space behind each comma and colon.

use std::fmt;
use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// A value on one line.
pub(super) fn inline<T: Serialize>(value: &T) -> String {
    let mut bytes = Vec::new();
    let mut writer = serde_json::Serializer::with_formatter(&mut bytes, Spaced);
    value.serialize(&mut writer).expect("a transcript's values have text keys, and memory takes them");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// A field with a line for each element, and a comma behind it.
pub(super) fn list<T: Serialize>(f: &mut fmt::Formatter<'_>, name: &str, lines: &[T]) -> fmt::Result {
    if lines.is_empty() {
        return writeln!(f, "  \"{name}\": [],");
    }
    writeln!(f, "  \"{name}\": [")?;
    for (at, line) in lines.iter().enumerate() {
        let comma = if at + 1 < lines.len() { "," } else { "" };
        writeln!(f, "    {}{comma}", inline(line))?;
    }
    writeln!(f, "  ],")
}

struct Spaced;

impl Formatter for Spaced {
    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if first { Ok(()) } else { writer.write_all(b", ") }
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}
