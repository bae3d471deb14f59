//! What a space-time diagram shows of a run: messages as they arrive or are lost, and what the machines do.

use std::collections::BTreeMap;

use sim_core::protocol::{Request, Response};
use sim_core::record::{Names, RecordId};
use sim_core::time::Time;
use sim_core::trace::{Event, EventKind, MessageBody, MessageEvent, Observer, Stamp};

use crate::trace::{Lane, brief, brief_without, ends_of};

/// How a row stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Plain,
    Fault,
    Lost,
}

/// A line of the diagram.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) time: Time,
    /// Where it happens, or where the message came from.
    pub(crate) from: Lane,
    /// Where the message went to.
    pub(crate) to: Option<Lane>,
    pub(crate) mark: Mark,
    text: String,
    /// Records about which the same happens at the same instant.
    records: Option<(EventKind, RecordId, RecordId)>,
}

impl Row {
    /// What stands beside the picture.
    pub(crate) fn label(&self, names: &Names) -> String {
        match self.records {
            None => self.text.clone(),
            Some((kind, first, last)) if first == last => {
                format!("{} {}{}", kind.name(), names.record(first), self.text)
            }
            Some((kind, first, last)) => {
                format!("{} {} .. {}{}", kind.name(), names.record(first), names.record(last), self.text)
            }
        }
    }
}

/// An observer that draws.
#[derive(Clone, Debug)]
pub(crate) struct Sketch {
    /// In order of time.
    pub(crate) rows: Vec<Row>,
    from: Option<Time>,
    /// Whether everything is shown.
    full: bool,
    begun: bool,
    underway: BTreeMap<u64, (Lane, Lane, String)>,
}

impl Sketch {
    /// From this time on, or from the first `send()` or fault.
    pub(crate) fn new(from: Option<Time>, full: bool) -> Sketch {
        Sketch { rows: Vec::new(), from, full, begun: false, underway: BTreeMap::new() }
    }

    fn row(&mut self, stamp: Stamp, from: Lane, to: Option<Lane>, mark: Mark, text: String) {
        self.rows.push(Row { time: stamp.time, from, to, mark, text, records: None });
    }

    /// What happens to records one by one is one row as long as nothing else happens.
    fn record(&mut self, stamp: Stamp, event: &Event, record: RecordId, text: String) {
        let (kind, from) = (event.kind(), Lane::of(event));
        if let Some(Row { time, records: Some((last_kind, _, last)), text: said, .. }) = self.rows.last_mut()
            && *time == stamp.time
            && *last_kind == kind
            && last.producer == record.producer
            && *said == text
        {
            *last = record;
            return;
        }
        let records = Some((kind, record, record));
        self.rows.push(Row { time: stamp.time, from, to: None, mark: Mark::Plain, text, records });
    }

    fn message(&mut self, stamp: Stamp, message: &MessageEvent, names: &Names) {
        let (from, to) = ends_of(message);
        if message.sent {
            self.underway.insert(message.message, (from, to, describe(message, names)));
            return;
        }
        self.underway.remove(&message.message);
        if self.full || tells_something(message) {
            self.row(stamp, from, Some(to), Mark::Plain, describe(message, names));
        }
    }
}

/// Whether a message is more than the steady beat of a cluster at rest.
fn tells_something(message: &MessageEvent) -> bool {
    match &message.body {
        MessageBody::Request(Request::Fetch(_) | Request::Heartbeat(_)) => false,
        MessageBody::Response(Response::Heartbeat(_)) => false,
        MessageBody::Response(Response::Fetch(fetch)) => fetch.has_data,
        _ => true,
    }
}

fn describe(message: &MessageEvent, names: &Names) -> String {
    let kind = message.body.kind(false).name();
    match &message.body {
        MessageBody::Request(Request::Produce(produce)) => {
            let batches: Vec<String> = produce
                .batches
                .iter()
                .map(|batch| format!("{} ({})", names.batch(batch.batch), batch.records.len()))
                .collect();
            format!("{kind} {}", batches.join(", "))
        }
        MessageBody::Response(Response::Produce(produce)) => {
            let results: Vec<String> = produce
                .partitions
                .iter()
                .map(|result| match result.error.is_error() {
                    true => format!("{} {}", names.batch(result.batch), result.error.name()),
                    false => format!("{} at {}", names.batch(result.batch), result.base_offset),
                })
                .collect();
            format!("{kind} {}", results.join(", "))
        }
        MessageBody::Response(Response::Fetch(fetch)) => {
            let results: Vec<String> = fetch
                .partitions
                .iter()
                .map(|partition| {
                    let records: u32 =
                        partition.batches.iter().map(|stored| stored.batch.records.len()).sum();
                    let error = if partition.error.is_error() { partition.error.name() } else { "" };
                    format!("{} ({records}) {error}", names.partition(partition.tp)).trim_end().to_owned()
                })
                .collect();
            format!("{kind} {}", results.join(", "))
        }
        _ => kind.to_owned(),
    }
}

impl Observer for Sketch {
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        self.begun |= matches!(event, Event::Send { .. } | Event::Fault { .. });
        let shown = match self.from {
            Some(from) => stamp.time >= from,
            None => self.begun,
        };
        if let Event::Message(message) = event {
            // What was written before the first row may arrive behind it.
            if shown || message.sent {
                self.message(stamp, message, names);
            }
            return;
        }
        if shown {
            self.other(stamp, event, names);
        }
    }
}

impl Sketch {
    fn other(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        match event {
            Event::MessageLost { message, by } => {
                if let Some((from, to, what)) = self.underway.remove(message) {
                    self.row(stamp, from, Some(to), Mark::Lost, format!("{what} lost ({by})"));
                }
            }
            Event::Fault { .. } => self.row(stamp, Lane::Run, None, Mark::Fault, brief(event, names)),
            Event::Send { record, .. } => self.record(stamp, event, *record, String::new()),
            Event::Acknowledged { record, .. } | Event::Unconfirmed { record, .. } => {
                self.record(stamp, event, *record, String::new());
            }
            Event::Failed { record, error, .. } | Event::Rejected { record, error, .. } => {
                self.record(stamp, event, *record, format!(" {}", error.name()));
            }
            Event::Append { batch, base_offset, records, log_end_offset, .. } => {
                let text = format!(
                    "append {} ({records}) at {base_offset}, LEO {log_end_offset}",
                    names.batch(*batch)
                );
                self.row(stamp, Lane::of(event), None, Mark::Plain, text);
            }
            Event::Replicated { base_offset, records, log_end_offset, .. } => {
                let text = format!("replicated ({records}) at {base_offset}, LEO {log_end_offset}");
                self.row(stamp, Lane::of(event), None, Mark::Plain, text);
            }
            Event::Retry { batch, error, attempt, .. } => {
                let text = format!("retry {} after {}, attempt {attempt}", names.batch(*batch), error.name());
                self.row(stamp, Lane::of(event), None, Mark::Plain, text);
            }
            _ if self.full || is_worth_a_row(event.kind()) => {
                // Whose doing it is, the lane says.
                let text =
                    brief_without(event, names, |field| matches!(field, "broker" | "producer" | "consumer"));
                self.row(stamp, Lane::of(event), None, Mark::Plain, text);
            }
            _ => {}
        }
    }
}

/// Kinds that a reader looks for; what the client does to each record on the way is not among them.
fn is_worth_a_row(kind: EventKind) -> bool {
    !matches!(
        kind,
        EventKind::RunStarted
            | EventKind::Serialized
            | EventKind::Partitioned
            | EventKind::Accumulated
            | EventKind::BatchReady
            | EventKind::BatchDrained
            | EventKind::HwAdvanced
            | EventKind::LogFlushed
            | EventKind::Consumed
    )
}
