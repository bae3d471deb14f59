//! When the records of a stream are due, as far as the clock decides.

use crate::chance::{Chance, Stream};
use crate::sampling;
use crate::scenario::Pace;
use crate::time::Time;

/// The clock of one stream. Records that wait for results besides are held back by whoever counts those.
#[derive(Clone, Debug)]
pub(super) struct Pacing {
    start: Time,
    /// Poisson only: the next record to draw a gap for, and when the one before was due.
    drawn: (u32, Time),
    stream: Option<Stream>,
}

impl Pacing {
    /// `stream` is drawn from where the pace is a rate, and only there.
    pub(super) fn new(start: Time, stream: Option<Stream>) -> Pacing {
        Pacing { start, drawn: (0, start), stream }
    }

    /// When the n-th record is due, from 0. With a rate it is asked for in the order of the records; one that was passed
    /// is due when the last one was.
    #[inline]
    pub(super) fn due(&mut self, pace: &Pace, number: u32, chance: &mut dyn Chance) -> Time {
        match pace {
            Pace::Burst | Pace::Outstanding(_) => self.start,
            Pace::Every(interval) => self.start + interval.times(u64::from(number)),
            Pace::At(times) => times.get(number as usize).copied().unwrap_or(self.start),
            Pace::Rate(per_second) => self.poisson(*per_second, number, chance),
        }
    }

    fn poisson(&mut self, per_second: f64, number: u32, chance: &mut dyn Chance) -> Time {
        let Some(stream) = self.stream else { return self.start };
        let (mut next, mut due) = self.drawn;
        while next <= number {
            if next > 0 {
                due += sampling::gap(per_second, chance, stream);
            }
            next += 1;
        }
        self.drawn = (next, due);
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Script, Scripted, Seeded};
    use crate::time::Span;

    const START: Time = Time::from_millis(1_000);

    fn times<const N: usize>(pace: &Pace) -> [u64; N] {
        let mut chance = Scripted::new().with("rate", Script::Middle);
        let mut pacing = Pacing::new(START, Some(chance.stream(format_args!("shop/0/rate"))));
        let mut number = 0;
        [(); N].map(|()| {
            number += 1;
            pacing.due(pace, number - 1, &mut chance).nanos()
        })
    }

    /// `scenario-format.md`: all at `start`, a fixed interval, a list of times.
    #[test]
    fn clocks_without_chance() {
        let start = START.nanos();
        assert_eq!(times(&Pace::Burst), [start; 3]);
        assert_eq!(times(&Pace::Outstanding(5)), [start; 3]);
        assert_eq!(times(&Pace::Every(Span::from_micros(10))), [start, start + 10_000, start + 20_000]);
        let at = vec![Time::from_millis(5), Time::from_millis(2)];
        assert_eq!(times(&Pace::At(at)), [5_000_000, 2_000_000]);
    }

    /// `scenario-format.md`: `rate`, Poisson: the first at `start`; at a draw of one half a gap is ln 2 of the mean.
    #[test]
    fn a_rate_has_exponential_gaps() {
        let start = START.nanos();
        assert_eq!(times(&Pace::Rate(1_000.0)), [start, start + 693_147, start + 2 * 693_147]);
    }

    /// Mean of 100,000 gaps at 1000/s: 1 ms, with a standard error of 0.3 %.
    #[test]
    fn a_rate_is_a_rate() {
        let mut chance = Seeded::new(2);
        let mut pacing = Pacing::new(Time::ZERO, Some(chance.stream(format_args!("shop/0/rate"))));
        let last = pacing.due(&Pace::Rate(1_000.0), 100_000, &mut chance).as_millis_f64();
        assert!((last / 100_000.0 - 1.0).abs() < 0.015, "{last}");
    }

    #[test]
    fn a_record_asked_for_again_is_due_at_the_same_time() {
        let mut chance = Seeded::new(2);
        let mut pacing = Pacing::new(Time::ZERO, Some(chance.stream(format_args!("shop/0/rate"))));
        let first = pacing.due(&Pace::Rate(5.0), 3, &mut chance);
        assert_eq!(pacing.due(&Pace::Rate(5.0), 3, &mut chance), first);
    }
}
