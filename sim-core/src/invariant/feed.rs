//! The observer of a checked run: it keeps the events of a step until the checkers take them.

use crate::record::Names;
use crate::trace::{Event, EventKind, Observer, Stamp};

/// Keeps the events that some checker looks at; switched off, none.
#[derive(Clone, Debug, Default)]
pub struct Feed {
    on: bool,
    events: Vec<(Stamp, Event)>,
}

impl Feed {
    /// A feed for a run that is checked.
    pub fn on() -> Feed {
        Feed { on: true, events: Vec::new() }
    }

    /// A feed for a run that is not.
    pub fn off() -> Feed {
        Feed::default()
    }

    /// Whether the run is to be checked.
    pub fn is_on(&self) -> bool {
        self.on
    }

    pub(super) fn take(&mut self) -> Vec<(Stamp, Event)> {
        std::mem::take(&mut self.events)
    }

    /// The list that was taken, for its memory.
    pub(super) fn give_back(&mut self, mut events: Vec<(Stamp, Event)>) {
        events.clear();
        self.events = events;
    }
}

impl Observer for Feed {
    #[inline]
    fn event(&mut self, stamp: Stamp, event: &Event, _: &Names) {
        if self.on && is_looked_at(event.kind()) {
            self.events.push((stamp, event.clone()));
        }
    }
}

/// The kinds of events that some checker looks at.
fn is_looked_at(kind: EventKind) -> bool {
    matches!(
        kind,
        EventKind::Accumulated
            | EventKind::BatchDrained
            | EventKind::EpochBumped
            | EventKind::Acknowledged
            | EventKind::Failed
            | EventKind::Append
            | EventKind::AppendDuplicate
            | EventKind::AppendRefused
            | EventKind::Replicated
            | EventKind::HwAdvanced
            | EventKind::Truncated
            | EventKind::ProducerStateExpired
            | EventKind::RoleChanged
            | EventKind::LeaderChanged
            | EventKind::IsrShrunk
            | EventKind::IsrExpanded
            | EventKind::ElrChanged
            | EventKind::BrokerStopped
            | EventKind::BrokerStarted
            | EventKind::BrokerRegistered
            | EventKind::BrokerFenced
            | EventKind::BrokerUnfenced
            | EventKind::Fault
            | EventKind::Consumed
            | EventKind::ProduceRequest
            | EventKind::ProduceResponseSent
            | EventKind::FetchRequest
            | EventKind::FetchRequestSent
            | EventKind::FetchResponse
            | EventKind::FetchResponseSent
            | EventKind::OffsetForLeaderEpochResponse
            | EventKind::AlterPartitionRequest
            | EventKind::AlterPartitionResponse
            | EventKind::AlterPartitionResponseSent
            | EventKind::MetadataUpdate
    )
}
