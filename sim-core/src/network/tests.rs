//! The network alone: what arrives, in which order, and what does not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::link::CutRule;
use super::{Delivery, Endpoint, Network, NetworkTimer, Ticket, Treatment};
use crate::chance::Seeded;
use crate::protocol::{Arrival, InitProducerIdResponse, Request, Response};
use crate::record::{BrokerId, Names, ProducerIx};
use crate::scenario::{Link, LinkEnd, Network as Settings, Sampled};
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, MessageBody, Recorder, Seq, Tracer};

const SHOP: Endpoint = Endpoint::Producer(ProducerIx(0));
const BROKER: Endpoint = Endpoint::Broker(BrokerId(0));

/// A network with a clock: what arrives is noted with its time in milliseconds.
struct Bench {
    network: Network,
    /// By instant, then in the order in which they were asked for.
    due: BTreeMap<(Time, usize), NetworkTimer>,
    scheduled: usize,
    now: Time,
    chance: Seeded,
    trace: Tracer<Recorder>,
    arrived: Vec<(f64, Delivery)>,
}

fn settings() -> Settings {
    Settings {
        latency: Sampled::Constant(Span::from_millis(1)),
        bandwidth: None,
        connect: None,
        links: Vec::new(),
    }
}

impl Bench {
    fn new(settings: &Settings) -> Bench {
        let names = Arc::new(Names {
            producers: vec!["shop".into()],
            consumers: vec!["audit".into()],
            ..Names::default()
        });
        let mut chance = Seeded::new(1);
        let mut network = Network::new(settings, None, Arc::clone(&names));
        network.warm(SHOP, BROKER, &mut chance);
        Bench {
            network,
            due: BTreeMap::new(),
            scheduled: 0,
            now: Time::ZERO,
            chance,
            trace: Tracer::new(Recorder::all(), names),
            arrived: Vec::new(),
        }
    }

    fn with<R>(&mut self, act: impl FnOnce(&mut Network, &mut Cx<'_, Recorder>) -> R) -> R {
        let mut cx = Cx { now: self.now, chance: &mut self.chance, trace: &mut self.trace };
        let result = act(&mut self.network, &mut cx);
        let (due, scheduled) = (&mut self.due, &mut self.scheduled);
        self.network.take_schedule(|at, timer| {
            due.insert((at, *scheduled), timer);
            *scheduled += 1;
        });
        result
    }

    /// Writes a request with this number from the shop to the broker.
    fn ask(&mut self, correlation: u64, treatment: Treatment) {
        let body = MessageBody::Request(Request::InitProducerId);
        self.with(|network, cx| network.write(cx, SHOP, BROKER, correlation, body, treatment, Seq::OUTSIDE));
    }

    fn answer(&mut self, ticket: &Ticket) {
        let response = Response::InitProducerId(InitProducerIdResponse::default());
        self.with(|network, cx| network.answer(cx, ticket, response, Treatment::default(), Seq::OUTSIDE));
    }

    /// Lets time pass up to this millisecond.
    fn until(&mut self, millis: i64) {
        let end = Time::from_millis(millis);
        while let Some(next) = self.due.first_entry().filter(|next| next.key().0 <= end) {
            let ((time, _), timer) = next.remove_entry();
            self.now = time;
            if let NetworkTimer::Arrives(slot) = timer {
                let mut next = Some(slot);
                while let Some(slot) = next {
                    if !self.with(|network, cx| network.is_due(cx, slot)) {
                        break;
                    }
                    next = self.with(|network, cx| network.deliver(cx, slot));
                }
            } else {
                self.with(|network, cx| network.timer(cx, timer));
            }
            self.collect();
        }
        self.now = end;
        self.collect();
    }

    fn collect(&mut self) {
        let at = self.now.as_millis_f64();
        while let Some(delivery) = self.network.next_delivery() {
            self.arrived.push((at, delivery));
        }
    }

    /// The requests that have arrived: time and number.
    fn requests(&self) -> Vec<(f64, u64)> {
        let request = |(at, delivery): &(f64, Delivery)| match delivery {
            Delivery::Request { ticket, .. } => Some((*at, ticket.correlation)),
            _ => None,
        };
        self.arrived.iter().filter_map(request).collect()
    }

    fn tickets(&self) -> Vec<Ticket> {
        let ticket = |(_, delivery): &(f64, Delivery)| match delivery {
            Delivery::Request { ticket, .. } => Some(*ticket),
            _ => None,
        };
        self.arrived.iter().filter_map(ticket).collect()
    }

    /// What the client got: time, and the answer's number or what happened to the connection.
    fn client(&self) -> Vec<(f64, String)> {
        let word = |(at, delivery): &(f64, Delivery)| match delivery {
            Delivery::Client { arrival: Arrival::Response { correlation, .. }, .. } => {
                Some((*at, correlation.to_string()))
            }
            Delivery::Client { arrival, .. } => Some((*at, format!("{arrival:?}"))),
            _ => None,
        };
        self.arrived.iter().filter_map(word).collect()
    }

    fn lost(&self) -> Vec<&'static str> {
        let by = |(_, event): &(_, Event)| match event {
            Event::MessageLost { by, .. } => Some(*by),
            _ => None,
        };
        self.trace.observer.events.iter().filter_map(by).collect()
    }
}

fn cut(one_way: bool, reject: bool) -> CutRule {
    CutRule { fault: 0, sides: [vec![LinkEnd::Clients], vec![LinkEnd::Broker(BrokerId(0))]], one_way, reject }
}

/// scenario-format.md, `[network]`: messages of one connection and direction never overtake one another.
#[test]
fn a_delayed_message_holds_up_what_follows() {
    let mut bench = Bench::new(&settings());
    bench.ask(1, Treatment { delay: Span::from_millis(10), ..Treatment::default() });
    bench.ask(2, Treatment::default());
    bench.until(100);
    assert_eq!(bench.requests(), [(11.0, 1), (11.0, 2)]);
}

/// scenario-format.md, `lose`: what follows on its connection waits behind it until one side closes.
#[test]
fn a_lost_message_blocks_its_direction_only() {
    let mut bench = Bench::new(&settings());
    bench.ask(1, Treatment::default());
    bench.until(5);
    let first = bench.tickets()[0];
    bench.ask(2, Treatment { lose: true, ..Treatment::default() });
    bench.ask(3, Treatment::default());
    bench.answer(&first);
    bench.until(100);
    assert_eq!(bench.requests(), [(1.0, 1)]);
    assert_eq!(bench.client(), [(6.0, "1".to_owned())]);
    bench.with(|network, cx| network.hang_up(cx, SHOP, BROKER, "request-timeout", Seq::OUTSIDE));
    bench.until(200);
    assert_eq!(bench.requests(), [(1.0, 1)], "what waited is gone with the connection");
    assert_eq!(bench.lost(), ["fault", "connection-closed"]);
}

/// scenario-format.md, `[network]`: what was written before the client closed the connection still arrives and is handled,
/// its answer is not.
#[test]
fn what_was_written_before_the_close_still_arrives() {
    let mut bench = Bench::new(&settings());
    bench.ask(1, Treatment::default());
    bench.with(|network, cx| network.hang_up(cx, SHOP, BROKER, "request-timeout", Seq::OUTSIDE));
    bench.until(5);
    assert_eq!(bench.requests(), [(1.0, 1)]);
    let ticket = bench.tickets()[0];
    bench.answer(&ticket);
    bench.until(100);
    assert_eq!(bench.client(), []);
    assert_eq!(bench.lost(), ["connection-closed"]);
}

/// scenario-format.md, `reset`: both ends know at once; what is on the wire is gone.
#[test]
fn a_reset_takes_what_is_on_the_wire() {
    let mut bench = Bench::new(&settings());
    bench.ask(1, Treatment::default());
    bench.with(|network, cx| network.reset_between(cx, |_, _| true, Seq::OUTSIDE));
    bench.collect();
    bench.until(50);
    assert_eq!(bench.requests(), []);
    assert_eq!(bench.client(), [(0.0, "Closed".to_owned())]);
}

/// scenario-format.md, `crash`: its connections are reset, which the other ends learn one latency later; a new attempt is
/// refused one round trip after it began.
#[test]
fn a_dead_process_is_learnt_of_one_latency_later() {
    let mut bench = Bench::new(&settings());
    bench.until(10);
    bench.with(|network, cx| network.process_dies(cx, BROKER, Seq::OUTSIDE));
    bench.until(20);
    bench.with(|network, cx| network.connect(cx, SHOP, BROKER, Seq::OUTSIDE));
    bench.until(30);
    assert_eq!(bench.client(), [(11.0, "Closed".to_owned()), (22.0, "Refused".to_owned())]);
}

/// scenario-format.md, `connect`: two round trips unless the file says otherwise.
#[test]
fn a_connection_takes_two_round_trips() {
    let mut bench = Bench::new(&settings());
    bench.with(|network, cx| network.connect(cx, SHOP, BROKER, Seq::OUTSIDE));
    bench.until(30);
    assert_eq!(bench.client(), [(4.0, "Opened".to_owned())]);
}

/// scenario-format.md, `cut`: silence, no reset, new connection attempts vanish too; one way leaves the other direction.
#[test]
fn a_cut_is_silent() {
    let mut bench = Bench::new(&settings());
    bench.ask(1, Treatment::default());
    bench.until(5);
    let ticket = bench.tickets()[0];
    bench.with(|network, cx| network.cut(cx, cut(true, false), Seq::OUTSIDE));
    bench.ask(2, Treatment::default());
    bench.answer(&ticket);
    bench.until(10);
    assert_eq!(bench.requests(), [(1.0, 1)]);
    assert_eq!(bench.client(), [(6.0, "1".to_owned())], "the answer's direction is open");
    bench.with(|network, cx| network.connect(cx, SHOP, BROKER, Seq::OUTSIDE));
    bench.until(100_000);
    assert_eq!(bench.client().len(), 1, "neither opened nor refused");
}

/// TCP asks again after 1, 3, 7 ... seconds: once the cut is healed, the next attempt is heard.
#[test]
fn an_attempt_that_met_silence_is_heard_after_the_cut() {
    let mut bench = Bench::new(&settings());
    bench.with(|network, cx| network.cut(cx, cut(false, false), Seq::OUTSIDE));
    bench.with(|network, cx| network.connect(cx, SHOP, BROKER, Seq::OUTSIDE));
    bench.until(3_500);
    bench.with(|network, _| network.heal(0));
    bench.until(30_000);
    assert_eq!(bench.client(), [(7_004.0, "Opened".to_owned())], "two round trips after the attempt at 7 s");
}

/// A connection needs both directions: one way is enough to keep it from being made.
#[test]
fn a_connection_needs_both_directions() {
    let mut bench = Bench::new(&settings());
    let back =
        CutRule { sides: [vec![LinkEnd::Broker(BrokerId(0))], vec![LinkEnd::Clients]], ..cut(true, false) };
    bench.with(|network, cx| network.cut(cx, back, Seq::OUTSIDE));
    bench.with(|network, cx| network.connect(cx, SHOP, BROKER, Seq::OUTSIDE));
    bench.until(100_000);
    assert_eq!(bench.client(), []);
}

/// scenario-format.md, `reject`: connections are reset, both ends at once, and new ones refused.
#[test]
fn a_rejecting_cut_resets_and_refuses() {
    let mut bench = Bench::new(&settings());
    bench.with(|network, cx| network.cut(cx, cut(false, true), Seq::OUTSIDE));
    bench.with(|network, cx| network.connect(cx, SHOP, BROKER, Seq::OUTSIDE));
    bench.until(10);
    let words: Vec<String> = bench.client().into_iter().map(|(_, word)| word).collect();
    assert_eq!(words, ["Closed", "Refused"]);
    bench.with(|network, cx| {
        network.heal(0);
        network.connect(cx, SHOP, BROKER, Seq::OUTSIDE);
    });
    bench.until(20);
    assert_eq!(bench.client()[2].1, "Opened");
}

/// A cut that begins while a message is under way takes it.
#[test]
fn a_cut_catches_what_is_under_way() {
    let mut bench = Bench::new(&settings());
    bench.ask(1, Treatment::default());
    bench.with(|network, cx| network.cut(cx, cut(false, false), Seq::OUTSIDE));
    bench.until(10);
    assert_eq!(bench.requests(), []);
    assert_eq!(bench.lost(), ["cut"]);
}

/// scenario-format.md, `links`: the last pair that fits counts, in both directions.
#[test]
fn a_link_has_its_own_latency() {
    let link = |latency| Link {
        between: [LinkEnd::Clients, LinkEnd::Broker(BrokerId(0))],
        latency: Sampled::Constant(Span::from_millis(latency)),
    };
    let mut bench = Bench::new(&Settings { links: vec![link(3), link(7)], ..settings() });
    bench.ask(1, Treatment::default());
    bench.until(20);
    let ticket = bench.tickets()[0];
    bench.answer(&ticket);
    bench.until(40);
    assert_eq!((bench.requests()[0].0, bench.client()[0].0), (7.0, 27.0));
}

/// scenario-format.md, `bandwidth`: 100 bytes of a message at 100,000 bytes a second take a millisecond of the line.
#[test]
fn bandwidth_spaces_messages_out() {
    let mut bench = Bench::new(&Settings { bandwidth: Some(100_000), ..settings() });
    bench.ask(1, Treatment::default());
    bench.ask(2, Treatment::default());
    bench.until(20);
    assert_eq!(bench.requests(), [(2.0, 1), (3.0, 2)]);
}
