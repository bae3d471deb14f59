//! Changes to the tree before it is typed: a twin's `change`, and keys with dots that stand for one key.

use super::document::{Entry, Node, Table, Value};
use super::error::Problems;
use super::source::At;

/// Lists of tables that a change merges entry by entry, and the key that names an entry.
const NAMED: [(&str, &str); 3] = [("topics", "name"), ("producers", "id"), ("consumers", "id")];

/// Parts of a file that are no part of the story, so that a change cannot touch them.
const NOT_TO_CHANGE: [(&str, &str); 2] =
    [("twins", "a twin has no twins"), ("expect", "write the twin's `expect` beside `change`")];

/// Merges a twin's `change` over the file: tables key by key, topics by name, producers and consumers by id; everything
/// else, so also `sends` and `faults`, is replaced whole.
pub(crate) fn change(file: &mut Table, change: &Table, problems: &Problems) {
    for entry in &change.entries {
        if let Some((key, help)) = NOT_TO_CHANGE.iter().find(|(key, _)| *key == entry.key) {
            problems.report(entry.key_at, format!("`{key}` in `change`"), *help);
            continue;
        }
        match NAMED.iter().find(|(key, _)| *key == entry.key) {
            Some((_, naming)) => change_named(file, entry, naming, problems),
            None => change_entry(file, entry),
        }
    }
}

fn change_entry(table: &mut Table, change: &Entry) {
    if let (Value::Table(new), Some(Node { value: Value::Table(old), .. })) =
        (&change.value.value, table.get_mut(&change.key))
        // A distribution is one value: parts of two of them make none.
        && new.get("distribution").is_none()
    {
        for entry in &new.entries {
            change_entry(old, entry);
        }
        return;
    }
    table.put(change.clone());
}

fn change_named(file: &mut Table, change: &Entry, naming: &str, problems: &Problems) {
    let (Value::List(new), Some(Node { value: Value::List(old), .. })) =
        (&change.value.value, file.get_mut(&change.key))
    else {
        file.put(change.clone());
        return;
    };
    for node in new {
        let Value::Table(table) = &node.value else {
            problems.report_bare(node.at, format!("[[{}]] is a table, not {}", change.key, node.kind()));
            continue;
        };
        let Some(name) = table.get(naming).and_then(Node::as_text) else {
            let help =
                format!("write `{naming} = \"...\"`: what has that name is changed, a new name is added");
            problems.report(node.at, format!("a change of `{}` needs `{naming}`", change.key), help);
            continue;
        };
        let same = |known: &&mut Node| {
            known.as_table().and_then(|known| known.get(naming)).and_then(Node::as_text) == Some(name)
        };
        match old.iter_mut().find(same) {
            Some(Node { value: Value::Table(known), .. }) => {
                for entry in &table.entries {
                    change_entry(known, entry);
                }
            }
            _ => old.push(node.clone()),
        }
    }
}

/// The entries of a table of names with dots. `min.insync.replicas = 2` without quotes is a table of tables to TOML;
/// it means the same as with quotes.
pub(crate) fn flattened(table: &Table) -> Vec<(String, At, &Node)> {
    let mut flat = Vec::with_capacity(table.entries.len());
    flatten(table, "", &mut flat);
    flat
}

fn flatten<'d>(table: &'d Table, prefix: &str, flat: &mut Vec<(String, At, &'d Node)>) {
    for entry in &table.entries {
        let name = if prefix.is_empty() { entry.key.clone() } else { format!("{prefix}.{}", entry.key) };
        match &entry.value.value {
            Value::Table(inner) if !inner.entries.is_empty() => flatten(inner, &name, flat),
            _ => flat.push((name, entry.key_at, &entry.value)),
        }
    }
}
