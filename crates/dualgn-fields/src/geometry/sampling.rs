//! [`Sampling`]: points in the unit cube.

use rand::rngs::ChaCha8Rng;
use rand::seq::{SliceRandom, index};
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::StandardNormal;
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

/// How points are spread.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "snake_case")]
pub enum Sampling {
    /// Independent points with a uniform distribution
    Uniform,
    /// Latin hypercube: along each axis, one point in each slice
    Latin,
    /// Scrambled Sobol sequence
    #[default]
    Sobol,
}

/// Points of Sobol's sequence before it is begun anew with another scrambling.
const SOBOL: usize = 1 << 16;

/// Random numbers of a seed and a stream: the same on every machine.
pub struct Generator(ChaCha8Rng);

impl Generator {
    /// Of a seed; streams of it are independent.
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(stream);
        Self(random)
    }

    /// Uniform in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        self.0.random()
    }

    /// Standard normal.
    pub fn normal(&mut self) -> f64 {
        self.0.sample(StandardNormal)
    }

    /// Draws so many different numbers below a bound, or all of them, in random order.
    pub(crate) fn choice(&mut self, bound: usize, count: usize) -> Vec<usize> {
        index::sample(&mut self.0, bound, count.min(bound)).into_vec()
    }
}

impl Sampling {
    /// `[count, dims]` numbers in `[0, 1)`, one point after the other.
    pub fn unit(self, count: usize, dims: usize, random: &mut Generator) -> Vec<f64> {
        match self {
            Self::Uniform => (0..count * dims).map(|_| random.uniform()).collect(),
            Self::Latin => {
                let mut points = vec![0.0; count * dims];
                for axis in 0..dims {
                    let mut slices: Vec<usize> = (0..count).collect();
                    slices.shuffle(&mut random.0);
                    for (point, slice) in slices.into_iter().enumerate() {
                        points[point * dims + axis] = (slice as f64 + random.uniform()) / count as f64;
                    }
                }
                points
            }
            Self::Sobol => {
                let seeds: Vec<u32> = (0..count.div_ceil(SOBOL)).map(|_| random.0.next_u32()).collect();
                let coordinate = |point: usize, axis: usize| {
                    f64::from(sobol_burley::sample((point % SOBOL) as u32, axis as u32, seeds[point / SOBOL]))
                };
                (0..count * dims).map(|index| coordinate(index / dims, index % dims)).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The mean of a smooth function over the square: the error of spread points is far below that of random ones, `1/√n`.
    #[test]
    fn spread_points_integrate_better() {
        let error = |sampling: Sampling| {
            let total: f64 = (0..20)
                .map(|seed| {
                    let points = sampling.unit(256, 2, &mut Generator::new(seed, 0));
                    assert!(points.iter().all(|x| (0.0..1.0).contains(x)));
                    let mean = points.chunks(2).map(|x| x[0] * x[1] + x[0].powi(2)).sum::<f64>() / 256.0;
                    (mean - 0.25 - 1.0 / 3.0).powi(2)
                })
                .sum();
            (total / 20.0).sqrt()
        };
        let [uniform, latin, sobol] = [Sampling::Uniform, Sampling::Latin, Sampling::Sobol].map(error);
        assert!(uniform > 0.005 && latin < uniform / 3.0 && sobol < uniform / 8.0, "{uniform} {latin} {sobol}");
    }

    #[test]
    fn a_latin_hypercube_has_one_point_a_slice() {
        let points = Sampling::Latin.unit(50, 3, &mut Generator::new(1, 2));
        for axis in 0..3 {
            let mut slices: Vec<usize> = points.chunks(3).map(|x| (x[axis] * 50.0) as usize).collect();
            slices.sort_unstable();
            assert_eq!(slices, (0..50).collect::<Vec<_>>());
        }
    }

    #[test]
    fn seeds_and_streams_fix_the_points() {
        for sampling in [Sampling::Uniform, Sampling::Latin, Sampling::Sobol] {
            let draw = |seed, stream| sampling.unit(10, 2, &mut Generator::new(seed, stream));
            assert_eq!(draw(1, 0), draw(1, 0));
            assert_ne!(draw(1, 0), draw(2, 0));
            assert_ne!(draw(1, 0), draw(1, 1));
        }
        assert_eq!(Sampling::Sobol.unit(SOBOL + 3, 1, &mut Generator::new(0, 0)).len(), SOBOL + 3);
    }

    #[test]
    fn normal_numbers_have_mean_zero_and_variance_one() {
        let mut random = Generator::new(3, 0);
        let numbers: Vec<f64> = (0..20_000).map(|_| random.normal()).collect();
        let mean = numbers.iter().sum::<f64>() / 2e4;
        let variance = numbers.iter().map(|x| x * x).sum::<f64>() / 2e4;
        // Five standard deviations: 1/√n and √(2/n).
        assert!(mean.abs() < 0.036 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
