//! The conjugate-gradient method of Hestenes and Stiefel, from zero.
//!
//! It differs from the textbook in two points. In addition to the solution it accumulates, with the same coefficients,
//! a second vector that the operator returns: the direction needs `K L β` for its slope, and this way no further
//! product is needed. And each residual is orthogonalised against all earlier ones, which changes nothing in exact
//! arithmetic. A product with the operator is a pass through the network, compared with which a few inner products cost
//! nothing; without them rounding delays convergence on ill-conditioned systems, in f32 after a handful of iterations
//! (decision 5).

use burn::tensor::{Tensor, s};

use crate::error::{DeviceError, Error};
use crate::kernels::product;
use crate::tensor::Array;

/// The progress of an iterate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reached {
    /// `‖b - A x‖²`.
    pub residual: f64,
    /// The decrease of `½ xᵀ A x - bᵀ x` from its value at zero.
    pub decrease: f64,
}

/// The result of conjugate gradient.
#[derive(Debug)]
pub(crate) struct Progress {
    /// The iterate `x`.
    pub solution: Tensor<2>,
    /// The sum of the second results of the operator; `None` before the first product.
    pub companion: Option<Tensor<2>>,
    /// Number of products.
    pub iterations: usize,
    /// Whether the iteration stopped because the iterate was good enough.
    pub is_enough: bool,
}

/// Reduces `‖b - A x‖` for a symmetric positive definite `A`, starting from `x = 0`, until the iterate is `enough` or
/// `most` products have been computed.
///
/// `apply(p)` returns `A p` and, if wanted, another linear function of `p`. Each iterate minimises `½ xᵀ A x - bᵀ x`
/// over a Krylov space, so stopping early is always sound. The iteration also stops when rounding has made the
/// curvature `pᵀ A p` useless.
pub(crate) fn conjugate_gradient(
    mut apply: impl FnMut(Tensor<2>) -> Result<(Tensor<2>, Option<Tensor<2>>), Error>,
    rhs: Tensor<2>,
    most: usize,
    enough: impl Fn(Reached) -> bool,
) -> Result<Progress, Error> {
    let rhs_size = rhs.dims().iter().product();
    let mut solution = rhs.zeros_like();
    let mut companion: Option<Tensor<2>> = None;
    let mut residual = rhs.clone();
    let mut search = rhs;
    let mut basis = Basis::default();
    let mut square = dot(&residual, &residual)?;
    let mut decrease = 0.0;
    let mut iterations = 0;
    // After as many iterations as unknowns the solution is exact; what follows would be rounding noise.
    let most = most.min(rhs_size);
    let is_enough = |residual, decrease| residual == 0.0 || enough(Reached { residual, decrease });
    while iterations < most && !is_enough(square, decrease) {
        let (product, second) = apply(search.clone())?;
        let curvature = dot(&search, &product)?;
        if !(curvature.is_finite() && curvature > 0.0) {
            break;
        }
        let step = square / curvature;
        solution = solution + search.clone() * step;
        basis.push(residual.clone(), square);
        residual = basis.remove_from(residual - product * step);
        companion = match (companion, second) {
            (Some(sum), Some(second)) => Some(sum + second * step),
            (sum, second) => sum.or(second.map(|second| second * step)),
        };
        iterations += 1;
        decrease += 0.5 * step * square;
        let next = dot(&residual, &residual)?;
        search = residual.clone() + search * (next / square);
        square = next;
    }
    Ok(Progress { solution, companion, iterations, is_enough: is_enough(square, decrease) || iterations == rhs_size })
}

/// The earlier residuals, normalised: the first rows of one buffer, `[capacity, n]`, which is written in place.
#[derive(Default)]
struct Basis {
    buffer: Option<Tensor<2>>,
    rows: usize,
}

impl Basis {
    fn push(&mut self, residual: Tensor<2>, square: f64) {
        let [m, r] = residual.dims();
        let row = (residual / square.sqrt()).reshape([1, m * r]);
        let (end, capacity) = (self.rows + 1, 2 * (self.rows + 1));
        let room = || Tensor::empty([capacity, m * r], (&row.device(), row.dtype()));
        let buffer = match self.buffer.take() {
            Some(buffer) if buffer.dims()[0] >= end => buffer,
            Some(full) => room().slice_assign(s![..end - 1], full),
            None => room(),
        };
        self.buffer = Some(buffer.slice_assign(s![self.rows..end], row));
        self.rows = end;
    }

    /// `v - Qᵀ Q v`, with `Q` the rows.
    fn remove_from(&self, vector: Tensor<2>) -> Tensor<2> {
        let Some(buffer) = self.buffer.clone() else { return vector };
        let [m, r] = vector.dims();
        let rows = Array::from_tensor(buffer.slice(s![..self.rows]));
        let along = product(Array::from_tensor(vector.clone().reshape([1, m * r])), rows.clone().transpose());
        vector - product(along, rows).reshape(&[m, r]).into_tensor::<2>()
    }
}

/// The inner product of two vectors, read back from the device.
fn dot(a: &Tensor<2>, b: &Tensor<2>) -> Result<f64, DeviceError> {
    let data = (a.clone() * b.clone()).sum().try_into_data()?;
    Ok(data.iter::<f64>().next().unwrap_or(f64::NAN))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn matrix(values: &[f64], shape: [usize; 2]) -> Tensor<2> {
        Tensor::from_data(TensorData::new(values.to_vec(), shape), (&Device::default(), burn::tensor::DType::F64))
    }

    #[test]
    fn solves_a_diagonal_system_in_as_many_steps_as_it_has_eigenvalues() {
        let diagonal = matrix(&[1.0, 2.0, 2.0, 5.0, 5.0, 5.0], [6, 1]);
        let chosen = matrix(&[1.0, -2.0, 3.0, 0.5, 4.0, -1.0], [6, 1]);
        let rhs = diagonal.clone() * chosen.clone();
        let apply = |x: Tensor<2>| Ok((diagonal.clone() * x.clone(), Some(x)));
        let objective = |x: &Tensor<2>| 0.5 * dot(x, &(diagonal.clone() * x.clone())).unwrap() - dot(&rhs, x).unwrap();
        let reached = std::cell::Cell::new(0.0);
        let enough = |now: Reached| {
            reached.set(now.decrease);
            now.residual < 1e-24
        };
        let progress = conjugate_gradient(apply, rhs.clone(), 10, enough).unwrap();
        assert_eq!((progress.iterations, progress.is_enough), (3, true));
        let wanted = -objective(&progress.solution);
        assert!((reached.get() - wanted).abs() < 1e-13 * wanted, "{} and {wanted}", reached.get());
        let error: f64 =
            dot(&(progress.solution.clone() - chosen.clone()), &(progress.solution - chosen.clone())).unwrap();
        assert!(error.sqrt() < 1e-12);
        // The companion of the identity is the solution itself.
        let error = progress.companion.unwrap() - chosen;
        assert!(dot(&error, &error).unwrap().sqrt() < 1e-12);
    }

    #[test]
    fn a_zero_right_hand_side_takes_no_step() {
        let apply = |x: Tensor<2>| Ok((x.clone(), None));
        let progress = conjugate_gradient(apply, matrix(&[0.0; 4], [2, 2]), 5, |_| false).unwrap();
        assert_eq!(progress.iterations, 0);
    }
}
