//! `broker.md C5`: reads from followers (KIP-392).

use crate::broker::fixture::{Cluster, Setup, batch_of, broker_config};
use crate::config::BrokerConfig;
use crate::protocol::{ErrorCode, FetchedPartition};
use crate::record::BrokerId;

/// Four brokers in racks a, b, b, c; broker 0 leads, brokers 1 to 3 follow.
fn cluster(rack_aware_reads: bool) -> Cluster {
    let broker = BrokerConfig { rack_aware_reads, ..broker_config() };
    let racks = ["a", "b", "b", "c"].map(str::to_owned).to_vec();
    Cluster::new(Setup { brokers: 4, assignment: vec![vec![0, 1, 2, 3]], broker, racks, ..Setup::default() })
}

/// The answer to a consumer's fetch, if there is one yet.
fn read(cluster: &mut Cluster, rack: &str, from: usize, offset: i64) -> Option<FetchedPartition> {
    let fetch = cluster.consume_in(Some(rack), from, offset, 0);
    Some(cluster.fetched(fetch)?.partitions[0].clone())
}

fn sent_to(cluster: &mut Cluster, rack: &str, offset: i64) -> Option<BrokerId> {
    read(cluster, rack, 0, offset)?.preferred_read_replica
}

/// `broker.md C5`: only with `replica.selector.class`, and only a consumer that names another rack than the leader's, is sent
/// to a follower there. That answer has no records, and comes at once.
#[test]
fn c5_a_leader_names_a_replica_in_the_consumers_rack() {
    let mut cluster = cluster(true);
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    assert_eq!(sent_to(&mut cluster, "c", 0), Some(BrokerId(3)));
    assert_eq!(sent_to(&mut cluster, "a", 0), None, "the leader is there");
    assert_eq!(sent_to(&mut cluster, "d", 0), None, "nobody is there");
    assert_eq!(sent_to(&mut cluster, "", 0), None, "it is nowhere");
    let answer = read(&mut cluster, "c", 0, 0).expect("at once");
    assert_eq!((answer.error, answer.batches.len(), answer.high_watermark), (ErrorCode::None, 0, 1));
    assert_eq!(
        read(&mut cluster, "c", 0, 1).map(|answer| answer.preferred_read_replica),
        Some(Some(BrokerId(3)))
    );
    let mut plain = self::cluster(false);
    plain.produce(0, -1, vec![batch_of(0, 1)]);
    let answer = read(&mut plain, "c", 0, 0).expect("there is a record");
    assert_eq!((answer.preferred_read_replica, answer.batches.len()), (None, 1));
}

/// Kafka's `ReplicaView.comparator`: of several in the rack the one that has most, then the one caught up last, then the
/// highest id.
#[test]
fn c5_the_replica_that_has_most_is_named() {
    let mut cluster = cluster(true);
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    assert_eq!(sent_to(&mut cluster, "b", 0), Some(BrokerId(2)));
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![batch_of(1, 1)]);
    assert_eq!(sent_to(&mut cluster, "b", 0), Some(BrokerId(1)));
}

/// `broker.md C5`: a member of the ISR that is not fenced and has the offset.
#[test]
fn c5_who_may_not_serve_is_not_named() {
    let mut cluster = cluster(true);
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.cut(0, 3);
    cluster.produce(0, 1, vec![batch_of(1, 1)]);
    assert_eq!(sent_to(&mut cluster, "c", 1), Some(BrokerId(3)));
    assert_eq!(sent_to(&mut cluster, "c", 2), None, "broker 3 has not asked for it yet");
    cluster.decide_broker(&[0], 3, 0, true);
    assert_eq!(sent_to(&mut cluster, "c", 0), None);
    cluster.decide_broker(&[0], 3, 0, false);
    cluster.decide(&[0], Some(0), (0, 1), &[0, 1, 2]);
    assert_eq!(sent_to(&mut cluster, "c", 0), None);
}

/// `broker.md C5`, R16: a follower gives what it knows to be committed, later than the leader; a fetch that waits there wakes
/// with its high watermark.
#[test]
fn c5_the_followers_high_watermark_lags() {
    let mut cluster = cluster(true);
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    assert_eq!((cluster.hws()[0], cluster.hws()[3], cluster.ends()[3]), (1, 0, 1));
    let fetch = cluster.consume_in(Some("c"), 3, 0, 0);
    assert!(cluster.fetched(fetch).is_none(), "in the log and not known to be committed: no error, nothing");
    cluster.run(499);
    assert!(cluster.fetched(fetch).is_none());
    cluster.run(1);
    let answer = cluster.fetched(fetch).expect("the follower has learned the high watermark");
    assert_eq!((answer.partitions[0].batches.len(), answer.partitions[0].high_watermark), (1, 1));
}

/// `broker.md C5`, 3.7: a follower checks range and leader epoch as a leader does; before 2.4 it served nobody.
#[test]
fn c5_followers_check_what_leaders_check() {
    let mut cluster = cluster(true);
    let beyond = read(&mut cluster, "c", 3, 5).expect("an error");
    assert_eq!(beyond.error, ErrorCode::OffsetOutOfRange);
    let newer = cluster.consume_in(Some("c"), 3, 0, 1);
    assert_eq!(
        cluster.fetched(newer).map(|answer| answer.partitions[0].error),
        Some(ErrorCode::UnknownLeaderEpoch)
    );
    let old = cluster.consume(3, 0, 0);
    assert_eq!(
        cluster.fetched(old).map(|answer| answer.partitions[0].error),
        Some(ErrorCode::NotLeaderOrFollower)
    );
}
