//! `ProducerMetadata`: what the client knows of the cluster, and when it asks again (`producer.md 1.1`, `4.11`).

use crate::accumulator::{Cluster, PartitionLeader, TopicCluster};
use crate::backoff::ExponentialBackoff;
use crate::chance::{Chance, Stream};
use crate::config::{ProducerConfig, Release};
use crate::protocol::{ErrorCode, LeaderHint, MetadataResponse, PartitionMetadata, TopicMetadata};
use crate::record::{BrokerId, ProducerIx, TopicIx, TopicPartition};
use crate::trace::{Cx, Event, Observer, OrMinusOne, Seq};

/// Before everything: Kafka's clocks count from 1970, so that its 0 is "long ago".
pub(crate) const LONG_AGO: i64 = i64::MIN / 4;

/// What a metadata request asks for, and what its answer then settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// How many new topics there had been.
    pub(crate) request_version: u32,
    /// Whether only new topics were asked for.
    pub(crate) partial: bool,
}

/// The client's metadata.
#[derive(Clone, Debug)]
pub(crate) struct Metadata {
    producer: ProducerIx,
    release: Release,
    refresh_backoff: ExponentialBackoff,
    jitter: Stream,
    draws: bool,
    node_order: Stream,
    max_age_ms: i64,
    max_idle_ms: i64,
    /// Advances with every answer.
    update_version: u32,
    /// Advances with every new topic.
    request_version: u32,
    last_refresh_ms: i64,
    last_successful_ms: i64,
    attempts: u32,
    needs_full: bool,
    needs_partial: bool,
    /// How many answers in a row brought nothing new.
    equivalent: u32,
    cluster: Cluster,
    /// The newest leader epoch seen of each partition, by topic.
    epochs: Vec<Vec<Option<i32>>>,
    /// By topic: until when it stays in the metadata, if it is in it.
    topics: Vec<Option<i64>>,
    new_topics: Vec<TopicIx>,
    /// Topics that the last answer had an error for.
    errors: Vec<(TopicIx, ErrorCode)>,
    bootstrap: Vec<BrokerId>,
    closed: bool,
    /// What the wish for the next answer goes back to.
    wanted_by: Seq,
    /// The event that brought the last answer.
    updated_by: Seq,
}

impl Metadata {
    /// Nothing is known but the bootstrap brokers, and a full answer is wanted.
    pub(crate) fn new(
        producer: ProducerIx,
        config: &ProducerConfig,
        bootstrap: &[BrokerId],
        jitter: Stream,
        node_order: Stream,
    ) -> Metadata {
        let mut metadata = Metadata {
            producer,
            release: config.release,
            refresh_backoff: config.backoff(config.retry_backoff_ms, config.retry_backoff_max_ms),
            jitter,
            draws: config.jitter,
            node_order,
            max_age_ms: config.metadata_max_age_ms,
            max_idle_ms: config.metadata_max_idle_ms,
            update_version: 0,
            request_version: 0,
            last_refresh_ms: LONG_AGO,
            last_successful_ms: LONG_AGO,
            attempts: 0,
            needs_full: false,
            needs_partial: false,
            equivalent: 0,
            cluster: Cluster::default(),
            epochs: Vec::new(),
            topics: Vec::new(),
            new_topics: Vec::new(),
            errors: Vec::new(),
            bootstrap: bootstrap.to_vec(),
            closed: false,
            wanted_by: Seq::OUTSIDE,
            updated_by: Seq::OUTSIDE,
        };
        metadata.start_over();
        metadata
    }

    /// What is known now.
    #[inline]
    pub(crate) fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// Advances with every answer that was taken in.
    pub(crate) fn version(&self) -> u32 {
        self.update_version
    }

    /// What the wish for the next answer goes back to.
    pub(crate) fn wanted_by(&self) -> Seq {
        self.wanted_by
    }

    /// The event that brought the last answer.
    pub(crate) fn updated_by(&self) -> Seq {
        self.updated_by
    }

    /// Whether the client is closed; whoever waits for metadata fails.
    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// No more answers are taken in.
    pub(crate) fn close(&mut self) {
        self.closed = true;
    }

    /// The error that the last answer had for the topic.
    pub(crate) fn error(&self, topic: TopicIx) -> Option<ErrorCode> {
        self.errors.iter().find(|(other, _)| *other == topic).map(|&(_, error)| error)
    }

    /// The topic is in use: it stays for `metadata.max.idle.ms`. A new one is asked for at once (`add`).
    #[inline]
    pub(crate) fn add(&mut self, topic: TopicIx, now_ms: i64, cause: Seq) {
        let at = usize::from(topic.0);
        if at >= self.topics.len() {
            self.topics.resize(at + 1, None);
        }
        let until = now_ms.saturating_add(self.max_idle_ms);
        if self.topics[at].replace(until).is_none() {
            if let Err(place) = self.new_topics.binary_search(&topic) {
                self.new_topics.insert(place, topic);
            }
            self.request_update_for_new_topics(cause);
        }
    }

    /// A full answer is wanted.
    pub(crate) fn request_update(&mut self, cause: Seq) {
        if !self.is_update_requested() {
            self.wanted_by = cause;
        }
        self.needs_full = true;
    }

    /// An answer about this topic is wanted; the version that it will have to be newer than.
    pub(crate) fn request_update_for(&mut self, topic: TopicIx, cause: Seq) -> u32 {
        if self.new_topics.binary_search(&topic).is_ok() {
            self.request_update_for_new_topics(cause);
        } else {
            self.request_update(cause);
        }
        self.update_version
    }

    fn request_update_for_new_topics(&mut self, cause: Seq) {
        if !self.is_update_requested() {
            self.wanted_by = cause;
        }
        self.last_refresh_ms = LONG_AGO;
        self.needs_partial = true;
        self.equivalent = 0;
        self.request_version += 1;
    }

    fn is_update_requested(&self) -> bool {
        self.needs_full || self.needs_partial
    }

    /// How long until the client may ask, in ms: 0 if an answer is wanted, or due, and no back-off is left.
    pub(crate) fn time_to_next_update(&mut self, chance: &mut dyn Chance, now_ms: i64) -> i64 {
        let to_expire = (self.last_successful_ms + self.max_age_ms - now_ms).max(0);
        let to_wish = if self.is_update_requested() { 0 } else { to_expire };
        if to_expire == 0 {
            self.equivalent = 0;
        }
        to_wish.max(self.time_to_allow_update(chance, now_ms))
    }

    fn time_to_allow_update(&self, chance: &mut dyn Chance, now_ms: i64) -> i64 {
        if now_ms - self.last_refresh_ms >= self.refresh_backoff.bound_ms() {
            return 0;
        }
        let mut draw = |failures| self.refresh_backoff.delay(failures, chance, self.jitter, self.draws);
        let after_failures = draw(self.attempts.saturating_sub(1));
        let after_equivalents = if self.equivalent > 0 { draw(self.equivalent - 1) } else { 0 };
        (self.last_refresh_ms + after_failures.max(after_equivalents) - now_ms).max(0)
    }

    /// What the next request asks for: topics, ascending, and what the answer will settle.
    pub(crate) fn next_request(&self, now_ms: i64) -> (Vec<TopicIx>, Asked) {
        let partial = self.release.at_least(2, 5)
            && !self.needs_full
            && self.last_successful_ms + self.max_age_ms > now_ms;
        let topics = if partial {
            self.new_topics.clone()
        } else {
            (0..)
                .map(TopicIx)
                .zip(&self.topics)
                .filter(|(_, until)| until.is_some())
                .map(|(ix, _)| ix)
                .collect()
        };
        (topics, Asked { request_version: self.request_version, partial })
    }

    /// A request failed; the next one backs off (`failedUpdate`).
    pub(crate) fn failed_update(&mut self, now_ms: i64) {
        self.last_refresh_ms = now_ms;
        self.attempts += 1;
        self.equivalent = 0;
    }

    /// Back to the bootstrap brokers, with no topic known (`bootstrap`, `rebootstrap`). Kafka counts this as a new version
    /// too, which has a waiting `send()` look, find nothing and wake the sender, which starts over again, as fast as it
    /// can; here only answers count.
    pub(crate) fn start_over(&mut self) {
        self.needs_full = true;
        self.replace_cluster(self.bootstrap.clone(), Vec::new());
    }

    /// Full metadata from before the run: every topic of it is in use.
    pub(crate) fn warm(&mut self, now_ms: i64, response: &MetadataResponse) {
        for topic in &response.topics {
            self.add(topic.topic, now_ms, Seq::OUTSIDE);
        }
        let asked = Asked { request_version: self.request_version, partial: false };
        self.take_in(response, asked, now_ms, response.brokers.clone());
    }

    /// Takes an answer in (`update`).
    pub(crate) fn update<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        response: &MetadataResponse,
        asked: Asked,
        now_ms: i64,
        cause: Seq,
    ) {
        if response.brokers.is_empty() {
            self.failed_update(now_ms);
            return;
        }
        self.updated_by = cause;
        let nodes = self.shuffled(cx.chance, &response.brokers);
        let before = self.take_in(response, asked, now_ms, nodes);
        if self.is_update_requested() {
            self.wanted_by = cause;
        }
        self.report_leaders(cx, &before, cause);
    }

    /// Kafka shuffles its list of brokers at every update.
    fn shuffled(&self, chance: &mut dyn Chance, brokers: &[BrokerId]) -> Vec<BrokerId> {
        let mut nodes = brokers.to_vec();
        for at in 0..nodes.len() {
            let rest = (nodes.len() - at) as u64;
            nodes.swap(at, at + chance.below(self.node_order, rest) as usize);
        }
        nodes
    }

    fn take_in(
        &mut self,
        response: &MetadataResponse,
        asked: Asked,
        now_ms: i64,
        nodes: Vec<BrokerId>,
    ) -> Cluster {
        self.needs_partial = asked.request_version < self.request_version;
        self.last_refresh_ms = now_ms;
        self.attempts = 0;
        self.update_version += 1;
        if !asked.partial {
            self.needs_full = false;
            self.last_successful_ms = now_ms;
        }
        self.equivalent += 1;
        let mut topics: Vec<Option<TopicCluster>> = vec![None; self.topics.len()];
        if asked.partial {
            let known = self.cluster.topics().to_vec();
            for (at, known) in known.iter().enumerate().take(topics.len()) {
                let answered = response.topics.iter().any(|topic| usize::from(topic.topic.0) == at);
                if !answered && self.retains(TopicIx(at as u16), now_ms) {
                    topics[at] = known.as_deref().cloned();
                }
            }
        }
        for topic in &response.topics {
            if self.retains(topic.topic, now_ms) {
                topics[usize::from(topic.topic.0)] = self.topic(topic);
            }
        }
        self.errors = response
            .topics
            .iter()
            .filter(|topic| topic.error.is_error())
            .map(|topic| (topic.topic, topic.error))
            .collect();
        self.new_topics.retain(|new| !response.topics.iter().any(|topic| topic.topic == *new));
        for at in 0..self.epochs.len() {
            if !self.retains(TopicIx(at as u16), now_ms) {
                self.epochs[at].clear();
            }
        }
        self.replace_cluster(nodes, topics)
    }

    /// This is the cluster from now on; what it was before.
    fn replace_cluster(&mut self, nodes: Vec<BrokerId>, topics: Vec<Option<TopicCluster>>) -> Cluster {
        let mut cluster = Cluster::new(nodes, topics);
        cluster.number = self.cluster.number + 1;
        std::mem::replace(&mut self.cluster, cluster)
    }

    /// Whether the topic is still in use; one that is not leaves the metadata (`retainTopic`).
    fn retains(&mut self, topic: TopicIx, now_ms: i64) -> bool {
        let Some(until) = self.topics.get(usize::from(topic.0)).copied().flatten() else { return false };
        if until > now_ms || self.new_topics.binary_search(&topic).is_ok() {
            return true;
        }
        self.topics[usize::from(topic.0)] = None;
        false
    }

    fn topic(&mut self, answer: &TopicMetadata) -> Option<TopicCluster> {
        if answer.error.is_error() {
            self.needs_full |= answer.error.refreshes_metadata();
            return None;
        }
        let mut topic = TopicCluster::default();
        for partition in &answer.partitions {
            let tp = TopicPartition { topic: answer.topic, partition: partition.partition };
            let known = self.newest(tp, partition);
            let at = partition.partition as usize;
            if at >= topic.partitions.len() {
                topic.partitions.resize(at + 1, PartitionLeader::default());
            }
            topic.partitions[at] = known;
            self.needs_full |= partition.error.refreshes_metadata();
        }
        Some(topic)
    }

    /// The newer one of what the answer says and what is known (`updateLatestMetadata`): an older leader epoch is
    /// ignored, but for a topic that is new to the snapshot (from 2.8 on, which knows topics by id). Before 2.2 the client knew no epochs.
    fn newest(&mut self, tp: TopicPartition, answer: &PartitionMetadata) -> PartitionLeader {
        let told = PartitionLeader {
            leader: answer.leader,
            leader_epoch: (answer.leader_epoch >= 0).then_some(answer.leader_epoch),
            place: 0,
        };
        // A topic that the snapshot does not have may be another one of the same name, for all that the client can tell.
        let is_new = self.release.at_least(2, 8) && self.cluster.topic(tp.topic).is_none();
        let seen = self.epoch_mut(tp);
        match (told.leader_epoch, *seen) {
            (Some(epoch), Some(_)) if is_new => {
                *seen = Some(epoch);
                self.equivalent = 0;
            }
            (Some(epoch), Some(known)) if epoch < known => {
                return match self.release.at_least(2, 2) {
                    true => self.cluster.partition(tp).copied().unwrap_or_default(),
                    false => told,
                };
            }
            (Some(epoch), Some(known)) if epoch == known => {}
            (epoch, _) => {
                *seen = epoch;
                self.equivalent = 0;
            }
        }
        told
    }

    fn epoch_mut(&mut self, tp: TopicPartition) -> &mut Option<i32> {
        let (topic, partition) = (usize::from(tp.topic.0), tp.partition as usize);
        if topic >= self.epochs.len() {
            self.epochs.resize(topic + 1, Vec::new());
        }
        let epochs = &mut self.epochs[topic];
        if partition >= epochs.len() {
            epochs.resize(partition + 1, None);
        }
        &mut epochs[partition]
    }

    /// Leaders that errors in a produce answer named: taken over if they are newer and known as brokers
    /// (`updatePartitionLeadership`, KIP-951).
    pub(crate) fn update_leaders<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        hints: &[(TopicPartition, LeaderHint)],
        cause: Seq,
    ) {
        if hints.is_empty() {
            return;
        }
        let mut topics: Vec<Option<TopicCluster>> =
            self.cluster.topics().iter().map(|topic| topic.as_deref().cloned()).collect();
        let mut changed = false;
        for &(tp, hint) in hints {
            let seen = *self.epoch_mut(tp);
            let is_newer = seen.is_none_or(|epoch| hint.leader_epoch > epoch);
            if !is_newer || !self.cluster.nodes.contains(&hint.leader) || self.cluster.partition(tp).is_none()
            {
                continue;
            }
            let topic = topics.get_mut(usize::from(tp.topic.0)).and_then(Option::as_mut);
            let Some(partition) = topic.and_then(|topic| topic.partitions.get_mut(tp.partition as usize))
            else {
                continue;
            };
            (partition.leader, partition.leader_epoch) = (Some(hint.leader), Some(hint.leader_epoch));
            *self.epoch_mut(tp) = Some(hint.leader_epoch);
            changed = true;
        }
        if changed {
            let before = self.replace_cluster(self.cluster.nodes.clone(), topics);
            self.report_leaders(cx, &before, cause);
        }
    }

    fn report_leaders<O: Observer>(&self, cx: &mut Cx<'_, O>, before: &Cluster, cause: Seq) {
        for (at, topic) in self.cluster.topics().iter().enumerate() {
            let Some(topic) = topic else { continue };
            for (number, now) in (0u32..).zip(&topic.partitions) {
                let tp = TopicPartition { topic: TopicIx(at as u16), partition: number };
                let old = before.partition(tp);
                if old.is_some_and(|old| (old.leader, old.leader_epoch) == (now.leader, now.leader_epoch)) {
                    continue;
                }
                cx.emit(cause, || Event::LeaderLearned {
                    producer: Some(self.producer),
                    consumer: None,
                    topic: tp.topic,
                    partition: tp.partition,
                    leader: OrMinusOne(now.leader),
                    leader_epoch: now.leader_epoch.unwrap_or(-1),
                });
            }
        }
    }
}
