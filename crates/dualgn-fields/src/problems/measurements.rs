//! The measurements of the problem `diffusivity`.

use std::f64::consts::PI;

use crate::equations::Table;
use crate::geometry::Generator;

/// The diffusivity that is to be found.
pub(super) const DIFFUSIVITY: f64 = 0.3;
/// Deviation of the measurements.
const NOISE: f64 = 0.01;
/// How many there are.
const COUNT: usize = 300;

/// The solution.
pub(super) fn cooling(x: &[f64]) -> f64 {
    (-DIFFUSIVITY * PI * PI * x[1]).exp() * (PI * x[0]).sin()
}

/// Measurements at random places and times, with the errors of a seed.
pub(super) fn measurements(seed: u64) -> Table {
    let mut random = Generator::new(seed, 0);
    let rows = (0..COUNT).flat_map(|_| {
        let x = [random.uniform(), random.uniform()];
        [x[0], x[1], cooling(&x) + NOISE * random.normal()]
    });
    let columns = ["x", "t", "u"].map(String::from).to_vec();
    Table { file: "diffusivity.csv".into(), columns, numbers: rows.collect() }
}
