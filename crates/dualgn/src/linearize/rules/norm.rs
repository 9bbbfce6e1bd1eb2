//! Normalisation `y = γ x̂ + β` with `x̂ = (x - μ) s` and `s = 1 / √(v + ε)`.
//!
//! | operation | statistics | jvp of `x̂` | vjp `x̄` |
//! |---|---|---|---|
//! | layer norm | mean and biased variance of the last axis | `s (ẋ - mean ẋ - x̂ mean(x̂ ẋ))` | `s (t - mean t - x̂ mean(x̂ t))`, `t = γ ȳ` |
//! | batch norm by statistics of the batch | mean and biased variance of all axes but axis 1 | likewise | likewise |
//! | batch norm | given, for each entry of axis 1 | `s (ẋ - μ̇) - ½ x̂ s² v̇` | `s γ ȳ` |
//!
//! `γ̄ = Σ x̂ ȳ` and `β̄ = Σ ȳ` over all axes but the one they belong to. For a batch norm with statistics that depend
//! on parameters, `μ̄ = -Σ s γ ȳ` and `v̄ = -½ Σ s² x̂ γ ȳ`.

use super::{Kept, Rule, Saved, count, stacked, when};
use crate::tensor::Array;
use crate::trace::Norm;

impl Rule for Norm {
    fn value(&self, inputs: Vec<Array>) -> Array {
        self.evaluate(inputs, &[]).0
    }

    /// Keeps `x̂` (which a frozen norm by given statistics does not need), `s` and `γ`, shaped to broadcast with `x`,
    /// with the leading axis of stacked vectors.
    fn evaluate(&self, inputs: Vec<Array>, active: &[bool]) -> (Array, Saved) {
        let x = inputs[0].clone();
        let rank = x.shape().len();
        let side = |array: &Array| broadcastable(array.clone(), rank, self.axis(rank));
        let (mean, variance) = match self {
            Norm::Layer { .. } | Norm::BatchStatistics { .. } => {
                let axes = self.averaged(rank);
                let mean = x.clone().mean_axes(&axes);
                let centred = x.clone().sub(mean.clone());
                (mean, centred.clone().mul(centred).mean_axes(&axes))
            }
            Norm::Batch { .. } => (side(&inputs[3]), side(&inputs[4])),
        };
        let scale = variance.add_scalar(self.epsilon()).sqrt().recip();
        let normal = x.sub(mean).mul(scale.clone());
        let gamma = side(&inputs[1]);
        let scaled = normal.clone().mul(gamma.clone());
        let output = match inputs.get(2) {
            Some(beta) => scaled.add(side(beta)),
            None => scaled,
        };
        let frozen = matches!(self, Norm::Batch { .. }) && active.iter().skip(1).all(|active| !active);
        (output, vec![(!frozen).then(|| normal.lift()), Some(scale.lift()), Some(gamma.lift())])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        let [scale, gamma] = [1, 2].map(|index| kept.array(index).clone());
        let normal = || kept.array(0).clone();
        let rank = kept.output.len() + 1;
        let count = count(tangents);
        let tangent = |index: usize| tangents.get(index).cloned().flatten();
        let side = |index: usize| tangent(index).map(|array| stacked_side(array, rank, self.axis(rank - 1) + 1));

        // A zero of the full shape is needed only if no other term has that shape.
        let zeros = || Array::zeros(&stacked(count, &kept.output), gamma.dtype(), &gamma.device());
        let moved = tangent(0).map(|t| match self {
            Norm::Batch { .. } => t.mul(scale.clone()),
            _ => centre(t, &normal(), &self.averaged_stacked(rank)).mul(scale.clone()),
        });
        let mut moved = moved.unwrap_or_else(zeros);
        if let Some(mean) = side(3) {
            moved = moved.sub(mean.mul(scale.clone()));
        }
        if let Some(variance) = side(4) {
            let square = scale.clone().mul(scale).scale(0.5);
            moved = moved.sub(normal().mul(square).mul(variance));
        }
        let mut result = moved.mul(gamma.clone());
        if let Some(gamma) = side(1) {
            result = result.add(normal().mul(gamma));
        }
        match side(2) {
            Some(beta) => result.add(beta),
            None => result,
        }
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        let [scale, gamma] = [1, 2].map(|index| kept.array(index).clone());
        let normal = || kept.array(0).clone();
        let rank = kept.output.len() + 1;
        let axis = self.axis(rank - 1) + 1;
        let scaled = || cotangent.clone().mul(gamma.clone());
        let sum = |array: Array| sum_except(array, axis);
        let mut result = vec![
            when(wanted[0], || match self {
                Norm::Batch { .. } => scaled().mul(scale.clone()),
                _ => centre(scaled(), &normal(), &self.averaged_stacked(rank)).mul(scale.clone()),
            }),
            when(wanted[1], || sum(cotangent.clone().mul(normal()))),
        ];
        let rest: [&dyn Fn() -> Array; 3] =
            [&|| sum(cotangent.clone()), &|| sum(scaled().mul(scale.clone())).neg(), &|| {
                sum(scaled().mul(normal()).mul(scale.clone().mul(scale.clone()))).scale(-0.5)
            }];
        result.extend(wanted[2..].iter().zip(rest).map(|(&wanted, cotangent)| when(wanted, cotangent)));
        result
    }
}

impl Norm {
    fn epsilon(&self) -> f64 {
        match *self {
            Norm::Layer { epsilon } | Norm::Batch { epsilon } | Norm::BatchStatistics { epsilon } => epsilon,
        }
    }

    /// The axis that scale and shift belong to.
    fn axis(&self, rank: usize) -> usize {
        match self {
            Norm::Layer { .. } => rank - 1,
            Norm::Batch { .. } | Norm::BatchStatistics { .. } => 1,
        }
    }

    /// The axes over which mean and variance are taken.
    fn averaged(&self, rank: usize) -> Vec<usize> {
        match self {
            Norm::Layer { .. } => vec![rank - 1],
            _ => (0..rank).filter(|&axis| axis != 1).collect(),
        }
    }

    /// The same for stacked vectors, which have one axis more.
    fn averaged_stacked(&self, rank: usize) -> Vec<usize> {
        self.averaged(rank - 1).into_iter().map(|axis| axis + 1).collect()
    }
}

/// `t - mean t - x̂ mean(x̂ t)`: the derivative of a normalisation, which is its own transpose.
fn centre(t: Array, normal: &Array, axes: &[usize]) -> Array {
    let mean = t.clone().mean_axes(axes);
    let along = t.clone().mul(normal.clone()).mean_axes(axes);
    t.sub(mean).sub(normal.clone().mul(along))
}

/// `[n]` as `[1, .., n, .., 1]` with `n` at the axis.
fn broadcastable(array: Array, rank: usize, axis: usize) -> Array {
    let mut shape = vec![1; rank];
    shape[axis] = array.elements();
    array.reshape(&shape)
}

/// `[c, n]` as `[c, 1, .., n, .., 1]`.
fn stacked_side(array: Array, rank: usize, axis: usize) -> Array {
    let own = array.shape();
    let mut shape = vec![1; rank];
    (shape[0], shape[axis]) = (own[0], own[1]);
    array.reshape(&shape)
}

/// Sums `[c, ..]` over all axes but the first and the given one: `[c, n]`.
fn sum_except(array: Array, axis: usize) -> Array {
    let shape = array.shape();
    let before = shape[1..axis].iter().product();
    let after = shape[axis + 1..].iter().product();
    let sum = array.reshape(&[shape[0], before, shape[axis], after]).sum_axis(3).sum_axis(1);
    sum.reshape(&[shape[0], shape[axis]])
}
