//! `broker.md 8.1`: consumer fetches, and `broker.md 4.5`: metadata.

use std::sync::Arc;

use crate::broker::Reply;
use crate::broker::fixture::{Cluster, Setup, batch_of, topic_config};
use crate::config::TopicConfig;
use crate::protocol::{ErrorCode, MetadataRequest, Request, Response};
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
