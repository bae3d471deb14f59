//! Random stories: whatever happens in between, what `broker.md 10.1` says always holds, and once all is healed the
//! replicas agree (10.3).

use std::collections::BTreeMap;

use crate::broker::Role;
use crate::broker::fixture::{Cluster, Setup, TP, batch_of, idempotent};
use crate::chance::{Chance, Seeded, Stream};
use crate::protocol::{AlterPartitionRequest, AlterPartitionResponse, ErrorCode, Request, Response};
use crate::record::BrokerId;

/// The controller's side of the story: one partition, no elections but those that a test wants.
struct Decisions {
    leader: u32,
    leader_epoch: i32,
    partition_epoch: i32,
    isr: Vec<u32>,
    /// Numbers of batches that were acknowledged with acks=all, by offset.
    committed: BTreeMap<i64, u32>,
}

struct Story {
    cluster: Cluster,
    decisions: Decisions,
    /// Parked requests: correlation and number of the batch.
    parked: Vec<(u64, u32)>,
    batches: u32,
    chance: Seeded,
    stream: Stream,
}

impl Story {
    fn new(seed: u64) -> Story {
        let mut chance = Seeded::new(seed);
        let stream = chance.stream("story");
        let mut setup = Setup::default();
        setup.topic.min_insync_replicas = 2;
        setup.broker.replica_lag_time_max_ms = 3_000;
        setup.broker.replica_socket_timeout_ms = 2_000;
        let decisions = Decisions {
            leader: 0,
            leader_epoch: 0,
            partition_epoch: 0,
            isr: vec![0, 1, 2],
            committed: BTreeMap::new(),
        };
        Story { cluster: Cluster::new(setup), decisions, parked: Vec::new(), batches: 0, chance, stream }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.chance.below(self.stream, n)
    }

    fn one_of_three(&mut self) -> usize {
        self.below(3) as usize
    }

    fn step(&mut self) {
        match self.below(12) {
            0 => {
                let (a, b) = (self.one_of_three(), self.one_of_three());
                if a != b {
                    self.cluster.cut(a, b);
                }
            }
            1 | 2 => self.cluster.heal(),
            3 => self.elect(),
            4 => self.tell_everybody(),
            5 | 6 => {
                let millis = self.below(1_500) as i64;
                self.cluster.run(millis);
            }
            _ => self.produce(),
        }
        self.answer_proposals();
        self.note_answers();
        self.check();
    }

    fn produce(&mut self) {
        let acks = if self.below(2) == 0 { 1 } else { -1 };
        // To whoever believes to lead: zombies too.
        let at = self.one_of_three();
        if self.cluster.replica(at).role() == Role::Leader {
            let number = self.batches;
            self.batches += 1;
            let records = 1 + self.below(3) as u32;
            let connection = 100 + u64::from(number);
            let request = crate::broker::fixture::produce(acks, vec![batch_of(number, records)]);
            let correlation = self.cluster.send(at, connection, request, None);
            if acks == -1 {
                self.parked.push((correlation, number));
            }
        }
    }

    /// A clean election: another member of the ISR leads; who hears of it at once is chance.
    fn elect(&mut self) {
        let at = self.below(self.decisions.isr.len() as u64) as usize;
        self.decisions.leader = self.decisions.isr[at];
        self.decisions.leader_epoch += 1;
        self.decisions.partition_epoch += 1;
        for broker in 0..3 {
            if self.below(2) == 0 {
                self.tell(&[broker]);
            }
        }
    }

    fn tell(&mut self, brokers: &[usize]) {
        let Decisions { leader, leader_epoch, partition_epoch, isr, .. } = &self.decisions;
        self.cluster.decide(brokers, Some(*leader), (*leader_epoch, *partition_epoch), isr);
    }

    fn tell_everybody(&mut self) {
        self.tell(&[2, 0, 1]);
    }

    fn answer_proposals(&mut self) {
        while let Some(asked) = self.cluster.asked() {
            let Request::AlterPartition(request) = &asked.request else { continue };
            let error = self.judge(request);
            let state = AlterPartitionResponse {
                tp: TP,
                error,
                leader: Some(BrokerId(self.decisions.leader)),
                leader_epoch: self.decisions.leader_epoch,
                partition_epoch: self.decisions.partition_epoch,
                isr: self.decisions.isr.iter().copied().map(BrokerId).collect(),
            };
            self.cluster.answer(&asked, Response::AlterPartition(state.into()));
        }
    }

    /// `broker.md R24`.
    fn judge(&mut self, request: &AlterPartitionRequest) -> ErrorCode {
        let decisions = &mut self.decisions;
        if request.leader_epoch < decisions.leader_epoch {
            ErrorCode::FencedLeaderEpoch
        } else if request.partition_epoch < decisions.partition_epoch {
            ErrorCode::InvalidUpdateVersion
        } else {
            decisions.isr = request.isr.iter().map(|(broker, _)| broker.0).collect();
            decisions.partition_epoch += 1;
            ErrorCode::None
        }
    }

    fn note_answers(&mut self) {
        let (cluster, committed) = (&self.cluster, &mut self.decisions.committed);
        self.parked.retain(|&(correlation, number)| {
            let Some(result) = cluster.result(correlation) else { return true };
            if result.error == ErrorCode::None {
                committed.insert(result.base_offset, number);
            }
            false
        });
    }

    fn check(&self) {
        let leader = self.decisions.leader as usize;
        for at in 0..3 {
            let replica = self.cluster.replica(at);
            let log = replica.log();
            let mut next = log.start_offset();
            let mut epoch = -1;
            for stored in log.batches() {
                assert!(stored.base_offset == next && stored.leader_epoch >= epoch, "V1");
                (next, epoch) = (stored.next_offset(), stored.leader_epoch);
            }
            assert_eq!(next, log.end_offset());
            assert!(replica.high_watermark() <= log.end_offset(), "V5");
        }
        // V14, V15: no unclean election, no disk lost: what was acknowledged is on the leader, and on all of its ISR.
        for &member in &self.decisions.isr {
            let held: BTreeMap<i64, u32> = self
                .cluster
                .replica(member as usize)
                .log()
                .batches()
                .map(|stored| (stored.base_offset, stored.batch.batch.number))
                .collect();
            for (offset, number) in &self.decisions.committed {
                assert_eq!(held.get(offset), Some(number), "V9, V15: broker {member}, leader {leader}");
            }
        }
    }

    /// All is healed, everybody hears everything: the replicas come to agree, and all are in sync again.
    fn heal(&mut self) {
        self.cluster.heal();
        self.tell_everybody();
        for _ in 0..20 {
            self.cluster.run(1_000);
            self.answer_proposals();
            self.tell_everybody();
        }
        self.note_answers();
        self.check();
        let leader = self.decisions.leader as usize;
        let connection = 50;
        let last = crate::broker::fixture::produce(-1, vec![batch_of(self.batches, 1)]);
        let answered = self.cluster.send(leader, connection, last, None);
        self.cluster.run(1_000);
        assert_eq!(self.cluster.result(answered).map(|result| result.error), Some(ErrorCode::None));
        let log = self.cluster.log(leader);
        for at in 0..3 {
            assert_eq!(self.cluster.log(at), log, "V2");
            assert_eq!(self.cluster.hws()[at], self.cluster.ends()[leader]);
            assert_eq!(
                self.cluster.replica(at).log().epochs(),
                self.cluster.replica(leader).log().epochs(),
                "V11"
            );
        }
        let mut isr = self.decisions.isr.clone();
        isr.sort_unstable();
        assert_eq!(isr, [0, 1, 2]);
    }
}

#[test]
fn whatever_happens_acknowledged_records_stay() {
    for seed in 0..300 {
        let mut story = Story::new(seed);
        for _ in 0..60 {
            story.step();
        }
        story.heal();
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
