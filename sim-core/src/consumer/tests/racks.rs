//! `broker.md C5`: a consumer that the leader sends to a follower (KIP-392).

use super::fixture::{World, batch, empty, error, hint};
use crate::config::Release;
use crate::protocol::{Arrival, ClientAction, ErrorCode, FetchPartition, FetchedPartition, Request};
use crate::record::BrokerId;

fn sent_to(replica: u32) -> impl Fn(&FetchPartition) -> FetchedPartition {
    move |asked| FetchedPartition { preferred_read_replica: Some(BrokerId(replica)), ..empty(asked) }
}

/// A consumer of one partition, led by broker 0, that reads from broker 2.
fn reading_from_2() -> World {
    let mut world = World::with(1, |config| config.client_rack = "b".into());
    world.answer(0, sent_to(2));
    assert_eq!(world.done_without_clearing(), ["fetch 2 0@10/5"]);
    world
}

/// `broker.md C5`: it reads from the replica that the leader names, on and on.
#[test]
fn c5_it_reads_where_it_is_sent() {
    let mut world = reading_from_2();
    world.answer(2, |asked| batch(asked, 10, 4));
    assert_eq!(world.done(), ["fetch 2 0@14/5"]);
    assert_eq!(world.consumer.reads()[0].broker, BrokerId(2));
}

/// KIP-392: its fetches carry `client.rack`, empty if there is none, from 2.4 on.
#[test]
fn c5_fetches_name_the_rack_from_2_4_on() {
    let rack = |release, rack: fn(&mut crate::config::ConsumerConfig)| {
        let mut world = World::with(1, rack);
        if release != Release::NEWEST {
            world = World::with(1, |config| config.release = Release::new(2, 3));
        }
        let actions = world.take();
        let [ClientAction::Write { request: Request::Fetch(fetch), .. }] = &actions[..] else {
            panic!("{actions:?}");
        };
        fetch.rack.as_deref().map(str::to_owned)
    };
    assert_eq!(rack(Release::NEWEST, |config| config.client_rack = "b".into()).as_deref(), Some("b"));
    assert_eq!(rack(Release::NEWEST, |_| {}).as_deref(), Some(""));
    assert_eq!(rack(Release::new(2, 3), |_| {}), None);
}

/// Kafka's `FetchCollector`: out of range at a follower is no reason to reset: the leader is asked.
#[test]
fn c5_out_of_range_at_a_follower_goes_back_to_the_leader() {
    let mut world = reading_from_2();
    world.answer(2, |asked| error(asked, ErrorCode::OffsetOutOfRange));
    assert_eq!(world.done_without_clearing(), ["fetch 0 0@10/5"]);
    world.answer(0, |asked| error(asked, ErrorCode::OffsetOutOfRange));
    assert_eq!(world.done(), ["offsets 0 0@-2/5"]);
}

/// `metadata.max.age.ms` limits how long the leader's word holds.
#[test]
fn c5_the_leader_is_asked_again_after_metadata_max_age() {
    let mut world = reading_from_2();
    for _ in 0..10 {
        let next = world.now_ms() + 29_900;
        world.at(next).answer(2, empty);
    }
    world.at(300_000);
    assert!(world.done_without_clearing().contains(&"metadata 0".to_owned()));
    let fetch = world.fetch_at(2);
    world.answer_metadata(Some(0), 5);
    world.at(300_001).answer_to(2, fetch.0, &fetch.1, empty);
    assert_eq!(world.done(), ["fetch 0 0@10/5"]);
}

/// A lost connection, an error about leaders, a new leader: each sends it back to the leader.
#[test]
fn c5_trouble_sends_it_back_to_the_leader() {
    let mut lost = reading_from_2();
    lost.take();
    lost.arrive(2, Arrival::Closed);
    assert!(lost.done().contains(&"fetch 0 0@10/5".to_owned()));
    let mut wrong = reading_from_2();
    wrong.at(1_000).answer(2, |asked| error(asked, ErrorCode::NotLeaderOrFollower));
    wrong.answer_metadata(Some(0), 5);
    assert_eq!(wrong.done(), ["fetch 0 0@10/5"]);
    let mut moved = reading_from_2();
    moved.at(1_000).answer(2, |asked| hint(asked, 1, 6));
    assert!(moved.done().contains(&"fetch 1 0@10/6".to_owned()));
}
