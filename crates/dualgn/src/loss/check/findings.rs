//! The results of a check, in readable form.

use std::fmt;

/// The result of [`check_loss`](crate::loss::check_loss): for each test that failed, the example where it failed worst.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LossCheck {
    /// The failed tests.
    pub inconsistencies: Vec<Inconsistency>,
}

impl LossCheck {
    /// Checks whether every test passed.
    pub fn is_consistent(&self) -> bool {
        self.inconsistencies.is_empty()
    }
}

impl fmt::Display for LossCheck {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_consistent() {
            return formatter.write_str("consistent");
        }
        for (index, inconsistency) in self.inconsistencies.iter().enumerate() {
            let start = if index == 0 { "" } else { "\n" };
            write!(formatter, "{start}{inconsistency}")?;
        }
        Ok(())
    }
}

/// A test that a loss failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Inconsistency {
    /// The property at fault: `"shape"`, `"value"`, `"convexity"`, `"gradient"`, `"curvature"`, `"conjugate"`,
    /// `"domain"`, `"shift invariance"`, `"dual update"` or `"margin"`.
    pub what: &'static str,
    /// The quantity that was tested, in words.
    pub quantity: &'static str,
    /// Index of the example.
    pub example: usize,
    /// The value found.
    pub found: f64,
    /// The expected value; a lower or upper bound where [`quantity`](Self::quantity) is bounded from one side.
    pub wanted: f64,
    /// The allowed deviation from the expected value.
    pub tolerance: f64,
    relation: Relation,
}

impl fmt::Display for Inconsistency {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, quantity, example, found, wanted, tolerance, relation } = self;
        let relation = match relation {
            Relation::Equal => "",
            Relation::AtLeast => "at least ",
            Relation::AtMost => "at most ",
        };
        write!(formatter, "{what}, example {example}: {quantity} is {found:.6e} and should be {relation}{wanted:.6e}")?;
        if *tolerance > 0.0 { write!(formatter, ", within {tolerance:.0e}") } else { Ok(()) }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Relation {
    Equal,
    AtLeast,
    AtMost,
}

/// One test of many numbers: the property of the loss and the quantity that it tests, in words.
#[derive(Clone, Copy)]
pub(super) struct Test {
    pub what: &'static str,
    pub quantity: &'static str,
    pub relation: Relation,
}

/// The worst failure of each test.
#[derive(Default)]
pub(super) struct Findings(Vec<(f64, Inconsistency)>);

impl Findings {
    /// Records a number that fails the test, and returns whether it passes.
    pub(super) fn hold(&mut self, test: Test, example: usize, found: f64, wanted: f64, tolerance: f64) -> bool {
        let Test { what, quantity, relation } = test;
        let excess = match relation {
            _ if found == wanted => 0.0,
            Relation::Equal => (found - wanted).abs(),
            Relation::AtLeast => wanted - found,
            Relation::AtMost => found - wanted,
        };
        if excess <= tolerance {
            return true;
        }
        // NaN is the worst failure.
        let severity = if excess.is_nan() { f64::INFINITY } else { excess / tolerance.max(f64::MIN_POSITIVE) };
        let new = Inconsistency { what, quantity, example, found, wanted, tolerance, relation };
        match self.0.iter_mut().find(|(_, known)| known.what == what && known.quantity == quantity) {
            Some(known) if severity > known.0 => *known = (severity, new),
            Some(_) => {}
            None => self.0.push((severity, new)),
        }
        false
    }

    /// Whether every test passed so far.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn report(self) -> LossCheck {
        LossCheck { inconsistencies: self.0.into_iter().map(|(_, inconsistency)| inconsistency).collect() }
    }
}
