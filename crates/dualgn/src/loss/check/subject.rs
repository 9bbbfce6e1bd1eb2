//! The loss under test, as functions of numbers on the host.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::error::{DeviceError, Error};
use crate::loss::{ConvexLoss, CurvatureFactor};

/// Repeatable numbers in `[-1, 1]`, from the multiplicative generator of Park and Miller.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new() -> Self {
        Self(12345)
    }

    pub(super) fn draw(&mut self) -> f64 {
        self.0 = self.0 * 48271 % 2_147_483_647;
        self.0 as f64 / 1_073_741_823.5 - 1.0
    }

    /// A point with every number moved by up to `scale`.
    pub(super) fn around(&mut self, point: &[f64], scale: f64) -> Vec<f64> {
        point.iter().map(|value| value + scale * self.draw()).collect()
    }
}

/// A loss with its targets. Every example of a batch can be at a point of its own, `[m, k]` row-major.
pub(super) struct Subject<'a, L: ConvexLoss> {
    pub loss: &'a L,
    pub targets: &'a L::Target,
    pub examples: usize,
    pub outputs: usize,
    device: Device,
}

/// Outputs of all examples, with the values and gradients of the loss.
pub(super) struct Point {
    pub at: Vec<f64>,
    pub value: Vec<f64>,
    pub gradient: Vec<f64>,
}

impl<'a, L: ConvexLoss> Subject<'a, L> {
    pub(super) fn new(loss: &'a L, targets: &'a L::Target, [examples, outputs]: [usize; 2]) -> Self {
        Self { loss, targets, examples, outputs, device: Device::flex() }
    }

    pub(super) fn tensor(&self, values: &[f64]) -> Tensor<2> {
        let data = TensorData::new(values.to_vec(), [self.examples, self.outputs]);
        Tensor::from_data(data, (&self.device, DType::F64))
    }

    pub(super) fn value(&self, at: &[f64]) -> Result<Vec<f64>, Error> {
        host(self.loss.value(self.tensor(at), self.targets))
    }

    pub(super) fn gradient(&self, at: &[f64]) -> Result<Vec<f64>, Error> {
        host(self.loss.gradient(self.tensor(at), self.targets))
    }

    pub(super) fn conjugate(&self, dual: &[f64]) -> Result<Vec<f64>, Error> {
        host(self.loss.conjugate(self.tensor(dual), self.targets))
    }

    pub(super) fn violation(&self, dual: &[f64]) -> Result<Vec<f64>, Error> {
        host(self.loss.domain_violation(self.tensor(dual), self.targets))
    }

    pub(super) fn point(&self, at: Vec<f64>) -> Result<Point, Error> {
        Ok(Point { value: self.value(&at)?, gradient: self.gradient(&at)?, at })
    }

    /// `L Lᵀ` of each example, `[m, k, k]`; zeros for a loss without curvature.
    pub(super) fn curvature(&self, at: &[f64]) -> Result<Vec<f64>, Error> {
        match self.loss.curvature(self.tensor(at), self.targets) {
            Some(factor) => self.matrices(|units| factor.apply(factor.apply_transpose(units))),
            None => Ok(vec![0.0; self.examples * self.outputs * self.outputs]),
        }
    }

    /// The symmetric matrix per example, `[m, k, k]`, of a linear map of `[c, m, k]`.
    pub(super) fn matrices(&self, map: impl FnOnce(Tensor<3>) -> Tensor<3>) -> Result<Vec<f64>, Error> {
        let (m, k) = (self.examples, self.outputs);
        let units = (0..k * m * k).map(|index| f64::from(index % k == index / (m * k))).collect::<Vec<f64>>();
        let units = Tensor::from_data(TensorData::new(units, [k, m, k]), (&self.device, DType::F64));
        host(map(units).swap_dims(0, 1))
    }

    /// Other points for each example: the outputs of other examples, and its own with noise.
    pub(super) fn probes(&self, outputs: &[f64], random: &mut Random) -> Vec<Vec<f64>> {
        let rotated = |by: usize| {
            let mut values = outputs.to_vec();
            values.rotate_left(by * self.outputs);
            values
        };
        let mut probes: Vec<_> = (1..self.examples.min(9)).map(rotated).collect();
        probes.extend([0.1, 1.0, 3.0].map(|scale| random.around(outputs, scale)));
        probes
    }

    /// The numbers of one example.
    pub(super) fn row<'b>(&self, values: &'b [f64], example: usize) -> &'b [f64] {
        &values[example * self.outputs..(example + 1) * self.outputs]
    }

    /// Inner products, one per example.
    pub(super) fn products(&self, a: &[f64], b: &[f64]) -> Vec<f64> {
        (0..self.examples).map(|example| dot(self.row(a, example), self.row(b, example))).collect()
    }
}

/// Whether a factor has the shape for `[m, k]`.
pub(super) fn fits(factor: &CurvatureFactor, [m, k]: [usize; 2]) -> bool {
    match factor {
        CurvatureFactor::Identity => true,
        CurvatureFactor::Diagonal(diagonal) => diagonal.dims() == [m, k],
        CurvatureFactor::Softmax { root, probabilities } => root.dims() == [m, k] && probabilities.dims() == [m, k],
        CurvatureFactor::Dense(factor) => factor.dims()[..2] == [m, k],
        CurvatureFactor::Rows { count, root, factor } => {
            let rows = m * count;
            *count > 0 && k.is_multiple_of(*count) && root.dims() == [rows, 1] && fits(factor, [rows, k / count])
        }
        CurvatureFactor::Heads { outputs, first, second } => {
            *outputs <= k && fits(first, [m, *outputs]) && fits(second, [m, k - outputs])
        }
    }
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `a + s b`.
pub(super) fn plus(a: &[f64], scale: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + scale * b).collect()
}

/// The largest absolute value, or NaN if there is one.
pub(super) fn size(values: &[f64]) -> f64 {
    values.iter().fold(
        0.0,
        |largest: f64, value| {
            if largest.is_nan() || value.abs() <= largest { largest } else { value.abs() }
        },
    )
}

pub(super) fn host<const D: usize>(tensor: Tensor<D>) -> Result<Vec<f64>, Error> {
    Ok(tensor.try_into_data().map_err(DeviceError::from)?.iter::<f64>().collect())
}
