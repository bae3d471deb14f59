//! Twins and overrides: what they change, what wins, and where their mistakes are reported.

use super::{LEAST, LOST_ACK, Overrides, Scenario, Source, errors, load, scenario, set, twin, with};
use crate::config::{Family, Release};
use crate::protocol::Exception;
use crate::record::BrokerId;
use crate::scenario::{Act, Languages, Listing, Sampled, Text, as_json, expect};
use crate::time::Span;

const TWO: &str = r#"
profile = "kafka-4.1"
network = { latency = "1ms", connect = "4ms" }
text.en = { title = "t", answer = "a" }
[[topics]]
name = "orders"
[[topics]]
name = "clicks"
config = { "retention.ms" = 7 }
[[producers]]
id = "shop"
config = { "linger.ms" = 3, acks = 1 }
[[producers.sends]]
topic = "orders"
count = 5
[[producers]]
id = "web"
[[consumers]]
id = "audit"
topics = ["orders"]
[[faults]]
at = "1s"
do = { crash = 0 }
[expect]
lost = 1
"#;

fn loaded(overrides: &Overrides, text: &str) -> Scenario {
    with(overrides, text).unwrap_or_else(|errors| panic!("{errors}")).scenario
}

fn changed(change: &str) -> Scenario {
    loaded(&twin("other"), &format!("{TWO}[[twins]]\nname = \"other\"\n{change}\n"))
}

/// `scenarios.md 0.5`: the twin of the example.
#[test]
fn a_twin_sets_and_expects_for_itself() {
    let idempotent = loaded(&twin("idempotent"), LOST_ACK);
    assert_eq!(idempotent.twin.as_deref(), Some("idempotent"));
    assert!(idempotent.producers[0].config.enable_idempotence);
    let names: Vec<&str> =
        idempotent.expect.results.iter().map(|expectation| expectation.what.as_str()).collect();
    assert_eq!(names, ["acknowledged", "duplicated", "requests", "retries"]);
    assert_eq!(idempotent.text.en.title, "A lost answer becomes a duplicate");
    assert!(idempotent.text.en.answer.starts_with("The broker knows the sequence number"));
}

#[test]
fn a_twin_without_expectations_has_none() {
    assert_eq!(changed("").expect, Default::default());
    assert_eq!(scenario(TWO).expect.results.len(), 1);
}

/// Tables are merged key by key.
#[test]
fn a_change_merges_tables() {
    let network = changed("change.network.latency = \"9ms\"").network;
    assert_eq!(network.latency, Sampled::Constant(Span::from_millis(9)));
    assert_eq!(network.connect, Some(Sampled::Constant(Span::from_millis(4))));
    assert_eq!(changed("change.cluster.brokers = 5").cluster.brokers, 5);
}

/// Topics are merged by name, producers and consumers by id; a new name is added.
#[test]
fn a_change_merges_parts_by_name() {
    let other = changed(
        "[[twins.change.topics]]\nname = \"clicks\"\npartitions = 2\n[[twins.change.topics]]\nname = \"new\"\n\
         [[twins.change.producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = { acks = \"all\" }\n\
         [[twins.change.consumers]]\nid = \"audit\"\ntopics = [\"new\"]",
    );
    assert_eq!(
        other.topics.iter().map(|topic| topic.name.as_str()).collect::<Vec<_>>(),
        ["orders", "clicks", "new"]
    );
    assert_eq!((other.topics[1].assignment.len(), other.topics[1].config.retention_ms), (2, 7));
    let shop = &other.producers[0];
    assert_eq!((shop.warm, shop.config.acks, shop.config.linger_ms, shop.sends.len()), (true, -1, 3, 1));
    assert_eq!(other.consumers[0].topics[0].0, 2);
}

/// `sends` and `faults` are replaced whole.
#[test]
fn a_change_replaces_sends_and_faults() {
    let other = changed(
        "[[twins.change.faults]]\nat = \"2s\"\ndo = { restart = 1 }\n[[twins.change.producers]]\nid = \"shop\"\n\
         [[twins.change.producers.sends]]\ntopic = \"clicks\"",
    );
    assert_eq!(other.faults.len(), 1);
    assert!(matches!(other.faults[0].act, Act::Restart { .. }));
    assert_eq!((other.producers[0].sends.len(), other.producers[0].sends[0].count), (1, 1));
}

/// A distribution is one value: another one takes its place whole.
#[test]
fn a_change_replaces_distributions() {
    let file = "network.latency = { distribution = \"uniform\", min = \"1ms\", max = \"2ms\" }\n";
    let change = "[[twins]]\nname = \"other\"\nchange.network.latency = { distribution = \"exponential\", mean = \"3ms\" }\n";
    loaded(&twin("other"), &format!("{file}{LEAST}{change}"));
}

#[test]
fn mistakes_of_a_twin_are_found_with_the_file() {
    let problem = |twin: &str| {
        let errors = errors(&format!("{LEAST}[[twins]]\nname = \"other\"\n{twin}\n"));
        assert_eq!(errors.errors.len(), 1, "{errors}");
        (errors.errors[0].line, errors.errors[0].message.clone())
    };
    assert_eq!(problem("set = { ackss = 1 }"), (7, "unknown property `ackss`".to_owned()));
    assert_eq!(problem("set = { \"shp:acks\" = 1 }"), (7, "there is no `shp` to set `acks` of".to_owned()));
    assert_eq!(problem("change.network.latnecy = 1"), (7, "unknown key `latnecy` in [network]".to_owned()));
    assert_eq!(problem("change.twins = []"), (7, "`twins` in `change`".to_owned()));
    assert_eq!(problem("expect = { losts = 1 }"), (7, "unknown key `losts` in [expect]".to_owned()));
    assert_eq!(
        problem("[[twins.change.producers]]\nstart = \"warm\""),
        (7, "a change of `producers` needs `id`".to_owned())
    );
    assert_eq!(problem("[[twins]]\nname = \"other\""), (8, "there are two twins `other`".to_owned()));
}

#[test]
fn a_twin_that_is_not_there() {
    let errors = with(&twin("idempotnt"), LOST_ACK).expect_err("no such twin");
    assert_eq!(
        errors.to_string(),
        "--twin:1:1: unknown twin `idempotnt`\n  |\n1 | idempotnt\n  | ^^^^^^^^^\n  = did you mean `idempotent`?"
    );
}

/// `scenarios.md 6.5`: no run, exit code 2, and the error points at the line.
#[test]
fn a_twin_may_be_meant_to_be_refused() {
    let text = format!(
        "{LEAST}config = {{ acks = 1 }}\n[[twins]]\nname = \"explicit\"\nset = {{ \"enable.idempotence\" = true }}\n\
         expect = {{ error = \"ConfigException\" }}\n"
    );
    let base = scenario(&text);
    assert_eq!(base.twins[0].expected_error, Some(Exception::ConfigException));
    let refusal = with(&twin("explicit"), &text).expect_err("Kafka refuses it");
    assert_eq!(refusal.errors[0].line, 5);
    assert_eq!(expect::check_refusal(Exception::ConfigException, Some(&refusal)), None);
    let other =
        expect::check_refusal(Exception::TimeoutException, Some(&refusal)).expect("another exception");
    assert_eq!((other.what.as_str(), other.expected.as_str()), ("error", "TimeoutException"));
    let ran = expect::check_refusal(Exception::ConfigException, None).expect("it was not refused");
    assert_eq!(ran.got, "it can be run");
}

/// `design.md 5`: a property goes to the part that has it, producer first.
#[test]
fn a_property_finds_its_part() {
    let linger = loaded(&set(&[("linger.ms", "9")]), TWO);
    assert_eq!((linger.producers[0].config.linger_ms, linger.producers[1].config.linger_ms), (9, 9));
    let lag = loaded(&set(&[("replica.lag.time.max.ms", "500")]), TWO);
    assert_eq!(lag.cluster.config.replica_lag_time_max_ms, 500);
    let topic = loaded(&set(&[("min.insync.replicas", "2"), ("retention.ms", "8")]), TWO);
    assert_eq!((topic.topics[0].config.min_insync_replicas, topic.topics[1].config.retention_ms), (2, 8));
    let consumer = loaded(&set(&[("auto.offset.reset", "earliest")]), TWO);
    assert_eq!(consumer.consumers[0].config.auto_offset_reset, crate::config::OffsetReset::Earliest);
}

#[test]
fn a_property_may_name_its_part() {
    let named =
        loaded(&set(&[("web:acks", "0"), ("clicks:retention.ms", "8"), ("audit:fetch.min.bytes", "2")]), TWO);
    assert_eq!((named.producers[0].config.acks, named.producers[1].config.acks), (1, 0));
    assert_eq!(named.topics[1].config.retention_ms, 8);
    assert_eq!(named.consumers[0].config.fetch_min_bytes, 2);
    let families = loaded(&set(&[("broker:min.insync.replicas", "2"), ("topic:retention.ms", "9")]), TWO);
    assert_eq!(families.topics[0].config.min_insync_replicas, 2);
    assert_eq!((families.topics[0].config.retention_ms, families.topics[1].config.retention_ms), (9, 9));
}

#[test]
fn seed_and_profile_can_be_set() {
    let set = loaded(&set(&[("seed", "7"), ("profile", "kafka-3.9")]), TWO);
    assert_eq!((set.seed, set.profile), (7, Release::new(3, 9)));
    let seed = Overrides { seed: Some(u64::MAX), ..Overrides::default() };
    assert_eq!(loaded(&seed, TWO).seed, u64::MAX);
}

/// A property without quotes is the same property.
#[test]
fn a_set_wins_over_either_spelling() {
    let text = "[[topics]]\nname = \"orders\"\n[[producers]]\nid = \"shop\"\nconfig.linger.ms = 3\n";
    assert_eq!(loaded(&set(&[("linger.ms", "9")]), text).producers[0].config.linger_ms, 9);
}

#[test]
fn what_is_set_wrongly_points_at_the_command_line() {
    let message = |key: &str, value: &str| with(&set(&[(key, value)]), TWO).expect_err("wrong").to_string();
    assert_eq!(
        message("lingr.ms", "1"),
        "--set:1:1: unknown property `lingr.ms`\n  |\n1 | lingr.ms=1\n  | ^^^^^^^^\n  = did you mean `linger.ms`?"
    );
    assert!(message("seed", "x").starts_with("--set:1:6: `seed` is a whole number, not text"));
    assert!(message("profile", "kafka-9").starts_with("--set:1:9: there is no profile `kafka-9`"));
    assert!(message("linger.ms", "-1").starts_with("--set:1:1: ConfigException: Invalid value -1"));
    let none = with(&set(&[("fetch.min.bytes", "2")]), LEAST).expect_err("no consumer");
    assert_eq!(none.errors[0].message, "`fetch.min.bytes` belongs to a consumer, and the scenario has none");
}

/// `config` wins over `properties`, the command line's file over both, `--set` over all.
#[test]
fn the_order_of_what_sets_a_producer() {
    let text = format!("{LEAST}properties = \"p.properties\"\nconfig = {{ retries = 2 }}\n");
    let mut source = Source::new("a.toml", &text);
    source
        .properties
        .insert("p.properties".to_owned(), b"retries = 1\nlinger.ms = 1\nbatch.size = 1\nacks = 1".to_vec());
    let mut overrides = Overrides::default();
    let config = |overrides: &Overrides| {
        let loaded = Scenario::load(&source, overrides).unwrap_or_else(|errors| panic!("{errors}"));
        let config = loaded.scenario.producers[0].config.clone();
        (config.retries, config.linger_ms, config.batch_size)
    };
    assert_eq!(config(&overrides), (2, 1, 1));
    overrides.producer_properties = Some(("cli.properties".to_owned(), "retries=3\nlinger.ms=3".to_owned()));
    assert_eq!(config(&overrides), (3, 3, 1));
    overrides.set = vec![("retries".to_owned(), "4".to_owned())];
    assert_eq!(config(&overrides), (4, 3, 1));
}

#[test]
fn a_mistake_in_a_properties_file_points_there() {
    let mut source = Source::new("a.toml", &format!("{LEAST}properties = \"p.properties\"\n"));
    source.properties.insert("p.properties".to_owned(), b"# a comment\nlinger.ms = -1\n".to_vec());
    let errors = Scenario::load(&source, &Overrides::default()).expect_err("refused");
    assert_eq!((errors.errors[0].file.as_str(), errors.errors[0].line), ("p.properties", 2));
    // Kafka only warns about a key that it does not know.
    source.properties.insert("p.properties".to_owned(), b"lingr.ms = 1\n".to_vec());
    let loaded = Scenario::load(&source, &Overrides::default()).unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((loaded.notes.len(), loaded.notes[0].part.as_str()), (1, "shop"));
}

/// What was set, and what differs from the release's choice, is there to be shown.
#[test]
fn configurations_are_remembered() {
    let loaded = load(TWO).unwrap_or_else(|errors| panic!("{errors}"));
    let shop = &loaded.configs[0];
    assert_eq!((shop.part.as_str(), shop.family), ("shop", Family::Producer));
    let keys: Vec<&str> = shop.values.iter().map(|value| value.key).collect();
    assert!(
        keys.contains(&"acks") && keys.contains(&"linger.ms") && !keys.contains(&"batch.size"),
        "{keys:?}"
    );
}

#[test]
fn a_listing_needs_little_of_a_file() {
    let text = "profile = \"kafka-3.9\"\ntags = [\"acks\"]\n[text.en]\ntitle = \"t\"\n[cluster]\nbrokers = \"many\"\n\
                [[twins]]\nname = \"other\"\n[twins.text.en]\nanswer = \"a\"\n";
    let listing = Listing::read(&Source::new("scenarios/lost-ack.toml", text))
        .unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!((listing.name.as_str(), listing.profile), ("lost-ack", Release::new(3, 9)));
    let title = Text { title: "t".to_owned(), ..Text::default() };
    assert_eq!(
        (listing.text, listing.tags),
        (Languages { en: title, ko: Text::default() }, vec!["acks".to_owned()])
    );
    assert_eq!((listing.twins[0].name.as_str(), listing.twins[0].text.en.answer.as_str()), ("other", "a"));
    assert!(Listing::read(&Source::new("a.toml", "profile = 3")).is_err());
}

/// A fault may name a partition that another fault adds.
#[test]
fn partitions_that_come_later_can_be_named() {
    let text = format!(
        "{LEAST}[[faults]]\nat = \"2s\"\ndo = {{ crash = \"leader of orders-5\" }}\n[[faults]]\nat = \"1s\"\n\
         do = {{ add-partitions = \"orders\", to = 6 }}\n[expect]\nleo.\"orders-5\" = 0\n"
    );
    assert_eq!(scenario(&text).topics[0].assignment, [[0, 1, 2].map(BrokerId)]);
}

/// Another program that plays the story sees what would be run, and none of what it is made from.
#[test]
fn the_changed_file_can_be_had_as_json() {
    let source = Source::new("lost-ack.toml", LOST_ACK);
    let overrides = Overrides { seed: Some(7), set: set(&[("linger.ms", "0")]).set, ..twin("idempotent") };
    let tree = as_json(&source, &overrides).unwrap_or_else(|errors| panic!("{errors}"));
    let config = &tree["producers"][0]["config"];
    assert_eq!((&config["enable.idempotence"], &config["linger.ms"]), (&true.into(), &"0".into()));
    assert_eq!((&tree["seed"], &tree["expect"]["duplicated"]), (&7.into(), &0.into()));
    assert_eq!(tree["faults"][0]["on"]["nth"], 2);
    assert!(tree.get("twins").is_none());
    assert_eq!(as_json(&source, &twin("twice")).err(), with(&twin("twice"), LOST_ACK).err());
}
