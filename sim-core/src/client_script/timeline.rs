//! The script's steps as they come due: streams that do not wait for callbacks are taken apart into single sends.

use super::script::{Act, LeaderChange, MorePartitions, Pace, RecordSpec, Script};
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
    /// The place of the stream among the script's steps: that fixes who goes first.
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
        let mut in_file: Vec<usize> = (0..script.steps.len()).collect();
        in_file.sort_by_key(|&at| script.steps[at].at);
        let mut steps = Vec::with_capacity(script.steps.len());
        for (place, at) in in_file.into_iter().enumerate() {
            let step = &script.steps[at];
            match &step.act {
                Act::Stream(stream) => {
                    let Some((topic, _)) = script.cluster.topic(&stream.record.topic) else { continue };
                    let item = |index: u32, sync| Item {
                        id: stream.first_id + i64::from(index),
                        topic,
                        record: &stream.record,
                        sync,
                    };
                    match stream.pace {
                        Pace::Sync if stream.count > 0 => {
                            let sync = Sync { stream: place, rest: stream.count - 1 };
                            steps.push((step.at, Step::Send(item(0, Some(sync)))));
                        }
                        Pace::Sync => {}
                        Pace::Every(every) => steps.extend((0..stream.count).map(|index| {
                            (step.at + every.times(u64::from(index)), Step::Send(item(index, None)))
                        })),
                    }
                }
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
