//! The controller held against `broker.md` 3.5 and 4, with hand-fed heartbeats and proposals.

mod configuration;
mod eligible;
mod fixture;
mod publish;
mod shutdown;

use super::{Admin, AdminError, ControllerTimer};
use crate::config::Release;
use crate::protocol::{AlterPartitionRequest, ErrorCode, MetadataUpdate};
use crate::record::{BrokerId, TopicIx};
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind};
use fixture::{World, ids, proposal, tp};

/// `broker.md F2`: a broker that dies between two heartbeats is fenced 9 s after its last one, at the next sweep: 7 to
/// 10.125 s after its death, whatever the phases.
#[test]
fn f2_a_crash_is_noticed_after_7_to_10_1_seconds() {
    let mut shortest = Span::FOREVER;
    let mut longest = Span::ZERO;
    for heartbeat_phase in (0..2_000).step_by(37) {
        for sweep_phase in (0..1_125).step_by(41) {
            let mut world = World::warm_with_phase(sweep_phase);
            let last_heartbeat = Time::from_millis(heartbeat_phase);
            world.sweep_through(last_heartbeat);
            world.at(heartbeat_phase).heartbeat(2);
            // The next one would come 2 s later; it dies just before that, or just after the last one.
            let fenced = world.sweep_until(|world| world.is_fenced(2));
            let earliest_death = last_heartbeat;
            let latest_death = last_heartbeat + Span::from_millis(2_000);
            shortest = shortest.min(fenced.since(latest_death));
            longest = longest.max(fenced.since(earliest_death));
        }
    }
    assert!(shortest >= Span::from_millis(7_000) && shortest < Span::from_millis(7_100), "{shortest}");
    assert!(longest < Span::from_millis(10_125) && longest > Span::from_millis(10_000), "{longest}");
}

/// `broker.md F1`: the sweep repeats every session / 8 from its phase on.
#[test]
fn f1_sweeps_come_every_1125_ms() {
    let mut world = World::warm_with_phase(100);
    let times: Vec<i64> = (0..3).map(|_| world.next_timer(ControllerTimer::SessionSweep).millis()).collect();
    assert_eq!(times, [100, 1_225, 2_350]);
}

/// `broker.md F1`: brokers stale at one sweep are fenced one at a time in the order of last contact, so a leadership
/// may first go to the next that is fenced.
#[test]
fn f1_stale_brokers_are_fenced_one_after_the_other() {
    let mut world = World::warm();
    world.at(100).heartbeat(1);
    world.at(200).heartbeat(0);
    world.at(5_000).heartbeat(2);
    world.at(9_250).sweep();
    assert_eq!(
        world.kinds(),
        [EventKind::BrokerFenced, EventKind::IsrShrunk, EventKind::BrokerFenced, EventKind::LeaderChanged]
    );
    let state = world.partition(0);
    assert_eq!((state.leader, state.leader_epoch, &*state.isr), (Some(BrokerId(2)), 1, &ids(&[2])[..]));

    let mut world = World::warm();
    world.at(100).heartbeat(0);
    world.at(200).heartbeat(1);
    world.at(5_000).heartbeat(2);
    world.at(9_250).sweep();
    assert_eq!(world.leaders_chosen(), [Some(BrokerId(1)), Some(BrokerId(2))]);
}

/// A fencing names the last heartbeat as its cause, the elections name the fencing.
#[test]
fn a_fencing_and_its_elections_know_their_cause() {
    let mut world = World::warm();
    let heartbeat = world.at(100).heartbeat_caused(0);
    world.at(8_000).heartbeat(1);
    world.heartbeat(2);
    world.at(9_200).sweep();
    let events = world.events();
    assert!(matches!(events[0].1, Event::BrokerFenced { broker: BrokerId(0), broker_epoch: 0 }));
    assert_eq!(events[0].0.cause, heartbeat);
    let Event::LeaderChanged { by, unclean, .. } = events[1].1 else { panic!("{:?}", events[1]) };
    assert_eq!((by, unclean, events[1].0.cause), ("fenced", false, events[0].0.seq));
}

/// `broker.md 4.2`, fence: out of every ISR; where it led, the next replica leads. `F12`: every live broker is told, the
/// fenced one is not.
#[test]
fn a_fencing_changes_every_partition_and_is_told_to_the_living() {
    let mut world = World::warm();
    world.lose(0, 9_500);
    for partition in 0..3 {
        let state = world.partition(partition);
        assert!(!state.isr.contains(&BrokerId(0)), "orders-{partition}");
        assert_eq!(state.partition_epoch, 1);
    }
    assert_eq!(world.partition(0).leader, Some(BrokerId(1)));
    assert_eq!(world.partition(0).leader_epoch, 1);
    assert_eq!(world.partition(1).leader_epoch, 0, "its leader stayed, and a shrink is no new epoch in 3.6+");
    let told = world.told();
    assert!(told.iter().all(|(broker, _)| broker.0 != 0));
    for broker in [1, 2] {
        let told = told.iter().filter(|(to, _)| to.0 == broker);
        let what: Vec<(u64, bool)> = told
            .map(|(_, update)| (update.offset(), matches!(**update, MetadataUpdate::Broker { .. })))
            .collect();
        assert_eq!(what, [(1, true), (2, false), (3, false), (4, false)], "the broker, then its partitions");
    }
}

/// `broker.md R26`, `F7`: the last ISR member is kept when it is fenced; its partition has no leader until it is back.
#[test]
fn r26_the_last_member_waits_for_its_return() {
    let mut world = World::warm();
    world.at(500).alter(&proposal(0, 0, 0, &[0])).expect("accepted");
    world.lose(0, 9_500);
    let state = world.partition(0);
    assert_eq!((state.leader, state.leader_epoch, &*state.isr), (None, 1, &ids(&[0])[..]));

    world.at(20_000).heartbeat(0);
    let state = world.partition(0);
    assert_eq!((state.leader, state.leader_epoch), (Some(BrokerId(0)), 2));
    let events = world.events();
    let (_, last) = events.last().expect("events");
    assert!(matches!(last, Event::LeaderChanged { by: "unfenced", .. }), "{last:?}");
}

/// `broker.md F5`: while the old incarnation's session is valid, a new one is refused; accepted, it starts fenced with a
/// higher broker epoch.
#[test]
fn f5_a_restarted_broker_waits_for_the_old_session() {
    let mut world = World::warm();
    world.at(1_000).heartbeat(0);
    world.at(4_000);
    assert_eq!(world.register(0, 1).error, ErrorCode::DuplicateBrokerRegistration);
    for other in [1, 2] {
        world.at(9_000).heartbeat(other);
    }
    world.at(10_100).sweep();
    assert!(world.is_fenced(0));
    let answer = world.at(10_200).register(0, 1);
    assert_eq!((answer.error, answer.fenced), (ErrorCode::None, true));
    assert!(answer.broker_epoch > 0);
    assert_eq!(world.heartbeat_of(0, 0, 0).error, ErrorCode::StaleBrokerEpoch, "the old incarnation");
    let again = world.register(0, 1);
    assert_eq!(
        (again.error, again.broker_epoch),
        (ErrorCode::None, answer.broker_epoch),
        "the answer was lost"
    );
}

/// `broker.md F5`, `4.2`: between the end of the session and the next sweep a new incarnation is accepted; it loses what
/// the old one led.
#[test]
fn f5_registration_takes_away_what_the_old_incarnation_led() {
    let mut world = World::warm();
    world.at(100).heartbeat(0);
    for other in [1, 2] {
        world.at(9_000).heartbeat(other);
    }
    world.at(9_100).register(0, 1);
    assert_eq!(world.partition(0).leader, Some(BrokerId(1)));
    assert!(world.is_fenced(0) && !world.partition(1).isr.contains(&BrokerId(0)));
    assert_eq!(world.kinds()[..2], [EventKind::BrokerRegistered, EventKind::LeaderChanged]);
}

/// `broker.md F18`: a broker that proves the shutdown of its last registration is `clean`.
#[test]
fn f18_a_clean_shutdown_is_proved_by_the_old_broker_epoch() {
    for (previous_epoch, clean) in [(0, true), (-1, false)] {
        let mut world = World::warm();
        world.lose(0, 9_500);
        world.register_after(0, 1, previous_epoch);
        let events = world.events();
        let (_, last) = events.last().expect("events");
        assert!(matches!(last, Event::BrokerRegistered { clean: said, .. } if *said == clean), "{last:?}");
    }
}

/// `broker.md F6`: unfenced once it has applied the metadata up to its own registration, and asks for it.
#[test]
fn f6_unfencing_waits_for_metadata_and_recovery() {
    let mut world = World::warm();
    world.lose(0, 9_500);
    let epoch = world.at(12_000).register(0, 1).broker_epoch;
    let registered_at = epoch as u64;
    let beat = |world: &mut World, applied, want| world.heartbeat_wanting(0, epoch, applied, want).fenced;
    assert!(beat(&mut world, registered_at - 1, true), "its registration is not applied yet");
    assert!(beat(&mut world, registered_at, false), "log recovery is not over");
    assert!(!beat(&mut world, registered_at, true));
    assert_eq!(world.events().last().map(|(_, event)| event.kind()), Some(EventKind::BrokerUnfenced));
    assert!(!world.partition(1).isr.contains(&BrokerId(0)), "4.2: unfencing edits no ISR");
}

/// A broker that registers anew is told how everything stands, its own registration included.
#[test]
fn a_new_incarnation_gets_the_full_image() {
    let mut world = World::warm();
    world.lose(0, 9_500);
    world.told();
    let epoch = world.at(12_000).register(0, 1).broker_epoch;
    let told = world.told();
    let image: Vec<_> = told.iter().filter(|(to, _)| to.0 == 0).map(|(_, update)| update).collect();
    let brokers = image.iter().filter(|update| matches!(****update, MetadataUpdate::Broker { .. })).count();
    assert_eq!((image.len(), brokers), (6, 3), "three partitions, three brokers");
    assert!(image.is_sorted_by_key(|update| update.offset()));
    let own = MetadataUpdate::Broker {
        offset: epoch as u64,
        broker: BrokerId(0),
        broker_epoch: epoch,
        fenced: true,
        shutting_down: false,
    };
    assert!(image.iter().any(|update| ***update == own));
    for other in [1, 2] {
        assert_eq!(told.iter().filter(|(to, _)| to.0 == other).count(), 1, "the others: that it registered");
    }
}

/// A broker that the controller has not heard of for a while may have missed decisions: at its next heartbeat it is told
/// what changed since, and nothing else.
#[test]
fn a_broker_back_in_contact_is_told_what_it_missed() {
    let mut world = World::warm();
    world.lose(0, 9_500);
    let missed = world.controller.offset;
    world.told();
    world.at(15_000).heartbeat_of(0, 0, 0);
    let told = world.told();
    let to_it: Vec<u64> =
        told.iter().filter(|(to, _)| to.0 == 0).map(|(_, update)| update.offset()).collect();
    assert_eq!(to_it[..4], [1, 2, 3, 4]);
    assert_eq!(to_it[4..], [missed + 1], "then its own unfencing");
    for other in [1, 2] {
        assert_eq!(told.iter().filter(|(to, _)| to.0 == other).count(), 1, "the others: the unfencing");
    }
}

/// A decision that does not show in the heartbeats within the metadata fetch timeout of 2 s is told again.
#[test]
fn a_lost_update_is_told_again() {
    let mut world = World::warm();
    world.at(100).alter(&proposal(0, 0, 0, &[0, 1])).expect("accepted");
    assert_eq!(world.told().len(), 3);
    world.at(1_000).heartbeat_of(1, 0, 0);
    assert_eq!(world.told(), [], "it may still be on its way");
    world.at(2_100).heartbeat_of(1, 0, 0);
    assert_eq!(world.told().len(), 1);
    world.at(4_100).heartbeat_of(1, 0, 1);
    world.at(6_100).heartbeat_of(1, 0, 1);
    assert_eq!(world.told(), []);
}

/// `broker.md R24`: the checks of an ISR proposal in their order, the first that fails counts.
#[test]
fn r24_proposals_are_checked_in_order() {
    let mut world = World::warm();
    let mut check = |change: &dyn Fn(&mut AlterPartitionRequest), error| {
        let mut request = proposal(0, 0, 0, &[0, 1]);
        change(&mut request);
        assert_eq!(world.alter(&request), Err(error));
        assert_eq!(world.partition(0).partition_epoch, 0);
    };
    check(
        &|r| {
            r.broker_epoch = 5;
            r.tp = tp(9);
        },
        ErrorCode::StaleBrokerEpoch,
    );
    check(&|r| r.tp = tp(9), ErrorCode::UnknownTopicOrPartition);
    check(
        &|r| {
            r.leader_epoch = 1;
            r.broker = BrokerId(1);
        },
        ErrorCode::NotController,
    );
    check(&|r| r.partition_epoch = 1, ErrorCode::NotController);
    check(
        &|r| {
            r.leader_epoch = -1;
            r.broker = BrokerId(1);
        },
        ErrorCode::FencedLeaderEpoch,
    );
    check(
        &|r| {
            r.broker = BrokerId(1);
            r.partition_epoch = -1;
        },
        ErrorCode::InvalidRequest,
    );
    check(
        &|r| {
            r.partition_epoch = -1;
            r.isr = vec![(BrokerId(7), -1)];
        },
        ErrorCode::InvalidUpdateVersion,
    );
    check(&|r| r.isr = vec![(BrokerId(0), -1), (BrokerId(7), -1)], ErrorCode::InvalidRequest);
    check(&|r| r.isr = vec![(BrokerId(1), -1)], ErrorCode::InvalidRequest);
    check(&|r| r.isr = vec![(BrokerId(0), -1), (BrokerId(1), 4)], ErrorCode::IneligibleReplica);
}

/// `broker.md R24`, 0.1: a fenced broker may not join an ISR from 3.3 on (KIP-841), one of another broker epoch not from
/// 3.5 on (KIP-903).
#[test]
fn r24_eligibility_depends_on_the_release() {
    let join = |release, member| {
        let mut world = World::of(release);
        world.lose(2, 9_500);
        let state = world.partition(0);
        let mut request = proposal(0, state.leader_epoch, state.partition_epoch, &[0, 1]);
        request.isr.push(member);
        world.alter(&request)
    };
    let fenced = (BrokerId(2), -1);
    assert!(join(Release::new(3, 2), fenced).is_ok());
    assert_eq!(join(Release::new(3, 3), fenced), Err(ErrorCode::IneligibleReplica));

    let rebooted = |release| {
        let mut world = World::of(release);
        let mut request = proposal(0, 0, 0, &[0, 1]);
        request.isr.push((BrokerId(2), 17));
        world.alter(&request)
    };
    assert!(rebooted(Release::new(3, 4)).is_ok());
    assert_eq!(rebooted(Release::new(3, 5)), Err(ErrorCode::IneligibleReplica));
}

/// `broker.md R27`: success moves the partition epoch; R23: the answer is the new state, and every broker is told.
#[test]
fn r27_an_accepted_proposal_is_a_new_partition_epoch() {
    let mut world = World::warm();
    let answer = world.alter(&proposal(0, 0, 0, &[0, 1])).expect("accepted");
    assert_eq!((answer.leader, answer.leader_epoch, answer.partition_epoch), (Some(BrokerId(0)), 0, 1));
    assert_eq!(answer.isr, ids(&[0, 1]));
    assert_eq!(world.told().len(), 3);
    world.alter(&proposal(0, 0, 1, &[0, 1, 2])).expect("accepted");
    assert_eq!(world.kinds(), [EventKind::IsrShrunk, EventKind::IsrExpanded]);
    let same = world.alter(&proposal(0, 0, 2, &[0, 1, 2])).expect("accepted");
    assert_eq!(same.partition_epoch, 2, "what is so already changes nothing");
}

/// `broker.md R27`, 0.1: before 3.6 a shrink alone is a new leader epoch too.
#[test]
fn r27_a_shrink_bumps_the_leader_epoch_before_3_6() {
    let mut world = World::of(Release::new(3, 5));
    let answer = world.alter(&proposal(0, 0, 0, &[0, 1])).expect("accepted");
    assert_eq!((answer.leader_epoch, answer.partition_epoch), (1, 1));
    assert_eq!(world.kinds(), [EventKind::IsrShrunk], "the leader has not changed");
}

/// `broker.md F9`: the sweep moves every leader whose preferred replica is back in the ISR, and comes every 300 s.
#[test]
fn f9_the_imbalance_sweep_restores_preferred_leaders() {
    let mut world = World::warm();
    world.elect(0, Some(2)).expect("moved");
    world.elect(1, Some(2)).expect("moved");
    let shrink = proposal_of(&world, 1, &[0, 2]);
    world.at(100).alter(&shrink).expect("accepted");
    let first = world.next_timer(ControllerTimer::LeaderImbalance);
    assert!(first < Time::from_millis(300_000));
    assert_eq!(world.partition(0).leader, Some(BrokerId(0)));
    assert_eq!(world.partition(1).leader, Some(BrokerId(2)), "its preferred replica is out of the ISR");
    assert_eq!(world.next_timer(ControllerTimer::LeaderImbalance), first + Span::from_millis(300_000));
    let by = world.events().iter().rev().find_map(|(_, event)| match event {
        Event::LeaderChanged { by, .. } => Some(*by),
        _ => None,
    });
    assert_eq!(by, Some("preferred"));
}

/// `broker.md F9`: no sweep without `auto.leader.rebalance.enable`.
#[test]
fn f9_the_imbalance_sweep_can_be_off() {
    let world = World::configured(Release::NEWEST, |config| config.auto_leader_rebalance = false);
    assert!(world.timers().iter().all(|(_, timer)| *timer != ControllerTimer::LeaderImbalance));
}

/// Elect: at once, to a live member of the ISR; else nothing happens and the answer says why. `broker.md F10`: it does
/// not look at log ends.
#[test]
fn an_election_needs_a_live_member_of_the_isr() {
    let mut world = World::warm();
    assert_eq!(world.elect(0, Some(0)), Err(AdminError::ElectionNotNeeded(BrokerId(0))));
    assert_eq!(world.elect(0, None), Err(AdminError::ElectionNotNeeded(BrokerId(0))));
    assert_eq!(world.elect(9, None), Err(AdminError::UnknownPartition));
    assert_eq!(world.elect(0, Some(2)), Ok(()));
    let state = world.partition(0);
    assert_eq!((state.leader, state.leader_epoch, state.isr.len()), (Some(BrokerId(2)), 1, 3));
    let events = world.events();
    assert!(matches!(events.last(), Some((_, Event::LeaderChanged { by: "forced", .. }))));

    world.lose(0, 9_500);
    assert_eq!(world.elect(0, Some(0)), Err(AdminError::NotInSync(BrokerId(0))));
    assert_eq!(world.elect(0, None), Err(AdminError::NotInSync(BrokerId(0))));
    assert_eq!(world.partition(0).leader, Some(BrokerId(2)));

    let alone = proposal_of(&world, 0, &[2]);
    world.alter(&alone).expect("accepted");
    world.lose(2, 19_500);
    assert_eq!(world.elect(0, Some(2)), Err(AdminError::NotActive(BrokerId(2))));
}

/// AddPartitions: the pattern goes on, the ISR has the replicas that live, the first of them leads.
#[test]
fn added_partitions_continue_the_assignment() {
    let mut world = World::warm();
    world.lose(0, 9_500);
    world.told();
    let add = |world: &mut World, topic, to| world.admin(&Admin::AddPartitions { topic: TopicIx(topic), to });
    assert_eq!(add(&mut world, 0, 3), Err(AdminError::NotMorePartitions { has: 3, asked: 3 }));
    assert_eq!(add(&mut world, 5, 3), Err(AdminError::UnknownTopic));
    assert_eq!(add(&mut world, 0, 5), Ok(()));
    assert_eq!(world.controller.partition_count(TopicIx(0)), 5);
    let state = world.partition(3);
    assert_eq!((&*state.replicas, &*state.isr), (&ids(&[0, 1, 2])[..], &ids(&[1, 2])[..]));
    assert_eq!((state.leader, state.leader_epoch, state.partition_epoch), (Some(BrokerId(1)), 0, 0));
    assert_eq!(*world.partition(4).replicas, ids(&[1, 2, 0]));
    assert_eq!(world.told().len(), 4, "two partitions, two live brokers");
}

/// A cold cluster: a topic comes into being when all its brokers are unfenced, the first replica of each partition
/// leading, the ISR full.
#[test]
fn a_cold_cluster_creates_its_topics_once_all_brokers_are_there() {
    let mut world = World::cold();
    for broker in 0..3 {
        assert_eq!(world.controller.partition_count(TopicIx(0)), 0, "before broker {broker}");
        let epoch = world.register(broker, 0).broker_epoch;
        let applied = world.controller.offset;
        world.heartbeat_of(broker, epoch, applied);
    }
    assert_eq!(world.controller.partition_count(TopicIx(0)), 3);
    let state = world.partition(1);
    assert_eq!((state.leader, state.leader_epoch, &*state.isr), (Some(BrokerId(1)), 0, &ids(&[1, 2, 0])[..]));
}

/// A proposal of the partition's leader as things stand.
fn proposal_of(world: &World, partition: u32, isr: &[u32]) -> AlterPartitionRequest {
    let state = world.partition(partition);
    let mut request = proposal(partition, state.leader_epoch, state.partition_epoch, isr);
    request.broker = state.leader.expect("led");
    request
}
