//! Matrix products in the layouts that derivative products need, by Burn and by `faer`: `cargo bench -p dualgn --bench kernels`.

use std::hint::black_box;
use std::time::Instant;

use burn::tensor::{Device, Distribution, Tensor};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn median(mut run: impl FnMut()) -> f64 {
    for _ in 0..3 {
        run();
    }
    let mut times: Vec<f64> = (0..25)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[12]
}

fn main() {
    rayon::scope(|_| run());
}

fn run() {
    let device = Device::default();
    println!("product          rows  inner  columns   Burn ms  GFLOP/s   faer ms  GFLOP/s");
    for (m, n) in [(64, 784), (64, 1024), (128, 1024), (128, 2048), (640, 1024), (256, 128)] {
        let c = if n == 784 { 1024 } else { n };
        for (name, rows, inner, columns, left, right) in
            [("A B", m, n, c, false, false), ("A Bᵀ", m, c, n, false, true), ("Aᵀ B", n, m, c, true, false)]
        {
            let shape = |transposed: bool, a: usize, b: usize| if transposed { [b, a] } else { [a, b] };
            let a = Tensor::<2>::random(shape(left, rows, inner), Distribution::Default, &device);
            let b = Tensor::<2>::random(shape(right, inner, columns), Distribution::Default, &device);
            let view = |t: &Tensor<2>, transposed: bool| if transposed { t.clone().transpose() } else { t.clone() };
            let burn = median(|| {
                black_box(view(&a, left).matmul(view(&b, right)));
            });
            let (av, bv) =
                (a.to_data().try_to_vec::<f32>().expect("f32"), b.to_data().try_to_vec::<f32>().expect("f32"));
            let mat = |data, transposed, a, b| {
                if transposed {
                    MatRef::from_row_major_slice(data, b, a).transpose()
                } else {
                    MatRef::from_row_major_slice(data, a, b)
                }
            };
            let faer = median(|| {
                let mut out = vec![0.0f32; rows * columns];
                matmul(
                    MatMut::from_row_major_slice_mut(&mut out, rows, columns),
                    Accum::Replace,
                    mat(&av[..], left, rows, inner),
                    mat(&bv[..], right, inner, columns),
                    1.0,
                    Par::rayon(0),
                );
                black_box(out);
            });
            let rate = |ms: f64| 2e-6 * (rows * inner * columns) as f64 / ms;
            println!(
                "{name:14} {rows:6} {inner:6} {columns:8}  {burn:8.3} {:8.1}  {faer:8.3} {:8.1}",
                rate(burn),
                rate(faer)
            );
        }
    }
}
