//! Texts of a configuration, read as Kafka's `ConfigDef.parseType` reads them.

use std::fmt;

use crate::config::Release;
use crate::config::keys::{Key, Kind};

/// A value, typed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Boolean(bool),
    /// `short`, `int` and `long`.
    Number(i64),
    Double(f64),
    /// `string`, `class` and `password`.
    Text(String),
    List(Vec<String>),
}

/// Why a text is no value of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invalid {
    /// Kafka's words.
    pub(crate) message: String,
    /// What to write.
    pub(crate) instead: String,
}

/// Reads and checks the text of a key.
pub(crate) fn parse(key: &Key, text: &str, release: Release) -> Result<Value, Invalid> {
    let invalid = |shown: &str, why: &str| Invalid {
        message: format!("Invalid value {shown} for configuration {}: {why}", key.name),
        instead: instead(key, release),
    };
    let value = typed(key.kind, text).map_err(|why| invalid(text, &why))?;
    let allowed = key.allowed_in(release);
    allowed.check(key.name, &value, release).map_err(|(shown, why)| invalid(&shown, &why))?;
    Ok(value)
}

/// The default of a key in a release that has it.
pub(crate) fn default(key: &Key, release: Release) -> Value {
    key.default_in(release).and_then(|text| typed(key.kind, text).ok()).unwrap_or(Value::Null)
}

/// A text as a value of a type, in Kafka's words if it is none.
pub(crate) fn typed(kind: Kind, text: &str) -> Result<Value, String> {
    // Java's trim(): everything up to the space.
    let trimmed = text.trim_matches(|c| c <= ' ');
    match kind {
        Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Ok(Value::Boolean(true)),
        Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Ok(Value::Boolean(false)),
        Kind::Boolean => Err("Expected value to be either true or false".into()),
        Kind::Short => number(trimmed.parse::<i16>().map(i64::from), "SHORT"),
        Kind::Int => number(trimmed.parse::<i32>().map(i64::from), "INT"),
        Kind::Long => number(trimmed.parse::<i64>(), "LONG"),
        Kind::Double => trimmed.parse().map(Value::Double).map_err(|_| "Not a number of type DOUBLE".into()),
        Kind::List if trimmed.is_empty() => Ok(Value::List(Vec::new())),
        Kind::List => Ok(Value::List(trimmed.split(',').map(|part| part.trim().to_string()).collect())),
        Kind::String | Kind::Class | Kind::Password => Ok(Value::Text(trimmed.to_string())),
    }
}

fn number(parsed: Result<i64, std::num::ParseIntError>, kind: &str) -> Result<Value, String> {
    parsed.map(Value::Number).map_err(|_| format!("Not a number of type {kind}"))
}

fn instead(key: &Key, release: Release) -> String {
    let kind = match key.kind {
        Kind::Boolean => "true or false",
        Kind::Short => "a whole number up to 32767",
        Kind::Int => "a whole number up to 2147483647",
        Kind::Long => "a whole number",
        Kind::Double => "a number",
        Kind::List => "a list, parts separated by commas",
        Kind::String | Kind::Class | Kind::Password => "",
    };
    match (key.allowed_in(release).instead(), kind) {
        (Some(allowed), "") => format!("write {allowed}"),
        (Some(allowed), kind) => format!("write {kind}, {allowed}"),
        (None, "") => "write another one".into(),
        (None, kind) => format!("write {kind}"),
    }
}

/// As a user would write it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Null => f.write_str("null"),
            Value::Boolean(value) => write!(f, "{value}"),
            Value::Number(value) => write!(f, "{value}"),
            Value::Double(value) => write!(f, "{value}"),
            Value::Text(text) => f.write_str(text),
            Value::List(list) => f.write_str(&list.join(",")),
        }
    }
}
