//! A table of the file as the readers use it: its unknown keys are reported when it is opened, every value that is asked
//! for is checked for its type and range, and what is wrong is reported and read as if it were not there.

use super::document::{Node, Table, Value};
use super::error::Problems;
use super::limits;
use super::nearest::suggestion;
use super::quantity::{self, NotAQuantity, short};
use super::source::At;
use crate::config::Family;
use crate::time::{Span, Time};

/// A table whose keys are known.
#[derive(Clone)]
pub(crate) struct Section<'d> {
    table: &'d Table,
    /// Whether it had keys that are not known: then one of them is what seems to be missing.
    pub(crate) has_unknown: bool,
    /// Its place.
    pub(crate) at: At,
    /// What messages call it: `[cluster]`.
    pub(crate) name: String,
    /// Where problems go.
    pub(crate) problems: &'d Problems,
}

impl<'d> Section<'d> {
    /// The value as a table with these keys. `None`: it is no table, which is reported.
    pub(crate) fn open(
        node: &'d Node,
        name: &str,
        known: &[&str],
        problems: &'d Problems,
    ) -> Option<Section<'d>> {
        let Some(table) = node.as_table() else {
            problems.report_bare(node.at, format!("{name} is a table, not {}", node.kind()));
            return None;
        };
        let mut has_unknown = false;
        for entry in &table.entries {
            if !known.contains(&entry.key.as_str()) {
                has_unknown = true;
                let message = format!("unknown key `{}` in {name}", short(&entry.key));
                problems.report(entry.key_at, message, key_help(&entry.key, known, problems));
            }
        }
        Some(Section { table, has_unknown, at: node.at, name: name.to_owned(), problems })
    }

    /// The value of a key, whatever it is.
    pub(crate) fn node(&self, key: &str) -> Option<&'d Node> {
        self.table.get(key)
    }

    /// Whether the key is there.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.table.get(key).is_some()
    }

    /// The place of a key, or of the whole table if it has none.
    pub(crate) fn key_at(&self, key: &str) -> At {
        self.table.entry(key).map_or(self.at, |entry| entry.key_at)
    }

    /// Those of the keys that are there, in the order of the text.
    pub(crate) fn present<'k>(&self, keys: &[&'k str]) -> Vec<&'k str> {
        let entries = self.table.entries.iter();
        entries.filter_map(|entry| keys.iter().find(|key| **key == entry.key)).copied().collect()
    }

    /// Reports that a key is needed, unless an unknown one, which has been reported, may be it.
    pub(crate) fn missing(&self, key: &str, help: &str) {
        if !self.has_unknown {
            self.problems.report(self.at, format!("{} needs `{key}`", self.name), help);
        }
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Option<&'d str> {
        text(self.node(key)?, key, self.problems)
    }

    /// One of these words.
    pub(crate) fn word<'k>(&self, key: &str, words: &[&'k str]) -> Option<&'k str> {
        word(self.node(key)?, key, words, self.problems)
    }

    /// A whole number in this range.
    pub(crate) fn whole(&self, key: &str, min: u64, max: u64) -> Option<u64> {
        whole(self.node(key)?, key, min, max, self.problems)
    }

    /// A whole number in this range, below 2^32.
    pub(crate) fn whole32(&self, key: &str, min: u32, max: u32) -> Option<u32> {
        self.whole(key, u64::from(min), u64::from(max)).map(|number| number as u32)
    }

    /// A decimal or whole number.
    pub(crate) fn real(&self, key: &str) -> Option<f64> {
        let node = self.node(key)?;
        match node.value {
            Value::Real(number, _) => Some(number),
            Value::Whole(number) => Some(number as f64),
            _ => {
                wrong_type(node, key, "a number", &format!("write `{key} = 0.5`"), self.problems);
                None
            }
        }
    }

    /// True or false.
    pub(crate) fn truth(&self, key: &str) -> Option<bool> {
        truth(self.node(key)?, key, self.problems)
    }

    /// A duration.
    pub(crate) fn duration(&self, key: &str) -> Option<Span> {
        duration(self.node(key)?, key, self.problems)
    }

    /// A time since the start of the run.
    pub(crate) fn time(&self, key: &str) -> Option<Time> {
        Some(Time::ZERO + self.duration(key)?)
    }

    /// A size in bytes, up to this many.
    pub(crate) fn size(&self, key: &str, max: u64) -> Option<u64> {
        size(self.node(key)?, key, max, self.problems)
    }

    /// A list.
    pub(crate) fn list(&self, key: &str) -> Option<&'d [Node]> {
        list(self.node(key)?, key, self.problems)
    }

    /// A list of texts.
    pub(crate) fn texts(&self, key: &str) -> Option<Vec<&'d str>> {
        let item = format!("{key}[]");
        Some(self.list(key)?.iter().filter_map(|node| text(node, &item, self.problems)).collect())
    }

    /// The tables of a list of tables (`[[topics]]`), at most so many. A single table is no list, which is reported.
    pub(crate) fn tables(&self, key: &str, limit: usize) -> &'d [Node] {
        let Some(node) = self.node(key) else { return &[] };
        let Some(list) = node.as_list() else {
            let path = self.name.trim_matches(['[', ']']);
            let path =
                if path.is_empty() || path == "the file" { key.to_owned() } else { format!("{path}.{key}") };
            let message = format!("`{key}` is a list of tables, not {}", node.kind());
            self.problems.report(node.at, message, format!("write `[[{path}]]`"));
            return &[];
        };
        if list.len() > limit {
            let at = list[limit].at;
            let message = format!("{} `{key}`, more than the limit of {limit}", list.len());
            self.problems.report_bare(at, message);
            return &list[..limit];
        }
        list
    }
}

/// What an unknown key may have been meant to be.
fn key_help(key: &str, known: &[&str], problems: &Problems) -> String {
    if !problems.has_room() {
        return String::new();
    }
    let is_property =
        |name: &str| name.strip_prefix(key).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let properties = Family::ALL.iter().flat_map(|family| family.keys());
    if known.contains(&"config") && properties.map(|property| property.name).any(is_property) {
        return "Kafka's properties stand in `config`, as in `config = { \"acks\" = \"all\" }`".to_owned();
    }
    suggestion(key, known)
}

/// Reports a value of the wrong type.
pub(crate) fn wrong_type(node: &Node, key: &str, wanted: &str, help: &str, problems: &Problems) {
    problems.report(node.at, format!("`{key}` is {wanted}, not {}", node.kind()), help);
}

/// The value as a text.
pub(crate) fn text<'d>(node: &'d Node, key: &str, problems: &Problems) -> Option<&'d str> {
    if node.as_text().is_none() {
        wrong_type(node, key, "text", "put it in quotes", problems);
    }
    node.as_text()
}

/// The value as one of these words.
pub(crate) fn word<'k>(node: &Node, key: &str, words: &[&'k str], problems: &Problems) -> Option<&'k str> {
    let given = text(node, key, problems)?;
    let found = words.iter().find(|word| **word == given).copied();
    if found.is_none() {
        problems.report(node.at, format!("`{key}` cannot be `{}`", short(given)), suggestion(given, words));
    }
    found
}

/// The value as a whole number in `min..=max`.
pub(crate) fn whole(node: &Node, key: &str, min: u64, max: u64, problems: &Problems) -> Option<u64> {
    let Value::Whole(number) = node.value else {
        wrong_type(
            node,
            key,
            "a whole number",
            &format!("write a number without quotes, as in `{key} = {}`", min.max(1)),
            problems,
        );
        return None;
    };
    if number < i128::from(min) || number > i128::from(max) {
        let message = if number < i128::from(min) {
            format!("`{key} = {number}` is below {min}")
        } else {
            format!("`{key} = {number}` is above the limit of {max}")
        };
        problems.report(node.at, message, range_help(min, max));
        return None;
    }
    Some(number as u64)
}

fn range_help(min: u64, max: u64) -> String {
    match max {
        u64::MAX => format!("write a number from {min} on"),
        max if max == min => format!("it can only be {min}"),
        max => format!("write a number from {min} to {max}"),
    }
}

/// The value as true or false.
pub(crate) fn truth(node: &Node, key: &str, problems: &Problems) -> Option<bool> {
    if let Value::Truth(truth) = node.value {
        return Some(truth);
    }
    let help = format!("write `{key} = true` or `{key} = false`, without quotes");
    wrong_type(node, key, "true or false", &help, problems);
    None
}

/// The value as a duration.
pub(crate) fn duration(node: &Node, key: &str, problems: &Problems) -> Option<Span> {
    match &node.value {
        Value::Text(text) => quantity(quantity::duration(text), node, key, problems),
        Value::Whole(number) => {
            let help = format!("write `\"{number}ms\"` or `\"{number}s\"`");
            problems.report(node.at, format!("`{key}` is a duration and needs a unit"), help);
            None
        }
        _ => {
            wrong_type(node, key, "a duration", "write a duration as text, as in `\"5ms\"`", problems);
            None
        }
    }
}

/// The value as a size in bytes, at most `max`.
pub(crate) fn size(node: &Node, key: &str, max: u64, problems: &Problems) -> Option<u64> {
    let Value::Text(text) = &node.value else {
        return whole(node, key, 0, max, problems);
    };
    let size = quantity(quantity::size(text), node, key, problems)?;
    if size > max {
        problems.report(
            node.at,
            format!("`{key}` is {size} bytes, more than the limit of {max}"),
            range_help(0, max),
        );
        return None;
    }
    Some(size)
}

/// Reports why a text is no quantity.
pub(crate) fn quantity<T>(
    read: Result<T, NotAQuantity>,
    node: &Node,
    key: &str,
    problems: &Problems,
) -> Option<T> {
    read.map_err(|wrong| problems.report(node.at, format!("`{key}`: {}", wrong.message), wrong.help)).ok()
}

/// The value as a list.
pub(crate) fn list<'d>(node: &'d Node, key: &str, problems: &Problems) -> Option<&'d [Node]> {
    if node.as_list().is_none() {
        wrong_type(node, key, "a list", &format!("write `{key} = [ ... ]`"), problems);
    }
    node.as_list()
}

/// The value as the name of something new: a topic, a producer ...
pub(crate) fn name<'d>(node: &'d Node, key: &str, problems: &Problems) -> Option<&'d str> {
    let name = text(node, key, problems)?;
    let help = "a name has 1 to 249 letters, digits, `.`, `_` or `-`";
    let fits = !name.is_empty()
        && name.chars().count() <= limits::NAME_CHARS
        && name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    if !fits {
        problems.report(node.at, format!("`{}` cannot be a name", short(name)), help);
        return None;
    }
    Some(name)
}

/// Reports a name that is none of the known ones, with the nearest of them.
pub(crate) fn unknown<'n>(
    node: &Node,
    what: &str,
    name: &str,
    names: impl IntoIterator<Item = &'n str>,
    problems: &Problems,
) {
    let help = if problems.has_room() {
        suggestion(name, &names.into_iter().collect::<Vec<_>>())
    } else {
        String::new()
    };
    problems.report(node.at, format!("unknown {what} `{}`", short(name)), help);
}
