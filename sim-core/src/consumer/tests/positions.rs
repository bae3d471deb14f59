//! `broker.md C4`, C7, C8: where a consumer reads on.

use super::fixture::{Change, World, batch, empty, error, hint, known};
use crate::config::{OffsetReset, Release};
use crate::consumer::KnownPartition;
use crate::protocol::{Arrival, ErrorCode, FetchedPartition};

const LATEST: Change = |config| config.auto_offset_reset = OffsetReset::Latest;

/// A consumer that has read up to offset 24 in epoch 5, and learns from a fetch that broker 1 leads epoch 6.
fn moved(change: Change) -> World {
    let mut world = World::with(1, change);
    world.answer(0, |asked| batch(asked, 20, 4));
    world.at(1_000).answer(0, |asked| hint(asked, 1, 6));
    world
}

/// `broker.md C2`, C8: a position out of range is looked for anew, as `auto.offset.reset` says, by ListOffsets.
#[test]
fn c8_a_position_out_of_range_is_reset() {
    let reset = |change: Change, offset: i64| {
        let mut world = World::with(1, change);
        world.answer(0, |asked| error(asked, ErrorCode::OffsetOutOfRange));
        assert_eq!(world.position(0), None);
        let asked = world.done_without_clearing();
        world.answer_position(0, Ok((-1, offset)));
        (asked, world.done())
    };
    let strings = |words: [&str; 1]| words.map(str::to_owned).to_vec();
    assert_eq!(reset(|_| {}, 15), (strings(["offsets 0 0@-2/5"]), strings(["fetch 0 0@15/5"])));
    assert_eq!(reset(LATEST, 30), (strings(["offsets 0 0@-1/5"]), strings(["fetch 0 0@30/5"])));
}

/// `broker.md C4`: OFFSET_NOT_AVAILABLE is retriable: metadata, and the same question after `retry.backoff.ms`.
#[test]
fn c4_a_latest_offset_that_is_not_available_is_asked_for_again() {
    let mut world = World::with(1, LATEST);
    world.at(1_000).answer(0, |asked| error(asked, ErrorCode::OffsetOutOfRange));
    world.answer_position(0, Err(ErrorCode::OffsetNotAvailable));
    assert_eq!(world.done_without_clearing(), ["metadata 0"]);
    world.answer_metadata(Some(0), 5);
    assert_eq!(world.at(1_099).done(), Vec::<String>::new());
    assert_eq!(world.at(1_100).done_without_clearing(), ["offsets 0 0@-1/5"]);
    world.answer_position(0, Ok((-1, 20)));
    assert_eq!((world.position(0), world.done()), (Some(20), vec!["fetch 0 0@20/5".to_owned()]));
}

/// `broker.md C4`: a consumer that starts while the leader does not know how far its log may be read asks it.
#[test]
fn c4_a_start_at_a_leader_that_does_not_know() {
    let mut world = World::with(1, LATEST);
    world.take();
    world.assign(&[KnownPartition { latest: None, ..known(1) }]);
    assert_eq!(world.done_without_clearing(), ["offsets 1 1@-1/5"]);
    world.answer_position(1, Ok((-1, 21)));
    assert_eq!(world.done(), ["fetch 1 1@21/5"]);
}

/// `broker.md C4`: a new leader whose high watermark is still below the position gives nothing; the consumer waits.
#[test]
fn c4_a_lower_high_watermark_is_no_reason_to_go_back() {
    let mut world = World::with(1, LATEST);
    world.answer(0, |asked| FetchedPartition { high_watermark: 17, ..empty(asked) });
    assert_eq!(world.done(), ["fetch 0 0@20/5"]);
    assert_eq!(world.consumer.lag(), 0);
}

/// `broker.md C7`: once the leader has changed, the consumer asks where the epoch of the last record read ends there, before it
/// fetches. If that is before the position it goes on there, whatever its reset policy.
#[test]
fn c7_a_shorter_log_is_read_from_where_it_parts() {
    let mut world = moved(LATEST);
    assert_eq!(world.done_without_clearing(), ["metadata 0", "epochs 1 0@5/6"]);
    assert_eq!(world.position(0), Some(24));
    world.answer_position(1, Ok((5, 22)));
    assert_eq!((world.position(0), world.done()), (Some(22), vec!["fetch 1 0@22/6".to_owned()]));
}

/// `broker.md C7`: a log that holds everything is checked once in an epoch.
#[test]
fn c7_a_log_that_is_whole_is_checked_once() {
    let mut world = moved(|_| {});
    world.answer_position(1, Ok((5, 24)));
    assert_eq!(world.done_without_clearing(), ["fetch 1 0@24/6"]);
    world.answer(1, empty);
    assert_eq!(world.done(), ["fetch 1 0@24/6"]);
}

/// `broker.md C7`: without a reset policy the truncation is an error: the consumer stops.
#[test]
fn c7_without_a_reset_a_shorter_log_stops_the_consumer() {
    let mut world = moved(|_| {});
    world.set_reset(OffsetReset::None);
    world.answer_position(1, Ok((5, 22)));
    assert_eq!((world.position(0), world.done()), (None, vec![]));
    assert!(world.consumer.partitions()[0].stopped.is_some());
}

/// `broker.md C7`: an epoch that the leader does not know at all: normal reset.
#[test]
fn c7_an_undefined_epoch_is_a_reset() {
    let mut world = moved(|_| {});
    world.answer_position(1, Ok((-1, -1)));
    assert_eq!(world.done_without_clearing(), ["offsets 1 0@-2/6"]);
    world.answer_position(1, Ok((-1, 10)));
    assert_eq!(world.done(), ["fetch 1 0@10/6"]);
}

/// `broker.md C7`: an error is asked about again after `retry.backoff.ms`, with new metadata; nothing is fetched meanwhile.
#[test]
fn c7_an_error_is_asked_about_again() {
    let mut world = moved(|_| {});
    world.answer_position(1, Err(ErrorCode::UnknownLeaderEpoch));
    assert_eq!(world.at(1_099).done(), Vec::<String>::new());
    assert_eq!(world.at(1_100).done(), ["epochs 1 0@5/6"]);
}

/// `broker.md C7`: a connection that is lost takes the question with it.
#[test]
fn c7_a_lost_question_is_asked_again() {
    let mut world = moved(|_| {});
    world.take();
    world.arrive(1, Arrival::Closed);
    assert_eq!(world.wait_for("connect 1"), 1_100);
    world.take();
    world.arrive(1, Arrival::Opened);
    assert_eq!(world.done(), ["epochs 1 0@5/6"]);
}

/// `broker.md C7`, KIP-320: consumers check from 2.3 on; without a record read there is nothing to check.
#[test]
fn c7_not_everybody_checks() {
    let mut old = moved(|config| config.release = Release::new(2, 2));
    assert_eq!(old.done_without_clearing(), ["metadata 0"], "no hint is followed before 3.7");
    old.answer_metadata(Some(1), 6);
    assert_eq!(old.done(), ["fetch 1 0@24/6"]);
    let mut fresh = World::with(1, LATEST);
    fresh.at(1_000).answer(0, |asked| hint(asked, 1, 6));
    assert_eq!(fresh.done(), ["metadata 0", "fetch 1 0@20/6"]);
}
