//! How a broker stands with the controller (Kafka's `BrokerLifecycleManager`, `broker.md F1`, F5, F6), and what happens at
//! intervals.

use std::sync::Arc;

use super::{Broker, BrokerOutput, BrokerTimer, Peer};
use crate::backoff::ExponentialBackoff;
use crate::chance::{Chance, Stream};
use crate::config::BrokerConfig;
use crate::protocol::{ErrorCode, HeartbeatRequest, HeartbeatResponse, Request};
use crate::record::BrokerId;
use crate::scenario::Timing;
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer, Seq};

/// Between two heartbeats while it catches up with the metadata (`broker.md F6`).
const CATCH_UP_INTERVAL: Span = Span::from_millis(10);

/// To the second heartbeat of a broker that wants to end (`broker.md F14`).
const SHUTDOWN_INTERVAL: Span = Span::from_millis(50);

/// Between two attempts to reach the controller: the reconnect back-off of the brokers' connections to it.
const RECONNECT_INTERVAL: Span = Span::from_millis(50);

/// How far the process is (Kafka's `BrokerState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No process.
    NotRunning,
    /// It registers, and catches up with the metadata.
    Starting,
    /// It is ready, and wants to be unfenced.
    Recovery,
    /// It is part of the cluster.
    Running,
    /// It wants to end, and waits for the controller to let it go.
    ShuttingDown,
}

/// A broker's registration and heartbeats.
#[derive(Clone, Debug)]
pub(super) struct Lifecycle {
    state: State,
    incarnation: u32,
    /// -1 before the registration.
    broker_epoch: i64,
    /// The broker epoch that the metadata names for this broker.
    epoch_in_metadata: i64,
    /// Number of the last update that it has applied.
    metadata_offset: u64,
    /// On disk: the broker epoch that the last process left there when it ended in order.
    marker: Option<i64>,
    /// What this process has found there, -1 for nothing.
    previous_epoch: i64,
    /// Until when the controller has to let it go (`broker.md F14`).
    shutdown_deadline: Option<Time>,
    /// The controller has answered since it wants to end.
    shutdown_answered: bool,
    /// The next heartbeat follows the answer to the one that is out.
    at_once: bool,
    /// The heartbeat or registration that is out: its number, when it was first tried, whether it had caught up then.
    out: Option<(u64, Time, bool)>,
    /// When the one was first tried that has met nobody and will be tried again.
    trying_since: Option<Time>,
    /// When the next one is due.
    due: Option<Time>,
    failures: u32,
    /// It may have missed a word of the controller's, and has not been heard since.
    fetches_anew: bool,
    backoff: ExponentialBackoff,
    jitter: Stream,
}

impl Lifecycle {
    pub(super) fn new(id: BrokerId, config: &BrokerConfig, chance: &mut dyn Chance) -> Lifecycle {
        Lifecycle {
            state: State::NotRunning,
            incarnation: 0,
            broker_epoch: -1,
            epoch_in_metadata: -1,
            metadata_offset: 0,
            marker: None,
            previous_epoch: -1,
            shutdown_deadline: None,
            shutdown_answered: false,
            at_once: false,
            out: None,
            trying_since: None,
            due: None,
            failures: 0,
            fetches_anew: false,
            backoff: ExponentialBackoff::new(100, 2, config.session_timeout_ms, 0.02),
            jitter: chance.stream(format_args!("broker-{id}/heartbeat-jitter")),
        }
    }

    pub(super) fn broker_epoch(&self) -> i64 {
        self.broker_epoch
    }

    /// Which start of the process this is, counted from 0.
    pub(super) fn incarnation(&self) -> u32 {
        self.incarnation
    }

    pub(super) fn is_running(&self) -> bool {
        self.state != State::NotRunning
    }

    /// Whether a heartbeat or registration is out.
    pub(super) fn is_asking(&self) -> bool {
        self.out.is_some()
    }

    /// Whether it is on its way into the cluster.
    pub(super) fn is_joining(&self) -> bool {
        matches!(self.state, State::Starting | State::Recovery)
    }

    pub(super) fn is_shutting_down(&self) -> bool {
        self.state == State::ShuttingDown
    }

    /// Whether the last process ended in order, so that its logs need no recovery (`broker.md D4`).
    pub(super) fn ended_in_order(&self) -> bool {
        self.marker.is_some()
    }

    /// Its logs are on disk: the marker says so, with the broker epoch (`broker.md F14`).
    pub(super) fn leave_marker(&mut self) {
        self.marker = Some(self.broker_epoch);
    }

    /// It wants to end; false for a process that is not part of the cluster, which just ends.
    pub(super) fn begin_shutdown(&mut self, deadline: Time) -> bool {
        let running = self.state == State::Running;
        if running {
            self.state = State::ShuttingDown;
            self.shutdown_deadline = Some(deadline);
            self.at_once = self.out.is_some();
        }
        running
    }

    /// Whether the controller has had its time.
    pub(super) fn shutdown_is_overdue(&self, now: Time) -> bool {
        self.shutdown_deadline.is_some_and(|deadline| deadline <= now)
    }

    /// The controller has answered, and does not let it go yet: when to ask again (`broker.md F14`).
    fn ask_again_after(&mut self, interval: Span) -> Span {
        let first = !std::mem::replace(&mut self.shutdown_answered, true);
        if std::mem::take(&mut self.at_once) {
            Span::ZERO
        } else if first {
            SHUTDOWN_INTERVAL
        } else {
            interval
        }
    }

    pub(super) fn is_accepting(&self) -> bool {
        matches!(self.state, State::Recovery | State::Running | State::ShuttingDown)
    }

    pub(super) fn asked(&self, correlation: u64) -> bool {
        self.out.is_some_and(|(out, ..)| out == correlation)
    }

    /// Registered, unfenced and up to date, since long before t=0; the next heartbeat is due then.
    pub(super) fn warm(&mut self, due: Time) {
        self.state = State::Running;
        self.broker_epoch = 0;
        self.epoch_in_metadata = 0;
        self.due = Some(due);
    }

    pub(super) fn stop(&mut self) {
        self.state = State::NotRunning;
        self.broker_epoch = -1;
        self.epoch_in_metadata = -1;
        self.metadata_offset = 0;
        self.shutdown_deadline = None;
        self.shutdown_answered = false;
        self.at_once = false;
        self.out = None;
        self.trying_since = None;
        self.due = None;
        self.failures = 0;
        self.fetches_anew = false;
    }

    /// An update of this number has been applied.
    pub(super) fn applied(&mut self, offset: u64) {
        self.metadata_offset = self.metadata_offset.max(offset);
    }

    /// The metadata names this broker's epoch.
    pub(super) fn seen_in_metadata(&mut self, broker_epoch: i64) {
        self.epoch_in_metadata = self.epoch_in_metadata.max(broker_epoch);
    }

    /// Whether the metadata up to its own registration is applied.
    fn has_caught_up(&self) -> bool {
        self.broker_epoch >= 0 && self.epoch_in_metadata >= self.broker_epoch
    }
}

/// The intervals of a broker, each with its stream for the phase, in the order of [`Intervals::timers`].
#[derive(Clone, Debug)]
pub(super) struct Intervals {
    phases: [Stream; 6],
    heartbeat_phase: Stream,
    /// When each is due next: a timer of a process that has died since is none of them.
    due: [Option<Time>; 6],
    flush: Span,
}

const TIMERS: [BrokerTimer; 6] = [
    BrokerTimer::IsrScan,
    BrokerTimer::HwCheckpoint,
    BrokerTimer::Flush,
    BrokerTimer::Retention,
    BrokerTimer::ProducerExpiry,
    BrokerTimer::FlushScheduler,
];

impl Intervals {
    pub(super) fn new(id: BrokerId, timing: &Timing, chance: &mut dyn Chance) -> Intervals {
        let mut phase = |name: &str| chance.stream(format_args!("broker-{id}/phase/{name}"));
        Intervals {
            phases: ["isr-scan", "hw-checkpoint", "flush", "retention", "producer-expiry", "flush-scheduler"]
                .map(&mut phase),
            heartbeat_phase: phase("heartbeat"),
            due: [None; 6],
            flush: timing.flush,
        }
    }

    fn length(&self, at: usize, config: &BrokerConfig) -> Span {
        let millis = match TIMERS[at] {
            BrokerTimer::IsrScan => config.replica_lag_time_max_ms / 2,
            BrokerTimer::HwCheckpoint => config.hw_checkpoint_interval_ms,
            BrokerTimer::Retention => config.log_retention_check_interval_ms,
            BrokerTimer::ProducerExpiry => config.producer_id_expiration_check_interval_ms,
            // Its default, 2^63 - 1, is never.
            BrokerTimer::FlushScheduler => match config.log_flush_scheduler_interval_ms {
                i64::MAX => 0,
                millis => millis,
            },
            _ => return self.flush,
        };
        Span::from_millis(millis)
    }

    pub(super) fn stop(&mut self) {
        self.due = [None; 6];
    }
}

/// An offset in an interval, drawn uniformly.
fn draw_phase(interval: Span, chance: &mut dyn Chance, stream: Stream) -> Span {
    Span::from_nanos(chance.below(stream, interval.nanos().max(1)))
}

impl Broker {
    /// Sets the timers of everything that happens at intervals, as for a broker that has been running for long.
    pub(super) fn warm_intervals<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        for at in 0..TIMERS.len() {
            let length = self.intervals.length(at, &self.config);
            let phase = draw_phase(length, cx.chance, self.intervals.phases[at]);
            self.set_interval(at, cx.now + phase, length);
        }
        let heartbeat = Span::from_millis(self.config.heartbeat_interval_ms);
        self.heartbeat_age = draw_phase(heartbeat, cx.chance, self.intervals.heartbeat_phase);
        let due = cx.now + (heartbeat - self.heartbeat_age);
        self.lifecycle.warm(due);
        self.set_heartbeat_timer(due);
    }

    /// The same for a process that has just started: everything for the first time after one interval.
    pub(super) fn start_intervals(&mut self, now: Time) {
        for at in 0..TIMERS.len() {
            let length = self.intervals.length(at, &self.config);
            self.set_interval(at, now + length, length);
        }
    }

    /// An interval of no length never comes.
    fn set_interval(&mut self, at: usize, due: Time, length: Span) {
        if length > Span::ZERO {
            self.intervals.due[at] = Some(due);
            let timer = TIMERS[at];
            self.outputs.push(BrokerOutput::Timer { at: due, timer, cause: Seq::OUTSIDE });
        }
    }

    /// Whether this timer is due, rather than one of a process that has died; it is set again then.
    pub(super) fn interval_is_due(&mut self, now: Time, timer: BrokerTimer) -> bool {
        let Some(at) = TIMERS.iter().position(|&known| known == timer) else { return false };
        let Some(due) = self.intervals.due[at].filter(|&due| due <= now) else { return false };
        let length = self.intervals.length(at, &self.config);
        // A process that stood still comes late, and goes on in its old rhythm.
        let missed = now.since(due).nanos() / length.nanos().max(1);
        self.set_interval(at, due + length.times(missed + 1), length);
        true
    }

    /// The process registers: a new incarnation.
    pub(super) fn begin_registration<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        self.lifecycle.state = State::Starting;
        self.lifecycle.incarnation += 1;
        self.lifecycle.previous_epoch = self.lifecycle.marker.take().unwrap_or(-1);
        self.send_heartbeat(cx.now, cause);
    }

    /// A heartbeat, or a registration where there is none yet.
    pub(super) fn send_heartbeat(&mut self, now: Time, cause: Seq) {
        let correlation = self.next_correlation();
        let lifecycle = &mut self.lifecycle;
        let request = HeartbeatRequest {
            broker: self.id,
            broker_epoch: lifecycle.broker_epoch,
            incarnation: lifecycle.incarnation,
            previous_broker_epoch: lifecycle.previous_epoch,
            metadata_offset: lifecycle.metadata_offset,
            want_unfence: matches!(lifecycle.state, State::Recovery | State::Running | State::ShuttingDown),
            want_shutdown: lifecycle.state == State::ShuttingDown,
            fetches_anew: lifecycle.fetches_anew,
        };
        let since = lifecycle.trying_since.take().unwrap_or(now);
        lifecycle.due = None;
        lifecycle.out = Some((correlation, since, lifecycle.has_caught_up()));
        let (peer, request) = (Peer::Controller, Request::Heartbeat(Arc::new(request)));
        self.outputs.push(BrokerOutput::Ask { peer, correlation, request, cause });
        let at = since + self.session_timeout();
        let timer = BrokerTimer::HeartbeatTimeout;
        self.outputs.push(BrokerOutput::Timer { at, timer, cause: Seq::OUTSIDE });
    }

    fn session_timeout(&self) -> Span {
        Span::from_millis(self.config.session_timeout_ms)
    }

    fn set_heartbeat_timer(&mut self, at: Time) {
        self.lifecycle.due = Some(at);
        let timer = BrokerTimer::Heartbeat;
        self.outputs.push(BrokerOutput::Timer { at, timer, cause: Seq::OUTSIDE });
    }

    /// The time for the next heartbeat has come.
    pub(super) fn heartbeat_due(&mut self, now: Time) {
        if self.lifecycle.due.is_some_and(|due| due <= now) {
            self.send_heartbeat(now, Seq::OUTSIDE);
        }
    }

    /// The process goes on after it has stood still: it asks at once what the controller has decided meanwhile. In this model
    /// a heartbeat does that.
    pub fn goes_on<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        self.lifecycle.fetches_anew = true;
        if self.lifecycle.out.is_none() {
            self.send_heartbeat(cx.now, cause);
        }
    }

    /// The controller's answer to a heartbeat or registration.
    pub(super) fn heartbeat_answered<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        answer: HeartbeatResponse,
        cause: Seq,
    ) {
        let Some((_, _, had_caught_up)) = self.lifecycle.out.take() else { return };
        if answer.error != ErrorCode::None {
            return self.heartbeat_failed(cx);
        }
        let lifecycle = &mut self.lifecycle;
        lifecycle.failures = 0;
        lifecycle.fetches_anew = false;
        let interval = Span::from_millis(self.config.heartbeat_interval_ms);
        let next = match lifecycle.state {
            State::Starting if lifecycle.broker_epoch < 0 => {
                lifecycle.broker_epoch = answer.broker_epoch;
                Span::ZERO
            }
            State::Starting if had_caught_up => {
                lifecycle.state = State::Recovery;
                self.outputs.push(BrokerOutput::Listens);
                Span::ZERO
            }
            State::Starting => CATCH_UP_INTERVAL,
            State::Recovery if !answer.fenced => {
                lifecycle.state = State::Running;
                interval
            }
            State::ShuttingDown if answer.may_shut_down => return self.end_in_order(cx, cause),
            State::ShuttingDown => lifecycle.ask_again_after(interval),
            State::Recovery | State::Running | State::NotRunning => interval,
        };
        if next == Span::ZERO {
            self.send_heartbeat(cx.now, cause);
        } else {
            self.set_heartbeat_timer(cx.now + next);
        }
    }

    /// The connection to the controller was refused, or is gone: the same is tried again, as long as a session lasts (Kafka's
    /// `NodeToControllerRequestThread`).
    pub(super) fn heartbeat_met_nobody<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let timeout = self.session_timeout();
        match self.lifecycle.out {
            Some((_, since, _)) if cx.now < since + timeout => {
                self.lifecycle.out = None;
                self.lifecycle.trying_since = Some(since);
                self.set_heartbeat_timer(cx.now + RECONNECT_INTERVAL);
            }
            _ => self.heartbeat_failed(cx),
        }
    }

    /// Refused, or no answer: the next one after an exponential back-off (`broker.md F1`).
    pub(super) fn heartbeat_failed<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let lifecycle = &mut self.lifecycle;
        lifecycle.out = None;
        lifecycle.fetches_anew = true;
        let wait = lifecycle.backoff.delay(lifecycle.failures, cx.chance, lifecycle.jitter, true);
        lifecycle.failures += 1;
        self.set_heartbeat_timer(cx.now + Span::from_millis(wait));
    }

    /// Nothing has come back within the session's time: the connection is given up.
    pub(super) fn heartbeat_times_out<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let timeout = self.session_timeout();
        if self.lifecycle.out.is_some_and(|(_, sent, _)| sent + timeout <= cx.now) {
            self.hang_up_on_controller(cx);
        }
    }

    /// Closes the connection to the controller: nothing that is out on it will be answered.
    pub(super) fn hang_up_on_controller<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let (peer, by) = (Peer::Controller, "request-timeout");
        self.outputs.push(BrokerOutput::Hang { peer, by, cause: Seq::OUTSIDE });
        self.proposals_lost(cx.now);
        if self.lifecycle.out.is_some() {
            self.heartbeat_failed(cx);
        }
    }
}
