//! What formulas combine numbers by: [`Function`], [`Arithmetic`], [`Pair`], [`Comparison`], [`Connective`], and the calls that are
//! more than functions of numbers, [`Call`].

use std::ops::RangeInclusive;

use strum::{EnumString, IntoStaticStr, VariantArray};

/// A function of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Function {
    Sin,
    Cos,
    Tan,
    Asin,
    Acos,
    Atan,
    Sinh,
    Cosh,
    Tanh,
    Asinh,
    Acosh,
    Atanh,
    Exp,
    #[strum(to_string = "log", serialize = "ln")]
    Log,
    Log10,
    Sqrt,
    Abs,
    /// 0 at 0.
    Sign,
    /// 0 below 0, and 1 from there on.
    #[strum(to_string = "step", serialize = "heaviside")]
    Step,
    Erf,
}

impl Function {
    /// Returns its name in formulas.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns its value.
    pub(crate) fn of(self, x: f64) -> f64 {
        match self {
            Self::Sin => x.sin(),
            Self::Cos => x.cos(),
            Self::Tan => x.tan(),
            Self::Asin => x.asin(),
            Self::Acos => x.acos(),
            Self::Atan => x.atan(),
            Self::Sinh => x.sinh(),
            Self::Cosh => x.cosh(),
            Self::Tanh => x.tanh(),
            Self::Asinh => x.asinh(),
            Self::Acosh => x.acosh(),
            Self::Atanh => x.atanh(),
            Self::Exp => x.exp(),
            Self::Log => x.ln(),
            Self::Log10 => x.log10(),
            Self::Sqrt => x.sqrt(),
            Self::Abs => x.abs(),
            // `signum` of zero is one.
            Self::Sign if x == 0.0 => 0.0,
            Self::Sign => x.signum(),
            Self::Step => f64::from(x >= 0.0),
            Self::Erf => libm::erf(x),
        }
    }
}

/// An operation with a sign of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, VariantArray)]
pub(crate) enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

impl Arithmetic {
    /// Returns its value.
    pub(crate) fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Add => a + b,
            Self::Subtract => a - b,
            Self::Multiply => a * b,
            Self::Divide => a / b,
            Self::Power => a.powf(b),
        }
    }
}

/// A function of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, VariantArray)]
pub(crate) enum Pair {
    Minimum,
    Maximum,
    /// The angle of the point (second, first).
    Atan2,
}

impl Pair {
    /// Returns its value.
    pub(crate) fn of(self, a: f64, b: f64) -> f64 {
        match self {
            Self::Minimum => a.min(b),
            Self::Maximum => a.max(b),
            Self::Atan2 => a.atan2(b),
        }
    }
}

/// A comparison of two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, VariantArray)]
pub(crate) enum Comparison {
    Less,
    AtMost,
    Greater,
    AtLeast,
    Equal,
    NotEqual,
}

impl Comparison {
    /// Returns how it is written.
    pub(crate) fn symbol(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    /// Whether it holds.
    pub(crate) fn holds(self, a: f64, b: f64) -> bool {
        match self {
            Self::Less => a < b,
            Self::AtMost => a <= b,
            Self::Greater => a > b,
            Self::AtLeast => a >= b,
            Self::Equal => a == b,
            Self::NotEqual => a != b,
        }
    }
}

/// What joins two truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, VariantArray)]
pub(crate) enum Connective {
    And,
    Or,
}

impl Connective {
    /// Returns the truth of the whole.
    pub(crate) fn of(self, a: bool, b: bool) -> bool {
        match self {
            Self::And => a && b,
            Self::Or => a || b,
        }
    }

    /// Returns how it is written.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::And => "and",
            Self::Or => "or",
        }
    }
}

/// What is called like a function and is none of one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "lowercase")]
pub(crate) enum Call {
    #[strum(serialize = "min")]
    Minimum,
    #[strum(serialize = "max")]
    Maximum,
    Atan2,
    If,
    #[strum(serialize = "d")]
    Derivative,
    #[strum(serialize = "grad")]
    Gradient,
    #[strum(serialize = "div")]
    Divergence,
    Curl,
    #[strum(serialize = "lap")]
    Laplacian,
    Dot,
    Norm,
    Integral,
}

impl Call {
    /// Returns its name in formulas.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns how many arguments it takes.
    pub(crate) fn arity(self) -> RangeInclusive<usize> {
        match self {
            Self::Minimum | Self::Maximum | Self::Derivative => 2..=usize::MAX,
            Self::Atan2 | Self::Dot => 2..=2,
            Self::If => 3..=3,
            Self::Integral => 4..=4,
            Self::Gradient | Self::Divergence | Self::Curl | Self::Laplacian | Self::Norm => 1..=1,
        }
    }
}

/// Returns the names of all that can be called.
pub(crate) fn callable() -> impl Iterator<Item = &'static str> {
    let functions = Function::VARIANTS.iter().map(|function| function.name());
    functions.chain(Call::VARIANTS.iter().map(|call| call.name()))
}

/// Whether a name can be called.
pub(crate) fn is_callable(name: &str) -> bool {
    name.parse::<Function>().is_ok() || name.parse::<Call>().is_ok()
}
