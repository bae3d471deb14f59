//! How a run begins: what stands at t=0 (`scenario-format.md`, "At t=0").

use std::sync::Arc;

use super::chaos::Chaos;
use super::client::Client;
use super::components::endpoint;
use super::lost_tails::LostTails;
use super::old_min_isr::OldMinIsr;
use super::pause::Piles;
use super::queue::{Class, Queue};
use super::run::{Due, Process, Run, Scratch};
use super::tally::Tally;
use crate::application::StreamState;
use crate::broker::{Broker, BrokerOutput};
use crate::chance::{Chance, Seeded};
use crate::consumer::Consumer;
use crate::controller::Controller;
use crate::fault::FaultPlan;
use crate::network::{Endpoint, Network};
use crate::producer::Producer;
use crate::protocol::{ErrorCode, MetadataResponse, PartitionMetadata, TopicMetadata};
use crate::record::{BrokerId, ConsumerIx, Names, ProducerIx, TopicIx, TopicPartition};
use crate::scenario::{ConfigChanges, Scenario, Stream};
use crate::time::Time;
use crate::trace::{Cx, Event, Observer, Seq, Tracer};
use crate::verdict::Ledger;

/// The names of a scenario, in the order of its indices.
pub fn names_of(scenario: &Scenario) -> Names {
    let topics = scenario.topics.iter().map(|topic| topic.name.clone());
    Names {
        producers: scenario.producers.iter().map(|producer| producer.id.clone()).collect(),
        consumers: scenario.consumers.iter().map(|consumer| consumer.id.clone()).collect(),
        topics: topics.chain(scenario.unknown_topics.iter().cloned()).collect(),
        scenario: scenario.name.clone(),
    }
}

impl<O: Observer> Run<O> {
    /// A run of this scenario, drawn from its seed.
    pub fn new(scenario: Arc<Scenario>, names: Arc<Names>, observer: O) -> Run<O> {
        let chance = Box::new(Seeded::new(scenario.seed));
        Run::with_chance(scenario, names, observer, chance)
    }

    /// A run of this scenario with another source of choices.
    pub fn with_chance(
        scenario: Arc<Scenario>,
        names: Arc<Names>,
        observer: O,
        mut chance: Box<dyn Chance>,
    ) -> Run<O> {
        let mut trace = Tracer::new(observer, Arc::clone(&names));
        let mut started = Cx { now: Time::ZERO, chance: &mut *chance, trace: &mut trace };
        started.emit(Seq::OUTSIDE, || Event::RunStarted {
            scenario: names.scenario.as_str().into(),
            seed: scenario.seed,
            profile: scenario.profile.to_string().into(),
        });
        let config = Arc::new(scenario.cluster.config.clone());
        let racks: Arc<[String]> = scenario.cluster.racks.as_slice().into();
        let changes = Arc::new(ConfigChanges::of(&scenario.faults));
        let brokers: Vec<Broker> = (0..scenario.cluster.brokers)
            .map(|id| {
                let (topics, timing) = (&scenario.topics, &scenario.cluster.timing);
                Broker::new(
                    BrokerId(id),
                    scenario.cluster.brokers,
                    Arc::clone(&config),
                    topics,
                    timing,
                    &mut *chance,
                )
                .with_racks(Arc::clone(&racks))
                .with_changes(Arc::clone(&changes))
            })
            .collect();
        let cluster = &scenario.cluster;
        let controller =
            Controller::new(&config, cluster.elr, cluster.brokers, &scenario.topics, &mut *chance);
        let piles = Piles::new(&mut *chance);
        let network = Network::new(&scenario.network, scenario.cluster.timing.metadata, Arc::clone(&names));
        let (faults, timed) = FaultPlan::new(&scenario.faults, &mut trace.watch, &mut *chance);
        let mut queue = Queue::default();
        for (fault, at) in timed {
            queue.push_fixed(at, Class::Fault, fault, Due::FaultBegins(fault));
        }
        let (chaos, strikes) = Chaos::new(&scenario, &mut *chance);
        for (at, time) in strikes {
            queue.push_fixed(time, Class::Fault, scenario.faults.len() as u32 + at, Due::Chaos(at));
        }
        let mut run = Run {
            now: Time::ZERO,
            queue,
            chance,
            trace,
            clients: Vec::with_capacity(scenario.producers.len()),
            client_settled: vec![false; scenario.producers.len()],
            apart: TopicPartition::default(),
            network,
            processes: vec![Process::new(scenario.cluster.warm); brokers.len()],
            brokers,
            controller,
            controller_process: Process::new(true),
            consumers: Vec::with_capacity(scenario.consumers.len()),
            waiting_consumers: Vec::new(),
            faults,
            chaos,
            lost_tails: LostTails::default(),
            old_min_isr: OldMinIsr::new(&scenario),
            piles,
            targets: vec![Default::default(); scenario.faults.len()],
            ledger: Ledger::new(scenario.producers.len()),
            tally: Tally::new(scenario.producers.len()),
            refused: Vec::new(),
            waiting_admins: Vec::new(),
            restarts: Vec::new(),
            ended: None,
            scratch: Scratch::default(),
            scenario,
            names,
        };
        if run.scenario.cluster.warm {
            run.warm_cluster();
        } else {
            run.start_cluster();
        }
        run.start_clients();
        run.start_consumers();
        run
    }

    /// The brokers start now, and know nothing (`broker.md F6`); topics come into being once their replicas are there.
    fn start_cluster(&mut self) {
        self.with_controller(Controller::start);
        let brokers = (0..self.scenario.cluster.brokers).map(BrokerId);
        brokers.clone().for_each(|broker| self.network.refuses(Endpoint::Broker(broker)));
        brokers.for_each(|broker| self.start_broker(broker, Seq::OUTSIDE));
    }

    /// The cluster has been running for long: everybody knows everything, every follower's fetch is parked.
    fn warm_cluster(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        for id in (0..scenario.cluster.brokers).map(BrokerId) {
            self.connect_controller(id);
            let broker = Endpoint::Broker(id);
            for leader in (0..scenario.cluster.brokers).map(BrokerId).filter(|&leader| leader != id) {
                self.network.warm(broker, Endpoint::Broker(leader), &mut *self.chance);
            }
        }
        let mut parked = Vec::new();
        for broker in 0..self.brokers.len() {
            let mut cx = Cx { now: self.now, chance: &mut *self.chance, trace: &mut self.trace };
            self.brokers[broker].warm(&mut cx, &scenario.topics);
            let mut outputs = Vec::new();
            self.brokers[broker].take_outputs(&mut outputs);
            for output in outputs {
                match output {
                    BrokerOutput::Ask { peer, correlation, request, .. } => {
                        parked.push((BrokerId(broker as u32), endpoint(peer), correlation, request));
                    }
                    BrokerOutput::Timer { at, timer, cause } => {
                        self.queue.push_system(at, Due::Broker(BrokerId(broker as u32), 0, timer, cause));
                    }
                    _ => {}
                }
            }
        }
        for (follower, leader, correlation, request) in parked {
            if let Endpoint::Broker(leader) = leader
                && let Some(ticket) = self.network.already_there(
                    Endpoint::Broker(follower),
                    Endpoint::Broker(leader),
                    correlation,
                )
            {
                self.with_broker(leader, |broker, cx| {
                    broker.request(cx, ticket, request, None, Seq::OUTSIDE);
                });
            }
        }
        let ages: Vec<_> = self.brokers.iter().map(Broker::heartbeat_age).collect();
        self.controller.warm(self.now, &ages);
        self.with_controller(Controller::start);
    }

    /// A running broker and the controller are always connected, as long as that one runs.
    pub(super) fn connect_controller(&mut self, broker: BrokerId) {
        if !self.controller_process.up {
            return;
        }
        let broker = Endpoint::Broker(broker);
        self.network.warm(broker, Endpoint::Controller, &mut *self.chance);
        self.network.warm(Endpoint::Controller, broker, &mut *self.chance);
    }

    /// Topics as a metadata answer of a warm cluster names them.
    fn warm_metadata(&self, topics: &[TopicIx]) -> MetadataResponse {
        let brokers = (0..self.scenario.cluster.brokers).map(BrokerId).collect();
        let topics = topics
            .iter()
            .filter_map(|&topic| {
                let known = self.scenario.topics.get(usize::from(topic.0))?;
                let partitions = (0u32..)
                    .zip(&known.assignment)
                    .map(|(partition, replicas)| PartitionMetadata {
                        partition,
                        error: ErrorCode::None,
                        leader: replicas.first().copied(),
                        leader_epoch: 0,
                    })
                    .collect();
                Some(TopicMetadata { topic, error: ErrorCode::None, partitions })
            })
            .collect();
        MetadataResponse { brokers, topics }
    }

    fn start_clients(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        let mut next_producer_id = 0;
        for (at, settings) in scenario.producers.iter().enumerate() {
            let ix = ProducerIx(at as u16);
            let mut producer = self.new_producer(ix);
            if settings.warm {
                let mut topics: Vec<TopicIx> = settings.sends.iter().map(|stream| stream.topic).collect();
                topics.sort_unstable();
                topics.dedup();
                producer.warm_metadata(Time::ZERO, &self.warm_metadata(&topics));
                for broker in 0..scenario.cluster.brokers {
                    let broker = Endpoint::Broker(BrokerId(broker));
                    self.network.warm(Endpoint::Producer(ix), broker, &mut *self.chance);
                }
                producer.warm_connections();
                if settings.config.enable_idempotence {
                    producer.warm_producer_id(next_producer_id, 0);
                    next_producer_id += 1;
                }
            }
            let streams = self.streams(ix, &settings.sends);
            let keep_content = self.somebody_decodes();
            let key_class = settings.config.key_serializer.map_or(0, |class| 1 + class as u64);
            self.clients.push(Client::new(ix, producer, streams, settings.callback, keep_content, key_class));
            self.flush_client(ix.0);
        }
    }

    fn streams(&mut self, ix: ProducerIx, sends: &[Stream]) -> Vec<StreamState> {
        let id = self.names.producer(ix).to_owned();
        sends
            .iter()
            .zip(0..)
            .map(|(send, at)| {
                StreamState::new(send, &id, at, &mut *self.chance)
                    .expect("the scenario's reader has checked every stream")
            })
            .collect()
    }

    fn somebody_decodes(&self) -> bool {
        self.scenario.consumers.iter().any(|consumer| consumer.decode.is_some())
    }

    /// A producer whose process starts now and knows its bootstrap servers only. Those are nodes of their own to a client
    /// (Kafka gives them negative ids), numbered behind the brokers here.
    pub(super) fn new_producer(&mut self, ix: ProducerIx) -> Producer {
        let settings = &self.scenario.producers[usize::from(ix.0)];
        let brokers = self.scenario.cluster.brokers;
        let bootstrap: Vec<BrokerId> = (brokers..2 * brokers).map(BrokerId).collect();
        let config = Arc::new(settings.config.clone());
        Producer::new(ix, config, &bootstrap, &self.names, &mut *self.chance)
    }

    fn start_consumers(&mut self) {
        let scenario = Arc::clone(&self.scenario);
        for (at, settings) in scenario.consumers.iter().enumerate() {
            let ix = ConsumerIx(at as u16);
            let consumer = Consumer::new(ix, settings, &self.names, &mut *self.chance);
            self.consumers.push(consumer);
            self.queue.push_system(settings.start, Due::ConsumerStarts(ix));
        }
    }
}
