//! The Chrome trace format: a track for each machine, requests as spans, messages as arrows, the rest as marks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use sim_core::record::Names;
use sim_core::time::Time;
use sim_core::trace::{Event, MessageBody, MessageEvent, Observer, Stamp, json_line};

use super::lanes::{Lane, ends_of};
use crate::atomic_file::AtomicFile;
use crate::error::CliError;

/// A trace in the Chrome trace format.
#[derive(Debug)]
pub(crate) struct Perfetto {
    file: AtomicFile,
    failed: Option<io::Error>,
    tracks: BTreeMap<Lane, u32>,
    any: bool,
}

impl Perfetto {
    pub(super) fn create(path: &Path) -> Result<Perfetto, CliError> {
        let mut file =
            Perfetto { file: AtomicFile::create(path)?, failed: None, tracks: BTreeMap::new(), any: false };
        file.put(r#"{"displayTimeUnit":"ms","traceEvents":["#);
        Ok(file)
    }

    pub(super) fn finish(mut self) -> Result<(), CliError> {
        self.put("\n]}\n");
        match self.failed {
            Some(error) => Err(CliError::write(self.file.path())(error)),
            None => self.file.finish(),
        }
    }

    fn put(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = self.file.write_all(text.as_bytes()).err();
        }
    }

    /// One entry of the list: its phase and what else it has, on a lane.
    fn entry(&mut self, lane: Lane, time: Time, names: &Names, phase: &str, rest: &str) {
        let track = self.track(lane, names);
        let comma = if std::mem::replace(&mut self.any, true) { "," } else { "" };
        let (micros, nanos) = (time.nanos() / 1_000, time.nanos() % 1_000);
        self.put(&format!(
            "{comma}\n{{\"ph\":\"{phase}\",\"pid\":1,\"tid\":{track},\"ts\":{micros}.{nanos:03},{rest}}}"
        ));
    }

    /// The number of a lane's track; the first time it is asked for, the track gets its name and place.
    fn track(&mut self, lane: Lane, names: &Names) -> u32 {
        if let Some(&track) = self.tracks.get(&lane) {
            return track;
        }
        let (track, name) = match lane {
            Lane::Run => (1, "run".to_owned()),
            Lane::Producer(producer) => (10 + u32::from(producer.0), names.producer(producer).to_owned()),
            Lane::Broker(broker) => (100_000 + broker.0, format!("broker {broker}")),
            Lane::Controller => (200_000, "controller".to_owned()),
            Lane::Consumer(consumer) => {
                (300_000 + u32::from(consumer.0), names.consumer(consumer).to_owned())
            }
        };
        self.tracks.insert(lane, track);
        let quoted = serde_json::Value::from(name);
        self.entry(
            lane,
            Time::ZERO,
            names,
            "M",
            &format!(r#""name":"thread_name","args":{{"name":{quoted}}}"#),
        );
        let order = format!(r#""name":"thread_sort_index","args":{{"sort_index":{track}}}"#);
        self.entry(lane, Time::ZERO, names, "M", &order);
        track
    }

    /// Arrows from writing to delivery, and a span from a request's writing to its answer's delivery.
    fn message(&mut self, stamp: Stamp, message: &MessageEvent, names: &Names) {
        let (from, to) = ends_of(message);
        let (lane, phase) = if message.sent { (from, "s") } else { (to, "f") };
        let name = message.body.kind(false).name();
        let id = message.message;
        let bound = if message.sent { "" } else { r#","bp":"e""# };
        let flow = format!(r#""cat":"message","name":"{name}","id":{id}{bound}"#);
        self.entry(lane, stamp.time, names, phase, &flow);
        let span = match (&message.body, message.sent, message.request) {
            (MessageBody::Request(_), true, _) => Some(("b", id)),
            (MessageBody::Response(_), false, Some(request)) => Some(("e", request)),
            _ => None,
        };
        if let Some((phase, request)) = span {
            let name = name.trim_end_matches("-request").trim_end_matches("-response");
            let span = format!(r#""cat":"request","name":"{name}","id":{request}"#);
            self.entry(lane, stamp.time, names, phase, &span);
        }
    }
}

impl Observer for Perfetto {
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        let lane = Lane::of(event);
        let kind = event.kind().name();
        let mut rest = format!(r#""cat":"event","name":"{kind}","#);
        // A slice of no length, so that an arrow has something to hold on to.
        let _ = write!(rest, r#""dur":0,"args":{}"#, json_line(stamp, event, names));
        self.entry(lane, stamp.time, names, "X", &rest);
        if let Event::Message(message) = event {
            self.message(stamp, message, names);
        }
    }
}
