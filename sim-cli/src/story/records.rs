//! What became of the records, in numbers, and the verdict on them.

use anstyle::Style;
use sim_core::verdict::{Guarantee, RecordCounts, RunResult};

use super::Story;
use crate::args::Lang;
use crate::numbers::{grouped, millis_of};
use crate::output::{BAD, GOOD, Page, WARN, paint};
use crate::text::Phrase;

impl Story<'_> {
    pub(super) fn records(&self, page: &mut Page) {
        let lang = self.lang;
        let result = self.played.result(false);
        page.heading(lang.plain(Phrase::Records));
        page.line(format!("  {}", record_line(lang, &result.records)));
        for (error, count) in &result.errors {
            page.line(format!("  {error} x {}", grouped(*count)));
        }
        page.prose("", 2, Style::new(), &effort(lang, &result));
        for (consumer, seen) in &result.consumers {
            let count =
                result.cut.get(&format!("consumers.{consumer}")).map_or(seen.read.len(), |cut| cut.of);
            let values = [
                ("consumer", consumer.as_str()),
                ("count", &grouped(count as u64)),
                ("lag", &seen.lag.to_string()),
            ];
            let mut line = lang.say(Phrase::ConsumerRead, &values);
            let decoded = seen.decoded;
            if decoded.right + decoded.wrong + decoded.failed > 0 {
                let values = [
                    ("right", &*grouped(decoded.right)),
                    ("wrong", &grouped(decoded.wrong)),
                    ("failed", &grouped(decoded.failed)),
                ];
                line = format!("{line}; {}", lang.say(Phrase::ConsumerDecoded, &values));
            }
            let gone =
                result.cut.get(&format!("consumers.{consumer}.gone")).map_or(seen.gone.len(), |cut| cut.of);
            if gone > 0 {
                let count = grouped(gone as u64);
                line = format!("{line}; {}", lang.say(Phrase::ConsumerGone, &[("count", &count)]));
            }
            page.line(format!("  {line}"));
        }
        if result.split_keys > 0 {
            page.line(format!(
                "  {}",
                lang.say(Phrase::SplitKeys, &[("count", &grouped(result.split_keys))])
            ));
        }
        page.gap();
    }

    pub(super) fn verdict(&self, page: &mut Page) {
        let lang = self.lang;
        let verdict = &self.played.verdict;
        let broken = verdict.forbidden().next().is_some();
        let style = match (broken, verdict.guarantee) {
            (true, _) => BAD,
            (false, Guarantee::ExactlyOnce) => GOOD,
            (false, _) => WARN,
        };
        let promised = [("guarantee", guarantee_name(lang, verdict.promised))];
        let order = if verdict.ordered { Phrase::InOrder } else { Phrase::OutOfOrder };
        let order_promised =
            if verdict.promised_ordered { Phrase::OrderPromised } else { Phrase::OrderNotPromised };
        page.heading(lang.plain(Phrase::VerdictTitle));
        page.line(format!(
            "  {} ({}), {} ({})",
            paint(style, guarantee_name(lang, verdict.guarantee)),
            lang.say(Phrase::PromisedIs, &promised),
            lang.plain(order),
            lang.plain(order_promised),
        ));
        page.gap();
    }
}

/// How many records there were, and what the application was told about them.
fn record_line(lang: Lang, records: &RecordCounts) -> String {
    let outcomes = [
        (Phrase::Acknowledged, records.acknowledged),
        (Phrase::Unconfirmed, records.unconfirmed),
        (Phrase::Failed, records.failed),
        (Phrase::Rejected, records.rejected),
        (Phrase::Pending, records.pending),
    ];
    let said = |phrase, count| lang.say(phrase, &[("count", &grouped(count))]);
    let told: Vec<String> = outcomes
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(phrase, count)| said(phrase, count))
        .collect();
    let sent = said(Phrase::Sent, records.sent);
    if told.is_empty() { sent } else { format!("{sent}: {}", told.join(", ")) }
}

/// Requests and latencies.
fn effort(lang: Lang, result: &RunResult) -> String {
    let (requests, retries) = (grouped(result.requests.produce), grouped(result.requests.retries));
    let mut parts = vec![lang.say(Phrase::RequestLine, &[("requests", &requests), ("retries", &retries)])];
    let latency = &result.latency_ms;
    if latency.max.is_some() {
        let [p50, p99, max] = [latency.p50, latency.p99, latency.max].map(millis_of);
        parts.push(lang.say(Phrase::LatencyLine, &[("p50", &p50), ("p99", &p99), ("max", &max)]));
    }
    if result.blocked_ms.max > 0.0 {
        parts.push(lang.say(Phrase::BlockedLine, &[("max", &millis_of(Some(result.blocked_ms.max)))]));
    }
    parts.join("; ")
}

/// A guarantee in this language.
pub(crate) fn guarantee_name(lang: Lang, guarantee: Guarantee) -> &'static str {
    lang.plain(match guarantee {
        Guarantee::ExactlyOnce => Phrase::ExactlyOnce,
        Guarantee::AtLeastOnce => Phrase::AtLeastOnce,
        Guarantee::AtMostOnce => Phrase::AtMostOnce,
        Guarantee::None => Phrase::NoGuarantee,
    })
}
