//! [`Routes`]: what a direction costs by each route, estimated and measured, and which one would be taken.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use dualgn::inspect::Estimate;
use dualgn::loss::{Logistic, SoftmaxCrossEntropy, Squared};
use dualgn::{ConvexLoss, Error, GaussNewton, Linearize, Network};
use dualgn_io::Failure;
use dualgn_io::number::{grouped, memory};
use dualgn_networks::Net;
use dualgn_train::problem::Task;

use super::columns::{cells, columns};

/// Directions before anything is estimated or timed.
const WARM_UP: usize = 3;
/// Calls of a route, of which the median counts, unless they take longer than [`TIME`] together.
const CALLS: usize = 9;
/// No call of a route starts later than this after its first.
const TIME: Duration = Duration::from_secs(3);
/// Routes that are estimated to take more seconds are not run.
const PATIENCE: f64 = 10.0;
/// The damping of the directions that are timed, where no run says another.
const DAMPING: f64 = 0.01;

/// What a network is like without its data: random inputs, and the loss that its targets ask for. Neither values nor weights matter.
pub(super) struct Shape {
    /// What the targets are.
    pub task: Task,
    /// Examples in a batch, and numbers in each.
    pub batch: [usize; 2],
    /// Memory for matrices in MiB, unless it is half of what is free.
    pub memory: Option<u32>,
    /// Where tensors live.
    pub device: Device,
}

impl Shape {
    /// Times the routes.
    pub(super) fn routes(&self, network: &Network<Net, Tensor<2>>, model: &Net) -> Result<Routes, Failure> {
        let (batch, outputs) = (self.batch[0], network.outputs_per_example());
        let numbers = |value: fn(usize) -> f32| {
            let values: Vec<f32> = (0..batch * outputs).map(value).collect();
            Tensor::<2>::from_data(TensorData::new(values, [batch, outputs]), &self.device)
        };
        match self.task {
            Task::Classes => {
                let labels: Vec<i64> = (0..batch).map(|i| ((i * 7) % outputs) as i64).collect();
                let labels = Tensor::<1, Int>::from_data(TensorData::new(labels, [batch]), &self.device);
                self.with(network, model, SoftmaxCrossEntropy, labels)
            }
            Task::YesOrNo => {
                let targets = numbers(|i| (i % 2) as f32);
                self.with(network, model, Logistic, targets)
            }
            Task::Positive | Task::Count | Task::Number => {
                let targets = numbers(|i| (i % 7) as f32 / 7.0);
                self.with(network, model, Squared, targets)
            }
        }
    }

    fn with<L: ConvexLoss + Clone>(
        &self,
        network: &Network<Net, Tensor<2>>,
        model: &Net,
        loss: L,
        targets: impl Into<L::Target>,
    ) -> Result<Routes, Failure> {
        let mut oracle = GaussNewton::new(loss.clone()).damping(DAMPING);
        if let Some(mib) = self.memory {
            oracle = oracle.memory((mib as usize) << 20);
        }
        self.device.seed(0);
        let inputs = model.examples(self.batch, &self.device);
        Timed { network, model, oracle, inputs }.routes(loss, targets.into())
    }
}

/// What directions cost.
pub(super) struct Routes {
    /// A table with a line for each route, and what a gradient takes.
    pub table: String,
    /// Outputs of an example, examples, parameters.
    pub size: String,
}

/// A network on a batch.
pub(super) struct Timed<'a, N: Linearize<M>, M, L> {
    /// The network.
    pub network: &'a N,
    /// Its weights.
    pub model: &'a M,
    /// Loss, damping, solver and memory.
    pub oracle: GaussNewton<L>,
    /// The batch.
    pub inputs: N::Inputs,
}

impl<N: Linearize<M, Inputs: Clone>, M: Module, L: ConvexLoss + Clone> Timed<'_, N, M, L> {
    /// Times the routes.
    pub(super) fn routes(&self, loss: L, targets: L::Target) -> Result<Routes, Failure> {
        let inputs = &self.inputs;
        // What is free changes meanwhile: estimates and measurements are held to one budget.
        let oracle = &self.oracle.clone().memory(self.oracle.memory_budget());
        let (network, model) = (self.network, self.model);
        let gradient = median(|| {
            let linearization = network.linearization(model, inputs.clone(), None)?;
            let gradient = linearization.vjp(loss.gradient(linearization.outputs(), &targets))?;
            gradient.norm()?;
            Ok(())
        })?;
        // As in training, after some steps: the estimates know how many iterations it takes.
        for _ in 0..WARM_UP {
            let _ = oracle.direction(network, model, inputs.clone(), targets.clone())?;
        }
        let linearization = network.linearization(model, inputs.clone(), None)?;
        let estimates = oracle.estimates(&linearization).map_err(Error::from)?;
        let chosen = estimates.first().filter(|estimate| estimate.refusal.is_none()).map(|estimate| estimate.route);

        let mut lines = vec![cells(["ROUTE", "ESTIMATE", "MEASURED", "IN GRADIENTS", "MEMORY", ""])];
        for estimate in &estimates {
            let measured = self.measure(oracle, estimate, &targets)?;
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
        let size = format!(
            "{} outputs an example, batches of {}, {} parameters",
            linearization.outputs_per_example(),
            linearization.examples(),
            grouped(linearization.parameter_count()),
        );
        let words = format!(
            "A gradient takes {:.3} ms. Medians; the estimate is of Auto's solver on each route.\n",
            gradient * 1e3
        );
        Ok(Routes { table: format!("{}\n{words}", columns(&lines)), size })
    }

    /// Seconds of a direction; `None` if it cannot be had or would take too long.
    fn measure(
        &self,
        oracle: &GaussNewton<L>,
        estimate: &Estimate,
        targets: &L::Target,
    ) -> Result<Option<f64>, Failure> {
        if estimate.refusal.is_some() || estimate.seconds > PATIENCE {
            return Ok(None);
        }
        let oracle = oracle.clone().route(estimate.route);
        let direction = || oracle.direction(self.network, self.model, self.inputs.clone(), targets.clone()).map(|_| ());
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
