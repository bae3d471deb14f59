//! `ready`: which brokers have something to be sent (`producer.md 3.7`).

use std::sync::Arc;

use super::RecordAccumulator;
use super::cluster::Cluster;
use super::queues::Weighed;
use super::resting::Rest;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::trace::{Cx, Event, Observer, Seq};

/// So many partitions are sooner looked at than put to rest. In tests none are, so that they see it done.
const FEW: usize = if cfg!(test) { 0 } else { 8 };

/// When a broker last had data to send, and when it last could take some, in ms (`NodeLatencyStats`).
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeLatency {
    pub(super) ready_ms: i64,
    pub(super) drained_ms: i64,
}

/// A broker with something to be sent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReadyNode {
    /// The broker.
    pub(crate) node: BrokerId,
    /// What made it ready.
    pub(crate) cause: Seq,
    /// The first partition that it could be sent a batch of.
    first: TopicPartition,
}

/// What a look at the queues came to.
#[derive(Clone, Debug)]
pub(crate) struct ReadyCheck {
    /// The brokers with something to be sent, ascending.
    pub(crate) nodes: Vec<ReadyNode>,
    /// How long until something else can become ready, in ms.
    pub(crate) next_check_ms: i64,
    /// What that wait goes back to.
    pub(crate) next_cause: Seq,
    /// Whose wait it is; none: nobody's.
    next: Option<TopicPartition>,
    /// Topics with data for a partition whose leader is not known, ascending.
    pub(crate) unknown_leader_topics: Vec<TopicIx>,
    /// What such data goes back to.
    pub(crate) unknown_leader_cause: Seq,
    /// The partitions that were looked at: leader, place among the leader's partitions, partition. Once
    /// [`RecordAccumulator::rest`] is through, those with data for one of the brokers above, ascending.
    pub(super) queued: Vec<(BrokerId, u32, TopicPartition)>,
    /// Those that are to rest.
    to_rest: Vec<(TopicPartition, Rest)>,
}

impl ReadyCheck {
    /// Before the first look.
    pub(crate) fn new() -> ReadyCheck {
        ReadyCheck {
            nodes: Vec::new(),
            next_check_ms: i64::MAX,
            next_cause: Seq::OUTSIDE,
            next: None,
            unknown_leader_topics: Vec::new(),
            unknown_leader_cause: Seq::OUTSIDE,
            queued: Vec::new(),
            to_rest: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.next_check_ms = i64::MAX;
        self.next_cause = Seq::OUTSIDE;
        self.next = None;
        self.unknown_leader_topics.clear();
        self.unknown_leader_cause = Seq::OUTSIDE;
        self.queued.clear();
        self.to_rest.clear();
    }

    /// Where the broker is among those with something to be sent, or would be.
    fn place_of(&self, node: BrokerId) -> Result<usize, usize> {
        self.nodes.binary_search_by_key(&node, |ready| ready.node)
    }

    /// Something may become ready in so many ms: the shortest wait counts, of equal ones the first partition's.
    fn see_wait(&mut self, left_ms: i64, tp: TopicPartition, cause: Seq) {
        let counts = match self.next {
            None => left_ms < self.next_check_ms,
            Some(next) => (left_ms, tp) < (self.next_check_ms, next),
        };
        if counts {
            (self.next_check_ms, self.next, self.next_cause) = (left_ms, Some(tp), cause);
        }
    }
}

impl RecordAccumulator {
    /// Looks at the head of every queue that is not empty and does not rest.
    pub(crate) fn ready<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        cluster: &Cluster,
        now_ms: i64,
        check: &mut ReadyCheck,
    ) {
        check.clear();
        let mut looked = std::mem::take(&mut self.spare);
        let urgent = self.must_not_linger();
        self.queues.list_for_pass(cluster.number, now_ms, urgent, &mut looked);
        for &tp in &looked {
            self.look_at(cx, cluster, tp, now_ms, check);
        }
        self.spare = looked;
        self.see_lingering(cluster, now_ms, check);
        self.weigh_topics(cluster);
    }

    /// Whether every batch is sendable, however short it has lingered.
    fn must_not_linger(&self) -> bool {
        self.pool.has_waiters() || self.closed || self.is_flush_in_progress()
    }

    fn look_at<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        cluster: &Cluster,
        tp: TopicPartition,
        now_ms: i64,
        check: &mut ReadyCheck,
    ) {
        let Some(queue) = self.queues.get(tp) else { return };
        let Some(&head) = queue.batches.front() else { return };
        let (is_muted, is_alone, rests) = (queue.muted, queue.batches.len() == 1, queue.rests());
        let known = cluster.partition(tp).copied().unwrap_or_default();
        let batch = &mut self.batches[head];
        if self.config.release.at_least(3, 7) {
            batch.see_leader_epoch(known.leader_epoch);
        }
        let Some(leader) = known.leader else {
            if !rests {
                check.to_rest.push((tp, Rest::Leaderless(tp.topic)));
            }
            if check.unknown_leader_topics.last() != Some(&tp.topic) {
                check.unknown_leader_topics.push(tp.topic);
                check.unknown_leader_cause = batch.marks.created;
            }
            return;
        };
        if !rests {
            check.queued.push((leader, known.place, tp));
        }
        let waited = batch.waited_ms(now_ms);
        let backing_off = self.backs_off(cx, head, waited);
        let Err(place) = check.place_of(leader) else { return };
        if is_muted {
            return;
        }
        let batch = &self.batches[head];
        let to_wait =
            if backing_off { self.draw_backoff(cx.chance, batch.attempts) } else { self.config.linger_ms };
        let full = !is_alone || batch.is_full();
        let over = waited >= to_wait;
        if !backing_off && (full || over || self.must_not_linger()) {
            let cause = self.becomes_ready(cx, head, full, over);
            check.nodes.insert(place, ReadyNode { node: leader, cause, first: tp });
        } else {
            let cause = if backing_off { batch.marks.retried } else { batch.marks.created };
            check.see_wait((to_wait - waited).max(0), tp, cause);
        }
    }

    /// How long until the first that rests has lingered for long enough. A broker that is ready hides the linger of its
    /// partitions behind the one that made it so.
    fn see_lingering(&self, cluster: &Cluster, now_ms: i64, check: &mut ReadyCheck) {
        let is_hidden = |&(_, tp): &(i64, TopicPartition)| {
            let leader = cluster.partition(tp).and_then(|known| known.leader);
            let ready = leader.and_then(|leader| check.place_of(leader).ok());
            ready.is_some_and(|at| check.nodes[at].first < tp)
        };
        if let Some((until_ms, tp)) = self.queues.lingering().find(|lingering| !is_hidden(lingering))
            && let Some(head) = self.queues.head(tp)
        {
            check.see_wait(until_ms - now_ms, tp, self.batches[head].marks.created);
        }
    }

    /// After the brokers that take no request were dropped from `check`: what would come to the same at the next looks
    /// rests, and who has rested for a broker that is left is as the others.
    pub(crate) fn rest(&mut self, cluster: &Cluster, now_ms: i64, check: &mut ReadyCheck) {
        let mut queued = std::mem::take(&mut check.queued);
        let are_many = queued.len() > FEW;
        queued.retain(|&(leader, _, tp)| {
            let is_taken = check.place_of(leader).is_ok();
            if !is_taken && are_many {
                check.to_rest.extend(self.rest_of(leader, tp, now_ms).map(|rest| (tp, rest)));
            }
            is_taken
        });
        self.queues.rest(&check.to_rest);
        debug_assert!(
            self.queues.resting().all(|(tp, rest)| {
                let leader = cluster.partition(tp).and_then(|known| known.leader);
                let right = leader.map_or(Some(Rest::Leaderless(tp.topic)), |l| self.rest_of(l, tp, now_ms));
                right == Some(rest) || leader.is_some_and(|leader| check.place_of(leader).is_ok())
            }),
            "a partition rests that has to be looked at"
        );
        let mut woken = std::mem::take(&mut self.spare);
        for ready in &check.nodes {
            self.queues.wake_led_by(ready.node, &mut woken);
            queued.extend(woken.iter().map(|&tp| {
                let place = cluster.partition(tp).map_or(0, |known| known.place);
                (ready.node, place, tp)
            }));
        }
        self.spare = woken;
        queued.sort_unstable();
        check.queued = queued;
    }

    /// What the partition rests for, if its next looks come to the same until its queue changes or its time comes.
    fn rest_of(&self, leader: BrokerId, tp: TopicPartition, now_ms: i64) -> Option<Rest> {
        let queue = self.queues.get(tp).filter(|queue| !queue.muted)?;
        let batch = &self.batches[*queue.batches.front()?];
        let waited = batch.waited_ms(now_ms);
        if batch.attempts > 0 && waited < self.retry_backoff.bound_ms() {
            return None;
        }
        if queue.batches.len() > 1 || batch.is_full() || waited >= self.config.linger_ms {
            return Some(Rest::Waits(leader));
        }
        (!self.must_not_linger())
            .then(|| Rest::Lingers(leader, self.config.linger_ms.saturating_add(now_ms - waited)))
    }

    /// Whether the batch at the head has to wait before it is sent again; a new draw at each look. A leader that is new
    /// since the failure ends the wait (`shouldBackoff`).
    pub(super) fn backs_off<O: Observer>(
        &self,
        cx: &mut Cx<'_, O>,
        head: super::BatchIx,
        waited_ms: i64,
    ) -> bool {
        let batch = &self.batches[head];
        batch.attempts > 0
            && waited_ms < self.retry_backoff.bound_ms()
            && waited_ms < self.draw_backoff(cx.chance, batch.attempts)
            && !batch.leader_changed_for_this_retry()
    }

    /// Reports that a batch may be sent, once an attempt; the event.
    fn becomes_ready<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        head: super::BatchIx,
        full: bool,
        over: bool,
    ) -> Seq {
        let batch = &self.batches[head];
        if let Some(ready) = batch.marks.ready {
            return ready;
        }
        let (marks, causes) = (batch.marks, self.causes);
        let (by, cause) = if batch.attempts > 0 {
            let by = if batch.leader_changed_for_this_retry() { "leader-changed" } else { "backoff" };
            (by, marks.retried)
        } else if full {
            ("full", marks.appended)
        } else if over {
            ("linger", marks.created)
        } else if self.pool.has_waiters() {
            ("memory", causes.exhausted)
        } else if self.closed {
            ("close", causes.close)
        } else {
            ("flush", causes.flush)
        };
        let (batch, tp) = (batch.id, batch.tp);
        let ready = cx.emit(cause, || Event::BatchReady {
            producer: batch.producer,
            batch,
            topic: tp.topic,
            partition: tp.partition,
            by,
        });
        self.batches[head].marks.ready = Some(ready);
        ready
    }

    /// Notes for every topic's built-in partitioner the lengths of its queues (`producer.md 2.3`). Kafka's client counts them
    /// all at each pass; here only those that have changed are, and the partitioner gets its table when a record asks it.
    fn weigh_topics(&mut self, cluster: &Cluster) {
        self.queues.count();
        if !self.config.partitioner_adaptive {
            return;
        }
        let availability_timeout_ms = self.config.partitioner_availability_timeout_ms;
        self.load.unavailable.clear();
        self.load.unavailable.extend(self.latencies.iter().map(|latency| {
            latency.is_some_and(|latency| latency.ready_ms - latency.drained_ms > availability_timeout_ms)
        }));
        for (at, topic) in self.queues.topics_mut().iter_mut().enumerate() {
            let Some(sticky) = topic.sticky.as_mut() else { continue };
            let known = cluster.topic(TopicIx(at as u16));
            if topic.existing < known.map_or(0, |cluster| cluster.count()) {
                if topic.weighed.take().is_some() {
                    sticky.set_load(None);
                }
                continue;
            }
            // With every queue empty all weights are equal, until leaders change or brokers lag.
            let same_leaders = match (&topic.weighed, known) {
                (Some(Weighed { leaders: Some(leaders), empty: true, .. }), Some(known)) => {
                    Arc::ptr_eq(leaders, known)
                }
                _ => false,
            };
            let is_empty = topic.filled == 0;
            if is_empty && same_leaders && availability_timeout_ms == 0 {
                continue;
            }
            let weighed = topic.weighed.get_or_insert_default();
            *weighed =
                Weighed { leaders: known.cloned(), existing: topic.existing, empty: is_empty, due: true };
            // Another queue may fill a gap before the table is asked for.
            if !topic.has_no_gaps() {
                topic.give_load(&mut self.load);
            }
        }
    }
}
