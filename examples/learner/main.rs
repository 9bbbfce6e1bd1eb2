//! burn-train's `Learner` with Gauss-Newton steps: metrics, early stopping and checkpoints stay as they are. The training step hands
//! over a step of a [`Stepper`] in the place of a gradient, and plain SGD at the rate 1 takes it.
//!
//! ```sh
//! cargo run --release --manifest-path examples/learner/Cargo.toml
//! ```

use std::sync::{Arc, Mutex};

use burn::data::dataloader::DataLoaderBuilder;
use burn::data::dataloader::batcher::Batcher;
use burn::data::dataset::InMemDataset;
use burn::nn::{Linear, LinearConfig};
use burn::optim::SgdConfig;
use burn::prelude::*;
use burn::train::metric::{AccuracyMetric, LossMetric};
use burn::train::{ClassificationOutput, InferenceStep, Learner, SupervisedTraining, TrainOutput, TrainStep};
use dualgn::loss::SoftmaxCrossEntropy;
use dualgn::step::Momentum;
use dualgn::{ConvexLoss, GaussNewton, Network, Stepper};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: usize = 100;

/// An ordinary network.
#[derive(Module, Debug)]
struct Classifier {
    hidden: Linear,
    output: Linear,
}

impl Classifier {
    fn new(device: &Device) -> Self {
        Self { hidden: LinearConfig::new(2, 32).init(device), output: LinearConfig::new(32, 3).init(device) }
    }

    fn forward(&self, points: Tensor<2>) -> Tensor<2> {
        self.output.forward(self.hidden.forward(points).tanh())
    }
}

/// What the steps need beside the network.
#[derive(Clone, Debug)]
struct Steps {
    network: Arc<Network<Classifier, Tensor<2>>>,
    stepper: Arc<Mutex<Stepper<SoftmaxCrossEntropy>>>,
}

/// The network as the learner trains it.
#[derive(Module, Debug)]
struct Trained {
    classifier: Classifier,
    #[module(skip)]
    steps: Steps,
}

impl Trained {
    fn output(&self, batch: &Batch) -> ClassificationOutput {
        let output = self.classifier.forward(batch.points.clone());
        let loss = SoftmaxCrossEntropy.value(output.clone(), &batch.classes.clone().into()).mean();
        ClassificationOutput::new(loss, output, batch.classes.clone())
    }
}

impl TrainStep for Trained {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let Batch { points, classes } = batch.clone();
        let mut stepper = self.steps.stepper.lock().expect("no step panicked");
        let step = stepper.step(1.0, &self.steps.network, &self.classifier, points.without_autodiff(), classes);
        let (_, report) = step.expect("the guarded stepper finds a step");
        TrainOutput { grads: report.into_gradients(), item: self.output(&batch) }
    }
}

impl InferenceStep for Trained {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        self.output(&batch)
    }
}

/// Some points with their classes.
#[derive(Clone, Debug)]
struct Batch {
    points: Tensor<2>,
    classes: Tensor<1, Int>,
}

#[derive(Clone)]
struct ToTensors;

impl Batcher<([f32; 2], i64), Batch> for ToTensors {
    fn batch(&self, items: Vec<([f32; 2], i64)>, device: &Device) -> Batch {
        let (points, classes): (Vec<[f32; 2]>, Vec<i64>) = items.into_iter().unzip();
        let count = classes.len();
        Batch {
            points: Tensor::from_data(TensorData::new(points.concat(), [count, 2]), device),
            classes: Tensor::from_data(TensorData::new(classes, [count]), device),
        }
    }
}

/// Three arms of a spiral.
fn spiral(count: usize) -> Vec<([f32; 2], i64)> {
    let point = |index: usize| {
        let (class, along) = ((index % 3) as i64, (index / 3) as f32 / (count / 3) as f32);
        let angle = 4.0 * along + class as f32 * 2.1 + 0.15 * (index as f32 * 12.9898).sin();
        ([2.0 * along * angle.cos(), 2.0 * along * angle.sin()], class)
    };
    (0..count).map(point).collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::default();
    device.seed(1);
    let loader = |count: usize| {
        DataLoaderBuilder::new(ToTensors).batch_size(BATCH).shuffle(1).build(InMemDataset::new(spiral(count)))
    };
    let training = device.autodiff();
    let classifier = Classifier::new(&training);
    let network = Network::trace(&classifier, Classifier::forward, [BATCH, 2])?;
    let stepper = Stepper::guarded(GaussNewton::new(SoftmaxCrossEntropy).damping(0.1)).momentum(Momentum::Model);
    let steps = Steps { network: Arc::new(network), stepper: Arc::new(Mutex::new(stepper)) };

    let folder = tempfile::tempdir()?;
    let result = SupervisedTraining::new(folder.path(), loader(600), loader(300))
        .metrics((AccuracyMetric::new(), LossMetric::new()))
        .with_default_checkpointers()
        .num_epochs(10)
        .summary()
        .launch(Learner::new(Trained { classifier, steps }, SgdConfig::new().init(), 1.0));

    let points = spiral(300);
    let batch = ToTensors.batch(points, &Device::default());
    let found = result.model.classifier.forward(batch.points).argmax(1).squeeze_dim::<1>(1);
    let right = found.equal(batch.classes).int().sum().into_scalar::<i64>();
    println!("{right} of 300 points of three spirals are right after ten epochs");
    assert!(right > 290);
    Ok(())
}
