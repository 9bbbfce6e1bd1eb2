//! Every loss against differences, against the definition of the conjugate and against brute force.

mod check;
mod extreme;
mod properties;
mod targets;
mod updates;

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::loss::{BinaryTargets, ClassTargets, CurvatureFactor};

use crate::common::{from, host};

/// Examples, and outputs of each, unless a test says otherwise.
const M: usize = 3;
const K: usize = 4;

fn integers(values: &[i64]) -> Tensor<1, Int> {
    Tensor::from_data(TensorData::from(values), &Device::default())
}

fn classes(values: &[i64]) -> ClassTargets {
    integers(values).into()
}

fn answers(values: Vec<f64>, shape: [usize; 2]) -> BinaryTargets {
    from::<2>(values, shape, DType::F64).into()
}

fn real(values: &[f64]) -> Tensor<2> {
    from(values.to_vec(), [M, K], DType::F64)
}

/// The softmax of each row of `K`.
fn probabilities(values: &[f64]) -> Vec<f64> {
    let exp: Vec<f64> = values.iter().map(|value| value.exp()).collect();
    exp.chunks(K).flat_map(|row| row.iter().map(|x| x / row.iter().sum::<f64>()).collect::<Vec<_>>()).collect()
}

/// Points of the simplex less the unit vectors of the classes, row by row of `K`.
fn less_classes(mut points: Vec<f64>, labels: &[i64]) -> Vec<f64> {
    for (row, label) in points.chunks_mut(K).zip(labels) {
        row[*label as usize] -= 1.0;
    }
    points
}

/// `L Lᵀ x`; zeros for no curvature.
fn apply_curvature(factor: &Option<CurvatureFactor>, x: Tensor<2>) -> Vec<f64> {
    match factor {
        Some(factor) => host(factor.apply(factor.apply_transpose(x.unsqueeze()))),
        None => host(x.zeros_like()),
    }
}
