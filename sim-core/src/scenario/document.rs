//! A parsed file as a tree whose every key and value knows its place: what the command line changes is changed here,
//! before anything is typed, so that a problem still points at whoever wrote the value.

use toml::de::{DeTable, DeValue};

use super::error::Problems;
use super::limits;
use super::quantity::short;
use super::source::{At, Texts};

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) at: At,
    pub(crate) value: Value,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Text(String),
    Whole(i128),
    /// With the text as written, which is what a Kafka property takes over.
    Real(f64, String),
    Truth(bool),
    Date,
    List(Vec<Node>),
    Table(Table),
}

/// A table, in the order of the text.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// A key of a table and its value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_at: At,
    pub(crate) value: Node,
}

impl Node {
    /// The value's type as a message calls it.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Text(_) => "text",
            Value::Whole(_) => "a whole number",
            Value::Real(..) => "a decimal number",
            Value::Truth(_) => "true or false",
            Value::Date => "a date",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// The table, if it is one.
    pub(crate) fn as_table(&self) -> Option<&Table> {
        match &self.value {
            Value::Table(table) => Some(table),
            _ => None,
        }
    }

    /// The list, if it is one.
    pub(crate) fn as_list(&self) -> Option<&[Node]> {
        match &self.value {
            Value::List(list) => Some(list),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl Value {
    /// The value as JSON. A date, which no key of a scenario takes, is `null`.
    fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Text(text) => text.as_str().into(),
            // Beyond 64 bits no key takes a number either.
            Value::Whole(number) => i64::try_from(*number).map_or(serde_json::Value::Null, Into::into),
            Value::Real(number, _) => (*number).into(),
            Value::Truth(truth) => (*truth).into(),
            Value::Date => serde_json::Value::Null,
            Value::List(list) => list.iter().map(|node| node.value.to_json()).collect(),
            Value::Table(table) => table.to_json(),
        }
    }
}

impl Table {
    /// The table as JSON.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        let entries = self.entries.iter();
        entries.map(|entry| (entry.key.clone(), entry.value.value.to_json())).collect()
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The key with its place, and its value.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of a key, to be changed.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
    }

    /// Writes a key, in the place of an earlier one if there is one.
    pub(crate) fn put(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|known| known.key == entry.key) {
            Some(known) => *known = entry,
            None => self.entries.push(entry),
        }
    }
}

/// Reads a text as TOML. `None`: it is none, and the problem is reported.
pub(crate) fn parse(name: &str, bytes: &[u8], texts: &mut Texts, problems: &Problems) -> Option<Node> {
    if bytes.len() > limits::FILE_BYTES {
        let text = texts.add(name, "");
        let at = At { text, start: 0, end: 0 };
        problems.report(
            at,
            format!(
                "the file has {} bytes, more than the limit of {} (4 MiB)",
                bytes.len(),
                limits::FILE_BYTES
            ),
            "use streams (`count`, `every`) instead of writing out every record",
        );
        return None;
    }
    let content = match std::str::from_utf8(bytes) {
        Ok(content) => content.strip_prefix('\u{feff}').unwrap_or(content),
        Err(error) => {
            let good = String::from_utf8_lossy(&bytes[..error.valid_up_to()]);
            let text = texts.add(name, &good);
            let end = good.len() as u32;
            problems.report(
                At { text, start: end, end },
                format!("byte {} is not UTF-8", error.valid_up_to() + 1),
                "save the file as UTF-8",
            );
            return None;
        }
    };
    let text = texts.add(name, content);
    match DeTable::parse(content) {
        Ok(root) => {
            let all = At { text, start: 0, end: 0 };
            Some(Node { at: all, value: Value::Table(table(root.get_ref(), text, problems)) })
        }
        Err(error) => {
            let span = error.span().unwrap_or(content.len()..content.len());
            let at = At { text, start: span.start as u32, end: span.end as u32 };
            report_syntax(at, content, error.message(), problems);
            None
        }
    }
}

/// Reports what is no TOML, in words for what people most often get wrong.
fn report_syntax(at: At, content: &str, message: &str, problems: &Problems) {
    let start = (at.start as usize).min(content.len());
    let line_start = content.as_bytes()[..start].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
    let rest = content.as_bytes()[start..].iter().position(|&b| b == b'\n');
    let line_end = rest.map_or(content.len(), |at| start + at);
    let line = content.get(line_start..line_end).unwrap_or_default().trim();
    let unquoted =
        line.split_once('=').map(|(key, value)| (key.trim(), value.trim())).filter(|(key, value)| {
            !key.is_empty()
                && value.chars().all(|c| c.is_alphanumeric() || "._-/".contains(c))
                && value.chars().any(char::is_alphabetic)
        });
    if let Some((key, value)) = unquoted {
        let help = format!("write `{} = \"{}\"`", short(key), short(value));
        problems.report(at, "not valid TOML: text stands in quotes", help);
    } else if line.ends_with('=') {
        problems.report_bare(at, "not valid TOML: there is no value behind the `=`");
    } else if message.starts_with("duplicate key") {
        let help = "a key stands once in its table; several topics, producers ... are `[[topics]]`, with two brackets";
        problems.report(at, "not valid TOML: this key was there before", help);
    } else if message.contains("recurs") {
        problems.report_bare(at, "not valid TOML for a scenario: nested more than 80 deep");
    } else {
        problems.report_bare(at, format!("not valid TOML: {message}"));
    }
}

fn table(source: &DeTable<'_>, text: u32, problems: &Problems) -> Table {
    let mut entries: Vec<Entry> = source
        .iter()
        .map(|(key, value)| {
            let key_at = place(&key.span(), text);
            let value_at = place(&value.span(), text);
            Entry { key: key.get_ref().to_string(), key_at, value: node(value.get_ref(), value_at, problems) }
        })
        .collect();
    // A key that came twice in dotted form stands where it was first.
    entries.sort_by_key(|entry| entry.key_at.start);
    Table { entries }
}

fn node(source: &DeValue<'_>, at: At, problems: &Problems) -> Node {
    let value = match source {
        DeValue::String(string) => {
            if string.len() > limits::TEXT_BYTES {
                let message = format!(
                    "the text has {} bytes, more than the limit of {} (64 KiB)",
                    string.len(),
                    limits::TEXT_BYTES
                );
                problems.report(at, message, "for large values write `value = { bytes = ... }`");
                Value::Text(String::new())
            } else {
                Value::Text(string.to_string())
            }
        }
        DeValue::Integer(integer) => match i128::from_str_radix(integer.as_str(), integer.radix()) {
            Ok(number) => Value::Whole(number),
            Err(_) => {
                problems.report_bare(at, format!("the number `{}` is too large", short(integer.as_str())));
                Value::Whole(0)
            }
        },
        DeValue::Float(float) => match float.as_str().parse::<f64>() {
            Ok(number) if number.is_finite() => Value::Real(number, float.as_str().to_owned()),
            _ => {
                let message = format!("`{}` is not a number to count with", short(float.as_str()));
                problems.report(at, message, "write a finite number");
                Value::Real(0.0, "0.0".to_owned())
            }
        },
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Datetime(_) => Value::Date,
        DeValue::Array(items) => Value::List(
            items.iter().map(|item| node(item.get_ref(), place(&item.span(), at.text), problems)).collect(),
        ),
        DeValue::Table(inner) => Value::Table(table(inner, at.text, problems)),
    };
    Node { at, value }
}

fn place(span: &std::ops::Range<usize>, text: u32) -> At {
    At { text, start: span.start as u32, end: span.end as u32 }
}
