//! Losses that are invariant to a shift of all outputs of an example depend only on the contrasts `z_c = f_c - f_k` to
//! the last output: with `V = (I, -1)ᵀ`, `k × (k - 1)`, `z = Vᵀ f`, their gradient is `V ĝ` and their curvature `V Ĥ
//! Vᵀ`, where `ĝ` is the gradient without its last entry and `Ĥ` the curvature without its last row and column.

use burn::tensor::{DType, Device, Tensor};

use super::CurvatureFactor;

impl CurvatureFactor {
    /// `V` for `m` examples of `k` outputs.
    pub(crate) fn contrasts([m, k]: [usize; 2], device: &Device, dtype: DType) -> Self {
        let identity = Tensor::<2>::eye(k - 1, device).cast(dtype);
        let last = Tensor::full([1, k - 1], -1.0, (device, dtype));
        Self::Dense(Tensor::cat(vec![identity, last], 0).unsqueeze::<3>().expand([m, k, k - 1]))
    }

    /// A factor of `Ĥ`; `None` for structures that have none that is cheap to compute, or that no such loss has.
    pub(crate) fn without_last(&self) -> Option<Self> {
        Some(match self {
            // (diag(√q̂) - a q̂ √q̂ᵀ)(..)ᵀ = diag(q̂) - (2a - a²Σq̂) q̂ q̂ᵀ, and with 1 - Σq̂ = q_k the bracket is one
            // for this a.
            Self::Softmax { root, probabilities } => {
                let [_, k] = root.dims();
                let scale = (root.clone().narrow(1, k - 1, 1) + 1.0).recip();
                let probabilities = probabilities.clone().narrow(1, 0, k - 1) * scale;
                Self::Softmax { root: root.clone().narrow(1, 0, k - 1), probabilities }
            }
            Self::Dense(factor) => {
                let [_, k, _] = factor.dims();
                Self::Dense(factor.clone().narrow(1, 0, k - 1))
            }
            Self::Rows { count: 1, root, factor } => {
                Self::Rows { count: 1, root: root.clone(), factor: Box::new(factor.without_last()?) }
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `V L̂ L̂ᵀ Vᵀ = L Lᵀ`, also where probabilities are zero or one.
    #[test]
    fn the_map_and_the_factor_make_the_curvature() {
        let device = Device::flex();
        let rows = [[0.2, 0.3, 0.5], [0.0, 0.4, 0.6], [0.4, 0.6, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
        let probabilities = Tensor::<2>::from_data(rows, (&device, DType::F64));
        let softmax = CurvatureFactor::Softmax { root: probabilities.clone().sqrt(), probabilities };
        let [m, k] = [rows.len(), 3];
        let units = Tensor::<2>::eye(k, &device).cast(DType::F64).unsqueeze_dim::<3>(1).expand([k, m, k]);
        let dense = CurvatureFactor::Dense(softmax.apply(units.clone()).permute([1, 2, 0]));
        let root = Tensor::<2>::full([m, 1], 0.7, (&device, DType::F64));
        let scaled = CurvatureFactor::Rows { count: 1, root, factor: Box::new(softmax.clone()) };
        let map = CurvatureFactor::contrasts([m, k], &device, DType::F64);
        for factor in [softmax, dense, scaled] {
            let reduced = factor.without_last().unwrap();
            let values = |tensor: Tensor<3>| tensor.into_data().try_to_vec::<f64>().unwrap();
            let wanted = values(factor.apply(factor.apply_transpose(units.clone())));
            let inner = reduced.apply_transpose(map.apply_transpose(units.clone()));
            let found = values(map.apply(reduced.apply(inner)));
            assert!(found.iter().zip(&wanted).all(|(a, b)| (a - b).abs() < 1e-15), "{found:?} {wanted:?}");
        }
        assert!(CurvatureFactor::Identity.without_last().is_none());
    }
}
