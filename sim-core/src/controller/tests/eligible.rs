//! Elections beyond the ISR: eligible leader replicas, and unclean ones.

use super::fixture::{World, ids, proposal};
use crate::config::Release;
use crate::controller::{Admin, AdminError, ControllerTimer};
use crate::record::BrokerId;
use crate::time::Span;
use crate::trace::Event;

/// The partition 0 of a world whose ISR has shrunk to its leader, broker 0.
fn shrunk(world: &mut World) {
    world.at(100).alter(&proposal(0, 0, 0, &[0])).expect("accepted");
}

/// The elections of partition 0: whom, why, and whether uncleanly.
fn elections(world: &World) -> Vec<(Option<u32>, &'static str, bool)> {
    let elected = |event: &Event| match event {
        Event::LeaderChanged { partition: 0, leader, by, unclean, .. } => {
            Some((leader.0.map(|id| id.0), *by, *unclean))
        }
        _ => None,
    };
    world.events().iter().filter_map(|(_, event)| elected(event)).collect()
}

/// `broker.md F16`, F20: with ELR the ISR of a fenced last member is empty, and another eligible replica leads.
#[test]
fn f20_an_eligible_replica_takes_over_from_the_last_member() {
    let mut world = World::with_elr(2);
    shrunk(&mut world);
    assert_eq!((&*world.partition(0).isr, &*world.partition(0).elr), (&ids(&[0])[..], &ids(&[1, 2])[..]));
    world.lose(0, 9_500);
    let state = world.partition(0);
    assert_eq!((state.leader, &*state.isr), (Some(BrokerId(1)), &ids(&[1])[..]));
    assert_eq!(&*state.elr, ids(&[0, 2]));
    assert_eq!(elections(&world), [(Some(1), "fenced", false)]);
}

/// `broker.md F18`: an unclean registration ends the eligibility, which is an event of its own; a clean one does not.
#[test]
fn f18_registration_without_proof_leaves_the_elr() {
    for (previous_epoch, elr) in [(-1, vec![2]), (0, vec![0, 2])] {
        let mut world = World::with_elr(2);
        shrunk(&mut world);
        world.lose(0, 9_500);
        world.at(12_000).register_after(0, 1, previous_epoch);
        assert_eq!(&*world.partition(0).elr, ids(&elr));
        let changed = world.events().iter().any(|(_, event)| {
            matches!(event, Event::ElrChanged { partition: 0, isr, elr, .. }
                if **isr == *ids(&[1]) && **elr == *ids(&[2]))
        });
        assert_eq!(changed, previous_epoch == -1);
    }
}

/// KIP-966, "min.insync.replicas config update": whatever the new value, nobody is eligible any more; nothing else is.
#[test]
fn f16_another_min_isr_ends_the_elr() {
    for (min_isr, elr) in [(1, vec![]), (3, vec![]), (2, vec![1, 2])] {
        let mut world = World::with_elr(2);
        shrunk(&mut world);
        let before = world.partition(0).clone();
        world.set_topic(1, |config| config.min_insync_replicas = min_isr);
        let after = world.partition(0);
        assert_eq!(&*after.elr, ids(&elr), "to {min_isr}");
        let change = i32::from(elr.is_empty());
        assert_eq!(after.partition_epoch, before.partition_epoch + change, "a change of the partition");
        assert_eq!((after.leader, after.leader_epoch), (before.leader, before.leader_epoch));
    }
}

/// The same of who led last: without leader, ISR and ELR the partition waits for an unclean election.
#[test]
fn f16_another_min_isr_ends_the_memory_of_the_last_leader() {
    let mut world = World::with_elr(2);
    shrunk(&mut world);
    world.at(60_000).sweep();
    let led_last = world.partition(0).last_known_leader;
    assert_eq!((world.partition(0).leader, led_last.is_some()), (None, true));
    world.set_topic(1, |config| config.min_insync_replicas = 1);
    let state = world.partition(0);
    assert_eq!((state.isr.len(), state.elr.len(), state.last_known_leader), (0, 0, None));
}

fn allow_unclean(world: &mut World) {
    world.set_topic(1, |config| config.unclean_leader_election = true);
}

/// `broker.md F8`: where it is allowed, an unclean election comes with the fencing.
#[test]
fn f8_an_unclean_election_comes_at_once() {
    let mut world = World::warm();
    shrunk(&mut world);
    allow_unclean(&mut world);
    world.lose(0, 9_500);
    let state = world.partition(0);
    assert_eq!((state.leader, state.leader_epoch, &*state.isr), (Some(BrokerId(1)), 1, &ids(&[1])[..]));
    assert!(state.recovering);
    assert_eq!(elections(&world), [(Some(1), "fenced", true)]);
}

/// `broker.md F8`: allowed later, it comes with the next sweep, each `unclean.leader.election.interval.ms`; before 3.9
/// nobody sweeps.
#[test]
fn f8_a_sweep_elects_where_it_is_allowed_later() {
    let mut world = World::warm();
    shrunk(&mut world);
    world.lose(0, 9_500);
    allow_unclean(&mut world);
    assert_eq!(world.partition(0).leader, None);
    let first = world.next_timer(ControllerTimer::UncleanElection);
    assert_eq!(elections(&world).last(), Some(&(Some(1), "unclean-enabled", true)));
    assert_eq!(world.next_timer(ControllerTimer::UncleanElection), first + Span::from_millis(300_000));

    let old = World::of(Release::new(3, 8));
    assert!(old.timers().iter().all(|(_, timer)| *timer != ControllerTimer::UncleanElection));
}

/// `broker.md F8`: by hand it needs a replica that lives; the run remembers that it was forced.
#[test]
fn f8_an_unclean_election_by_hand() {
    let mut world = World::warm();
    shrunk(&mut world);
    let elect = |world: &mut World, leader: Option<u32>| {
        let tp = super::tp(0);
        world.admin(&Admin::Elect { tp, leader: leader.map(BrokerId), unclean: true })
    };
    assert_eq!(elect(&mut world, None), Err(AdminError::ElectionNotNeeded(BrokerId(0))));
    assert_eq!(elect(&mut world, Some(0)), Err(AdminError::ElectionNotNeeded(BrokerId(0))));
    world.lose(0, 9_500);
    assert_eq!(elect(&mut world, Some(0)), Err(AdminError::NotActive(BrokerId(0))));
    assert!(!world.controller.was_forced(super::tp(0)));
    assert_eq!(elect(&mut world, None), Ok(()));
    assert_eq!(elections(&world).last(), Some(&(Some(1), "forced", true)));
    assert!(world.controller.was_forced(super::tp(0)) && !world.controller.was_forced(super::tp(1)));
    assert_eq!(elect(&mut world, Some(2)), Ok(()));
    assert_eq!(&*world.partition(0).isr, ids(&[2]));
}
