//! The consumer held against `broker.md` 8.1 and `producer.md` 4.4 to 4.6 and 4.11, with hand-fed answers.

mod fixture;
mod positions;
mod racks;

use crate::config::{OffsetReset, Release};
use crate::protocol::{Arrival, ErrorCode, FetchedPartition};
use crate::record::{BrokerId, ProducerIx, RecordId};
use crate::trace::{Event, Unobserved};
use fixture::{ARRIVAL, World, batch, empty, error, hint, known, tp};

/// `scenario-format.md`: one fetch at each leader, for all its partitions, with what KIP-320 wants of a consumer.
#[test]
fn one_fetch_goes_to_each_leader() {
    let mut world = World::reading(4);
    assert_eq!(world.done(), ["fetch 0 0@10/5 3@10/5", "fetch 1 1@10/5", "fetch 2 2@10/5"]);
}

/// `broker.md C1`, C2: it reads what the leader gives, and asks on at once, whether there was anything or not.
#[test]
fn it_fetches_without_pause() {
    let mut world = World::reading(1);
    world.at(3).answer(0, |asked| batch(asked, 10, 4));
    assert_eq!(world.done(), ["fetch 0 0@14/5"]);
    let mut world = World::reading(1);
    world.at(503).answer(0, empty);
    assert_eq!(world.done(), ["fetch 0 0@10/5"]);
}

/// `consumed`: one event a record, in offset order, each caused by the answer.
#[test]
fn every_record_is_consumed_in_order() {
    let mut world = World::reading(1);
    world.answer(0, |asked| batch(asked, 10, 3));
    let consumed: Vec<_> = world
        .events()
        .iter()
        .map(|(stamp, event)| match event {
            Event::Consumed { broker, offset, record, .. } => (stamp.cause, broker.0, *offset, record.index),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(consumed, [(ARRIVAL, 0, 10, 10), (ARRIVAL, 0, 11, 11), (ARRIVAL, 0, 12, 12)]);
}

/// What was read is kept by batch, and can be listed record by record.
#[test]
fn reads_can_be_listed() {
    let mut world = World::reading(2);
    world.at(7).answer_to_both();
    let reads = world.consumer.reads();
    assert_eq!(reads.len(), 2);
    assert_eq!((reads[0].tp(), reads[0].broker, reads[0].time.millis()), (tp(0), BrokerId(0), 7));
    let names: Vec<_> = reads[1].records().collect();
    let name = |index| RecordId { producer: ProducerIx(0), index };
    assert_eq!(names, [(10, name(10), None), (11, name(11), None)]);
}

/// An unobserved run counts the same events.
#[test]
fn nobody_looking_changes_no_number() {
    let mut seen = World::reading(1);
    let mut unseen = World::observed(Unobserved, 1, |_| {});
    seen.answer(0, |asked| batch(asked, 10, 50));
    unseen.answer(0, |asked| batch(asked, 10, 50));
    assert_eq!((seen.event_count(), unseen.event_count()), (50, 50));
    assert_eq!(seen.consumer.reads(), unseen.consumer.reads());
}

/// Whole batches come back: what lies before the position has been read, or was skipped, and is passed over.
#[test]
fn a_batch_that_begins_before_the_position_is_read_from_there() {
    let mut world = World::with(1, |config| config.auto_offset_reset = OffsetReset::Latest);
    world.answer(0, |asked| batch(asked, 18, 5));
    let offsets: Vec<i64> = world.consumer.reads()[0].records().map(|(offset, ..)| offset).collect();
    assert_eq!(offsets, [20, 21, 22]);
    assert_eq!(world.event_count(), 3);
    assert_eq!(world.done(), ["fetch 0 0@23/5"]);
}

/// `broker.md R2`, C3: limits are soft, so who had data last goes to the end of the next fetch.
#[test]
fn a_partition_with_data_goes_to_the_end_of_the_line() {
    let mut world = World::reading(7);
    world.answer(0, |asked| if asked.tp.partition == 0 { batch(asked, 10, 1) } else { empty(asked) });
    assert_eq!(world.done(), ["fetch 0 3@10/5 6@10/5 0@11/5"]);
}

/// `broker.md C8`: `latest` skips what is there at the start, `earliest` replays it, `none` reads nothing.
#[test]
fn c8_positions_at_the_start() {
    let position = |reset: fixture::Change| World::with(1, reset).position(0);
    assert_eq!(position(|config| config.auto_offset_reset = OffsetReset::Earliest), Some(10));
    assert_eq!(position(|config| config.auto_offset_reset = OffsetReset::Latest), Some(20));
    assert_eq!(position(|config| config.auto_offset_reset = OffsetReset::None), None);
}

/// `broker.md C8`: with `none` there is no position, and nothing is fetched.
#[test]
fn c8_without_a_reset_nothing_is_read() {
    let mut world = World::with(1, |config| config.auto_offset_reset = OffsetReset::None);
    assert_eq!((world.position(0), world.done()), (None, vec![]));
    assert!(world.consumer.partitions()[0].stopped.is_some());
}

/// `broker.md C9`: lag is the high watermark less the position, over all partitions.
#[test]
fn c9_lag() {
    let mut world = World::reading(2);
    assert_eq!(world.consumer.lag(), 20);
    world.answer(0, |asked| FetchedPartition { high_watermark: 26, ..batch(asked, 10, 4) });
    assert_eq!(world.consumer.lag(), 12 + 10);
}

/// NOT_LEADER_OR_FOLLOWER asks for metadata; the partition waits for it, and goes on at the new leader.
#[test]
fn a_wrong_leader_is_looked_up() {
    let mut world = World::reading(1);
    world.at(1_000).answer(0, |asked| error(asked, ErrorCode::NotLeaderOrFollower));
    assert_eq!(world.done_without_clearing(), ["metadata 0"]);
    world.at(1_002).answer_metadata(Some(1), 6);
    assert_eq!(world.done(), ["fetch 1 0@10/6"]);
    assert_eq!(world.learned(), [(Some(1), ARRIVAL)]);
}

/// `producer.md 4.11`: the next request waits out the back-off since the last answer, longer each time that nothing
/// newer came: 100, 200, 400, 800, 1000 ms.
#[test]
fn lookups_that_bring_nothing_new_become_rarer() {
    let mut world = World::reading(1);
    let mut times = Vec::new();
    let mut now = 1_000;
    world.at(now);
    for _ in 0..6 {
        world.answer(0, |asked| error(asked, ErrorCode::NotLeaderOrFollower));
        while world.done_without_clearing().is_empty() {
            now += 1;
            world.at(now);
        }
        times.push(now);
        world.answer_metadata(Some(0), 5);
    }
    let waits: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert_eq!((times[0], waits), (1_000, vec![100, 200, 400, 800, 1_000]));
}

/// `producer.md 4.11`: what an answer says of an older epoch is ignored.
#[test]
fn an_older_epoch_is_no_news() {
    let mut world = World::reading(1);
    world.at(1_000).answer(0, |asked| error(asked, ErrorCode::FencedLeaderEpoch));
    world.answer_metadata(Some(2), 4);
    assert_eq!((world.done(), world.learned()), (vec!["fetch 0 0@10/5".to_owned()], vec![]));
}

/// Without a leader nothing is fetched; metadata is asked for again and again.
#[test]
fn a_partition_without_leader_waits_for_one() {
    let mut world = World::reading(1);
    world.at(1_000).answer(0, |asked| error(asked, ErrorCode::NotLeaderOrFollower));
    world.answer_metadata(None, 6);
    assert_eq!(world.at(1_099).done(), Vec::<String>::new());
    assert_eq!(world.at(1_100).done_without_clearing(), ["metadata 0"]);
    world.answer_metadata(Some(1), 7);
    assert_eq!(world.done(), ["fetch 1 0@10/7"]);
}

/// 0.1, KIP-951: from 3.7 on an error that names the new leader saves the round trip.
#[test]
fn a_hint_is_followed_from_3_7_on() {
    let follow = |change: fixture::Change| {
        let mut world = World::with(1, change);
        world.at(1_000).answer(0, |asked| hint(asked, 2, 6));
        world.done()
    };
    assert_eq!(follow(|config| config.release = Release::new(3, 7)), ["metadata 0", "fetch 2 0@10/6"]);
    assert_eq!(follow(|config| config.release = Release::new(3, 6)), ["metadata 0"]);
}

/// 0.1, KIP-320: before 2.1 a consumer names no leader epoch.
#[test]
fn leader_epochs_travel_from_2_1_on() {
    let mut world = World::with(1, |config| config.release = Release::new(2, 0));
    assert_eq!(world.done(), ["fetch 0 0@10/-1"]);
}

/// `broker.md 3.7`: UNKNOWN_LEADER_EPOCH is the leader's own delay: the consumer asks again, no metadata.
#[test]
fn a_leader_that_is_behind_is_asked_again() {
    let mut world = World::reading(1);
    world.at(1_000);
    for wait in [100, 200, 400] {
        let before = world.now_ms();
        world.answer(0, |asked| error(asked, ErrorCode::UnknownLeaderEpoch));
        assert_eq!(world.at(before + wait - 1).done_without_clearing(), Vec::<String>::new());
        assert_eq!(world.at(before + wait).done_without_clearing(), ["fetch 0 0@10/5"]);
    }
}

/// `producer.md 4.4`: after a disconnect 50, 100, 200, 400, 800, 1000 ms before each attempt; a connection that opens
/// begins anew.
#[test]
fn a_lost_connection_is_tried_again_with_back_off() {
    let mut world = World::reading(1);
    world.at(1_000).take();
    world.arrive(0, Arrival::Closed);
    assert_eq!(world.done_without_clearing(), ["metadata 1"], "any disconnect asks for metadata");
    world.answer_metadata(Some(0), 5);
    let mut waits = Vec::new();
    for _ in 0..7 {
        let before = world.now_ms();
        waits.push(world.wait_for("connect 0") - before);
        world.arrive(0, Arrival::Refused);
        if world.done_without_clearing().contains(&"metadata 1".to_owned()) {
            world.answer_metadata(Some(0), 5);
        }
    }
    assert_eq!(waits, [50, 100, 200, 400, 800, 1_000, 1_000]);
    world.wait_for("connect 0");
    world.take();
    world.arrive(0, Arrival::Opened);
    assert!(world.done().contains(&"fetch 0 0@10/5".to_owned()));
    world.arrive(0, Arrival::Closed);
    let before = world.now_ms();
    assert_eq!(world.wait_for("connect 0") - before, 50);
}

/// `producer.md 4.6`: a request without answer closes its connection after `request.timeout.ms`; a late answer counts for
/// nothing.
#[test]
fn silence_closes_the_connection() {
    let mut world = World::reading(1);
    let (correlation, asked) = world.fetch_at(0);
    world.take();
    assert_eq!(world.at(29_999).done(), Vec::<String>::new());
    assert_eq!(world.at(30_000).done(), ["close 0 request-timeout", "metadata 1"]);
    world.answer_to(0, correlation, &asked, |asked| batch(asked, 10, 1));
    assert_eq!((world.position(0), world.consumer.reads().len()), (Some(10), 0));
}

/// `socket.connection.setup.timeout.ms` is the consumer's own; before 2.7 (KIP-601) there was none.
#[test]
fn connection_set_up_timeouts_are_the_consumers_own() {
    let given_up = |change: fixture::Change| {
        let mut world = World::with(1, change);
        world.at(1_000).take();
        world.arrive(0, Arrival::Closed);
        world.answer_metadata(Some(0), 5);
        let began = world.wait_for("connect 0");
        world.at(began + 60_000).done().contains(&"close 0 client".to_owned())
    };
    assert!(given_up(|_| {}));
    assert!(!given_up(|config| config.connection_setup_timeout_ms = None));
    assert!(!given_up(|config| {
        config.connection_setup_timeout_ms = Some(70_000);
        config.connection_setup_timeout_max_ms = 70_000;
    }));
}

/// `producer.md 4.4`: an attempt to connect into silence is given up after 10 s, the next one after 20 s.
#[test]
fn a_connection_that_does_not_come_is_given_up() {
    let mut world = World::reading(1);
    world.at(1_000).take();
    world.arrive(0, Arrival::Closed);
    world.answer_metadata(Some(0), 5);
    let began = world.wait_for("connect 0");
    // One failure counts already: the connection that was lost.
    assert_eq!(world.wait_for("close 0 client") - began, 20_000);
    let began = world.wait_for("connect 0");
    assert_eq!(world.wait_for("close 0 client") - began, 30_000, "the maximum");
}

/// `metadata.max.age.ms`: metadata is renewed every 300 s even if nothing happens.
#[test]
fn old_metadata_is_renewed() {
    let mut world = World::reading(1);
    for _ in 0..10 {
        let next = world.now_ms() + 29_900;
        world.at(next).answer(0, empty);
    }
    world.take();
    assert_eq!(world.at(299_999).done(), Vec::<String>::new());
    // Broker 0 has a fetch out: one that has nothing out is preferred.
    assert_eq!(world.at(300_000).done(), ["metadata 1"]);
}

/// Kafka's FetchCollector: what comes for a position that has moved since is dropped.
#[test]
fn an_answer_for_an_old_position_is_dropped() {
    let mut world = World::reading(1);
    let (correlation, asked) = world.fetch_at(0);
    world.at(1_000).arrive(2, Arrival::Closed);
    world.answer_metadata(Some(1), 6);
    world.answer(1, |asked| batch(asked, 10, 5));
    world.answer_to(0, correlation, &asked, |asked| batch(asked, 10, 5));
    assert_eq!((world.position(0), world.consumer.reads().len()), (Some(15), 1));
}

/// Partitions that are added while it reads join from where `auto.offset.reset` puts them.
#[test]
fn partitions_can_be_added() {
    let mut world = World::reading(1);
    world.take();
    world.assign(&[known(1)]);
    assert_eq!(world.done(), ["fetch 1 1@10/5"]);
    assert_eq!(world.consumer.positions().collect::<Vec<_>>(), [(tp(0), 10), (tp(1), 10)]);
}
