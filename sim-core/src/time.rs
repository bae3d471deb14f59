//! Virtual time: whole nanoseconds since the start of the run, and the client's clock of whole milliseconds.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// An instant of virtual time, in nanoseconds since t=0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

/// A length of virtual time, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(u64);

const NANOS_PER_MILLI: u64 = 1_000_000;

impl Time {
    /// The start of the run.
    pub const ZERO: Time = Time(0);
    /// Later than anything that happens; what sleeps until then sleeps until it is woken.
    pub const NEVER: Time = Time(u64::MAX);

    /// The instant so many nanoseconds after the start.
    pub const fn from_nanos(nanos: u64) -> Time {
        Time(nanos)
    }

    /// The instant so many milliseconds after the start; [`Time::NEVER`] if that is out of range or negative times
    /// count as the start.
    pub const fn from_millis(millis: i64) -> Time {
        if millis <= 0 { Time(0) } else { Time((millis as u64).saturating_mul(NANOS_PER_MILLI)) }
    }

    /// Nanoseconds since the start.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// What a client's clock shows (`Time.milliseconds()`): virtual time cut off to whole milliseconds.
    pub const fn millis(self) -> i64 {
        (self.0 / NANOS_PER_MILLI) as i64
    }

    /// The time since `earlier`; zero if that lies in the future.
    pub const fn since(self, earlier: Time) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// Milliseconds as a fraction, for reports.
    pub fn as_millis_f64(self) -> f64 {
        Span(self.0).as_millis_f64()
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);
    /// Longer than any run.
    pub const FOREVER: Span = Span(u64::MAX);

    /// A length in nanoseconds.
    pub const fn from_nanos(nanos: u64) -> Span {
        Span(nanos)
    }

    /// A length in microseconds.
    pub const fn from_micros(micros: u64) -> Span {
        Span(micros.saturating_mul(1_000))
    }

    /// A length in milliseconds; negative lengths count as none.
    pub const fn from_millis(millis: i64) -> Span {
        if millis <= 0 { Span(0) } else { Span((millis as u64).saturating_mul(NANOS_PER_MILLI)) }
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> u64 {
        self.0
    }

    /// Whole milliseconds, cut off.
    pub const fn millis(self) -> i64 {
        (self.0 / NANOS_PER_MILLI) as i64
    }

    /// Milliseconds as a fraction, for reports.
    pub fn as_millis_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_MILLI as f64
    }

    /// So many times this length.
    pub const fn times(self, n: u64) -> Span {
        Span(self.0.saturating_mul(n))
    }
}

impl Add<Span> for Time {
    type Output = Time;

    /// Saturates: nothing is later than [`Time::NEVER`].
    fn add(self, span: Span) -> Time {
        Time(self.0.saturating_add(span.0))
    }
}

impl AddAssign<Span> for Time {
    fn add_assign(&mut self, span: Span) {
        *self = *self + span;
    }
}

impl Add for Span {
    type Output = Span;

    fn add(self, other: Span) -> Span {
        Span(self.0.saturating_add(other.0))
    }
}

impl Sub for Span {
    type Output = Span;

    fn sub(self, other: Span) -> Span {
        Span(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Span {
    /// The shortest exact text with a unit, as a scenario file would write it: `5ms`, `1.5s`, `200us`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            n if n >= 1_000_000_000 => (1_000_000_000, "s"),
            n if n >= 1_000_000 => (1_000_000, "ms"),
            n if n >= 1_000 => (1_000, "us"),
            _ => (1, "ns"),
        };
        let (whole, rest) = (self.0 / unit, self.0 % unit);
        if rest == 0 {
            return write!(f, "{whole}{name}");
        }
        let width = unit.ilog10() as usize;
        let digits = format!("{rest:0width$}");
        write!(f, "{whole}.{}{name}", digits.trim_end_matches('0'))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_sees_whole_milliseconds() {
        assert_eq!(Time::from_nanos(1_999_999).millis(), 1);
        assert_eq!(Time::from_nanos(2_000_000).millis(), 2);
    }

    #[test]
    fn spans_print_as_a_scenario_writes_them() {
        assert_eq!(Span::from_nanos(1_500_000_000).to_string(), "1.5s");
        assert_eq!(Span::from_millis(5).to_string(), "5ms");
        assert_eq!(Span::from_nanos(2_200_050).to_string(), "2.20005ms");
        assert_eq!(Span::from_micros(200).to_string(), "200us");
        assert_eq!(Span::ZERO.to_string(), "0ns");
    }

    #[test]
    fn nothing_is_later_than_never() {
        assert_eq!(Time::NEVER + Span::from_millis(1), Time::NEVER);
        assert_eq!(Time::from_millis(i64::MAX), Time::NEVER);
    }
}
