//! `Sender`: the one thread behind a producer that sends, reads answers and runs callbacks (`producer.md 4`).
//!
//! Kafka's loop runs until it is told to stop and sleeps in the middle of it. Here [`Sender::next`] runs it up to the
//! next thing that the outside has to do: run a batch's callbacks, let the application act, sleep. What is left to do at
//! that point waits in `tasks` (in the order in which Kafka would do it) and in `phase`.

mod control;
mod idempotence;
mod in_flight;
pub(crate) mod metadata;
pub(crate) mod network_client;
mod pass;
mod results;
mod turn;

use std::collections::VecDeque;
use std::sync::Arc;

pub(crate) use idempotence::TransactionManager;
pub(crate) use metadata::Metadata;
use network_client::ClientResponse;
pub(crate) use network_client::{ClientStreams, NetworkClient};
pub use turn::{Completion, Outcome, Turn};

use crate::accumulator::{Drained, ReadyCheck, RecordAccumulator};
use crate::config::ProducerConfig;
use crate::protocol::{Arrival, ClientAction, LeaderHint};
use crate::record::{BrokerId, TopicPartition};
use crate::time::Time;
use crate::trace::{Cx, Observer, Seq};
use control::{AfterSleep, Await};
use in_flight::InFlightBatches;
use pass::Pass;
use results::Task;

/// The sender with all that it works on.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    config: Arc<ProducerConfig>,
    pub(crate) accumulator: RecordAccumulator,
    pub(crate) metadata: Metadata,
    client: NetworkClient,
    /// None without idempotence.
    pub(crate) transactions: Option<TransactionManager>,
    in_flight: InFlightBatches,
    tasks: VecDeque<Task>,
    phase: Phase,
    check: ReadyCheck,
    /// What a pass has drained; empty between two.
    drained: Vec<Drained>,
    /// The requests that a poll has ended; empty between two.
    responses: Vec<ClientResponse>,
    /// New leaders that the answer at hand has named so far.
    hints: Vec<(TopicPartition, LeaderHint)>,
    running: bool,
    force_close: bool,
    /// Somebody woke the sender since its last poll ended.
    woken: bool,
    /// The same, until somebody has asked.
    wakeup_pending: bool,
    /// Whether the application has something to go on with.
    stirred: bool,
}

/// Where the loop stands when nothing is left in `tasks`.
#[derive(Clone, Debug)]
enum Phase {
    /// Before the next pass.
    Top,
    /// In a pass: what expired has been failed, now the requests are written.
    Produce(Pass),
    /// A fatal error has ended every batch; only a poll is left of the pass.
    Fatal,
    /// A poll is about to begin.
    Poll(Poll),
    /// In it.
    Polling(Poll, Time),
    /// Waiting for a connection to ask for a producer id on.
    Await(Await),
    /// Asleep outside `poll`.
    Sleeping(Time, AfterSleep),
    /// What was left has been given up, or nothing was left: connections are closed.
    Shutdown,
    /// The thread is no more.
    Ended,
}

/// A poll, and where the loop goes on behind it.
#[derive(Clone, Debug)]
struct Poll {
    timeout_ms: i64,
    cause: Seq,
    then: Then,
}

/// Where the loop goes on after a poll.
#[derive(Clone, Copy, Debug)]
enum Then {
    Top,
    Await(Await),
}

/// The parts that a sender is put together from.
pub(crate) struct Parts {
    pub(crate) accumulator: RecordAccumulator,
    pub(crate) metadata: Metadata,
    pub(crate) client: NetworkClient,
    pub(crate) transactions: Option<TransactionManager>,
}

impl Sender {
    /// A sender before its first pass.
    pub(crate) fn new(config: Arc<ProducerConfig>, parts: Parts) -> Sender {
        Sender {
            config,
            accumulator: parts.accumulator,
            metadata: parts.metadata,
            client: parts.client,
            transactions: parts.transactions,
            in_flight: InFlightBatches::default(),
            tasks: VecDeque::new(),
            phase: Phase::Top,
            check: ReadyCheck::new(),
            drained: Vec::new(),
            responses: Vec::new(),
            hints: Vec::new(),
            running: true,
            force_close: false,
            woken: false,
            wakeup_pending: false,
            stirred: false,
        }
    }

    /// A usable connection to every broker that is known.
    pub(crate) fn warm_connections(&mut self) {
        for &node in &self.metadata.cluster().nodes {
            self.client.warm(node);
        }
    }

    /// Ends the poll that is going on, or the next one.
    pub(crate) fn wake(&mut self) {
        self.woken = true;
        self.wakeup_pending = true;
    }

    /// Whether the sender has been woken since its last poll ended, or since this was last asked.
    pub(crate) fn take_wakeup(&mut self) -> bool {
        std::mem::take(&mut self.wakeup_pending)
    }

    /// The same, left as it is.
    pub(crate) fn is_wakeup_pending(&self) -> bool {
        self.wakeup_pending
    }

    /// Something has come to this machine.
    pub(crate) fn arrive(&mut self, node: BrokerId, arrival: Arrival, cause: Seq) {
        self.client.arrive(node, arrival, cause);
    }

    /// Whether anything waits to be read.
    pub(crate) fn has_arrivals(&self) -> bool {
        self.client.has_arrivals()
    }

    /// What the selector is to do, appended in order.
    pub(crate) fn take_actions(&mut self, into: &mut Vec<ClientAction>) {
        self.client.take_actions(into);
    }

    /// What does not wait for the next poll.
    pub(crate) fn take_connects_and_closes(&mut self, into: &mut Vec<ClientAction>) {
        self.client.take_connects_and_closes(into);
    }

    /// Whether `send()` still has somebody to send for.
    pub(crate) fn is_running(&self) -> bool {
        self.running
    }

    /// Whether the thread is gone.
    pub(crate) fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// Sends what there is, then ends (`initiateClose`).
    pub(crate) fn initiate_close(&mut self, cause: Seq) {
        self.accumulator.close(cause);
        self.running = false;
        self.wake();
    }

    /// Gives up what there is, then ends (`forceClose`).
    pub(crate) fn force_close(&mut self, cause: Seq) {
        self.force_close = true;
        self.initiate_close(cause);
    }

    /// The poll of the last turn ends now: what was written, what has arrived and what took too long is dealt with in
    /// the turns that follow.
    pub(crate) fn poll_ends<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let Phase::Polling(poll, _) = &self.phase else { return };
        let then = poll.then;
        let version = self.metadata.version();
        let woken = std::mem::take(&mut self.woken);
        self.wakeup_pending = false;
        let mut responses = std::mem::take(&mut self.responses);
        self.client.end_poll(cx, &mut self.metadata, woken, &mut responses);
        self.stirred |= self.metadata.version() != version;
        self.tasks.extend(responses.drain(..).map(Task::Response));
        self.responses = responses;
        self.phase = match then {
            Then::Top => Phase::Top,
            Then::Await(waiting) => Phase::Await(waiting),
        };
    }

    /// Runs the loop up to the next thing that the outside has to do.
    pub(crate) fn next<O: Observer>(&mut self, cx: &mut Cx<'_, O>) -> Turn {
        loop {
            if let Some(task) = self.tasks.pop_front() {
                if let Some(completion) = self.run_task(cx, task) {
                    self.stirred = true;
                    return Turn::Callbacks(completion);
                }
                continue;
            }
            // In the middle of a pass nobody else runs, and once the thread is gone the application sees so by itself.
            let goes_on =
                matches!(self.phase, Phase::Produce(_) | Phase::Fatal | Phase::Shutdown | Phase::Ended);
            if !goes_on && std::mem::take(&mut self.stirred) {
                return Turn::Application;
            }
            if let Some(turn) = self.step(cx) {
                return turn;
            }
        }
    }

    /// Goes on from the phase.
    fn step<O: Observer>(&mut self, cx: &mut Cx<'_, O>) -> Option<Turn> {
        match std::mem::replace(&mut self.phase, Phase::Top) {
            Phase::Top => self.top(cx),
            Phase::Produce(pass) => self.write_requests(cx, pass),
            Phase::Fatal => self.poll(cx, self.config.retry_backoff_ms, Seq::OUTSIDE, Then::Top),
            Phase::Poll(poll) => {
                let until = self.client.poll_until(cx.now, poll.timeout_ms, self.woken);
                return Some(self.asleep_in_poll(poll, until));
            }
            Phase::Polling(poll, until) => return Some(self.asleep_in_poll(poll, until)),
            Phase::Await(waiting) => self.await_ready(cx, waiting),
            Phase::Sleeping(until, then) if cx.now < until => {
                self.phase = Phase::Sleeping(until, then);
                return Some(Turn::Sleep { until });
            }
            Phase::Sleeping(_, then) => self.after_sleep(cx, then),
            Phase::Shutdown => self.shut_down(),
            Phase::Ended => {
                self.phase = Phase::Ended;
                return Some(Turn::Ended);
            }
        }
        None
    }

    fn asleep_in_poll(&mut self, poll: Poll, until: Time) -> Turn {
        let cause = poll.cause;
        self.phase = Phase::Polling(poll, until);
        Turn::Poll { until, cause }
    }

    /// `client.poll(timeout, now)` up to the sleep.
    fn poll<O: Observer>(&mut self, cx: &mut Cx<'_, O>, timeout_ms: i64, cause: Seq, then: Then) {
        self.poll_as_of(cx, timeout_ms, cx.now.millis(), cause, then);
    }

    /// The same with the instant of the pass.
    fn poll_as_of<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        timeout_ms: i64,
        now_ms: i64,
        cause: Seq,
        then: Then,
    ) {
        let timeout_ms = self.client.begin_poll(cx, &mut self.metadata, timeout_ms, now_ms);
        self.phase = Phase::Poll(Poll { timeout_ms, cause, then });
    }

    /// Between two passes: whether there is another one.
    fn top<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        let has_work = || self.accumulator.has_undrained() || self.client.in_flight_count() > 0;
        if self.running || (!self.force_close && has_work()) {
            self.run_once(cx);
            return;
        }
        if self.force_close {
            let cause = self.accumulator.causes.close;
            self.abort_batches(crate::protocol::Exception::KafkaException, cause);
        }
        self.phase = Phase::Shutdown;
    }

    fn shut_down(&mut self) {
        self.client.close(self.accumulator.causes.close);
        self.metadata.close();
        self.phase = Phase::Ended;
    }
}
