//! Pairs of machines: how long a message takes between them, and what is cut.

use std::fmt;

use crate::chance::{Chance, Stream};
use crate::record::{BrokerId, ConsumerIx, Names, ProducerIx};
use crate::sampling;
use crate::scenario::{LinkEnd, Network as Settings, Sampled};
use crate::time::Span;

/// A machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Endpoint {
    /// A producer's.
    Producer(ProducerIx),
    /// The same machine, on its connections to bootstrap servers: a client does not know yet which broker that is, so they
    /// are not the connections that it uses later.
    Bootstrap(ProducerIx),
    /// A consumer's.
    Consumer(ConsumerIx),
    /// A broker's.
    Broker(BrokerId),
    /// The controller's.
    Controller,
}

impl Endpoint {
    /// Whether it belongs to this end of a link.
    pub fn is_at(self, end: LinkEnd) -> bool {
        match (self, end) {
            (Endpoint::Producer(_) | Endpoint::Bootstrap(_) | Endpoint::Consumer(_), LinkEnd::Clients)
            | (Endpoint::Controller, LinkEnd::Controller) => true,
            (Endpoint::Producer(producer) | Endpoint::Bootstrap(producer), LinkEnd::Producer(wanted)) => {
                producer.0 == wanted
            }
            (Endpoint::Consumer(consumer), LinkEnd::Consumer(wanted)) => consumer.0 == wanted,
            (Endpoint::Broker(broker), LinkEnd::Broker(wanted)) => broker == wanted,
            _ => false,
        }
    }
}

/// How a stream of draws names a machine: `client:shop`, `controller`, a broker's id.
struct Named<'a>(Endpoint, &'a Names);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Named(machine, names) = *self;
        match machine {
            Endpoint::Producer(producer) | Endpoint::Bootstrap(producer) => {
                write!(f, "client:{}", names.producer(producer))
            }
            Endpoint::Consumer(consumer) => write!(f, "client:{}", names.consumer(consumer)),
            Endpoint::Broker(broker) => write!(f, "{broker}"),
            Endpoint::Controller => f.write_str("controller"),
        }
    }
}

/// No message between the two sides, or connections reset and refused.
#[derive(Clone, Debug, PartialEq)]
pub struct CutRule {
    /// Which fault made it, so that its end can undo it.
    pub fault: usize,
    /// The two sides.
    pub sides: [Vec<LinkEnd>; 2],
    /// Only from the first side to the second.
    pub one_way: bool,
    /// Connections are reset and refused instead of falling silent.
    pub reject: bool,
}

impl CutRule {
    /// Whether it is about connections between the two, whoever opened them.
    pub fn concerns(&self, a: Endpoint, b: Endpoint) -> bool {
        self.stops(a, b) || self.stops(b, a)
    }

    /// Whether it keeps a message from going from one machine to the other.
    pub(super) fn stops(&self, from: Endpoint, to: Endpoint) -> bool {
        let crosses = |a: &[LinkEnd], b: &[LinkEnd]| {
            a.iter().any(|&end| from.is_at(end)) && b.iter().any(|&end| to.is_at(end))
        };
        crosses(&self.sides[0], &self.sides[1]) || (!self.one_way && crosses(&self.sides[1], &self.sides[0]))
    }
}

/// One direction between two machines: where its latency comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Path {
    latency: Sampled,
    stream: Option<Stream>,
}

impl Path {
    /// The direction from one machine to another; a stream of draws only where something is drawn.
    pub(super) fn new(
        from: Endpoint,
        to: Endpoint,
        settings: &Settings,
        names: &Names,
        chance: &mut dyn Chance,
    ) -> Path {
        let latency = settings
            .links
            .iter()
            .rev()
            .find(|link| {
                let [a, b] = link.between;
                (from.is_at(a) && to.is_at(b)) || (from.is_at(b) && to.is_at(a))
            })
            .map_or(settings.latency, |link| link.latency);
        Path::drawn(latency, format_args!("latency/{}-{}", Named(from, names), Named(to, names)), chance)
    }

    /// A path whose latency is this; the name of its stream is written out only if something is drawn.
    pub(super) fn drawn(latency: Sampled, stream: fmt::Arguments<'_>, chance: &mut dyn Chance) -> Path {
        let stream = matches!(latency, Sampled::Drawn(_)).then(|| chance.stream(stream));
        Path { latency, stream }
    }

    /// The latency of the next message.
    #[inline]
    pub(super) fn sample(&self, chance: &mut dyn Chance) -> Span {
        match (self.latency, self.stream) {
            (Sampled::Constant(span), _) => span,
            (drawn, Some(stream)) => sampling::draw(&drawn, chance, stream),
            (Sampled::Drawn(_), None) => unreachable!("a drawn path has a stream"),
        }
    }
}
