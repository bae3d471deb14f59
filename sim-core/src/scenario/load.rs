//! From the bytes of a file to a scenario: parse, apply the twin, apply what the command line sets, then type it.

use super::document::{self, Node, Table, Value};
use super::error::{Problems, ScenarioErrors};
use super::limits;
use super::merge::{self, flattened};
use super::model::{Languages, Overrides, Scenario, Text, Twin};
use super::overrides;
use super::quantity::short;
use super::read::{self, Configs, PartConfig, PartNote};
use super::section::unknown;
use super::source::{At, Source, Texts};
use crate::config::Release;

/// A scenario, and what there is to say about its configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// Settings that were set, or do not hold what the release would choose: one entry a part, producers first.
    pub configs: Vec<PartConfig>,
    /// Remarks about settings that were accepted: warnings of Kafka's, settings without effect ...
    pub notes: Vec<PartNote>,
}

impl Scenario {
    /// Reads a scenario file with a twin and overrides applied.
    ///
    /// Without them its twins are tried too, so that a mistake in a twin is found with the file and not when the twin is
    /// first asked for.
    ///
    /// # Errors
    /// All problems that one reading finds, each at its place.
    pub fn load(source: &Source, overrides: &Overrides) -> Result<Loaded, ScenarioErrors> {
        let (mut texts, problems) = (Texts::default(), Problems::default());
        let loaded = document::parse(&source.name, &source.bytes, &mut texts, &problems)
            .filter(|_| problems.count() == 0)
            .and_then(|root| {
                let loaded = apply_and_read(source, &root, overrides, &mut texts, &problems);
                let effort = source.bytes.len().saturating_mul(twin_nodes(&root).len());
                let plain = *overrides == Overrides::default() && effort <= limits::TRIED_BYTES;
                if problems.count() == 0 && plain {
                    try_twins(source, &root, &mut texts, &problems);
                }
                loaded
            });
        problems.finish(loaded, &texts)
    }
}

/// The file as one tree of JSON, with a twin and overrides applied as for [`Scenario::load`]: what another program needs
/// to play the same story. Values stand as written and nothing is filled in; the twins are left out.
///
/// # Errors
/// All problems that [`Scenario::load`] finds.
pub fn as_json(source: &Source, overrides: &Overrides) -> Result<serde_json::Value, ScenarioErrors> {
    Scenario::load(source, overrides)?;
    let (mut texts, problems) = (Texts::default(), Problems::default());
    let changed = document::parse(&source.name, &source.bytes, &mut texts, &problems).and_then(|root| {
        let twin = overrides.twin.as_deref();
        let twin = twin_nodes(&root).iter().find(|node| twin.is_some() && name_of(node) == twin);
        let mut changed = root.as_table()?.clone();
        apply(&mut changed, twin, overrides, &mut texts, &problems);
        changed.entries.retain(|entry| entry.key != "twins");
        Some(changed.to_json())
    });
    problems.finish(changed, &texts)
}

/// The paths of the `.properties` files that a scenario names, for whoever fills [`Source::properties`]. A file that
/// cannot be read names none.
pub fn properties_named(bytes: &[u8]) -> Vec<String> {
    let (mut texts, problems) = (Texts::default(), Problems::default());
    let Some(root) = document::parse("", bytes, &mut texts, &problems) else { return Vec::new() };
    let mut paths = Vec::new();
    collect_properties(&root, &mut paths);
    paths.sort();
    paths.dedup();
    paths
}

/// `properties` of producers, also of those that a twin changes.
fn collect_properties(node: &Node, paths: &mut Vec<String>) {
    let Some(table) = node.as_table() else { return };
    let list = |key: &str| table.get(key).and_then(Node::as_list).unwrap_or_default();
    for producer in list("producers").iter().filter_map(Node::as_table) {
        paths.extend(producer.get("properties").and_then(Node::as_text).map(str::to_owned));
    }
    for twin in list("twins").iter().filter_map(Node::as_table) {
        if let Some(change) = twin.get("change") {
            collect_properties(change, paths);
        }
    }
}

fn apply_and_read(
    source: &Source,
    root: &Node,
    overrides: &Overrides,
    texts: &mut Texts,
    problems: &Problems,
) -> Option<Loaded> {
    let file = root.as_table()?;
    if let Some(node) = file.get("twins").filter(|node| node.as_list().is_none()) {
        problems.report(
            node.at,
            format!("`twins` is a list of tables, not {}", node.kind()),
            "write `[[twins]]`",
        );
    }
    let twin_nodes = twin_nodes(root);
    if twin_nodes.len() > limits::TWINS {
        problems.report_bare(
            twin_nodes[limits::TWINS].at,
            format!("more twins than the limit of {}", limits::TWINS),
        );
        return None;
    }
    let twins = read::twins(twin_nodes, problems);
    let mut changed = file.clone();
    let twin = match &overrides.twin {
        Some(name) => Some(twin_node(name, &twins, twin_nodes, texts, problems)?),
        None => None,
    };
    apply(&mut changed, twin, overrides, texts, problems);
    let changed = Node { at: root.at, value: Value::Table(changed) };
    let mut configs = Configs::new(source, overrides, texts, problems);
    let scenario =
        read::scenario(&changed, source.scenario_name(), overrides.twin.as_deref(), &mut configs, problems);
    let (configs, notes) = configs.into_remarks();
    let mut scenario = scenario?;
    if let Some(twin) = twin {
        scenario.text = over(scenario.text, read::twin_text(twin, problems));
    } else if scenario.expect.error.is_some() {
        let at = changed.as_table().and_then(|file| file.get("expect")).map_or(root.at, |expect| expect.at);
        problems.report(
            at,
            "`error` in the file's own `[expect]`",
            "only a twin can be expected to be refused",
        );
    }
    scenario.twins = twins;
    Some(Loaded { scenario, configs, notes })
}

fn twin_nodes(root: &Node) -> &[Node] {
    root.as_table().and_then(|file| file.get("twins")).and_then(Node::as_list).unwrap_or_default()
}

/// The table of the twin that the command line asks for.
fn twin_node<'d>(
    name: &str,
    twins: &[Twin],
    nodes: &'d [Node],
    texts: &mut Texts,
    problems: &Problems,
) -> Option<&'d Node> {
    if let Some(node) = nodes.iter().find(|node| name_of(node) == Some(name)) {
        return Some(node);
    }
    let text = texts.add("--twin", name);
    let node =
        Node { at: At { text, start: 0, end: name.len() as u32 }, value: Value::Text(name.to_owned()) };
    unknown(&node, "twin", name, twins.iter().map(|twin| twin.name.as_str()), problems);
    None
}

fn name_of(twin: &Node) -> Option<&str> {
    twin.as_table().and_then(|twin| twin.get("name")).and_then(Node::as_text)
}

/// All changes of a file: the twin's, then the command line's.
fn apply(
    file: &mut Table,
    twin: Option<&Node>,
    overrides: &Overrides,
    texts: &mut Texts,
    problems: &Problems,
) {
    if let Some(twin) = twin {
        apply_twin(file, twin, problems);
    }
    apply_command_line(file, overrides, texts, problems);
}

/// `change`, then `set`; the twin's `expect` stands in the place of the file's.
fn apply_twin(file: &mut Table, twin: &Node, problems: &Problems) {
    let Some(twin) = twin.as_table() else { return };
    match twin.get("change") {
        Some(Node { value: Value::Table(change), .. }) => merge::change(file, change, problems),
        Some(node) => problems.report_bare(node.at, format!("`change` is a table, not {}", node.kind())),
        None => {}
    }
    if let Some(set) = twin.get("set").and_then(Node::as_table) {
        let set = flattened(set);
        if set.len() > limits::SETS {
            let at = twin.get("set").map(|set| set.at).unwrap_or_default();
            problems.report_bare(
                at,
                format!("`set` has {} entries, more than the limit of {}", set.len(), limits::SETS),
            );
            return;
        }
        // The profile first: it says which properties there are.
        let (profiles, others): (Vec<_>, Vec<_>) = set.into_iter().partition(|(key, ..)| key == "profile");
        for (key, at, value) in profiles.into_iter().chain(others) {
            let release = release_of(file);
            overrides::set(file, &key, at, value.clone(), release, problems);
        }
    }
    file.entries.retain(|entry| entry.key != "expect");
    file.entries.extend(twin.entry("expect").cloned());
}

fn apply_command_line(file: &mut Table, overrides: &Overrides, texts: &mut Texts, problems: &Problems) {
    if overrides.set.len() > limits::SETS {
        let text = texts.add("--set", "");
        let message = format!("{} settings, more than the limit of {}", overrides.set.len(), limits::SETS);
        problems.report_bare(At { text, start: 0, end: 0 }, message);
        return;
    }
    let seed = overrides.seed.map(|seed| ("seed".to_owned(), seed.to_string()));
    let (profiles, others): (Vec<_>, Vec<_>) =
        overrides.set.iter().cloned().partition(|(key, _)| key == "profile");
    for (key, value) in profiles.into_iter().chain(others).chain(seed) {
        let text = texts.add("--set", &format!("{key}={value}"));
        let end = key.len() as u32;
        let key_at = At { text, start: 0, end };
        let value_at = At { text, start: end + 1, end: end + 1 + value.len() as u32 };
        if value.len() > limits::TEXT_BYTES {
            problems.report_bare(
                key_at,
                format!("the value of `{}` is longer than the limit of 64 KiB", short(&key)),
            );
            continue;
        }
        let release = release_of(file);
        overrides::set(
            file,
            &key,
            key_at,
            Node { at: value_at, value: Value::Text(value) },
            release,
            problems,
        );
    }
}

/// The profile as the file has it by now; one that there is not is reported when the file is read.
fn release_of(file: &Table) -> Release {
    file.get("profile").and_then(Node::as_text).and_then(Release::by_profile).unwrap_or(Release::NEWEST)
}

/// A twin's words where it has any, else the file's.
fn over(file: Languages, twin: Languages) -> Languages {
    let word = |file: String, twin: String| if twin.is_empty() { file } else { twin };
    let text = |file: Text, twin: Text| Text {
        title: word(file.title, twin.title),
        question: word(file.question, twin.question),
        answer: word(file.answer, twin.answer),
        r#try: word(file.r#try, twin.r#try),
    };
    Languages { en: text(file.en, twin.en), ko: text(file.ko, twin.ko) }
}

/// Reads every twin that is not meant to be refused, for its problems only.
fn try_twins(source: &Source, root: &Node, texts: &mut Texts, problems: &Problems) {
    for twin in twin_nodes(root).iter().filter_map(Node::as_table) {
        let refused =
            twin.get("expect").and_then(Node::as_table).is_some_and(|expect| expect.get("error").is_some());
        if let Some(name) = twin.get("name").and_then(Node::as_text)
            && !refused
        {
            let overrides = Overrides { twin: Some(name.to_owned()), ..Overrides::default() };
            apply_and_read(source, root, &overrides, texts, problems);
        }
    }
}
