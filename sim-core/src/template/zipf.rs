//! Zipf's distribution: rank k of n has a weight of 1 / k^s, so a few keys get most of the records.
//!
//! Sampled exactly and without a table by rejection-inversion (Hoermann and Derflinger, "Rejection-inversion to generate
//! variates from monotone discrete distributions", 1996): the density x^-s, continued to real numbers, is inverted, the
//! result rounded to a rank, and rejected with the probability that corrects the rounding. At least half of the draws are
//! accepted, whatever n and s are.

use crate::chance::{Chance, Stream};

/// The distribution of one `{zipf n s}`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Zipf {
    ranks: f64,
    exponent: f64,
    /// The integral of the density up to where rank 1 begins, shifted so that rank 1 has exactly its weight.
    lowest: f64,
    /// The integral up to where the last rank ends.
    highest: f64,
    /// So far above the inverted number a rank is accepted without looking.
    squeeze: f64,
}

impl Zipf {
    /// `ranks` is at least 1, `exponent` at least 0.
    pub(super) fn new(ranks: u32, exponent: f64) -> Zipf {
        let ranks = f64::from(ranks);
        let mut zipf = Zipf { ranks, exponent, lowest: 0.0, highest: 0.0, squeeze: 0.0 };
        zipf.lowest = zipf.integral(1.5) - 1.0;
        zipf.highest = zipf.integral(ranks + 0.5);
        zipf.squeeze = 2.0 - zipf.inverse(zipf.integral(2.5) - zipf.density(2.0));
        zipf
    }

    /// A rank from 0, the most frequent one.
    pub(super) fn draw(&self, chance: &mut dyn Chance, stream: Stream) -> u32 {
        loop {
            let area = self.highest + chance.fraction(stream) * (self.lowest - self.highest);
            let x = self.inverse(area);
            let rank = libm::floor(x + 0.5).clamp(1.0, self.ranks);
            if rank - x <= self.squeeze || area >= self.integral(rank + 0.5) - self.density(rank) {
                return rank as u32 - 1;
            }
        }
    }

    /// x^-s.
    fn density(&self, x: f64) -> f64 {
        libm::exp(-self.exponent * libm::log(x))
    }

    /// The integral of the density from 1 to x: (x^(1-s) - 1) / (1-s), and ln x where s is 1.
    fn integral(&self, x: f64) -> f64 {
        let log = libm::log(x);
        log * expm1_over(log * (1.0 - self.exponent))
    }

    /// The x whose integral is this.
    fn inverse(&self, integral: f64) -> f64 {
        // Rounding may take the argument of the logarithm below 0.
        let t = (integral * (1.0 - self.exponent)).max(-1.0);
        libm::exp(integral * log1p_over(t))
    }
}

/// Nearer to 0 than this a quotient is its limit, to the last bit or two.
const NEAR_ZERO: f64 = 1e-8;

/// (e^x - 1) / x.
fn expm1_over(x: f64) -> f64 {
    if x > -NEAR_ZERO && x < NEAR_ZERO { 1.0 + x / 2.0 } else { libm::expm1(x) / x }
}

/// ln(1 + x) / x.
fn log1p_over(x: f64) -> f64 {
    if x > -NEAR_ZERO && x < NEAR_ZERO { 1.0 - x / 2.0 } else { libm::log1p(x) / x }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Seeded;

    const DRAWS: u32 = 100_000;

    /// Draws of every rank.
    fn counts(ranks: u32, exponent: f64) -> Vec<u32> {
        let zipf = Zipf::new(ranks, exponent);
        let mut chance = Seeded::new(11);
        let stream = chance.stream(format_args!("shop/0/zipf"));
        let mut counts = vec![0; ranks as usize];
        for _ in 0..DRAWS {
            counts[zipf.draw(&mut chance, stream) as usize] += 1;
        }
        counts
    }

    /// Every rank's share is 1 / k^s over the sum of all, within five standard deviations of a binomial count.
    #[test]
    fn ranks_have_their_weights() {
        for (ranks, exponent) in [(1, 1.1), (2, 0.5), (10, 0.0), (20, 1.0), (50, 1.1), (100, 2.5)] {
            let weights: Vec<f64> = (1..=ranks).map(|rank| libm::pow(f64::from(rank), -exponent)).collect();
            let sum: f64 = weights.iter().sum();
            for (rank, (&count, weight)) in counts(ranks, exponent).iter().zip(&weights).enumerate() {
                let share = weight / sum;
                let expected = share * f64::from(DRAWS);
                let tolerance = 5.0 * libm::sqrt(expected * (1.0 - share)) + 1.0;
                let off = (f64::from(count) - expected).abs();
                assert!(off <= tolerance, "rank {rank} of {ranks}, s = {exponent}: {count}, not {expected}");
            }
        }
    }

    #[test]
    fn the_largest_range_and_the_steepest_slope_stay_in_range() {
        let mut chance = Seeded::new(3);
        let stream = chance.stream(format_args!("shop/0/zipf"));
        let wide = Zipf::new(u32::MAX, 0.0);
        assert!((0..1_000).map(|_| wide.draw(&mut chance, stream)).any(|rank| rank > 1 << 31));
        let steep = Zipf::new(1_000, 100.0);
        assert!((0..1_000).all(|_| steep.draw(&mut chance, stream) == 0));
    }
}
