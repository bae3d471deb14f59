//! `broker.md 3.2` to 3.4: follower fetches and the high watermark.

use crate::broker::fixture::{Cluster, Setup, TP, TP1, batch_of, broker_config, topic_config};
use crate::broker::{Partition, Role};
use crate::config::{BrokerConfig, Release, TopicConfig};
use crate::protocol::ErrorCode;
use crate::record::{BrokerId, RecordBatch};
use crate::trace::{Event, EventKind};

fn hw_events(cluster: &Cluster, of: u32) -> Vec<i64> {
    let own = |event: &Event| match event {
        Event::HwAdvanced { broker: BrokerId(broker), high_watermark, .. } if *broker == of => {
            Some(*high_watermark)
        }
        _ => None,
    };
    cluster.events(EventKind::HwAdvanced).iter().filter_map(own).collect()
}

/// `broker.md R4`, R8: an append wakes the parked fetches, followers append what the leader has.
#[test]
fn an_append_reaches_the_followers() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, 1, vec![batch_of(0, 2)]);
    cluster.produce(0, 1, vec![batch_of(1, 3)]);
    for at in 0..3 {
        assert_eq!(cluster.log(at), [0, 1]);
        assert_eq!(cluster.replica(at).log().epochs().starts(), [(0, 0)]);
    }
    assert_eq!(cluster.events(EventKind::Replicated).len(), 4);
}

/// `broker.md R4`, R9, R16: the high watermark rises when followers ask for what comes next; they learn it with their next
/// answer, here when the parked fetch has waited 500 ms.
#[test]
fn followers_learn_the_high_watermark_one_answer_later() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    assert_eq!(cluster.hws(), [1, 0, 0]);
    cluster.run(499);
    assert_eq!(cluster.hws(), [1, 0, 0], "a high watermark alone wakes no fetch");
    cluster.run(1);
    assert_eq!(cluster.hws(), [1, 1, 1]);
    assert_eq!(hw_events(&cluster, 1), [1]);

    cluster.produce(0, -1, vec![batch_of(1, 1)]);
    cluster.produce(0, -1, vec![batch_of(2, 1)]);
    assert_eq!(cluster.hws(), [3, 2, 2], "the next data carries it");
}

/// `broker.md R11`: the slowest member of the ISR decides.
#[test]
fn the_slowest_member_holds_the_high_watermark() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    assert_eq!((cluster.ends(), cluster.hws()[0]), (vec![1, 1, 0], 0));
    cluster.decide(&[0], Some(0), (0, 1), &[0, 1]);
    assert_eq!(cluster.hws()[0], 0, "R12: a caught-up replica outside the ISR still counts");
    cluster.run(30_001);
    cluster.produce(0, 1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.hws()[0], 2);
}

/// `broker.md R11`, C6, table 0.1: since 3.7 the high watermark stands still under `min.insync.replicas`; before, it moved.
#[test]
fn strict_min_isr_since_3_7() {
    let hw = |release| {
        let topic = TopicConfig { min_insync_replicas: 2, ..topic_config() };
        let broker = BrokerConfig { release, ..broker_config() };
        let mut cluster = Cluster::new(Setup { topic, broker, ..Setup::default() });
        cluster.decide(&[0], Some(0), (0, 1), &[0]);
        cluster.produce(0, 1, vec![batch_of(0, 1)]);
        cluster.hws()[0]
    };
    assert_eq!((hw(Release::new(3, 7)), hw(Release::new(3, 6))), (0, 1));
}

/// `broker.md R13`, R14: a new leader's high watermark stays where it knew it until its ISR has fetched in its epoch.
#[test]
fn a_new_leader_waits_for_its_isr() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.cut(1, 2);
    cluster.decide(&[0, 1, 2], Some(1), (1, 1), &[0, 1, 2]);
    cluster.run(100);
    assert_eq!(cluster.hws()[1], 0, "lower than what the old leader had shown");
    cluster.heal();
    cluster.run(31_000);
    assert_eq!(cluster.hws()[1], 1);
    assert_eq!(hw_events(&cluster, 1), [1]);
}

/// `broker.md R13`: the same leader in the next epoch keeps what it knows of its followers, unless an epoch in between may
/// have been another's.
#[test]
fn a_leader_that_stays_keeps_what_it_knows() {
    let hw = |leader_epoch| {
        let mut cluster = Cluster::new(Setup::default());
        cluster.produce(0, 1, vec![batch_of(0, 1)]);
        cluster.cut(0, 1);
        cluster.cut(0, 2);
        cluster.produce(0, 1, vec![batch_of(1, 1)]);
        cluster.decide(&[0], Some(0), (leader_epoch, 1), &[0, 1]);
        let progress =
            cluster.replica(0).leadership().and_then(|leadership| leadership.follower(BrokerId(1)));
        progress.map(|progress| progress.end_offset)
    };
    assert_eq!((hw(1), hw(2)), (Some(1), Some(-1)));
}

/// `broker.md R15`: a follower's high watermark follows the leader's, downwards too.
#[test]
fn a_followers_high_watermark_can_go_back() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.cut(1, 2);
    cluster.decide(&[1, 0, 2], Some(1), (1, 1), &[0, 1, 2]);
    assert_eq!(cluster.hws()[0], 1);
    cluster.run(600);
    assert_eq!(cluster.hws()[0], 1, "nothing new to tell");
    cluster.produce(1, 1, vec![batch_of(1, 1)]);
    assert_eq!(cluster.hws()[..2], [0, 0]);
}

/// `broker.md R1`: a replica that is added while a fetch is out has to wait for its answer.
#[test]
fn one_fetch_at_a_time_covers_all_partitions() {
    let mut cluster = Cluster::new(Setup { brokers: 2, assignment: vec![vec![0, 1]; 2], ..Setup::default() });
    let other = RecordBatch { tp: TP1, ..batch_of(1, 1) };
    cluster.produce(0, -1, vec![batch_of(0, 1), other]);
    let replicated = cluster.events(EventKind::Replicated);
    assert_eq!(replicated.len(), 2);
    assert_eq!(cluster.brokers[0].next_correlation, 0, "the leader of all has nothing to fetch");
    assert_eq!(cluster.brokers[1].next_correlation, 2, "one fetch brought both, one acknowledges them");
}

/// `broker.md R2`: the soft limit of the whole answer; what did not fit comes with the next one, first in line.
#[test]
fn answers_are_limited() {
    let broker = BrokerConfig { replica_fetch_response_max_bytes: 150, ..broker_config() };
    let mut cluster =
        Cluster::new(Setup { brokers: 2, assignment: vec![vec![0, 1]; 2], broker, ..Setup::default() });
    let other = RecordBatch { tp: TP1, ..batch_of(1, 1) };
    cluster.produce(0, -1, vec![batch_of(0, 2), other]);
    assert_eq!(cluster.ends()[1], 2, "one batch always comes, however large");
    assert_eq!(cluster.brokers[1].next_correlation, 3, "the other partition's came with a second fetch");
    assert_eq!(cluster.brokers[1].partition(TP1).map(|replica| replica.log().end_offset()), Some(1));
}

/// `broker.md R5`: a broken connection delays all partitions of the fetcher for `replica.fetch.backoff.ms`.
#[test]
fn a_failed_fetch_backs_off() {
    let mut cluster = Cluster::new(Setup::default());
    let out =
        cluster.brokers[1].fetchers[0].outstanding.map(|out| out.correlation).expect("a fetch is parked");
    cluster.input(1, |broker, cx| broker.no_answer(cx, out, crate::trace::Seq::OUTSIDE));
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    cluster.run(999);
    assert_eq!(cluster.ends()[1], 0);
    cluster.run(1);
    assert_eq!(cluster.ends()[1], 1);
}

/// `broker.md R5`: silence ends after `replica.socket.timeout.ms`, then the back-off.
#[test]
fn a_silent_leader_is_given_up() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.cut(0, 1);
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    cluster.heal();
    cluster.run(30_999);
    assert_eq!(cluster.ends(), [1, 0, 1]);
    cluster.run(1);
    assert_eq!(cluster.ends(), [1, 1, 1]);
}

/// `broker.md F12a`, R6: a follower that applies the move first gets UNKNOWN_LEADER_EPOCH and sits out the back-off.
#[test]
fn an_early_follower_sits_out_the_back_off() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.decide(&[2], Some(1), (1, 1), &[0, 1, 2]);
    cluster.decide(&[0, 1], Some(1), (1, 1), &[0, 1, 2]);
    let request = cluster.produce(1, -1, vec![batch_of(0, 1)]);
    cluster.run(999);
    assert_eq!((cluster.ends(), cluster.result(request)), (vec![1, 1, 0], None));
    cluster.run(1);
    assert_eq!(cluster.result(request).map(|result| result.error), Some(ErrorCode::None));
    assert_eq!(cluster.brokers[1].partition(TP).map(Partition::role), Some(Role::Leader));
}

/// `broker.md R6`: a follower behind its leader is fenced, and waits for metadata rather than for a back-off.
#[test]
fn a_late_follower_waits_for_metadata() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.decide(&[0, 1], Some(0), (1, 1), &[0, 1, 2]);
    let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.run(10_000);
    assert_eq!((cluster.ends(), cluster.result(request)), (vec![1, 1, 0], None));
    cluster.decide(&[2], Some(0), (1, 1), &[0, 1, 2]);
    assert_eq!(cluster.ends(), [1, 1, 1]);
    assert!(cluster.result(request).is_some());
}

/// `broker.md 3.7`: followers in a newer epoch give an old leader nothing to count.
#[test]
fn an_old_leader_is_left_alone() {
    let mut cluster = Cluster::new(Setup::default());
    cluster.decide(&[1, 2], Some(1), (1, 1), &[1, 2]);
    let request = cluster.produce(0, -1, vec![batch_of(0, 1)]);
    cluster.run(1_000);
    assert_eq!((cluster.ends(), cluster.hws()), (vec![1, 0, 0], vec![0, 0, 0]));
    assert_eq!(cluster.result(request), None);
}

/// `broker.md 3.7`, KIP-903: a fetch with an old broker epoch does not count.
#[test]
fn a_rebooted_followers_old_fetch_does_not_count() {
    let hw = |release| {
        let mut cluster =
            Cluster::new(Setup { broker: BrokerConfig { release, ..broker_config() }, ..Setup::default() });
        cluster.decide_broker(&[0], 2, 5, false);
        cluster.produce(0, 1, vec![batch_of(0, 1)]);
        cluster.hws()[0]
    };
    assert_eq!((hw(Release::new(3, 5)), hw(Release::new(3, 4))), (0, 1));
}

/// KIP-320, `broker.md 0.1`: from 2.1 on a follower's fetch names the leader epoch, and one of another epoch does not count; before
/// that whatever is fetched does, and is answered.
#[test]
fn before_2_1_a_fetch_of_another_epoch_counts() {
    for (release, counts) in [((2, 0), true), ((1, 1), true), ((2, 1), false)] {
        let broker = BrokerConfig { release: Release::new(release.0, release.1), ..broker_config() };
        let mut cluster = Cluster::new(Setup { broker, ..Setup::default() });
        cluster.produce(0, 1, vec![batch_of(0, 1)]);
        // The followers have not heard of the leader's next epoch.
        cluster.decide(&[0], Some(0), (1, 1), &[0, 1, 2]);
        cluster.produce(0, 1, vec![batch_of(1, 1)]);
        assert_eq!(cluster.hws()[0], if counts { 2 } else { 1 }, "{release:?}");
        assert_eq!(cluster.ends()[1..], if counts { [2, 2] } else { [1, 1] }, "{release:?}");
    }
}

/// `broker.md T1`: before 2.0 logs may part with their batches cut differently. A batch that begins below the follower's log end
/// cannot be appended: the follower gives the partition up.
#[test]
fn a_batch_below_the_log_end_is_not_appended() {
    let broker = BrokerConfig { release: Release::new(1, 1), ..broker_config() };
    let mut cluster = Cluster::new(Setup { broker, ..Setup::default() });
    cluster.cut(0, 1);
    cluster.cut(0, 2);
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    cluster.decide(&[1, 2], Some(1), (1, 1), &[1, 2]);
    cluster.produce(1, 1, vec![batch_of(1, 2)]);
    // The log of broker 0 has no epoch that broker 1 could find the end of, so it keeps its record.
    cluster.brokers[0].partitions[0].log.epochs_mut().clear();
    cluster.decide(&[0], Some(1), (1, 1), &[1, 2]);
    cluster.heal();
    cluster.run(40_000);
    assert_eq!((cluster.log(0), cluster.ends()[0]), (vec![0], 1));
}

/// `broker.md R35`: an ISR change alone restarts no fetch.
#[test]
fn only_a_new_epoch_restarts_the_fetch() {
    let mut cluster = Cluster::new(Setup::default());
    let before = cluster.brokers[1].next_correlation;
    cluster.decide(&[0, 1, 2], Some(0), (0, 1), &[0, 1]);
    assert_eq!(cluster.brokers[1].next_correlation, before);
    assert!(cluster.events(EventKind::RoleChanged).is_empty());
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    assert_eq!(cluster.ends(), [1, 1, 1]);
}

/// A follower that moves to another leader leaves the old one's session: what is appended there does not reach it.
#[test]
fn a_partition_that_moves_leaves_the_session() {
    let mut cluster = Cluster::new(Setup { assignment: vec![vec![0, 1, 2]; 2], ..Setup::default() });
    cluster.decide(&[1, 2], Some(1), (1, 1), &[1, 2]);
    cluster.run(600);
    cluster.produce(0, 1, vec![batch_of(0, 1)]);
    let other = RecordBatch { tp: TP1, ..batch_of(1, 1) };
    let request = cluster.produce(0, -1, vec![other]);
    cluster.run(600);
    assert_eq!(cluster.ends(), [1, 0, 0]);
    assert!(cluster.result(request).is_some(), "the other partition is replicated as before");
}

/// Idle partitions cost nothing: a fetch names only what has changed.
#[test]
fn idle_partitions_are_not_in_a_fetch() {
    let mut cluster =
        Cluster::new(Setup { brokers: 2, assignment: vec![vec![0, 1]; 50], ..Setup::default() });
    cluster.run(600);
    cluster.produce(0, -1, vec![batch_of(0, 1)]);
    assert_eq!(cluster.ends()[1], 1);
    let session = cluster.brokers[0].sessions[1].as_ref().expect("broker 1 fetches");
    assert!(session.active.is_empty() && session.parked.is_some());
}
