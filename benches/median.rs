//! Median times of calls: shared by the benchmarks of directions and of kernels.

use std::hint::black_box;
use std::time::Instant;

const WARMING: usize = 5;
const CALLS: usize = 41;

/// Returns the median time of a call of `run`, in milliseconds.
pub(crate) fn median<T>(mut run: impl FnMut() -> T) -> f64 {
    median_of(|| (), |()| run())
}

/// Returns the median time of a call of `run`, in milliseconds, on inputs that are made outside of the time.
pub(crate) fn median_of<I, T>(mut make: impl FnMut() -> I, mut run: impl FnMut(I) -> T) -> f64 {
    for _ in 0..WARMING {
        black_box(run(make()));
    }
    let mut times: Vec<f64> = (0..CALLS)
        .map(|_| {
            let input = make();
            let start = Instant::now();
            black_box(run(input));
            start.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[CALLS / 2]
}
