//! The verdict: what became of every record, once the cluster has healed, and whether Kafka promises otherwise.
//!
//! It knows nothing of how the run went: its input is a plain [`History`], which can be written by hand.

mod causes;
mod findings;
#[cfg(test)]
mod fixtures;
mod history;
mod ledger;
mod promise;
mod result;
mod sparse;
mod split_keys;

pub use causes::CauseIndex;
pub use findings::{Counts, Finding, Findings, Kind, Place};
pub use history::{FinalLog, History, PartitionTerms, Terms};
pub use ledger::{Ledger, Line, Told};
pub use promise::{Because, Guarantee, ProducerTerms, TopicTerms, promised, promised_ordered};
pub use result::{
    ConsumerReads, Counters, Cut, Decoded, Evidence, FindingResult, Identity, LedgerResult, LogResult,
    RecordCounts, RunResult, VerdictResult,
};
pub use split_keys::split_keys;

/// What a run showed, and what its settings promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What became of the records that something became of.
    pub findings: Findings,
    /// What the run showed about loss and copies.
    pub guarantee: Guarantee,
    /// Whether nothing was out of order.
    pub ordered: bool,
    /// What the settings promise about loss and copies.
    pub promised: Guarantee,
    /// Whether they promise order.
    pub promised_ordered: bool,
}

impl Verdict {
    /// Judges a run.
    pub fn of(history: &History<'_>) -> Verdict {
        let findings = Findings::of(history);
        let counts = &findings.counts;
        Verdict {
            guarantee: Guarantee::of(
                counts.lost_acknowledged + counts.lost_unconfirmed > 0,
                counts.duplicated > 0,
            ),
            ordered: counts.reordered == 0,
            promised: promised(&history.terms.producers, &history.terms.topics),
            promised_ordered: promised_ordered(&history.terms.producers),
            findings,
        }
    }

    /// The findings that Kafka's promises do not allow.
    pub fn forbidden(&self) -> impl Iterator<Item = &Finding> {
        self.findings.list.iter().filter(|finding| !finding.because.allowed())
    }
}
