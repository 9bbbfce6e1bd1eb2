//! Poisson regression with the logarithm as link, and [`CountTargets`].

use burn::tensor::{Int, Tensor};

use super::{
    ConvexLoss, CurvatureFactor, DualUpdate, entropy_term, matching, max_outputs, read, root, sum_outputs,
    validate_real,
};
use crate::error::{Error, LossError};

/// The negative log-likelihood of the Poisson distribution without its constant, `ℓ(f) = Σ_c E_c e^{f_c} - y_c f_c`,
/// for counts `y` with mean `E e^f`. The exposure `E` is one unless given.
///
/// Gradient `E e^f - y`, curvature `E e^f`, conjugate `s log(s / E) - s` with `s = α + y ≥ 0`. The loss grows
/// exponentially: start from outputs of moderate size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Poisson;

/// Targets of [`Poisson`]: nonnegative counts `[m, k]`, not necessarily whole. Integer and float tensors convert into
/// it.
#[derive(Clone, Debug)]
pub struct CountTargets {
    counts: Tensor<2>,
    exposure: Option<Tensor<2>>,
}

impl CountTargets {
    /// Sets the exposures `[m, k]`, positive: the length of time, or the size of the population, in which each count
    /// was made.
    #[must_use]
    pub fn exposed(mut self, exposure: Tensor<2>) -> Self {
        self.exposure = Some(exposure);
        self
    }

    fn exposure(&self, outputs: &Tensor<2>) -> Tensor<2> {
        match &self.exposure {
            Some(exposure) => matching(exposure, outputs),
            None => outputs.ones_like(),
        }
    }
}

impl From<Tensor<2>> for CountTargets {
    fn from(counts: Tensor<2>) -> Self {
        Self { counts, exposure: None }
    }
}

impl From<Tensor<2, Int>> for CountTargets {
    fn from(counts: Tensor<2, Int>) -> Self {
        counts.float().into()
    }
}

impl ConvexLoss for Poisson {
    type Target = CountTargets;

    fn validate(&self, outputs: [usize; 2], targets: &CountTargets) -> Result<(), Error> {
        let counts = validate_real(outputs, &targets.counts)?;
        if let Some(index) = counts.iter().position(|&count| count < 0.0) {
            return Err(
                LossError::Range { index, value: counts[index], expected: "counts, which are not negative" }.into()
            );
        }
        let Some(exposure) = &targets.exposure else { return Ok(()) };
        if exposure.dims() != outputs {
            return Err(LossError::Shape {
                outputs: outputs.to_vec(),
                found: exposure.dims().to_vec(),
                expected: format!("one exposure a count, shape {outputs:?}"),
            }
            .into());
        }
        let values = read(exposure)?;
        match values.iter().position(|value| !(value.is_finite() && *value > 0.0)) {
            Some(index) => {
                let expected = "exposures that are positive and finite";
                Err(LossError::Range { index, value: values[index], expected }.into())
            }
            None => Ok(()),
        }
    }

    fn value(&self, outputs: Tensor<2>, targets: &CountTargets) -> Tensor<1> {
        let mean = targets.exposure(&outputs) * outputs.clone().exp();
        sum_outputs(mean - matching(&targets.counts, &outputs) * outputs)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &CountTargets) -> Tensor<2> {
        let counts = matching(&targets.counts, &outputs);
        targets.exposure(&outputs) * outputs.exp() - counts
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &CountTargets) -> Option<CurvatureFactor> {
        // e^{f/2} is finite for values of f twice as large as √(e^f) allows.
        Some(CurvatureFactor::Diagonal(targets.exposure(&outputs).sqrt() * (outputs * 0.5).exp()))
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &CountTargets) -> Tensor<1> {
        let mean = dual.clone() + matching(&targets.counts, &dual);
        let shift = targets.exposure(&dual).log() + 1.0;
        sum_outputs(entropy_term(mean.clone()) - mean * shift)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &CountTargets) -> Tensor<1> {
        let mean = dual.clone() + matching(&targets.counts, &dual);
        max_outputs(mean.neg().clamp_min(0.0))
    }

    /// With `s = a + y = e^t`: the root of `t - log E + σ (e^t - v - y)`.
    fn dual_update(&self, _outputs: [usize; 2], targets: &CountTargets) -> Result<Option<DualUpdate>, Error> {
        let counts = read(&targets.counts)?;
        let exposure = match &targets.exposure {
            Some(exposure) => read(exposure)?,
            None => vec![1.0; counts.len()],
        };
        Ok(Some(DualUpdate::new(move |example, sigma, point| {
            let own = example * point.len()..(example + 1) * point.len();
            for ((value, y), exposure) in point.iter_mut().zip(&counts[own.clone()]).zip(&exposure[own]) {
                *value = root::exponential(sigma * (*value + y) + exposure.ln(), sigma) - y;
            }
        })))
    }
}
