//! An event on one line for people: its kind, then its fields as `name=value`.

use std::fmt::Write as _;

use sim_core::record::{Names, TopicIx};
use sim_core::trace::{Event, Items, Value, Visitor};

/// The event on one line.
pub(crate) fn brief(event: &Event, names: &Names) -> String {
    brief_without(event, names, |_| false)
}

/// The event on one line, without the fields that whoever shows it says otherwise.
pub(crate) fn brief_without(event: &Event, names: &Names, said: fn(&str) -> bool) -> String {
    let mut line = Line { text: event.kind().name().to_owned(), names, said, topic: None };
    event.visit(&mut line);
    line.topic();
    line.text
}

struct Line<'a> {
    text: String,
    names: &'a Names,
    said: fn(&str) -> bool,
    /// A topic waits for the number of its partition: `orders-0`.
    topic: Option<TopicIx>,
}

impl Line<'_> {
    fn items(&mut self, items: &dyn Items) {
        self.text.push('[');
        for at in 0..items.count() {
            if at > 0 {
                self.text.push(';');
            }
            items.visit(at, self);
        }
        self.text.push_str(" ]");
    }

    /// A topic that no partition has followed.
    fn topic(&mut self) {
        if let Some(topic) = self.topic.take() {
            let _ = write!(self.text, " topic={}", self.names.topic(topic));
        }
    }

    fn value(&mut self, value: Value<'_>) {
        let names = self.names;
        let _ = match value {
            Value::Int(number) => write!(self.text, "{number}"),
            Value::Bool(yes) => write!(self.text, "{yes}"),
            Value::Word(text) => write!(self.text, "{text}"),
            Value::Text(text) => write!(self.text, "{text}"),
            Value::Producer(producer) => write!(self.text, "{}", names.producer(producer)),
            Value::Consumer(consumer) => write!(self.text, "{}", names.consumer(consumer)),
            Value::Topic(topic) => write!(self.text, "{}", names.topic(topic)),
            Value::Record(record) => write!(self.text, "{}", names.record(record)),
            Value::Batch(batch) => write!(self.text, "{}", names.batch(batch)),
            Value::Brokers(brokers) => {
                let list: Vec<String> = brokers.iter().map(ToString::to_string).collect();
                write!(self.text, "[{}]", list.join(","))
            }
            Value::List(items) => {
                self.items(items);
                Ok(())
            }
        };
    }
}

impl Visitor for Line<'_> {
    fn field(&mut self, name: &'static str, value: Value<'_>) {
        let name = name.trim_start_matches("r#");
        match (value, self.topic) {
            (Value::Int(partition), Some(topic)) if name == "partition" => {
                self.topic = None;
                let _ = write!(self.text, " {}-{partition}", self.names.topic(topic));
                return;
            }
            (Value::Topic(topic), _) => {
                self.topic();
                self.topic = Some(topic);
                return;
            }
            _ => self.topic(),
        }
        if !(self.said)(name) {
            let _ = write!(self.text, " {name}=");
            self.value(value);
        }
    }
}
