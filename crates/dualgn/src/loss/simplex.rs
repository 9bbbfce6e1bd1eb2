//! Euclidean projection onto the probability simplex.

use burn::tensor::{Int, Tensor};

/// Replaces a point by the nearest point of `{x ≥ 0, Σ x = 1}`.
///
/// The result is `max(v - τ, 0)` with the `τ` that makes the sum one, found among the sorted entries (Held, Wolfe and
/// Crowder, "Validation of subgradient optimization", 1974).
pub(super) fn project(point: &mut [f64]) {
    // Shifting the largest entry to zero does not change the result and preserves the digits.
    let largest = point.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sorted: Vec<f64> = point.iter().map(|value| value - largest).collect();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut shift) = (0.0, 0.0);
    for (index, value) in sorted.iter().enumerate() {
        sum += value;
        let candidate = (sum - 1.0) / (index + 1) as f64;
        if *value <= candidate {
            break;
        }
        shift = candidate;
    }
    for value in point.iter_mut() {
        *value = (*value - largest - shift).max(0.0);
    }
}

/// Projects each row of `[m, k]`.
pub(super) fn project_rows(x: Tensor<2>) -> Tensor<2> {
    let [_, k] = x.dims();
    let x = x.clone() - x.max_dim(1);
    // τ is the largest of (Σ_{i≤j} x_i - 1) / j over the sorted entries: taking one more pays while it exceeds τ so
    // far.
    let counts = Tensor::<1, Int>::arange(1..k as i64 + 1, &x.device()).float().cast(x.dtype()).unsqueeze::<2>();
    let shift = ((x.clone().sort_descending(1).cumsum(1) - 1.0) / counts).max_dim(1);
    (x - shift).clamp_min(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn rows_are_projected_as_points_are(entries in prop::collection::vec(-3.0..3.0f64, 15), scale in 0.0..4.0f64) {
            let entries: Vec<f64> = entries.iter().map(|value| value * 10f64.powf(scale)).collect();
            let data = TensorData::new(entries.clone(), [3, 5]);
            let rows = project_rows(Tensor::from_data(data, (&Device::flex(), DType::F64)));
            let mut wanted = entries;
            wanted.chunks_exact_mut(5).for_each(project);
            for (found, wanted) in rows.into_data().iter::<f64>().zip(wanted) {
                // Both are accurate to the scale of the entries only.
                prop_assert!((found - wanted).abs() <= 1e-15 * 10f64.powf(scale) * 100.0);
            }
        }

        /// The projection is the point `x` of the simplex with `⟨v - x, z - x⟩ ≤ 0` for every vertex `z`.
        #[test]
        fn satisfies_the_variational_inequality(
            point in prop::collection::vec(-3.0..3.0f64, 1..9),
            scale in 0.0..4.0f64,
        ) {
            let point: Vec<f64> = point.iter().map(|value| value * 10f64.powf(scale)).collect();
            let mut x = point.clone();
            project(&mut x);
            prop_assert!(x.iter().all(|value| *value >= 0.0));
            prop_assert!((x.iter().sum::<f64>() - 1.0).abs() < 1e-11);
            let largest = point.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            // The inner product with x itself is the value all vertices are compared with.
            let residual: Vec<f64> = point.iter().zip(&x).map(|(v, x)| v - largest - x).collect();
            let own: f64 = residual.iter().zip(&x).map(|(r, x)| r * x).sum();
            for vertex in residual {
                prop_assert!(vertex - own <= 1e-11 * 10f64.powf(scale));
            }
        }
    }
}
