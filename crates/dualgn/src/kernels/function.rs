//! [`Function`]: elementwise functions of an array on the host, with their derivatives.

use burn::tensor::{Element, TensorData};
use pulp::Arch;
use rayon::prelude::*;

use super::error::erf;
use super::exponential::{exp, sigmoid, tanh};
use super::real::Real;
use super::sine::sine_cosine;
use super::{host_tensor, is_on_host, with_float};
use crate::tensor::Array;

/// A function with a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Cos,
    Erf,
    Exp,
    /// `x Φ(x)`, with the distribution of the standard normal.
    Gelu,
    Sigmoid,
    Sin,
    Tanh,
}

/// Number of elements that one thread processes at a time, so that their values and slopes stay in its cache.
const CHUNK: usize = 4096;
/// Number of elements below which a second thread does not pay.
const PARALLEL: usize = 4 * CHUNK;

impl Function {
    /// Whether the kernels support an array.
    pub(crate) fn takes(x: &Array) -> bool {
        is_on_host(x)
    }

    /// `φ(x)` of an array that [`Function::takes`] accepts.
    pub(crate) fn value(self, x: Array) -> Array {
        let device = x.device();
        let mut value = own_data(x);
        with_float!(value.dtype(), self.fill(slice_mut::<T>(&mut value), None));
        Array::from_data(value, &device)
    }

    /// `φ(x)` and `φ'(x)` in one pass.
    pub(crate) fn value_and_slope(self, x: Array) -> (Array, Array) {
        let (device, shape) = (x.device(), x.shape());
        let mut value = own_data(x);
        let slope = with_float!(value.dtype(), {
            let values = slice_mut::<T>(&mut value);
            let mut slopes = vec![T::ZERO; values.len()];
            self.fill(values, Some(&mut slopes));
            TensorData::new(slopes, shape)
        });
        (Array::from_data(value, &device), Array::from_data(slope, &device))
    }

    /// Replaces the values by those of the function, and stores its slopes, in parallel if they are many.
    fn fill<T: Real>(self, values: &mut [T], slopes: Option<&mut [T]>) {
        let arch = Arch::new();
        if values.len() < PARALLEL {
            return self.evaluate(arch, values, slopes);
        }
        let values = values.par_chunks_mut(CHUNK);
        match slopes {
            None => values.for_each(|values| self.evaluate(arch, values, None)),
            Some(slopes) => {
                let both = values.zip(slopes.par_chunks_mut(CHUNK));
                both.for_each(|(values, slopes)| self.evaluate(arch, values, Some(slopes)));
            }
        }
    }

    fn evaluate<T: Real>(self, arch: Arch, values: &mut [T], slopes: Option<&mut [T]>) {
        // A closure that is not inlined would be compiled without vector instructions.
        macro_rules! map {
            (|$x:ident| $result:expr) => {
                map(
                    arch,
                    values,
                    slopes,
                    #[inline(always)]
                    |$x| $result,
                )
            };
        }
        match self {
            Function::Exp => map!(|x| {
                let y = exp(x);
                (y, y)
            }),
            Function::Tanh => map!(|x| {
                let y = tanh(x);
                (y, T::ONE - y * y)
            }),
            Function::Sigmoid => map!(|x| {
                let y = sigmoid(x);
                (y, y * (T::ONE - y))
            }),
            Function::Erf => map!(|x| (erf(x), T::FRAC_2_SQRT_PI * exp(-x * x))),
            Function::Gelu => map!(|x| {
                let distribution = T::HALF * (T::ONE + erf(x * T::FRAC_1_SQRT_2));
                let density = T::FRAC_1_SQRT_2PI * exp(-T::HALF * x * x);
                (x * distribution, distribution + x * density)
            }),
            Function::Sin | Function::Cos => {
                let is_sine = self == Function::Sin;
                // A comparison with NaN is false, and the kernel returns NaN for it.
                if values.iter().any(|x| x.magnitude() > T::SINE_RANGE) {
                    map!(|x| {
                        let (s, c) = x.exact_sine_cosine();
                        if is_sine { (s, c) } else { (c, -s) }
                    })
                } else if is_sine {
                    map!(|x| sine_cosine(x))
                } else {
                    map!(|x| {
                        let (s, c) = sine_cosine(x);
                        (c, -s)
                    })
                }
            }
        }
    }
}

/// The array's own memory if it is not shared, or a copy.
fn own_data(x: Array) -> TensorData {
    host_tensor(x).expect("on the host").into_data()
}

fn slice_mut<T: Element>(data: &mut TensorData) -> &mut [T] {
    data.as_mut_slice().expect("of this type")
}

/// Replaces each value by the first result of `f`, and stores the second.
#[inline(always)]
fn map<T: Real>(arch: Arch, values: &mut [T], slopes: Option<&mut [T]>, f: impl Fn(T) -> (T, T)) {
    match slopes {
        Some(slopes) => arch.dispatch(
            #[inline(always)]
            || {
                for (value, slope) in values.iter_mut().zip(slopes) {
                    (*value, *slope) = f(*value);
                }
            },
        ),
        None => arch.dispatch(
            #[inline(always)]
            || {
                for value in values {
                    *value = f(*value).0;
                }
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device};

    /// Arguments of both signs and all magnitudes up to `range`, tiny ones and the ends of intervals included.
    fn arguments(range: f64) -> Vec<f64> {
        let even = (-40_000..=40_000).map(|i| f64::from(i) / 40_000.0 * range);
        let powers = (0..2000).map(|i| range * 2f64.powf(-f64::from(i) / 20.0));
        even.chain(powers.clone()).chain(powers.map(|x| -x)).chain([0.0, -0.0, 1.0, -1.0]).collect()
    }

    /// The largest error in units in the last place of f32. The reference is the standard library's, in f64.
    fn worst_f32(function: Function, range: f64, floor: f64, exact: impl Fn(f64) -> f64) -> f64 {
        let x: Vec<f32> = arguments(range).into_iter().map(|x| x as f32).collect();
        let array = Array::from_data(TensorData::new(x.clone(), [x.len()]), &Device::flex());
        let y = function.value(array).to_f64().unwrap();
        let errors = x.iter().zip(y).map(|(&x, y)| {
            let exact = exact(f64::from(x));
            (y - exact).abs() / (exact.abs().max(floor) * f64::from(f32::EPSILON))
        });
        errors.fold(0.0, f64::max)
    }

    /// The same in f64, against references in f64, whose own error of up to one unit counts.
    fn worst_f64(function: Function, range: f64, floor: f64, exact: impl Fn(f64) -> f64) -> f64 {
        let x = arguments(range);
        let array = Array::from_data(TensorData::new(x.clone(), [x.len()]), &Device::flex());
        let y = function.value(array).to_f64().unwrap();
        let error = |(&x, y): (&f64, f64)| (y - exact(x)).abs() / (exact(x).abs().max(floor) * f64::EPSILON);
        x.iter().zip(y).map(error).fold(0.0, f64::max)
    }

    /// The logistic function without overflow.
    fn logistic(x: f64) -> f64 {
        if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) }
    }

    /// The error function by Burn, in f64; its own error is below one unit in `libm`.
    fn erf_by_burn(x: f64) -> f64 {
        Array::from_f64(&[x], &[1], DType::F64, &Device::flex()).erf().scalar().unwrap()
    }

    /// A unit in the last place is between half and all of `ε |y|`, so these are bounds of twice as many units at most.
    #[test]
    fn values_are_within_a_few_units_in_the_last_place() {
        let f32s = [
            worst_f32(Function::Exp, 87.0, 0.0, f64::exp),
            worst_f32(Function::Tanh, 20.0, 0.0, f64::tanh),
            worst_f32(Function::Sigmoid, 80.0, 0.0, logistic),
            worst_f32(Function::Sin, 4096.0, 1e-4, f64::sin),
            worst_f32(Function::Cos, 4096.0, 1e-4, f64::cos),
            worst_f32(Function::Sin, 0.7, 0.0, f64::sin),
            worst_f32(Function::Erf, 6.0, 0.0, erf_by_burn),
        ];
        println!("f32, exp tanh sigmoid sin cos sin erf: {f32s:.2?}");
        assert!(f32s.iter().all(|&error| error < 2.5), "{f32s:?}");
        let f64s = [
            worst_f64(Function::Exp, 700.0, 0.0, f64::exp),
            worst_f64(Function::Tanh, 30.0, 0.0, f64::tanh),
            worst_f64(Function::Sigmoid, 600.0, 0.0, logistic),
            worst_f64(Function::Sin, 9e5, 1e-9, f64::sin),
            worst_f64(Function::Cos, 9e5, 1e-9, f64::cos),
            worst_f64(Function::Sin, 0.7, 0.0, f64::sin),
            worst_f64(Function::Erf, 7.0, 0.0, erf_by_burn),
        ];
        println!("f64, exp tanh sigmoid sin cos sin erf: {f64s:.2?}");
        assert!(f64s.iter().all(|&error| error < 4.0), "{f64s:?}");
    }

    /// Beyond the range of the reduction the standard library computes the values; infinities and NaN have no sine.
    #[test]
    fn far_arguments_overflow_and_nan_are_as_in_the_standard_library() {
        let of = |function: Function, x: f64| {
            [DType::F32, DType::F64].map(|dtype| {
                let x = Array::from_f64(&[x], &[1], dtype, &Device::flex());
                function.value(x).scalar().unwrap()
            })
        };
        for function in [
            Function::Exp,
            Function::Tanh,
            Function::Sigmoid,
            Function::Sin,
            Function::Cos,
            Function::Erf,
            Function::Gelu,
        ] {
            assert!(of(function, f64::NAN).iter().all(|y| y.is_nan()), "{function:?}");
        }
        assert_eq!(of(Function::Exp, 1e4), [f64::INFINITY; 2]);
        assert_eq!(of(Function::Exp, -1e4), [0.0; 2]);
        assert_eq!(of(Function::Tanh, -1e30), [-1.0; 2]);
        assert_eq!(of(Function::Erf, 1e30), [1.0; 2]);
        assert_eq!(of(Function::Sigmoid, -1e4), [0.0; 2]);
        assert_eq!(of(Function::Sin, 1e9)[1], 1e9f64.sin());
        assert_eq!(of(Function::Cos, 1e7)[0], f64::from(1e7f32.cos()));
        assert!(of(Function::Sin, f64::INFINITY).iter().all(|y| y.is_nan()));
    }

    /// Slopes against central differences of the values in f64; and a view, a shared array and long ones in parallel.
    #[test]
    fn slopes_are_the_derivatives_of_the_values_wherever_the_array_lies() {
        let n = 3 * PARALLEL + 5;
        let x: Vec<f64> = (0..n).map(|i| (i as f64 * 0.37).sin() * 4.0).collect();
        let step = 1e-5;
        for function in [
            Function::Exp,
            Function::Tanh,
            Function::Sigmoid,
            Function::Sin,
            Function::Cos,
            Function::Erf,
            Function::Gelu,
        ] {
            let of = |x: Vec<f64>| {
                let length = x.len();
                function.value_and_slope(Array::from_f64(&x, &[length], DType::F64, &Device::flex()))
            };
            let (value, slope) = of(x.clone());
            let moved = |by: f64| of(x.iter().map(|x| x + by).collect()).0.to_f64().unwrap();
            let differences = moved(step).into_iter().zip(moved(-step)).map(|(a, b)| (a - b) / (2.0 * step));
            let worst = slope.to_f64().unwrap().iter().zip(differences).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            // The third derivatives of exp and of the rest at |x| ≤ 4, times step²/6, and rounding 1e-16 e⁴ / step.
            assert!(worst < 2e-9, "{function:?}: {worst}");

            let all = Array::from_f64(&x, &[n], DType::F64, &Device::flex());
            let part = function.value(all.clone().narrow(0, 7, 107)).to_f64().unwrap();
            assert_eq!(part, value.to_f64().unwrap()[7..107]);
            assert_eq!(all.to_f64().unwrap(), x, "{function:?} changed an array that others share");
        }
    }
}
