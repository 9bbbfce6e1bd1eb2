//! [`Measures`]: properties of the direction of a dual point, for any model.

use burn::tensor::{DType, Tensor, TensorData};

use crate::error::DeviceError;

/// Properties of a direction. Values of the model are means over the batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    /// `⟨∇L, d⟩`.
    pub slope: f64,
    /// A bound on the rounding error of `slope`.
    pub slope_rounding: f64,
    /// `‖d‖²`, from the dual.
    pub norm_squared: f64,
    /// The decrease of the model without the damping term.
    pub predicted_decrease: f64,
    /// `P(0)`.
    pub initial_value: f64,
    /// `P(d)`.
    pub primal_value: f64,
    /// The best dual value found.
    pub dual_value: f64,
    /// `P(d) - D`.
    pub gap: f64,
    /// The step along `d` that minimises the model.
    pub model_step: f64,
}

/// The numbers that the measures of a second-order model follow from.
pub(super) struct SecondOrder {
    pub slope: f64,
    /// `½ uᵀHu/m`.
    pub curvature: f64,
    pub norm_squared: f64,
    /// `‖d - c‖²` and `⟨c, d⟩`: without a centre, `‖d‖²` and zero.
    pub distance_squared: f64,
    pub along_centre: f64,
    /// `‖c‖²`.
    pub centre_squared: f64,
    pub damping: f64,
    pub dual_value: f64,
    pub gap: f64,
    /// The product of the norms of the two factors of the slope, to which its rounding error is proportional.
    pub rounding: f64,
    pub dtype: DType,
}

impl Measures {
    /// The measures of a second-order model, which omits the value of the loss itself: `P(0)` is that of the proximity
    /// term alone.
    pub(super) fn second_order(of: SecondOrder) -> Self {
        let SecondOrder { slope, curvature, norm_squared, damping, dual_value, gap, rounding, dtype, .. } = of;
        let SecondOrder { distance_squared, along_centre, centre_squared, .. } = of;
        let second_order = 2.0 * curvature + damping * norm_squared;
        let epsilon = if dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) };
        Self {
            slope,
            // A centre may ascend.
            slope_rounding: if centre_squared > 0.0 { f64::INFINITY } else { 16.0 * epsilon * rounding },
            norm_squared,
            predicted_decrease: -(slope + curvature),
            initial_value: 0.5 * damping * centre_squared,
            primal_value: slope + curvature + 0.5 * damping * distance_squared,
            dual_value,
            gap,
            model_step: if second_order > 0.0 { (damping * along_centre - slope) / second_order } else { 0.0 },
        }
    }
}

/// The inner product, left on the device.
pub(super) fn dot(a: &Tensor<2>, b: &Tensor<2>) -> Tensor<1> {
    (a.clone() * b.clone()).sum()
}

/// Reads several numbers from the device at once.
pub(super) fn read<const N: usize>(numbers: [Tensor<1>; N]) -> Result<[f64; N], DeviceError> {
    let data: TensorData = Tensor::cat(numbers.into(), 0).try_into_data()?;
    let mut values = data.iter::<f64>();
    Ok(std::array::from_fn(|_| values.next().unwrap_or(f64::NAN)))
}
