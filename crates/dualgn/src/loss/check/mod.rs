//! [`check_loss`]: whether the functions of a loss agree with one another.

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

/// The relative accuracy asked of identities in double precision; targets in f32 lose more than rounding does.
const TOLERANCE: f64 = 1e-6;

/// Tests an implementation of [`ConvexLoss`] by numbers, at outputs `[m, k]` and targets of your choice.
///
/// What it tests, in double precision on the host:
///
/// * the shapes, and that everything is finite;
/// * convexity, and the gradient by differences of the value, with its tangents below the value at kinks too;
/// * `L Lᵀ` by differences of the gradient, where that has no kink;
/// * the conjugate: `ℓ(f) + ℓ*(α) = ⟨α, f⟩` where `α` is the gradient at `f`, and `≥` elsewhere;
/// * the domain: gradients are in it, `⟨α, f⟩ - ℓ(f)` stays below `ℓ*(α)` inside it and has no bound outside;
/// * the invariance to shifts, the dual update and the margin, where the loss offers them.
///
/// Take some dozens of rows, spread over all branches of the loss and not further out than its numbers make sense.
/// Samples prove nothing, but slips in signs, factors and constants do not survive them.
///
/// ```
/// use burn::tensor::{Device, Distribution, Tensor};
/// use dualgn::{Huber, check_loss};
///
/// let random = || Tensor::<2>::random([30, 2], Distribution::Normal(0.0, 2.0), &Device::default());
/// let check = check_loss(&Huber::default(), random(), &random())?;
/// assert!(check.is_consistent(), "{check}");
/// # Ok::<(), dualgn::Error>(())
/// ```
///
/// # Errors
/// The targets do not fit the loss, or a device failed.
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
