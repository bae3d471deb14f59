//! A controller with three brokers and one topic of three partitions, fed by hand.

use std::sync::Arc;

use crate::broker::Ticket;
use crate::chance::{Script, Scripted};
use crate::config::fixture::{broker_config, topic_config};
use crate::config::{BrokerConfig, Release, TopicConfig};
use crate::controller::{Admin, AdminError, Controller, ControllerOutput, ControllerTimer, PartitionState};
use crate::protocol::{
    AlterPartitionRequest, AlterPartitionResponse, ErrorCode, HeartbeatRequest, HeartbeatResponse,
    MetadataUpdate, Request, Response,
};
use crate::record::{BrokerId, Names, TopicIx, TopicPartition};
use crate::scenario::{Acting, Topic};
use crate::time::Time;
use crate::trace::{Cx, Ends, Event, EventKind, Recorder, Seq, Stamp, Tracer};

/// The controller, its trace, and what it has put out.
pub(super) struct World {
    pub(super) controller: Controller,
    now: Time,
    chance: Scripted,
    trace: Tracer<Recorder>,
    requests: u64,
    timers: Vec<(Time, ControllerTimer)>,
    told: Vec<(BrokerId, Arc<MetadataUpdate>)>,
    answers: Vec<(u64, Response)>,
}

impl World {
    /// Warm at t=0, every last heartbeat at t=0, sweeps from t=0 on, of the newest release.
    pub(super) fn warm() -> World {
        World::of(Release::NEWEST)
    }

    pub(super) fn of(release: Release) -> World {
        World::configured(release, |_| {})
    }

    pub(super) fn configured(release: Release, change: impl FnOnce(&mut BrokerConfig)) -> World {
        let mut world = World::new(release, false, Script::Always(0), change);
        world.controller.warm(Time::ZERO, &[]);
        world
    }

    /// Warm, the first sweep so many ms after t=0.
    pub(super) fn warm_with_phase(sweep_ms: u64) -> World {
        let mut world = World::new(Release::NEWEST, false, Script::Always(sweep_ms * 1_000_000), |_| {});
        world.controller.warm(Time::ZERO, &[]);
        world
    }

    /// Warm, with eligible leader replicas and this `min.insync.replicas`.
    pub(super) fn with_elr(min_isr: u32) -> World {
        let mut world = World::new(Release::NEWEST, true, Script::Always(0), |_| {});
        world.controller.warm(Time::ZERO, &[]);
        world.set_topic(0, |config| config.min_insync_replicas = min_isr);
        world
    }

    pub(super) fn cold() -> World {
        World::new(Release::NEWEST, false, Script::Always(0), |_| {})
    }

    fn new(release: Release, elr: bool, sweep: Script, change: impl FnOnce(&mut BrokerConfig)) -> World {
        let mut config = broker_config(release);
        change(&mut config);
        let mut chance = Scripted::new().with("phase/sweep", sweep);
        let controller = Controller::new(&config, elr, 3, &[orders()], &mut chance);
        let names = Names { topics: vec!["orders".into()], ..Names::default() };
        let mut world = World {
            controller,
            now: Time::ZERO,
            chance,
            trace: Tracer::new(Recorder::all(), Arc::new(names)),
            requests: 0,
            timers: Vec::new(),
            told: Vec::new(),
            answers: Vec::new(),
        };
        world.with(Controller::start);
        world
    }

    /// From now on it is so many ms after t=0.
    pub(super) fn at(&mut self, millis: i64) -> &mut World {
        self.now = Time::from_millis(millis);
        self
    }

    fn with<R>(&mut self, act: impl FnOnce(&mut Controller, &mut Cx<'_, Recorder>) -> R) -> R {
        let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
        let result = act(&mut self.controller, &mut cx);
        let mut outputs = Vec::new();
        self.controller.take_outputs(&mut outputs);
        for output in outputs {
            match output {
                ControllerOutput::Afresh { .. } | ControllerOutput::InItsOwnTime { .. } => {}
                ControllerOutput::Answer { ticket, response, .. } => {
                    self.answers.push((ticket.correlation, response));
                }
                ControllerOutput::Tell { broker, update, .. } => self.told.push((broker, update)),
                ControllerOutput::Timer { at, timer } => self.timers.push((at, timer)),
            }
        }
        result
    }

    fn request(&mut self, request: &Request, cause: Seq) -> Response {
        self.requests += 1;
        let correlation = self.requests;
        let ticket = Ticket { connection: 0, correlation, message: correlation, ends: Ends::default() };
        self.with(|controller, cx| controller.request(cx, ticket, request, cause));
        let (to, response) = self.answers.last().cloned().expect("every request is answered at once");
        assert_eq!(to, correlation);
        response
    }

    fn heartbeat_request(&mut self, request: HeartbeatRequest, cause: Seq) -> HeartbeatResponse {
        match self.request(&Request::Heartbeat(Arc::new(request)), cause) {
            Response::Heartbeat(response) => response,
            other => panic!("{other:?}"),
        }
    }

    /// A registered broker in step with everything sends a heartbeat.
    pub(super) fn heartbeat(&mut self, broker: u32) {
        self.heartbeat_caused(broker);
    }

    /// The same; the event that brought it.
    pub(super) fn heartbeat_caused(&mut self, broker: u32) -> Seq {
        let cause = Seq(1_000 + self.requests);
        let epoch = self.controller.broker(BrokerId(broker)).expect("registered").broker_epoch;
        let applied = self.controller.offset;
        self.heartbeat_request(heartbeat(broker, epoch, applied), cause);
        cause
    }

    /// A heartbeat with these particulars.
    pub(super) fn heartbeat_of(&mut self, broker: u32, epoch: i64, applied: u64) -> HeartbeatResponse {
        self.heartbeat_request(heartbeat(broker, epoch, applied), Seq::OUTSIDE)
    }

    /// A heartbeat that asks to be unfenced, or not.
    pub(super) fn heartbeat_wanting(
        &mut self,
        broker: u32,
        epoch: i64,
        applied: u64,
        want_unfence: bool,
    ) -> HeartbeatResponse {
        let request = HeartbeatRequest { want_unfence, ..heartbeat(broker, epoch, applied) };
        self.heartbeat_request(request, Seq::OUTSIDE)
    }

    /// A heartbeat of a broker that may have missed something.
    pub(super) fn heartbeat_anew(&mut self, broker: u32, epoch: i64, applied: u64) -> HeartbeatResponse {
        let request = HeartbeatRequest { fetches_anew: true, ..heartbeat(broker, epoch, applied) };
        self.heartbeat_request(request, Seq::OUTSIDE)
    }

    /// A heartbeat of a broker that wants to end.
    pub(super) fn heartbeat_leaving(&mut self, broker: u32, epoch: i64, applied: u64) -> HeartbeatResponse {
        let request = HeartbeatRequest { want_shutdown: true, ..heartbeat(broker, epoch, applied) };
        self.heartbeat_request(request, Seq::OUTSIDE)
    }

    /// The controller's process begins anew.
    pub(super) fn restart(&mut self) {
        self.with(|controller, cx| controller.restart(cx, Seq::OUTSIDE));
    }

    /// Number of the last decision.
    pub(super) fn last_offset(&self) -> u64 {
        self.controller.offset
    }

    /// A started process registers.
    pub(super) fn register(&mut self, broker: u32, incarnation: u32) -> HeartbeatResponse {
        self.register_after(broker, incarnation, -1)
    }

    /// A started process registers, with this proof of a clean shutdown.
    pub(super) fn register_after(
        &mut self,
        broker: u32,
        incarnation: u32,
        previous_broker_epoch: i64,
    ) -> HeartbeatResponse {
        let request = HeartbeatRequest {
            incarnation,
            previous_broker_epoch,
            want_unfence: false,
            ..heartbeat(broker, -1, 0)
        };
        self.heartbeat_request(request, Seq::OUTSIDE)
    }

    /// Proposes an ISR.
    pub(super) fn alter(
        &mut self,
        request: &AlterPartitionRequest,
    ) -> Result<Arc<AlterPartitionResponse>, ErrorCode> {
        match self.request(&Request::AlterPartition(Arc::new(request.clone())), Seq::OUTSIDE) {
            Response::AlterPartition(response) if response.error.is_error() => Err(response.error),
            Response::AlterPartition(response) => Ok(response),
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn admin(&mut self, admin: &Admin) -> Result<(), AdminError> {
        self.with(|controller, cx| controller.admin(cx, admin, Seq::OUTSIDE))
    }

    /// New settings of the topic, the scenario's change of this number.
    pub(super) fn set_topic(&mut self, change: u32, with: impl FnOnce(&mut TopicConfig)) {
        let mut config = self.controller.topic_config(TopicIx(0)).expect("known").clone();
        with(&mut config);
        let to = Acting::Topic(TopicIx(0), config);
        self.admin(&Admin::SetConfig { change, to }).expect("there is such a topic");
    }

    pub(super) fn elect(&mut self, partition: u32, leader: Option<u32>) -> Result<(), AdminError> {
        self.admin(&Admin::Elect { tp: tp(partition), leader: leader.map(BrokerId), unclean: false })
    }

    /// The controller looks for ended sessions now.
    pub(super) fn sweep(&mut self) {
        self.with(|controller, cx| controller.timer(cx, ControllerTimer::SessionSweep));
    }

    /// All brokers but this one are heard shortly before a sweep at this time.
    pub(super) fn lose(&mut self, broker: u32, sweep_ms: i64) {
        for other in (0..3).filter(|&other| other != broker) {
            self.at(sweep_ms - 100).heartbeat(other);
        }
        self.at(sweep_ms).sweep();
        assert!(self.is_fenced(broker));
    }

    /// Runs the sweeps that are due up to this time.
    pub(super) fn sweep_through(&mut self, time: Time) {
        let due = |world: &World| {
            world.timers.iter().any(|&(at, timer)| timer == ControllerTimer::SessionSweep && at <= time)
        };
        while due(self) {
            self.next_timer(ControllerTimer::SessionSweep);
        }
    }

    /// Runs sweep after sweep until something is so; the time of that sweep.
    pub(super) fn sweep_until(&mut self, until: impl Fn(&World) -> bool) -> Time {
        while !until(self) {
            self.next_timer(ControllerTimer::SessionSweep);
        }
        self.now
    }

    /// Lets the earliest timer of this kind fire, at its time.
    pub(super) fn next_timer(&mut self, timer: ControllerTimer) -> Time {
        let at = self.timers.iter().position(|(_, armed)| *armed == timer).expect("armed");
        let (time, _) = self.timers.remove(at);
        self.now = self.now.max(time);
        self.with(|controller, cx| controller.timer(cx, timer));
        self.now
    }

    pub(super) fn timers(&self) -> &[(Time, ControllerTimer)] {
        &self.timers
    }

    pub(super) fn is_fenced(&self, broker: u32) -> bool {
        self.controller.broker(BrokerId(broker)).is_some_and(|registration| registration.fenced)
    }

    pub(super) fn partition(&self, partition: u32) -> &PartitionState {
        self.controller.partition(tp(partition)).expect("it exists")
    }

    /// What brokers were told since this was last asked.
    pub(super) fn told(&mut self) -> Vec<(BrokerId, Arc<MetadataUpdate>)> {
        std::mem::take(&mut self.told)
    }

    pub(super) fn events(&self) -> &[(Stamp, Event)] {
        &self.trace.observer.events
    }

    /// The kinds of the events about partition 0 and about brokers.
    pub(super) fn kinds(&self) -> Vec<EventKind> {
        let about_0 = |event: &Event| match event {
            Event::LeaderChanged { partition, .. }
            | Event::IsrShrunk { partition, .. }
            | Event::IsrExpanded { partition, .. } => *partition == 0,
            _ => true,
        };
        let events = self.events().iter().map(|(_, event)| event);
        events.filter(|event| about_0(event)).map(Event::kind).collect()
    }

    /// The leaders that partition 0 got, one after the other.
    pub(super) fn leaders_chosen(&self) -> Vec<Option<BrokerId>> {
        let events = self.events().iter().map(|(_, event)| event);
        events
            .filter_map(|event| match event {
                Event::LeaderChanged { partition: 0, leader, .. } => Some(leader.0),
                _ => None,
            })
            .collect()
    }
}

/// Partition of the only topic.
pub(super) fn tp(partition: u32) -> TopicPartition {
    TopicPartition { topic: TopicIx(0), partition }
}

pub(super) fn ids(ids: &[u32]) -> Vec<BrokerId> {
    ids.iter().map(|&id| BrokerId(id)).collect()
}

/// The preferred leader's proposal of an ISR, with the epochs that it knows; members of any broker epoch.
pub(super) fn proposal(
    partition: u32,
    leader_epoch: i32,
    partition_epoch: i32,
    isr: &[u32],
) -> AlterPartitionRequest {
    AlterPartitionRequest {
        broker: BrokerId(partition),
        broker_epoch: 0,
        tp: tp(partition),
        leader_epoch,
        partition_epoch,
        isr: isr.iter().map(|&id| (BrokerId(id), -1)).collect(),
    }
}

fn heartbeat(broker: u32, broker_epoch: i64, metadata_offset: u64) -> HeartbeatRequest {
    HeartbeatRequest {
        broker: BrokerId(broker),
        broker_epoch,
        incarnation: 0,
        previous_broker_epoch: -1,
        metadata_offset,
        want_unfence: true,
        want_shutdown: false,
        fetches_anew: false,
    }
}

/// `orders`, three partitions round robin.
fn orders() -> Topic {
    let assignment = vec![ids(&[0, 1, 2]), ids(&[1, 2, 0]), ids(&[2, 0, 1])];
    Topic { name: "orders".into(), config: topic_config(), assignment }
}
