//! The time line: the few events that mattered, and what they did.

use std::collections::BTreeMap;

use sim_core::record::RecordId;
use sim_core::time::Span;
use sim_core::trace::Seq;
use sim_core::verdict::{Kind, Line, Told};

use super::Story;
use super::highlights::{Moment, Weight, Word};
use crate::numbers::{clock, grouped, millis};
use crate::output::{BAD, DIM, Page, WARN, pad_left};
use crate::text::Phrase;

/// So many lines fit on a screen beside the rest of the story.
const ROOM: usize = 18;

impl Story<'_> {
    pub(super) fn happened(&self, page: &mut Page) {
        page.heading(self.lang.plain(Phrase::Happened));
        let mut moments = self.highlights().moments.clone();
        moments.extend(self.doings_of_findings());
        moments.extend(self.slowest_record());
        moments.extend(self.refusals());
        // A connection is given up before what was on it is put back, though the trace has it the other way round.
        moments.sort_by_key(|moment| (moment.time, moment.phrase != Phrase::RequestTimesOut, moment.seq));
        let left_out = if self.verbose { 0 } else { make_room(&mut moments) };
        for moment in &moments {
            let style = match moment.phrase {
                Phrase::FaultBegins
                | Phrase::ChaosBegins
                | Phrase::ProduceRequestLost
                | Phrase::ProduceResponseLost => WARN,
                Phrase::CopyAppended | Phrase::LateAppended | Phrase::LogCut | Phrase::TailLost => BAD,
                _ => anstyle::Style::new(),
            };
            page.prose(&pad_left(&clock(moment.time), 10), 12, style, &self.sentence(moment));
        }
        if left_out > 0 {
            let more = self.lang.say(Phrase::MoreRows, &[("count", &grouped(left_out))]);
            page.prose("", 12, DIM, &more);
        }
        page.gap();
    }

    fn sentence(&self, moment: &Moment) -> String {
        let lang = self.lang;
        let values: Vec<(&str, String)> = moment
            .values
            .iter()
            .map(|(gap, word)| {
                let said = match word {
                    Word::Text(text) => text.clone(),
                    Word::Phrase(phrase) => lang.plain(*phrase).to_owned(),
                    Word::Broker(id) => lang.say(Phrase::TheBroker, &[("broker", &id.to_string())]),
                };
                (*gap, said)
            })
            .collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(gap, said)| (*gap, said.as_str())).collect();
        let sentence = lang.say(moment.phrase, &values);
        if moment.times == 1 {
            return sentence;
        }
        let (count, until) = (grouped(moment.times), clock(moment.last));
        format!("{sentence} ({})", lang.say(Phrase::AndMore, &[("count", &count), ("time", &until)]))
    }

    /// The appends that made copies, broke the order or are not known of, one line a broker and partition.
    fn doings_of_findings(&self) -> Vec<Moment> {
        let (played, findings) = (self.played, &self.played.verdict.findings);
        let mut doings: BTreeMap<(Phrase, u32, sim_core::record::TopicPartition), Moment> = BTreeMap::new();
        let mut seen: Vec<(Phrase, Seq)> = Vec::new();
        for finding in &findings.list {
            let (causes, ledger) = (played.causes(), &played.finished.ledger);
            let (phrase, cause) = match finding.kind {
                Kind::Duplicated => (Phrase::CopyAppended, causes.of(finding, findings, ledger)),
                Kind::Reordered => (Phrase::LateAppended, causes.of(finding, findings, ledger)),
                Kind::WrittenThoughFailed => (Phrase::UnheardAppended, causes.written(finding, findings)),
                _ => continue,
            };
            let Some(append) = cause.and_then(|cause| self.highlights().append(cause)) else { continue };
            // The records of one batch are the work of one append.
            if seen.last() == Some(&(phrase, append.seq)) {
                continue;
            }
            seen.push((phrase, append.seq));
            let names = &played.finished.names;
            let text = |text: String| Word::Text(text);
            let moment = Moment {
                time: append.time,
                seq: append.seq,
                last: append.time,
                times: 1,
                weight: Weight::Must,
                phrase,
                values: vec![
                    ("broker", text(append.broker.to_string())),
                    ("batch", text(names.batch(append.batch))),
                    ("partition", text(names.partition(append.tp))),
                    ("offset", text(append.base_offset.to_string())),
                ],
            };
            doings
                .entry((phrase, append.broker.0, append.tp))
                .and_modify(|known| {
                    let (times, last) = (known.times + 1, known.last.max(append.time));
                    if moment.seq < known.seq {
                        *known = moment.clone();
                    }
                    (known.times, known.last) = (times, last);
                })
                .or_insert(moment);
        }
        doings.into_values().collect()
    }

    /// What the controller would not do.
    fn refusals(&self) -> impl Iterator<Item = Moment> {
        self.played.finished.refused.iter().map(|refused| Moment {
            time: refused.time,
            seq: refused.seq,
            last: refused.time,
            times: 1,
            weight: Weight::Must,
            phrase: Phrase::FaultRefused,
            values: vec![
                ("number", Word::Text(refused.fault.to_string())),
                ("why", Word::Text(refused.error.to_string())),
            ],
        })
    }

    /// The success that took longest, if it took much longer than most.
    fn slowest_record(&self) -> Option<Moment> {
        let ledger = &self.played.finished.ledger;
        let mut latencies = ledger.latencies();
        let median = match latencies.len() {
            0 => return None,
            count => *latencies.select_nth_unstable(count / 2).1,
        };
        let success = |line: &Line| matches!(line.told, Told::Acknowledged | Told::Unconfirmed);
        let latency = |line: &Line| line.latency.unwrap_or_default();
        let slowest = ledger
            .lines()
            .filter(success)
            .max_by_key(|line| (latency(line), std::cmp::Reverse(line.record)))?;
        let latency = latency(&slowest);
        (latency > median.times(5) && latency > Span::from_millis(10)).then(|| Moment {
            time: slowest.sent + latency,
            seq: Seq::OUTSIDE,
            last: slowest.sent + latency,
            times: 1,
            weight: Weight::Should,
            phrase: Phrase::SlowestRecord,
            values: vec![("record", self.record(slowest.record)), ("latency", Word::Text(millis(latency)))],
        })
    }

    fn record(&self, record: RecordId) -> Word {
        Word::Text(self.played.finished.names.record(record))
    }
}

/// Leaves out what matters least, the latest of it first, until the rest fits; how many that were.
fn make_room(moments: &mut Vec<Moment>) -> u64 {
    let before = moments.len();
    for weight in [Weight::Could, Weight::Should, Weight::Must] {
        while moments.len() > ROOM {
            // The end of the run is told whatever happens.
            let last = moments.len() - 1;
            let Some(at) = moments[..last].iter().rposition(|moment| moment.weight == weight) else { break };
            moments.remove(at);
        }
    }
    (before - moments.len()) as u64
}

#[cfg(test)]
mod tests {
    use sim_core::time::Time;

    use super::*;

    fn moments(weights: &[Weight]) -> Vec<Moment> {
        let moment = |(at, weight): (i64, &Weight)| Moment {
            time: Time::from_millis(at),
            seq: Seq(at as u64),
            last: Time::from_millis(at),
            times: 1,
            weight: *weight,
            phrase: Phrase::RunSettled,
            values: Vec::new(),
        };
        (0..).zip(weights).map(moment).collect()
    }

    #[test]
    fn what_matters_least_is_left_out_first_and_the_end_never() {
        let mut weights = vec![Weight::Should; ROOM];
        weights.insert(3, Weight::Could);
        weights.insert(5, Weight::Must);
        weights.push(Weight::Could);
        let mut moments = moments(&weights);
        let last = moments.last().map(|moment| moment.seq);
        assert_eq!(make_room(&mut moments), 3);
        assert_eq!(moments.len(), ROOM);
        assert_eq!(moments.last().map(|moment| moment.seq), last);
        let kept = |seq: u64| moments.iter().any(|moment| moment.seq == Seq(seq));
        assert!(!kept(3) && kept(5) && kept(0));
    }

    #[test]
    fn a_short_story_is_told_whole() {
        let mut moments = moments(&[Weight::Could; 4]);
        assert_eq!((make_room(&mut moments), moments.len()), (0, 4));
    }
}
