//! How long to wait before the n-th try: Kafka's exponential back-off, shared by producers, consumers and brokers.

use crate::chance::{Chance, Stream};

/// Waits that grow from try to try, each drawn around its mean (`producer.md 4.5`, Kafka's `ExponentialBackoff`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ExponentialBackoff {
    initial_ms: i64,
    multiplier: f64,
    max_ms: i64,
    jitter: f64,
    /// From how many tries on the mean stays at its maximum; 0: all waits are equal.
    growing_tries: f64,
    /// Whether the maximum holds for what is drawn too, not only for the mean.
    limits_jitter: bool,
}

impl ExponentialBackoff {
    /// Waits from `initial_ms`, `multiplier` (at least 2) times as long each time, up to `max_ms`; `jitter` 0.2 draws
    /// each between 0.8 and 1.2 of its mean. A maximum not above the initial wait makes the wait constant, without
    /// jitter.
    pub fn new(initial_ms: i64, multiplier: u32, max_ms: i64, jitter: f64) -> ExponentialBackoff {
        let multiplier = f64::from(multiplier);
        let growing_tries = if max_ms > initial_ms {
            libm::log(max_ms as f64 / initial_ms.max(1) as f64) / libm::log(multiplier)
        } else {
            0.0
        };
        ExponentialBackoff {
            initial_ms: initial_ms.min(max_ms),
            multiplier,
            max_ms,
            jitter,
            growing_tries,
            limits_jitter: true,
        }
    }

    /// The same with waits that jitter takes beyond the maximum, as clients before 3.8 have them (`producer.md 4.4`).
    #[must_use]
    pub fn jitter_beyond_max(mut self) -> ExponentialBackoff {
        self.limits_jitter = false;
        self
    }

    /// A wait in ms that no draw reaches: who has waited that long need not draw.
    pub fn bound_ms(&self) -> i64 {
        self.initial_ms.max(self.max_ms).saturating_mul(2)
    }

    /// The middle of what may be drawn, in ms.
    pub fn mean_ms(&self, attempts: u32) -> i64 {
        if self.growing_tries == 0.0 {
            self.initial_ms
        } else {
            (self.mean(attempts) as i64).min(self.max_ms)
        }
    }

    fn mean(&self, attempts: u32) -> f64 {
        let exponent = f64::from(attempts).min(self.growing_tries);
        self.initial_ms as f64 * libm::pow(self.multiplier, exponent)
    }

    /// The wait in ms after so many failures in a row, the first counted as 0. Without `jitter` it is the mean and
    /// nothing is drawn.
    pub fn delay(&self, attempts: u32, chance: &mut dyn Chance, stream: Stream, jitter: bool) -> i64 {
        if self.growing_tries == 0.0 {
            return self.initial_ms;
        }
        let factor = if jitter && self.jitter > 0.0 {
            let (low, high) = (1.0 - self.jitter, 1.0 + self.jitter);
            low + chance.fraction(stream) * (high - low)
        } else {
            1.0
        };
        let wait_ms = (factor * self.mean(attempts)) as i64;
        if self.limits_jitter { wait_ms.min(self.max_ms) } else { wait_ms }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Script, Scripted, Seeded};

    /// Bounds of the waits over many draws, by number of failures.
    fn bounds(backoff: &ExponentialBackoff, attempts: u32) -> (i64, i64) {
        let mut chance = Seeded::new(1);
        let stream = chance.stream(format_args!("jitter"));
        let drawn: Vec<i64> =
            (0..20_000).map(|_| backoff.delay(attempts, &mut chance, stream, true)).collect();
        (drawn.iter().copied().min().unwrap_or(0), drawn.iter().copied().max().unwrap_or(0))
    }

    /// `producer.md 4.5`: with 100 and 1000 ms, retry 1: 80-119, 2: 160-239, 3: 320-479, 4: 640-959, 5+: 800-1000.
    #[test]
    fn the_default_waits_are_those_of_the_table() {
        let backoff = ExponentialBackoff::new(100, 2, 1000, 0.2);
        assert_eq!(bounds(&backoff, 0), (80, 119));
        assert_eq!(bounds(&backoff, 1), (160, 239));
        assert_eq!(bounds(&backoff, 2), (320, 479));
        assert_eq!(bounds(&backoff, 3), (640, 959));
        for later in [4, 5, 1_000_000] {
            assert_eq!(bounds(&backoff, later), (800, 1000));
        }
    }

    /// `producer.md 4.5`: a maximum not above the initial wait: the smaller of the two, without jitter.
    #[test]
    fn a_maximum_that_is_no_maximum_makes_it_constant() {
        assert_eq!(bounds(&ExponentialBackoff::new(100, 2, 100, 0.2), 7), (100, 100));
        assert_eq!(bounds(&ExponentialBackoff::new(100, 2, 40, 0.2), 0), (40, 40));
        assert_eq!(bounds(&ExponentialBackoff::new(0, 2, 0, 0.2), 3), (0, 0));
    }

    /// `producer.md 4.4`: before 3.8 the cap was applied before the jitter, so up to ~1200.
    #[test]
    fn jitter_goes_beyond_the_maximum_where_it_is_not_limited() {
        let backoff = ExponentialBackoff::new(50, 2, 1000, 0.2).jitter_beyond_max();
        assert_eq!(bounds(&backoff, 6), (800, 1199));
        assert_eq!(backoff.mean_ms(6), 1000);
    }

    /// Without jitter, or with a draw in the middle, the wait is the mean.
    #[test]
    fn the_mean_doubles_up_to_the_maximum() {
        let mut chance = Scripted::new().with("jitter", Script::Middle);
        let stream = chance.stream(format_args!("jitter"));
        let backoff = ExponentialBackoff::new(50, 2, 1000, 0.2);
        for jitter in [false, true] {
            let waits: Vec<i64> =
                (0..7).map(|attempts| backoff.delay(attempts, &mut chance, stream, jitter)).collect();
            assert_eq!(waits, [50, 100, 200, 400, 800, 1000, 1000], "jitter: {jitter}");
        }
    }
}
