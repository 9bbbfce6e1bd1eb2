//! [`Margin`]: a loss as a function of fewer numbers per example.

use burn::tensor::Tensor;

use super::CurvatureFactor;

/// A loss of `k` outputs, written as a loss of `r < k` numbers `z_i` that are smooth functions of the outputs of an
/// example. Fast Gauss-Newton linearises them together with the network and has `m r` unknowns instead of `m k`.
#[derive(Clone, Debug)]
pub struct Margin {
    /// The transposed derivative of `z` with respect to the outputs, `V_i = (∂z_i/∂f_i)ᵀ`, `k × r`, as a linear map.
    pub map: CurvatureFactor,
    /// The gradient with respect to `z`, `[m, r]`; `V` times it is the gradient with respect to the outputs.
    pub gradient: Tensor<2>,
    /// A factor of the curvature with respect to `z`, `r × r` per example.
    pub curvature: CurvatureFactor,
}
