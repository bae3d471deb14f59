//! What a script may say, and what is said about one that may not be.

use super::*;

/// A script with these fields beside the ones that every script has.
fn with(fields: &str) -> String {
    format!(
        r#"{{"name": "s", "cluster": {{"nodes": [1, 0], "connect_ms": 1,
             "topics": [{{"name": "u", "leaders": [0]}}, {{"name": "t", "leaders": [0, -1]}}]}}, {fields}, "until": 9}}"#
    )
}

fn with_step(step: &str) -> String {
    with(&format!(r#""steps": [{step}]"#))
}

fn with_answers(answers: &str) -> String {
    with(&format!(r#""steps": [], "answers": {{{answers}}}"#))
}

fn problem(json: &str) -> String {
    Script::read(json).expect_err("a bad script").to_string()
}

#[track_caller]
fn assert_names(json: &str, field: &str, what: &str) {
    let problem = problem(json);
    assert!(problem.starts_with(field) && problem.contains(what), "{problem}");
}

#[test]
fn what_is_not_given_has_its_default() {
    let script = Script::read(&with(r#""steps": []"#)).expect("a script");
    assert_eq!(script.answers.delay, Span::from_millis(2));
    assert_eq!(script.sticky_draws, StickyDraws::Zero);
    assert_eq!(script.cluster.unknown_producer, UnknownProducer::Zero);
}

#[test]
fn nodes_and_topics_are_in_ascending_order() {
    let script = Script::read(&with(r#""steps": []"#)).expect("a script");
    assert_eq!(script.cluster.nodes, [BrokerId(0), BrokerId(1)]);
    let tp = |topic, partition| TopicPartition { topic: TopicIx(topic), partition };
    assert_eq!(script.cluster.partition("t-1"), Some(tp(0, 1)));
    assert_eq!(script.cluster.partition("u-0"), Some(tp(1, 0)));
    assert_eq!((script.cluster.partition("v-0"), script.cluster.partition("t")), (None, None));
}

#[test]
fn a_partition_is_there_once_a_step_has_added_it() {
    let added = r#"{"at": 5, "partitions": {"topic": "u", "leaders": [1, -1]}}"#;
    let moved = |at: i64| {
        let leader = r#"{"topic": "u", "partition": 2, "node": 0, "epoch": 1}"#;
        with(&format!(r#""steps": [{added}, {{"at": {at}, "leader": {leader}}}]"#))
    };
    assert!(Script::read(&moved(5)).is_ok());
    assert_names(&moved(4), "steps[1].leader.partition", "1 partitions");
    assert_names(
        &with_step(r#"{"at": 1, "partitions": {"topic": "u", "leaders": [7]}}"#),
        "steps[0].partitions.leaders[0]",
        "no node 7",
    );
}

#[test]
fn steps_say_one_thing_each() {
    let json = with(
        r#""steps": [{"at": 3, "stream": {"first_id": 2, "count": 9, "topic": "t", "key": "k", "value_bytes": 8, "every": 4}},
                     {"at": 1, "send": {"id": 0, "topic": "t", "partition": 7, "value_bytes": 100}},
                     {"at": 5, "leader": {"topic": "t", "partition": 1, "node": -1, "epoch": 2}},
                     {"at": 6, "flush": true}, {"at": 7, "close": 0}]"#,
    );
    let acts: Vec<Act> =
        Script::read(&json).expect("a script").steps.into_iter().map(|step| step.act).collect();
    let record = |partition, key: Option<&str>, value_bytes| RecordSpec {
        topic: "t".to_owned(),
        partition,
        key: key.map(str::to_owned),
        value_bytes,
        then: None,
    };
    let stream = |first_id, count, every, record| {
        Act::Stream(Stream { first_id, count, pace: Pace::Every(Span::from_millis(every)), record })
    };
    let nobody = LeaderChange { topic: "t".to_owned(), partition: 1, node: None, epoch: 2 };
    let expected = [
        stream(2, 9, 4, record(None, Some("k"), 8)),
        stream(0, 1, 0, record(Some(7), None, 100)),
        Act::Leader(nobody),
        Act::Flush,
        Act::Close(Span::ZERO),
    ];
    assert_eq!(acts, expected);
}

#[test]
fn a_field_that_is_unknown_missing_or_of_a_wrong_type_is_named() {
    assert_names("{", "EOF", "line 1");
    assert_names(&with(r#""stesp": []"#), "", "`stesp`");
    assert_names(&with_step(r#"{"at": 1, "sned": {}}"#), "steps[0]", "`sned`");
    assert_names(
        &with_step(r#"{"at": 1, "send": {"id": 0, "topic": "t"}}"#),
        "steps[0].send",
        "`value_bytes`",
    );
    assert_names(&with_step(r#"{"at": -1, "flush": true}"#), "steps[0].at", "`-1`");
    assert_names(&with(r#""config": {"acks": 1}, "steps": []"#), "config.acks", "a string");
    assert_names(&format!("{} {{}}", with(r#""steps": []"#)), "after the script", "trailing");
}

#[test]
fn a_step_needs_exactly_one_action() {
    assert_names(&with_step(r#"{"at": 1}"#), "steps[0]", "needs an action");
    assert_names(&with_step(r#"{"at": 1, "flush": true, "close": 5}"#), "steps[0]", "one action, not two");
    assert_names(&with_step(r#"{"at": 1, "flush": false}"#), "steps[0]", "must be true");
}

#[test]
fn a_record_has_room_for_its_id_and_a_known_topic() {
    let send = |fields: &str| with_step(&format!(r#"{{"at": 1, "send": {{"id": 0, {fields}}}}}"#));
    assert_names(&send(r#""topic": "t", "value_bytes": 7"#), "steps[0].send.value_bytes", "at least 8");
    assert_names(&send(r#""topic": "v", "value_bytes": 8"#), "steps[0]", "no topic v");
}

#[test]
fn a_stream_is_either_sync_or_paced_and_its_ids_are_new() {
    let stream = |at: i64, first: i64, pace: &str| {
        format!(
            r#"{{"at": {at}, "stream": {{"first_id": {first}, "count": 3, "topic": "t", "value_bytes": 8{pace}}}}}"#
        )
    };
    assert_names(&with_step(&stream(1, 0, r#", "sync": true, "every": 2"#)), "steps[0].stream", "either");
    assert_names(&with_step(&stream(1, i64::MAX, "")), "steps[0].stream", "ids run out");
    let twice = with(&format!(r#""steps": [{}, {}]"#, stream(1, 2, ""), stream(1, 0, "")));
    assert_names(&twice, "steps[0]", "id 2 is sent twice");
}

#[test]
fn nodes_topics_and_partitions_must_be_there() {
    assert_names(&with_step(r#"{"at": 1, "node_down": 2}"#), "steps[0].node_down", "no node 2");
    let leader =
        |fields: &str| with_step(&format!(r#"{{"at": 1, "leader": {{"topic": {fields}, "epoch": 1}}}}"#));
    assert_names(&leader(r#""v", "partition": 0, "node": 0"#), "steps[0].leader.topic", "no topic v");
    assert_names(&leader(r#""t", "partition": 2, "node": 0"#), "steps[0].leader.partition", "2 partitions");
    assert_names(&leader(r#""t", "partition": 0, "node": 3"#), "steps[0].leader.node", "no node 3");
    assert_names(&leader(r#""t", "partition": 0, "node": -2"#), "steps[0].leader.node", "-2 is no node");
}

#[test]
fn an_answer_fits_its_request() {
    let produce = |fields: &str| with_answers(&format!(r#""produce": [{{"node": 0, {fields}}}]"#));
    assert_names(&produce(r#""nth": 0"#), "answers.produce[0]", "counts from 1");
    assert_names(&produce(r#""nth": 1, "do": "error""#), "answers.produce[0]", "needs an");
    assert_names(&produce(r#""nth": 1, "error": "NOT_CONTROLLER""#), "answers.produce[0]", "goes with");
    assert_names(&produce(r#""nth": 1, "do": "error", "error": "OOPS""#), "answers.produce[0]", "OOPS");
    assert_names(&produce(r#""nth": 1, "partition": "t-0""#), "answers.produce[0]", "go with an error");
    let elsewhere = r#""nth": 1, "do": "error", "error": "NOT_CONTROLLER", "partition": "t-9""#;
    assert_names(&produce(elsewhere), "answers.produce[0].partition", "no partition t-9");
    assert_names(&produce(r#""nth": 1, "hint": true"#), "answers.produce[0]", "go with an error");
    assert_names(
        &produce(r#""nth": 1, "do": "lose", "throttle_ms": 5"#),
        "answers.produce[0]",
        "goes with an answer",
    );
    let twice = r#""produce": [{"node": 0, "nth": 1}, {"node": 1, "nth": 1}, {"node": 0, "nth": 1}]"#;
    assert_names(&with_answers(twice), "answers.produce[2].nth", "second answer");
    let metadata = r#""metadata": [{"nth": 1, "do": "error", "error": "NOT_CONTROLLER"}]"#;
    assert_names(&with_answers(metadata), "answers.metadata[0].do", "lose or disconnect");
}

#[test]
fn settings_that_lead_out_of_a_script_are_refused() {
    let config = |key: &str, value: &str| with(&format!(r#""config": {{"{key}": "{value}"}}, "steps": []"#));
    assert_names(&config("transactional.id", "x"), "config.transactional.id", "not for scripts");
    assert_names(&config("compression.type", "lz4"), "config.compression.type", "must be none or snappy");
    assert!(Script::read(&config("compression.type", "none")).is_ok());
}
