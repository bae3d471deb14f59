//! Each row of the table of promises.

use super::super::fixtures::{HandMade, ORDERS, SHOP, acks, acks_all, idempotent, shop};
use super::super::{Kind, PartitionTerms, Told};
use super::{Because, Guarantee, ProducerTerms, TopicTerms, promised, promised_ordered};
use crate::record::TopicIx;
use crate::time::Time;
use Told::{Acknowledged, Failed, Unconfirmed};

/// The reason given for the first finding of this kind.
fn because(run: &HandMade, kind: Kind) -> Because {
    let verdict = run.verdict();
    let finding = verdict.findings.list.iter().find(|finding| finding.kind == kind);
    finding.expect("the history shows it").because
}

fn one_lost(terms: ProducerTerms) -> HandMade {
    let told = if terms.acks == 0 { Unconfirmed } else { Acknowledged };
    HandMade::with(terms).sends(0, told).log([])
}

fn one_twice(terms: ProducerTerms) -> HandMade {
    HandMade::with(terms).sends(0, Acknowledged).log([shop(0), shop(0)])
}

fn two_swapped(terms: ProducerTerms) -> HandMade {
    HandMade::with(terms).sends_each(2, 0, Acknowledged).log([shop(1), shop(0)])
}

/// broker.md 6.1: acks=0 and acks=1 may lose, acks=all must not.
#[test]
fn losses_are_allowed_below_acks_all() {
    assert_eq!(because(&one_lost(acks(0)), Kind::Lost), Because::AcksZero);
    assert_eq!(because(&one_lost(acks(1)), Kind::Lost), Because::AcksOne);
    assert_eq!(because(&one_lost(acks_all()), Kind::Lost), Because::LossForbidden);
    assert_eq!(because(&one_lost(idempotent()), Kind::Lost), Because::LossForbidden);
}

/// broker.md L1 a.
#[test]
fn an_unclean_election_excuses_a_loss() {
    let mut set = one_lost(idempotent());
    set.terms.topics[0].unclean = true;
    assert_eq!(because(&set, Kind::Lost), Because::UncleanElection);

    let forced = PartitionTerms { forced_unclean: true, ..PartitionTerms::default() };
    assert_eq!(because(&one_lost(idempotent()).suffered(forced), Kind::Lost), Because::UncleanElection);
}

/// broker.md L1 b, D6: without ELR the last member of the ISR suffices, with it every member must have lost data.
#[test]
fn a_disk_that_lost_data_excuses_a_loss_where_section_6_says_so() {
    let last = PartitionTerms { last_member_lossy: true, ..PartitionTerms::default() };
    let every = PartitionTerms { every_member_lossy: true, ..last };
    let with = |elr, what| {
        let mut run = one_lost(idempotent()).suffered(what);
        run.terms.topics[0].elr = elr;
        because(&run, Kind::Lost)
    };
    assert_eq!((with(false, last), with(false, every)), (Because::DiskLost, Because::DiskLost));
    assert_eq!((with(true, last), with(true, every)), (Because::LossForbidden, Because::DiskLost));
}

/// broker.md F17: the ELR is safe as long as nothing is committed below `min.insync.replicas`.
#[test]
fn an_old_min_isr_excuses_a_loss() {
    let old = PartitionTerms { old_min_isr: true, ..PartitionTerms::default() };
    assert_eq!(because(&one_lost(idempotent()).suffered(old), Kind::Lost), Because::OldMinIsr);
}

/// broker.md 6.5: retries duplicate unless the broker knows the sequence; acks=0 and retries=0 send nothing twice.
#[test]
fn copies_are_allowed_where_retries_have_no_sequence() {
    assert_eq!(because(&one_twice(acks_all()), Kind::Duplicated), Because::RetryUnrecognised);
    assert_eq!(because(&one_twice(acks(1)), Kind::Duplicated), Because::RetryUnrecognised);
    assert_eq!(because(&one_twice(acks(0)), Kind::Duplicated), Because::CopyForbidden);
    let no_retries = ProducerTerms { retries: 0, ..acks(1) };
    assert_eq!(because(&one_twice(no_retries), Kind::Duplicated), Because::CopyForbidden);
    assert_eq!(because(&one_twice(idempotent()), Kind::Duplicated), Because::CopyForbidden);
}

/// broker.md I15 a, b.
#[test]
fn a_resend_and_a_restart_are_outside_every_promise() {
    let mut run = HandMade::with(idempotent())
        .sends(0, Failed)
        .sends_again(shop(0), 0, Acknowledged)
        .log([shop(0), shop(0)]);
    assert_eq!(because(&run, Kind::Duplicated), Because::Resent);
    run.terms.restarts.push((SHOP, Time::from_millis(1)));
    assert_eq!(because(&run, Kind::Duplicated), Because::Restarted);
}

/// broker.md I15 c, d: the copies carry different epochs, or the broker had forgotten the producer.
#[test]
fn idempotence_has_residual_cases() {
    let bumped = HandMade::with(idempotent()).sends(0, Acknowledged).log_of([(shop(0), 0), (shop(0), 1)]);
    assert_eq!(because(&bumped, Kind::Duplicated), Because::EpochBumped);

    let expired = PartitionTerms { producer_state_expired: true, ..PartitionTerms::default() };
    assert_eq!(because(&one_twice(idempotent()).suffered(expired), Kind::Duplicated), Because::StateExpired);
}

/// producer.md 5.7: before 2.5 a sequence number may be given twice.
#[test]
fn a_sequence_number_that_is_given_twice_may_lose_a_record() {
    let lost = |terms| because(&HandMade::with(terms).sends(0, Acknowledged).log([]), Kind::Lost);
    assert_eq!(lost(ProducerTerms { reuses_sequences: true, ..idempotent() }), Because::SequenceReused);
    assert_eq!(lost(idempotent()), Because::LossForbidden);
}

/// broker.md 2.2 (an unknown producer's first batch may have any sequence) and I13: what was passed over is numbered anew.
#[test]
fn what_was_passed_over_and_numbered_anew_stands_behind() {
    let swapped = |epochs: [i16; 2]| {
        let logged = [(shop(1), epochs[0]), (shop(0), epochs[1])];
        let run = HandMade::with(idempotent()).sends_each(2, 0, Acknowledged).log_of(logged);
        because(&run, Kind::Reordered)
    };
    assert_eq!(swapped([0, 1]), Because::PassedOver);
    assert_eq!(swapped([0, 0]), Because::DisorderForbidden, "one epoch keeps its order");
    assert_eq!(swapped([1, 1]), Because::DisorderForbidden, "one epoch keeps its order");
}

/// broker.md I16, 6.5.
#[test]
fn order_is_promised_by_idempotence_by_one_in_flight_and_without_retries() {
    assert_eq!(because(&two_swapped(acks_all()), Kind::Reordered), Because::SeveralInFlight);
    let one_in_flight = ProducerTerms { max_in_flight: 1, ..acks_all() };
    let no_retries = ProducerTerms { retries: 0, ..acks_all() };
    for terms in [one_in_flight, no_retries, idempotent()] {
        assert_eq!(because(&two_swapped(terms), Kind::Reordered), Because::DisorderForbidden);
    }
}

/// broker.md 6.5 promises order as long as the delivery timeout is not reached.
#[test]
fn a_record_that_was_given_up_may_arrive_late() {
    let late = |terms| {
        let run = HandMade::with(terms).sends(0, Failed).sends(0, Acknowledged).log([shop(1), shop(0)]);
        because(&run, Kind::Reordered)
    };
    assert_eq!(late(ProducerTerms { max_in_flight: 1, ..acks_all() }), Because::FailedLate);
    assert_eq!(late(idempotent()), Because::DisorderForbidden);
}

/// design.md 1.2: allowed everywhere.
#[test]
fn written_though_failed_and_gaps_are_always_allowed() {
    let written = HandMade::with(idempotent()).sends(0, Failed).log([shop(0)]);
    assert!(because(&written, Kind::WrittenThoughFailed).allowed());
    let gap = HandMade::with(idempotent()).sends(0, Failed).sends(0, Acknowledged).log([shop(1)]);
    assert!(because(&gap, Kind::Gap).allowed());
}

/// design.md 1.2: what the settings promise.
#[test]
fn settings_promise_a_guarantee() {
    let clean = [TopicTerms::default()];
    let unclean = [TopicTerms { unclean: true, elr: false }];
    let of = |terms: ProducerTerms, topics| promised(&[terms], topics);
    assert_eq!(of(idempotent(), &clean), Guarantee::ExactlyOnce);
    assert_eq!(of(acks_all(), &clean), Guarantee::AtLeastOnce);
    assert_eq!(of(acks(1), &clean), Guarantee::None);
    assert_eq!(of(acks(0), &clean), Guarantee::AtMostOnce);
    assert_eq!(of(ProducerTerms { retries: 0, ..acks(1) }, &clean), Guarantee::AtMostOnce);
    assert_eq!(of(idempotent(), &unclean), Guarantee::AtMostOnce);
    assert_eq!(of(acks_all(), &unclean), Guarantee::None);
}

#[test]
fn of_several_producers_and_topics_the_weakest_counts() {
    let payments = TopicIx(1);
    let topics = [TopicTerms::default(), TopicTerms { unclean: true, elr: false }];
    let both = ProducerTerms { topics: vec![ORDERS, payments], ..idempotent() };
    assert_eq!(promised(&[both], &topics), Guarantee::AtMostOnce);
    assert_eq!(promised(&[idempotent(), acks_all()], &topics), Guarantee::AtLeastOnce);
    assert_eq!(promised(&[acks_all(), acks(0)], &topics), Guarantee::None);
    assert!(promised_ordered(&[idempotent()]));
    assert!(!promised_ordered(&[idempotent(), acks_all()]));
}

#[test]
fn every_reason_says_something_of_its_own() {
    let texts: std::collections::BTreeSet<&str> = Because::ALL.iter().map(|because| because.text()).collect();
    assert_eq!(texts.len(), Because::ALL.len());
}
