use super::*;
use crate::chance::{Chance, Script, Scripted, Seeded};
use crate::producer::Outgoing;
use crate::record::{ProducerIx, RecordId, TopicIx};
use crate::scenario::{Decode, Header, Keys, Mode, Pace, PartitionChoice, Resend, Stream, ValueSpec};
use crate::serializer::Payload;
use crate::template::TemplateError;
use crate::time::{Span, Time};
use crate::trace::Seq;

/// A stream of keyless records of 100 bytes in one burst.
fn plain() -> Stream {
    Stream {
        topic: TopicIx(3),
        count: 100,
        start: Time::from_millis(1_000),
        pace: Pace::Burst,
        mode: Mode::Async,
        keys: Keys::None,
        partition: None,
        value: ValueSpec::Bytes(100),
        headers: Vec::new(),
        resend: None,
    }
}

fn keyed(template: &str) -> Stream {
    Stream { keys: Keys::Template(template.to_owned()), ..plain() }
}

fn valued(value: ValueSpec) -> Stream {
    Stream { value, ..plain() }
}

/// A stream with the draws that it makes.
struct Sends {
    stream: StreamState,
    chance: Box<dyn Chance>,
}

impl Sends {
    fn new(stream: &Stream, chance: impl Chance + 'static) -> Sends {
        let mut chance: Box<dyn Chance> = Box::new(chance);
        let stream = StreamState::new(stream, "shop", 0, &mut *chance).expect("its texts are right");
        Sends { stream, chance }
    }

    fn record(&mut self, number: u32) -> Outgoing<'_> {
        self.stream.prepare(&mut *self.chance, number);
        let id = RecordId { producer: ProducerIx(0), index: number };
        self.stream.outgoing(id, true, Seq::OUTSIDE)
    }

    fn key(&mut self, number: u32) -> String {
        self.stream.prepare(&mut *self.chance, number);
        self.stream.key_text().expect("it has keys").to_owned()
    }

    fn partition(&mut self, number: u32) -> Option<u32> {
        self.record(number).partition
    }
}

/// `scenario-format.md`: no `key` is a null key; `{ bytes = 100 }` is 100 bytes that nobody looks at.
#[test]
fn a_plain_record() {
    let headers = vec![Header { key: "trace".to_owned(), bytes: 8 }];
    let mut sends = Sends::new(&Stream { headers: headers.clone(), ..plain() }, Scripted::new());
    let record = sends.record(5);
    assert_eq!((record.id.index, record.topic, record.partition), (5, TopicIx(3), None));
    assert_eq!((record.key, record.value), (Payload::Null, Payload::Opaque(100)));
    assert_eq!((record.headers, record.keep_content), (&headers[..], true));
    assert_eq!(sends.stream.key_text(), None);
}

/// `scenario-format.md`: `key` with placeholders; `keys`, a list taken in turn.
#[test]
fn keys_are_filled_in_or_taken_in_turn() {
    let mut sends = Sends::new(&keyed("customer-{i % 12}"), Scripted::new());
    assert_eq!(sends.record(13).key, Payload::Text("customer-1"));
    let in_turn = Keys::InTurn(["a", "b{i}", "c"].map(String::from).to_vec());
    let mut sends = Sends::new(&Stream { keys: in_turn, ..plain() }, Scripted::new());
    assert_eq!([0, 1, 2, 3, 4].map(|number| sends.key(number)), ["a", "b1", "c", "a", "b4"]);
}

/// `scenario-format.md`: `partition`, a number or a template; it may be one that the topic does not have.
#[test]
fn an_explicit_partition() {
    let to = |choice| Stream { partition: Some(choice), ..plain() };
    let mut fixed = Sends::new(&to(PartitionChoice::Fixed(7)), Scripted::new());
    assert_eq!(fixed.partition(3), Some(7));
    let mut in_turn = Sends::new(&to(PartitionChoice::Template("{i % 3}".to_owned())), Scripted::new());
    assert_eq!([0, 1, 2, 3].map(|number| in_turn.partition(number)), [0, 1, 2, 0].map(Some));
    let mut beyond =
        Sends::new(&to(PartitionChoice::Template("{i * 2147483647}".to_owned())), Scripted::new());
    assert_eq!(beyond.partition(2), Some(i32::MAX as u32), "a partition is an int");
}

/// `scenario-format.md`: the kinds of values, with the same placeholders.
#[test]
fn values_of_every_kind() {
    let text = ValueSpec::Text("order {i + 1}".to_owned());
    assert_eq!(Sends::new(&valued(text), Scripted::new()).record(1).value, Payload::Text("order 2"));
    let json = ValueSpec::Json(r#"{"id": {i}}"#.to_owned());
    assert_eq!(Sends::new(&valued(json), Scripted::new()).record(1).value, Payload::Json(r#"{"id": 1}"#));
    assert_eq!(Sends::new(&valued(ValueSpec::Null), Scripted::new()).record(1).value, Payload::Null);
    let customer = |name: Option<&str>| ValueSpec::Customer {
        id: "{i + 1}".to_owned(),
        name: name.map(str::to_owned),
        layout: Decode::CustomerV2,
    };
    for (name, filled_in) in [(Some("홍길동 {i}"), Some("홍길동 4")), (None, None)] {
        let mut sends = Sends::new(&valued(customer(name)), Scripted::new());
        let expected = Payload::Customer { id: 5, name: filled_in, layout: Decode::CustomerV2 };
        assert_eq!(sends.record(4).value, expected);
    }
}

/// `scenario-format.md`, `resend`: under the same name with the same key, whatever was sent in between.
#[test]
fn a_record_asked_for_again_is_the_same() {
    let stream = Stream { value: ValueSpec::Text("{zipf 50 1.1}".to_owned()), ..keyed("{random 1000000}") };
    let mut sends = Sends::new(&stream, Seeded::new(1));
    let mut texts = |number| {
        let record = sends.record(number);
        format!("{:?} {:?}", record.key, record.value)
    };
    let first: Vec<String> = (0..20).map(&mut texts).collect();
    let again: Vec<String> = (0..20).rev().map(&mut texts).collect();
    assert!(first.iter().eq(again.iter().rev()));
    assert_ne!(first[0], first[1]);
}

/// What is drawn for a record is its own, however the records before it were asked for.
#[test]
fn the_nth_record_has_the_nth_draw() {
    let chance = || Scripted::new().with("shop/0/random", Script::Count);
    let mut in_order = Sends::new(&keyed("{random 100}-{random 100}"), chance());
    assert_eq!([0, 1, 2].map(|number| in_order.key(number)), ["0-1", "2-3", "4-5"]);
    let mut ahead = Sends::new(&keyed("{random 100}-{random 100}"), chance());
    assert_eq!([2, 0].map(|number| ahead.key(number)), ["4-5", "0-1"]);
}

/// Key, partition and value draw one after the other; a text of the list that is not its turn draws nothing.
#[test]
fn draws_go_where_they_belong() {
    let stream = Stream {
        keys: Keys::InTurn(["plain", "{random 100}"].map(String::from).to_vec()),
        partition: Some(PartitionChoice::Template("{random 100}".to_owned())),
        value: ValueSpec::Customer {
            id: "{random 100}".to_owned(),
            name: Some("{i}:{random 100}".to_owned()),
            layout: Decode::CustomerV1,
        },
        ..plain()
    };
    let mut sends = Sends::new(&stream, Scripted::new().with("random", Script::Count));
    for (number, key, partition, id, name) in [(0, "plain", 0, 1, "0:2"), (1, "3", 4, 5, "1:6")] {
        let record = sends.record(number);
        assert_eq!((record.key, record.partition), (Payload::Text(key), Some(partition)));
        let customer = Payload::Customer { id, name: Some(name), layout: Decode::CustomerV1 };
        assert_eq!(record.value, customer);
    }
}

/// `scenario-format.md`, `mode` and `outstanding`: who waits for whose result.
#[test]
fn how_many_may_be_without_a_result() {
    let limit = |mode, pace| {
        let stream = Stream { mode, pace, ..plain() };
        Sends::new(&stream, Scripted::new()).stream.limit()
    };
    assert_eq!(limit(Mode::Async, Pace::Burst), u32::MAX);
    assert_eq!(limit(Mode::FireAndForget, Pace::Every(Span::from_millis(1))), u32::MAX);
    assert_eq!(limit(Mode::Async, Pace::Outstanding(5)), 5);
    assert_eq!(limit(Mode::Sync, Pace::Every(Span::from_millis(1))), 1);
    assert_eq!(limit(Mode::Sync, Pace::Outstanding(5)), 1);
}

#[test]
fn what_the_thread_needs_to_know() {
    let stream =
        Stream { resend: Some(Resend { times: 2 }), pace: Pace::Every(Span::from_millis(10)), ..plain() };
    let mut sends = Sends::new(&stream, Scripted::new());
    let state = &mut sends.stream;
    assert_eq!((state.count(), state.resend_times(), state.topic()), (100, 2, TopicIx(3)));
    assert_eq!(state.start(), Time::from_millis(1_000));
    assert_eq!(state.due(5, &mut *sends.chance), Time::from_millis(1_050));
    assert_eq!(Sends::new(&plain(), Scripted::new()).stream.resend_times(), 0);
}

/// Errors name the key of the scenario file and what to write instead.
#[test]
fn a_text_that_is_none_is_an_error() {
    let message = |stream: &Stream| Plan::parse(stream).expect_err("it is wrong").to_string();
    assert!(message(&keyed("{j}")).starts_with("`key`: `{j}` is no placeholder"));
    let text = valued(ValueSpec::Text("{i".to_owned()));
    assert!(message(&text).starts_with("`value.text`: `{i` has no closing brace"));
    let id = ValueSpec::Customer { id: "first".to_owned(), name: None, layout: Decode::CustomerV1 };
    let error = TemplateError::NotANumber { text: "first".to_owned() };
    assert_eq!(Plan::parse(&valued(id)), Err(PlanError::Template { field: "value.customer.id", error }));
    let below_zero = PartitionChoice::Template("{i - 1}".to_owned());
    let stream = Stream { partition: Some(below_zero), ..plain() };
    assert!(message(&stream).starts_with("`partition`: `{i - 1}` gives -1"));
}
