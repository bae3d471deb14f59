//! What became of every record: the ledger held against the logs.
//!
//! Three passes over dense arrays: once over the logs to count copies and to see what is out of order, once over the
//! ledger, and, where there is something to tell, once more over the logs for the places of the copies in question.

use std::collections::BTreeSet;
use std::ops::Range;

use super::history::History;
use super::ledger::Told;
use super::promise::{Because, Circumstances, judge};
use crate::record::{ProducerIx, RecordId, StoredBatch, TopicPartition};

/// What can become of a record that somebody should know of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Acknowledged or unconfirmed, and not in the log.
    Lost,
    /// More than one copy.
    Duplicated,
    /// Its first copy stands after the first copy of a record that the same producer sent later to that partition.
    Reordered,
    /// Failed, rejected or pending, and yet in the log.
    WrittenThoughFailed,
    /// Failed and absent, while a record sent later to that partition by the same producer is there.
    Gap,
}

impl Kind {
    /// Every kind, in the order of a verdict.
    pub const ALL: [Kind; 5] =
        [Kind::Lost, Kind::Duplicated, Kind::Reordered, Kind::WrittenThoughFailed, Kind::Gap];

    /// The word of the JSON result.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Lost => "lost",
            Kind::Duplicated => "duplicated",
            Kind::Reordered => "reordered",
            Kind::WrittenThoughFailed => "written-though-failed",
            Kind::Gap => "gap",
        }
    }

    /// What Jepsen calls it, if it has a name for it.
    pub const fn jepsen(self) -> Option<&'static str> {
        match self {
            Kind::Lost => Some("lost-write"),
            Kind::Duplicated => Some("duplicate"),
            Kind::Reordered => Some("nonmonotonic-send"),
            Kind::WrittenThoughFailed => Some("G1a"),
            Kind::Gap => None,
        }
    }
}

/// Something that became of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What.
    pub kind: Kind,
    /// Of which record.
    pub record: RecordId,
    /// What the application was told about it.
    pub told: Told,
    /// The partition: of its first copy, or the one that was chosen for it.
    pub tp: Option<TopicPartition>,
    /// Why it is allowed, or that it is not.
    pub because: Because,
    places: Range<u32>,
}

/// Where a copy of a record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// In which log.
    pub tp: TopicPartition,
    /// At which offset.
    pub offset: i64,
    /// Epoch of the leader that appended it.
    pub leader_epoch: i32,
}

/// How many records each finding is about, and how many copies too many there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "fields are those of the JSON result")]
pub struct Counts {
    pub lost_acknowledged: u64,
    pub lost_unconfirmed: u64,
    pub duplicated: u64,
    pub duplicate_copies: u64,
    pub reordered: u64,
    pub written_though_failed: u64,
    pub gaps: u64,
}

/// All findings of a run, by kind, then by producer and `send()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// How many of each.
    pub counts: Counts,
    /// Each one.
    pub list: Vec<Finding>,
    places: Vec<Place>,
}

impl Findings {
    /// Where the copies that a finding is about stand: none if the record is absent, the first copy if it is out of order.
    pub fn places(&self, finding: &Finding) -> &[Place] {
        &self.places[finding.places.start as usize..finding.places.end as usize]
    }

    /// Looks for everything in this history.
    pub(super) fn of(history: &History<'_>) -> Findings {
        let mut search = Search::new(history);
        search.walk_logs();
        search.walk_ledger();
        search.collect_copies();
        search.tell()
    }
}

/// Copies of one record are counted up to this; the bit above it marks records whose places are wanted.
const MOST: u8 = 0x7f;
const WANTED: u8 = 0x80;

struct Search<'a> {
    history: &'a History<'a>,
    producers: usize,
    /// Copies of each record, by producer and index.
    copies: Vec<Vec<u8>>,
    extra_copies: u64,
    /// The record sent last among those of a producer that a log holds, by log and producer, and what it carries.
    latest: Vec<Option<(u32, Identity)>>,
    /// First copies out of order.
    late: Vec<Late>,
    lost: Vec<RecordId>,
    duplicated: Vec<RecordId>,
    written_though_failed: Vec<RecordId>,
    gaps: Vec<RecordId>,
    /// Every copy of the records that are marked, by record, partition and offset.
    wanted: Vec<Copy>,
}

/// Producer id and epoch that a batch carries.
type Identity = (i64, i16);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Copy {
    record: RecordId,
    place: Place,
    identity: Identity,
}

/// A first copy that is out of order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Late {
    copy: Copy,
    /// What the record carries that it stands behind.
    ahead: Identity,
}

impl Copy {
    fn new(stored: &StoredBatch, index: u32, offset: i64) -> Copy {
        Copy {
            record: RecordId { producer: stored.batch.batch.producer, index },
            place: Place { tp: stored.batch.tp, offset, leader_epoch: stored.leader_epoch },
            identity: identity(stored),
        }
    }
}

fn identity(stored: &StoredBatch) -> Identity {
    (stored.batch.producer_id, stored.batch.producer_epoch)
}

impl<'a> Search<'a> {
    fn new(history: &'a History<'a>) -> Search<'a> {
        let ledger = history.ledger;
        let copies: Vec<Vec<u8>> =
            ledger.producers().map(|producer| vec![0; ledger.sent_by(producer) as usize]).collect();
        Search {
            history,
            producers: copies.len(),
            latest: vec![None; copies.len() * history.logs.len()],
            copies,
            extra_copies: 0,
            late: Vec::new(),
            lost: Vec::new(),
            duplicated: Vec::new(),
            written_though_failed: Vec::new(),
            gaps: Vec::new(),
            wanted: Vec::new(),
        }
    }

    /// Counts copies and notes first copies that stand behind a record sent later.
    fn walk_logs(&mut self) {
        // A record that was sent again may have a first copy in more than one partition.
        let mut placed = BTreeSet::new();
        for (log, at) in self.history.logs.iter().zip(0..) {
            for stored in &log.batches {
                let producer = stored.batch.batch.producer;
                let mut offset = stored.base_offset;
                for (start, length) in stored.batch.records.runs() {
                    for index in start..start + length {
                        self.meet(stored, at, producer, index, offset, &mut placed);
                        offset += 1;
                    }
                }
            }
        }
        self.late.sort_unstable();
        self.late.dedup_by_key(|late| late.copy.record);
    }

    #[inline]
    fn meet(
        &mut self,
        stored: &StoredBatch,
        log: usize,
        producer: ProducerIx,
        index: u32,
        offset: i64,
        placed: &mut BTreeSet<(RecordId, usize)>,
    ) {
        let who = producer.0 as usize;
        let Some(copies) = self.copies[who].get_mut(index as usize) else { return };
        let mut first_here = *copies == 0;
        self.extra_copies += u64::from(!first_here);
        *copies = (*copies + 1).min(MOST);
        if self.history.ledger.resent(producer, index) {
            first_here = placed.insert((RecordId { producer, index }, log));
        }
        if !first_here {
            return;
        }
        let latest = self.latest[log * self.producers + who];
        match latest {
            Some((latest, ahead)) if latest > index => {
                if self.sent_later(producer, index, latest) {
                    self.late.push(Late { copy: Copy::new(stored, index, offset), ahead });
                }
            }
            _ => self.latest[log * self.producers + who] = Some((index, identity(stored))),
        }
    }

    /// Whether `later`, of the larger index, was sent after `earlier`: two threads of one application may be inside
    /// `send()` at once, and then neither record is the later one.
    fn sent_later(&self, producer: ProducerIx, earlier: u32, later: u32) -> bool {
        let ledger = self.history.ledger;
        if !ledger.any_blocked(producer) {
            return true;
        }
        let line = |index| ledger.line(RecordId { producer, index });
        match (line(earlier), line(later)) {
            (Some(earlier), Some(later)) => {
                earlier.blocked.nanos() == 0
                    || earlier.resends > 0
                    // Of a record that was sent again the ledger has the last call only.
                    || (later.resends == 0 && later.sent > earlier.sent + earlier.blocked)
            }
            _ => true,
        }
    }

    /// Holds what the application was told against the number of copies.
    fn walk_ledger(&mut self) {
        let ledger = self.history.ledger;
        for producer in ledger.producers() {
            for index in 0..ledger.sent_by(producer) {
                let copies = self.copies[producer.0 as usize][index as usize];
                let record = RecordId { producer, index };
                let told = ledger.told(producer, index);
                let success = matches!(told, Told::Acknowledged | Told::Unconfirmed);
                match (success, copies > 0) {
                    (true, false) if !self.retired(record) => self.lost.push(record),
                    (false, true) => self.written_though_failed.push(record),
                    (false, false) if told == Told::Failed && self.leaves_a_gap(record) => {
                        self.gaps.push(record);
                    }
                    _ => {}
                }
                if copies > 1 {
                    self.duplicated.push(record);
                }
                if copies > 1 || (!success && copies > 0) {
                    self.copies[producer.0 as usize][index as usize] |= WANTED;
                }
            }
        }
    }

    /// Whether an absent record stood where retention has deleted.
    fn retired(&self, record: RecordId) -> bool {
        let Some(line) = self.history.ledger.line(record) else { return false };
        let log = line.tp().and_then(|tp| self.log(tp));
        line.offset >= 0 && log.is_some_and(|log| line.offset < self.history.logs[log].log_start_offset)
    }

    fn leaves_a_gap(&self, record: RecordId) -> bool {
        let tp = self.history.ledger.line(record).and_then(|line| line.tp());
        let Some(log) = tp.and_then(|tp| self.log(tp)) else { return false };
        let latest = self.latest[log * self.producers + record.producer.0 as usize];
        latest.is_some_and(|(latest, _)| {
            latest > record.index && self.sent_later(record.producer, record.index, latest)
        })
    }

    fn log(&self, tp: TopicPartition) -> Option<usize> {
        self.history.logs.binary_search_by_key(&tp, |log| log.tp).ok()
    }

    /// Finds the places of all copies of the marked records.
    fn collect_copies(&mut self) {
        if self.duplicated.is_empty() && self.written_though_failed.is_empty() {
            return;
        }
        for stored in self.history.logs.iter().flat_map(|log| &log.batches) {
            let copies = &self.copies[stored.batch.batch.producer.0 as usize];
            let mut offset = stored.base_offset;
            for (start, length) in stored.batch.records.runs() {
                for index in start..start + length {
                    if copies.get(index as usize).is_some_and(|copies| copies & WANTED != 0) {
                        self.wanted.push(Copy::new(stored, index, offset));
                    }
                    offset += 1;
                }
            }
        }
        self.wanted.sort_unstable();
    }

    /// Makes a finding of each record, and judges it.
    fn tell(self) -> Findings {
        let acknowledged = |record: &&RecordId| {
            self.history.ledger.told(record.producer, record.index) == Told::Acknowledged
        };
        let lost_acknowledged = self.lost.iter().filter(acknowledged).count();
        let mut findings = Findings {
            counts: Counts {
                lost_acknowledged: lost_acknowledged as u64,
                lost_unconfirmed: (self.lost.len() - lost_acknowledged) as u64,
                duplicated: self.duplicated.len() as u64,
                duplicate_copies: self.extra_copies,
                reordered: self.late.len() as u64,
                written_though_failed: self.written_though_failed.len() as u64,
                gaps: self.gaps.len() as u64,
            },
            list: Vec::new(),
            places: self
                .wanted
                .iter()
                .chain(self.late.iter().map(|late| &late.copy))
                .map(|copy| copy.place)
                .collect(),
        };
        for &record in &self.lost {
            findings.list.push(self.finding(Kind::Lost, record, 0..0));
        }
        for &record in &self.duplicated {
            findings.list.push(self.finding(Kind::Duplicated, record, self.copies_of(record)));
        }
        for (late, at) in self.late.iter().zip(self.wanted.len() as u32..) {
            findings.list.push(self.finding(Kind::Reordered, late.copy.record, at..at + 1));
        }
        for &record in &self.written_though_failed {
            findings.list.push(self.finding(Kind::WrittenThoughFailed, record, self.copies_of(record)));
        }
        for &record in &self.gaps {
            findings.list.push(self.finding(Kind::Gap, record, 0..0));
        }
        findings
    }

    /// The record's copies among those collected.
    fn copies_of(&self, record: RecordId) -> Range<u32> {
        let start = self.wanted.partition_point(|copy| copy.record < record);
        let length = self.wanted[start..].iter().take_while(|copy| copy.record == record).count();
        start as u32..(start + length) as u32
    }

    fn copy(&self, at: u32) -> &Copy {
        let at = at as usize;
        self.wanted.get(at).unwrap_or_else(|| &self.late[at - self.wanted.len()].copy)
    }

    /// Whether the record of this place is out of order behind one of another producer id or epoch.
    fn behind_another_epoch(&self, at: u32) -> bool {
        let late = (at as usize).checked_sub(self.wanted.len()).and_then(|at| self.late.get(at));
        late.is_some_and(|late| late.ahead != late.copy.identity)
    }

    fn finding(&self, kind: Kind, record: RecordId, places: Range<u32>) -> Finding {
        let line = self.history.ledger.line(record).expect("findings are about records that were sent");
        let terms = self.history.terms;
        let tp = if places.is_empty() { line.tp() } else { Some(self.copy(places.start).place.tp) };
        let identity = |at| self.copy(at).identity;
        let because = judge(&Circumstances {
            kind,
            producer: &terms.producers[record.producer.0 as usize],
            topic: terms.topics.get(line.topic.0 as usize).copied().unwrap_or_default(),
            partition: tp.map(|tp| terms.partition(tp)).unwrap_or_default(),
            resent: line.resends > 0,
            restarted: terms.restarted_by(record.producer, line.sent),
            told_success: matches!(line.told, Told::Acknowledged | Told::Unconfirmed),
            renumbered: places.clone().any(|at| identity(at) != identity(places.start)),
            behind_another_epoch: kind == Kind::Reordered && self.behind_another_epoch(places.start),
        });
        Finding { kind, record, told: line.told, tp, because, places }
    }
}

#[cfg(test)]
#[path = "findings_tests.rs"]
mod tests;
