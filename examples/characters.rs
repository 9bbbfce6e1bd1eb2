//! A character-level language model, by dual Gauss-Newton directions and by Adam:
//! `cargo run --release -p dualgn --example characters`. An argument sets the seconds for each method (30 unless given).
//!
//! The text is "Alice's Adventures in Wonderland" (Lewis Carroll, 1865, in the public domain). A small causal transformer
//! predicts each next character; the loss is one softmax cross-entropy a token. A batch has more outputs (tokens ×
//! characters) than can be assembled into a Gram matrix, so directions come from a few conjugate-gradient iterations.

use std::time::Instant;

use burn::module::Param;
use burn::nn::attention::generate_autoregressive_mask;
use burn::nn::transformer::{TransformerEncoder, TransformerEncoderConfig, TransformerEncoderInput};
use burn::nn::{Embedding, EmbeddingConfig, Initializer, Linear, LinearConfig};
use burn::optim::{AdamConfig, GradientsParams};
use burn::prelude::*;
use burn::tensor::activation;
use dualgn::loss::{PerToken, SoftmaxCrossEntropy, TokenTargets};
use dualgn::{ConvexLoss, GaussNewton, Network, Solver};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TEXT: &str = include_str!("alice.txt");
const LENGTH: usize = 48;
const BATCH: usize = 16;
const WIDTH: usize = 48;
/// The best of 0.003, 0.01 and 0.02 for both.
const RATE: f64 = 0.01;

/// Predicts each next character from all before it.
#[derive(Module, Debug)]
struct Writer {
    embedding: Embedding,
    positions: Param<Tensor<2>>,
    encoder: TransformerEncoder,
    head: Linear,
}

impl Writer {
    fn new(alphabet: usize, device: &Device) -> Self {
        let positions = Initializer::Normal { mean: 0.0, std: 0.1 };
        Self {
            embedding: EmbeddingConfig::new(alphabet, WIDTH).init(device),
            positions: positions.init([LENGTH, WIDTH], device),
            encoder: TransformerEncoderConfig::new(WIDTH, 2 * WIDTH, 4, 2).with_norm_first(true).init(device),
            head: LinearConfig::new(WIDTH, alphabet).init(device),
        }
    }

    /// `[m, T]` characters to `[m, T, alphabet]`.
    fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let [m, length] = tokens.dims();
        let mask = generate_autoregressive_mask(m, length, &tokens.device());
        let x = self.embedding.forward(tokens) + self.positions.val().narrow(0, 0, length).unsqueeze();
        self.head.forward(self.encoder.forward(TransformerEncoderInput::new(x).mask_attn(mask)))
    }
}

/// The text as numbers, and the characters they stand for.
struct Corpus {
    tokens: Vec<i64>,
    alphabet: Vec<char>,
}

impl Corpus {
    /// Lower case, and runs of white space as one space.
    fn new(text: &str) -> Self {
        let text = text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut alphabet: Vec<char> = text.chars().collect();
        alphabet.sort_unstable();
        alphabet.dedup();
        let number = |c: char| alphabet.binary_search(&c).expect("made of the same text") as i64;
        Self { tokens: text.chars().map(number).collect(), alphabet }
    }

    /// Windows that start at the given places, and the same one character later.
    fn windows(&self, starts: &[usize], device: &Device) -> (Tensor<2, Int>, Tensor<2, Int>) {
        let shifted = |by: usize| {
            let values: Vec<i64> =
                starts.iter().flat_map(|&start| &self.tokens[start + by..start + by + LENGTH]).copied().collect();
            Tensor::from_data(TensorData::new(values, [starts.len(), LENGTH]), device)
        };
        (shifted(0), shifted(1))
    }

    /// The last tenth is kept for testing.
    fn split(&self) -> usize {
        self.tokens.len() / 10 * 9
    }

    /// A batch of training windows; the same step gives the same batch to every method.
    fn batch(&self, step: usize, device: &Device) -> (Tensor<2, Int>, Tensor<2, Int>) {
        let places = self.split() - LENGTH - 1;
        // Steps of a golden-ratio sequence visit all places evenly.
        let start = |i: usize| ((i as f64 * 0.618_033_988_749_895).fract() * places as f64) as usize;
        let starts: Vec<usize> = (0..BATCH).map(|i| start(step * BATCH + i)).collect();
        self.windows(&starts, device)
    }

    /// Nats a character on the kept part.
    fn test(&self, model: &Writer, device: &Device) -> f64 {
        let starts: Vec<usize> = (self.split()..self.tokens.len() - LENGTH - 1).step_by(4 * LENGTH).collect();
        let (inputs, next) = self.windows(&starts, device);
        let outputs = model.valid().forward(inputs);
        let [m, length, width] = outputs.dims();
        let targets = TokenTargets::from(next);
        let losses = PerToken(SoftmaxCrossEntropy).value(outputs.reshape([m, length * width]), &targets);
        losses.mean().into_scalar::<f64>()
    }

    /// What the model writes after a beginning, always its most likely character.
    fn continue_from(&self, model: &Writer, beginning: &str, count: usize, device: &Device) -> String {
        let model = model.valid();
        let mut tokens = Corpus { tokens: vec![], alphabet: self.alphabet.clone() }.encode(beginning);
        for _ in 0..count {
            let recent = &tokens[tokens.len().saturating_sub(LENGTH)..];
            let input = Tensor::<1, Int>::from_data(TensorData::from(recent), device).unsqueeze();
            let last = model.forward(input).narrow(1, recent.len() - 1, 1);
            tokens.push(activation::softmax(last, 2).argmax(2).into_scalar::<i64>());
        }
        tokens.iter().map(|&token| self.alphabet[token as usize]).collect()
    }

    fn encode(&self, text: &str) -> Vec<i64> {
        text.chars().filter_map(|c| self.alphabet.binary_search(&c).ok()).map(|index| index as i64).collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let seconds: f64 = std::env::args().nth(1).map_or(Ok(30.0), |text| text.parse())?;
    let corpus = Corpus::new(TEXT);
    let device = Device::default();
    device.seed(1);
    let initial = Writer::new(corpus.alphabet.len(), &device.clone().autodiff());
    let network = Network::trace(&initial, Writer::forward, [BATCH, LENGTH])?;
    println!(
        "{} characters in an alphabet of {}, {} parameters, {} outputs a batch",
        corpus.tokens.len(),
        corpus.alphabet.len(),
        network.parameter_count(),
        BATCH * network.outputs_per_example()
    );

    // Batches are small and noisy, so Adam takes the steps in both cases: once it is given gradients, once the
    // pseudo-gradients of a damping at which a few iterations suffice.
    let solver = Solver::ConjugateGradient { iterations: 2, tolerance: 0.0 };
    let oracle = GaussNewton::new(PerToken(SoftmaxCrossEntropy)).damping(1.0).solver(solver);
    let mut adam = AdamConfig::new().init();
    let gauss_newton = |model: Writer, step: usize| -> Result<Writer, dualgn::Error> {
        let (inputs, next) = corpus.batch(step, &device);
        let direction = oracle.direction(&network, &model, inputs, next)?;
        Ok(adam.step(RATE, model, direction.into_gradients()))
    };
    train("dual Gauss-Newton in Adam", seconds, initial.clone(), &corpus, &device, gauss_newton)?;

    let mut adam = AdamConfig::new().init();
    let first_order = |model: Writer, step: usize| -> Result<Writer, dualgn::Error> {
        let (inputs, next) = corpus.batch(step, &device);
        let [m, length] = inputs.dims();
        let outputs = model.forward(inputs.autodiff());
        let log = activation::log_softmax(outputs, 2).reshape([m * length, corpus.alphabet.len()]);
        let loss = log.gather(1, next.reshape([m * length, 1]).autodiff()).mean().neg();
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        Ok(adam.step(RATE, model, gradients))
    };
    train("Adam", seconds, initial, &corpus, &device, first_order)
}

/// Steps until the time is up, with a line at each doubling of the steps, and then writes a little.
fn train(
    name: &str,
    seconds: f64,
    mut model: Writer,
    corpus: &Corpus,
    device: &Device,
    mut step: impl FnMut(Writer, usize) -> Result<Writer, dualgn::Error>,
) -> Result<(), Box<dyn std::error::Error>> {
    println!("\n{name}");
    println!("  {:>5}  {:>7}  nats a character", "steps", "seconds");
    let (first, mut last) = (corpus.test(&model, device), f64::NAN);
    println!("  {:>5}  {:>7.1}  {first:.3}", 0, 0.0);
    let (mut spent, mut steps) = (0.0, 0);
    while spent < seconds {
        let start = Instant::now();
        model = step(model, steps)?;
        spent += start.elapsed().as_secs_f64();
        steps += 1;
        if steps.is_power_of_two() || spent >= seconds {
            last = corpus.test(&model, device);
            println!("  {steps:>5}  {spent:>7.1}  {last:.3}");
        }
    }
    println!("  writes: {}", corpus.continue_from(&model, "alice said ", 80, device));
    if last < first { Ok(()) } else { Err(format!("{name} has not learnt: {first:.3} before, {last:.3} after").into()) }
}
