//! What a twin and the command line set: `acks=1`, `seed=7`, `broker:replica.lag.time.max.ms=500`, `shop:linger.ms=0`.

use super::document::{Entry, Node, Table, Value};
use super::error::Problems;
use super::nearest::{nearest, suggestion};
use super::quantity::short;
use super::source::At;
use crate::config::{Family, Release, families_of};

/// Parts in the order in which a property without an owner looks for one: a topic before the brokers, whose value would
/// be hidden by the topic's.
const ORDER: [Family; 4] = [Family::Producer, Family::Topic, Family::Broker, Family::Consumer];

/// Sets a key of the scenario or a Kafka property, in the part that it belongs to.
pub(crate) fn set(
    file: &mut Table,
    key: &str,
    key_at: At,
    value: Node,
    release: Release,
    problems: &Problems,
) {
    if let "seed" | "profile" = key {
        let value = if key == "seed" { as_number(value) } else { value };
        file.put(Entry { key: key.to_owned(), key_at, value });
        return;
    }
    let setter = Setter { key_at, value, release, problems };
    match key.split_once(':') {
        None => setter.to_its_family(file, key),
        Some((owner, property)) => setter.to_owner(file, owner, property),
    }
}

/// A seed given as text on the command line.
fn as_number(node: Node) -> Node {
    match node.as_text().and_then(|text| text.trim().parse::<i128>().ok()) {
        Some(number) => Node { at: node.at, value: Value::Whole(number) },
        None => node,
    }
}

struct Setter<'p> {
    key_at: At,
    value: Node,
    release: Release,
    problems: &'p Problems,
}

impl Setter<'_> {
    fn to_its_family(&self, file: &mut Table, property: &str) {
        let families = families_of(property);
        let in_release = |family: &Family| family.key(property).is_some_and(|key| key.is_in(self.release));
        let has = |family: &&Family| families.contains(family);
        let family = ORDER.iter().find(|family| in_release(family)).or_else(|| ORDER.iter().find(has));
        match family {
            Some(family) => self.to_all(file, *family, property),
            None => self.unknown(file, property),
        }
    }

    fn unknown(&self, file: &Table, property: &str) {
        let names = ORDER.iter().flat_map(|family| family.keys()).map(|key| key.name);
        let help = match (nearest(property, names.chain(["seed", "profile"])), file.get(property)) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, Some(_)) => {
                "only `seed`, `profile` and Kafka's properties can be set; a twin's `change` can do more"
                    .to_owned()
            }
            (None, None) => {
                "write a Kafka property, as in `acks=1`, or `seed=7`, or `profile=kafka-3.9`".to_owned()
            }
        };
        self.problems.report(self.key_at, format!("unknown property `{}`", short(property)), help);
    }

    fn to_owner(&self, file: &mut Table, owner: &str, property: &str) {
        match owner {
            "producer" => self.to_all(file, Family::Producer, property),
            "topic" => self.to_all(file, Family::Topic, property),
            "broker" => self.to_all(file, Family::Broker, property),
            "consumer" => self.to_all(file, Family::Consumer, property),
            name => self.to_named(file, name, property),
        }
    }

    fn to_all(&self, file: &mut Table, family: Family, property: &str) {
        if family == Family::Broker {
            let empty = || Node { at: self.key_at, value: Value::Table(Table::default()) };
            if file.get("cluster").is_none() {
                file.put(Entry { key: "cluster".to_owned(), key_at: self.key_at, value: empty() });
            }
            if let Some(Node { value: Value::Table(cluster), .. }) = file.get_mut("cluster") {
                self.put(cluster, property);
            }
            return;
        }
        let parts = parts(family);
        let mut found = false;
        if let Some(Node { value: Value::List(list), .. }) = file.get_mut(parts) {
            for node in list {
                if let Value::Table(part) = &mut node.value {
                    self.put(part, property);
                    found = true;
                }
            }
        }
        if !found {
            let message = format!("`{}` belongs to a {family}, and the scenario has none", short(property));
            self.problems.report(self.key_at, message, format!("add `[[{parts}]]`"));
        }
    }

    fn to_named(&self, file: &mut Table, owner: &str, property: &str) {
        let families = [Family::Producer, Family::Topic, Family::Consumer];
        let named: Vec<Family> =
            families.into_iter().filter(|family| find(file, *family, owner).is_some()).collect();
        let family = named.iter().find(|family| family.key(property).is_some()).or(named.first());
        match family.and_then(|family| find(file, *family, owner)) {
            Some(part) => self.put(part, property),
            None => {
                let mut known: Vec<String> =
                    families.into_iter().flat_map(|family| names(file, family)).collect();
                known.extend(["producer", "topic", "broker", "consumer"].map(str::to_owned));
                let known: Vec<&str> = known.iter().map(String::as_str).collect();
                let message = format!("there is no `{}` to set `{}` of", short(owner), short(property));
                self.problems.report(self.key_at, message, suggestion(owner, &known));
            }
        }
    }

    /// Writes the property behind all others of the part's `config`: the last one counts.
    fn put(&self, part: &mut Table, property: &str) {
        if part.get("config").is_none() {
            let empty = Node { at: self.key_at, value: Value::Table(Table::default()) };
            part.put(Entry { key: "config".to_owned(), key_at: self.key_at, value: empty });
        }
        // A `config` of another type is reported when it is read.
        if let Some(Node { value: Value::Table(config), .. }) = part.get_mut("config") {
            config.entries.retain(|entry| entry.key != property);
            let (key, value) = (property.to_owned(), self.value.clone());
            config.entries.push(Entry { key, key_at: self.key_at, value });
        }
    }
}

fn parts(family: Family) -> &'static str {
    match family {
        Family::Producer => "producers",
        Family::Topic => "topics",
        Family::Consumer => "consumers",
        Family::Broker => "cluster",
    }
}

fn naming(family: Family) -> &'static str {
    if family == Family::Topic { "name" } else { "id" }
}

fn find<'t>(file: &'t mut Table, family: Family, name: &str) -> Option<&'t mut Table> {
    let Some(Node { value: Value::List(list), .. }) = file.get_mut(parts(family)) else { return None };
    list.iter_mut().find_map(|node| match &mut node.value {
        Value::Table(part) if part.get(naming(family)).and_then(Node::as_text) == Some(name) => Some(part),
        _ => None,
    })
}

fn names(file: &Table, family: Family) -> Vec<String> {
    let list = file.get(parts(family)).and_then(Node::as_list).unwrap_or_default();
    let parts = list.iter().filter_map(Node::as_table);
    parts.filter_map(|part| part.get(naming(family))?.as_text().map(str::to_owned)).collect()
}
