//! [`check_loss`]: numerical tests of the consistency of a loss.

mod derivatives;
mod duality;
mod findings;
mod subject;

use burn::tensor::Tensor;

use super::{ConvexLoss, read};
use crate::error::Error;
use findings::Findings;
pub use findings::{Inconsistency, LossCheck};
use subject::{Random, Subject};

/// The relative accuracy required of identities in double precision; targets in f32 lose more than rounding does.
const TOLERANCE: f64 = 1e-6;

/// Tests an implementation of [`ConvexLoss`] numerically, at given outputs `[m, k]` and targets.
///
/// It tests, in double precision on the host:
///
/// * the shapes, and that everything is finite;
/// * convexity, and the gradient by differences of the value; at kinks its tangents must be below the value;
/// * `L Lᵀ` by differences of the gradient, where the gradient has no kink;
/// * the conjugate: `ℓ(f) + ℓ*(α) = ⟨α, f⟩` where `α` is the gradient at `f`, and `≥` elsewhere;
/// * the domain: gradients are in it, `⟨α, f⟩ - ℓ(f)` stays below `ℓ*(α)` inside it and is unbounded outside;
/// * the invariance to shifts, the dual update and the margin, where the loss has them.
///
/// Use some dozens of rows that cover all branches of the loss, within the range where its values are meaningful.
/// Samples prove nothing, but errors in signs, factors and constants are unlikely to pass.
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use dualgn::loss::{Huber, check_loss};
///
/// let random = || Tensor::<2>::random([30, 2], Distribution::Normal(0.0, 2.0), &Device::default());
/// let check = check_loss(&Huber::default(), random(), &random())?;
/// assert!(check.is_consistent(), "{check}");
/// # Ok::<(), dualgn::Error>(())
/// ```
///
/// # Errors
/// Returns the errors of [`ConvexLoss::check_outputs`] and [`ConvexLoss::validate`] if the outputs or the targets do
/// not fit the loss, and `Error::Device` if the device fails.
pub fn check_loss<L: ConvexLoss>(loss: &L, outputs: Tensor<2>, targets: &L::Target) -> Result<LossCheck, Error> {
    let [m, k] = outputs.dims();
    loss.check_outputs(k)?;
    loss.validate([m, k], targets)?;
    let mut findings = Findings::default();
    let subject = Subject::new(loss, targets, [m, k]);
    let outputs = read(&outputs)?;
    if !derivatives::shapes(&subject, &outputs, &mut findings) {
        return Ok(findings.report());
    }
    let mut random = Random::new();
    let points = std::iter::once(outputs.clone()).chain(subject.probes(&outputs, &mut random));
    let points = points.map(|at| subject.point(at)).collect::<Result<Vec<_>, _>>()?;
    if !derivatives::finite(&subject, &points[0], &mut findings) {
        return Ok(findings.report());
    }
    derivatives::by_differences(&subject, &points[0], &mut findings)?;
    derivatives::convexity(&subject, &points, &mut findings)?;
    derivatives::shift(&subject, &points[0], &mut findings)?;
    derivatives::margin(&subject, &points[0], &mut random, &mut findings)?;
    duality::conjugate(&subject, &points, &mut random, &mut findings)?;
    duality::domain(&subject, &points, &mut random, &mut findings)?;
    duality::update(&subject, &points[0], &mut random, &mut findings)?;
    Ok(findings.report())
}
