//! The findings: what, which records, allowed or not and why, and the event that made it so.

use anstyle::Style;
use sim_core::trace::Seq;
use sim_core::verdict::{Because, Finding, Kind, Told};

use super::Story;
use crate::args::Lang;
use crate::numbers::grouped;
use crate::output::{BAD, DIM, GOOD, Page, WARN, paint};
use crate::text::{Phrase, because};

/// Records named a kind, before "and so many more".
const NAMED: usize = 5;

impl Story<'_> {
    pub(super) fn findings(&self, page: &mut Page) {
        let list = &self.played.verdict.findings.list;
        page.heading(self.lang.plain(Phrase::FindingsTitle));
        if list.is_empty() {
            page.prose("", 2, GOOD, self.lang.plain(self.nothing()));
        }
        for kind in Kind::ALL {
            let of_kind: Vec<&Finding> = list.iter().filter(|finding| finding.kind == kind).collect();
            if !of_kind.is_empty() {
                self.kind(page, kind, &of_kind);
            }
        }
        page.gap();
    }

    /// Nothing was found: what that says depends on whether everything succeeded.
    fn nothing(&self) -> Phrase {
        let told =
            |line: &sim_core::verdict::Line| matches!(line.told, Told::Acknowledged | Told::Unconfirmed);
        if self.played.finished.ledger.lines().all(|line| told(&line)) {
            Phrase::NothingFound
        } else {
            Phrase::NothingLostHere
        }
    }

    fn kind(&self, page: &mut Page, kind: Kind, findings: &[&Finding]) {
        let lang = self.lang;
        let mut count = lang.say(Phrase::FindingCount, &[("count", &grouped(findings.len() as u64))]);
        if kind == Kind::Duplicated {
            let copies = grouped(self.played.verdict.findings.counts.duplicate_copies);
            count = format!("{count}, {}", lang.say(Phrase::CopiesToo, &[("copies", &copies)]));
        }
        let jepsen = kind.jepsen().map(|name| format!(" ({name})")).unwrap_or_default();
        let name = paint(WARN.bold(), kind_name(lang, kind));
        page.line(format!("  {name}{}  {count}", paint(DIM, jepsen)));
        for finding in findings.iter().take(NAMED) {
            page.line(format!("    {}", self.one(finding)));
        }
        if findings.len() > NAMED {
            let more = grouped((findings.len() - NAMED) as u64);
            page.line(format!("    {}", paint(DIM, lang.say(Phrase::MoreFindings, &[("count", &more)]))));
        }
        for reason in reasons(findings) {
            let (style, word) =
                if reason.allowed() { (Style::new(), Phrase::Allowed) } else { (BAD, Phrase::Forbidden) };
            let text = format!("{}: {}", lang.plain(word), because(lang, reason));
            page.prose("", 4, style, &text);
        }
    }

    fn one(&self, finding: &Finding) -> String {
        let lang = self.lang;
        let played = self.played;
        let names = &played.finished.names;
        let mut parts = vec![names.record(finding.record)];
        let places = played.verdict.findings.places(finding);
        let partition = finding.tp.map(|tp| names.partition(tp)).unwrap_or_default();
        if places.is_empty() {
            parts.push(partition);
        } else {
            // Copies of a record that was sent again may stand in another partition.
            let offset = |place: &sim_core::verdict::Place| match Some(place.tp) == finding.tp {
                true => place.offset.to_string(),
                false => format!("{}:{}", names.partition(place.tp), place.offset),
            };
            let offsets: Vec<String> = places.iter().take(NAMED).map(offset).collect();
            let values = [("partition", partition.as_str()), ("offsets", &offsets.join(", "))];
            parts.push(lang.say(Phrase::AtOffsets, &values));
        }
        parts.push(lang.say(Phrase::ToldWas, &[("told", told_name(lang, finding.told))]));
        let cause = played.causes().of(finding, &played.verdict.findings, &played.finished.ledger);
        if let Some(seq) = cause.and_then(Seq::number) {
            parts.push(paint(DIM, lang.say(Phrase::CausedBy, &[("seq", &seq.to_string())])));
        }
        parts.join("  ")
    }
}

/// The different reasons, in the order in which they come up.
fn reasons(findings: &[&Finding]) -> Vec<Because> {
    let mut reasons = Vec::new();
    for finding in findings {
        if !reasons.contains(&finding.because) {
            reasons.push(finding.because);
        }
    }
    reasons
}

/// A kind of finding in this language.
pub(crate) fn kind_name(lang: Lang, kind: Kind) -> &'static str {
    lang.plain(match kind {
        Kind::Lost => Phrase::Lost,
        Kind::Duplicated => Phrase::Duplicated,
        Kind::Reordered => Phrase::Reordered,
        Kind::WrittenThoughFailed => Phrase::WrittenThoughFailed,
        Kind::Gap => Phrase::Gap,
    })
}

fn told_name(lang: Lang, told: Told) -> &'static str {
    lang.plain(match told {
        Told::Acknowledged => Phrase::ToldAcknowledged,
        Told::Unconfirmed => Phrase::ToldUnconfirmed,
        Told::Failed => Phrase::ToldFailed,
        Told::Rejected => Phrase::ToldRejected,
        Told::Pending => Phrase::ToldPending,
    })
}
