//! Which values a key may have, checked as Kafka's `ConfigDef` validators do.

use crate::config::Release;
use crate::config::value::Value;

/// A validator of `ConfigDef`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Allowed {
    /// None.
    Anything,
    /// `Range`, both ends included.
    Range(i64, i64),
    /// The validator of `compression.gzip.level`: a range, or one value outside of it.
    RangeOr(i64, i64, i64),
    /// `ValidString` or `ValidList`: one of these words.
    Words(Vec<&'static str>),
    /// `CaseInsensitiveValidString`: one of these.
    WordsInAnyCase(Vec<&'static str>),
    /// `NonEmptyString`.
    NotEmpty,
    /// `auto.offset.reset`: a word, from 4.0 on also `by_duration:` and an ISO duration.
    OffsetReset,
    /// `ThrottledReplicaListValidator`: `0:1,1:2` or `*`.
    ThrottledReplicas,
}

impl Allowed {
    /// Reads the column of a table: `[0,...]`, `[1,...,9] or -1`, `[none, gzip, zstd]`.
    pub(crate) fn of(column: &'static str) -> Option<Allowed> {
        Some(match column {
            "" | "(any)" => Allowed::Anything,
            "non-empty string" => Allowed::NotEmpty,
            "offset reset" => Allowed::OffsetReset,
            "throttled replicas" => Allowed::ThrottledReplicas,
            words if words.starts_with("(case insensitive) ") => Allowed::WordsInAnyCase(
                inside(words.strip_prefix("(case insensitive) ")?)?.split(", ").collect(),
            ),
            range if range.contains(",...") => range_of(range)?,
            words => Allowed::Words(inside(words)?.split(", ").collect()),
        })
    }

    /// What is wrong with a value of `key`: the part that is wrong, and why in Kafka's words.
    pub(crate) fn check(&self, key: &str, value: &Value, release: Release) -> Result<(), (String, String)> {
        if let (Allowed::Words(words), Value::List(list)) = (self, value) {
            let wrong = |text: &String| one_of(words, text).map_err(|why| (text.clone(), why));
            return list.iter().try_for_each(wrong);
        }
        let checked = match (self, value) {
            (Allowed::Range(min, max), Value::Number(number)) => in_range(*min, *max, *number as f64),
            (Allowed::Range(min, max), Value::Double(number)) => in_range(*min, *max, *number),
            (Allowed::RangeOr(min, max, or), Value::Number(number))
                if number != or && !(*min..=*max).contains(number) =>
            {
                Err(format!("Value must be between {min} and {max} or equal to {or}"))
            }
            (Allowed::Words(words), Value::Text(text)) => one_of(words, text),
            (Allowed::WordsInAnyCase(words), Value::Text(text))
                if !words.iter().any(|word| word.eq_ignore_ascii_case(text)) =>
            {
                Err(format!("String must be one of (case insensitive): {}", words.join(", ")))
            }
            (Allowed::NotEmpty, Value::Text(text)) if text.is_empty() => {
                Err("String must be non-empty".into())
            }
            (Allowed::OffsetReset, Value::Text(text)) => offset_reset(text, release),
            (Allowed::ThrottledReplicas, Value::List(list)) => throttled_replicas(key, list),
            _ => Ok(()),
        };
        checked.map_err(|why| (shown(value), why))
    }

    /// What to write instead, if there is more to say than the type of the value.
    pub(crate) fn instead(&self) -> Option<String> {
        match self {
            Allowed::Range(min, max) if *max == i64::MAX => Some(format!("at least {min}")),
            Allowed::Range(min, max) => Some(format!("from {min} to {max}")),
            Allowed::RangeOr(min, max, or) => Some(format!("from {min} to {max}, or {or}")),
            Allowed::Words(words) => Some(alternatives(words)),
            Allowed::WordsInAnyCase(words) => {
                let lower: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
                Some(alternatives(&lower.iter().map(String::as_str).collect::<Vec<_>>()))
            }
            Allowed::NotEmpty => Some("a text that is not empty".into()),
            Allowed::OffsetReset => Some(alternatives(&["earliest", "latest", "none"])),
            Allowed::ThrottledReplicas => Some("partition:broker, partition:broker ..., or *".into()),
            Allowed::Anything => None,
        }
    }
}

fn inside(text: &'static str) -> Option<&'static str> {
    text.strip_prefix('[')?.strip_suffix(']')
}

/// `[0,...]`, `[1,...,17]`, `[1,...,9] or -1`.
fn range_of(text: &'static str) -> Option<Allowed> {
    let (range, or) = match text.split_once(" or ") {
        Some((range, or)) => (range, Some(or.parse().ok()?)),
        None => (text, None),
    };
    let (min, max) = inside(range)?.split_once(",...")?;
    let min = min.parse().ok()?;
    let max = match max.strip_prefix(',') {
        Some(max) => max.parse().ok()?,
        None => i64::MAX,
    };
    Some(match or {
        Some(or) => Allowed::RangeOr(min, max, or),
        None => Allowed::Range(min, max),
    })
}

fn in_range(min: i64, max: i64, number: f64) -> Result<(), String> {
    if number < min as f64 {
        Err(format!("Value must be at least {min}"))
    } else if max != i64::MAX && number > max as f64 {
        Err(format!("Value must be no more than {max}"))
    } else {
        Ok(())
    }
}

fn one_of(words: &[&str], text: &str) -> Result<(), String> {
    if words.contains(&text) { Ok(()) } else { Err(format!("String must be one of: {}", words.join(", "))) }
}

/// From 4.0 on a duration is allowed too (KIP-1106).
fn offset_reset(text: &str, release: Release) -> Result<(), String> {
    let words = ["latest", "earliest", "none"];
    if !release.at_least(4, 0) {
        return one_of(&words, text);
    }
    if words.contains(&text) || text.strip_prefix("by_duration:").is_some_and(is_iso_duration) {
        return Ok(());
    }
    Err(format!(
        "Invalid value `{text}` for configuration auto.offset.reset. The value must be either 'earliest', 'latest', \
         'none' or of the format 'by_duration:<PnDTnHnMn.nS.>'."
    ))
}

/// A value as Java prints it in an error.
fn shown(value: &Value) -> String {
    match value {
        Value::List(list) => format!("[{}]", list.join(", ")),
        other => other.to_string(),
    }
}

/// Whether this is `PnDTnHnMn.nS` with at least one part, not negative.
fn is_iso_duration(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['P', 'p']) else { return false };
    let (days, time) = match rest.split_once(['T', 't']) {
        Some((days, time)) => (days, Some(time)),
        None => (rest, None),
    };
    let parts_are = |text: &str, units: &[char]| {
        let mut left = units;
        let mut number = String::new();
        for c in text.chars() {
            if c.is_ascii_digit() || (c == '.' && left.contains(&'S')) {
                number.push(c);
            } else if let Some(at) = left.iter().position(|unit| unit.eq_ignore_ascii_case(&c)) {
                let fits = if c.eq_ignore_ascii_case(&'S') {
                    number.parse::<f64>().is_ok()
                } else {
                    number.parse::<u64>().is_ok()
                };
                if !fits {
                    return false;
                }
                number.clear();
                left = &left[at + 1..];
            } else {
                return false;
            }
        }
        number.is_empty()
    };
    let has_part = !days.is_empty() || time.is_some();
    has_part
        && parts_are(days, &['D'])
        && time.is_none_or(|time| !time.is_empty() && parts_are(time, &['H', 'M', 'S']))
}

fn throttled_replicas(key: &str, list: &[String]) -> Result<(), String> {
    let is_pair = |text: &String| {
        text.split_once(':').is_some_and(|(partition, broker)| {
            [partition, broker]
                .iter()
                .all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
        })
    };
    if list.iter().all(is_pair) || list == ["*"] {
        Ok(())
    } else {
        Err(format!(
            "{key} must be the literal '*' or a list of replicas in the following format: \
             [partitionId]:[brokerId],[partitionId]:[brokerId],..."
        ))
    }
}

/// `a`, `a or b`, `a, b or c`.
fn alternatives(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => (*one).to_string(),
        [all @ .., last] => format!("{} or {last}", all.join(", ")),
    }
}
