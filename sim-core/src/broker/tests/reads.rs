//! `broker.md 8.1`: consumer fetches, and `broker.md 4.5`: metadata.

use std::sync::Arc;

use crate::broker::Reply;
use crate::broker::fixture::{Cluster, Setup, TP, batch_of, broker_config, topic_config};
use crate::config::{BrokerConfig, Release, TopicConfig};
use crate::protocol::{ErrorCode, ListOffsetsRequest, MetadataRequest, OffsetToList, Request, Response};
use crate::record::{BrokerId, TopicIx};

fn error(cluster: &Cluster, fetch: u64) -> Option<ErrorCode> {
    cluster.fetched(fetch).map(|response| response.partitions[0].error)
}

fn read(cluster: &Cluster, fetch: u64) -> Option<Vec<u32>> {
    let response = cluster.fetched(fetch)?;
    Some(response.partitions[0].batches.iter().map(|stored| stored.batch.batch.number).collect())
}

/// `broker.md C1`, R19: consumers see what is below the high watermark, at the moment when acks=all is answered.
#[test]
fn consumers_read_up_to_the_high_watermark() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![batch_of(1, 1)]);
    let fetch = cluster.consume(0, 0, 0);
    assert_eq!(read(&cluster, fetch), Some(vec![0]));
}

/// `broker.md C2`: nothing to read is no error; the fetch is parked and woken by the high watermark.
#[test]
fn a_parked_fetch_wakes_with_the_high_watermark() {
    let mut cluster = Cluster::new(Setup::default());
    let fetch = cluster.consume(0, 0, 0);
    assert_eq!(read(&cluster, fetch), None);
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    assert_eq!(read(&cluster, fetch), Some(vec![0]));
}

/// `broker.md C2`: `fetch.max.wait.ms`.
#[test]
fn a_parked_fetch_ends_empty() {
    let mut cluster = Cluster::new(Setup::default());
    let fetch = cluster.consume(0, 0, 0);
    cluster.run(499);
    assert_eq!(read(&cluster, fetch), None);
    cluster.run(1);
    assert_eq!(read(&cluster, fetch), Some(vec![]));
    assert_eq!(cluster.fetched(fetch).map(|response| response.has_data), Some(false));
}

/// `broker.md C2`: beyond the log's end, or before its start.
#[test]
fn offsets_must_be_in_the_log() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 1);
    cluster.produce(0, 1, vec![batch_of(0, 2)]);
    let beyond = cluster.consume(0, 3, 0);
    assert_eq!(error(&cluster, beyond), Some(ErrorCode::OffsetOutOfRange));
    let uncommitted = cluster.consume(0, 2, 0);
    assert_eq!(error(&cluster, uncommitted), None, "between high watermark and log end: parked");
}

/// `broker.md 3.3` step 1, 3.7: the leader epochs of both sides must agree.
#[test]
fn leader_epochs_must_agree() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.decide(&[0, 1, 2], Some(0), (4, 1), &[0, 1, 2]);
    let cases = [
        (0, 3, ErrorCode::FencedLeaderEpoch),
        (0, 5, ErrorCode::UnknownLeaderEpoch),
        (1, 4, ErrorCode::NotLeaderOrFollower),
    ];
    for (broker, epoch, expected) in cases {
        let fetch = cluster.consume(broker, 0, epoch);
        assert_eq!(error(&cluster, fetch), Some(expected), "epoch {epoch} at broker {broker}");
    }
}

/// `broker.md F12`: whoever waits at a leader that is one no more is told so.
#[test]
fn a_demoted_leader_wakes_its_consumers() {
    let mut cluster = Cluster::new(Setup::default());
    let fetch = cluster.consume(0, 0, 0);
    cluster.decide(&[0], Some(1), (1, 1), &[1, 2]);
    assert_eq!(error(&cluster, fetch), Some(ErrorCode::FencedLeaderEpoch));
    let hint = cluster.fetched(fetch).and_then(|response| response.partitions[0].leader_hint);
    assert_eq!(hint.map(|hint| hint.leader), Some(BrokerId(1)));
}

/// `broker.md C6`: under min ISR acks=1 data stays invisible.
#[test]
fn consumers_stall_under_min_isr() {
    let topic = TopicConfig { min_insync_replicas: 2, ..topic_config() };
    let mut cluster = Cluster::new(Setup { topic, ..Setup::default() });
    cluster.decide(&[0], Some(0), (0, 1), &[0]);
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    let fetch = cluster.consume(0, 0, 0);
    cluster.run(500);
    assert_eq!(read(&cluster, fetch), Some(vec![]));
}

fn leader_named_by(cluster: &mut Cluster, broker: usize) -> Option<BrokerId> {
    let request = Request::Metadata(MetadataRequest { topics: Arc::new([TopicIx(0)]) });
    let asked = cluster.send(broker, 1, request, None);
    match cluster.reply_to(asked) {
        Some(Reply::Answer(Response::Metadata(answer))) => answer.topics[0].partitions[0].leader,
        other => panic!("metadata was answered with {other:?}"),
    }
}

/// `broker.md F15`, F13: each broker answers from its own view.
#[test]
fn a_stale_broker_names_a_stale_leader() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.decide(&[1, 2], Some(1), (1, 1), &[1, 2]);
    assert_eq!(leader_named_by(&mut cluster, 0), Some(BrokerId(0)));
    assert_eq!(leader_named_by(&mut cluster, 2), Some(BrokerId(1)));
}

fn listed(cluster: &mut Cluster, broker: usize, leader_epoch: i32, timestamp: i64) -> Result<i64, ErrorCode> {
    let asked = OffsetToList { tp: TP, current_leader_epoch: leader_epoch, timestamp };
    let request = ListOffsetsRequest { follower: false, partitions: Arc::new([asked]) };
    let asked = cluster.send(broker, 1, Request::ListOffsets(Arc::new(request)), None);
    match cluster.reply_to(asked) {
        Some(Reply::Answer(Response::ListOffsets(answer))) => match answer.partitions[0].error {
            ErrorCode::None => Ok(answer.partitions[0].offset),
            error => Err(error),
        },
        other => panic!("answered with {other:?}"),
    }
}

/// `broker.md C1`, 3.7: the latest offset is the high watermark, the earliest the log's start; only the leader says them.
#[test]
fn offsets_are_listed_by_the_leader() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 2)]);
    cluster.cut(0, 1);
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![batch_of(1, 2)]);
    assert_eq!(listed(&mut cluster, 0, 0, OffsetToList::LATEST), Ok(2));
    assert_eq!(listed(&mut cluster, 0, 0, OffsetToList::EARLIEST), Ok(0));
    assert_eq!(listed(&mut cluster, 0, 1, OffsetToList::LATEST), Err(ErrorCode::UnknownLeaderEpoch));
    assert_eq!(listed(&mut cluster, 1, 0, OffsetToList::LATEST), Err(ErrorCode::NotLeaderOrFollower));
}

/// `broker.md C4`, R13: a new leader whose high watermark is below the start of its epoch does not know the latest offset
/// until its followers have fetched; before 2.2 (KIP-207) it said what it knew.
#[test]
fn c4_a_new_leader_does_not_know_the_latest_offset() {
    let behind = |release| {
        let broker = BrokerConfig { release, ..broker_config() };
        let mut cluster = Cluster::new(Setup { broker, ..Setup::default() });
        cluster.produce(0, -1, vec![batch_of(0, 2)]);
        cluster.cut(1, 2);
        cluster.decide(&[1], Some(1), (1, 1), &[1, 2]);
        assert_eq!((cluster.hws()[1], cluster.ends()[1]), (0, 2));
        cluster
    };
    let mut cluster = behind(Release::NEWEST);
    assert_eq!(listed(&mut cluster, 1, 1, OffsetToList::LATEST), Err(ErrorCode::OffsetNotAvailable));
    assert_eq!(listed(&mut cluster, 1, 1, OffsetToList::EARLIEST), Ok(0));
    let fetch = cluster.consume(1, 0, 1);
    assert_eq!(error(&cluster, fetch), None, "a fetch is just empty");
    cluster.heal();
    cluster.decide(&[2], Some(1), (1, 1), &[1, 2]);
    cluster.run(1_000);
    assert_eq!(listed(&mut cluster, 1, 1, OffsetToList::LATEST), Ok(2));
    let mut old = behind(Release::new(2, 1));
    assert_eq!(listed(&mut old, 1, 1, OffsetToList::LATEST), Ok(0));
}
