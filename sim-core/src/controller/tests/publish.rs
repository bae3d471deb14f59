//! Who is told what, and when again (`broker.md F11`).

use super::fixture::{World, proposal};
use crate::record::BrokerId;

/// A broker that asks, because it stood still or a heartbeat of it failed, is told at once what has changed since it was last
/// in step; one that does not ask is not.
#[test]
fn who_fetches_anew_is_told_at_once() {
    let mut world = World::warm();
    world.at(100).alter(&proposal(0, 0, 0, &[0, 1])).expect("accepted");
    world.told();
    world.at(200).heartbeat_of(1, 0, 0);
    assert_eq!(world.told(), []);
    world.at(300).heartbeat_anew(1, 0, 0);
    let told: Vec<(BrokerId, u64)> =
        world.told().iter().map(|(broker, update)| (*broker, update.offset())).collect();
    assert_eq!(told, [(BrokerId(1), 1)]);
}

/// `broker.md F4`: a controller that comes back answers everybody's fetch from where that broker was.
#[test]
fn f4_a_controller_that_is_back_tells_each_broker_what_it_misses() {
    let mut world = World::warm();
    world.at(100).alter(&proposal(0, 0, 0, &[0, 1])).expect("accepted");
    world.at(200).heartbeat_of(0, 0, 1);
    world.told();
    world.at(500).restart();
    let told: Vec<(u32, u64)> =
        world.told().iter().map(|(broker, update)| (broker.0, update.offset())).collect();
    assert_eq!(told, [(1, 1), (2, 1)], "broker 0 had applied it");
}

/// A broker that stays behind without having been told anything lately is told after 2 s all the same: it fetches all the time.
#[test]
fn who_stays_behind_is_told_again_and_again() {
    let mut world = World::warm();
    world.at(100).alter(&proposal(0, 0, 0, &[0, 1])).expect("accepted");
    world.told();
    let mut told = Vec::new();
    for millis in (2_100..=12_100).step_by(1_000) {
        world.at(millis).heartbeat_of(1, 0, 0);
        told.push(world.told().len());
    }
    assert_eq!(told, [1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
}
