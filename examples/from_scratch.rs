//! A dual Gauss-Newton direction from scratch: one dense layer with the softmax cross-entropy, in plain loops, beside the library's.
//!
//! `docs/from-scratch.md` goes through it step by step and says where the real thing is.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::loss::SoftmaxCrossEntropy;
use dualgn::{GaussNewton, Network, Solver};

const EXAMPLES: usize = 6;
const INPUTS: usize = 3;
const CLASSES: usize = 4;
const DAMPING: f64 = 0.1;

/// Solves a symmetric positive definite system by elimination; enough for a few unknowns.
fn solve(mut a: Vec<Vec<f64>>, mut b: Vec<f64>) -> Vec<f64> {
    for pivot in 0..b.len() {
        for row in pivot + 1..b.len() {
            let factor = a[row][pivot] / a[pivot][pivot];
            let (above, below) = a.split_at_mut(row);
            for (entry, from) in below[0].iter_mut().zip(&above[pivot]) {
                *entry -= factor * from;
            }
            b[row] -= factor * b[pivot];
        }
    }
    for row in (0..b.len()).rev() {
        let known: f64 = (row + 1..b.len()).map(|column| a[row][column] * b[column]).sum();
        b[row] = (b[row] - known) / a[row][row];
    }
    b
}

/// The direction, `W` row-major and then the bias, from the probabilities `q` of each example.
fn direction(x: &[[f64; INPUTS]], classes: &[usize], q: &[[f64; CLASSES]]) -> Vec<f64> {
    let (m, k, rows) = (x.len(), CLASSES, x.len() * CLASSES);
    let scale = 1.0 / (DAMPING * m as f64);

    // 1. The gradient of each example's loss by its outputs: g = q - e_y.
    let g: Vec<f64> =
        (0..rows).map(|row| q[row / k][row % k] - f64::from(u8::from(classes[row / k] == row % k))).collect();

    // 2. The Gram matrix K = J Jᵀ. The rows of J of two examples have the product ⟨x, x'⟩ + 1 if their output is the same, else 0.
    let kernel = |i: usize, j: usize| 1.0 + x[i].iter().zip(&x[j]).map(|(a, b)| a * b).sum::<f64>();
    let gram = |a: usize, b: usize| if a % k == b % k { kernel(a / k, b / k) } else { 0.0 };

    // 3. A factor of the curvature, L Lᵀ = diag(q) - q qᵀ: L = diag(√q) - q √qᵀ, a block for each example.
    let factor = |row: usize, column: usize| {
        if row / k != column / k {
            return 0.0;
        }
        let (q, a, b) = (&q[row / k], row % k, column % k);
        if a == b { q[a].sqrt() - q[a] * q[b].sqrt() } else { -q[a] * q[b].sqrt() }
    };

    // 4. The dual system (I + Lᵀ K L / (λm)) β = -Lᵀ K g / (λm): as many unknowns as the batch has outputs.
    let product =
        |vector: &dyn Fn(usize) -> f64, row: usize| -> f64 { (0..rows).map(|c| gram(row, c) * vector(c)).sum() };
    let pulled =
        |vector: &[f64], column: usize| -> f64 { (0..rows).map(|row| factor(row, column) * vector[row]).sum() };
    let columns: Vec<Vec<f64>> =
        (0..rows).map(|column| (0..rows).map(|row| product(&|c| factor(c, column), row)).collect()).collect();
    let system = (0..rows)
        .map(|row| {
            (0..rows).map(|column| f64::from(u8::from(row == column)) + scale * pulled(&columns[column], row)).collect()
        })
        .collect();
    let right: Vec<f64> = (0..rows).map(|row| product(&|c| g[c], row)).collect();
    let beta = solve(system, (0..rows).map(|row| -scale * pulled(&right, row)).collect());

    // 5. The dual variables α = g + L β, and the direction d = -Jᵀ α / (λm): one backward pass.
    let alpha: Vec<f64> =
        (0..rows).map(|row| g[row] + (0..rows).map(|column| factor(row, column) * beta[column]).sum::<f64>()).collect();
    let entry = |input: Option<usize>, class: usize| {
        let of = |i: usize| input.map_or(1.0, |input| x[i][input]);
        -scale * (0..m).map(|i| of(i) * alpha[i * k + class]).sum::<f64>()
    };
    let weights = (0..INPUTS).flat_map(|input| (0..k).map(move |class| (Some(input), class)));
    weights.chain((0..k).map(|class| (None, class))).map(|(input, class)| entry(input, class)).collect()
}

fn double(layer: Linear) -> Linear {
    struct Cast;
    impl burn::module::ModuleMapper for Cast {
        fn map_float<const D: usize>(
            &mut self,
            param: burn::module::Param<Tensor<D>>,
        ) -> burn::module::Param<Tensor<D>> {
            param.map(|value| Tensor::from_inner(value.without_autodiff().cast(DType::F64)).require_grad())
        }
    }
    layer.map(&mut Cast)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let device = Device::flex();
    device.seed(1);
    let layer = double(LinearConfig::new(INPUTS, CLASSES).init(&device.clone().autodiff()));
    let x: Vec<[f64; INPUTS]> =
        (0..EXAMPLES).map(|i| std::array::from_fn(|j| ((i * 5 + j * 3) as f64 * 0.7).sin())).collect();
    let classes: Vec<usize> = (0..EXAMPLES).map(|i| i % CLASSES).collect();

    let inputs: Tensor<2> = Tensor::from_data(TensorData::new(x.concat(), [EXAMPLES, INPUTS]), (&device, DType::F64));
    let shares = burn::tensor::activation::softmax(layer.valid().forward(inputs.clone()), 1);
    let shares: Vec<f64> = shares.into_data().iter::<f64>().collect();
    let q: Vec<[f64; CLASSES]> = shares.chunks_exact(CLASSES).map(|row| std::array::from_fn(|c| row[c])).collect();
    let ours = direction(&x, &classes, &q);

    let network = Network::trace(&layer, |layer: &Linear, x: Tensor<2>| layer.forward(x), [EXAMPLES, INPUTS])?;
    let targets: Vec<i64> = classes.iter().map(|&class| class as i64).collect();
    let targets: Tensor<1, Int> = Tensor::from_data(TensorData::from(targets.as_slice()), &device);
    let oracle = GaussNewton::new(SoftmaxCrossEntropy).solver(Solver::Cholesky).damping(DAMPING);
    let library = oracle.direction(&network, &layer, inputs, targets)?.vector().to_vec()?;

    for (name, range) in [("weight", 0..INPUTS * CLASSES), ("bias", INPUTS * CLASSES..ours.len())] {
        println!("{name}: {:.4?}", &ours[range]);
    }
    let largest = ours.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
    let error = ours.iter().zip(&library).fold(0.0f64, |error, (a, b)| error.max((a - b).abs())) / largest;
    println!("from scratch and by the library: {error:.1e} apart");
    assert!(error < 1e-12);
    Ok(())
}
