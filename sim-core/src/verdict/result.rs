//! The result of a run as programs read it: names and order of the fields do not change.

use std::collections::BTreeMap;

use serde::Serialize;

use super::causes::CauseIndex;
use super::findings::{Finding, Place};
use super::history::{FinalLog, History};
use super::ledger::{Line, Told};
use super::{Verdict, split_keys};
use crate::config::Release;
use crate::protocol::Exception;
use crate::record::{Names, RecordId};
use crate::scenario::Scenario;
use crate::time::{Span, Time};
use crate::trace::Seq;

/// Longer lists are cut, unless everything is asked for.
const MOST: usize = 1_000;

/// What a run counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Events of the trace, kept or not.
    pub events: u64,
    /// Produce requests written to connections.
    pub produce_requests: u64,
    /// Batches written to a connection again.
    pub batches_retried: u64,
    /// When the run ended.
    pub ended_at: Time,
    /// Why: `settled` or `stop`.
    pub ended_by: &'static str,
}

/// What a consumer saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsumerReads {
    /// The records, in the order in which it had them.
    pub read: Vec<RecordId>,
    /// Records of them that the logs do not hold (any more), each once; retention excepted.
    pub gone: Vec<RecordId>,
    /// Records between its positions and the high watermarks.
    pub lag: i64,
    /// How its values came out.
    pub decoded: Decoded,
}

/// How the values that a consumer decoded came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Decoded {
    /// As they were written.
    pub right: u64,
    /// As something else.
    pub wrong: u64,
    /// With an exception.
    pub failed: u64,
}

/// Which run it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The scenario's name.
    pub scenario: String,
    /// The twin that was applied.
    pub twin: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The profile.
    pub profile: Release,
}

impl Identity {
    /// A run of this scenario.
    pub fn of(scenario: &Scenario) -> Identity {
        Identity {
            scenario: scenario.name.clone(),
            twin: scenario.twin.clone(),
            seed: scenario.seed,
            profile: scenario.profile,
        }
    }
}

/// All that a result is made of.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// What was run.
    pub run: &'a Identity,
    /// Ledger and logs.
    pub history: History<'a>,
    /// The verdict on them.
    pub verdict: &'a Verdict,
    /// What was counted.
    pub counters: &'a Counters,
    /// What the consumers saw, in the order of the file.
    pub consumers: &'a [ConsumerReads],
    /// Where causes are looked up, if the run was observed.
    pub causes: Option<&'a CauseIndex>,
    /// The trace hash, if it was taken.
    pub trace_hash: Option<u64>,
}

/// The result of one run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result, described in the README")]
pub struct RunResult {
    pub scenario: String,
    pub twin: Option<String>,
    pub seed: u64,
    pub profile: String,
    pub trace_hash: Option<String>,
    pub events: u64,
    pub virtual_ms: f64,
    pub ended_by: &'static str,
    pub records: RecordCounts,
    pub errors: BTreeMap<&'static str, u64>,
    pub verdict: VerdictResult,
    pub findings: Vec<FindingResult>,
    pub logs: Vec<LogResult>,
    pub ledger: Vec<LedgerResult>,
    pub consumers: BTreeMap<String, ConsumerResult>,
    pub requests: RequestCounts,
    pub split_keys: u64,
    pub latency_ms: Latency,
    pub blocked_ms: Longest,
    /// The lists that were cut, by name.
    pub cut: BTreeMap<String, Cut>,
}

/// How many records ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct RecordCounts {
    pub sent: u64,
    pub acknowledged: u64,
    pub unconfirmed: u64,
    pub failed: u64,
    pub rejected: u64,
    pub pending: u64,
}

/// The verdict in numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct VerdictResult {
    pub lost_acknowledged: u64,
    pub lost_unconfirmed: u64,
    pub duplicated: u64,
    pub duplicate_copies: u64,
    pub reordered: u64,
    pub written_though_failed: u64,
    pub gaps: u64,
    pub guarantee: &'static str,
    pub ordered: bool,
    pub promised: &'static str,
    pub promised_ordered: bool,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct FindingResult {
    pub kind: &'static str,
    pub record: String,
    pub topic: String,
    pub partition: Option<u32>,
    pub offsets: Vec<i64>,
    pub allowed: bool,
    pub because: &'static str,
    pub cause: Option<u64>,
    /// What the application was told.
    pub outcome: &'static str,
    /// Jepsen's name for the kind, if it has one.
    pub jepsen: Option<&'static str>,
    /// Copies in other partitions: `[partition, offset]`.
    pub elsewhere: Vec<(u32, i64)>,
}

/// A partition at the end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct LogResult {
    pub topic: String,
    pub partition: u32,
    pub leader: i64,
    pub leader_epoch: i32,
    pub isr: Vec<u32>,
    pub elr: Vec<u32>,
    pub hw: i64,
    pub leo: i64,
    pub records: Vec<String>,
}

/// What the application was told about a record.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct LedgerResult {
    pub record: String,
    pub topic: String,
    pub partition: Option<u32>,
    pub offset: Option<i64>,
    pub outcome: &'static str,
    pub error: Option<&'static str>,
    pub sent_ms: f64,
    pub latency_ms: Option<f64>,
    pub blocked_ms: f64,
    pub attempts: u32,
}

/// What a consumer saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct ConsumerResult {
    pub read: Vec<String>,
    pub gone: Vec<String>,
    pub lag: i64,
    pub decoded: Decoded,
}

/// Produce requests written, and batches written again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct RequestCounts {
    pub produce: u64,
    pub retries: u64,
}

/// From the (last) call of `send()` to the callback, by nearest rank; null where nothing succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct Latency {
    pub p50: Option<f64>,
    pub p99: Option<f64>,
    pub max: Option<f64>,
}

/// The longest time inside `send()`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct Longest {
    pub max: f64,
}

/// How much of a list is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Cut {
    /// Entries that are there.
    pub shown: usize,
    /// Entries that there are.
    pub of: usize,
}

impl RunResult {
    /// The result of a run; lists are cut at 1,000 entries unless it is to be `full`.
    pub fn new(evidence: &Evidence<'_>, full: bool) -> RunResult {
        let Evidence { run, history, verdict, counters, .. } = evidence;
        let names = history.names;
        let mut lists = Lists { most: if full { usize::MAX } else { MOST }, cut: BTreeMap::new() };
        let consumers = evidence.consumers.iter().zip(&names.consumers);
        RunResult {
            scenario: run.scenario.clone(),
            twin: run.twin.clone(),
            seed: run.seed,
            profile: run.profile.to_string(),
            trace_hash: evidence.trace_hash.map(|hash| format!("{hash:016x}")),
            events: counters.events,
            virtual_ms: counters.ended_at.as_millis_f64(),
            ended_by: counters.ended_by,
            records: record_counts(history),
            errors: errors(history),
            verdict: verdict.in_numbers(),
            findings: lists.findings(evidence),
            logs: history.logs.iter().map(|log| lists.log(log, names)).collect(),
            ledger: lists.ledger(history),
            consumers: consumers
                .map(|(reads, name)| (name.clone(), lists.consumer(reads, name, names)))
                .collect(),
            requests: RequestCounts { produce: counters.produce_requests, retries: counters.batches_retried },
            split_keys: split_keys(history),
            latency_ms: latency(history.ledger.latencies()),
            blocked_ms: Longest { max: history.ledger.longest_block().as_millis_f64() },
            cut: lists.cut,
        }
    }
}

impl Verdict {
    fn in_numbers(&self) -> VerdictResult {
        let counts = &self.findings.counts;
        VerdictResult {
            lost_acknowledged: counts.lost_acknowledged,
            lost_unconfirmed: counts.lost_unconfirmed,
            duplicated: counts.duplicated,
            duplicate_copies: counts.duplicate_copies,
            reordered: counts.reordered,
            written_though_failed: counts.written_though_failed,
            gaps: counts.gaps,
            guarantee: self.guarantee.name(),
            ordered: self.ordered,
            promised: self.promised.name(),
            promised_ordered: self.promised_ordered,
        }
    }
}

fn record_counts(history: &History<'_>) -> RecordCounts {
    let ledger = history.ledger;
    let mut counts = RecordCounts { sent: ledger.len(), ..RecordCounts::default() };
    for producer in ledger.producers() {
        for index in 0..ledger.sent_by(producer) {
            match ledger.told(producer, index) {
                Told::Pending => counts.pending += 1,
                Told::Acknowledged => counts.acknowledged += 1,
                Told::Unconfirmed => counts.unconfirmed += 1,
                Told::Failed => counts.failed += 1,
                Told::Rejected => counts.rejected += 1,
            }
        }
    }
    counts
}

fn errors(history: &History<'_>) -> BTreeMap<&'static str, u64> {
    let mut errors = BTreeMap::new();
    for exception in history.ledger.exceptions() {
        *errors.entry(exception.name()).or_default() += 1;
    }
    errors
}

fn latency(mut latencies: Vec<Span>) -> Latency {
    let [p50, p99, max] = nearest_ranks(&mut latencies, [50, 99, 100]).map(|at| at.map(Span::as_millis_f64));
    Latency { p50, p99, max }
}

/// For each of these percentages, ascending, the smallest value that so many percent of all do not exceed.
fn nearest_ranks<const N: usize>(values: &mut [Span], percentages: [usize; N]) -> [Option<Span>; N] {
    let total = values.len();
    // What is left of a selection is larger than what was selected: the next one looks there only.
    let (mut rest, mut skipped) = (values, 0);
    percentages.map(|percent| {
        let rank = (total * percent).div_ceil(100).max(1).min(total);
        let place = rank.checked_sub(1)? - skipped;
        let found = *rest.select_nth_unstable(place).1;
        skipped += place;
        rest = &mut std::mem::take(&mut rest)[place..];
        Some(found)
    })
}

/// Makes lists, and notes which of them it cut.
struct Lists {
    most: usize,
    cut: BTreeMap<String, Cut>,
}

impl Lists {
    /// How much of a list of this name and length may be shown.
    fn room(&mut self, name: impl FnOnce() -> String, of: usize) -> usize {
        if of > self.most {
            self.cut.insert(name(), Cut { shown: self.most, of });
        }
        of.min(self.most)
    }

    fn findings(&mut self, evidence: &Evidence<'_>) -> Vec<FindingResult> {
        let list = &evidence.verdict.findings.list;
        let room = self.room(|| "findings".to_owned(), list.len());
        list[..room].iter().map(|finding| finding_result(evidence, finding)).collect()
    }

    fn ledger(&mut self, history: &History<'_>) -> Vec<LedgerResult> {
        let room = self.room(|| "ledger".to_owned(), history.ledger.len() as usize);
        history.ledger.lines().take(room).map(|line| ledger_result(&line, history.names)).collect()
    }

    fn log(&mut self, log: &FinalLog, names: &Names) -> LogResult {
        let of = log.batches.iter().map(|stored| stored.batch.records.len() as usize).sum();
        let room = self.room(|| format!("logs.{}", names.partition(log.tp)), of);
        let records = log.batches.iter().flat_map(|stored| {
            let producer = stored.batch.batch.producer;
            stored.batch.records.iter().map(move |index| RecordId { producer, index })
        });
        LogResult {
            topic: names.topic(log.tp.topic).to_owned(),
            partition: log.tp.partition,
            leader: log.leader.map_or(-1, |leader| i64::from(leader.0)),
            leader_epoch: log.leader_epoch,
            isr: log.isr.iter().map(|broker| broker.0).collect(),
            elr: log.elr.iter().map(|broker| broker.0).collect(),
            hw: log.high_watermark,
            leo: log.log_end_offset,
            records: records.take(room).map(|record| names.record(record)).collect(),
        }
    }

    fn consumer(&mut self, reads: &ConsumerReads, name: &str, names: &Names) -> ConsumerResult {
        let room = self.room(|| format!("consumers.{name}"), reads.read.len());
        let gone = self.room(|| format!("consumers.{name}.gone"), reads.gone.len());
        let named = |records: &[RecordId]| records.iter().map(|&record| names.record(record)).collect();
        ConsumerResult {
            read: named(&reads.read[..room]),
            gone: named(&reads.gone[..gone]),
            lag: reads.lag,
            decoded: reads.decoded,
        }
    }
}

fn finding_result(evidence: &Evidence<'_>, finding: &Finding) -> FindingResult {
    let Evidence { history, verdict, causes, .. } = evidence;
    let findings = &verdict.findings;
    let line = history.ledger.line(finding.record);
    let topic = finding.tp.map(|tp| tp.topic).or(line.map(|line| line.topic)).unwrap_or_default();
    let (here, elsewhere): (Vec<&Place>, Vec<&Place>) =
        findings.places(finding).iter().partition(|place| Some(place.tp) == finding.tp);
    FindingResult {
        kind: finding.kind.name(),
        record: history.names.record(finding.record),
        topic: history.names.topic(topic).to_owned(),
        partition: finding.tp.map(|tp| tp.partition),
        offsets: here.iter().map(|place| place.offset).collect(),
        allowed: finding.because.allowed(),
        because: finding.because.text(),
        cause: causes.and_then(|causes| causes.of(finding, findings, history.ledger)).and_then(Seq::number),
        outcome: finding.told.name(),
        jepsen: finding.kind.jepsen(),
        elsewhere: elsewhere.iter().map(|place| (place.tp.partition, place.offset)).collect(),
    }
}

fn ledger_result(line: &Line, names: &Names) -> LedgerResult {
    let told_an_offset = matches!(line.told, Told::Acknowledged | Told::Unconfirmed);
    LedgerResult {
        record: names.record(line.record),
        topic: names.topic(line.topic).to_owned(),
        partition: line.partition,
        offset: told_an_offset.then_some(line.offset),
        outcome: line.told.name(),
        error: line.exception.map(Exception::name),
        sent_ms: line.sent.as_millis_f64(),
        latency_ms: line.latency.map(Span::as_millis_f64),
        blocked_ms: line.blocked.as_millis_f64(),
        attempts: line.attempts,
    }
}

#[cfg(test)]
#[path = "result_tests.rs"]
mod tests;
