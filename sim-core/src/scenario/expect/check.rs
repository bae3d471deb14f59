//! Holds `[expect]` against the result of a run.

use serde_json::Value as Json;

use super::super::error::ScenarioErrors;
use super::{Expect, Expectation, Place, TraceExpectations, Wanted};
use crate::protocol::Exception;

/// An expectation that did not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// As the file writes it.
    pub what: String,
    /// What it was to be.
    pub expected: String,
    /// What it is.
    pub got: String,
}

/// How long a list may be in a message.
const SHOWN: usize = 400;

/// All expectations that do not hold: of the result (its JSON, with no list cut), of the trace as `seen`, and that no
/// finding is against what the settings promise.
pub fn check(expect: &Expect, result: &Json, seen: Option<&TraceExpectations>) -> Vec<Mismatch> {
    let mut mismatches = Vec::new();
    if let Some(exception) = expect.error {
        let expected = format!("no run, {exception}");
        mismatches.push(Mismatch { what: "error".to_owned(), expected, got: "a run".to_owned() });
    }
    mismatches.extend(expect.results.iter().filter_map(|expectation| expectation.mismatch(result)));
    match seen {
        Some(seen) => mismatches.extend(seen.mismatches()),
        None if expect.trace.is_empty() => {}
        None => mismatches.push(Mismatch {
            what: "trace".to_owned(),
            expected: "events to be counted".to_owned(),
            got: "a run that nobody observed".to_owned(),
        }),
    }
    mismatches.extend(not_allowed(result));
    mismatches
}

/// What is wrong with a twin that is to be refused: it was not, or for another reason.
pub fn check_refusal(exception: Exception, refusal: Option<&ScenarioErrors>) -> Option<Mismatch> {
    let got = match refusal {
        None => "it can be run".to_owned(),
        Some(errors) if errors.exceptions().any(|thrown| thrown == exception) => return None,
        Some(errors) => errors.errors.first().map(|error| error.message.clone()).unwrap_or_default(),
    };
    Some(Mismatch { what: "error".to_owned(), expected: exception.to_string(), got })
}

/// Findings that the settings promise not to happen.
fn not_allowed(result: &Json) -> Option<Mismatch> {
    let findings = result.get("findings").and_then(Json::as_array)?;
    let broken: Vec<&Json> = findings
        .iter()
        .filter(|finding| finding.get("allowed").and_then(Json::as_bool) == Some(false))
        .collect();
    let first = broken.first()?;
    let word = |key: &str| first.get(key).and_then(Json::as_str).unwrap_or("?");
    let more = if broken.len() > 1 { format!(" and {} more", broken.len() - 1) } else { String::new() };
    Some(Mismatch {
        what: "allowed".to_owned(),
        expected: "no finding that the settings do not allow".to_owned(),
        got: format!("{} {}{more} ({})", word("record"), word("kind"), word("because")),
    })
}

impl Expectation {
    fn mismatch(&self, result: &Json) -> Option<Mismatch> {
        let found = self.place.find(result);
        if found.as_ref().is_some_and(|found| self.wanted.is_met_by(found)) {
            return None;
        }
        let got = found.map_or_else(|| "nothing".to_owned(), |found| shown(&found));
        Some(Mismatch { what: self.what.clone(), expected: cut(self.wanted.to_string()), got })
    }
}

impl Place {
    fn find(&self, result: &Json) -> Option<Json> {
        match self {
            Place::Path(path) => follow(result, path).cloned(),
            Place::Errors(exception) => {
                Some(follow(result, &["errors", exception]).cloned().unwrap_or_else(|| Json::from(0)))
            }
            Place::Log { topic, partition, field } => {
                let log = result.get("logs")?.as_array()?.iter().find(|log| {
                    log.get("topic").and_then(Json::as_str) == Some(topic)
                        && log.get("partition").and_then(Json::as_u64) == Some(u64::from(*partition))
                })?;
                log.get(field).cloned()
            }
            Place::Consumer { id, path } => follow(result.get("consumers")?.get(id)?, path).cloned(),
            Place::Record { record, field } => {
                let mut lines = result.get("ledger")?.as_array()?.iter();
                let line = lines.find(|line| line.get("record").and_then(Json::as_str) == Some(record))?;
                line.get(field).cloned()
            }
        }
    }
}

fn follow<'j>(json: &'j Json, path: &[&str]) -> Option<&'j Json> {
    path.iter().try_fold(json, |json, key| json.get(key))
}

impl Wanted {
    fn is_met_by(&self, found: &Json) -> bool {
        match self {
            Wanted::Number(range) => found.as_f64().is_some_and(|number| range.holds(number)),
            Wanted::Word(word) => found.as_str() == Some(word),
            Wanted::Truth(truth) => found.as_bool() == Some(*truth),
            Wanted::Words(words) => found.as_array().is_some_and(|list| {
                list.iter().map(Json::as_str).eq(words.iter().map(|word| Some(word.as_str())))
            }),
            Wanted::Numbers(numbers) => found.as_array().is_some_and(|list| {
                list.iter().map(Json::as_i64).eq(numbers.iter().map(|number| Some(*number)))
            }),
        }
    }
}

/// A value of the result as a message shows it.
fn shown(found: &Json) -> String {
    cut(match found {
        Json::Null => "nothing".to_owned(),
        Json::String(word) => word.clone(),
        Json::Array(list) => {
            let items: Vec<String> = list.iter().map(shown).collect();
            format!("[{}]", items.join(", "))
        }
        Json::Number(number) => {
            number.as_f64().filter(|_| number.is_f64()).map_or(number.to_string(), |n| n.to_string())
        }
        other => other.to_string(),
    })
}

fn cut(text: String) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{} ...", &text[..at]),
        None => text,
    }
}
