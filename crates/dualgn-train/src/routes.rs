//! What directions cost by each route, estimated and measured, and which one would be taken.

use std::time::{Duration, Instant};

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor, TensorData};
use dualgn::inspect::Estimate;
use dualgn::loss::{Logistic, SoftmaxCrossEntropy, Squared};
use dualgn::{ConvexLoss, Error, GaussNewton, Linearize, Network};
use dualgn_io::Failure;
use dualgn_networks::Net;

use crate::problem::Task;

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

/// A batch of random inputs in place of data, and the loss that its targets ask for. Neither values nor weights matter to what directions
/// cost.
pub struct RandomBatch {
    /// What the targets are.
    pub task: Task,
    /// Examples in a batch, and numbers in each.
    pub batch: [usize; 2],
    /// Bytes for matrices; `None` for half of what is free.
    pub memory: Option<usize>,
    /// Where tensors live.
    pub device: Device,
}

impl RandomBatch {
    /// Times the routes on random inputs.
    ///
    /// # Errors
    /// No direction can be computed, as for want of memory.
    pub fn costs(&self, network: &Network<Net, Tensor<2>>, model: &Net) -> Result<Costs, Failure> {
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
    ) -> Result<Costs, Failure> {
        let mut oracle = GaussNewton::new(loss.clone()).damping(DAMPING);
        if let Some(bytes) = self.memory {
            oracle = oracle.memory(bytes);
        }
        self.device.seed(0);
        let inputs = model.examples(self.batch, &self.device);
        Timed { network, model, oracle, inputs }.costs(loss, targets.into())
    }
}

/// What the directions of a network on a batch cost.
#[derive(Clone, Debug)]
pub struct Costs {
    /// Seconds of a gradient.
    pub gradient: f64,
    /// The routes, the best first.
    pub routes: Vec<RouteCost>,
    /// Examples of the batch.
    pub examples: usize,
    /// Outputs of an example.
    pub outputs: usize,
    /// Parameters of the network.
    pub parameters: usize,
}

/// What a direction costs by one route.
#[derive(Clone, Debug)]
pub struct RouteCost {
    /// What was estimated, on the route with the oracle's solver.
    pub estimate: Estimate,
    /// Seconds that were measured; `None` if the route cannot be taken or would take too long.
    pub seconds: Option<f64>,
    /// Whether an oracle that is left to choose takes this route.
    pub is_chosen: bool,
}

/// A network on a batch.
pub struct Timed<'a, N: Linearize<M>, M, L> {
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
    ///
    /// # Errors
    /// No direction can be computed, as for want of memory.
    pub fn costs(&self, loss: L, targets: L::Target) -> Result<Costs, Failure> {
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
        let mut routes = vec![];
        for (place, estimate) in oracle.estimates(&linearization).map_err(Error::from)?.into_iter().enumerate() {
            let is_chosen = place == 0 && estimate.refusal.is_none();
            routes.push(RouteCost { seconds: self.measure(oracle, &estimate, &targets)?, estimate, is_chosen });
        }
        Ok(Costs {
            gradient,
            routes,
            examples: linearization.examples(),
            outputs: linearization.outputs_per_example(),
            parameters: linearization.parameter_count(),
        })
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
