//! A stream of a scenario with its texts taken apart: what all of its records have in common.

use crate::record::TopicIx;
use crate::scenario::{Decode, Header, Keys, Mode, Pace, PartitionChoice, Stream, ValueSpec};
use crate::template::{Draws, NumberTemplate, Template, TemplateError};
use crate::time::Time;

/// A stream as a scenario says it, ready to make records of.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub(super) topic: TopicIx,
    pub(super) count: u32,
    pub(super) start: Time,
    pub(super) pace: Pace,
    pub(super) limit: u32,
    pub(super) resend_times: u32,
    /// Taken in turn; empty: null keys.
    pub(super) keys: Vec<Template>,
    pub(super) partition: Option<NumberTemplate>,
    pub(super) value: ValuePlan,
    pub(super) headers: Vec<Header>,
}

/// What the values are made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum ValuePlan {
    Null,
    Bytes(u32),
    Text(Template),
    Json(Template),
    Customer { id: NumberTemplate, name: Option<Template>, layout: Decode },
}

/// What is wrong with a stream's texts.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum PlanError {
    /// A text with a placeholder that is none, or one that should be a number.
    #[error("`{field}`: {error}")]
    Template {
        /// The key of the scenario file.
        field: &'static str,
        /// What is wrong with it.
        error: TemplateError,
    },
    /// `new ProducerRecord(...)` throws at a negative partition.
    #[error(
        "`partition`: `{text}` gives {smallest}, and no partition is below 0: write a number from 0 on, or `{{i % 3}}`"
    )]
    NegativePartition {
        /// The template.
        text: String,
        /// The smallest number that it gives.
        smallest: i64,
    },
}

impl Plan {
    /// Takes apart the texts of a stream.
    ///
    /// # Errors
    /// The first text that is none, by the key of the scenario file.
    pub fn parse(stream: &Stream) -> Result<Plan, PlanError> {
        let keys = match &stream.keys {
            Keys::None => Vec::new(),
            Keys::Template(text) => vec![template("key", text)?],
            Keys::InTurn(texts) => {
                texts.iter().map(|text| template("keys", text)).collect::<Result<_, _>>()?
            }
        };
        Ok(Plan {
            topic: stream.topic,
            count: stream.count,
            start: stream.start,
            pace: stream.pace.clone(),
            limit: limit(stream),
            resend_times: stream.resend.map_or(0, |resend| resend.times),
            keys,
            partition: stream.partition.as_ref().map(partition).transpose()?,
            value: value(&stream.value)?,
            headers: stream.headers.clone(),
        })
    }

    /// Whether a record differs from the one before it.
    pub(super) fn varies(&self) -> bool {
        let value_varies = match &self.value {
            ValuePlan::Null | ValuePlan::Bytes(_) => false,
            ValuePlan::Text(text) | ValuePlan::Json(text) => !text.is_constant(),
            ValuePlan::Customer { id, name, .. } => {
                !id.is_constant() || name.as_ref().is_some_and(|name| !name.is_constant())
            }
        };
        value_varies
            || self.keys.len() > 1
            || self.keys.iter().any(|key| !key.is_constant())
            || self.partition.is_some_and(|partition| !partition.is_constant())
    }

    /// The key's template of the record at this place.
    pub(super) fn key(&self, number: u32) -> Option<&Template> {
        self.keys.get((number as usize).checked_rem(self.keys.len())?)
    }

    /// How many drawn numbers a record keeps for its key: as many as the longest template needs.
    pub(super) fn key_draws(&self) -> usize {
        self.keys.iter().map(Template::draws).max().unwrap_or(0)
    }

    /// How many a record keeps for its partition.
    pub(super) fn partition_draws(&self) -> usize {
        self.partition.as_ref().map_or(0, NumberTemplate::draws)
    }

    /// How many a record keeps for its value.
    pub(super) fn value_draws(&self) -> usize {
        match &self.value {
            ValuePlan::Null | ValuePlan::Bytes(_) => 0,
            ValuePlan::Text(text) | ValuePlan::Json(text) => text.draws(),
            ValuePlan::Customer { id, name, .. } => id.draws() + name.as_ref().map_or(0, Template::draws),
        }
    }

    /// Which streams of chance the texts draw from.
    pub(super) fn draws(&self) -> Draws {
        let keys = self.keys.iter().map(Template::placeholders_draw).fold(Draws::default(), Draws::or);
        let partition = self.partition.as_ref().map(NumberTemplate::placeholders_draw).unwrap_or_default();
        let value = match &self.value {
            ValuePlan::Null | ValuePlan::Bytes(_) => Draws::default(),
            ValuePlan::Text(text) | ValuePlan::Json(text) => text.placeholders_draw(),
            ValuePlan::Customer { id, name, .. } => {
                name.as_ref().map(Template::placeholders_draw).unwrap_or_default().or(id.placeholders_draw())
            }
        };
        keys.or(partition).or(value)
    }
}

/// How many records may be without a result when the next one is sent.
fn limit(stream: &Stream) -> u32 {
    match (stream.mode, &stream.pace) {
        (Mode::Sync, _) => 1,
        (_, Pace::Outstanding(limit)) => (*limit).max(1),
        _ => u32::MAX,
    }
}

fn partition(choice: &PartitionChoice) -> Result<NumberTemplate, PlanError> {
    match choice {
        PartitionChoice::Fixed(partition) => Ok(NumberTemplate::constant(i64::from(*partition))),
        PartitionChoice::Template(text) => {
            let partition = number("partition", text)?;
            match partition.smallest() {
                0.. => Ok(partition),
                smallest => Err(PlanError::NegativePartition { text: text.clone(), smallest }),
            }
        }
    }
}

fn value(spec: &ValueSpec) -> Result<ValuePlan, PlanError> {
    Ok(match spec {
        ValueSpec::Null => ValuePlan::Null,
        ValueSpec::Bytes(bytes) => ValuePlan::Bytes(*bytes),
        ValueSpec::Text(text) => ValuePlan::Text(template("value.text", text)?),
        ValueSpec::Json(text) => ValuePlan::Json(template("value.json", text)?),
        ValueSpec::Customer { id, name, layout } => ValuePlan::Customer {
            id: number("value.customer.id", id)?,
            name: name.as_ref().map(|name| template("value.customer.name", name)).transpose()?,
            layout: *layout,
        },
    })
}

fn template(field: &'static str, text: &str) -> Result<Template, PlanError> {
    Template::parse(text).map_err(|error| PlanError::Template { field, error })
}

fn number(field: &'static str, text: &str) -> Result<NumberTemplate, PlanError> {
    NumberTemplate::parse(text).map_err(|error| PlanError::Template { field, error })
}
