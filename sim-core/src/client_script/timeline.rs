//! The script's steps as they come due: streams that do not wait for callbacks are taken apart into single sends.

use super::script::{Act, LeaderChange, MorePartitions, Pace, RecordSpec, Script, Stream};
use crate::record::{BrokerId, TopicIx};
use crate::time::{Span, Time};

/// The steps in the order of time; at one instant, in the order of the file.
#[derive(Clone, Debug)]
pub(super) struct Timeline<'s> {
    steps: Vec<(Time, Step<'s>)>,
    next: usize,
}

/// What is done at an instant.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step<'s> {
    /// The application has one more record to send.
    Send(Item<'s>),
    /// Metadata answers say something else from now on.
    Leader(&'s LeaderChange),
    Partitions(&'s MorePartitions),
    NodeDown(BrokerId),
    NodeSilent(BrokerId),
    NodeUp(BrokerId),
    Flush,
    Close(Span),
}

/// A record to send.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item<'s> {
    pub(super) id: i64,
    pub(super) topic: TopicIx,
    pub(super) record: &'s RecordSpec,
    /// The sync stream that it belongs to.
    pub(super) sync: Option<Sync>,
}

/// A place in a sync stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sync {
    /// The place of the stream in the timeline: that fixes who goes first.
    pub(super) stream: usize,
    /// How many records come behind this one.
    pub(super) rest: u32,
}

impl<'s> Item<'s> {
    /// What the sync stream sends when this record has completed, if that is not the end of it.
    pub(super) fn follower(&self) -> Option<(usize, Item<'s>)> {
        let Sync { stream, rest } = self.sync?;
        let rest = rest.checked_sub(1)?;
        Some((stream, Item { id: self.id + 1, sync: Some(Sync { stream, rest }), ..*self }))
    }
}

impl<'s> Timeline<'s> {
    pub(super) fn new(script: &'s Script) -> Timeline<'s> {
        let mut steps = Vec::with_capacity(script.steps.len());
        for step in &script.steps {
            match &step.act {
                Act::Stream(stream) => sends(script, step.at, stream, &mut steps),
                Act::Leader(change) => steps.push((step.at, Step::Leader(change))),
                Act::Partitions(more) => steps.push((step.at, Step::Partitions(more))),
                Act::NodeDown(node) => steps.push((step.at, Step::NodeDown(*node))),
                Act::NodeSilent(node) => steps.push((step.at, Step::NodeSilent(*node))),
                Act::NodeUp(node) => steps.push((step.at, Step::NodeUp(*node))),
                Act::Flush => steps.push((step.at, Step::Flush)),
                Act::Close(timeout) => steps.push((step.at, Step::Close(*timeout))),
            }
        }
        steps.sort_by_key(|(at, _)| *at);
        for (place, (_, step)) in steps.iter_mut().enumerate() {
            if let Step::Send(Item { sync: Some(sync), .. }) = step {
                sync.stream = place;
            }
        }
        Timeline { steps, next: 0 }
    }

    /// When the next step is due.
    pub(super) fn next_at(&self) -> Time {
        self.steps.get(self.next).map_or(Time::NEVER, |(at, _)| *at)
    }

    /// The next step, if it is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Step<'s>> {
        let (at, step) = *self.steps.get(self.next)?;
        if at > now {
            return None;
        }
        self.next += 1;
        Some(step)
    }
}

/// The first record of a sync stream, or every record of another.
fn sends<'s>(script: &'s Script, at: Time, stream: &'s Stream, steps: &mut Vec<(Time, Step<'s>)>) {
    let Some((topic, _)) = script.cluster.topic(&stream.record.topic) else { return };
    let item = |index: u32, sync| {
        let id = stream.first_id + i64::from(index);
        Step::Send(Item { id, topic, record: &stream.record, sync })
    };
    match stream.pace {
        Pace::Every(every) => {
            steps.extend(
                (0..stream.count).map(|index| (at + every.times(u64::from(index)), item(index, None))),
            );
        }
        Pace::Sync => {
            let rest = stream.count.checked_sub(1);
            steps.extend(rest.map(|rest| (at, item(0, Some(Sync { stream: 0, rest })))));
        }
    }
}
