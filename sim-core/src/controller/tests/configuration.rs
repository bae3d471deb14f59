//! Settings that change at run time.

use super::fixture::World;
use crate::config::TopicConfig;
use crate::controller::{Admin, AdminError};
use crate::protocol::MetadataUpdate;
use crate::record::{BrokerId, TopicIx};
use crate::scenario::Acting;

fn min_isr(world: &World) -> u32 {
    world.controller.topic_config(TopicIx(0)).expect("known").min_insync_replicas
}

/// `broker.md F11`: new settings are a decision with a number, told to every broker; the controller itself goes by them at once.
#[test]
fn f11_new_settings_are_told_as_any_decision() {
    let mut world = World::warm();
    world.set_topic(7, |config| config.min_insync_replicas = 2);
    assert_eq!(min_isr(&world), 2);
    let told = world.told();
    let update = MetadataUpdate::Config { offset: 1, change: 7 };
    assert_eq!(told.iter().map(|(to, _)| to.0).collect::<Vec<_>>(), [0, 1, 2]);
    assert!(told.iter().all(|(_, told)| **told == update), "{told:?}");
}

/// `broker.md F11`: who has been out of contact is told of the last change of each topic and broker, after the roles (one fetch
/// brings all of it, and Kafka's `BrokerMetadataPublisher` applies topics before configurations).
#[test]
fn f11_who_missed_new_settings_is_told_of_the_last_ones() {
    let mut world = World::warm();
    world.lose(0, 9_500);
    world.set_topic(0, |config| config.min_insync_replicas = 2);
    world.set_topic(1, |config| config.min_insync_replicas = 3);
    assert!(world.told().iter().all(|(to, update)| to.0 != 0 || update.offset() == 0));
    world.at(10_000).elect(1, Some(2)).expect("in sync");
    world.told();
    world.at(15_000).heartbeat_of(0, 0, 0);
    let told = world.told();
    let to_it: Vec<_> = told.iter().filter(|(to, _)| to.0 == 0).map(|(_, update)| &**update).collect();
    let is_config = |update: &&MetadataUpdate| matches!(update, MetadataUpdate::Config { .. });
    assert_eq!(to_it.iter().filter(|update| is_config(update)).count(), 1, "the last one only");
    let at = to_it.iter().position(is_config).expect("told");
    assert!(matches!(to_it[at], MetadataUpdate::Config { change: 1, .. }));
    assert!(to_it[at - 1].offset() > to_it[at].offset(), "behind the election, which came later");
}

/// A broker's own settings change no partition.
#[test]
fn a_brokers_settings_are_told_too() {
    let mut world = World::warm();
    let config = crate::config::fixture::broker_config(crate::config::Release::NEWEST);
    let to = Acting::Broker(BrokerId(1), config);
    assert_eq!(world.admin(&Admin::SetConfig { change: 3, to }), Ok(()));
    assert_eq!(world.told().len(), 3);
    assert!(world.events().is_empty());
}

#[test]
fn a_topic_that_is_not_there_has_no_settings() {
    let mut world = World::warm();
    let config: TopicConfig = world.controller.topic_config(TopicIx(0)).expect("known").clone();
    let to = Acting::Topic(TopicIx(8), config);
    assert_eq!(world.admin(&Admin::SetConfig { change: 0, to }), Err(AdminError::UnknownTopic));
}
