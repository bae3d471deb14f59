//! The loop of a script: the producer's turns, and what passes while its sender sleeps.

use std::sync::Arc;

use super::application::{Application, Calls, outgoing, result};
use super::error::ScriptError;
use super::scribe::Scribe;
use super::script::{Script, StickyDraws, Then};
use super::stand_in::{StandIn, Written};
use super::timeline::{Item, Step, Timeline};
use super::transcript::Transcript;
use crate::chance::{Script as Draws, Scripted};
use crate::config::{ProducerConfig, Release};
use crate::producer::{Completion, FlushId, Producer, Sending, ThreadIx, Turn};
use crate::protocol::{ClientAction, Exception};
use crate::record::{Names, ProducerIx};
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer, Seq, Tracer, Unobserved};

/// More polls than this at one instant: the producer turns round and round.
const MAX_POLLS_AT_ONE_INSTANT: u32 = 100_000;
/// The sender's own thread, when a callback calls `send()`.
const SENDER: ThreadIx = ThreadIx(1);

/// Runs a script with a producer of this release.
///
/// # Errors
/// When the text is no script, or the producer refuses its configuration.
pub fn run_script(json: &str, release: Release) -> Result<Transcript, ScriptError> {
    let script = Script::read(json)?;
    observe_script(&script, release, Unobserved).map(|(transcript, _)| transcript)
}

/// The same with somebody who looks on; what he has seen.
///
/// # Errors
/// When the producer refuses its configuration.
pub fn observe_script<O: Observer>(
    script: &Script,
    release: Release,
    observer: O,
) -> Result<(Transcript, O), ScriptError> {
    let config = super::config::resolve(script, release)?;
    let mut run = Run::new(script, config, observer);
    match run.sender() {
        Ok(()) | Err(Halt::Over) => {
            let transcript = run.scribe.finish(&script.name, super::config::kafka_version(release));
            Ok((transcript, run.trace.observer))
        }
        Err(Halt::Stuck) => Err(ScriptError::Stuck { at_ms: run.now.millis() }),
    }
}

/// Why the loop ends before the producer does.
enum Halt {
    /// The script's `until` is reached, or nothing can happen any more.
    Over,
    /// Time stands still.
    Stuck,
}

struct Run<'s, O> {
    now: Time,
    until: Time,
    chance: Scripted,
    trace: Tracer<O>,
    producer: Producer,
    stand_in: StandIn<'s>,
    application: Application<'s>,
    timeline: Timeline<'s>,
    scribe: Scribe,
    flushes: Vec<FlushId>,
    force_close_at: Time,
    /// Somebody woke the sender since its last poll ended.
    woken: bool,
    polls: Polls,
    actions: Vec<ClientAction>,
}

/// The polls of one instant.
#[derive(Clone, Copy, Debug, Default)]
struct Polls {
    instant: Time,
    count: u32,
}

impl<'s, O: Observer> Run<'s, O> {
    fn new(script: &'s Script, config: ProducerConfig, observer: O) -> Run<'s, O> {
        let names = Arc::new(Names {
            producers: vec![config.client_id.clone()],
            topics: script.cluster.topics.iter().map(|topic| topic.name.clone()).collect(),
            scenario: script.name.clone(),
            ..Names::default()
        });
        let stand_in = StandIn::new(script);
        let mut chance = draws(script.sticky_draws);
        let bootstrap = &script.cluster.nodes;
        let mut producer = Producer::new(ProducerIx(0), Arc::new(config), bootstrap, &names, &mut chance);
        producer.warm_metadata(Time::ZERO, &stand_in.fresh_metadata());
        Run {
            now: Time::ZERO,
            until: script.until,
            chance,
            trace: Tracer::new(observer, Arc::clone(&names)),
            producer,
            stand_in,
            application: Application::new(&script.cluster),
            timeline: Timeline::new(script),
            scribe: Scribe::new(names),
            flushes: Vec::new(),
            force_close_at: Time::NEVER,
            woken: false,
            polls: Polls::default(),
            actions: Vec::new(),
        }
    }

    /// The sender's thread, from its start to its end.
    fn sender(&mut self) -> Result<(), Halt> {
        loop {
            let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
            match self.producer.next(&mut cx) {
                Turn::Callbacks(completion) => self.callbacks(&completion)?,
                Turn::Application => self.application_acts(),
                Turn::Poll { until, .. } => self.poll(until)?,
                Turn::Sleep { until } => self.sleep(until)?,
                Turn::Ended => return self.after_close(),
            }
        }
    }

    /// A batch's callbacks, and what they do.
    fn callbacks(&mut self, completion: &Completion) -> Result<(), Halt> {
        self.connect_and_close();
        let place = (completion.tp.topic, Some(completion.tp.partition));
        for (at, record) in completion.records.iter().enumerate() {
            let result = result(&completion.outcome, at);
            let then = self.application.calls_back(self.now, record, place, result, &mut self.scribe);
            self.do_in_callback(then)?;
        }
        Ok(())
    }

    fn do_in_callback(&mut self, then: Option<&'s Then>) -> Result<(), Halt> {
        match then {
            None => Ok(()),
            Some(Then::Send { id, record }) => match self.application.item(*id, record) {
                Some(item) => self.send_in_callback(item),
                None => Ok(()),
            },
            Some(Then::Flush) if self.producer.flush_in_callback(Seq::OUTSIDE) => Ok(()),
            Some(Then::Flush) => loop {
                self.sender_waits(Time::NEVER)?;
            },
            Some(Then::Close) => {
                self.force_close();
                Ok(())
            }
        }
    }

    /// `send()` on the sender's own thread, which nobody else relieves while it blocks.
    fn send_in_callback(&mut self, item: Item<'s>) -> Result<(), Halt> {
        let record = self.application.begins(item, &mut self.scribe);
        let outgoing = outgoing(record, &item);
        let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
        let mut sending = self.producer.send(&mut cx, SENDER, &outgoing);
        while sending == Sending::Blocked {
            let deadline = self.producer.blocked_deadline(SENDER).unwrap_or(Time::NEVER);
            self.sender_waits(deadline)?;
            let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
            sending = self.producer.resume(&mut cx, SENDER, &outgoing);
        }
        match self.application.ends(self.now, record, sending, &mut self.scribe) {
            // Nobody catches what a callback throws that send() runs itself.
            Some(Then::Flush) if self.producer.flush_in_callback(Seq::OUTSIDE) => {
                self.application.throws(self.now, record, Exception::KafkaException, &mut self.scribe);
                Ok(())
            }
            then => self.do_in_callback(then),
        }
    }

    /// Steps are applied, the network waits, until the `send()` that blocks may go on.
    fn sender_waits(&mut self, deadline: Time) -> Result<(), Halt> {
        self.apply_due();
        while self.now < deadline && !self.producer.may_resume(self.now, SENDER) {
            self.move_to(deadline.min(self.next_instant()))?;
            self.apply_due();
        }
        Ok(())
    }

    /// Writes what waits, lets time pass while there is nothing to do, and hands over what is due. A poll that had
    /// something to write returns at once.
    fn poll(&mut self, until: Time) -> Result<(), Halt> {
        self.count_poll()?;
        let wrote = self.select();
        loop {
            self.apply_due();
            let read = self.stand_in.read(self.now, &mut self.scribe);
            let busy = wrote || !read.is_empty();
            for (node, arrival) in read {
                self.producer.arrive(node, arrival, Seq::OUTSIDE);
            }
            self.woken |= self.producer.take_wakeup();
            if busy || self.woken || self.now >= until {
                break;
            }
            self.move_to(until.min(self.stand_in.next_event()).min(self.next_instant()))?;
        }
        self.woken = false;
        let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
        self.producer.poll_ends(&mut cx);
        Ok(())
    }

    fn count_poll(&mut self) -> Result<(), Halt> {
        if self.polls.instant != self.now {
            self.polls = Polls { instant: self.now, count: 0 };
        }
        self.polls.count += 1;
        if self.polls.count > MAX_POLLS_AT_ONE_INSTANT { Err(Halt::Stuck) } else { Ok(()) }
    }

    /// Connections are started and closed when the client says so, before the next poll: callbacks may take time.
    fn connect_and_close(&mut self) {
        self.producer.take_connects_and_closes(&mut self.actions);
        self.carry_out();
    }

    /// What the selector does when a poll begins; whether it wrote anything.
    fn select(&mut self) -> bool {
        self.producer.take_actions(&mut self.actions);
        self.carry_out()
    }

    /// Whether anything was written.
    fn carry_out(&mut self) -> bool {
        let mut wrote = false;
        for action in self.actions.drain(..) {
            match action {
                ClientAction::Connect { node, .. } => self.stand_in.connect(self.now, node),
                ClientAction::Close { node, .. } => self.stand_in.close(self.now, node, &mut self.scribe),
                ClientAction::Write { node, correlation, request, .. } => {
                    wrote = true;
                    let written = Written { now: self.now, node, correlation, request: &request };
                    self.stand_in.write(&written, &mut self.scribe);
                }
            }
        }
        wrote
    }

    /// The sender sleeps outside `poll`: steps are applied, the network waits.
    fn sleep(&mut self, until: Time) -> Result<(), Halt> {
        self.select();
        self.apply_due();
        while self.now < until {
            self.move_to(until.min(self.next_instant()))?;
            self.apply_due();
        }
        Ok(())
    }

    /// The producer is closed: the rest of the script meets it so.
    fn after_close(&mut self) -> Result<(), Halt> {
        self.select();
        self.stand_in.close_all(self.now, &mut self.scribe);
        self.force_close_at = Time::NEVER;
        self.scribe.done(self.now, "close");
        loop {
            self.apply_due();
            self.move_to(self.next_instant())?;
        }
    }

    /// When the next thing happens that is not the network's.
    fn next_instant(&self) -> Time {
        self.timeline.next_at().min(self.application.wakes_at(&self.producer)).min(self.force_close_at)
    }

    fn move_to(&mut self, instant: Time) -> Result<(), Halt> {
        if instant > self.until || instant == Time::NEVER {
            return Err(Halt::Over);
        }
        self.now = self.now.max(instant);
        Ok(())
    }

    /// Applies the steps that are due, then lets the application act on what has completed.
    fn apply_due(&mut self) {
        while let Some(step) = self.timeline.take_due(self.now) {
            self.apply(step);
            self.run_application();
        }
        if self.force_close_at <= self.now {
            self.force_close_at = Time::NEVER;
            self.force_close();
        }
        self.application_acts();
    }

    fn apply(&mut self, step: Step<'s>) {
        match step {
            Step::Send(item) => self.application.enqueue(item),
            Step::Leader(change) => self.stand_in.change_leader(change),
            Step::Partitions(more) => self.stand_in.add_partitions(more),
            Step::NodeSilent(node) => self.stand_in.node_silent(node),
            Step::NodeDown(node) => self.stand_in.node_down(self.now, node),
            Step::NodeUp(node) => self.stand_in.node_up(node),
            Step::Flush => {
                self.flushes.push(self.producer.flush(Seq::OUTSIDE));
            }
            Step::Close(Span::ZERO) => self.force_close(),
            Step::Close(timeout) => {
                self.producer.initiate_close(Seq::OUTSIDE);
                self.force_close_at = self.now + timeout;
            }
        }
    }

    fn force_close(&mut self) {
        self.producer.force_close(Seq::OUTSIDE);
    }

    /// What the application's threads do as soon as the sender's thread gives them something to go on with.
    fn application_acts(&mut self) {
        self.run_application();
        self.flushes.retain(|&flush| {
            let done = self.producer.flush_done(flush);
            if done {
                self.scribe.done(self.now, "flush");
            }
            !done
        });
    }

    fn run_application(&mut self) {
        let cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
        let mut calls = Calls { producer: &mut self.producer, scribe: &mut self.scribe, cx };
        self.application.run(&mut calls);
    }
}

/// Chance is taken out: back-off factors are exactly 1, searches start at 0, sticky draws are what the script says.
fn draws(sticky: StickyDraws) -> Scripted {
    let sticky = match sticky {
        StickyDraws::Zero => Draws::Always(0),
        StickyDraws::Count => Draws::Count,
    };
    Scripted::new().with("/sticky", sticky).with("-jitter", Draws::Middle)
}
