//! `ExponentialBackoff`: twice as long each time, up to a limit, give or take a fifth (`producer.md 4.5`).

use crate::chance::{Chance, Stream};
use crate::config::ProducerConfig;

/// Lengths of back-offs and of connection set-up timeouts, in ms.
#[derive(Clone, Debug)]
pub(crate) struct ExponentialBackoff {
    initial: i64,
    max: i64,
    /// How often it doubles, as a real number; 0: it is constant.
    doublings: f64,
    /// The length at the limit, before jitter.
    at_limit: f64,
    jitter: Option<Stream>,
    /// Whether the limit holds for the length with its jitter too (3.8+).
    limits_jitter: bool,
}

impl ExponentialBackoff {
    /// Lengths from `initial` to `max`; constant if `max` is not above `initial`.
    pub(crate) fn new(initial: i64, max: i64, config: &ProducerConfig, jitter: Stream) -> ExponentialBackoff {
        let doublings = if max > initial {
            libm::log(max as f64 / initial.max(1) as f64) / core::f64::consts::LN_2
        } else {
            0.0
        };
        let initial = initial.min(max);
        ExponentialBackoff {
            initial,
            max,
            doublings,
            at_limit: initial as f64 * libm::pow(2.0, doublings),
            jitter: config.jitter.then_some(jitter),
            limits_jitter: config.release.at_least(3, 8),
        }
    }

    /// The back-off after so many failures before the last one; a new draw at each call.
    pub(crate) fn draw(&self, chance: &mut dyn Chance, attempts: u32) -> i64 {
        if self.doublings == 0.0 {
            return self.initial;
        }
        let factor = self.jitter.map_or(1.0, |stream| 0.8 + 0.4 * chance.fraction(stream));
        let length = (self.mean(attempts) * factor) as i64;
        if self.limits_jitter { length.min(self.max) } else { length }
    }

    /// The length in the middle of what may be drawn.
    pub(crate) fn without_jitter(&self, attempts: u32) -> i64 {
        if self.doublings == 0.0 { self.initial } else { (self.mean(attempts) as i64).min(self.max) }
    }

    fn mean(&self, attempts: u32) -> f64 {
        if f64::from(attempts) < self.doublings {
            (self.initial << attempts) as f64
        } else {
            self.at_limit
        }
    }

    /// Longer than any draw: who has waited that long need not draw.
    pub(crate) fn bound(&self) -> i64 {
        self.initial.max(self.max).saturating_mul(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Script, Scripted};
    use crate::config::Release;
    use crate::producer::fixture::config;

    fn lengths(initial: i64, max: i64, release: Release, fraction: u64) -> Vec<i64> {
        let mut config = config();
        (config.jitter, config.release) = (true, release);
        let mut chance = Scripted::new().with("jitter", Script::Always(fraction));
        let stream = chance.stream("jitter");
        let backoff = ExponentialBackoff::new(initial, max, &config, stream);
        (0..6).map(|attempts| backoff.draw(&mut chance, attempts)).collect()
    }

    const LEAST: u64 = 0;
    const MIDDLE: u64 = 1 << 52;
    const MOST: u64 = (1 << 53) - 1;

    /// `producer.md 4.5`: retry 1: 80-119, 2: 160-239, 3: 320-479, 4: 640-959, 5+: 800-1000.
    #[test]
    fn retries_back_off_as_the_table_says() {
        let newest = Release::NEWEST;
        assert_eq!(lengths(100, 1000, newest, LEAST), [80, 160, 320, 640, 800, 800]);
        assert_eq!(lengths(100, 1000, newest, MIDDLE), [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(lengths(100, 1000, newest, MOST), [119, 239, 479, 959, 1000, 1000]);
    }

    /// `producer.md 4.4`: 40-59, 80-119, 160-239, 320-479, 640-959, 800-1000; before 3.8 up to ~1200.
    #[test]
    fn before_3_8_jitter_goes_beyond_the_limit() {
        assert_eq!(lengths(50, 1000, Release::NEWEST, MOST), [59, 119, 239, 479, 959, 1000]);
        assert_eq!(lengths(50, 1000, Release::new(3, 7), MOST), [59, 119, 239, 479, 959, 1199]);
    }

    /// `producer.md 4.5`: m <= b: constant min(b, m), no jitter.
    #[test]
    fn a_limit_at_or_below_the_first_length_makes_it_constant() {
        assert_eq!(lengths(100, 100, Release::NEWEST, LEAST), [100; 6]);
        assert_eq!(lengths(500, 100, Release::NEWEST, LEAST), [100; 6]);
    }
}
