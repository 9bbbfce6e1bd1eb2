//! [`Margin`]: a loss as a function of fewer numbers an example.

use burn::tensor::Tensor;

use super::CurvatureFactor;

/// A loss of `k` outputs written as a loss of `r < k` numbers `z_i`, smooth functions of an example's outputs: fast
/// Gauss-Newton linearises those along with the network, and has `m r` unknowns instead of `m k`.
#[derive(Clone, Debug)]
pub struct Margin {
    /// The derivative of the outputs' numbers, `V_i = (∂z_i/∂f_i)ᵀ`, `k × r`, as a linear map.
    pub map: CurvatureFactor,
    /// The gradient by `z`, `[m, r]`; `V` times it is the gradient by the outputs.
    pub gradient: Tensor<2>,
    /// A factor of the curvature by `z`, `r × r`.
    pub curvature: CurvatureFactor,
}
