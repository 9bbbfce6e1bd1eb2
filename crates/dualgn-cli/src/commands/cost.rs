//! `dualgn cost`: what a direction costs by each route, estimated and measured, and which one would be taken.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};
use dualgn::{ConvexLoss, Error, Estimate, GaussNewton, Logistic, Network, SoftmaxCrossEntropy, Squared};

use super::columns::{cells, columns};
use crate::arguments::{Cost, NetworkName};
use crate::failure::Failure;
use crate::interrupt;
use crate::problem::{Cnn, Mlp, Task};
use crate::report::{grouped, memory};

/// Directions before anything is estimated or timed.
const WARM_UP: usize = 3;
/// Calls of a route, of which the median counts, unless they take longer than [`TIME`] together.
const CALLS: usize = 9;
/// No call of a route starts later than this after its first.
const TIME: Duration = Duration::from_secs(3);
/// Routes that are estimated to take more seconds are not run.
const PATIENCE: f64 = 10.0;
/// The damping of the directions that are timed.
const DAMPING: f64 = 0.01;

/// Times the routes on random inputs of the problem's shape: neither values nor weights matter.
pub fn cost(arguments: &Cost) -> Result<String, Failure> {
    let problem = arguments.problem;
    let device = arguments.device.open()?;
    let (features, outputs) = problem.shape();
    let widths = [&[features], problem.defaults().hidden, &[outputs]].concat();
    let batch = arguments.batch.map_or(64, |batch| batch as usize);
    device.seed(0);
    let training = device.clone().autodiff();
    let shape =
        |network: &str| format!("{}: {network}, {outputs} outputs an example, batches of {batch}", problem.name());
    match arguments.network {
        NetworkName::Mlp => {
            let layers: Vec<String> = widths.iter().map(ToString::to_string).collect();
            let model = Mlp::new(&widths, &training);
            let network = Network::trace(&model, Mlp::forward, [batch, features])?;
            Subject { network, model, title: shape(&format!("layers {}", layers.join("-"))), arguments, device }.table()
        }
        NetworkName::Cnn => {
            let side = features.isqrt();
            if side * side != features || side < 4 {
                let name = problem.name();
                return Err(Failure::Input(format!(
                    "`{name}` has {features} features, which are no square image; `--network cnn` wants `digits` or `mnist`"
                )));
            }
            let model = Cnn::new(side, outputs, &training);
            let network = Network::trace(&model, Cnn::forward, [batch, features])?;
            Subject { network, model, title: shape("convolutions 8, 16 and a dense layer"), arguments, device }.table()
        }
    }
}

struct Subject<'a, M> {
    network: Network<M, Tensor<2>>,
    model: M,
    title: String,
    arguments: &'a Cost,
    device: Device,
}

impl<M: Module> Subject<'_, M> {
    /// With the loss that the problem's targets ask for.
    fn table(&self) -> Result<String, Failure> {
        let (batch, outputs) = (self.inputs().dims()[0], self.network.outputs_per_example());
        let numbers = |value: fn(usize) -> f32| {
            let values: Vec<f32> = (0..batch * outputs).map(value).collect();
            Tensor::<2>::from_data(TensorData::new(values, [batch, outputs]), &self.device)
        };
        match self.arguments.problem.task() {
            Task::Classes => {
                let labels: Vec<i64> = (0..batch).map(|i| ((i * 7) % outputs) as i64).collect();
                let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch]), &self.device);
                self.with(SoftmaxCrossEntropy, labels)
            }
            Task::YesOrNo => self.with(Logistic, numbers(|i| (i % 2) as f32)),
            Task::Positive => self.with(Squared, numbers(|i| (i % 7) as f32 / 7.0)),
        }
    }

    fn inputs(&self) -> Tensor<2> {
        let (features, _) = self.arguments.problem.shape();
        let batch = self.arguments.batch.map_or(64, |batch| batch as usize);
        Tensor::random([batch, features], Distribution::Normal(0.0, 1.0), &self.device)
    }

    fn with<L: ConvexLoss + Clone, T: Into<L::Target> + Clone>(&self, loss: L, targets: T) -> Result<String, Failure> {
        let inputs = self.inputs();
        let mut oracle = GaussNewton::new(loss.clone()).damping(DAMPING);
        if let Some(mib) = self.arguments.memory {
            oracle = oracle.memory((mib as usize) << 20);
        }
        let gradient = median(|| {
            let linearization = self.network.linearize(&self.model, inputs.clone())?;
            let outputs = linearization.outputs();
            let gradient = linearization.vjp(loss.gradient(outputs, &targets.clone().into()))?;
            gradient.norm()?;
            Ok(())
        })?;
        // As in training, after some steps: the estimates know how many iterations it takes.
        for _ in 0..WARM_UP {
            let _ = oracle.direction(&self.network, &self.model, inputs.clone(), targets.clone())?;
        }
        let linearization = self.network.linearize(&self.model, inputs.clone())?;
        let estimates = oracle.estimates(&linearization).map_err(Error::from)?;
        let chosen = estimates.first().filter(|estimate| estimate.refusal.is_none()).map(|estimate| estimate.route);

        let mut lines = vec![cells(["ROUTE", "ESTIMATE", "MEASURED", "IN GRADIENTS", "MEMORY", ""])];
        for estimate in &estimates {
            if interrupt::requested() {
                return Err(Failure::Run("interrupted".into()));
            }
            let measured = self.measure(&oracle, estimate, inputs.clone(), targets.clone())?;
            let note = match (&estimate.refusal, measured) {
                (Some(refusal), _) => refusal.to_string(),
                (None, None) => "not run: it would take too long".into(),
                (None, Some(_)) if Some(estimate.route) == chosen => "<- Auto".into(),
                (None, Some(_)) if !estimate.is_accurate => "stops short of Auto's accuracy".into(),
                (None, Some(_)) => String::new(),
            };
            let ms = |seconds: f64| format!("{:.3} ms", seconds * 1e3);
            lines.push(cells([
                estimate.route.name(),
                &ms(estimate.seconds),
                &measured.map_or("-".into(), ms),
                &measured.map_or("-".into(), |seconds| format!("{:.1}", seconds / gradient)),
                &memory(estimate.bytes as u64),
                &note,
            ]));
        }
        Ok(format!(
            "{}, {} parameters\n\n{}\nA gradient takes {:.3} ms. Medians; the estimate is of Auto's solver on each route.\n",
            self.title,
            grouped(self.network.parameter_count()),
            columns(&lines),
            gradient * 1e3,
        ))
    }

    /// Seconds of a direction; `None` if it cannot be had or would take too long.
    fn measure<L: ConvexLoss + Clone, T: Into<L::Target> + Clone>(
        &self,
        oracle: &GaussNewton<L>,
        estimate: &Estimate,
        inputs: Tensor<2>,
        targets: T,
    ) -> Result<Option<f64>, Failure> {
        if estimate.refusal.is_some() || estimate.seconds > PATIENCE {
            return Ok(None);
        }
        let oracle = oracle.clone().route(estimate.route);
        let direction = || oracle.direction(&self.network, &self.model, inputs.clone(), targets.clone()).map(|_| ());
        Ok(Some(median(direction)?))
    }
}

/// The median time of some calls, after one that is not counted.
fn median(mut call: impl FnMut() -> Result<(), Error>) -> Result<f64, Failure> {
    call()?;
    let begin = Instant::now();
    let mut times = vec![];
    while times.is_empty() || (times.len() < CALLS && begin.elapsed() < TIME) {
        let start = Instant::now();
        call()?;
        times.push(start.elapsed().as_secs_f64());
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::DeviceName;
    use crate::problem::ProblemName;

    fn arguments(problem: ProblemName, network: NetworkName) -> Cost {
        Cost { problem, network, batch: Some(8), memory: Some(256), device: DeviceName::default() }
    }

    #[test]
    fn all_routes_are_listed_and_one_is_chosen() {
        for (problem, network) in [
            (ProblemName::Digits, NetworkName::Mlp),
            (ProblemName::Digits, NetworkName::Cnn),
            (ProblemName::Diabetes, NetworkName::Mlp),
            (ProblemName::BreastCancer, NetworkName::Mlp),
        ] {
            let text = cost(&arguments(problem, network)).unwrap();
            for route in dualgn::Route::ALL {
                assert!(text.contains(route.name()), "{text}");
            }
            assert_eq!(text.matches("<- Auto").count(), 1, "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_with_what_goes_instead() {
        let small = Cost { memory: Some(1), batch: Some(64), ..arguments(ProblemName::Digits, NetworkName::Mlp) };
        let text = cost(&small).unwrap();
        assert!(text.contains("more than the budget of 1 MiB"), "{text}");
        assert!(text.contains("conjugate gradient by products"), "{text}");
    }

    #[test]
    fn measurements_are_no_image() {
        let error = cost(&arguments(ProblemName::Diabetes, NetworkName::Cnn)).unwrap_err();
        assert!(error.to_string().contains("no square image"), "{error}");
    }
}
