//! `[chaos]`, typed: random faults, each kind at a rate of its own.

use super::Sampled;
use crate::time::Time;

/// `[chaos]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chaos {
    /// What happens, in the order of [`ChaosKind::ALL`].
    pub faults: Vec<ChaosFault>,
    /// Not before.
    pub from: Time,
    /// Not from here on; what has begun goes on to its end.
    pub until: Time,
    /// So many brokers at most are down, paused or not yet back in their ISRs; none: as many as there are.
    pub max_down: Option<u32>,
}

/// One kind of random fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChaosFault {
    /// What.
    pub kind: ChaosKind,
    /// How often: so many a second on average (Poisson).
    pub rate: f64,
    /// How long each lasts.
    pub r#for: Option<Sampled>,
}

/// What chaos does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChaosKind {
    /// A broker's process dies.
    Crash,
    /// A broker's machine loses power.
    Power,
    /// A broker's process stands still.
    Pause,
    /// No message between two machines, in both directions or in one.
    Cut,
    /// A request never arrives.
    LoseRequest,
    /// An answer never arrives.
    LoseResponse,
    /// The connections between two machines are reset.
    Reset,
    /// A message is late.
    Delay,
}

impl ChaosKind {
    /// Every kind.
    pub const ALL: [ChaosKind; 8] = [
        ChaosKind::Crash,
        ChaosKind::Power,
        ChaosKind::Pause,
        ChaosKind::Cut,
        ChaosKind::LoseRequest,
        ChaosKind::LoseResponse,
        ChaosKind::Reset,
        ChaosKind::Delay,
    ];

    /// The word of the file and of the trace.
    pub const fn name(self) -> &'static str {
        match self {
            ChaosKind::Crash => "crash",
            ChaosKind::Power => "power",
            ChaosKind::Pause => "pause",
            ChaosKind::Cut => "cut",
            ChaosKind::LoseRequest => "lose-request",
            ChaosKind::LoseResponse => "lose-response",
            ChaosKind::Reset => "reset",
            ChaosKind::Delay => "delay",
        }
    }

    /// Whether it makes no sense without an end.
    pub const fn needs_an_end(self) -> bool {
        matches!(self, ChaosKind::Pause | ChaosKind::Cut | ChaosKind::Delay)
    }
}
