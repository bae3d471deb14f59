//! What each event does to a partition.

use super::*;

/// The newest release, no ELR, clean elections only.
const PLAIN: Rules =
    Rules { release: Release::NEWEST, elr: false, unclean: false, min_isr: 1, broken: Broken::NOT };

fn brokers(ids: &[u32]) -> Arc<[BrokerId]> {
    ids.iter().map(|&id| BrokerId(id)).collect()
}

/// Replicas 0, 1, 2 and this ISR, led by the first of it.
fn partition(isr: &[u32]) -> PartitionState {
    PartitionState::created(brokers(&[0, 1, 2]), brokers(isr))
}

fn left(partition: &PartitionState, broker: u32, active: &[u32]) -> Option<PartitionState> {
    let event = PartitionEvent::BrokerLeft(BrokerId(broker));
    partition.after(event, |b| active.contains(&b.0), PLAIN)
}

/// `broker.md F7`: the current leader stays if it is still valid, though an earlier replica could lead.
#[test]
fn f7_a_valid_leader_stays() {
    let led_by_1 = PartitionState { leader: Some(BrokerId(1)), ..partition(&[0, 1, 2]) };
    let next = left(&led_by_1, 2, &[0, 1]).expect("the ISR shrinks");
    assert_eq!((next.leader, next.leader_epoch, next.partition_epoch), (Some(BrokerId(1)), 0, 1));
    assert_eq!(next.isr, brokers(&[0, 1]));
}

/// `broker.md F7`: else the first replica in the order of the assignment, not of the ISR, that is active and in
/// the ISR.
#[test]
fn f7_the_first_active_replica_in_the_isr_leads() {
    let state = PartitionState {
        replicas: brokers(&[2, 0, 1]),
        isr: brokers(&[1, 0, 2]),
        leader: Some(BrokerId(2)),
        ..partition(&[0])
    };
    assert_eq!(left(&state, 2, &[0, 1]).and_then(|next| next.leader), Some(BrokerId(0)));
    assert_eq!(left(&state, 2, &[1]).and_then(|next| next.leader), Some(BrokerId(1)));
}

/// `broker.md F7`: a replica outside the ISR never leads; without an active member there is no leader, and the
/// leader epoch goes up all the same (R27).
#[test]
fn f7_without_an_active_member_there_is_no_leader() {
    let next = left(&partition(&[0, 1]), 0, &[2]).expect("it changes");
    assert_eq!((next.leader, next.leader_epoch, &next.isr), (None, 1, &brokers(&[1])));
}

/// `broker.md R26`: the last member of the ISR is kept.
#[test]
fn r26_the_last_member_stays_in_the_isr() {
    let next = left(&partition(&[0]), 0, &[1, 2]).expect("the leader goes");
    assert_eq!((next.leader, &next.isr, next.partition_epoch), (None, &brokers(&[0]), 1));
    assert_eq!(left(&next, 0, &[1, 2]), None, "nothing is left to change");
}

/// `broker.md 4.2`, unfence: only what has no leader looks for one; the ISR is left alone.
#[test]
fn a_returning_broker_leads_what_has_no_leader() {
    let orphan = PartitionState { leader: None, leader_epoch: 1, ..partition(&[0]) };
    let next = orphan.after(PartitionEvent::BrokerReturned, |b| b.0 == 0, PLAIN).expect("elected");
    assert_eq!((next.leader, next.leader_epoch, &next.isr), (Some(BrokerId(0)), 2, &brokers(&[0])));
    assert_eq!(orphan.after(PartitionEvent::BrokerReturned, |b| b.0 == 1, PLAIN), None);
    assert_eq!(partition(&[0, 1]).after(PartitionEvent::BrokerReturned, |_| true, PLAIN), None);
}

/// `broker.md R27`: the leader epoch goes up with an ISR shrink alone before 3.6, never with an expansion.
#[test]
fn r27_a_shrink_alone_bumps_the_leader_epoch_before_3_6() {
    let epochs = |isr: &[u32], proposal: &[u32], release| {
        let proposal = brokers(proposal);
        let event = PartitionEvent::IsrProposed(&proposal);
        let next = partition(isr).after(event, |_| true, Rules { release, ..PLAIN }).expect("it changes");
        (next.leader_epoch, next.partition_epoch)
    };
    assert_eq!(epochs(&[0, 1, 2], &[0, 1], Release::new(3, 5)), (1, 1));
    assert_eq!(epochs(&[0, 1, 2], &[0, 1], Release::new(3, 6)), (0, 1));
    assert_eq!(epochs(&[0, 1], &[0, 1, 2], Release::new(3, 5)), (0, 1));
}

/// `broker.md F9`: the preferred replica is the first one; if it may not lead, who leads goes on.
#[test]
fn f9_the_preferred_replica_leads_if_it_may() {
    let led_by_1 = PartitionState { leader: Some(BrokerId(1)), ..partition(&[0, 1, 2]) };
    let elect = |state: &PartitionState, active: &[u32]| {
        state.after(PartitionEvent::Preferred, |b| active.contains(&b.0), PLAIN)
    };
    let next = elect(&led_by_1, &[0, 1, 2]).expect("moved");
    assert_eq!((next.leader, next.leader_epoch), (Some(BrokerId(0)), 1));
    assert_eq!(elect(&led_by_1, &[1, 2]), None, "it is not active");
    let out_of_sync = PartitionState { isr: brokers(&[1, 2]), ..led_by_1 };
    assert_eq!(elect(&out_of_sync, &[0, 1, 2]), None, "it is not in the ISR");
}

/// ELR on, `min.insync.replicas=2`.
const ELR: Rules = Rules { elr: true, min_isr: 2, ..PLAIN };
const UNCLEAN: Rules = Rules { unclean: true, ..PLAIN };

fn nobody(_: BrokerId) -> bool {
    false
}

/// A broker leaves, those behind it are active.
fn leaves(state: &PartitionState, broker: u32, active: &[u32], rules: Rules) -> PartitionState {
    let event = PartitionEvent::BrokerLeft(BrokerId(broker));
    state.after(event, |b| active.contains(&b.0), rules).expect("it changes")
}

/// A replica comes back, those given are active.
fn returns(state: &PartitionState, active: &[u32], rules: Rules) -> Option<PartitionState> {
    state.after(PartitionEvent::BrokerReturned, |b| active.contains(&b.0), rules)
}

/// `broker.md F16`, F20: once the ISR is smaller than `min.insync.replicas`, who leaves it is eligible; the ISR may become
/// empty. F7: then the last leader is remembered.
#[test]
fn f16_who_leaves_a_small_isr_is_eligible() {
    let two = leaves(&partition(&[0, 1, 2]), 2, &[0, 1], ELR);
    assert_eq!((&two.isr, &two.elr), (&brokers(&[0, 1]), &brokers(&[])), "two are enough");
    let one = leaves(&two, 1, &[0], ELR);
    assert_eq!((&one.isr, &one.elr, one.leader), (&brokers(&[0]), &brokers(&[1]), Some(BrokerId(0))));
    let none = leaves(&one, 0, &[], ELR);
    assert_eq!((&none.isr, &none.elr, none.leader), (&brokers(&[]), &brokers(&[0, 1]), None));
    assert_eq!((none.last_known_leader, none.leader_epoch), (Some(BrokerId(0)), 1));
}

/// `broker.md F16`: an ISR of `min.insync.replicas` members ends the ELR; it needs no more than there are replicas (P7).
#[test]
fn f16_a_large_isr_ends_the_elr() {
    let one = leaves(&leaves(&partition(&[0, 1, 2]), 2, &[0, 1], ELR), 1, &[0], ELR);
    let joined = brokers(&[0, 2]);
    let next = one.after(PartitionEvent::IsrProposed(&joined), |_| true, ELR).expect("it changes");
    assert_eq!((&next.isr, &next.elr), (&joined, &brokers(&[])));
    let all = brokers(&[0, 1, 2]);
    let five = Rules { min_isr: 5, ..ELR };
    let next = one.after(PartitionEvent::IsrProposed(&all), |_| true, five).expect("it changes");
    assert_eq!(next.elr, brokers(&[]));
}

/// `broker.md F16`: a leader from the ELR is alone in the ISR; who else is eligible stays so. It is a clean election.
#[test]
fn f16_an_eligible_replica_leads_alone() {
    let none = leaves(&leaves(&leaves(&partition(&[0, 1, 2]), 2, &[0, 1], ELR), 1, &[0], ELR), 0, &[], ELR);
    assert_eq!(returns(&none, &[2], ELR), None, "it left while the ISR was large enough");
    let next = returns(&none, &[1, 2], ELR).expect("elected");
    assert_eq!((next.leader, &next.isr, &next.elr), (Some(BrokerId(1)), &brokers(&[1]), &brokers(&[0])));
    assert!(!next.recovering && next.last_known_leader.is_none());
}

/// `broker.md F18`: who registers anew without proof that its logs are whole leaves ISR and ELR.
#[test]
fn f18_an_unclean_restart_ends_eligibility() {
    let restarts = |state: &PartitionState, broker: u32, active: &[u32]| {
        state.after(PartitionEvent::BrokerRestarted(BrokerId(broker)), |b| active.contains(&b.0), ELR)
    };
    let one = leaves(&leaves(&partition(&[0, 1, 2]), 2, &[0, 1], ELR), 1, &[0], ELR);
    let next = restarts(&one, 1, &[0]).expect("it changes");
    assert_eq!((&next.isr, &next.elr, next.leader_epoch), (&brokers(&[0]), &brokers(&[]), one.leader_epoch));
    assert_eq!(restarts(&one, 2, &[0]), None, "it was not eligible");
    let alone = restarts(&one, 0, &[]).expect("it changes");
    assert_eq!((&alone.isr, &alone.elr, alone.leader), (&brokers(&[]), &brokers(&[1]), None));
}

/// `broker.md F7`: with ISR and ELR empty the last known leader may lead, if it is active; nobody vouches for its log.
#[test]
fn f7_the_last_known_leader_comes_last() {
    let alone = leaves(&leaves(&partition(&[0, 1, 2]), 2, &[0, 1], ELR), 1, &[0], ELR);
    let gone = leaves(&alone, 0, &[], ELR);
    let forget = |state: &PartitionState, broker| {
        state.after(PartitionEvent::BrokerRestarted(BrokerId(broker)), nobody, ELR).expect("it changes")
    };
    let empty = forget(&forget(&gone, 0), 1);
    assert_eq!(
        (&empty.isr, &empty.elr, empty.last_known_leader),
        (&brokers(&[]), &brokers(&[]), Some(BrokerId(0)))
    );
    assert_eq!(returns(&empty, &[1, 2], ELR), None);
    let next = returns(&empty, &[0, 1, 2], ELR).expect("elected");
    assert_eq!((next.leader, &next.isr, next.recovering), (Some(BrokerId(0)), &brokers(&[0]), true));
    assert_eq!(next.last_known_leader, None);
    let off = Rules { elr: false, ..ELR };
    assert_eq!(returns(&empty, &[0, 1, 2], off), None, "without ELR there is no such election");
}

/// `broker.md F7`, F8: where the topic allows it, the first active replica leads, alone in the ISR and RECOVERING (R24); only
/// if nobody else may.
#[test]
fn f8_an_unclean_election_takes_the_first_that_lives() {
    let next = leaves(&partition(&[0, 1]), 0, &[1, 2], UNCLEAN);
    assert_eq!((next.leader, &next.isr, next.recovering), (Some(BrokerId(1)), &brokers(&[1]), false));
    let next = leaves(&partition(&[0]), 0, &[1, 2], UNCLEAN);
    assert_eq!((next.leader, &next.isr, next.recovering), (Some(BrokerId(1)), &brokers(&[1]), true));
    assert_eq!(next.leader_epoch, 1);
    let orphan = leaves(&partition(&[0]), 0, &[1, 2], PLAIN);
    assert_eq!(orphan.leader, None);
    for event in [PartitionEvent::BrokerReturned, PartitionEvent::UncleanSweep] {
        let next = orphan.after(event, |b| b.0 == 2, UNCLEAN).expect("elected");
        assert_eq!((next.leader, &next.isr, next.recovering), (Some(BrokerId(2)), &brokers(&[2]), true));
    }
    assert_eq!(orphan.after(PartitionEvent::Preferred, |b| b.0 == 2, UNCLEAN), None);
    assert_eq!(
        partition(&[0]).after(PartitionEvent::UncleanSweep, |_| true, UNCLEAN),
        None,
        "it has a leader"
    );
}

/// `broker.md R24`: the leader has recovered with the first ISR that it proposes.
#[test]
fn r24_the_first_accepted_isr_ends_the_recovery() {
    let next = leaves(&partition(&[0]), 0, &[1, 2], UNCLEAN);
    let joined = brokers(&[1, 2]);
    let next = next.after(PartitionEvent::IsrProposed(&joined), |b| b.0 > 0, UNCLEAN).expect("it changes");
    assert!(!next.recovering);
}

/// An unclean election by hand needs no leave of the topic; it may also take a leadership away.
#[test]
fn an_unclean_election_can_be_forced() {
    let forced = |state: &PartitionState, wanted: Option<u32>, active: &[u32]| {
        let event = PartitionEvent::ForcedUncleanly(wanted.map(BrokerId));
        state.after(event, |b| active.contains(&b.0), PLAIN)
    };
    let next = forced(&partition(&[0, 1]), Some(2), &[0, 1, 2]).expect("moved");
    assert_eq!((next.leader, &next.isr, next.recovering), (Some(BrokerId(2)), &brokers(&[2]), true));
    let next = forced(&partition(&[0, 1]), Some(1), &[0, 1, 2]).expect("moved");
    assert_eq!((next.leader, &next.isr, next.recovering), (Some(BrokerId(1)), &brokers(&[0, 1]), false));
    let orphan = leaves(&partition(&[0]), 0, &[1, 2], PLAIN);
    let next = forced(&orphan, None, &[1, 2]).expect("elected");
    assert_eq!((next.leader, next.recovering), (Some(BrokerId(1)), true));
    assert_eq!(forced(&orphan, None, &[]), None);
}

/// `broker.md 4.2`, controlled shutdown: as a fencing, said otherwise.
#[test]
fn a_shutdown_moves_the_leader() {
    let event = PartitionEvent::BrokerShutsDown(BrokerId(0));
    let next = partition(&[0, 1, 2]).after(event, |b| b.0 > 0, PLAIN).expect("moved");
    assert_eq!((next.leader, &next.isr, event.word()), (Some(BrokerId(1)), &brokers(&[1, 2]), "shutdown"));
    let next = partition(&[0]).after(event, |b| b.0 > 0, PLAIN).expect("it leads no longer");
    assert_eq!((next.leader, &next.isr), (None, &brokers(&[0])));
}
