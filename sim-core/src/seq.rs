//! Events have numbers, and a cause is the number of another event.

/// The number of an event in its run: 0, 1, 2 ...
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

impl Seq {
    /// No event: what comes from outside (the start, the scenario's clock, a timed fault).
    pub const OUTSIDE: Seq = Seq(u64::MAX);

    /// The number, unless it is [`Seq::OUTSIDE`].
    pub fn number(self) -> Option<u64> {
        (self != Seq::OUTSIDE).then_some(self.0)
    }
}
