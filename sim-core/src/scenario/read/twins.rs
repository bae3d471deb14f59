//! Texts, and `[[twins]]` as the file has them.

use super::super::document::Node;
use super::super::error::Problems;
use super::super::merge::flattened;
use super::super::model::{Languages, Text, Twin};
use super::super::section::{Section, name};
use super::config::property_text;
use crate::protocol::Exception;

const KEYS: [&str; 5] = ["name", "text", "set", "change", "expect"];

/// `text`: what a scenario or a twin says about itself.
pub(crate) fn languages(node: &Node, part: &str, problems: &Problems) -> Languages {
    let Some(section) = Section::open(node, part, &["en", "ko"], problems) else {
        return Languages::default();
    };
    let path = part.trim_matches(['[', ']']);
    let language = |key: &str| {
        section.node(key).map(|node| text(node, &format!("[{path}.{key}]"), problems)).unwrap_or_default()
    };
    Languages { en: language("en"), ko: language("ko") }
}

fn text(node: &Node, part: &str, problems: &Problems) -> Text {
    let Some(section) = Section::open(node, part, &["title", "question", "answer", "try"], problems) else {
        return Text::default();
    };
    let of = |key: &str| section.text(key).unwrap_or_default().to_owned();
    Text { title: of("title"), question: of("question"), answer: of("answer"), r#try: of("try") }
}

/// What every twin says about itself; the changes that it makes are not looked at here.
pub(crate) fn twins(nodes: &[Node], problems: &Problems) -> Vec<Twin> {
    let mut twins: Vec<Twin> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Some(section) = Section::open(node, "[[twins]]", &KEYS, problems) else { continue };
        let Some(name_node) = section.node("name") else {
            section.missing("name", "write `name = \"idempotent\"`");
            continue;
        };
        let Some(name) = name(name_node, "name", problems) else { continue };
        if twins.iter().any(|known| known.name == name) {
            problems.report(
                name_node.at,
                format!("there are two twins `{name}`"),
                "give each a name of its own",
            );
            continue;
        }
        twins.push(Twin {
            name: name.to_owned(),
            text: twin_text(node, problems),
            set: sets(&section),
            expected_error: expected_error(&section),
        });
    }
    twins
}

/// A twin's own text.
pub(crate) fn twin_text(twin: &Node, problems: &Problems) -> Languages {
    let node = twin.as_table().and_then(|twin| twin.get("text"));
    node.map(|node| languages(node, "[twins.text]", problems)).unwrap_or_default()
}

fn sets(section: &Section<'_>) -> Vec<(String, String)> {
    let Some(node) = section.node("set") else { return Vec::new() };
    let Some(table) = node.as_table() else {
        let help = "write `set = { \"enable.idempotence\" = true }`";
        section.problems.report(node.at, format!("`set` is a table, not {}", node.kind()), help);
        return Vec::new();
    };
    let pairs = flattened(table).into_iter();
    pairs.filter_map(|(key, _, value)| Some((key, property_text(value)?))).collect()
}

/// `expect = { error = "ConfigException" }`: this twin is not to run at all.
fn expected_error(section: &Section<'_>) -> Option<Exception> {
    let node = section.node("expect")?.as_table()?.get("error")?;
    super::super::expect::exception(node, "error", section.problems)
}
