//! What scripts reach: a script that is equal says nothing about a behaviour that it never comes to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sim_core::client_script::{Script, Transcript, observe_script};
use sim_core::config::Release;
use sim_core::record::{BatchId, Names, RecordId};
use sim_core::time::{Span, Time};
use sim_core::trace::{Event, Observer, Stamp, Unobserved};

/// The behaviours that are counted, in the order in which they are shown.
const BEHAVIOURS: [&str; 29] = [
    RETRY,
    LOST,
    SPLIT,
    SPLIT_AGAIN,
    EXPIRED_QUEUED,
    EXPIRED_BACKING_OFF,
    EXPIRED_IN_FLIGHT,
    EXPIRED_PIECE,
    UNRESOLVED,
    BUMP,
    BUMP_IN_FLIGHT,
    BLOCKED_MEMORY,
    BLOCKED_METADATA,
    WAITED_METADATA,
    ADAPTIVE,
    HINT,
    THROTTLE,
    RECORD_ERRORS,
    REFUSED,
    SETUP_TIMEOUT,
    IDLE,
    REBOOTSTRAP,
    COMPRESSION,
    CALLBACK_SENDS,
    CALLBACK_FLUSHES,
    CALLBACK_CLOSES,
    FLUSH,
    CLOSE,
    THROWN,
];

const RETRY: &str = "a batch is sent again";
const LOST: &str = "an answer never comes";
const SPLIT: &str = "a batch is split";
const SPLIT_AGAIN: &str = "a piece is split again";
const EXPIRED_QUEUED: &str = "delivery timeout: queued";
const EXPIRED_BACKING_OFF: &str = "delivery timeout: in back-off";
const EXPIRED_IN_FLIGHT: &str = "delivery timeout: in flight";
const EXPIRED_PIECE: &str = "delivery timeout: a piece of a split batch";
const UNRESOLVED: &str = "unresolved sequences";
const BUMP: &str = "epoch bump";
const BUMP_IN_FLIGHT: &str = "epoch bump, several partitions in flight";
const BLOCKED_MEMORY: &str = "send() waits for memory";
const BLOCKED_METADATA: &str = "send() waits for metadata";
const WAITED_METADATA: &str = "send() waits for metadata, and gets it";
const ADAPTIVE: &str = "adaptive partitioning changes something";
const HINT: &str = "an answer names the leader";
const THROTTLE: &str = "an answer throttles";
const RECORD_ERRORS: &str = "an error names single records";
const REFUSED: &str = "a connection is refused";
const SETUP_TIMEOUT: &str = "a connection is not set up in time";
const IDLE: &str = "an idle connection is closed";
const REBOOTSTRAP: &str = "rebootstrap changes something";
const COMPRESSION: &str = "compression";
const CALLBACK_SENDS: &str = "a callback sends";
const CALLBACK_FLUSHES: &str = "a callback flushes";
const CALLBACK_CLOSES: &str = "a callback closes";
const FLUSH: &str = "flush() returns";
const CLOSE: &str = "close() returns";
const THROWN: &str = "send() throws";

/// How many scripts reach what.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reach(BTreeMap<&'static str, u64>);

impl Reach {
    pub(crate) fn add(&mut self, reached: &BTreeSet<&'static str>) {
        for behaviour in reached {
            *self.0.entry(behaviour).or_default() += 1;
        }
    }

    /// Every behaviour with the number of scripts that reach it.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&'static str, u64)> {
        BEHAVIOURS.iter().map(|&behaviour| (behaviour, self.0.get(behaviour).copied().unwrap_or(0)))
    }
}

/// What a script has reached: `seen` is what our own run has shown, `real` what the real client did.
pub(crate) fn reached(
    json: &str,
    release: Release,
    seen: Watch,
    ours: &Transcript,
    real: &Transcript,
) -> BTreeSet<&'static str> {
    let bumps = seen.bumps;
    let mut reached = seen.reached;
    let Ok(script) = serde_json::from_str::<Value>(json) else { return reached };
    reached.extend(bumps.iter().any(|&t| partitions_in_flight(real, t) > 1).then_some(BUMP_IN_FLIGHT));
    answers(&script, real, &mut reached);
    connections(real, &mut reached);
    let called_back: BTreeSet<i64> = real.callbacks.iter().map(|callback| callback.id).collect();
    for step in list(&script["steps"]) {
        callbacks(&step["send"], &called_back, &mut reached);
    }
    reached.extend(script["compression_ratio"].is_number().then_some(COMPRESSION));
    reached.extend(real.done.iter().any(|done| done.what == "flush").then_some(FLUSH));
    reached.extend(real.done.iter().any(|done| done.what == "close").then_some(CLOSE));
    reached.extend((!real.thrown.is_empty()).then_some(THROWN));
    for (key, off, behaviour) in [
        ("partitioner.adaptive.partitioning.enable", "false", ADAPTIVE),
        ("metadata.recovery.strategy", "none", REBOOTSTRAP),
    ] {
        reached.extend(matters(&script, release, (key, off), ours).then_some(behaviour));
    }
    reached
}

/// Whether our run with another value of a setting, where the script leaves it as it is, would have been another one.
fn matters(script: &Value, release: Release, (key, value): (&str, &str), ours: &Transcript) -> bool {
    let is_default = key != "metadata.recovery.strategy" && script["config"][key].is_null();
    if !is_default && (script["config"][key].is_null() || script["config"][key] == value) {
        return false;
    }
    let mut other = script.clone();
    other["config"][key] = value.into();
    let other =
        Script::read(&other.to_string()).and_then(|script| observe_script(&script, release, Unobserved));
    other.is_ok_and(|(other, _)| other.requests != ours.requests || other.callbacks != ours.callbacks)
}

/// How many partitions have a batch that was sent before this instant and has no result yet.
fn partitions_in_flight(real: &Transcript, t: i64) -> usize {
    let ended: BTreeMap<i64, i64> = real.callbacks.iter().map(|callback| (callback.id, callback.t)).collect();
    let sent = real.requests.iter().take_while(|request| request.t < t).flat_map(|request| &request.batches);
    let open = sent.filter(|batch| batch.ids.iter().any(|id| ended.get(id).is_none_or(|&end| end >= t)));
    open.map(|batch| (&batch.topic, batch.partition)).collect::<BTreeSet<_>>().len()
}

/// The answers of the script that a request has come to.
fn answers(script: &Value, real: &Transcript, reached: &mut BTreeSet<&'static str>) {
    for answer in list(&script["answers"]["produce"]) {
        let place = (answer["node"].as_u64(), answer["nth"].as_u64());
        if !real.requests.iter().any(|r| (Some(r.node.into()), Some(r.nth.into())) == place) {
            continue;
        }
        reached.extend((answer["hint"] == true).then_some(HINT));
        reached.extend(answer["throttle_ms"].is_u64().then_some(THROTTLE));
        reached.extend(answer["record_errors"].is_array().then_some(RECORD_ERRORS));
        reached.extend((answer["do"] == "lose" || answer["do"] == "disconnect").then_some(LOST));
    }
}

fn connections(real: &Transcript, reached: &mut BTreeSet<&'static str>) {
    let mut open = BTreeSet::new();
    for line in &real.connections {
        match line.event.as_str() {
            "open" => {
                open.insert(line.node);
            }
            event => {
                let was_open = open.remove(&line.node);
                reached.extend((event == "refused").then_some(REFUSED));
                reached.extend((event == "idle").then_some(IDLE));
                reached.extend((event == "closed by client" && !was_open).then_some(SETUP_TIMEOUT));
            }
        }
    }
}

/// What the callback of a record does, and those of the records that callbacks send.
fn callbacks(send: &Value, called_back: &BTreeSet<i64>, reached: &mut BTreeSet<&'static str>) {
    let then = &send["then"];
    if then.is_null() || !send["id"].as_i64().is_some_and(|id| called_back.contains(&id)) {
        return;
    }
    reached.extend(then["flush"].is_boolean().then_some(CALLBACK_FLUSHES));
    reached.extend(then["close"].is_u64().then_some(CALLBACK_CLOSES));
    reached.extend(then["send"].is_object().then_some(CALLBACK_SENDS));
    callbacks(&then["send"], called_back, reached);
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Looks on while our producer runs a script.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    reached: BTreeSet<&'static str>,
    /// When epochs were bumped, in ms.
    bumps: Vec<i64>,
    /// Until when each batch that was put back waits at least.
    back_offs: BTreeMap<BatchId, Time>,
    pieces: BTreeSet<BatchId>,
    /// Records whose `send()` has waited for metadata.
    waited: BTreeSet<RecordId>,
}

impl Observer for Watch {
    fn event(&mut self, stamp: Stamp, event: &Event, _: &Names) {
        match event {
            Event::Retry { batch, backoff, .. } => {
                self.reached.insert(RETRY);
                self.back_offs.insert(*batch, stamp.time + Span::from_nanos(*backoff));
            }
            Event::BatchSplit { batch, into, .. } => {
                self.reached.insert(if self.pieces.contains(batch) { SPLIT_AGAIN } else { SPLIT });
                self.pieces.extend(into.iter().map(|part| part.batch));
            }
            Event::BatchExpired { batch, r#in, .. } => {
                let backs_off = self.back_offs.get(batch).is_some_and(|&until| stamp.time < until);
                self.reached.insert(match *r#in {
                    "flight" => EXPIRED_IN_FLIGHT,
                    _ if backs_off => EXPIRED_BACKING_OFF,
                    _ => EXPIRED_QUEUED,
                });
                self.reached.extend(self.pieces.contains(batch).then_some(EXPIRED_PIECE));
            }
            Event::SequenceUnresolved { .. } => {
                self.reached.insert(UNRESOLVED);
            }
            Event::EpochBumped { .. } => {
                self.reached.insert(BUMP);
                self.bumps.push(stamp.time.millis());
            }
            Event::SendBlocked { on: "memory", .. } => {
                self.reached.insert(BLOCKED_MEMORY);
            }
            Event::SendBlocked { record, .. } => {
                self.reached.insert(BLOCKED_METADATA);
                self.waited.insert(*record);
            }
            Event::Accumulated { record, .. } if self.waited.contains(record) => {
                self.reached.insert(WAITED_METADATA);
            }
            _ => {}
        }
    }
}
