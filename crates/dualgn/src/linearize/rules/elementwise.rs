//! Elementwise operations `y = φ(x)`.
//!
//! All of them work alike: the derivative `φ'(x)` is kept, and both products multiply by it. Relu keeps its output
//! instead, whose sign is its derivative, since Burn has a product for this.
//!
//! | operation | `φ'` | at the kink |
//! |---|---|---|
//! | abs, relu, leaky relu, clamp | piecewise constant | relu: 0 at 0; leaky relu: 1 at 0; abs: 0 at 0; clamp: 1 on the edges |
//! | tanh, tan, sigmoid, exp, sqrt, recip | from `y` | smooth |
//! | sin, cos, sinh, cosh, erf, gelu, log, log1p, log-sigmoid, powers, the inverse functions | from `x` | smooth |
//! | scalar sum, product, negation, remainder | constant | the remainder jumps, and its derivative is 1 on both sides |
//!
//! The batch axis is kept. Shapes of `x` and `y` are equal. GELU is exact, by the error function, as in Burn.

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI};

use super::{Kept, Rule, Saved, total};
use crate::kernels::Function;
use crate::tensor::Array;
use crate::trace::Unary;

impl Rule for Unary {
    fn value(&self, mut inputs: Vec<Array>) -> Array {
        let x = inputs.remove(0);
        match self.kernel(&x) {
            Some(kernel) => kernel.value(x),
            None => self.apply(x),
        }
    }

    fn evaluate(&self, mut inputs: Vec<Array>, _active: &[bool]) -> (Array, Saved) {
        let x = inputs.remove(0);
        if self.slope().is_some() {
            return (self.apply(x), vec![]);
        }
        if *self == Unary::Relu {
            let y = x.relu();
            return (y.clone(), vec![Some(y.lift())]);
        }
        if let Some(kernel) = self.kernel(&x) {
            let (y, slope) = kernel.value_and_slope(x);
            return (y, vec![Some(slope.lift())]);
        }
        if let Some(derivative) = self.derivative_by_input(&x) {
            return (self.apply(x), vec![Some(derivative.lift())]);
        }
        let y = self.apply(x);
        let derivative = self.derivative_by_output(y.clone());
        (y, vec![Some(derivative.lift())])
    }

    fn jvp(&self, kept: &Kept, tangents: &[Option<Array>]) -> Array {
        self.multiply(kept, total(tangents.iter().cloned()))
    }

    fn vjp(&self, kept: &Kept, cotangent: Array, wanted: &[bool]) -> Vec<Option<Array>> {
        debug_assert!(wanted[0]);
        vec![Some(self.multiply(kept, cotangent))]
    }
}

impl Unary {
    /// The kernel that computes the value and the derivative for an array like `x`, if there is one: on the CPU, where
    /// Burn's own operations are slow.
    fn kernel(&self, x: &Array) -> Option<Function> {
        if !Function::takes(x) {
            return None;
        }
        Some(match self {
            Unary::Cos => Function::Cos,
            Unary::Erf => Function::Erf,
            Unary::Exp => Function::Exp,
            Unary::Gelu => Function::Gelu,
            Unary::Sigmoid => Function::Sigmoid,
            Unary::Sin => Function::Sin,
            Unary::Tanh => Function::Tanh,
            _ => return None,
        })
    }

    fn apply(&self, x: Array) -> Array {
        match *self {
            Unary::Abs => x.abs(),
            Unary::Acos => x.acos(),
            Unary::Acosh => x.acosh(),
            Unary::Asin => x.asin(),
            Unary::Asinh => x.asinh(),
            Unary::Atan => x.atan(),
            Unary::Atanh => x.atanh(),
            Unary::AddScalar(value) => x.add_scalar(value),
            Unary::Clamp(min, max) => x.clamp(min, max),
            Unary::Cos => x.cos(),
            Unary::Cosh => x.cosh(),
            Unary::DivScalar(value) => x.div_scalar(value),
            Unary::Erf => x.erf(),
            Unary::Exp => x.exp(),
            Unary::Gelu => x.gelu(),
            Unary::LeakyRelu(slope) => x.leaky_relu(slope),
            Unary::Log => x.log(),
            Unary::Log1p => x.log1p(),
            Unary::LogSigmoid => x.log_sigmoid(),
            Unary::MulScalar(value) => x.scale(value),
            Unary::Neg => x.neg(),
            Unary::PowScalar(exponent) => x.pow_scalar(exponent),
            Unary::Recip => x.recip(),
            Unary::Relu => x.relu(),
            Unary::RemScalar(divisor) => x.rem_scalar(divisor),
            Unary::Sigmoid => x.sigmoid(),
            Unary::Sin => x.sin(),
            Unary::Sinh => x.sinh(),
            Unary::Tan => x.tan(),
            Unary::Sqrt => x.sqrt(),
            Unary::Tanh => x.tanh(),
        }
    }

    /// The derivative, if it is constant.
    fn slope(&self) -> Option<f64> {
        match *self {
            Unary::AddScalar(_) | Unary::RemScalar(_) => Some(1.0),
            Unary::MulScalar(value) => Some(value),
            Unary::DivScalar(value) => Some(1.0 / value),
            Unary::Neg => Some(-1.0),
            _ => None,
        }
    }

    /// The derivative at `x`, for functions that are piecewise linear or compute it from the input.
    pub(super) fn slope_at(&self, x: &Array) -> Array {
        match self {
            Unary::Relu => x.clone().relu().sign(),
            _ => self.derivative_by_input(x).expect("from the input"),
        }
    }

    fn multiply(&self, kept: &Kept, vector: Array) -> Array {
        match self.slope() {
            Some(1.0) => vector,
            Some(slope) => vector.scale(slope),
            None if *self == Unary::Relu => {
                let output = kept.array(0).clone().expand(&vector.shape());
                vector.where_positive(output)
            }
            None => vector.mul(kept.array(0).clone()),
        }
    }

    /// `φ'(x)` from `x`, for functions for which this is accurate.
    fn derivative_by_input(&self, x: &Array) -> Option<Array> {
        let x = || x.clone();
        Some(match *self {
            Unary::Abs => x().sign(),
            // (1 - x)(1 + x) keeps its digits where 1 - x² would cancel.
            Unary::Acos => one_minus_square(x()).sqrt().recip().neg(),
            Unary::Asin => one_minus_square(x()).sqrt().recip(),
            Unary::Acosh => x().add_scalar(-1.0).sqrt().mul(x().add_scalar(1.0).sqrt()).recip(),
            Unary::Asinh => x().mul(x()).add_scalar(1.0).sqrt().recip(),
            Unary::Atan => x().mul(x()).add_scalar(1.0).recip(),
            Unary::Atanh => one_minus_square(x()).recip(),
            // 1 between the bounds and on them.
            Unary::Clamp(min, max) => x().clamp(min, max).sub(x()).zero_marks(),
            Unary::Cos => x().sin().neg(),
            Unary::Cosh => x().sinh(),
            Unary::Erf => gaussian(x(), 1.0).scale(FRAC_2_SQRT_PI),
            // Φ(x) + x φ(x), with the distribution and density of the standard normal.
            Unary::Gelu => {
                let distribution = x().scale(FRAC_1_SQRT_2).erf().add_scalar(1.0).scale(0.5);
                let density = gaussian(x(), 0.5).scale(0.5 * FRAC_2_SQRT_PI * FRAC_1_SQRT_2);
                distribution.add(x().mul(density))
            }
            // 1 for x ≥ 0, the slope below: sign(x) is -1, 0 or 1, and its negative part marks the lower half.
            Unary::LeakyRelu(slope) => x().sign().clamp(-1.0, 0.0).scale(1.0 - slope).add_scalar(1.0),
            Unary::Log => x().recip(),
            Unary::Log1p => x().add_scalar(1.0).recip(),
            Unary::LogSigmoid => x().neg().sigmoid(),
            Unary::PowScalar(exponent) => x().pow_scalar(exponent - 1.0).scale(exponent),
            Unary::Sin => x().cos(),
            Unary::Sinh => x().cosh(),
            _ => return None,
        })
    }

    /// `φ'(x)` from `y = φ(x)`.
    fn derivative_by_output(&self, y: Array) -> Array {
        match *self {
            Unary::Exp => y,
            Unary::Recip => y.clone().mul(y).neg(),
            Unary::Sigmoid => y.clone().mul(y.neg().add_scalar(1.0)),
            Unary::Sqrt => y.recip().scale(0.5),
            Unary::Tan => y.clone().mul(y).add_scalar(1.0),
            Unary::Tanh => y.clone().mul(y).neg().add_scalar(1.0),
            other => unreachable!("{other:?} has its derivative from the input"),
        }
    }
}

/// `(1 - x)(1 + x)`.
fn one_minus_square(x: Array) -> Array {
    x.clone().neg().add_scalar(1.0).mul(x.add_scalar(1.0))
}

/// `exp(-c x²)`.
fn gaussian(x: Array, c: f64) -> Array {
    x.clone().mul(x).scale(-c).exp()
}
