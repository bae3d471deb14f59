//! Drawing durations from a scenario's distributions, bit-identical on every machine: `libm` for what is transcendental,
//! and only `+ - * /` besides.

use crate::chance::{Chance, Stream};
use crate::scenario::{Distribution, Sampled};
use crate::time::Span;

/// The 99th percentile of the standard normal distribution.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// A duration, drawn from this stream if it is not constant. Cut off to whole nanoseconds.
#[inline]
pub fn draw(sampled: &Sampled, chance: &mut dyn Chance, stream: Stream) -> Span {
    match *sampled {
        Sampled::Constant(span) => span,
        Sampled::Drawn(distribution) => draw_from(distribution, chance, stream),
    }
}

/// The time until the next of events that come at random, so many a second on average (a Poisson process).
pub fn gap(per_second: f64, chance: &mut dyn Chance, stream: Stream) -> Span {
    nanos(1e9 / per_second * exponential(chance, stream))
}

fn draw_from(distribution: Distribution, chance: &mut dyn Chance, stream: Stream) -> Span {
    match distribution {
        Distribution::Uniform { min, max } => match (max - min).nanos() {
            0 => min,
            width => min + Span::from_nanos(chance.below(stream, width)),
        },
        Distribution::Exponential { mean } => nanos(mean.nanos() as f64 * exponential(chance, stream)),
        Distribution::Lognormal { median, p99 } => {
            let median = median.nanos() as f64;
            let sigma = libm::log(p99.nanos() as f64 / median) / NORMAL_P99;
            nanos(median * libm::exp(sigma * normal(chance, stream)))
        }
        Distribution::Pareto { min, shape } => {
            nanos(min.nanos() as f64 * libm::exp(exponential(chance, stream) / shape))
        }
    }
}

/// Exponential with mean 1, by inversion.
fn exponential(chance: &mut dyn Chance, stream: Stream) -> f64 {
    -libm::log(above_zero(chance, stream))
}

/// Standard normal, by Box and Muller's transform: two uniform draws, of which the sine half is not kept.
fn normal(chance: &mut dyn Chance, stream: Stream) -> f64 {
    let radius = libm::sqrt(2.0 * exponential(chance, stream));
    radius * libm::cos(std::f64::consts::TAU * chance.fraction(stream))
}

/// A uniform number in (0, 1].
fn above_zero(chance: &mut dyn Chance, stream: Stream) -> f64 {
    1.0 - chance.fraction(stream)
}

/// Saturates at the longest span; what is no number is none.
fn nanos(nanos: f64) -> Span {
    Span::from_nanos(nanos as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::{Script, Scripted, Seeded};

    const MILLI: Span = Span::from_millis(1);

    /// So many draws, in ns, ascending.
    fn sorted(distribution: Distribution, draws: usize) -> Vec<f64> {
        let mut chance = Seeded::new(5);
        let stream = chance.stream(format_args!("latency"));
        let sampled = Sampled::Drawn(distribution);
        let mut all: Vec<f64> =
            (0..draws).map(|_| draw(&sampled, &mut chance, stream).nanos() as f64).collect();
        all.sort_by(f64::total_cmp);
        all
    }

    /// One draw whose every uniform number is one half.
    fn middle(distribution: Distribution) -> f64 {
        let mut chance = Scripted::new().with("latency", Script::Middle);
        let stream = chance.stream(format_args!("latency"));
        draw(&Sampled::Drawn(distribution), &mut chance, stream).nanos() as f64
    }

    fn assert_near(value: f64, expected: f64, tolerance: f64) {
        assert!((value / expected - 1.0).abs() < tolerance, "{value} is not near {expected}");
    }

    #[test]
    fn a_constant_draws_nothing() {
        let mut chance = Scripted::new().with("latency", Script::Count);
        let stream = chance.stream(format_args!("latency"));
        assert_eq!(draw(&Sampled::Constant(MILLI), &mut chance, stream), MILLI);
        assert_eq!(chance.bits(stream), 0, "the first draw is still to come");
    }

    /// The model of `scenario-format.md`: between two bounds, the upper one excluded.
    #[test]
    fn uniform_stays_between_its_bounds() {
        let (min, max) = (Span::from_nanos(10), Span::from_nanos(14));
        let all = sorted(Distribution::Uniform { min, max }, 1_000);
        assert_eq!((all[0], all[999]), (10.0, 13.0));
        assert_eq!(middle(Distribution::Uniform { min, max }), 12.0);
        assert_eq!(middle(Distribution::Uniform { min, max: min }), 10.0);
    }

    /// Median of an exponential: mean * ln 2. Its standard error is the mean / sqrt(n): 0.3 %.
    #[test]
    fn exponential_has_its_mean() {
        let distribution = Distribution::Exponential { mean: MILLI };
        assert_eq!(middle(distribution), 693_147.0, "1 ms * ln 2 = 693147.18 ns");
        let all = sorted(distribution, 100_000);
        assert_near(all.iter().sum::<f64>() / 1e5, 1e6, 0.015);
        assert_near(all[50_000], 693_147.0, 0.02);
    }

    /// Of 100,000 draws the median and the 99th percentile are the parameters.
    #[test]
    fn lognormal_has_its_median_and_p99() {
        let distribution = Distribution::Lognormal { median: MILLI, p99: Span::from_millis(8) };
        let all = sorted(distribution, 100_000);
        assert_near(all[50_000], 1e6, 0.02);
        assert_near(all[99_000], 8e6, 0.05);
        // Both uniforms one half: z = -sqrt(2 ln 2) = -1.1774100, sigma = ln 8 / 2.3263479 = 0.8938653,
        // e^(-1.1774100 * 0.8938653) = 0.349083.
        assert_near(middle(distribution), 349_083.0, 1e-5);
    }

    /// P(X > x) = (min / x)^shape: half of all are above min * 2^(1/shape), a tenth above min * 10^(1/shape).
    #[test]
    fn pareto_has_its_tail() {
        let distribution = Distribution::Pareto { min: MILLI, shape: 2.0 };
        assert_eq!(middle(distribution), 1_414_213.0, "1 ms * sqrt(2) = 1414213.56 ns");
        let all = sorted(distribution, 100_000);
        assert!(all[0] >= 1e6);
        assert_near(all[90_000], 1e6 * libm::sqrt(10.0), 0.02);
    }

    /// A Poisson process of 1000/s: gaps of 1 ms on average, each draw the exponential's.
    #[test]
    fn gaps_follow_the_rate() {
        let mut chance = Scripted::new().with("rate", Script::Middle);
        let stream = chance.stream(format_args!("rate"));
        assert_eq!(gap(1_000.0, &mut chance, stream).nanos(), 693_147);
        assert_eq!(gap(0.0, &mut chance, stream), Span::FOREVER);
    }
}
