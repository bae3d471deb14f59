//! A stream at run time: its next record, made in buffers of its own.

use std::sync::Arc;

use super::pacing::Pacing;
use super::plan::{Plan, PlanError, ValuePlan};
use crate::chance::Chance;
use crate::producer::Outgoing;
use crate::record::{RecordId, TopicIx};
use crate::scenario::{Pace, Stream};
use crate::serializer::Payload;
use crate::template::TemplateStreams;
use crate::time::Time;
use crate::trace::Seq;

/// A stream of records of one application thread. It says when its n-th record is due and what is in it; sending,
/// waiting and counting results are the thread's.
///
/// A record may be asked for any number of times, in any order (a resend, a process that starts again): what is drawn for
/// it is drawn once, in the order of the records, and kept.
#[derive(Clone, Debug)]
pub struct StreamState {
    plan: Arc<Plan>,
    varies: bool,
    pacing: Pacing,
    streams: TemplateStreams,
    draws: DrawsARecord,
    /// What was drawn, record by record.
    drawn: Vec<u32>,
    /// The record that the buffers below hold.
    prepared: u32,
    key: String,
    partition: Option<u32>,
    /// A text, JSON or a customer's name.
    text: String,
    customer_id: i64,
}

/// How many drawn numbers a record keeps, by what they are for.
#[derive(Clone, Copy, Debug)]
struct DrawsARecord {
    key: usize,
    partition: usize,
    all: usize,
}

impl StreamState {
    /// The n-th stream of a producer, before its first record. Opens `{producer}/{number}/random`, `.../zipf` and
    /// `.../rate`, each only if it will be drawn from.
    ///
    /// # Errors
    /// A text of the stream cannot be taken apart; a scenario's reader says so sooner, by [`Plan::parse`].
    pub fn new(
        stream: &Stream,
        producer: &str,
        number: u32,
        chance: &mut dyn Chance,
    ) -> Result<StreamState, PlanError> {
        let plan = Plan::parse(stream)?;
        let mut open =
            |wanted: bool, of: &str| wanted.then(|| chance.stream(format_args!("{producer}/{number}/{of}")));
        let drawing = plan.draws();
        let streams =
            TemplateStreams { random: open(drawing.random, "random"), zipf: open(drawing.zipf, "zipf") };
        let rate = open(matches!(plan.pace, Pace::Rate(_)), "rate");
        let (key, partition) = (plan.key_draws(), plan.partition_draws());
        let mut state = StreamState {
            varies: plan.varies(),
            pacing: Pacing::new(plan.start, rate),
            streams,
            draws: DrawsARecord { key, partition, all: key + partition + plan.value_draws() },
            drawn: Vec::new(),
            prepared: u32::MAX,
            key: String::new(),
            partition: None,
            text: String::new(),
            customer_id: 0,
            plan: Arc::new(plan),
        };
        if !state.varies {
            state.fill(0);
        }
        Ok(state)
    }

    /// Where its records go.
    pub fn topic(&self) -> TopicIx {
        self.plan.topic
    }

    /// How many records it has.
    pub fn count(&self) -> u32 {
        self.plan.count
    }

    /// When it begins.
    pub fn start(&self) -> Time {
        self.plan.start
    }

    /// How many of its records may be without a result when the next one is sent: 1 for `sync`, n for `outstanding`,
    /// [`u32::MAX`] where nobody waits.
    pub fn limit(&self) -> u32 {
        self.plan.limit
    }

    /// How often the application sends a failed record again.
    pub fn resend_times(&self) -> u32 {
        self.plan.resend_times
    }

    /// When the n-th record is due by the clock, from 0. Where the pace is a rate, records are asked for in their order.
    #[inline]
    pub fn due(&mut self, number: u32, chance: &mut dyn Chance) -> Time {
        self.pacing.due(&self.plan.pace, number, chance)
    }

    /// Makes the n-th record the one that [`StreamState::outgoing`] gives. Allocates nothing once its buffers have grown,
    /// but for what is kept of drawn numbers.
    #[inline]
    pub fn prepare(&mut self, chance: &mut dyn Chance, number: u32) {
        if self.varies && self.prepared != number {
            if self.draws.all > 0 {
                self.draw_up_to(number, chance);
            }
            self.fill(number);
        }
    }

    /// The prepared record's key as text, before it is serialized.
    #[inline]
    pub fn key_text(&self) -> Option<&str> {
        if self.plan.keys.is_empty() { None } else { Some(&self.key) }
    }

    /// The prepared record, as `send()` takes it.
    #[inline]
    pub fn outgoing(&self, id: RecordId, keep_content: bool, cause: Seq) -> Outgoing<'_> {
        Outgoing {
            id,
            topic: self.plan.topic,
            partition: self.partition,
            key: self.key_text().map_or(Payload::Null, Payload::Text),
            value: match &self.plan.value {
                ValuePlan::Null => Payload::Null,
                ValuePlan::Bytes(bytes) => Payload::Opaque(*bytes),
                ValuePlan::Text(_) => Payload::Text(&self.text),
                ValuePlan::Json(_) => Payload::Json(&self.text),
                ValuePlan::Customer { name, layout, .. } => Payload::Customer {
                    id: self.customer_id,
                    name: name.as_ref().map(|_| self.text.as_str()),
                    layout: *layout,
                },
            },
            headers: &self.plan.headers,
            keep_content,
            cause,
        }
    }

    /// Draws for every record up to this one that has no draws yet. Each keeps as many numbers as the longest one needs.
    fn draw_up_to(&mut self, number: u32, chance: &mut dyn Chance) {
        let StreamState { plan, streams, draws, drawn, .. } = self;
        while drawn.len() <= number as usize * draws.all {
            let begins = drawn.len();
            let record = (begins / draws.all) as u32;
            if let Some(key) = plan.key(record) {
                key.draw(chance, *streams, drawn);
            }
            drawn.resize(begins + draws.key, 0);
            if let Some(partition) = &plan.partition {
                partition.draw(chance, *streams, drawn);
            }
            match &plan.value {
                ValuePlan::Null | ValuePlan::Bytes(_) => {}
                ValuePlan::Text(text) | ValuePlan::Json(text) => text.draw(chance, *streams, drawn),
                ValuePlan::Customer { id, name, .. } => {
                    id.draw(chance, *streams, drawn);
                    if let Some(name) = name {
                        name.draw(chance, *streams, drawn);
                    }
                }
            }
        }
    }

    /// Fills the buffers with this record, whose draws are there.
    fn fill(&mut self, number: u32) {
        let StreamState { plan, draws, drawn, key, partition, text, customer_id, prepared, .. } = self;
        let begins = number as usize * draws.all;
        let record = drawn.get(begins..begins + draws.all).unwrap_or_default();
        let (for_key, rest) = record.split_at_checked(draws.key).unwrap_or_default();
        let (for_partition, for_value) = rest.split_at_checked(draws.partition).unwrap_or_default();
        key.clear();
        if let Some(template) = plan.key(number) {
            template.render(number, for_key, key);
        }
        *partition = plan.partition.map(|partition| {
            let partition = partition.value(number, for_partition).clamp(0, i64::from(i32::MAX));
            partition as u32
        });
        text.clear();
        match &plan.value {
            ValuePlan::Null | ValuePlan::Bytes(_) => {}
            ValuePlan::Text(template) | ValuePlan::Json(template) => template.render(number, for_value, text),
            ValuePlan::Customer { id, name, .. } => {
                *customer_id = id.value(number, for_value);
                if let Some(name) = name {
                    name.render(number, for_value.get(id.draws()..).unwrap_or_default(), text);
                }
            }
        }
        *prepared = number;
    }
}
