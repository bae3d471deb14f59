//! `ready`: which brokers have something to be sent (`producer.md 3.7`).

use std::sync::Arc;

use super::RecordAccumulator;
use super::cluster::Cluster;
use super::queues::Weighed;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::trace::{Cx, Event, Observer, Seq};

/// When a broker last had data to send, and when it last could take some, in ms (`NodeLatencyStats`).
#[derive(Clone, Copy, Debug)]
pub(super) struct NodeLatency {
    pub(super) ready_ms: i64,
    pub(super) drained_ms: i64,
}

/// What a look at the queues came to.
#[derive(Clone, Debug)]
pub(crate) struct ReadyCheck {
    /// The brokers with something to be sent, ascending, each with what made it ready.
    pub(crate) nodes: Vec<(BrokerId, Seq)>,
    /// How long until something else can become ready, in ms.
    pub(crate) next_check_ms: i64,
    /// What that wait goes back to.
    pub(crate) next_cause: Seq,
    /// Topics with data for a partition whose leader is not known, ascending.
    pub(crate) unknown_leader_topics: Vec<TopicIx>,
    /// What such data goes back to.
    pub(crate) unknown_leader_cause: Seq,
    /// The partitions that have data for one of these brokers, ascending: leader, place among the leader's partitions,
    /// partition.
    pub(super) queued: Vec<(BrokerId, u32, TopicPartition)>,
}

impl ReadyCheck {
    /// Before the first look.
    pub(crate) fn new() -> ReadyCheck {
        ReadyCheck {
            nodes: Vec::new(),
            next_check_ms: i64::MAX,
            next_cause: Seq::OUTSIDE,
            unknown_leader_topics: Vec::new(),
            unknown_leader_cause: Seq::OUTSIDE,
            queued: Vec::new(),
        }
    }

    fn clear(&mut self) {
        self.nodes.clear();
        self.next_check_ms = i64::MAX;
        self.next_cause = Seq::OUTSIDE;
        self.unknown_leader_topics.clear();
        self.unknown_leader_cause = Seq::OUTSIDE;
        self.queued.clear();
    }
}

impl RecordAccumulator {
    /// Looks at the head of every queue that is not empty.
    pub(crate) fn ready<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        cluster: &Cluster,
        now_ms: i64,
        check: &mut ReadyCheck,
    ) {
        check.clear();
        for at in 0..self.queues.filled().len() {
            let tp = self.queues.filled()[at];
            self.look_at(cx, cluster, tp, now_ms, check);
        }
        // Where a broker is down, thousands of batches may wait for it at every turn of the sender.
        let is_ready = |node: BrokerId| check.nodes.binary_search_by_key(&node, |&(node, _)| node).is_ok();
        check.queued.retain(|&(node, ..)| is_ready(node));
        check.queued.sort_unstable();
        self.weigh_topics(cluster);
    }

    fn look_at<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        cluster: &Cluster,
        tp: TopicPartition,
        now_ms: i64,
        check: &mut ReadyCheck,
    ) {
        let Some(head) = self.queues.head(tp) else { return };
        let known = cluster.partition(tp).copied().unwrap_or_default();
        let batch = &mut self.batches[head];
        if self.config.release.at_least(3, 7) {
            batch.see_leader_epoch(known.leader_epoch);
        }
        let Some(leader) = known.leader else {
            if check.unknown_leader_topics.last() != Some(&tp.topic) {
                check.unknown_leader_topics.push(tp.topic);
                check.unknown_leader_cause = batch.marks.created;
            }
            return;
        };
        check.queued.push((leader, known.place, tp));
        let waited = batch.waited_ms(now_ms);
        let backing_off = self.backs_off(cx, head, waited);
        let (is_ready, is_muted, is_alone) = {
            let queue = self.queues.get(tp);
            let ready = check.nodes.binary_search_by_key(&leader, |node| node.0);
            (
                ready,
                queue.is_some_and(|queue| queue.muted),
                queue.is_none_or(|queue| queue.batches.len() == 1),
            )
        };
        let Err(place) = is_ready else { return };
        if is_muted {
            return;
        }
        let batch = &self.batches[head];
        let to_wait =
            if backing_off { self.draw_backoff(cx.chance, batch.attempts) } else { self.config.linger_ms };
        let full = !is_alone || batch.is_full();
        let over = waited >= to_wait;
        let sendable = full || over || self.pool.has_waiters() || self.closed || self.is_flush_in_progress();
        if sendable && !backing_off {
            let cause = self.becomes_ready(cx, head, full, over);
            check.nodes.insert(place, (leader, cause));
        } else {
            let left = (to_wait - waited).max(0);
            if left < check.next_check_ms {
                check.next_check_ms = left;
                check.next_cause = if backing_off { batch.marks.retried } else { batch.marks.created };
            }
        }
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
    /// all at each pass; here only those that are not empty are, and the partitioner gets its table when a record asks it.
    fn weigh_topics(&mut self, cluster: &Cluster) {
        if !self.config.partitioner_adaptive {
            return;
        }
        let (topics, filled) = self.queues.topics_and_filled();
        for (at, topic) in topics.iter_mut().enumerate() {
            let Some(sticky) = topic.sticky.as_mut() else { continue };
            let ix = TopicIx(at as u16);
            let from = filled.partition_point(|tp| tp.topic < ix);
            let filled = filled[from..].iter().take_while(|tp| tp.topic == ix);
            let has_data = filled.clone().next().is_some();
            let known = cluster.topic(ix);
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
            if !has_data && same_leaders && self.config.partitioner_availability_timeout_ms == 0 {
                continue;
            }
            let weighed = topic.weighed.get_or_insert_default();
            weighed.leaders = known.cloned();
            weighed.existing = topic.existing;
            weighed.empty = !has_data;
            weighed.filled.clear();
            for tp in filled {
                let Some(leader) = cluster.partition(*tp).and_then(|partition| partition.leader) else {
                    continue;
                };
                let latency = self.latencies.get(leader.0 as usize).copied().flatten();
                let unavailable = latency.is_some_and(|latency| {
                    latency.ready_ms - latency.drained_ms > self.config.partitioner_availability_timeout_ms
                });
                let batches = topic.partitions[tp.partition as usize].batches.len() as u32;
                weighed.filled.push((tp.partition, batches, unavailable));
            }
            weighed.due = true;
            // Another queue may fill a gap before the table is asked for.
            if !topic.has_no_gaps() {
                topic.give_load(&mut self.lengths);
            }
        }
    }
}
