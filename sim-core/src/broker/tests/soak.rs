//! Random stories: whatever happens in between, what `broker.md 10.1` says always holds, and once all is healed the
//! replicas agree (10.3).

use std::collections::BTreeMap;

use crate::broker::fixture::{Cluster, Setup, TP, TP1, batch_of, idempotent, produce};
use crate::broker::{Partition, Role};
use crate::chance::{Chance, Seeded, Stream};
use crate::protocol::{AlterPartitionRequest, AlterPartitionResponse, ErrorCode, Request, Response};
use crate::record::{BrokerId, RecordBatch, TopicPartition};

/// How many stories are told.
const SEEDS: u64 = 1_000;

/// What the controller knows of a partition, and what producers were promised.
struct Decisions {
    tp: TopicPartition,
    leader: u32,
    leader_epoch: i32,
    partition_epoch: i32,
    isr: Vec<u32>,
    /// Numbers of the batches that were acknowledged with acks=all, by offset.
    committed: BTreeMap<i64, u32>,
}

/// Two partitions on three brokers, with elections, cuts and zombies.
struct Story {
    cluster: Cluster,
    decisions: Vec<Decisions>,
    /// Parked requests: correlation, partition and number of the batch.
    parked: Vec<(u64, usize, u32)>,
    batches: u32,
    chance: Seeded,
    stream: Stream,
}

impl Story {
    fn new(seed: u64) -> Story {
        let mut chance = Seeded::new(seed);
        let stream = chance.stream(format_args!("story"));
        let mut setup = Setup { assignment: vec![vec![0, 1, 2]; 2], ..Setup::default() };
        setup.topic.min_insync_replicas = 2;
        setup.broker.replica_lag_time_max_ms = 3_000;
        setup.broker.replica_socket_timeout_ms = 2_000;
        let decisions = [TP, TP1].map(|tp| Decisions {
            tp,
            leader: 0,
            leader_epoch: 0,
            partition_epoch: 0,
            isr: vec![0, 1, 2],
            committed: BTreeMap::new(),
        });
        let (cluster, decisions) = (Cluster::new(setup), Vec::from(decisions));
        Story { cluster, decisions, parked: Vec::new(), batches: 0, chance, stream }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.chance.below(self.stream, n)
    }

    fn replica(&self, at: usize, of: usize) -> &Partition {
        self.cluster.brokers[at].partition(self.decisions[of].tp).expect("all brokers have both partitions")
    }

    fn log(&self, at: usize, of: usize) -> BTreeMap<i64, u32> {
        let batches = self.replica(at, of).log().batches();
        batches.map(|stored| (stored.base_offset, stored.batch.batch.number)).collect()
    }

    fn step(&mut self) {
        let of = self.below(2) as usize;
        match self.below(12) {
            0 => {
                let (a, b) = (self.below(3) as usize, self.below(3) as usize);
                if a != b {
                    self.cluster.cut(a, b);
                }
            }
            1 | 2 => self.cluster.heal(),
            3 => self.elect(of),
            4 => self.tell(of, &[2, 0, 1]),
            5 | 6 => {
                let millis = self.below(1_500) as i64;
                self.cluster.run(millis);
            }
            _ => self.produce(of),
        }
        self.answer_proposals();
        self.note_answers();
        self.check();
    }

    /// To whoever believes to lead: zombies too.
    fn produce(&mut self, of: usize) {
        let acks = if self.below(2) == 0 { 1 } else { -1 };
        let at = self.below(3) as usize;
        if self.replica(at, of).role() == Role::Leader {
            let number = self.batches;
            self.batches += 1;
            let records = 1 + self.below(3) as u32;
            let batch = RecordBatch { tp: self.decisions[of].tp, ..batch_of(number, records) };
            let correlation =
                self.cluster.send(at, 100 + u64::from(number), produce(acks, vec![batch]), None);
            if acks == -1 {
                self.parked.push((correlation, of, number));
            }
        }
    }

    /// A clean election: some member of the ISR leads; who hears of it at once is chance.
    fn elect(&mut self, of: usize) {
        let at = self.below(self.decisions[of].isr.len() as u64) as usize;
        let decisions = &mut self.decisions[of];
        decisions.leader = decisions.isr[at];
        decisions.leader_epoch += 1;
        decisions.partition_epoch += 1;
        for broker in 0..3 {
            if self.below(2) == 0 {
                self.tell(of, &[broker]);
            }
        }
    }

    fn tell(&mut self, of: usize, brokers: &[usize]) {
        let Decisions { tp, leader, leader_epoch, partition_epoch, isr, .. } = &self.decisions[of];
        self.cluster.decide_on(*tp, brokers, Some(*leader), (*leader_epoch, *partition_epoch), isr);
    }

    fn answer_proposals(&mut self) {
        while let Some(asked) = self.cluster.asked() {
            let Request::AlterPartition(request) = &asked.request else { continue };
            let decisions = &mut self.decisions[request.tp.partition as usize];
            let error = decisions.judge(request);
            let state = AlterPartitionResponse {
                tp: decisions.tp,
                error,
                leader: Some(BrokerId(decisions.leader)),
                leader_epoch: decisions.leader_epoch,
                partition_epoch: decisions.partition_epoch,
                isr: decisions.isr.iter().copied().map(BrokerId).collect(),
            };
            self.cluster.answer(&asked, Response::AlterPartition(state.into()));
        }
    }

    fn note_answers(&mut self) {
        let (cluster, decisions) = (&self.cluster, &mut self.decisions);
        self.parked.retain(|&(correlation, of, number)| {
            let Some(result) = cluster.result(correlation) else { return true };
            if result.error == ErrorCode::None {
                decisions[of].committed.insert(result.base_offset, number);
            }
            false
        });
    }

    fn check(&self) {
        for (of, decisions) in self.decisions.iter().enumerate() {
            for at in 0..3 {
                let replica = self.replica(at, of);
                let (mut next, mut epoch) = (replica.log().start_offset(), -1);
                for stored in replica.log().batches() {
                    assert!(stored.base_offset == next && stored.leader_epoch >= epoch, "V1");
                    (next, epoch) = (stored.next_offset(), stored.leader_epoch);
                }
                assert_eq!(next, replica.log().end_offset());
                assert!(replica.high_watermark() <= next, "V5");
            }
            // No unclean election, no disk lost: all of the ISR has what was acknowledged.
            for &member in &decisions.isr {
                let log = self.log(member as usize, of);
                for (offset, number) in &decisions.committed {
                    assert_eq!(
                        log.get(offset),
                        Some(number),
                        "V9, V15: {} at broker {member}",
                        decisions.tp.partition
                    );
                }
            }
        }
    }

    /// All is healed, everybody hears everything: the replicas come to agree, and all are in sync again.
    fn end(&mut self) {
        self.cluster.heal();
        for _ in 0..20 {
            self.tell(0, &[2, 0, 1]);
            self.tell(1, &[1, 2, 0]);
            self.cluster.run(1_000);
            self.answer_proposals();
        }
        self.note_answers();
        self.check();
        for of in 0..2 {
            let (tp, leader) = (self.decisions[of].tp, self.decisions[of].leader as usize);
            let last = RecordBatch { tp, ..batch_of(self.batches, 1) };
            let answered = self.cluster.send(leader, 50, produce(-1, vec![last]), None);
            self.cluster.run(1_000);
            assert_eq!(self.cluster.result(answered).map(|result| result.error), Some(ErrorCode::None));
            let (log, led) = (self.log(leader, of), self.replica(leader, of));
            for at in 0..3 {
                let replica = self.replica(at, of);
                assert_eq!(self.log(at, of), log, "V2");
                assert_eq!(replica.high_watermark(), led.log().end_offset());
                assert_eq!(replica.log().epochs(), led.log().epochs(), "V11");
            }
            let mut isr = self.decisions[of].isr.clone();
            isr.sort_unstable();
            assert_eq!(isr, [0, 1, 2]);
        }
    }
}

impl Decisions {
    /// `broker.md R24`.
    fn judge(&mut self, request: &AlterPartitionRequest) -> ErrorCode {
        if request.leader_epoch < self.leader_epoch {
            ErrorCode::FencedLeaderEpoch
        } else if request.partition_epoch < self.partition_epoch {
            ErrorCode::InvalidUpdateVersion
        } else {
            self.isr = request.isr.iter().map(|(broker, _)| broker.0).collect();
            self.partition_epoch += 1;
            ErrorCode::None
        }
    }
}

#[test]
fn whatever_happens_acknowledged_records_stay() {
    for seed in 0..SEEDS {
        let mut story = Story::new(seed);
        for _ in 0..80 {
            story.step();
        }
        story.end();
    }
}

/// `broker.md V12`: the producer state of every replica is that of its log, after truncations too.
#[test]
fn sequences_follow_the_log() {
    let mut cluster = Cluster::new(Setup::default());
    for round in 0..5u32 {
        let (leader, other) = (round as usize % 3, (round as usize + 1) % 3);
        let epochs = (round as i32 + 1, round as i32 + 1);
        cluster.decide(&[0, 1, 2], Some(leader as u32), epochs, &[0, 1, 2]);
        cluster.run(1_500);
        let next = cluster
            .replica(leader)
            .producers()
            .get(7)
            .map_or(0, |state| state.batches().last().map_or(0, |batch| batch.last_sequence + 1));
        cluster.produce(leader, 1, vec![idempotent(next, 2)]);
        cluster.cut(leader, other);
        cluster.cut(leader, 3 - leader - other);
        // Reaches nobody, and is cut off again by the next leader.
        cluster.produce(leader, 1, vec![idempotent(next + 2, 1)]);
        cluster.heal();
    }
    cluster.decide(&[2, 0, 1], Some(2), (9, 9), &[0, 1, 2]);
    cluster.run(40_000);
    for at in 0..3 {
        let replica = cluster.replica(at);
        let newest = replica.log().batches().last().map(|stored| stored.batch.last_sequence());
        let known = replica.producers().get(7).and_then(|state| state.batches().last());
        assert_eq!(known.map(|batch| batch.last_sequence), newest);
        assert_eq!(cluster.log(at), cluster.log(2));
    }
}
