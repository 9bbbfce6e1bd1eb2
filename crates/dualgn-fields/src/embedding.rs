//! [`Embedding`]: what the first layer sees of a point: coordinates in units of a box, waves of a period, random waves.

use std::f64::consts::TAU;

use burn::tensor::{Tensor, TensorData};
use dualgn_io::number::significant;

use crate::geometry::Generator;

/// How the coordinates of a point become the inputs of the first layer; by default they are the inputs.
///
/// Each coordinate is replaced by waves if it has a period, which the network then has too, whatever its weights are; other
/// coordinates may be scaled. Of all that, random waves may be made, by which a network learns high frequencies as well as low ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Embedding {
    /// The least and the greatest coordinates of the box that becomes `[-1, 1]` along every axis without a period; `None` leaves
    /// coordinates as they are.
    pub bounds: Option<[Vec<f64>; 2]>,
    /// Coordinates with a period, each once.
    pub periodic: Vec<Periodic>,
    /// Random waves.
    pub fourier: Option<FourierFeatures>,
}

/// A coordinate `x` with a period `P`, which becomes `cos(2πjx/P)` and `sin(2πjx/P)` (Dong and Ni, Journal of Computational Physics,
/// 2021).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Periodic {
    /// Which coordinate.
    pub axis: usize,
    /// `P`, positive.
    pub period: f64,
    /// The greatest `j`, at least 1.
    pub modes: usize,
}

/// `cos(2πbᵀx)` and `sin(2πbᵀx)` in place of `x`, for fixed vectors `b` of independent normal numbers (Tancik et al., NeurIPS 2020).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FourierFeatures {
    /// How many vectors, at least 1.
    pub count: usize,
    /// The standard deviation of their numbers: about how many waves there are in a unit of `x`.
    pub scale: f64,
    /// The seed of their numbers.
    pub seed: u64,
}

/// The stream of random numbers that nothing else of the same seed uses.
const STREAM: u64 = u64::MAX;

impl Embedding {
    /// Returns how many inputs of the first layer so many coordinates become.
    pub fn inputs(&self, dims: usize) -> usize {
        let coordinates: usize = (0..dims).map(|axis| self.period(axis).map_or(1, |periodic| 2 * periodic.modes)).sum();
        self.fourier.map_or(coordinates, |fourier| 2 * fourier.count)
    }

    /// Makes inputs `[m, inputs]` of points `[m, dims]`, by operations that have derivatives by the points.
    pub(crate) fn apply(&self, x: Tensor<2>) -> Tensor<2> {
        let x = self.coordinates(x);
        let Some(fourier) = self.fourier else { return x };
        let [_, inputs] = x.dims();
        waves(x, fourier.frequencies(inputs), fourier.count)
    }

    /// Says what is made of the coordinates with these names; `None` if they are left as they are.
    pub(crate) fn words(&self, axes: &[String]) -> Option<String> {
        let scaled = self.bounds.is_some().then(|| "coordinates scaled to [-1, 1]".to_owned());
        let periodic = self.periodic.iter().map(|&Periodic { axis, period, modes }| {
            let name = axes.get(axis).map_or("a coordinate", String::as_str);
            format!("{modes} modes of {name} with the period {}", significant(period))
        });
        let fourier =
            self.fourier.map(|FourierFeatures { count, scale, .. }| format!("{count} random waves of scale {scale}"));
        let parts: Vec<String> = scaled.into_iter().chain(periodic).chain(fourier).collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    }

    fn period(&self, axis: usize) -> Option<&Periodic> {
        self.periodic.iter().find(|periodic| periodic.axis == axis)
    }

    /// Coordinates by their periods and in units of the box.
    fn coordinates(&self, x: Tensor<2>) -> Tensor<2> {
        if self.bounds.is_none() && self.periodic.is_empty() {
            return x;
        }
        let part = |axis: usize| {
            let column = x.clone().narrow(1, axis, 1);
            match (self.period(axis), &self.bounds) {
                (Some(periodic), _) => waves(column, periodic.frequencies(), periodic.modes),
                (None, Some([low, high])) => {
                    let (middle, half) = (0.5 * (low[axis] + high[axis]), 0.5 * (high[axis] - low[axis]));
                    (column - middle) / half
                }
                (None, None) => column,
            }
        };
        let [_, dims] = x.dims();
        Tensor::cat((0..dims).map(part).collect(), 1)
    }
}

impl Periodic {
    /// `[1, modes]`.
    fn frequencies(&self) -> Vec<f64> {
        (1..=self.modes).map(|mode| TAU * mode as f64 / self.period).collect()
    }
}

impl FourierFeatures {
    /// `[inputs, count]`.
    fn frequencies(&self, inputs: usize) -> Vec<f64> {
        let mut random = Generator::new(self.seed, STREAM);
        (0..inputs * self.count).map(|_| TAU * self.scale * random.normal()).collect()
    }
}

/// Cosines, then sines of a product with a matrix that has so many columns.
fn waves(x: Tensor<2>, frequencies: Vec<f64>, columns: usize) -> Tensor<2> {
    let [_, rows] = x.dims();
    let frequencies = TensorData::new(frequencies, [rows, columns]);
    let frequencies = Tensor::from_data(frequencies, (&x.device(), x.dtype()));
    let angles = x.matmul(frequencies);
    Tensor::cat(vec![angles.clone().cos(), angles.sin()], 1)
}

#[cfg(test)]
#[path = "embedding_tests.rs"]
mod tests;
