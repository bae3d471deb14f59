//! Each finding on histories written by hand.

use super::super::fixtures::{HandMade, acks, acks_all, idempotent, orders, shop, web};
use super::super::{Guarantee, Told, Verdict};
use super::{Counts, Kind};
use crate::record::RecordId;
use Told::{Acknowledged, Failed, Pending, Rejected, Unconfirmed};

fn found(verdict: &Verdict, kind: Kind) -> Vec<RecordId> {
    let list = verdict.findings.list.iter();
    list.filter(|finding| finding.kind == kind).map(|finding| finding.record).collect()
}

fn offsets(verdict: &Verdict, kind: Kind) -> Vec<Vec<(u32, i64)>> {
    let findings = &verdict.findings;
    let list = findings.list.iter().filter(|finding| finding.kind == kind);
    let of =
        |finding| findings.places(finding).iter().map(|place| (place.tp.partition, place.offset)).collect();
    list.map(of).collect()
}

#[test]
fn each_record_once_and_in_order_is_nothing_to_tell() {
    let verdict = HandMade::with(idempotent())
        .sends_each(3, 0, Acknowledged)
        .log([shop(0), shop(1), shop(2)])
        .verdict();
    assert_eq!(verdict.findings.counts, Counts::default());
    assert_eq!((verdict.guarantee, verdict.ordered), (Guarantee::ExactlyOnce, true));
}

#[test]
fn what_was_told_as_success_and_is_not_there_is_lost_in_two_counts() {
    let verdict = HandMade::with(acks(1))
        .sends(0, Acknowledged)
        .sends(0, Unconfirmed)
        .sends(0, Unconfirmed)
        .sends(0, Acknowledged)
        .log([shop(3)])
        .verdict();
    let counts = verdict.findings.counts;
    assert_eq!((counts.lost_acknowledged, counts.lost_unconfirmed), (1, 2));
    assert_eq!(found(&verdict, Kind::Lost), [shop(0), shop(1), shop(2)]);
    assert_eq!(verdict.guarantee, Guarantee::AtMostOnce);
    assert_eq!(verdict.findings.list[0].tp, Some(orders(0)));
}

#[test]
fn what_failed_was_rejected_or_is_pending_cannot_be_lost() {
    let verdict =
        HandMade::with(acks(1)).sends(0, Failed).sends(0, Rejected).sends(0, Pending).log([]).verdict();
    assert_eq!(verdict.findings.counts, Counts::default());
}

/// What retention deleted was stored: its offset lies before the log start.
#[test]
fn what_retention_deleted_is_not_lost() {
    let mut run = HandMade::with(acks_all()).sends_each(2, 0, Acknowledged).log([]);
    run.logs[0].log_start_offset = 1;
    assert_eq!(found(&run.verdict(), Kind::Lost), [shop(1)]);
}

#[test]
fn extra_copies_are_counted_beside_the_records() {
    let verdict = HandMade::with(acks_all())
        .sends_each(3, 0, Acknowledged)
        .log([shop(0), shop(1), shop(1), shop(2), shop(1), shop(2)])
        .verdict();
    let counts = verdict.findings.counts;
    assert_eq!((counts.duplicated, counts.duplicate_copies), (2, 3));
    assert_eq!(offsets(&verdict, Kind::Duplicated), [vec![(0, 1), (0, 2), (0, 4)], vec![(0, 3), (0, 5)]]);
    assert_eq!(verdict.guarantee, Guarantee::AtLeastOnce);
}

#[test]
fn lost_and_duplicated_together_guarantee_nothing() {
    let verdict = HandMade::with(acks(1)).sends_each(2, 0, Acknowledged).log([shop(1), shop(1)]).verdict();
    assert_eq!(verdict.guarantee, Guarantee::None);
}

#[test]
fn a_first_copy_behind_that_of_a_later_record_is_reordered() {
    let verdict =
        HandMade::with(acks_all()).sends_each(3, 0, Acknowledged).log([shop(2), shop(0), shop(1)]).verdict();
    assert_eq!(found(&verdict, Kind::Reordered), [shop(0), shop(1)]);
    assert_eq!(offsets(&verdict, Kind::Reordered), [[(0, 1)], [(0, 2)]]);
    assert!(!verdict.ordered);
}

/// scenarios.md 6.2: 1..7, then 7 6 5 4 3 again: the first copies are in order.
#[test]
fn later_copies_do_not_count_for_order() {
    let log = [0, 1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2, 7].map(shop);
    let verdict = HandMade::with(acks_all()).sends_each(8, 0, Acknowledged).log(log).verdict();
    let counts = verdict.findings.counts;
    assert_eq!((counts.duplicated, counts.duplicate_copies, counts.reordered), (5, 5, 0));
}

#[test]
fn order_is_among_the_records_of_one_producer() {
    let verdict = HandMade::with(acks_all())
        .sends(0, Acknowledged)
        .web_sends(0, Acknowledged)
        .web_sends(0, Acknowledged)
        .log([web(0), web(1), shop(0)])
        .verdict();
    assert!(verdict.ordered);
}

#[test]
fn order_is_within_one_partition() {
    let verdict = HandMade::with(acks_all())
        .sends(1, Acknowledged)
        .sends(0, Acknowledged)
        .log([shop(1)])
        .log([shop(0)])
        .verdict();
    assert!(verdict.ordered);
}

/// Two threads inside `send()` at once: neither record is the later one, until the first `send()` has returned.
#[test]
fn a_send_that_waits_is_not_earlier_than_one_that_goes_past_it() {
    let run = |blocked| {
        let run = HandMade::with(idempotent()).sends_each(2, 0, Acknowledged).blocked(shop(0), blocked);
        run.log([shop(1), shop(0)]).verdict().findings.counts.reordered
    };
    assert_eq!((run(60_000), run(0)), (0, 1));
}

#[test]
fn what_was_not_told_as_success_may_be_there() {
    let verdict = HandMade::with(idempotent())
        .sends(0, Failed)
        .sends(0, Rejected)
        .sends(0, Pending)
        .sends(0, Failed)
        .log([shop(0), shop(1), shop(2)])
        .verdict();
    assert_eq!(found(&verdict, Kind::WrittenThoughFailed), [shop(0), shop(1), shop(2)]);
    assert_eq!(offsets(&verdict, Kind::WrittenThoughFailed), [[(0, 0)], [(0, 1)], [(0, 2)]]);
    assert_eq!(verdict.guarantee, Guarantee::ExactlyOnce);
}

#[test]
fn a_failed_record_leaves_a_gap_if_a_later_one_is_there() {
    let verdict = HandMade::with(idempotent())
        .sends(0, Failed)
        .sends(0, Rejected)
        .sends(0, Pending)
        .sends(0, Acknowledged)
        .sends(0, Failed)
        .log([shop(3)])
        .verdict();
    assert_eq!(found(&verdict, Kind::Gap), [shop(0)]);
    assert_eq!(verdict.findings.counts.gaps, 1);
}

#[test]
fn a_gap_is_within_one_partition_and_producer() {
    let verdict = HandMade::with(idempotent())
        .sends(0, Failed)
        .sends(1, Acknowledged)
        .web_sends(0, Acknowledged)
        .log([web(0)])
        .log([shop(1)])
        .verdict();
    assert_eq!(verdict.findings.counts, Counts::default());
}

/// design.md 1.1: a record that is sent again has its last outcome; its copies are counted under one name.
#[test]
fn a_resend_is_a_copy_of_the_same_record() {
    let verdict = HandMade::with(idempotent())
        .sends(0, Failed)
        .sends_again(shop(0), 0, Acknowledged)
        .log([shop(0), shop(0)])
        .verdict();
    let counts = verdict.findings.counts;
    assert_eq!((counts.duplicated, counts.duplicate_copies, counts.written_though_failed), (1, 1, 0));
}

#[test]
fn a_resend_may_end_in_another_partition() {
    let verdict = HandMade::with(acks_all())
        .sends(0, Failed)
        .sends(1, Acknowledged)
        .sends_again(shop(0), 1, Acknowledged)
        .log([shop(0)])
        .log([shop(1), shop(0)])
        .verdict();
    assert_eq!(offsets(&verdict, Kind::Duplicated), [[(0, 0), (1, 1)]]);
    assert_eq!(offsets(&verdict, Kind::Reordered), [[(1, 1)]]);
}

#[test]
fn one_finding_a_kind_and_record_even_with_hundreds_of_copies() {
    let log = std::iter::repeat_n(shop(0), 300).chain([shop(1)]);
    let verdict = HandMade::with(acks_all()).sends(0, Failed).sends(0, Acknowledged).log(log).verdict();
    let counts = verdict.findings.counts;
    assert_eq!((counts.duplicated, counts.duplicate_copies, counts.written_though_failed), (1, 299, 1));
    assert_eq!(offsets(&verdict, Kind::Duplicated)[0].len(), 300);
}

#[test]
fn findings_have_jepsens_names() {
    let names = Kind::ALL.map(Kind::jepsen);
    assert_eq!(names, [Some("lost-write"), Some("duplicate"), Some("nonmonotonic-send"), Some("G1a"), None]);
}
