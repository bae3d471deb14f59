//! `[[faults]]`.

use super::super::document::{Node, Value};
use super::super::limits;
use super::super::model::{Act, BrokerRef, CutEnd, Fault, LinkEnd, PowerLoss, When};
use super::super::nearest::nearest;
use super::super::quantity::short;
use super::super::section::{Section, word};
use super::config::Configs;
use super::distribution::sampled;
use super::network::link_end;
use super::on::on;
use super::world::World;
use crate::protocol::ErrorCode;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::trace::EventKind;

/// Every act, with what may stand beside it.
const ACTS: [(&str, &[&str]); 20] = [
    ("lose", &[]),
    ("delay", &["by"]),
    ("reset", &[]),
    ("fail", &["error", "append"]),
    ("crash", &["power", "survives", "for"]),
    ("restart", &[]),
    ("shutdown", &["for"]),
    ("pause", &["for"]),
    ("cut", &["for", "one-way", "reject"]),
    ("slow", &["by", "for", "disk"]),
    ("block-fetches", &["for"]),
    ("fence", &["for"]),
    ("unfence", &[]),
    ("elect", &["leader", "unclean"]),
    ("add-partitions", &["to"]),
    ("set-config", &["config"]),
    ("kill-producer", &["for"]),
    ("close-producer", &["timeout"]),
    ("flush-producer", &[]),
    ("abandon-producer", &[]),
];

/// What may stand beside some act.
const PARAMETERS: [&str; 13] = [
    "by", "error", "append", "power", "survives", "for", "one-way", "reject", "disk", "leader", "unclean",
    "to", "config",
];

/// More records than any log has.
const MAX_SURVIVING: u64 = 1_000_000_000_000;

pub(super) fn faults(nodes: &[Node], world: &World<'_>, configs: &mut Configs<'_>) -> Vec<Fault> {
    nodes.iter().filter_map(|node| fault(node, world, configs)).collect()
}

fn fault(node: &Node, world: &World<'_>, configs: &mut Configs<'_>) -> Option<Fault> {
    let section = Section::open(node, "[[faults]]", &["at", "on", "do"], world.problems)?;
    let when = when(&section, world);
    let Some(act_node) = section.node("do") else {
        section.missing("do", "write what happens, as in `do = { crash = 0 }`");
        return None;
    };
    let act = act(act_node, world, configs);
    let (when, act) = (when?, act?);
    if act.is_about_it() {
        it_is_there(act_node, &act, &when, world)?;
    }
    Some(Fault { when, act })
}

fn when(section: &Section<'_>, world: &World<'_>) -> Option<When> {
    match (section.node("at"), section.node("on")) {
        (Some(_), None) => sampled(section, "at").map(When::At),
        (None, Some(node)) => on(node, world).map(When::On),
        (Some(_), Some(_)) => {
            world.problems.report(
                section.key_at("on"),
                "`on` beside `at`",
                "a fault happens at a time or on an event",
            );
            None
        }
        (None, None) => {
            section
                .missing("at", "write `at = \"120ms\"`, or `on = { event = \"produce-response\", nth = 2 }`");
            None
        }
    }
}

/// `"it"` is the message of `on`.
fn it_is_there(node: &Node, act: &Act, when: &When, world: &World<'_>) -> Option<()> {
    let name = act.name();
    let message = match when {
        When::At(_) => Some(format!("`{name} = \"it\"` at a time: there is no message then")),
        When::On(on) if !on.event.is_message() => {
            Some(format!("`{name} = \"it\"`, but `{}` is no message", on.event.name()))
        }
        When::On(_) => None,
    };
    if let Some(message) = message {
        world.problems.report(
            node.at,
            message,
            "name a message, as in `on = { event = \"produce-response\" }`",
        );
        return None;
    }
    let When::On(on) = when else { return None };
    let Act::Fail { append, .. } = act else { return Some(()) };
    let answered = matches!(
        on.event,
        EventKind::ProduceRequest
            | EventKind::FetchRequest
            | EventKind::MetadataRequest
            | EventKind::OffsetForLeaderEpochRequest
            | EventKind::ListOffsetsRequest
            | EventKind::InitProducerIdRequest
    );
    if !answered {
        let message = format!("`fail = \"it\"` on `{}`", on.event.name());
        let help = "a broker answers `produce-request`, `fetch-request`, `metadata-request`, `offset-for-leader-epoch-request`, \
                    `list-offsets-request` and `init-producer-id-request`";
        world.problems.report(node.at, message, help);
        return None;
    }
    if *append && on.event != EventKind::ProduceRequest {
        world.problems.report(
            node.at,
            format!("`append` on `{}`", on.event.name()),
            "only a `produce-request` appends",
        );
        return None;
    }
    Some(())
}

fn act(node: &Node, world: &World<'_>, configs: &mut Configs<'_>) -> Option<Act> {
    let names: Vec<&str> = ACTS.iter().map(|(name, _)| *name).collect();
    let mut known = names.clone();
    known.extend(PARAMETERS);
    known.push("timeout");
    let section = Section::open(node, "`do`", &known, world.problems)?;
    let given = section.present(&names);
    let [name] = given[..] else {
        let message = match given[..] {
            [first, second, ..] => format!("`{second}` beside `{first}`"),
            _ if section.has_unknown => return None,
            _ => "`do` says nothing to do".to_owned(),
        };
        world.problems.report(
            node.at,
            message,
            "write one thing, as in `do = { lose = \"it\" }` or `do = { crash = 0 }`",
        );
        return None;
    };
    let allowed =
        ACTS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, parameters)| *parameters);
    for parameter in section.present(&known[names.len()..]) {
        if !allowed.contains(&parameter) {
            let help = if allowed.is_empty() {
                "leave it out".to_owned()
            } else {
                format!(
                    "beside it can stand {}",
                    allowed.iter().map(|p| format!("`{p}`")).collect::<Vec<_>>().join(", ")
                )
            };
            world.problems.report(
                section.key_at(parameter),
                format!("`{parameter}` does not belong to `{name}`"),
                help,
            );
        }
    }
    let subject = section.node(name)?;
    let doing = Doing { section, name, subject, world };
    match name {
        "lose" | "delay" | "reset" | "fail" => doing.to_messages(),
        "crash" | "restart" if subject.as_text() == Some("controller") => doing.to_the_controller(),
        "shutdown" | "fence" | "unfence" => doing.by_the_controller(),
        "crash" | "restart" | "pause" | "slow" | "block-fetches" => doing.to_a_broker(),
        "cut" => doing.cut(),
        "elect" => doing.elect(),
        "add-partitions" => doing.add_partitions(),
        "set-config" => doing.set_config(configs),
        "kill-producer" | "close-producer" | "flush-producer" | "abandon-producer" => doing.to_a_producer(),
        _ => {
            world.problems.not_modelled(doing.section.key_at(name), &format!("`{name}`"));
            None
        }
    }
}

/// One `do` whose act is known.
struct Doing<'a, 'd> {
    section: Section<'d>,
    name: &'static str,
    /// The value of the act's key.
    subject: &'d Node,
    world: &'a World<'d>,
}

impl Doing<'_, '_> {
    fn needs(&self, key: &str, help: &str) {
        if !self.section.has(key) && !self.section.has_unknown {
            let message = format!("`{}` needs `{key}`", self.name);
            self.world.problems.report(self.section.at, message, help);
        }
    }

    fn to_messages(&self) -> Option<Act> {
        if self.name == "reset" && self.subject.as_list().is_some() {
            return self.sides().map(|between| Act::Reset { between });
        }
        word(self.subject, self.name, &["it"], self.world.problems)?;
        match self.name {
            "lose" => Some(Act::Lose),
            "reset" => Some(Act::ResetIt),
            "delay" => {
                self.needs("by", "write `do = { delay = \"it\", by = \"50ms\" }`");
                sampled(&self.section, "by").map(|by| Act::Delay { by })
            }
            _ => {
                self.needs("error", "write `do = { fail = \"it\", error = \"NOT_ENOUGH_REPLICAS\" }`");
                let error = self.error()?;
                Some(Act::Fail { error, append: self.section.truth("append").unwrap_or(false) })
            }
        }
    }

    fn error(&self) -> Option<ErrorCode> {
        let node = self.section.node("error")?;
        let given = super::text(node, "error", self.world.problems)?;
        let error = ErrorCode::by_name(given).filter(|error| error.is_error());
        if error.is_none() {
            let names = ErrorCode::ALL.iter().map(|error| error.name());
            let help = match nearest(given, names) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "write one of Kafka's names, as in `NOT_ENOUGH_REPLICAS`".to_owned(),
            };
            self.world.problems.report(node.at, format!("`{}` is no error of Kafka's", short(given)), help);
        }
        error
    }

    fn to_a_broker(&self) -> Option<Act> {
        let broker = broker_ref(self.subject, self.name, self.world)?;
        let r#for = sampled(&self.section, "for");
        match self.name {
            "crash" => Some(Act::Crash { broker, power: self.power_loss(), r#for }),
            "restart" => Some(Act::Restart { broker }),
            "pause" => Some(Act::Pause { broker, r#for }),
            "block-fetches" => Some(Act::BlockFetches { broker, r#for }),
            _ => {
                if !self.section.has("disk") {
                    self.needs("by", "write `do = { slow = 0, by = \"50ms\" }`, or `disk` for the disk only");
                }
                let [by, disk] = ["by", "disk"].map(|key| sampled(&self.section, key));
                (by.is_some() || disk.is_some()).then_some(Act::Slow { broker, by, disk, r#for })
            }
        }
    }

    fn power_loss(&self) -> Option<PowerLoss> {
        let survives = self.section.whole("survives", 0, MAX_SURVIVING);
        let power = self.section.truth("power").unwrap_or(false);
        if self.section.has("survives") && !power {
            self.world.problems.report(
                self.section.key_at("survives"),
                "`survives` without `power = true`",
                "a process that dies leaves its logs whole: add `power = true`, or leave `survives` out",
            );
        }
        power.then_some(PowerLoss { survives })
    }

    fn to_the_controller(&self) -> Option<Act> {
        for key in self.section.present(&["power", "survives"]) {
            self.world.problems.report(
                self.section.key_at(key),
                format!("`{key}` beside `crash = \"controller\"`"),
                "every decision of the controller is on disk before it counts: leave it out",
            );
        }
        Some(match self.name {
            "crash" => Act::CrashController { r#for: sampled(&self.section, "for") },
            _ => Act::RestartController,
        })
    }

    /// What takes the controller to do it.
    fn by_the_controller(&self) -> Option<Act> {
        let broker = broker_ref(self.subject, self.name, self.world)?;
        let r#for = sampled(&self.section, "for");
        Some(match self.name {
            "shutdown" => Act::Shutdown { broker, r#for },
            "fence" => Act::Fence { broker, r#for },
            _ => Act::Unfence { broker },
        })
    }

    fn cut(&self) -> Option<Act> {
        Some(Act::Cut {
            between: self.sides()?,
            one_way: self.section.truth("one-way").unwrap_or(false),
            reject: self.section.truth("reject").unwrap_or(false),
            r#for: sampled(&self.section, "for"),
        })
    }

    /// The two sides of a cut or a reset.
    fn sides(&self) -> Option<[Vec<CutEnd>; 2]> {
        let problems = self.world.problems;
        let subject = self.subject;
        let help = format!("write two sides, as in `{} = [\"client\", 0]`; either can be a list", self.name);
        let Some([first, second]) = subject.as_list() else {
            problems.report(subject.at, format!("`{}` has two sides", self.name), help);
            return None;
        };
        let sides = [side(first, self.world)?, side(second, self.world)?];
        if sides[0].iter().any(|&a| sides[1].iter().any(|&b| talk(a, b))) {
            return Some(sides);
        }
        let all = |kind: fn(CutEnd) -> bool| sides.iter().flatten().all(|&end| kind(end));
        let message = if all(|end| matches!(end, CutEnd::Broker(_))) {
            "a broker does not talk to itself"
        } else if all(is_client) {
            "clients do not talk to each other"
        } else {
            "clients and the controller talk to brokers only"
        };
        problems.report(subject.at, message, help);
        None
    }

    fn elect(&self) -> Option<Act> {
        let problems = self.world.problems;
        let unclean = self.section.truth("unclean").unwrap_or(false);
        let node = self.subject;
        let tp = self.world.partition(node, super::text(node, "elect", problems)?)?;
        let leader = match self.section.node("leader") {
            Some(node) => Some(self.leader(node, tp)?),
            None => None,
        };
        Some(Act::Elect { tp, leader, unclean })
    }

    fn leader(&self, node: &Node, tp: TopicPartition) -> Option<BrokerRef> {
        let leader = broker_ref(node, "leader", self.world)?;
        let topic = &self.world.topics[tp.topic.0 as usize];
        if let (BrokerRef::Id(id), Some(replicas)) = (leader, topic.assignment.get(tp.partition as usize))
            && !replicas.contains(&id)
        {
            let message = format!("broker {id} has no replica of `{}-{}`", topic.name, tp.partition);
            let replicas: Vec<String> = replicas.iter().map(ToString::to_string).collect();
            self.world.problems.report(node.at, message, format!("its replicas are {}", replicas.join(", ")));
            return None;
        }
        Some(leader)
    }

    fn add_partitions(&self) -> Option<Act> {
        self.needs("to", "write `do = { add-partitions = \"orders\", to = 6 }`");
        let topic = self.world.topic(self.subject, self.name)?;
        let there = self.world.topics[topic.0 as usize].assignment.len() as u32;
        let to = self.section.whole32("to", 1, limits::PARTITIONS)?;
        if to <= there {
            let message = format!("`to = {to}`, but the topic has {there} partitions already");
            self.world.problems.report(
                self.section.key_at("to"),
                message,
                format!("write at least {}", there + 1),
            );
            return None;
        }
        Some(Act::AddPartitions { topic, to })
    }

    fn set_config(&self, configs: &mut Configs<'_>) -> Option<Act> {
        self.needs(
            "config",
            "write `do = { set-config = \"orders\", config = { \"min.insync.replicas\" = 1 } }`",
        );
        let config = self.section.node("config");
        let subject = self.subject;
        let acting = match subject.value {
            Value::Whole(_) => configs.set_broker(self.world.broker(subject, self.name)?, config?),
            _ => {
                let topic: TopicIx = self.world.topic(subject, self.name)?;
                configs.set_topic(topic, config?)
            }
        };
        acting.map(|acting| Act::SetConfig(Box::new(acting)))
    }

    fn to_a_producer(&self) -> Option<Act> {
        let producer = self.world.producer(self.subject, self.name)?;
        Some(match self.name {
            "kill-producer" => Act::KillProducer { producer, r#for: sampled(&self.section, "for") },
            "close-producer" => Act::CloseProducer { producer, timeout: self.section.duration("timeout") },
            "flush-producer" => Act::FlushProducer { producer },
            _ => Act::AbandonProducer { producer },
        })
    }
}

/// One side of a cut: an end or a list of ends.
fn side(node: &Node, world: &World<'_>) -> Option<Vec<CutEnd>> {
    match node.as_list() {
        None => Some(vec![cut_end(node, world)?]),
        Some([]) => {
            world.problems.report(node.at, "a side without an end", "write a broker's id or `\"client\"`");
            None
        }
        Some(list) => list.iter().map(|node| cut_end(node, world)).collect(),
    }
}

fn cut_end(node: &Node, world: &World<'_>) -> Option<CutEnd> {
    if node.as_text().is_some_and(|text| text.contains(' ')) {
        return broker_ref(node, "an end", world).map(CutEnd::Broker);
    }
    match link_end(node, world)? {
        LinkEnd::Broker(id) => Some(CutEnd::Broker(BrokerRef::Id(id))),
        other => Some(CutEnd::Link(other)),
    }
}

/// Whether messages pass between two ends: one of them is a broker, and not the other one as well.
fn talk(a: CutEnd, b: CutEnd) -> bool {
    let is_broker = |end| matches!(end, CutEnd::Broker(_));
    (is_broker(a) || is_broker(b)) && a != b
}

fn is_client(end: CutEnd) -> bool {
    !matches!(end, CutEnd::Broker(_) | CutEnd::Link(LinkEnd::Controller))
}

/// A broker by id, or by its part in a partition at that time.
fn broker_ref(node: &Node, key: &str, world: &World<'_>) -> Option<BrokerRef> {
    let Value::Text(given) = &node.value else {
        return world.broker(node, key).map(|id: BrokerId| BrokerRef::Id(id));
    };
    if given == "controller" {
        let message = format!("`{key}` is about brokers, not about the controller");
        world.problems.report(node.at, message, "what can be done to it: `crash`, `restart`, `cut`, `reset`");
        return None;
    }
    if let Some(partition) = given.strip_prefix("leader of ") {
        return world.partition(node, partition).map(BrokerRef::LeaderOf);
    }
    if let Some(partition) = given.strip_prefix("follower of ") {
        return world.partition(node, partition).map(BrokerRef::FollowerOf);
    }
    let help = "a broker is an id, `\"leader of orders-0\"` or `\"follower of orders-0\"`";
    world.problems.report(node.at, format!("`{}` is no broker", short(given)), help);
    None
}
