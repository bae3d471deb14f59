//! The fields of a script's objects as its file has them, and the checks that one object can make by itself.

use serde::{Deserialize, Deserializer};

use super::script::{
    Act, Answer, LeaderChange, MorePartitions, Pace, ProduceAnswer, RecordSpec, Step, Stream, Then, What,
};
use crate::protocol::ErrorCode;
use crate::record::BrokerId;
use crate::time::{Span, Time};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepFields {
    #[serde(deserialize_with = "instant")]
    at: Time,
    send: Option<SendFields>,
    stream: Option<Stream>,
    leader: Option<LeaderChange>,
    partitions: Option<MorePartitions>,
    node_down: Option<u32>,
    node_silent: Option<u32>,
    node_up: Option<u32>,
    flush: Option<bool>,
    close: Option<u64>,
}

impl TryFrom<StepFields> for Step {
    type Error = String;

    fn try_from(fields: StepFields) -> Result<Step, String> {
        if fields.flush == Some(false) {
            return Err("\"flush\" must be true".to_owned());
        }
        let acts = [
            fields.send.map(|send| Act::Stream(send.into())),
            fields.stream.map(Act::Stream),
            fields.leader.map(Act::Leader),
            fields.partitions.map(Act::Partitions),
            fields.node_down.map(|node| Act::NodeDown(BrokerId(node))),
            fields.node_silent.map(|node| Act::NodeSilent(BrokerId(node))),
            fields.node_up.map(|node| Act::NodeUp(BrokerId(node))),
            fields.flush.map(|_| Act::Flush),
            fields.close.map(|timeout| Act::Close(from_millis(timeout))),
        ];
        let mut acts = acts.into_iter().flatten();
        match (acts.next(), acts.next()) {
            (Some(act), None) => Ok(Step { at: fields.at, act }),
            (None, _) => {
                Err("a step needs an action beside \"at\": send, stream, leader, partitions, node_down, \
                     node_silent, node_up, flush or close"
                    .to_owned())
            }
            (Some(_), Some(_)) => Err("a step has \"at\" and one action, not two".to_owned()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SendFields {
    id: i64,
    topic: String,
    partition: Option<u32>,
    key: Option<String>,
    #[serde(deserialize_with = "value_bytes")]
    value_bytes: u32,
    then: Option<Then>,
}

impl From<SendFields> for RecordSpec {
    fn from(fields: SendFields) -> RecordSpec {
        RecordSpec {
            topic: fields.topic,
            partition: fields.partition,
            key: fields.key,
            value_bytes: fields.value_bytes,
            then: fields.then,
        }
    }
}

impl From<SendFields> for Stream {
    fn from(fields: SendFields) -> Stream {
        Stream { first_id: fields.id, count: 1, pace: Pace::Every(Span::ZERO), record: fields.into() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThenFields {
    send: Option<Box<SendFields>>,
    flush: Option<bool>,
    close: Option<u64>,
}

impl TryFrom<ThenFields> for Then {
    type Error = &'static str;

    fn try_from(fields: ThenFields) -> Result<Then, &'static str> {
        match (fields.send, fields.flush, fields.close) {
            (Some(send), None, None) => Ok(Then::Send { id: send.id, record: Box::new((*send).into()) }),
            (None, Some(true), None) => Ok(Then::Flush),
            (None, None, Some(_)) => Ok(Then::Close),
            _ => Err("\"then\" is one of \"send\", \"flush\": true and \"close\""),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StreamFields {
    first_id: i64,
    count: u32,
    topic: String,
    partition: Option<u32>,
    key: Option<String>,
    #[serde(deserialize_with = "value_bytes")]
    value_bytes: u32,
    #[serde(default)]
    sync: bool,
    every: Option<u64>,
}

impl TryFrom<StreamFields> for Stream {
    type Error = &'static str;

    fn try_from(fields: StreamFields) -> Result<Stream, &'static str> {
        let pace = match (fields.sync, fields.every) {
            (true, Some(_)) => return Err("a stream is either \"sync\" or has \"every\""),
            (true, None) => Pace::Sync,
            (false, every) => Pace::Every(from_millis(every.unwrap_or(0))),
        };
        if fields.first_id.checked_add(i64::from(fields.count)).is_none() {
            return Err("\"first_id\" is so large that the ids run out");
        }
        let record = RecordSpec {
            topic: fields.topic,
            partition: fields.partition,
            key: fields.key,
            value_bytes: fields.value_bytes,
            then: None,
        };
        Ok(Stream { first_id: fields.first_id, count: fields.count, pace, record })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProduceAnswerFields {
    node: u32,
    nth: u32,
    #[serde(default, rename = "do")]
    what: WhatWord,
    error: Option<String>,
    partition: Option<String>,
    hint: Option<bool>,
    append: Option<bool>,
    delay: Option<u64>,
    throttle_ms: Option<u16>,
    record_errors: Option<Vec<u32>>,
}

impl TryFrom<ProduceAnswerFields> for ProduceAnswer {
    type Error = String;

    fn try_from(fields: ProduceAnswerFields) -> Result<ProduceAnswer, String> {
        let about_error =
            fields.partition.is_some() || fields.hint.is_some() || fields.record_errors.is_some();
        if about_error && fields.error.is_none() {
            return Err("\"partition\", \"hint\" and \"record_errors\" go with an error".to_owned());
        }
        if fields.throttle_ms.is_some() && !matches!(fields.what, WhatWord::Ok | WhatWord::Error) {
            return Err("\"throttle_ms\" goes with an answer".to_owned());
        }
        let answer = AnswerFields {
            nth: fields.nth,
            what: fields.what,
            error: fields.error,
            append: fields.append,
            delay: fields.delay,
        };
        Ok(ProduceAnswer {
            node: BrokerId(fields.node),
            partition: fields.partition,
            hint: fields.hint.unwrap_or(false),
            throttle_ms: i32::from(fields.throttle_ms.unwrap_or(0)),
            record_errors: fields.record_errors.unwrap_or_default(),
            answer: Answer::try_from(answer)?,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AnswerFields {
    nth: u32,
    #[serde(default, rename = "do")]
    what: WhatWord,
    error: Option<String>,
    append: Option<bool>,
    delay: Option<u64>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum WhatWord {
    #[default]
    Ok,
    Error,
    Lose,
    Disconnect,
}

impl TryFrom<AnswerFields> for Answer {
    type Error = String;

    fn try_from(fields: AnswerFields) -> Result<Answer, String> {
        if fields.nth == 0 {
            return Err("\"nth\" counts from 1".to_owned());
        }
        let what = match (fields.what, fields.error) {
            (WhatWord::Error, Some(name)) => match ErrorCode::by_name(&name) {
                Some(error) => What::Error(error),
                None => return Err(format!("\"error\": no error is named {name}")),
            },
            (WhatWord::Error, None) => return Err("\"do\": \"error\" needs an \"error\"".to_owned()),
            (_, Some(_)) => return Err("\"error\" goes with \"do\": \"error\"".to_owned()),
            (WhatWord::Ok, None) => What::Ok,
            (WhatWord::Lose, None) => What::Lose,
            (WhatWord::Disconnect, None) => What::Disconnect,
        };
        Ok(Answer { nth: fields.nth, what, append: fields.append, delay: fields.delay.map(from_millis) })
    }
}

/// What is longer than any run stays so.
fn from_millis(millis: u64) -> Span {
    Span::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

pub(super) fn span<'de, D: Deserializer<'de>>(from: D) -> Result<Span, D::Error> {
    u64::deserialize(from).map(from_millis)
}

pub(super) fn instant<'de, D: Deserializer<'de>>(from: D) -> Result<Time, D::Error> {
    span(from).map(|since_start| Time::ZERO + since_start)
}

pub(super) fn some_instant<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Time>, D::Error> {
    instant(from).map(Some)
}

pub(super) fn brokers<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<BrokerId>, D::Error> {
    Ok(Vec::<u32>::deserialize(from)?.into_iter().map(BrokerId).collect())
}

pub(super) fn leader<'de, D: Deserializer<'de>>(from: D) -> Result<Option<BrokerId>, D::Error> {
    leader_of(i64::deserialize(from)?)
}

pub(super) fn leaders<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Option<BrokerId>>, D::Error> {
    Vec::<i64>::deserialize(from)?.into_iter().map(leader_of).collect()
}

/// Kafka's -1 is nobody.
fn leader_of<E: serde::de::Error>(node: i64) -> Result<Option<BrokerId>, E> {
    match u32::try_from(node) {
        Ok(node) => Ok(Some(BrokerId(node))),
        Err(_) if node == -1 => Ok(None),
        Err(_) => Err(E::custom(format_args!("{node} is no node"))),
    }
}

fn value_bytes<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    match u32::deserialize(from)? {
        enough if enough >= 8 => Ok(enough),
        _ => Err(serde::de::Error::custom("must be at least 8, the id")),
    }
}
