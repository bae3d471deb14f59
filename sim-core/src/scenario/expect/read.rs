//! Reads `[expect]`.

use super::super::document::{Entry, Node, Value};
use super::super::error::Problems;
use super::super::nearest::{nearest, suggestion};
use super::super::quantity::short;
use super::super::read::World;
use super::super::section::{Section, list, text, truth, whole, word, wrong_type};
use super::trace;
use super::{Expect, Expectation, Place, Range, Wanted, names};
use crate::protocol::Exception;

/// Reads `[expect]`, or a twin's.
pub(crate) fn read(node: &Node, world: &World<'_>) -> Option<Expect> {
    let section = Section::open(node, "[expect]", &names::all(), world.problems)?;
    let mut reader = Reader { world, results: Vec::new() };
    let table = node.as_table()?;
    for entry in &table.entries {
        reader.entry(entry);
    }
    let mut expect = Expect { results: reader.results, ..Expect::default() };
    for node in section.tables("trace", usize::MAX) {
        expect.trace.extend(trace::read(node, world));
    }
    if let Some(node) = section.node("allowed")
        && truth(node, "allowed", world.problems) == Some(true)
    {
        let help = "that no finding is against the promise is always checked: write `allowed = false` or leave it out";
        world.problems.report(node.at, "`allowed` can only be false", help);
    }
    if let Some(node) = section.node("error") {
        expect.error = exception(node, "error", world.problems);
        if table.entries.len() > 1 {
            let help = "with `error` there is no run, so nothing else comes out: leave the rest out";
            world.problems.report(section.key_at("error"), "`error` beside other expectations", help);
        }
    }
    Some(expect)
}

/// An exception by its name.
pub(crate) fn exception(node: &Node, key: &str, problems: &Problems) -> Option<Exception> {
    exception_named(node, text(node, key, problems)?, problems)
}

fn exception_named(node: &Node, given: &str, problems: &Problems) -> Option<Exception> {
    let exception = Exception::by_name(given);
    if exception.is_none() {
        let help = match nearest(given, Exception::ALL.iter().map(|exception| exception.name())) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write the simple name of the Java class, as in `TimeoutException`".to_owned(),
        };
        problems.report(node.at, format!("unknown exception `{}`", short(given)), help);
    }
    exception
}

struct Reader<'a, 'd> {
    world: &'a World<'d>,
    results: Vec<Expectation>,
}

impl Reader<'_, '_> {
    fn add(&mut self, what: impl Into<String>, place: Place, wanted: Option<Wanted>) {
        if let Some(wanted) = wanted {
            self.results.push(Expectation { what: what.into(), place, wanted });
        }
    }

    fn entry(&mut self, entry: &Entry) {
        let (key, node, problems) = (entry.key.as_str(), &entry.value, self.world.problems);
        if let Some((name, path)) = names::NUMBERS.iter().find(|(name, _)| *name == key) {
            return self.add(*name, Place::Path(path), number(node, key, problems).map(Wanted::Number));
        }
        if let Some(((name, path), words)) = names::WORDS.iter().find(|((name, _), _)| *name == key) {
            let wanted = word(node, key, words, problems).map(|word| Wanted::Word(word.to_owned()));
            return self.add(*name, Place::Path(path), wanted);
        }
        if let Some((name, path)) = names::TRUTHS.iter().find(|(name, _)| *name == key) {
            return self.add(*name, Place::Path(path), truth(node, key, problems).map(Wanted::Truth));
        }
        if let Some((name, fields)) = names::TABLES.iter().find(|(name, _)| *name == key) {
            return self.numbers_of(node, name, fields, Place::Path);
        }
        match key {
            "errors" => self.errors(node),
            "log" => self.each(node, key, Self::log),
            "read" | "lag" | "decoded" => self.each(node, key, |reader, entry| reader.consumer(key, entry)),
            "records" => self.each(node, key, Self::record),
            "ends-by" => {
                let span = super::super::section::duration(node, key, problems);
                let range = span.map(|span| Range { min: f64::NEG_INFINITY, max: span.as_millis_f64() });
                self.add(key, Place::Path(&["virtual_ms"]), range.map(Wanted::Number));
            }
            field
                if names::LOG_NUMBERS.iter().any(|(name, _)| *name == field)
                    || names::LOG_LISTS.iter().any(|(name, _)| *name == field) =>
            {
                self.each(node, key, |reader, entry| reader.log_field(&entry.key, key, &entry.value, entry));
            }
            // `trace`, `allowed` and `error` are read by the caller; an unknown key has been reported.
            _ => {}
        }
    }

    /// The entries of a table by partition, consumer or record.
    fn each(&mut self, node: &Node, key: &str, mut read: impl FnMut(&mut Self, &Entry)) {
        match node.as_table() {
            Some(table) => table.entries.iter().for_each(|entry| read(self, entry)),
            None => {
                let subject = match key {
                    "records" => "shop-0",
                    "read" | "lag" | "decoded" => "audit",
                    _ => "orders-0",
                };
                wrong_type(
                    node,
                    key,
                    "a table",
                    &format!("write `{key}.\"{subject}\" = ...`"),
                    self.world.problems,
                );
            }
        }
    }

    /// A table of numbers by field.
    fn numbers_of(
        &mut self,
        node: &Node,
        what: &str,
        fields: &[names::Named],
        place: impl Fn(&'static [&'static str]) -> Place,
    ) {
        let known: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
        let Some(section) = Section::open(node, &format!("`{what}`"), &known, self.world.problems) else {
            return;
        };
        for (name, path) in fields {
            if let Some(node) = section.node(name) {
                let wanted = number(node, name, self.world.problems).map(Wanted::Number);
                self.add(format!("{what}.{name}"), place(path), wanted);
            }
        }
    }

    fn errors(&mut self, node: &Node) {
        let Some(table) = node.as_table() else {
            let help = "write `errors = { TimeoutException = 3 }`";
            return wrong_type(node, "errors", "a table", help, self.world.problems);
        };
        for entry in &table.entries {
            let at_key = Node { at: entry.key_at, value: Value::Text(entry.key.clone()) };
            if let Some(exception) = exception_named(&at_key, &entry.key, self.world.problems) {
                let wanted = number(&entry.value, &entry.key, self.world.problems).map(Wanted::Number);
                self.add(format!("errors.{exception}"), Place::Errors(exception.name()), wanted);
            }
        }
    }

    /// `log."orders-0"`: the records as a list, or a table of fields.
    fn log(&mut self, entry: &Entry) {
        if entry.value.as_table().is_none() {
            return self.log_field(&entry.key, "records", &entry.value, entry);
        }
        let mut known = vec!["records"];
        known.extend(names::LOG_NUMBERS.iter().chain(&names::LOG_LISTS).map(|(name, _)| *name));
        let Some(section) = Section::open(&entry.value, "a log", &known, self.world.problems) else { return };
        for field in section.present(&known) {
            if let Some(node) = section.node(field) {
                self.log_field(&entry.key, field, node, entry);
            }
        }
    }

    fn log_field(&mut self, partition: &str, field: &str, node: &Node, entry: &Entry) {
        let problems = self.world.problems;
        let at_key = Node { at: entry.key_at, value: Value::Text(entry.key.clone()) };
        let Some(tp) = self.world.partition(&at_key, partition) else { return };
        let number_field = names::LOG_NUMBERS.iter().find(|(name, _)| *name == field).map(|(_, json)| *json);
        let list_field = names::LOG_LISTS.iter().find(|(name, _)| *name == field).map(|(_, json)| *json);
        let (json, wanted) = match (number_field, list_field) {
            (Some(json), _) => (json, number(node, field, problems).map(Wanted::Number)),
            (_, Some(json)) => (json, self.brokers(node, field).map(Wanted::Numbers)),
            _ => ("records", self.records(node, field).map(Wanted::Words)),
        };
        let topic = self.world.topics[tp.topic.0 as usize].name.clone();
        let place = Place::Log { topic, partition: tp.partition, field: json };
        let what = if field == "records" {
            format!("log.\"{partition}\"")
        } else {
            format!("log.\"{partition}\".{field}")
        };
        self.add(what, place, wanted);
    }

    fn brokers(&self, node: &Node, key: &str) -> Option<Vec<i64>> {
        let last = u64::from(self.world.brokers.max(1)) - 1;
        let nodes = list(node, key, self.world.problems)?.iter();
        nodes.map(|node| whole(node, key, 0, last, self.world.problems).map(|id| id as i64)).collect()
    }

    fn records(&self, node: &Node, key: &str) -> Option<Vec<String>> {
        let nodes = list(node, key, self.world.problems)?.iter();
        nodes
            .map(|node| {
                let given = text(node, key, self.world.problems)?;
                self.world.record(node, given).map(|_| given.to_owned())
            })
            .collect()
    }

    fn consumer(&mut self, key: &str, entry: &Entry) {
        let problems = self.world.problems;
        let at_key = Node { at: entry.key_at, value: Value::Text(entry.key.clone()) };
        if !self.world.consumer_exists(&at_key, &entry.key) {
            return;
        }
        let id = entry.key.clone();
        let what = format!("{key}.\"{id}\"");
        match key {
            "read" => {
                let wanted = self.records(&entry.value, key).map(Wanted::Words);
                self.add(what, Place::Consumer { id, path: &["read"] }, wanted);
            }
            "lag" => {
                let wanted = number(&entry.value, key, problems).map(Wanted::Number);
                self.add(what, Place::Consumer { id, path: &["lag"] }, wanted);
            }
            _ => self.numbers_of(&entry.value, &what, &names::DECODED, |path| Place::Consumer {
                id: id.clone(),
                path,
            }),
        }
    }

    fn record(&mut self, entry: &Entry) {
        let problems = self.world.problems;
        let at_key = Node { at: entry.key_at, value: Value::Text(entry.key.clone()) };
        if self.world.record(&at_key, &entry.key).is_none() {
            return;
        }
        let Some(fields) = entry.value.as_table() else {
            let help = "write `records.\"shop-1\" = { outcome = \"failed\" }`";
            return wrong_type(&entry.value, "records", "a table", help, problems);
        };
        for field in &fields.entries {
            let plain = field.key.replace('_', "-");
            let numbers = names::LEDGER_NUMBERS.iter().find(|(name, _)| *name == plain);
            let words = names::LEDGER_WORDS.iter().find(|(name, _)| *name == plain);
            let (json, wanted) = match (numbers, words) {
                (Some((name, json)), _) => (*json, number(&field.value, name, problems).map(Wanted::Number)),
                (_, Some((name, json))) => (*json, self.ledger_word(name, &field.value).map(Wanted::Word)),
                _ => {
                    let all = names::LEDGER_NUMBERS.iter().chain(&names::LEDGER_WORDS);
                    let known: Vec<&str> = all.map(|(name, _)| *name).collect();
                    let message = format!("unknown field `{}` of a record", short(&field.key));
                    problems.report(field.key_at, message, suggestion(&field.key, &known));
                    continue;
                }
            };
            let what = format!("records.\"{}\".{plain}", entry.key);
            self.add(what, Place::Record { record: entry.key.clone(), field: json }, wanted);
        }
    }

    fn ledger_word(&self, name: &str, node: &Node) -> Option<String> {
        let problems = self.world.problems;
        match name {
            "outcome" => word(node, name, &names::OUTCOMES, problems).map(str::to_owned),
            "error" => exception(node, name, problems).map(|exception| exception.name().to_owned()),
            _ => text(node, name, problems).map(str::to_owned),
        }
    }
}

/// A number, or `{ min = ..., max = ... }`.
pub(super) fn number(node: &Node, key: &str, problems: &Problems) -> Option<Range> {
    if let Some(number) = plain_number(node) {
        return Some(Range::exactly(number));
    }
    if node.as_table().is_none() {
        let help = format!("write `{key} = 3` or `{key} = {{ min = 1, max = 5 }}`");
        wrong_type(node, key, "a number or a range", &help, problems);
        return None;
    }
    let section = Section::open(node, &format!("the range of `{key}`"), &["min", "max"], problems)?;
    if !section.has("min") && !section.has("max") {
        section.missing("min", "write `{ min = 1 }`, `{ max = 5 }` or both");
        return None;
    }
    let min = if section.has("min") { section.real("min")? } else { f64::NEG_INFINITY };
    let max = if section.has("max") { section.real("max")? } else { f64::INFINITY };
    if min > max {
        problems.report(node.at, format!("`min = {min}` is above `max = {max}`"), "exchange them");
        return None;
    }
    Some(Range { min, max })
}

fn plain_number(node: &Node) -> Option<f64> {
    match node.value {
        Value::Whole(number) => Some(number as f64),
        Value::Real(number, _) => Some(number),
        _ => None,
    }
}
