//! Every kind of mistake, where it is reported and in which words.

use super::{LEAST, errors};
use crate::protocol::Exception;
use crate::scenario::limits;

/// All problems of a text, a line each: `line:column message = help`.
fn problems(text: &str) -> Vec<String> {
    let line = |error: &super::super::ScenarioError| {
        let help = error.help.as_ref().map(|help| format!(" = {help}")).unwrap_or_default();
        format!("{}:{} {}{help}", error.line, error.column, error.message)
    };
    errors(text).errors.iter().map(line).collect()
}

/// The only problem of the smallest file with a first line in front of it.
#[track_caller]
fn at_top(line: &str, expected: &str) {
    assert_eq!(problems(&format!("{line}\n{LEAST}")), [expected]);
}

/// The only problem of the smallest file with lines behind it; the first of them is line 5 and belongs to `shop`.
#[track_caller]
fn behind(lines: &str, expected: &str) {
    assert_eq!(problems(&format!("{LEAST}{lines}\n")), [expected]);
}

/// The only problem of a stream with these keys, from line 7 on.
#[track_caller]
fn in_stream(keys: &str, expected: &str) {
    behind(&format!("[[producers.sends]]\ntopic = \"orders\"\n{keys}"), expected);
}

/// The only problem of a timed fault that does this, in line 7.
#[track_caller]
fn in_act(act: &str, expected: &str) {
    behind(&format!("[[faults]]\nat = \"1s\"\ndo = {act}"), expected);
}

/// The only problem of these lines of `[expect]`, from line 6 on.
#[track_caller]
fn in_expect(lines: &str, expected: &str) {
    behind(&format!("[expect]\n{lines}"), expected);
}

#[test]
fn an_error_shows_the_line_with_a_mark() {
    assert_eq!(
        errors(&format!("network.latnecy = \"1ms\"\n{LEAST}")).to_string(),
        "\
a.toml:1:9: unknown key `latnecy` in [network]
  |
1 | network.latnecy = \"1ms\"
  |         ^^^^^^^
  = did you mean `latency`?"
    );
}

#[test]
fn all_problems_of_a_file_are_reported_in_its_order() {
    assert_eq!(
        errors(&format!("seed = true\nstop = \"1 s\"\n{LEAST}start = \"hot\"\n")).to_string(),
        "\
a.toml:1:8: `seed` is a whole number, not true or false
  |
1 | seed = true
  |        ^^^^
  = write a number without quotes, as in `seed = 1`

a.toml:2:8: `stop`: `1 s` is not a duration
  |
2 | stop = \"1 s\"
  |        ^^^^^
  = write `\"1s\"`, without a space

a.toml:7:9: `start` cannot be `hot`
  |
7 | start = \"hot\"
  |         ^^^^^
  = known here: `warm`, `cold`"
    );
}

#[test]
fn twenty_problems_are_shown_and_the_others_counted() {
    let lines: String = (0..1_000).map(|n| format!("key{n} = 1\n")).collect();
    let errors = errors(&format!("{lines}{LEAST}"));
    assert_eq!((errors.errors.len(), errors.more), (limits::PROBLEMS, 980));
    assert_eq!((errors.errors[0].line, errors.errors[19].line), (1, 20));
    assert!(errors.to_string().ends_with("980 more problems"));
}

#[test]
fn files_without_topic_or_producer() {
    let help = "a scenario needs at least one topic and one producer: write `[[topics]]` with `name = \"orders\"`, and \
                `[[producers]]` with `id = \"shop\"`";
    assert_eq!(problems(""), [format!("1:1 the file has no topic and no producer = {help}")]);
    assert_eq!(problems("[[topics]]\nname = \"orders\""), [format!("1:1 the file has no producer = {help}")]);
    assert_eq!(problems("[[producers]]\nid = \"shop\""), [format!("1:1 the file has no topic = {help}")]);
    assert_eq!(problems("topics = []\nproducers = []").len(), 1);
}

#[test]
fn what_is_no_toml() {
    assert_eq!(
        problems("latency = 1ms"),
        ["1:11 not valid TOML: text stands in quotes = write `latency = \"1ms\"`"]
    );
    assert_eq!(problems("a = 1\nb ="), ["2:4 not valid TOML: there is no value behind the `=`"]);
    assert_eq!(problems("[cluster"), ["1:9 not valid TOML: unclosed table, expected `]`"]);
    assert_eq!(
        problems("seed = 1\nseed = 2"),
        [
            "2:1 not valid TOML: this key was there before = a key stands once in its table; several topics, producers ... \
          are `[[topics]]`, with two brackets"
        ]
    );
}

#[test]
fn keys_and_values_of_the_top() {
    at_top("profle = \"kafka-4.1\"", "1:1 unknown key `profle` in the file = did you mean `profile`?");
    at_top("profile = \"kafka-4.9\"", "1:11 there is no profile `kafka-4.9` = did you mean `kafka-4.3`?");
    at_top("seed = -1", "1:8 `seed = -1` is below 0 = write a number from 0 on");
    at_top("stop = 5", "1:8 `stop` is a duration and needs a unit = write `\"5ms\"` or `\"5s\"`");
    at_top(
        "stop = \"0s\"",
        "1:1 `stop` is 0: nothing would happen = write a duration above 0, as in `\"10min\"`",
    );
    at_top("tags = \"acks\"", "1:8 `tags` is a list, not text = write `tags = [ ... ]`");
    at_top("text.kr.title = \"a\"", "1:6 unknown key `kr` in [text] = did you mean `ko`?");
    at_top("cluster = 3", "1:11 [cluster] is a table, not a whole number");
    let digits = "9".repeat(60);
    at_top(
        &format!("seed = {digits}"),
        "1:8 the number `9999999999999999999999999999999999999999...` is too large",
    );
}

#[test]
fn durations_and_distributions() {
    at_top(
        "network.latency = \"5 ms\"",
        "1:19 `latency`: `5 ms` is not a duration = write `\"5ms\"`, without a space",
    );
    at_top("network.latency = \"5msec\"", "1:19 `latency`: `5msec` is not a duration = write `\"5ms\"`");
    at_top(
        "network.latency = { distribution = \"uniform\", min = \"2ms\", max = \"1ms\" }",
        "1:60 `min` (2ms) is above `max` (1ms) = exchange them",
    );
    at_top(
        "network.latency = { distribution = \"uniform\", mean = \"2ms\" }",
        "1:47 `mean` does not belong to a uniform distribution = it has `min` and `max`",
    );
    at_top(
        "network.latency = { distribution = \"lognormal\", median = \"2ms\" }",
        "1:19 `latency` needs `p99` = a lognormal distribution has `median` and `p99`",
    );
}

#[test]
fn limits_are_named() {
    at_top(
        "cluster.brokers = 1000000",
        "1:19 `brokers = 1000000` is above the limit of 1000 = write a number from 1 to 1000",
    );
    in_stream(
        "count = 1000000000",
        "7:9 `count = 1000000000` is above the limit of 50000000 = write a number from 1 to 50000000",
    );
    let half = "count = 40000000\n[[producers.sends]]\ntopic = \"orders\"\ncount = 40000000";
    in_stream(half, "10:1 80000000 records in all, more than the limit of 50000000");
    assert_eq!(
        problems(
            "[[topics]]\nname = \"orders\"\npartitions = 60000\n[[topics]]\nname = \"b\"\npartitions = 60000\n\
                  [[producers]]\nid = \"shop\""
        ),
        ["6:1 120000 partitions in all, more than the limit of 100000"]
    );
    in_stream(
        "value = { bytes = \"1GiB\" }",
        "7:19 `bytes` is 1073741824 bytes, more than the limit of 268435456 = write a number from 0 to 268435456",
    );
    let long = "x".repeat(limits::TEXT_BYTES + 1);
    in_stream(
        &format!("key = \"{long}\""),
        "7:7 the text has 65537 bytes, more than the limit of 65536 (64 KiB) = for large values write `value = { bytes = ... }`",
    );
    at_top(
        "stop = \"9000h\"",
        "1:8 `stop`: `9000h` is longer than the limit of 366 days = write at most `\"8784h\"`",
    );
}

#[test]
fn names() {
    let topic =
        |name: &str| problems(&format!("[[topics]]\nname = \"{name}\"\n[[producers]]\nid = \"shop\""));
    assert_eq!(
        topic("주문"),
        ["2:8 `주문` cannot be the name of a topic = Kafka allows ASCII letters, digits, `.`, `_` and `-`"]
    );
    assert_eq!(topic(""), ["2:8 `` cannot be a name = a name has 1 to 249 letters, digits, `.`, `_` or `-`"]);
    behind(
        "[[topics]]\nname = \"orders\"",
        "6:8 there are two topics `orders` = give each a name of its own",
    );
    behind(
        "[[consumers]]\nid = \"shop\"\ntopics = [\"orders\"]",
        "6:6 there are two clients `shop` = give each producer and consumer an id of its own",
    );
    behind("[[producers]]", "5:1 [[producers]] needs `id` = write `id = \"shop\"`");
}

#[test]
fn topics() {
    let topic = |keys: &str| {
        problems(&format!("[[topics]]\nname = \"orders\"\n{keys}\n[[producers]]\nid = \"shop\""))
    };
    assert_eq!(
        topic("replication-factor = 4"),
        ["3:22 replication factor 4 with 3 brokers = write at most 3, or raise `brokers` in [cluster]"]
    );
    assert_eq!(
        topic("assignment = [[0, 1], [1]]"),
        [
            "3:23 1 replicas where there must be 2 = every partition of a topic has as many replicas as `replication-factor` says"
        ]
    );
    assert_eq!(
        topic("assignment = [[0, 0]]"),
        ["3:19 broker 0 twice = a broker holds one replica of a partition at most"]
    );
    assert_eq!(
        topic("partitions = 2\nassignment = [[0]]"),
        [
            "4:14 `assignment` has 1 lists for 2 partitions = write one list of broker ids a partition, as in `[[0, 1, 2]]`"
        ]
    );
}

#[test]
fn links() {
    let link = |ends: &str| format!("network.links = [{{ between = {ends}, latency = \"1ms\" }}]");
    at_top(&link("[\"client\", 7]"), "1:41 there is no broker 7 = brokers are 0 to 2");
    at_top(&link("[\"shop\", 0]"), "1:31 unknown end `shop` = did you mean `\"client:shop\"`?");
    at_top(&link("[\"client:shap\", 0]"), "1:31 unknown client `shap` = did you mean `shop`?");
    at_top(
        &link("[\"client\", \"controller\"]"),
        "1:30 these two never talk to each other = clients talk to brokers, brokers to other brokers and to the controller",
    );
}

#[test]
fn properties_of_kafka() {
    behind(
        "config = { \"linger.m\" = 3 }",
        "5:12 there is no producer configuration \"linger.m\" = did you mean \"linger.ms\"?",
    );
    behind(
        "acks = 1",
        "5:1 unknown key `acks` in [[producers]] = Kafka's properties stand in `config`, as in `config = { \"acks\" = \"all\" }`",
    );
    behind(
        "config = { acks = [1] }",
        "5:19 `acks` is one value, not a list = write a number, true or false, or text in quotes, as in a `.properties` file",
    );
    behind(
        "properties = \"a.properties\"",
        "5:14 there is no file `a.properties` = its path is relative to the scenario file",
    );
    behind("partitioner = \"murmur3\"", "5:15 unknown partitioner `murmur3` = did you mean `murmur2`?");
    behind(
        "compression-ratio = 0",
        "5:1 `compression-ratio = 0` is out of range = it is compressed size / plain size: write a number above 0, as in 0.25",
    );
}

/// `scenarios.md 6.5`: the rule that Kafka's client breaks on is reported where it is broken, with the exception.
#[test]
fn rules_of_kafka_s_that_are_broken() {
    let errors = errors(&format!("{LEAST}config = {{ acks = 1, \"enable.idempotence\" = true }}\n"));
    assert_eq!((errors.errors.len(), errors.errors[0].line), (1, 5));
    assert_eq!(errors.exceptions().collect::<Vec<_>>(), [Exception::ConfigException]);
    assert!(
        errors.errors[0].message.contains("Must set acks to all in order to use the idempotent producer")
    );
}

#[test]
fn streams() {
    behind(
        "[[producers.sends]]\ncount = 1",
        "5:1 [[producers.sends]] needs `topic` = write `topic = \"orders\"`",
    );
    in_stream(
        "every = \"1ms\"\nrate = \"5/s\"",
        "8:1 `rate` beside `every` = write one of `every`, `rate`, `outstanding` and `at`, or none of them for a burst",
    );
    in_stream(
        "at = [\"2s\", \"1s\"]",
        "7:13 the times of `at` are out of order = write them in ascending order: one thread sends them",
    );
    in_stream(
        "at = [\"2s\"]\ncount = 2",
        "8:1 `at` lists 1 times = the length of `at` is the count: leave `count` out",
    );
    in_stream(
        "rate = \"5\"",
        "7:8 `rate`: `5` is not a rate = a rate is a number a unit of time: /ms, /s, /min or /h, as in `\"1000/s\"`",
    );
    in_stream(
        "mode = \"fire-and-forget\"\nresend = { on = \"failed\" }",
        "8:1 `resend` with `mode = \"fire-and-forget\"` = nobody looks at the results there: write `mode = \"async\"`",
    );
    in_stream(
        "value = 100",
        "7:9 `value` is a table, not a whole number = write `value = { bytes = 100 }`, `{ text = \"...\" }`, `{ json = \"...\" }` or `{ customer = { ... } }`",
    );
    in_stream("partition = -1", "7:13 `partition = -1` is below 0 = write a number from 0 to 2147483647");
    in_stream(
        "partition = \"{i - 5}\"",
        "7:13 `{i - 5}` gives -5, which is below 0 = write a text whose numbers are 0 or more",
    );
    in_stream("key = \"a\"\nkeys = [\"b\"]", "8:1 `keys` beside `key` = write one of them");
    let [template] =
        &problems(&format!("{LEAST}[[producers.sends]]\ntopic = \"orders\"\nkey = \"{{n}}\"\n"))[..]
    else {
        panic!("one problem")
    };
    assert!(template.starts_with("7:7 `{n}` is no placeholder"), "{template}");
}

#[test]
fn consumers() {
    behind(
        "[[consumers]]\nid = \"audit\"\ntopics = [\"order\"]",
        "7:11 unknown topic `order` = did you mean `orders`?",
    );
    behind(
        "[[consumers]]\nid = \"audit\"\ntopics = [\"orders\"]\npartitions = [1]",
        "8:15 `partitions[] = 1` is above the limit of 0 = it can only be 0",
    );
    behind(
        "[[consumers]]\nid = \"audit\"",
        "5:1 [[consumers]] needs `topics` = write `topics = [\"orders\"]`",
    );
}

/// "At t=0": a cluster that starts then has nothing that a producer could know before.
#[test]
fn a_cold_cluster_has_no_warm_producers() {
    let help = "leave `start` out: the producer is cold then; or leave out `warm = false` of `[cluster]`";
    assert_eq!(
        problems(&format!("cluster.warm = false\n{LEAST}start = \"warm\"\n")),
        [format!("6:9 a warm producer in a cluster that starts at t=0 = {help}")]
    );
}

#[test]
fn when_faults_happen() {
    let on = |keys: &str, expected: &str| {
        behind(&format!("[[faults]]\non = {{ {keys} }}\ndo = {{ crash = 0 }}"), expected);
    };
    on(
        "event = \"produce-respones\"",
        "6:16 unknown event `produce-respones` = did you mean `produce-response`?",
    );
    on("event = \"append\", producer = \"shp\"", "6:37 unknown producer `shp` = did you mean `shop`?");
    on(
        "event = \"hw-advanced\", producer = \"shop\"",
        "6:31 `hw-advanced` has no `producer` = it has `broker`, `topic`, `partition`, `high_watermark`, `log_end_offset`",
    );
    on(
        "event = \"append\", nth = 1, every = 2",
        "6:35 `every` beside `nth` = write one of `nth`, `nths`, `every` and `probability`",
    );
    on(
        "event = \"append\", probability = 1.5",
        "6:26 `probability = 1.5` is out of range = write a number from 0 to 1",
    );
    on("event = \"acknowledged\", record = \"shop-0\"", "6:41 `shop` sends no record `0` = it sends none");
    behind(
        "[[faults]]\ndo = { crash = 0 }",
        "5:1 [[faults]] needs `at` = write `at = \"120ms\"`, or `on = { event = \"produce-response\", nth = 2 }`",
    );
}

#[test]
fn what_faults_do() {
    in_act("{ crush = 0 }", "7:8 unknown key `crush` in `do` = did you mean `crash`?");
    in_act("{ delay = \"it\", bye = \"1s\" }", "7:22 unknown key `bye` in `do` = did you mean `by`?");
    in_act("{ crash = 3 }", "7:16 there is no broker 3 = brokers are 0 to 2");
    in_act(
        "{ crash = \"leeder of orders-0\" }",
        "7:16 `leeder of orders-0` is no broker = a broker is an id, `\"leader of orders-0\"` or `\"follower of orders-0\"`",
    );
    in_act(
        "{ crash = 0, by = \"1s\" }",
        "7:19 `by` does not belong to `crash` = beside it can stand `power`, `survives`, `for`",
    );
    in_act(
        "{ crash = 0, restart = 0 }",
        "7:6 `restart` beside `crash` = write one thing, as in `do = { lose = \"it\" }` or `do = { crash = 0 }`",
    );
    in_act(
        "{ lose = \"it\" }",
        "7:6 `lose = \"it\"` at a time: there is no message then = name a message, as in `on = { event = \"produce-response\" }`",
    );
    in_act(
        "{ slow = 0 }",
        "7:6 `slow` needs `by` = write `do = { slow = 0, by = \"50ms\" }`, or `disk` for the disk only",
    );
    in_act(
        "{ crash = 0, survives = 3 }",
        "7:19 `survives` without `power = true` = a process that dies leaves its logs whole: add `power = true`, or leave `survives` out",
    );
    in_act(
        "{ pause = \"controller\" }",
        "7:16 `pause` is about brokers, not about the controller = what can be done to it: `crash`, `restart`, `cut`, `reset`",
    );
    in_act(
        "{ crash = \"controller\", power = true }",
        "7:30 `power` beside `crash = \"controller\"` = every decision of the controller is on disk before it counts: leave it out",
    );
    in_act(
        "{ set-config = 1, config = { \"unclean.leader.election.enable\" = true } }",
        "7:35 `unclean.leader.election.enable` of one broker decides nothing: the controller looks at the topics = write `set-config = \"orders\", config = { \"unclean.leader.election.enable\" = true }`",
    );
    in_act(
        "{ cut = [0, [0]] }",
        "7:14 a broker does not talk to itself = write two sides, as in `cut = [\"client\", 0]`; either can be a list",
    );
    in_act(
        "{ cut = [\"client\", \"controller\"] }",
        "7:14 clients and the controller talk to brokers only = write two sides, as in `cut = [\"client\", 0]`; either can be a list",
    );
    in_act("{ elect = \"orders-9\" }", "7:16 `orders` has no partition `9` = it has only 0");
    in_act(
        "{ add-partitions = \"orders\", to = 1 }",
        "7:35 `to = 1`, but the topic has 1 partitions already = write at least 2",
    );
    in_act(
        "{ cut = [\"client\", \"client\"] }",
        "7:14 clients do not talk to each other = write two sides, as in `cut = [\"client\", 0]`; either can be a list",
    );
    let fail = "[[faults]]\non = { event = \"produce-request\" }\ndo = { fail = \"it\", error = \"NOT_ENOUGH_REPLICA\" }";
    behind(fail, "7:29 `NOT_ENOUGH_REPLICA` is no error of Kafka's = did you mean `NOT_ENOUGH_REPLICAS`?");
    let answer = "[[faults]]\non = { event = \"produce-response\" }\ndo = { fail = \"it\", error = \"NOT_ENOUGH_REPLICAS\" }";
    behind(
        answer,
        "7:6 `fail = \"it\"` on `produce-response` = a broker answers `produce-request`, `fetch-request`, `metadata-request`, `offset-for-leader-epoch-request`, `list-offsets-request` and `init-producer-id-request`",
    );
}

#[test]
fn expectations() {
    in_expect("losts = 0", "6:1 unknown key `losts` in [expect] = did you mean `lost`?");
    in_expect(
        "lost = \"0\"",
        "6:8 `lost` is a number or a range, not text = write `lost = 3` or `lost = { min = 1, max = 5 }`",
    );
    in_expect("lost = { min = 2, max = 1 }", "6:8 `min = 2` is above `max = 1` = exchange them");
    in_expect(
        "guarantee = \"exactly once\"",
        "6:13 `guarantee` cannot be `exactly once` = did you mean `exactly-once`?",
    );
    in_expect(
        "errors = { TimeoutExeption = 1 }",
        "6:12 unknown exception `TimeoutExeption` = did you mean `TimeoutException`?",
    );
    in_expect("log.\"orders-1\" = []", "6:5 `orders` has no partition `1` = it has only 0");
    in_expect("read.\"audit\" = []", "6:6 unknown consumer `audit` = there is none");
    in_expect(
        "trace = [{ event = \"append\", brokr = 1 }]",
        "6:30 `append` has no field `brokr` = did you mean `broker`?",
    );
    in_expect(
        "allowed = true",
        "6:11 `allowed` can only be false = that no finding is against the promise is always checked: write `allowed = false` or leave it out",
    );
    in_expect(
        "error = \"ConfigException\"",
        "5:1 `error` in the file's own `[expect]` = only a twin can be expected to be refused",
    );
}
