//! The few events of a run that matter: picked while it runs, events of one kind about one thing folded into one.

use std::collections::BTreeMap;

use sim_core::protocol::{Request, Response};
use sim_core::record::{BatchId, BrokerId, Names, ProducerIx, TopicIx, TopicPartition};
use sim_core::scenario::Scenario;
use sim_core::time::{Span, Time};
use sim_core::trace::{Ends, Event, EventKind, MessageBody, MessageEvent, Observer, OrMinusOne, Seq, Stamp};

use crate::story::faults;
use crate::text::Phrase;

/// How much a story would miss an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Weight {
    /// It would not be the same story.
    Must,
    /// It belongs in.
    Should,
    /// If there is room.
    Could,
}

/// Something that happened, perhaps many times.
#[derive(Clone, Debug)]
pub(crate) struct Moment {
    /// When it happened first.
    pub(crate) time: Time,
    /// Its event, the first one.
    pub(crate) seq: Seq,
    /// When it happened last.
    pub(crate) last: Time,
    /// How often.
    pub(crate) times: u64,
    /// How much it matters.
    pub(crate) weight: Weight,
    /// What to say.
    pub(crate) phrase: Phrase,
    /// The gaps of the phrase.
    pub(crate) values: Vec<(&'static str, Word)>,
}

/// What fills a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// A name or a number.
    Text(String),
    /// A phrase of its own, to be said in the story's language.
    Phrase(Phrase),
    /// A broker, with the word for it.
    Broker(BrokerId),
}

/// What an append put where; kept for the findings that turn out to be its doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Appended {
    pub(crate) seq: Seq,
    pub(crate) time: Time,
    pub(crate) broker: BrokerId,
    pub(crate) batch: BatchId,
    pub(crate) tp: TopicPartition,
    pub(crate) base_offset: i64,
}

/// What events are folded by: the phrase, and whom it is about.
type Fold = (Phrase, [u64; 3]);

/// An observer that keeps what a story may tell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Highlights {
    /// In the order in which each happened first.
    pub(crate) moments: Vec<Moment>,
    /// Every append, ascending by `seq`.
    pub(crate) appends: Vec<Appended>,
    folds: BTreeMap<Fold, usize>,
    /// Messages on their way: between whom, and what.
    underway: BTreeMap<u64, Underway>,
    /// How each fault reads.
    faults: Vec<String>,
    /// Producers that have sent, or have a producer id.
    begun: Vec<ProducerIx>,
    identified: Vec<ProducerIx>,
    stopped: Vec<BrokerId>,
    /// Brokers without power.
    dark: Vec<BrokerId>,
}

#[derive(Clone, Copy, Debug)]
struct Underway {
    kind: EventKind,
    ends: Ends,
    batch: Option<BatchId>,
}

impl Highlights {
    /// Of a run of this scenario.
    pub(crate) fn of(scenario: &Scenario) -> Highlights {
        Highlights { faults: faults::describe_all(scenario), ..Highlights::default() }
    }

    /// The append of this number.
    pub(crate) fn append(&self, seq: Seq) -> Option<&Appended> {
        let at = self.appends.binary_search_by_key(&seq, |append| append.seq).ok()?;
        Some(&self.appends[at])
    }

    fn tell(&mut self, stamp: Stamp, weight: Weight, fold: Fold, values: Vec<(&'static str, Word)>) {
        if let Some(&known) = self.folds.get(&fold) {
            let moment = &mut self.moments[known];
            moment.times += 1;
            moment.last = stamp.time;
            return;
        }
        self.folds.insert(fold, self.moments.len());
        self.tell_each(stamp, weight, fold.0, values);
    }

    /// What happens to the cluster is told each time.
    fn tell_each(&mut self, stamp: Stamp, weight: Weight, phrase: Phrase, values: Vec<(&'static str, Word)>) {
        let Stamp { time, seq, .. } = stamp;
        self.moments.push(Moment { time, seq, last: time, times: 1, weight, phrase, values });
    }
}

#[expect(clippy::needless_pass_by_value, reason = "names and numbers alike, as they come")]
fn text(value: impl ToString) -> Word {
    Word::Text(value.to_string())
}

fn brokers(list: &[BrokerId]) -> Word {
    let ids: Vec<String> = list.iter().map(ToString::to_string).collect();
    Word::Text(format!("[{}]", ids.join(", ")))
}

fn partition(names: &Names, topic: TopicIx, partition: u32) -> Word {
    Word::Text(names.partition(TopicPartition { topic, partition }))
}

/// The end of a connection that is not its broker.
fn other_end(names: &Names, ends: &Ends) -> Word {
    match (ends.producer, ends.consumer, ends.follower) {
        (Some(producer), _, _) => text(names.producer(producer)),
        (_, Some(consumer), _) => text(names.consumer(consumer)),
        (_, _, Some(follower)) => Word::Broker(follower),
        _ => Word::Phrase(Phrase::TheController),
    }
}

/// Whom a fold is about.
fn whom(producer: ProducerIx, topic: TopicIx, partition: u32) -> u64 {
    u64::from(producer.0) << 48 | u64::from(topic.0) << 32 | u64::from(partition)
}

impl Observer for Highlights {
    fn event(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        match event {
            Event::Message(message) => self.message(message),
            Event::MessageLost { message, by } => self.message_lost(stamp, *message, by, names),
            Event::Append { .. } | Event::AppendDuplicate { .. } | Event::AppendRefused { .. } => {
                self.broker_answer(stamp, event, names);
            }
            Event::Fault { fault, r#do, state } => self.fault(stamp, *fault, r#do, state),
            Event::BrokerStopped { .. }
            | Event::BrokerStarted { .. }
            | Event::BrokerFenced { .. }
            | Event::BrokerUnfenced { .. }
            | Event::LeaderChanged { .. }
            | Event::IsrShrunk { .. }
            | Event::IsrExpanded { .. }
            | Event::ElrChanged { .. }
            | Event::Truncated { .. } => self.cluster(stamp, event, names),
            Event::RunEnded { by } => {
                let phrase = if *by == "stop" { Phrase::RunStopped } else { Phrase::RunSettled };
                self.tell_each(stamp, Weight::Must, phrase, Vec::new());
            }
            _ => self.client(stamp, event, names),
        }
    }
}

/// Messages: only those that never arrive are told.
impl Highlights {
    fn message(&mut self, message: &MessageEvent) {
        if !message.sent {
            self.underway.remove(&message.message);
            return;
        }
        let batch = match &message.body {
            MessageBody::Request(Request::Produce(produce)) => {
                produce.batches.first().map(|batch| batch.batch)
            }
            MessageBody::Response(Response::Produce(produce)) => {
                produce.partitions.first().map(|result| result.batch)
            }
            _ => None,
        };
        let underway = Underway { kind: message.body.kind(false), ends: message.ends, batch };
        self.underway.insert(message.message, underway);
    }

    fn message_lost(&mut self, stamp: Stamp, message: u64, by: &'static str, names: &Names) {
        let Some(Underway { kind, ends, batch }) = self.underway.remove(&message) else { return };
        let weight = if by == "fault" { Weight::Must } else { Weight::Could };
        let broker = ("broker", text(ends.broker));
        let about = [u64::from(ends.broker.0), kind as u64, by.len() as u64];
        match (kind, batch, ends.producer) {
            (EventKind::ProduceRequest, Some(batch), _) => {
                let values = vec![("batch", text(names.batch(batch))), broker, ("by", text(by))];
                self.tell(stamp, weight, (Phrase::ProduceRequestLost, about), values);
            }
            (EventKind::ProduceResponse, Some(batch), Some(producer)) => {
                let producer = ("producer", text(names.producer(producer)));
                let values = vec![("batch", text(names.batch(batch))), broker, producer, ("by", text(by))];
                self.tell(stamp, weight, (Phrase::ProduceResponseLost, about), values);
            }
            _ => {
                let values = vec![
                    ("message", text(kind.name())),
                    ("one", other_end(names, &ends)),
                    ("other", Word::Broker(ends.broker)),
                    ("by", text(by)),
                ];
                self.tell(stamp, weight, (Phrase::MessageLost, about), values);
            }
        }
    }
}

/// What brokers make of batches.
impl Highlights {
    fn broker_answer(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        match *event {
            Event::Append { broker, topic, partition, base_offset, batch, .. } => {
                let tp = TopicPartition { topic, partition };
                let Stamp { seq, time, .. } = stamp;
                self.appends.push(Appended { seq, time, broker, batch, tp, base_offset });
            }
            Event::AppendDuplicate { broker, topic, partition, base_offset, batch, producer, .. } => {
                let about = [u64::from(broker.0), whom(producer, topic, partition), 0];
                let values = vec![
                    ("broker", text(broker)),
                    ("batch", text(names.batch(batch))),
                    ("offset", text(base_offset)),
                ];
                self.tell(stamp, Weight::Must, (Phrase::CopyRecognised, about), values);
            }
            Event::AppendRefused { broker, topic, partition: number, producer, batch, error } => {
                let about = [u64::from(broker.0), whom(producer, topic, number), error as u64];
                let values = vec![
                    ("broker", text(broker)),
                    ("batch", text(names.batch(batch))),
                    ("partition", partition(names, topic, number)),
                    ("error", text(error.name())),
                ];
                self.tell(stamp, Weight::Should, (Phrase::AppendRefused, about), values);
            }
            _ => {}
        }
    }

    fn fault(&mut self, stamp: Stamp, fault: i32, act: &str, state: &str) {
        let of_the_file = usize::try_from(fault).ok().and_then(|at| self.faults.get(at)).cloned();
        let of_chaos = of_the_file.is_none();
        let what = of_the_file.unwrap_or_else(|| act.to_owned());
        let (phrase, weight) = match (state, of_chaos) {
            ("begun", false) => (Phrase::FaultBegins, Weight::Must),
            ("begun", true) => (Phrase::ChaosBegins, Weight::Must),
            (_, false) => (Phrase::FaultOver, Weight::Should),
            (_, true) => (Phrase::ChaosOver, Weight::Should),
        };
        let values = vec![("number", text(fault)), ("fault", Word::Text(what))];
        self.tell(stamp, weight, (phrase, [fault as u64, 0, 0]), values);
    }
}

/// Brokers, leaders, replicas.
impl Highlights {
    fn cluster(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        use Weight::{Could, Must, Should};
        match event {
            Event::BrokerStopped { broker, by } => {
                self.stopped.push(*broker);
                let phrase = match *by {
                    "power" => Phrase::BrokerLosesPower,
                    "pause" => Phrase::BrokerStandsStill,
                    _ => Phrase::BrokerStops,
                };
                if *by == "power" {
                    self.dark.push(*broker);
                }
                self.tell_each(stamp, Must, phrase, vec![("broker", text(broker)), ("by", text(by))]);
            }
            Event::BrokerStarted { broker, by } if self.stopped.contains(broker) => {
                self.dark.retain(|dark| dark != broker);
                let phrase = if *by == "resume" { Phrase::BrokerGoesOn } else { Phrase::BrokerStarts };
                self.tell_each(stamp, Must, phrase, vec![("broker", text(broker)), ("by", text(by))]);
            }
            Event::BrokerFenced { broker, .. } => {
                self.stopped.push(*broker);
                self.tell_each(stamp, Should, Phrase::BrokerFenced, vec![("broker", text(broker))]);
            }
            Event::BrokerUnfenced { broker, .. } if self.stopped.contains(broker) => {
                self.tell_each(stamp, Could, Phrase::BrokerUnfenced, vec![("broker", text(broker))]);
            }
            Event::LeaderChanged {
                topic,
                partition: number,
                leader: OrMinusOne(leader),
                leader_epoch,
                isr,
                unclean,
                by,
                ..
            } => {
                let mut values = vec![("partition", partition(names, *topic, *number))];
                let Some(leader) = leader else {
                    self.tell_each(stamp, Must, Phrase::LeaderGone, values);
                    return;
                };
                values.push(("leader", text(leader)));
                values.push(("epoch", text(leader_epoch)));
                values.push(("isr", brokers(isr)));
                let phrase = match (*unclean, *by) {
                    (true, _) => Phrase::LeaderElectedUncleanly,
                    (_, "shutdown") => Phrase::LeaderHandedOver,
                    _ => Phrase::LeaderElected,
                };
                self.tell_each(stamp, Must, phrase, values);
            }
            Event::IsrShrunk { topic, partition: number, isr, elr, .. } => {
                let (isr, eligible) = (("isr", brokers(isr)), ("elr", brokers(elr)));
                let values = vec![("partition", partition(names, *topic, *number)), isr, eligible];
                let phrase = if elr.is_empty() { Phrase::IsrShrinks } else { Phrase::IsrShrinksWithElr };
                self.tell_each(stamp, Should, phrase, values);
            }
            Event::ElrChanged { topic, partition: number, elr, .. } => {
                let values = vec![("partition", partition(names, *topic, *number)), ("elr", brokers(elr))];
                self.tell_each(stamp, Should, Phrase::ElrChanges, values);
            }
            Event::IsrExpanded { topic, partition: number, isr, .. } => {
                let values = vec![("partition", partition(names, *topic, *number)), ("isr", brokers(isr))];
                self.tell_each(stamp, Could, Phrase::IsrGrows, values);
            }
            Event::Truncated { broker, topic, partition: number, from, to } if from > to => {
                let values = vec![
                    ("broker", text(broker)),
                    ("partition", partition(names, *topic, *number)),
                    ("from", text(from)),
                    ("to", text(to)),
                ];
                let phrase = if self.dark.contains(broker) { Phrase::TailLost } else { Phrase::LogCut };
                self.tell_each(stamp, Must, phrase, values);
            }
            _ => {}
        }
    }
}

/// Producers and their applications.
impl Highlights {
    fn client(&mut self, stamp: Stamp, event: &Event, names: &Names) {
        use Weight::{Could, Must, Should};
        let name = |producer: ProducerIx| ("producer", text(names.producer(producer)));
        match event {
            Event::Send { producer, record, .. } if !self.begun.contains(producer) => {
                self.begun.push(*producer);
                let values = vec![name(*producer), ("record", text(names.record(*record)))];
                self.tell_each(stamp, Should, Phrase::FirstSend, values);
            }
            Event::SendBlocked { producer, record, on } => {
                let values = vec![("record", text(names.record(*record))), ("on", text(on))];
                self.tell(
                    stamp,
                    Should,
                    (Phrase::SendWaits, [u64::from(producer.0), on.len() as u64, 0]),
                    values,
                );
            }
            Event::ConnectionClosed { ends, by } => self.connection_closed(stamp, ends, by, names),
            Event::Retry { producer, batch, topic, partition: number, error, backoff, .. } => {
                let values = vec![
                    name(*producer),
                    ("batch", text(names.batch(*batch))),
                    ("error", text(error.name())),
                    ("backoff", text(Span::from_nanos(*backoff))),
                ];
                let about = [whom(*producer, *topic, *number), *error as u64, 0];
                self.tell(stamp, Should, (Phrase::RetryQueued, about), values);
            }
            Event::BatchExpired { producer, batch, records, r#in, .. } => {
                let place = if *r#in == "flight" { Phrase::InFlight } else { Phrase::InQueue };
                let values = vec![
                    ("batch", text(names.batch(*batch))),
                    ("records", text(records)),
                    ("place", Word::Phrase(place)),
                ];
                let about = [u64::from(producer.0), r#in.len() as u64, 0];
                self.tell(stamp, Must, (Phrase::BatchExpired, about), values);
            }
            Event::BatchSplit { producer, batch, into, .. } => {
                let values = vec![("batch", text(names.batch(*batch))), ("parts", text(into.len()))];
                self.tell(stamp, Should, (Phrase::BatchSplit, [u64::from(producer.0), 0, 0]), values);
            }
            Event::EpochBumped { producer, producer_epoch, topic, partition: number, .. } => {
                let values = vec![
                    name(*producer),
                    ("epoch", text(producer_epoch)),
                    ("partition", partition(names, *topic, *number)),
                ];
                let about = [whom(*producer, *topic, *number), 0, 0];
                self.tell(stamp, Must, (Phrase::EpochBumped, about), values);
            }
            Event::ProducerId { producer, producer_id, producer_epoch } => {
                let known = self.identified.contains(producer);
                self.identified.push(*producer);
                let values =
                    vec![name(*producer), ("id", text(producer_id)), ("epoch", text(producer_epoch))];
                self.tell_each(stamp, if known { Must } else { Could }, Phrase::NewProducerId, values);
            }
            Event::Failed { producer, record, error, .. } => {
                let values = vec![("record", text(names.record(*record))), ("error", text(error.name()))];
                self.tell(
                    stamp,
                    Must,
                    (Phrase::RecordFailed, [u64::from(producer.0), *error as u64, 0]),
                    values,
                );
            }
            Event::Rejected { producer, record, error, .. } => {
                let values = vec![("record", text(names.record(*record))), ("error", text(error.name()))];
                self.tell(
                    stamp,
                    Must,
                    (Phrase::RecordRejected, [u64::from(producer.0), *error as u64, 0]),
                    values,
                );
            }
            Event::LeaderLearned {
                producer: Some(producer),
                topic,
                partition: number,
                leader: OrMinusOne(Some(leader)),
                ..
            } => {
                let values = vec![
                    ("client", text(names.producer(*producer))),
                    ("leader", text(leader)),
                    ("partition", partition(names, *topic, *number)),
                ];
                self.tell_each(stamp, Could, Phrase::LeaderLearned, values);
            }
            Event::Close { producer, state } => {
                let phrase = if *state == "called" { Phrase::CloseCalled } else { Phrase::CloseReturned };
                self.tell_each(stamp, Should, phrase, vec![name(*producer)]);
            }
            Event::Flush { producer, state } => {
                let phrase = if *state == "called" { Phrase::FlushCalled } else { Phrase::FlushReturned };
                self.tell_each(stamp, Could, phrase, vec![name(*producer)]);
            }
            _ => {}
        }
    }

    fn connection_closed(&mut self, stamp: Stamp, ends: &Ends, by: &str, names: &Names) {
        match (by, ends.producer) {
            ("request-timeout", Some(producer)) => {
                let values =
                    vec![("producer", text(names.producer(producer))), ("broker", text(ends.broker))];
                let about = [u64::from(producer.0), u64::from(ends.broker.0), 0];
                self.tell(stamp, Weight::Must, (Phrase::RequestTimesOut, about), values);
            }
            ("reset", Some(producer)) => {
                let values =
                    vec![("one", text(names.producer(producer))), ("other", Word::Broker(ends.broker))];
                let about = [u64::from(producer.0), u64::from(ends.broker.0), 0];
                self.tell(stamp, Weight::Should, (Phrase::ConnectionReset, about), values);
            }
            _ => {}
        }
    }
}
