//! Every key of `scenario-format.md`: its default, and a value.

use super::super::expect::{Expectation, Place, Range, Wanted};
use super::super::{
    Act, Decode, Distribution, Header, Keys, LinkEnd, Mode, Pace, PartitionChoice, Resend, Sampled, Stream,
    ValueSpec,
};
use super::{LOST_ACK, least, scenario};
use crate::config::{PartitionerClass, Release};
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::time::{Span, Time};

fn ms(millis: i64) -> Span {
    Span::from_millis(millis)
}

fn at(millis: i64) -> Time {
    Time::from_millis(millis)
}

fn constant(millis: i64) -> Sampled {
    Sampled::Constant(ms(millis))
}

/// One stream of `shop` to `orders` with these keys.
fn stream(keys: &str) -> Stream {
    let mut scenario = least("", &format!("[[producers.sends]]\ntopic = \"orders\"\n{keys}\n"));
    scenario.producers.remove(0).sends.remove(0)
}

/// `scenarios.md 0.5`: the file in full.
#[test]
fn the_library_s_example_loads() {
    let scenario = scenario(LOST_ACK);
    assert_eq!((scenario.name.as_str(), scenario.profile, scenario.seed), ("a", Release::new(4, 1), 1));
    assert_eq!(scenario.tags, ["idempotence", "retries"]);
    assert_eq!(scenario.text.ko.title, "사라진 응답이 중복을 만듭니다");
    assert_eq!(scenario.topics[0].assignment, [[0, 1, 2].map(BrokerId)]);
    assert_eq!(scenario.topics[0].config.min_insync_replicas, 2);
    assert_eq!((scenario.network.latency, scenario.network.connect), (constant(1), Some(constant(4))));
    let shop = &scenario.producers[0];
    assert!(shop.warm && !shop.config.enable_idempotence);
    assert_eq!((shop.config.request_timeout_ms, shop.config.client_id.as_str()), (1000, "shop"));
    let sends = &shop.sends[0];
    assert_eq!(
        (sends.start, sends.count, sends.mode, &sends.value),
        (at(1000), 20, Mode::Sync, &ValueSpec::Bytes(100))
    );
    assert_eq!(scenario.faults[0].act, Act::Lose);
    assert_eq!(scenario.expect.results.len(), 7);
    assert_eq!(scenario.twins[0].name, "idempotent");
    assert_eq!(scenario.twins[0].set, [("enable.idempotence".to_owned(), "true".to_owned())]);
}

#[test]
fn the_top_has_defaults() {
    let scenario = least("", "");
    assert_eq!((scenario.profile, scenario.seed, scenario.stop), (Release::new(4, 3), 1, at(600_000)));
    assert_eq!((scenario.text, scenario.tags.len()), (Default::default(), 0));
    assert_eq!((scenario.consumers.len(), scenario.faults.len(), scenario.twins.len()), (0, 0, 0));
    assert_eq!(scenario.expect, Default::default());
}

#[test]
fn the_top_is_read() {
    let scenario = least(
        "profile = \"kafka-0.11\"\nseed = 18446744073709551615\nstop = \"1.5min\"\ntags = [\"acks\", \"myth\"]\n\
         text.en = { title = \"t\", question = \"q\", answer = \"a\", try = \"y\" }",
        "",
    );
    assert_eq!((scenario.profile, scenario.seed, scenario.stop), (Release::new(0, 11), u64::MAX, at(90_000)));
    assert_eq!(scenario.tags, ["acks", "myth"]);
    let text = scenario.text.en;
    assert_eq!([text.title, text.question, text.answer, text.r#try], ["t", "q", "a", "y"]);
}

#[test]
fn the_cluster_has_defaults() {
    let cluster = least("", "").cluster;
    assert_eq!((cluster.brokers, cluster.racks.len(), cluster.warm, cluster.elr), (3, 0, true, true));
    assert_eq!((cluster.timing.service, cluster.timing.flush), (constant(0), ms(30_000)));
    assert_eq!(cluster.timing.metadata, None);
    assert!(!least("cluster.warm = false", "").cluster.warm);
    assert_eq!(cluster.config.session_timeout_ms, 9000);
}

#[test]
fn the_cluster_is_read() {
    let cluster = least(
        "[cluster]\nbrokers = 2\nracks = [\"a\", \"b\"]\nwarm = true\n\
         config = { \"replica.lag.time.max.ms\" = 500 }\nfeatures = { \"eligible.leader.replicas.version\" = 0 }\n\
         timing.flush = \"2s\"\ntiming.metadata = \"50ms\"\n\
         timing.service = { distribution = \"uniform\", min = \"1ms\", max = \"2ms\" }",
        "",
    )
    .cluster;
    assert_eq!(
        (cluster.brokers, cluster.racks, cluster.elr),
        (2, vec!["a".to_owned(), "b".to_owned()], false)
    );
    assert_eq!(cluster.config.replica_lag_time_max_ms, 500);
    assert_eq!((cluster.timing.flush, cluster.timing.metadata), (ms(2000), Some(constant(50))));
    assert_eq!(cluster.timing.service, Sampled::Drawn(Distribution::Uniform { min: ms(1), max: ms(2) }));
}

/// `broker.md 1`: ELR is off by default in 4.0, on for new clusters from 4.1 on, and not there before.
#[test]
fn elr_is_as_the_profile_has_it() {
    let elr = |top: &str| least(top, "").cluster.elr;
    assert!(!elr("profile = \"kafka-3.9\""));
    assert!(!elr("profile = \"kafka-4.0\""));
    assert!(elr("profile = \"kafka-4.1\""));
    assert!(elr("profile = \"kafka-4.0\"\ncluster.features = { eligible.leader.replicas.version = 1 }"));
}

#[test]
fn topics_have_defaults() {
    let topic = &least("", "").topics[0];
    assert_eq!(
        (topic.name.as_str(), &topic.assignment),
        ("orders", &vec![vec![BrokerId(0), BrokerId(1), BrokerId(2)]])
    );
    let small = least("cluster.brokers = 2", "");
    assert_eq!(small.topics[0].assignment, [[BrokerId(0), BrokerId(1)]]);
}

/// Round robin from broker 0, the preferred leader first.
#[test]
fn partitions_are_assigned_in_turn() {
    let topics = scenario(
        "[[topics]]\nname = \"a.b_c-1\"\npartitions = 4\nreplication-factor = 2\nconfig = { \"retention.ms\" = -1 }\n\
         [[producers]]\nid = \"shop\"",
    )
    .topics;
    assert_eq!(topics[0].assignment, [[0, 1], [1, 2], [2, 0], [0, 1]].map(|row| row.map(BrokerId)));
    assert_eq!(topics[0].config.retention_ms, -1);
}

#[test]
fn an_assignment_is_taken_as_it_is() {
    let topics = scenario(
        "[[topics]]\nname = \"orders\"\nassignment = [[0, 2], [2, 1]]\n[[producers]]\nid = \"shop\"",
    )
    .topics;
    assert_eq!(topics[0].assignment, [[0, 2], [2, 1]].map(|row| row.map(BrokerId)));
}

/// Names with dots may stand without quotes: TOML reads tables, they mean the same keys.
#[test]
fn properties_may_stand_without_quotes() {
    let topics = scenario(
        "[[topics]]\nname = \"orders\"\n[topics.config]\nmin.insync.replicas = 2\nmax.message.bytes = 5000\n\
         [[producers]]\nid = \"shop\"",
    )
    .topics;
    assert_eq!((topics[0].config.min_insync_replicas, topics[0].config.max_message_bytes), (2, 5000));
}

#[test]
fn the_network_has_defaults() {
    let network = least("", "").network;
    assert_eq!((network.latency, network.bandwidth, network.connect), (constant(1), None, None));
    assert!(network.links.is_empty());
}

#[test]
fn the_network_is_read() {
    let network = least(
        "[network]\nlatency = { distribution = \"lognormal\", median = \"1ms\", p99 = \"8ms\" }\nbandwidth = \"1MB\"\n\
         connect = \"4ms\"\nlinks = [{ between = [\"client\", 0], latency = \"5ms\" },\n\
         { between = [1, \"client:shop\"], latency = \"6ms\" }, { between = [\"controller\", 2], latency = \"7ms\" }]",
        "",
    )
    .network;
    assert_eq!(network.latency, Sampled::Drawn(Distribution::Lognormal { median: ms(1), p99: ms(8) }));
    assert_eq!((network.bandwidth, network.connect), (Some(1_000_000), Some(constant(4))));
    let ends: Vec<[LinkEnd; 2]> = network.links.iter().map(|link| link.between).collect();
    let broker = |id| LinkEnd::Broker(BrokerId(id));
    assert_eq!(
        ends,
        [[LinkEnd::Clients, broker(0)], [broker(1), LinkEnd::Producer(0)], [LinkEnd::Controller, broker(2)]]
    );
}

#[test]
fn every_distribution_is_read() {
    let latency = |table: &str| least(&format!("network.latency = {table}"), "").network.latency;
    assert_eq!(latency("{ distribution = \"constant\", value = \"2ms\" }"), constant(2));
    assert_eq!(
        latency("{ distribution = \"exponential\", mean = \"2ms\" }"),
        Sampled::Drawn(Distribution::Exponential { mean: ms(2) })
    );
    assert_eq!(
        latency("{ distribution = \"pareto\", min = \"2ms\", shape = 1.5 }"),
        Sampled::Drawn(Distribution::Pareto { min: ms(2), shape: 1.5 })
    );
    assert_eq!(latency("{ distribution = \"uniform\", min = \"2ms\", max = \"2ms\" }"), constant(2));
}

#[test]
fn producers_have_defaults() {
    let shop = least("", "").producers.remove(0);
    assert_eq!(
        (shop.id.as_str(), shop.warm, shop.callback, shop.sends.len()),
        ("shop", false, Span::ZERO, 0)
    );
    assert!(shop.config.jitter && shop.config.enable_idempotence);
    assert_eq!((shop.config.acks, shop.config.linger_ms), (-1, 5));
    assert_eq!(shop.config.partitioner, PartitionerClass::BuiltIn);
}

#[test]
fn producers_are_read() {
    let shop = scenario(
        "[[topics]]\nname = \"orders\"\n[[producers]]\nid = \"shop\"\nstart = \"warm\"\njitter = false\n\
         partitioner = \"murmur2_random\"\ncallback = \"200ms\"\ncompression-ratio = 0.25\n\
         config = { acks = 1, \"client.id\" = \"c\", \"compression.type\" = \"lz4\", \"linger.ms\" = \"7\" }",
    )
    .producers
    .remove(0);
    assert_eq!((shop.warm, shop.callback, shop.config.jitter), (true, ms(200), false));
    assert_eq!(
        (shop.config.partitioner, shop.config.compression_ratio),
        (PartitionerClass::Murmur2Random, 0.25)
    );
    assert_eq!((shop.config.acks, shop.config.client_id.as_str(), shop.config.linger_ms), (1, "c", 7));
}

#[test]
fn streams_have_defaults() {
    let sends = stream("");
    assert_eq!((sends.topic, sends.count, sends.start), (TopicIx(0), 1, Time::ZERO));
    assert_eq!((&sends.pace, sends.mode), (&Pace::Burst, Mode::Async));
    assert_eq!((&sends.keys, &sends.partition, &sends.value), (&Keys::None, &None, &ValueSpec::Null));
    assert_eq!((sends.headers.len(), sends.resend), (0, None));
}

#[test]
fn streams_have_a_pace() {
    assert_eq!(stream("every = \"10us\"").pace, Pace::Every(Span::from_micros(10)));
    assert_eq!(stream("rate = \"1000/s\"").pace, Pace::Rate(1000.0));
    assert_eq!(stream("outstanding = 4").pace, Pace::Outstanding(4));
    let listed = stream("at = [\"1s\", \"1s\", \"2s\"]");
    assert_eq!((listed.pace, listed.count), (Pace::At(vec![at(1000), at(1000), at(2000)]), 3));
    assert_eq!((stream("count = 7").count, stream("start = \"3ms\"").start), (7, at(3)));
}

#[test]
fn streams_have_modes_keys_and_partitions() {
    assert_eq!(stream("mode = \"sync\"").mode, Mode::Sync);
    assert_eq!(stream("mode = \"fire-and-forget\"").mode, Mode::FireAndForget);
    assert_eq!(stream("key = \"customer-{i % 12}\"").keys, Keys::Template("customer-{i % 12}".to_owned()));
    assert_eq!(
        stream("keys = [\"a\", \"{random 100}\"]").keys,
        Keys::InTurn(vec!["a".to_owned(), "{random 100}".to_owned()])
    );
    assert_eq!(stream("partition = 7").partition, Some(PartitionChoice::Fixed(7)));
    assert_eq!(
        stream("partition = \"{i % 3}\"").partition,
        Some(PartitionChoice::Template("{i % 3}".to_owned()))
    );
}

#[test]
fn streams_have_values_headers_and_resends() {
    assert_eq!(stream("value = { bytes = \"2KiB\" }").value, ValueSpec::Bytes(2048));
    assert_eq!(stream("value = { text = \"{i}\" }").value, ValueSpec::Text("{i}".to_owned()));
    assert_eq!(stream("value = { json = '{\"a\": 1}' }").value, ValueSpec::Json("{\"a\": 1}".to_owned()));
    let customer = |id: &str, name: Option<&str>, layout| ValueSpec::Customer {
        id: id.to_owned(),
        name: name.map(str::to_owned),
        layout,
    };
    assert_eq!(
        stream("value = { customer = { id = \"{i + 1}\", name = \"홍길동\" }, layout = \"customer-v2\" }")
            .value,
        customer("{i + 1}", Some("홍길동"), Decode::CustomerV2)
    );
    assert_eq!(stream("value = { customer = { id = 7 } }").value, customer("7", None, Decode::CustomerV1));
    assert_eq!(
        stream("headers = [{ key = \"trace\", bytes = 8 }]").headers,
        [Header { key: "trace".to_owned(), bytes: 8 }]
    );
    assert_eq!(stream("resend = { on = \"failed\", times = 2 }").resend, Some(Resend { times: 2 }));
}

/// A topic that is not in `[[topics]]` is unknown to the cluster; its number follows on.
#[test]
fn a_stream_may_name_a_topic_that_is_not_there() {
    let scenario =
        least("", "[[producers.sends]]\ntopic = \"ordrs\"\n[[producers.sends]]\ntopic = \"orders\"\n");
    assert_eq!(scenario.unknown_topics, ["ordrs"]);
    assert_eq!(
        (scenario.producers[0].sends[0].topic, scenario.producers[0].sends[1].topic),
        (TopicIx(1), TopicIx(0))
    );
}

#[test]
fn consumers_are_read() {
    let text = |keys: &str| {
        scenario(&format!(
            "[[topics]]\nname = \"orders\"\npartitions = 3\n[[producers]]\nid = \"shop\"\n[[consumers]]\nid = \"audit\"\n\
             topics = [\"orders\"]\n{keys}"
        ))
        .consumers
        .remove(0)
    };
    let tp = |partition| TopicPartition { topic: TopicIx(0), partition };
    let plain = text("");
    assert_eq!((plain.id.as_str(), plain.start, plain.decode), ("audit", Time::ZERO, None));
    assert_eq!((plain.topics, plain.partitions), (vec![TopicIx(0)], vec![tp(0), tp(1), tp(2)]));
    let some = text(
        "partitions = [2, 0]\nstart = \"5s\"\ndecode = \"customer-v1\"\nconfig = { \"fetch.min.bytes\" = 2 }",
    );
    assert_eq!((some.topics, some.partitions), (vec![], vec![tp(0), tp(2)]));
    assert_eq!(
        (some.start, some.decode, some.config.fetch_min_bytes),
        (at(5000), Some(Decode::CustomerV1), 2)
    );
}

/// Every key of `[expect]`, and where the JSON of `design.md 5` has what it means.
#[test]
fn expectations_are_read() {
    let expectations = scenario(&format!(
        "{LOST_ACK_WITHOUT_EXPECT}[[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\n[expect]\nlost = 0\n\
         duplicated = {{ min = 1 }}\nguarantee = \"at-least-once\"\nordered = true\nends-by = \"31s\"\n\
         errors = {{ TimeoutException = 3 }}\nlog.\"orders-0\" = [\"shop-0\", \"shop-1\"]\nleo.\"orders-0\" = 2\n\
         isr.\"orders-0\" = [0, 1]\nread.\"audit\" = [\"shop-1\"]\ndecoded.\"audit\" = {{ right = 3 }}\n\
         latency-ms = {{ p50 = 9, max = {{ min = 1, max = 2.5 }} }}\nallowed = false\n\
         records.\"shop-1\" = {{ outcome = \"failed\", latency_ms = 7 }}\n"
    ))
    .expect
    .results;
    let expected =
        |what: &str, place: Place, wanted: Wanted| Expectation { what: what.to_owned(), place, wanted };
    let number = |number: f64| Wanted::Number(Range::exactly(number));
    let log = |field| Place::Log { topic: "orders".to_owned(), partition: 0, field };
    let record = |field| Place::Record { record: "shop-1".to_owned(), field };
    let audit = |path| Place::Consumer { id: "audit".to_owned(), path };
    let words = |words: &[&str]| Wanted::Words(words.iter().map(|word| (*word).to_owned()).collect());
    let all = [
        expected("lost", Place::Path(&["verdict", "lost_acknowledged"]), number(0.0)),
        expected("duplicated", Place::Path(&["verdict", "duplicated"]), Wanted::Number(Range::at_least(1.0))),
        expected(
            "guarantee",
            Place::Path(&["verdict", "guarantee"]),
            Wanted::Word("at-least-once".to_owned()),
        ),
        expected("ordered", Place::Path(&["verdict", "ordered"]), Wanted::Truth(true)),
        expected(
            "ends-by",
            Place::Path(&["virtual_ms"]),
            Wanted::Number(Range { min: f64::NEG_INFINITY, max: 31_000.0 }),
        ),
        expected("errors.TimeoutException", Place::Errors("TimeoutException"), number(3.0)),
        expected("log.\"orders-0\"", log("records"), words(&["shop-0", "shop-1"])),
        expected("log.\"orders-0\".leo", log("leo"), number(2.0)),
        expected("log.\"orders-0\".isr", log("isr"), Wanted::Numbers(vec![0, 1])),
        expected("read.\"audit\"", audit(&["read"]), words(&["shop-1"])),
        expected("decoded.\"audit\".right", audit(&["decoded", "right"]), number(3.0)),
        expected("latency-ms.p50", Place::Path(&["latency_ms", "p50"]), number(9.0)),
        expected(
            "latency-ms.max",
            Place::Path(&["latency_ms", "max"]),
            Wanted::Number(Range { min: 1.0, max: 2.5 }),
        ),
        expected("records.\"shop-1\".outcome", record("outcome"), Wanted::Word("failed".to_owned())),
        expected("records.\"shop-1\".latency-ms", record("latency_ms"), number(7.0)),
    ];
    assert_eq!(expectations, all);
}

const LOST_ACK_WITHOUT_EXPECT: &str = "[[topics]]\nname = \"orders\"\n[[producers]]\nid = \"shop\"\n[[producers.sends]]\n\
                                       topic = \"orders\"\ncount = 20\n";

/// A partition's numbers may also stand in one table.
#[test]
fn a_log_may_be_a_table() {
    let text = format!(
        "{LOST_ACK_WITHOUT_EXPECT}[expect]\nlog.\"orders-0\" = {{ leo = 2, hw = {{ max = 2 }}, elr = [] }}\n"
    );
    let what: Vec<String> =
        scenario(&text).expect.results.into_iter().map(|expectation| expectation.what).collect();
    assert_eq!(what, ["log.\"orders-0\".leo", "log.\"orders-0\".hw", "log.\"orders-0\".elr"]);
}
