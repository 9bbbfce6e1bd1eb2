//! The kernels beside Burn's operations on the same arrays: `cargo bench -p dualgn --bench kernels`.
//!
//! Elementwise functions with their slopes, matrix products in the layouts that derivative products need, convolutions and
//! pools. `peers/kernels_jax.py` times the same in XLA. Milliseconds, medians.

// The kernels are private; the program has a copy of them and of what they stand on.
#[allow(dead_code, unreachable_pub, unused_imports, reason = "the library uses the rest")]
#[path = "../crates/dualgn/src/error/mod.rs"]
mod error;
#[allow(dead_code, unused_imports, reason = "the library uses the rest")]
#[path = "../crates/dualgn/src/kernels/mod.rs"]
mod kernels;
mod median;
#[allow(dead_code, unused_imports, reason = "the library uses the rest")]
#[path = "../crates/dualgn/src/tensor/mod.rs"]
mod tensor;

use burn::backend::Dispatch;
use burn::backend::ops::{ConvOptions, ModuleOps};
use burn::tensor::{DType, Device, Distribution, IndexingUpdateOp, Int, IntDType, Tensor, activation};

use kernels::{Convolution, Function, SymmetricSum, Windows, on_workers, outer, product, put};
use median::{median, median_of};
use tensor::Array;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    on_workers(&Device::default(), || {
        functions();
        products();
        images();
    });
}

fn line(name: &str, ours: f64, burn: f64) {
    println!("{name:44} {ours:9.3} {burn:9.3} {:9.2}", ours / burn);
}

fn head(title: &str) {
    println!("\n{title:44} {:>9} {:>9} {:>9}", "ours", "Burn", "ratio");
}

/// A million numbers. Burn's slope is what its autodiff computes of the value: `1 - y²` and the like.
fn functions() {
    for dtype in [DType::F32, DType::F64] {
        head(&format!("{dtype:?}, 1024 × 1024"));
        let options = (&Device::default(), dtype);
        let x = Tensor::<2>::random([1024, 1024], Distribution::Normal(0.0, 1.0), options);
        type Burn = fn(Tensor<2>) -> Tensor<2>;
        let cases: [(&str, Function, Burn); 7] = [
            ("exp", Function::Exp, Tensor::exp),
            ("tanh", Function::Tanh, Tensor::tanh),
            ("sigmoid", Function::Sigmoid, activation::sigmoid),
            ("sin", Function::Sin, Tensor::sin),
            ("cos", Function::Cos, Tensor::cos),
            ("erf", Function::Erf, Tensor::erf),
            ("gelu", Function::Gelu, activation::gelu),
        ];
        for (name, function, burn) in cases {
            // Arrays that nobody shares, as activations mostly are: both may write where they read.
            let own = || x.clone() + 0.0;
            let theirs = median_of(own, burn);
            let array = || Array::from_tensor(own());
            line(name, median_of(array, |x| function.value(x)), theirs);
            let both = median_of(array, |x| function.value_and_slope(x));
            line(&format!("{name} and its slope; Burn: the value"), both, theirs);
        }
    }
}

fn products() {
    head("products of matrices, f32: rows, inner, columns");
    let device = Device::default();
    for (m, n) in [(64, 784), (64, 1024), (128, 1024), (128, 2048), (640, 1024), (256, 128)] {
        let c = if n == 784 { 1024 } else { n };
        let layouts = [("A B", m, n, c, false, false), ("A Bᵀ", m, c, n, false, true), ("Aᵀ B", n, m, c, true, false)];
        for (name, rows, inner, columns, left, right) in layouts {
            let matrix = |transposed: bool, a: usize, b: usize| {
                let t = Tensor::<2>::random(if transposed { [b, a] } else { [a, b] }, Distribution::Default, &device);
                if transposed { t.transpose() } else { t }
            };
            let (a, b) = (matrix(left, rows, inner), matrix(right, inner, columns));
            let arrays = || (Array::from_tensor(a.clone()), Array::from_tensor(b.clone()));
            let ours = median(|| {
                let (a, b) = arrays();
                product(a, b)
            });
            let theirs = median(|| a.clone().matmul(b.clone()));
            let rate = 2e-6 * (rows * inner * columns) as f64 / ours;
            line(&format!("{name}  {rows} × {inner} × {columns}, {rate:.0} GFLOP/s"), ours, theirs);
        }
    }
    let large = Tensor::<2>::random([2048, 2048], Distribution::Default, &device);
    let sum = median(|| large.clone() + large.clone());
    println!("A + A  2048 × 2048: {:.1} GB/s, read and written", 3.0 * 4.0 * 2048.0 * 2048.0 / sum * 1e-6);
    let rows = Tensor::<2>::random([640, 1024], Distribution::Default, &device);
    let ours = median(|| outer(Array::from_tensor(rows.clone())));
    line("R Rᵀ  640 × 1024", ours, median(|| rows.clone().matmul(rows.clone().transpose())));
    for (m, k, width) in [(64, 9, 1024), (64, 10, 1024), (128, 9, 1024), (256, 1, 128)] {
        let n = m * k;
        let rows = Tensor::<2>::random([n, width], Distribution::Default, &device);
        let weights = Tensor::<2>::random([m, m], Distribution::Default, &device);
        let ours = median(|| {
            let mut sum = SymmetricSum::new(n, DType::F32, device.clone());
            sum.add_weighted_outer(Array::from_tensor(rows.clone()), Array::from_tensor(weights.clone()));
            sum.finish()
        });
        let theirs = median(|| {
            let product = rows.clone().matmul(rows.clone().transpose()).reshape([m, k, m, k]);
            (product * weights.clone().reshape([m, 1, m, 1])).reshape([n, n])
        });
        let rate = 1e-6 * (n * n * width) as f64 / ours;
        line(&format!("(R Rᵀ) ⊙ W  {n} × {width}, {rate:.0} GFLOP/s"), ours, theirs);
    }
}

/// The convolutions and pools of the convolutional workload, 64 images.
fn images() {
    head("64 images, f32");
    let device = Device::default();
    let random = |shape: [usize; 4]| Array::from_tensor(Tensor::<4>::random(shape, Distribution::Default, &device));
    for (name, x, weight, padding) in [
        ("1 to 6 channels, 28 × 28", [64, 1, 28, 28], [6, 1, 5, 5], 2),
        ("6 to 16 channels, 14 × 14", [64, 6, 14, 14], [16, 6, 5, 5], 0),
    ] {
        let options = ConvOptions::new([1, 1], [padding; 2], [1, 1], 1);
        let convolution = Convolution::new(&x, &weight, &options).expect("in one group");
        let (x, weight) = (random(x), random(weight));
        let y = convolution.value(&x, &weight, None).expect("on the host");
        let burn = |array: &Array| array.clone().into_dispatch();
        line(
            &format!("convolution, {name}"),
            median(|| convolution.value(&x, &weight, None)),
            median(|| Dispatch::conv2d(burn(&x), burn(&weight), None, options.clone())),
        );
        line(
            "  its transpose by the images",
            median(|| convolution.transpose_input(&weight, &y)),
            median(|| Dispatch::conv2d_x_backward(burn(&x), burn(&weight), burn(&y), options.clone())),
        );
        line(
            "  its transpose by the weights",
            median(|| convolution.transpose_weight(&x, &y)),
            median(|| Dispatch::conv2d_weight_backward(burn(&x), burn(&weight), burn(&y), options.clone())),
        );
        let windows = Windows { kernel: [2; 2], stride: [2; 2], padding: [0; 2], dilation: [1; 2] };
        let (maxima, places) = windows.maxima(&y).expect("on the host");
        let pool = || Dispatch::max_pool2d_with_indices(burn(&y), [2; 2], [2; 2], [0; 2], [1; 2], false, IntDType::I64);
        line("  maxima of 2 × 2 windows", median(|| windows.maxima(&y)), median(pool));
        let shape = y.shape();
        let plane = shape[2] * shape[3];
        let at = Tensor::<3, Int>::from_dispatch(places.clone().into_dispatch()).cast(IntDType::I64);
        let values = maxima.clone().reshape(&places.shape()).into_tensor::<3>();
        let zeros = [shape[0], shape[1], plane];
        line(
            "  their transpose",
            median(|| put(&maxima, &places, plane)),
            median(|| Tensor::<3>::zeros(zeros, &device).scatter(2, at.clone(), values.clone(), IndexingUpdateOp::Add)),
        );
    }
}
