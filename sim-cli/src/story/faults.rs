//! How a fault reads: in the words of the scenario file, the same in every language.

use sim_core::record::{TopicIx, TopicPartition};
use sim_core::scenario::{
    Act, Acting, BrokerRef, ChanceOf, CutEnd, Distribution, LinkEnd, On, PowerLoss, Sampled, Scenario, When,
};
use sim_core::time::Time;

/// Each fault of the scenario, in the order of the file.
pub(crate) fn describe_all(scenario: &Scenario) -> Vec<String> {
    let reader = Reader { scenario };
    scenario
        .faults
        .iter()
        .map(|fault| format!("{}, {}", reader.act(&fault.act), reader.when(&fault.when)))
        .collect()
}

struct Reader<'a> {
    scenario: &'a Scenario,
}

impl Reader<'_> {
    fn act(&self, act: &Act) -> String {
        let name = act.name();
        match act {
            Act::Lose | Act::ResetIt => format!("{name} it"),
            Act::Delay { by } => format!("delay it by {}", sampled(by)),
            Act::Reset { between } => format!("reset {}", self.sides(between)),
            Act::Fail { error, append } => {
                format!("fail it with {}{}", error.name(), if *append { " after the append" } else { "" })
            }
            Act::Crash { broker, power, r#for } => {
                let power = match power {
                    None => String::new(),
                    Some(PowerLoss { survives: None }) => " power".to_owned(),
                    Some(PowerLoss { survives: Some(records) }) => format!(" power, survives {records}"),
                };
                format!("crash {}{power}{}", self.broker(*broker), lasting(r#for.as_ref()))
            }
            Act::Pause { broker, r#for } | Act::BlockFetches { broker, r#for } => {
                format!("{name} {}{}", self.broker(*broker), lasting(r#for.as_ref()))
            }
            Act::Restart { broker } => format!("restart {}", self.broker(*broker)),
            Act::CrashController { r#for } => format!("crash controller{}", lasting(r#for.as_ref())),
            Act::RestartController => "restart controller".to_owned(),
            Act::Shutdown { broker, r#for } | Act::Fence { broker, r#for } => {
                format!("{name} {}{}", self.broker(*broker), lasting(r#for.as_ref()))
            }
            Act::Unfence { broker } => format!("unfence {}", self.broker(*broker)),
            Act::Cut { between, one_way, reject, r#for } => {
                let how = match (one_way, reject) {
                    (false, false) => "",
                    (true, false) => " one-way",
                    (false, true) => " reject",
                    (true, true) => " one-way reject",
                };
                format!("cut {}{how}{}", self.sides(between), lasting(r#for.as_ref()))
            }
            Act::Slow { broker, by, disk, r#for } => {
                let by = by.map(|by| format!(" by {}", sampled(&by))).unwrap_or_default();
                let disk = disk.map(|disk| format!(" disk {}", sampled(&disk))).unwrap_or_default();
                format!("slow {}{by}{disk}{}", self.broker(*broker), lasting(r#for.as_ref()))
            }
            Act::Elect { tp, leader, unclean } => {
                let leader =
                    leader.map(|leader| format!(" leader {}", self.broker(leader))).unwrap_or_default();
                let unclean = if *unclean { " unclean" } else { "" };
                format!("elect {}{leader}{unclean}", self.partition(*tp))
            }
            Act::AddPartitions { topic, to } => format!("add-partitions {} to {to}", self.topic(*topic)),
            Act::SetConfig(acting) => match acting.as_ref() {
                Acting::Topic(topic, _) => format!("set-config {}", self.topic(*topic)),
                Acting::Broker(broker, _) => format!("set-config broker {broker}"),
            },
            Act::KillProducer { producer, r#for } => {
                format!("kill-producer {}{}", self.producer(*producer), lasting(r#for.as_ref()))
            }
            Act::CloseProducer { producer, timeout } => {
                let timeout = timeout.map(|timeout| format!(" timeout {timeout}")).unwrap_or_default();
                format!("close-producer {}{timeout}", self.producer(*producer))
            }
            Act::FlushProducer { producer } | Act::AbandonProducer { producer } => {
                format!("{name} {}", self.producer(*producer))
            }
        }
    }

    fn when(&self, when: &When) -> String {
        match when {
            When::At(at) => format!("at {}", sampled(at)),
            When::On(on) => self.on(on),
        }
    }

    fn on(&self, on: &On) -> String {
        let mut text = format!("on {}", on.event.name());
        let mut add = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                text.push_str(&format!(" {key}={value}"));
            }
        };
        add("producer", on.producer.map(|producer| self.producer(producer)));
        add("broker", on.broker.map(|broker| broker.to_string()));
        add("topic", on.topic.map(|topic| self.topic(topic)));
        add("partition", on.partition.map(|partition| partition.to_string()));
        add("record", on.record.map(|(producer, index)| format!("{}-{index}", self.producer(producer))));
        match &on.which {
            ChanceOf::Nths(nths) => {
                let list: Vec<String> = nths.iter().map(ToString::to_string).collect();
                add("nth", Some(list.join(",")));
            }
            ChanceOf::Every(every) => add("every", Some(every.to_string())),
            ChanceOf::Probability(probability) => add("probability", Some(probability.to_string())),
        }
        add("from", (on.from > Time::ZERO).then(|| on.from.to_string()));
        add("until", (on.until < Time::NEVER).then(|| on.until.to_string()));
        text
    }

    fn producer(&self, at: u16) -> String {
        self.scenario.producers.get(usize::from(at)).map(|producer| producer.id.clone()).unwrap_or_default()
    }

    fn topic(&self, topic: TopicIx) -> String {
        let known = self.scenario.topics.iter().map(|topic| &topic.name);
        known.chain(&self.scenario.unknown_topics).nth(usize::from(topic.0)).cloned().unwrap_or_default()
    }

    fn partition(&self, tp: TopicPartition) -> String {
        format!("{}-{}", self.topic(tp.topic), tp.partition)
    }

    fn broker(&self, broker: BrokerRef) -> String {
        match broker {
            BrokerRef::Id(id) => format!("broker {id}"),
            BrokerRef::LeaderOf(tp) => format!("leader of {}", self.partition(tp)),
            BrokerRef::FollowerOf(tp) => format!("follower of {}", self.partition(tp)),
        }
    }

    fn sides(&self, between: &[Vec<CutEnd>; 2]) -> String {
        let side = |ends: &Vec<CutEnd>| {
            let ends: Vec<String> = ends.iter().map(|end| self.end(*end)).collect();
            ends.join(" + ")
        };
        format!("[{}, {}]", side(&between[0]), side(&between[1]))
    }

    fn end(&self, end: CutEnd) -> String {
        match end {
            CutEnd::Broker(broker) => self.broker(broker),
            CutEnd::Link(LinkEnd::Clients) => "client".to_owned(),
            CutEnd::Link(LinkEnd::Controller) => "controller".to_owned(),
            CutEnd::Link(LinkEnd::Broker(broker)) => format!("broker {broker}"),
            CutEnd::Link(LinkEnd::Producer(at)) => self.producer(at),
            CutEnd::Link(LinkEnd::Consumer(at)) => self
                .scenario
                .consumers
                .get(usize::from(at))
                .map(|consumer| consumer.id.clone())
                .unwrap_or_default(),
        }
    }
}

fn lasting(span: Option<&Sampled>) -> String {
    span.map(|span| format!(" for {}", sampled(span))).unwrap_or_default()
}

/// A duration, or what it is drawn from.
pub(crate) fn sampled(span: &Sampled) -> String {
    match span {
        Sampled::Constant(span) => span.to_string(),
        Sampled::Drawn(Distribution::Uniform { min, max }) => format!("uniform {min}..{max}"),
        Sampled::Drawn(Distribution::Exponential { mean }) => format!("exponential, mean {mean}"),
        Sampled::Drawn(Distribution::Lognormal { median, p99 }) => {
            format!("lognormal, median {median}, p99 {p99}")
        }
        Sampled::Drawn(Distribution::Pareto { min, shape }) => format!("pareto, min {min}, shape {shape}"),
    }
}
