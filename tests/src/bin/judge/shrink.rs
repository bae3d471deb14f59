//! Leaving out: a script as small as it can be while something holds for it.

use serde_json::{Value, json};

use super::Failure;

/// The lists whose elements can be left out.
const LISTS: [&str; 5] =
    ["/steps", "/answers/produce", "/answers/init_producer_id", "/answers/metadata", "/cluster/topics"];

/// Leaves things out of the script, over and over, as long as `holds` says yes to what is left. A change that makes no
/// valid script is one that `holds` says no to.
pub(crate) fn shrunk(
    mut script: Value,
    mut holds: impl FnMut(&Value) -> Result<bool, Failure>,
) -> Result<Value, Failure> {
    loop {
        let mut smaller = false;
        for list in LISTS {
            smaller |= shrink_list(&mut script, list, &mut holds)?;
        }
        // Each success makes another list of what can be tried; the place in it stays, for what came before has failed.
        let mut at = 0;
        while let Some(candidate) = small_changes(&script).into_iter().nth(at) {
            if holds(&candidate)? {
                script = candidate;
                smaller = true;
            } else {
                at += 1;
            }
        }
        if !smaller {
            return Ok(script);
        }
    }
}

/// Leaves out runs of elements: all of them, halves, quarters, down to single ones.
fn shrink_list(
    script: &mut Value,
    list: &str,
    holds: &mut impl FnMut(&Value) -> Result<bool, Failure>,
) -> Result<bool, Failure> {
    let mut smaller = false;
    let mut run = length(script, list);
    while run > 0 {
        let mut from = 0;
        while from < length(script, list) {
            let mut candidate = script.clone();
            if let Some(elements) = candidate.pointer_mut(list).and_then(Value::as_array_mut) {
                elements.drain(from..elements.len().min(from + run));
            }
            if holds(&candidate)? {
                *script = candidate;
                smaller = true;
            } else {
                from += run;
            }
        }
        run /= 2;
    }
    Ok(smaller)
}

fn length(script: &Value, list: &str) -> usize {
    script.pointer(list).and_then(Value::as_array).map_or(0, Vec::len)
}

/// The script with one small thing less, in every way there is.
fn small_changes(script: &Value) -> Vec<Value> {
    let mut changes = Vec::new();
    for field in ["about", "sticky_draws"] {
        changes.extend(without(script, "", field));
    }
    let settings = script["config"].as_object().into_iter().flatten();
    changes.extend(settings.filter_map(|(key, _)| without(script, "/config", key)));
    for (at, step) in script["steps"].as_array().into_iter().flatten().enumerate() {
        let stream = format!("/steps/{at}/stream");
        for field in ["key", "every", "sync"] {
            changes.extend(without(script, &stream, field));
        }
        let mut send = format!("/steps/{at}/send");
        while script.pointer(&send).is_some() {
            changes.extend(without(script, &send, "then"));
            changes.extend(without(script, &send, "key"));
            send.push_str("/then/send");
        }
        if let Some(count) = step["stream"]["count"].as_u64().filter(|&count| count > 1) {
            changes.extend([1, count / 2, count - 1].map(|less| with(script, &stream, "count", less)));
        }
    }
    for answers in &LISTS[1..4] {
        for at in 0..length(script, answers) {
            let answer = format!("{answers}/{at}");
            changes.extend(
                ["partition", "append", "delay", "hint", "throttle_ms", "record_errors"]
                    .iter()
                    .filter_map(|f| without(script, &answer, f)),
            );
        }
    }
    for at in 0..length(script, "/cluster/topics") {
        changes.extend(without_last(script, &format!("/cluster/topics/{at}/leaders")));
    }
    changes.extend(without_last(script, "/cluster/nodes"));
    changes
}

fn without(script: &Value, object: &str, field: &str) -> Option<Value> {
    let mut candidate = script.clone();
    candidate.pointer_mut(object)?.as_object_mut()?.remove(field)?;
    Some(candidate)
}

fn without_last(script: &Value, list: &str) -> Option<Value> {
    let mut candidate = script.clone();
    candidate.pointer_mut(list)?.as_array_mut()?.pop()?;
    Some(candidate)
}

fn with(script: &Value, object: &str, field: &str, number: u64) -> Value {
    let mut candidate = script.clone();
    if let Some(object) = candidate.pointer_mut(object) {
        object[field] = json!(number);
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let script = json!({
            "config": {"linger.ms": "5", "acks": "1"},
            "steps": [
                {"at": 0, "send": {"id": 0}},
                {"at": 1, "stream": {"first_id": 1, "count": 12, "every": 3}},
                {"at": 2, "send": {"id": 13}},
            ],
            "answers": {"produce": [{"nth": 1}, {"nth": 2, "delay": 7}]},
        });
        let needed = |script: &Value| {
            let streams = script["steps"].as_array().into_iter().flatten();
            let records: u64 = streams.filter_map(|step| step["stream"]["count"].as_u64()).sum();
            Ok(records >= 3 && script["config"]["acks"] == "1")
        };
        let smallest = json!({
            "config": {"acks": "1"},
            "steps": [{"at": 1, "stream": {"first_id": 1, "count": 3}}],
            "answers": {"produce": []},
        });
        assert_eq!(shrunk(script, needed).expect("it cannot fail"), smallest);
    }
}
