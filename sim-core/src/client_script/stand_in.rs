//! The scripted cluster: it takes each request at the instant of its being written and decides what comes back, and when.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::connection::Connection;
use super::leaders::Leaders;
use super::log::Log;
use super::scribe::Scribe;
use super::script::{Answer, Answers, LeaderChange, MorePartitions, Script, What};
use crate::protocol::{
    Arrival, ErrorCode, InitProducerIdResponse, MetadataRequest, MetadataResponse, PartitionResult,
    ProduceRequest, ProduceResponse, Request, Response,
};
use crate::record::{BrokerId, NO_OFFSET, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, RecordBatch, TopicPartition};
use crate::time::{Span, Time};

const FIRST_PRODUCER_ID: i64 = 1000;

/// The cluster of a script.
#[derive(Clone, Debug)]
pub(super) struct StandIn<'s> {
    script: &'s Script,
    produce_answers: BTreeMap<(BrokerId, u32), Planned<'s>>,
    leaders: Leaders,
    logs: BTreeMap<TopicPartition, Log>,
    down: BTreeSet<BrokerId>,
    silent: BTreeSet<BrokerId>,
    connections: BTreeMap<BrokerId, Connection>,
    produce_requests: BTreeMap<BrokerId, u32>,
    metadata_requests: u32,
    init_producer_id_requests: u32,
    next_producer_id: i64,
}

/// A request as the client writes it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) now: Time,
    pub(super) node: BrokerId,
    /// The client's number for it.
    pub(super) correlation: u64,
    pub(super) request: &'a Request,
}

/// What is going to become of a request.
#[derive(Clone, Copy, Debug)]
struct Planned<'s> {
    what: What,
    /// The only partition that an error concerns.
    partition: Option<TopicPartition>,
    append: bool,
    delay: Span,
    /// Whether errors name the leader.
    hint: bool,
    throttle_ms: i32,
    /// Which records of a batch the error names.
    record_errors: &'s [u32],
}

impl Planned<'_> {
    fn bare(what: What) -> Self {
        Planned {
            what,
            partition: None,
            append: false,
            delay: Span::ZERO,
            hint: false,
            throttle_ms: 0,
            record_errors: &[],
        }
    }

    fn ok(answers: &Answers) -> Self {
        Planned { append: true, delay: answers.delay, ..Planned::bare(What::Ok) }
    }

    fn listed(answer: &Answer, answers: &Answers) -> Self {
        Planned {
            append: answer.append.unwrap_or(answer.what == What::Ok),
            delay: answer.delay.unwrap_or(answers.delay),
            ..Planned::bare(answer.what)
        }
    }

    fn lost(append: bool) -> Self {
        Planned { append, ..Planned::bare(What::Lose) }
    }

    fn nth(answers: &Answers, listed: &[Answer], nth: u32) -> Self {
        let found = listed.iter().find(|answer| answer.nth == nth);
        found.map_or(Planned::ok(answers), |answer| Planned::listed(answer, answers))
    }
}

impl<'s> StandIn<'s> {
    pub(super) fn new(script: &'s Script) -> StandIn<'s> {
        let (cluster, answers) = (&script.cluster, &script.answers);
        let produce_answers = answers.produce.iter().map(|listed| {
            let partition = listed.partition.as_deref().and_then(|name| cluster.partition(name));
            let planned = Planned {
                partition,
                hint: listed.hint,
                throttle_ms: listed.throttle_ms,
                record_errors: &listed.record_errors,
                ..Planned::listed(&listed.answer, answers)
            };
            ((listed.node, listed.answer.nth), planned)
        });
        StandIn {
            script,
            produce_answers: produce_answers.collect(),
            leaders: Leaders::new(cluster),
            logs: BTreeMap::new(),
            down: BTreeSet::new(),
            silent: BTreeSet::new(),
            connections: BTreeMap::new(),
            produce_requests: BTreeMap::new(),
            metadata_requests: 0,
            init_producer_id_requests: 0,
            next_producer_id: FIRST_PRODUCER_ID,
        }
    }

    /// The metadata answer that the producer has taken in at t=0.
    pub(super) fn fresh_metadata(&self) -> MetadataResponse {
        self.leaders.known_at_start()
    }

    pub(super) fn change_leader(&mut self, change: &LeaderChange) {
        if let Some((topic, _)) = self.script.cluster.topic(&change.topic) {
            let tp = TopicPartition { topic, partition: change.partition };
            self.leaders.change(tp, change.node, change.epoch);
        }
    }

    pub(super) fn add_partitions(&mut self, more: &MorePartitions) {
        if let Some((topic, _)) = self.script.cluster.topic(&more.topic) {
            self.leaders.add(topic, &more.leaders);
        }
    }

    pub(super) fn node_silent(&mut self, node: BrokerId) {
        self.node_up(node);
        self.silent.insert(node);
    }

    pub(super) fn node_down(&mut self, now: Time, node: BrokerId) {
        self.node_up(node);
        self.down.insert(node);
        if let Some(connection) = self.connections.get_mut(&node) {
            connection.break_now(now);
        }
    }

    pub(super) fn node_up(&mut self, node: BrokerId) {
        self.down.remove(&node);
        self.silent.remove(&node);
    }

    /// The client starts a connection; whether it is refused is settled now.
    pub(super) fn connect(&mut self, now: Time, node: BrokerId) {
        let usable_at =
            if self.silent.contains(&node) { Time::NEVER } else { now + self.script.cluster.connect };
        self.connections.insert(node, Connection::new(usable_at, self.down.contains(&node)));
    }

    /// The client closes its connection, if there is one.
    pub(super) fn close(&mut self, now: Time, node: BrokerId, scribe: &mut Scribe) {
        if self.connections.remove(&node).is_some() {
            scribe.connection(now, node, "closed by client");
        }
    }

    pub(super) fn close_all(&mut self, now: Time, scribe: &mut Scribe) {
        while let Some((node, _)) = self.connections.pop_first() {
            scribe.connection(now, node, "closed by client");
        }
    }

    /// When the client can read something next.
    pub(super) fn next_event(&self) -> Time {
        self.connections.values().map(Connection::next_event).min().unwrap_or(Time::NEVER)
    }

    /// What one poll reads: of each connection at most one thing, nodes ascending.
    pub(super) fn read(&mut self, now: Time, scribe: &mut Scribe) -> Vec<(BrokerId, Arrival)> {
        let mut read = Vec::new();
        self.connections.retain(|&node, connection| {
            let Some(arrival) = connection.read(now) else { return true };
            let event = match arrival {
                Arrival::Opened => Some("open"),
                Arrival::Refused => Some("refused"),
                Arrival::Closed => Some("close"),
                Arrival::Response { .. } => None,
            };
            if let Some(event) = event {
                scribe.connection(now, node, event);
            }
            let stays = !matches!(arrival, Arrival::Refused | Arrival::Closed);
            read.push((node, arrival));
            stays
        });
        read
    }

    /// A request is written. What is written to a connection that the far end has closed vanishes.
    pub(super) fn write(&mut self, written: &Written<'_>, scribe: &mut Scribe) {
        let Written { now, node, .. } = *written;
        if self.connections.get(&node).is_none_or(|connection| connection.is_broken(now)) {
            return;
        }
        match written.request {
            Request::Produce(request) => self.produce(written, request, scribe),
            Request::Metadata(request) => self.metadata(written, request, scribe),
            Request::InitProducerId => self.init_producer_id(written, scribe),
            Request::Fetch(_)
            | Request::OffsetsForLeaderEpoch(_)
            | Request::ListOffsets(_)
            | Request::AlterPartition(_)
            | Request::Heartbeat(_) => {
                debug_assert!(false, "a producer writes no such request");
            }
        }
    }

    fn metadata(&mut self, written: &Written<'_>, request: &MetadataRequest, scribe: &mut Scribe) {
        self.metadata_requests += 1;
        scribe.other(written.now, "METADATA", written.node, self.metadata_requests);
        let answers = &self.script.answers;
        let planned = Planned::nth(answers, &answers.metadata, self.metadata_requests);
        let response = self.leaders.metadata(written.now, request.topics.iter().copied());
        self.reply(written, planned, Response::Metadata(Arc::new(response)));
    }

    fn init_producer_id(&mut self, written: &Written<'_>, scribe: &mut Scribe) {
        self.init_producer_id_requests += 1;
        scribe.other(written.now, "INIT_PRODUCER_ID", written.node, self.init_producer_id_requests);
        let answers = &self.script.answers;
        let planned = Planned::nth(answers, &answers.init_producer_id, self.init_producer_id_requests);
        let response = match planned.what {
            What::Error(error) => InitProducerIdResponse {
                error,
                producer_id: NO_PRODUCER_ID,
                producer_epoch: NO_PRODUCER_EPOCH,
            },
            What::Ok | What::Lose | What::Disconnect => self.allocate_producer_id(),
        };
        self.reply(written, planned, Response::InitProducerId(response));
    }

    fn allocate_producer_id(&mut self) -> InitProducerIdResponse {
        let producer_id = self.next_producer_id;
        self.next_producer_id += 1;
        InitProducerIdResponse { error: ErrorCode::None, producer_id, producer_epoch: 0 }
    }

    fn produce(&mut self, written: &Written<'_>, request: &ProduceRequest, scribe: &mut Scribe) {
        let nth = self.produce_requests.entry(written.node).or_default();
        *nth += 1;
        scribe.produce(written.now, written.node, *nth, request);
        let listed = self.produce_answers.get(&(written.node, *nth)).copied();
        let planned = match (listed, self.connections[&written.node].lost()) {
            (Some(listed), None) => listed,
            (Some(listed), Some(_)) => Planned::lost(listed.append),
            (None, Some(append)) => Planned::lost(append),
            (None, None) => Planned::ok(&self.script.answers),
        };
        let partitions = request.batches.iter().map(|batch| self.append(batch, planned)).collect();
        let response = ProduceResponse { partitions, throttle_ms: planned.throttle_ms };
        if request.acks == 0 {
            self.without_answer(written, planned, &response);
        } else {
            self.reply(written, planned, Response::Produce(Arc::new(response)));
        }
    }

    fn append(&mut self, batch: &RecordBatch, planned: Planned<'_>) -> PartitionResult {
        let concerned = planned.partition.is_none_or(|partition| partition == batch.tp);
        let mut result = Ok(NO_OFFSET);
        if !concerned || planned.append {
            let unknown_producer = self.script.cluster.unknown_producer;
            result = self.logs.entry(batch.tp).or_insert_with(|| Log::new(unknown_producer)).append(batch);
        }
        if let What::Error(error) = planned.what
            && concerned
        {
            result = Err(error);
        }
        PartitionResult {
            tp: batch.tp,
            batch: batch.batch,
            error: result.err().unwrap_or_default(),
            base_offset: result.unwrap_or(NO_OFFSET),
            log_append_time: -1,
            log_start_offset: 0,
            record_errors: if concerned { planned.record_errors.to_vec() } else { Vec::new() },
            leader_hint: if planned.hint && concerned { self.leaders.hint(batch.tp) } else { None },
        }
    }

    fn reply(&mut self, written: &Written<'_>, planned: Planned<'_>, response: Response) {
        let Some(connection) = self.connections.get_mut(&written.node) else { return };
        match planned.what {
            What::Ok | What::Error(_) => {
                connection.answer(written.now + planned.delay, written.correlation, response);
            }
            What::Lose => connection.lose(planned.append),
            What::Disconnect => {
                connection.lose(planned.append);
                connection.close_at(written.now + planned.delay);
            }
        }
    }

    /// acks=0: a broker does not answer; when something went wrong it closes the connection.
    fn without_answer(&mut self, written: &Written<'_>, planned: Planned<'_>, response: &ProduceResponse) {
        let Some(connection) = self.connections.get_mut(&written.node) else { return };
        let failed = response.partitions.iter().any(|partition| partition.error.is_error());
        if matches!(planned.what, What::Lose | What::Disconnect) {
            connection.lose(planned.append);
        }
        if planned.what == What::Disconnect || planned.what != What::Lose && failed {
            connection.close_at(written.now + planned.delay);
        }
    }
}

#[cfg(test)]
mod tests;
