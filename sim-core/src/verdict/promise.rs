//! What Kafka promises for given settings, and what lies outside every promise: the one table behind `allowed`.

use std::fmt;

use super::findings::Kind;
use super::history::PartitionTerms;
use crate::config::{ProducerConfig, TopicConfig};
use crate::record::TopicIx;

/// A producer's settings, as far as promises depend on them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerTerms {
    /// `acks`: 0, 1 or -1 (all).
    pub acks: i16,
    /// `enable.idempotence`, effective.
    pub idempotent: bool,
    /// `retries`.
    pub retries: i32,
    /// `max.in.flight.requests.per.connection`.
    pub max_in_flight: u32,
    /// Whether the client may give a sequence number twice, though the first batch may have been stored: idempotent ones before
    /// 2.5 give that of a batch that has failed to the next one (`producer.md 5.7`, KIP-360); those of 2.5 and 2.6 begin
    /// an epoch again when a batch of an older one turns out to be stored, though it had expired (`handleCompletedBatch`).
    pub reuses_sequences: bool,
    /// The topics that it sends to.
    pub topics: Vec<TopicIx>,
}

impl ProducerTerms {
    /// The terms of these settings.
    pub fn new(config: &ProducerConfig, topics: Vec<TopicIx>) -> ProducerTerms {
        ProducerTerms {
            acks: config.acks,
            idempotent: config.enable_idempotence,
            retries: config.retries,
            max_in_flight: config.max_in_flight,
            reuses_sequences: config.enable_idempotence && !config.release.at_least(2, 7),
            topics,
        }
    }

    /// What is promised about loss and copies, wherever leaders are elected cleanly.
    fn guarantee(&self) -> Guarantee {
        if self.idempotent {
            Guarantee::ExactlyOnce
        } else if self.acks == -1 {
            Guarantee::AtLeastOnce
        } else if self.acks == 0 || self.retries == 0 {
            Guarantee::AtMostOnce
        } else {
            Guarantee::None
        }
    }

    /// Whether order is promised: by sequence numbers, by one request at a time, or because nothing is sent twice.
    fn ordered(&self) -> bool {
        self.idempotent || self.max_in_flight == 1 || self.retries == 0
    }
}

/// A topic's settings, as far as promises depend on them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TopicTerms {
    /// `unclean.leader.election.enable`, at any time of the run.
    pub unclean: bool,
    /// Whether eligible leader replicas are kept (`broker.md 4`).
    pub elr: bool,
}

impl TopicTerms {
    /// The terms of these settings.
    pub fn new(config: &TopicConfig, elr: bool) -> TopicTerms {
        TopicTerms { unclean: config.unclean_leader_election, elr }
    }
}

/// What holds about loss and copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Guarantee {
    /// Losses and copies.
    None,
    /// Losses, no copies.
    AtMostOnce,
    /// Copies, no losses.
    AtLeastOnce,
    /// Neither.
    ExactlyOnce,
}

impl Guarantee {
    /// By what may happen, or did.
    pub const fn of(loses: bool, copies: bool) -> Guarantee {
        match (loses, copies) {
            (false, false) => Guarantee::ExactlyOnce,
            (false, true) => Guarantee::AtLeastOnce,
            (true, false) => Guarantee::AtMostOnce,
            (true, true) => Guarantee::None,
        }
    }

    /// Whether records may be lost under it.
    pub const fn loses(self) -> bool {
        matches!(self, Guarantee::None | Guarantee::AtMostOnce)
    }

    /// Whether records may be copied under it.
    pub const fn copies(self) -> bool {
        matches!(self, Guarantee::None | Guarantee::AtLeastOnce)
    }

    /// What is left where both must hold for all.
    const fn and(self, other: Guarantee) -> Guarantee {
        Guarantee::of(self.loses() || other.loses(), self.copies() || other.copies())
    }

    /// The word of the JSON result.
    pub const fn name(self) -> &'static str {
        match self {
            Guarantee::None => "none",
            Guarantee::AtMostOnce => "at-most-once",
            Guarantee::AtLeastOnce => "at-least-once",
            Guarantee::ExactlyOnce => "exactly-once",
        }
    }
}

impl fmt::Display for Guarantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What these settings promise about loss and copies: of several producers and topics the weakest.
pub fn promised(producers: &[ProducerTerms], topics: &[TopicTerms]) -> Guarantee {
    let each = producers.iter().flat_map(|producer| {
        let known = producer.topics.iter().filter_map(|topic| topics.get(topic.0 as usize));
        known.map(|topic| promised_to(producer, topic))
    });
    each.fold(Guarantee::ExactlyOnce, Guarantee::and)
}

/// Whether these settings promise order within each partition: of several producers the weakest.
pub fn promised_ordered(producers: &[ProducerTerms]) -> bool {
    producers.iter().all(ProducerTerms::ordered)
}

/// One producer and one topic: unclean election takes the promise not to lose away.
fn promised_to(producer: &ProducerTerms, topic: &TopicTerms) -> Guarantee {
    let guarantee = producer.guarantee();
    Guarantee::of(guarantee.loses() || topic.unclean, guarantee.copies())
}

/// What is known about one finding, as far as it decides whether Kafka's promises allow it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) kind: Kind,
    pub(super) producer: &'a ProducerTerms,
    pub(super) topic: TopicTerms,
    pub(super) partition: PartitionTerms,
    /// The application, or a producer that was started again, sent this record more than once.
    pub(super) resent: bool,
    /// Its producer was started again before it was sent for the last time.
    pub(super) restarted: bool,
    /// The application was told success.
    pub(super) told_success: bool,
    /// Its copies do not all carry one producer id and epoch.
    pub(super) renumbered: bool,
    /// It is out of order, behind a record that carries another producer id or epoch.
    pub(super) behind_another_epoch: bool,
}

/// Why a finding is allowed, or that it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "each says what its text says")]
pub enum Because {
    AcksZero,
    AcksOne,
    UncleanElection,
    DiskLost,
    OldMinIsr,
    RetryUnrecognised,
    Resent,
    Restarted,
    EpochBumped,
    StateExpired,
    SequenceReused,
    PassedOver,
    SeveralInFlight,
    FailedLate,
    FailureProvesNothing,
    HoleAfterFailure,
    LossForbidden,
    CopyForbidden,
    DisorderForbidden,
}

impl Because {
    /// Every reason.
    pub const ALL: &'static [Because] = &[
        Because::AcksZero,
        Because::AcksOne,
        Because::UncleanElection,
        Because::DiskLost,
        Because::OldMinIsr,
        Because::RetryUnrecognised,
        Because::Resent,
        Because::Restarted,
        Because::EpochBumped,
        Because::StateExpired,
        Because::SequenceReused,
        Because::PassedOver,
        Because::SeveralInFlight,
        Because::FailedLate,
        Because::FailureProvesNothing,
        Because::HoleAfterFailure,
        Because::LossForbidden,
        Because::CopyForbidden,
        Because::DisorderForbidden,
    ];

    /// Whether Kafka's promises allow what it explains.
    pub const fn allowed(self) -> bool {
        !matches!(self, Because::LossForbidden | Because::CopyForbidden | Because::DisorderForbidden)
    }

    /// The reason in a sentence.
    pub const fn text(self) -> &'static str {
        match self {
            Because::AcksZero => {
                "acks=0: a record counts as sent once it is written to the socket; nobody says whether it arrived"
            }
            Because::AcksOne => {
                "acks=1: the leader answers before any follower has the record, so the next leader may lack it"
            }
            Because::UncleanElection => {
                "an unclean election may make a replica leader that lacks acknowledged records"
            }
            Because::DiskLost => {
                "acknowledged means in the page cache: every replica that could lead had lost unflushed data"
            }
            Because::OldMinIsr => {
                "min.insync.replicas was raised: a leader that had not heard of it yet committed alone what the eligible replicas lack"
            }
            Because::RetryUnrecognised => {
                "without idempotence the broker cannot tell a retry from a new record"
            }
            Because::Resent => {
                "the application sent it again: to the producer that is a new record with a new sequence number"
            }
            Because::Restarted => {
                "the producer was started again: a new producer id, so nothing links it to what the old one sent"
            }
            Because::EpochBumped => {
                "the producer had raised its epoch and renumbered a batch that had already been stored"
            }
            Because::StateExpired => "the broker had forgotten the idle producer's sequence numbers",
            Because::SequenceReused => {
                "a client before 2.7 may give a sequence number twice: before 2.5 that of a batch that failed to the next one (KIP-360), in 2.5 and 2.6 when an answer comes late, to a batch of an older epoch; if the first was stored, the broker takes the second for its copy"
            }
            Because::PassedOver => {
                "the broker knew nothing of this producer and took a later batch as its first; numbered anew in a new epoch, the earlier one came in behind it"
            }
            Because::SeveralInFlight => {
                "several requests were in flight without idempotence: a retry falls behind a later batch"
            }
            Because::FailedLate => {
                "it was told as failed or never told: a request that was given up may still arrive late"
            }
            Because::FailureProvesNothing => {
                "a failed callback never proves absence: the answer was missing, not the record"
            }
            Because::HoleAfterFailure => {
                "order is promised among the records that succeed; one that failed leaves a hole"
            }
            Because::LossForbidden => {
                "these settings promise that an acknowledged record is not lost: nothing that was done excuses it"
            }
            Because::CopyForbidden => {
                "these settings promise one copy of each record: nothing that was done excuses a second one"
            }
            Because::DisorderForbidden => {
                "these settings promise the order of send(): nothing that was done excuses another one"
            }
        }
    }
}

/// Whether Kafka's promises allow a finding, and why: `broker.md 6` for the settings, `2.4` and `I15` for what lies outside
/// every promise.
pub(super) fn judge(what: &Circumstances<'_>) -> Because {
    match what.kind {
        Kind::Lost => judge_loss(what),
        Kind::Duplicated => judge_copies(what),
        Kind::Reordered => judge_order(what),
        Kind::WrittenThoughFailed => Because::FailureProvesNothing,
        Kind::Gap => Because::HoleAfterFailure,
    }
}

fn judge_loss(what: &Circumstances<'_>) -> Because {
    // `broker.md L1 b`: with ELR it takes every member of ISR and ELR, without it the last member of the ISR.
    let disk =
        if what.topic.elr { what.partition.every_member_lossy } else { what.partition.last_member_lossy };
    match what.producer.acks {
        0 => Because::AcksZero,
        1 => Because::AcksOne,
        _ if what.topic.unclean || what.partition.forced_unclean => Because::UncleanElection,
        _ if disk => Because::DiskLost,
        _ if what.partition.old_min_isr => Because::OldMinIsr,
        _ if what.producer.reuses_sequences => Because::SequenceReused,
        _ => Because::LossForbidden,
    }
}

fn judge_copies(what: &Circumstances<'_>) -> Because {
    if what.resent {
        return if what.restarted { Because::Restarted } else { Because::Resent };
    }
    if what.producer.guarantee().copies() {
        Because::RetryUnrecognised
    } else if what.producer.idempotent && what.renumbered {
        Because::EpochBumped
    } else if what.producer.idempotent && what.partition.producer_state_expired {
        Because::StateExpired
    } else if what.producer.reuses_sequences {
        Because::SequenceReused
    } else {
        Because::CopyForbidden
    }
}

fn judge_order(what: &Circumstances<'_>) -> Because {
    if what.resent {
        return if what.restarted { Because::Restarted } else { Because::Resent };
    }
    if !what.producer.ordered() {
        Because::SeveralInFlight
    } else if !what.producer.idempotent && !what.told_success {
        // `broker.md 6.5` promises order as long as the delivery timeout is not reached.
        Because::FailedLate
    } else if what.producer.idempotent && what.behind_another_epoch {
        // `broker.md 2.2`: an unknown producer's first batch may have any sequence; `I13`: what does not fit is renumbered.
        Because::PassedOver
    } else if what.producer.reuses_sequences {
        Because::SequenceReused
    } else {
        Because::DisorderForbidden
    }
}

#[cfg(test)]
#[path = "promise_tests.rs"]
mod tests;
