//! How brokers leave in order, are fenced by hand, and how the controller itself comes back.

use super::fixture::{World, ids, proposal};
use crate::controller::{Admin, ControllerTimer};
use crate::protocol::{ErrorCode, MetadataUpdate};
use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::{Event, EventKind};

/// `broker.md F14`, 4.2: the first heartbeat moves the leaders and takes the broker out of every ISR; it may end once every
/// active broker has applied that, which their heartbeats say; then it is fenced at once.
#[test]
fn f14_a_broker_leaves_once_everybody_knows_of_the_move() {
    let mut world = World::warm();
    let answer = world.at(100).heartbeat_leaving(0, 0, 0);
    assert!(!answer.may_shut_down && !answer.fenced);
    let state = world.partition(0);
    assert_eq!((state.leader, state.leader_epoch, &*state.isr), (Some(BrokerId(1)), 1, &ids(&[1, 2])[..]));
    assert!(!world.partition(1).isr.contains(&BrokerId(0)));
    let moved = world.last_offset();
    world.at(150);
    assert!(!world.heartbeat_leaving(0, 0, moved).may_shut_down, "nobody has said that it knows");
    world.heartbeat_of(1, 0, moved);
    assert!(!world.heartbeat_leaving(0, 0, moved).may_shut_down, "broker 2 has not");
    world.heartbeat_of(2, 0, moved - 1);
    assert!(!world.heartbeat_leaving(0, 0, moved).may_shut_down, "broker 2 has not got the last of it");
    world.heartbeat_of(2, 0, moved);
    let answer = world.heartbeat_leaving(0, 0, moved);
    assert!(answer.may_shut_down && answer.fenced && world.is_fenced(0));
    let by = world.events().iter().find_map(|(_, event)| match event {
        Event::LeaderChanged { by, .. } => Some(*by),
        _ => None,
    });
    assert_eq!(by, Some("shutdown"));
    world.at(9_200).sweep();
    let fencings = world.events().iter().filter(|(_, event)| event.kind() == EventKind::BrokerFenced);
    assert_eq!(fencings.count(), 3, "broker 0 once, then the silent ones");
}

/// `broker.md F14`: a broker that leads nothing may end at once.
#[test]
fn f14_a_broker_without_leaderships_leaves_at_once() {
    let mut world = World::warm();
    world.elect(2, Some(0)).expect("moved");
    let answer = world.at(100).heartbeat_leaving(2, 0, 0);
    assert!(answer.may_shut_down && world.is_fenced(2));
    assert_eq!(&*world.partition(0).isr, ids(&[0, 1]));
}

/// Brokers that do not count hold nobody up: fenced ones, and others that leave.
#[test]
fn f14_only_active_brokers_have_to_know() {
    let mut world = World::warm();
    world.lose(2, 9_500);
    world.heartbeat_leaving(0, 0, 0);
    let moved = world.last_offset();
    world.heartbeat_of(1, 0, moved);
    assert!(world.heartbeat_leaving(0, 0, moved).may_shut_down);
    assert!(!world.heartbeat_leaving(1, 0, moved).may_shut_down, "it has led until now");
    let state = world.partition(0);
    assert_eq!((state.leader, &*state.isr), (None, &ids(&[1])[..]), "R26: the last member stays");
    assert!(world.heartbeat_leaving(1, 0, moved).may_shut_down, "nobody is left");
}

/// `broker.md R21`, R24: who leaves may not join an ISR from 3.3 on, and all brokers are told that it leaves.
#[test]
fn r24_a_broker_that_leaves_joins_no_isr() {
    let mut world = World::warm();
    world.heartbeat_leaving(0, 0, 0);
    let told = world.told();
    let leaving = told.iter().filter(|(_, update)| {
        matches!(**update, MetadataUpdate::Broker { shutting_down: true, fenced: false, .. })
    });
    assert_eq!(leaving.count(), 3);
    let mut back = proposal(1, 0, 1, &[0, 1, 2]);
    back.leader_epoch = world.partition(1).leader_epoch;
    assert_eq!(world.alter(&back), Err(ErrorCode::IneligibleReplica));
}

/// `broker.md F5`: who has ended in order is not refused when it comes back, nor is one whose successor comes while it is
/// leaving; F18: the old broker epoch proves that it was orderly.
#[test]
fn f5_an_orderly_end_makes_way_at_once() {
    let mut world = World::warm();
    world.elect(2, Some(0)).expect("moved");
    assert!(world.at(100).heartbeat_leaving(2, 0, 0).may_shut_down);
    let answer = world.at(300).register_after(2, 1, 0);
    assert_eq!((answer.error, answer.fenced), (ErrorCode::None, true));
    let registered = world.events().iter().rev().find_map(|(_, event)| match event {
        Event::BrokerRegistered { clean, .. } => Some(*clean),
        _ => None,
    });
    assert_eq!(registered, Some(true));

    let mut world = World::warm();
    world.at(100).heartbeat_leaving(0, 0, 0);
    assert_eq!(world.at(300).register(0, 1).error, ErrorCode::None);
}

/// `fence`: whatever its heartbeats say; its session goes on. `unfence`: it is back at once.
#[test]
fn a_broker_can_be_fenced_by_hand() {
    let mut world = World::warm();
    world.at(100).admin(&Admin::Fence(BrokerId(0))).expect("fenced");
    assert_eq!(world.partition(0).leader, Some(BrokerId(1)));
    world.at(2_000).heartbeat(0);
    assert!(world.is_fenced(0));
    world.at(4_000).admin(&Admin::Unfence { broker: BrokerId(0), up: true }).expect("unfenced");
    assert!(!world.is_fenced(0));
    for other in [1, 2] {
        world.at(12_900).heartbeat(other);
    }
    world.at(12_999).sweep();
    assert!(!world.is_fenced(0), "its session began anew at 4 s");
    world.at(13_000).sweep();
    assert!(world.is_fenced(0));
}

/// `unfence` of a broker whose process is gone waits for its heartbeats.
#[test]
fn a_dead_broker_is_not_unfenced_by_hand() {
    let mut world = World::warm();
    world.at(100).admin(&Admin::Fence(BrokerId(0))).expect("fenced");
    world.admin(&Admin::Unfence { broker: BrokerId(0), up: false }).expect("let go");
    assert!(world.is_fenced(0));
    world.at(200).heartbeat(0);
    assert!(!world.is_fenced(0));
}

/// `broker.md F4`: a controller that comes back counts every session from now; who was fenced stays so.
#[test]
fn f4_sessions_begin_anew_with_the_controller() {
    let mut world = World::warm();
    world.lose(2, 9_500);
    world.at(30_000).restart();
    let sweeps = |world: &World| {
        let due = |(at, timer): &&(Time, ControllerTimer)| {
            *timer == ControllerTimer::SessionSweep && *at > Time::from_millis(30_000)
        };
        world.timers().iter().find(due).map(|&(at, _)| at)
    };
    assert_eq!(sweeps(&world), Some(Time::from_millis(30_000) + Span::from_millis(1_125)));
    world.at(38_999).sweep();
    assert!(!world.is_fenced(0) && !world.is_fenced(1) && world.is_fenced(2));
    world.at(39_000).sweep();
    assert!(world.is_fenced(0) && world.is_fenced(1));
}
