//! Tests of the conjugate, of its domain and of the dual update.

use super::TOLERANCE;
use super::findings::{Findings, Relation, Test};
use super::subject::{Point, Random, Subject, plus, size};
use crate::error::Error;
use crate::loss::ConvexLoss;

/// The violation above which a point must be detected as outside; smaller ones take too long to prove.
const CLEARLY_OUTSIDE: f64 = 0.05;

/// The rise of `⟨α, z⟩ - ℓ(z)`, relative to its start, that counts as unbounded. With the steps below it rises at least
/// thousands of times as much if it rises at the rate of the least clear violation.
const UNBOUNDED: f64 = 1e2;

/// Checks the Fenchel-Young inequality between points and gradients, and between points and means of two gradients.
pub(super) fn conjugate<L: ConvexLoss>(
    subject: &Subject<'_, L>,
    points: &[Point],
    random: &mut Random,
    findings: &mut Findings,
) -> Result<(), Error> {
    const INSIDE: Test = Test {
        what: "domain",
        quantity: "the violation of a gradient, or of a mean of two",
        relation: Relation::AtMost,
    };
    const CHORD: Test =
        Test { what: "conjugate", quantity: "ℓ* between two gradients beside its mean", relation: Relation::AtMost };
    let shares: Vec<f64> = points.windows(2).map(|_| 0.5 + 0.5 * random.draw()).collect();
    let duals = duals(subject, points, &shares)?;
    for (index, dual) in duals.iter().enumerate() {
        for i in 0..subject.examples {
            let largest = size(subject.row(&dual.at, i));
            // Points so far out that the loss overflows are not informative.
            if !largest.is_finite() {
                continue;
            }
            if !findings.hold(INSIDE, i, dual.violation[i], 0.0, TOLERANCE * (1.0 + largest)) {
                continue;
            }
            dual.pair_with(points, index, i, findings);
            if let Some(pair) = index.checked_sub(points.len()) {
                let (a, b) = (duals[pair].conjugate[i], duals[pair + 1].conjugate[i]);
                let mean = a + shares[pair] * (b - a);
                findings.hold(CHORD, i, dual.conjugate[i], mean, TOLERANCE * (1.0 + a.abs() + b.abs()));
            }
        }
    }
    Ok(())
}

/// A dual point that should be in the domain.
struct Dual {
    at: Vec<f64>,
    /// `ℓ*(α)`.
    conjugate: Vec<f64>,
    violation: Vec<f64>,
    /// `⟨α, f⟩` for each point `f`.
    pairings: Vec<Vec<f64>>,
}

/// The gradients at the points, then a mean of each and its successor with the given share of the latter.
fn duals<L: ConvexLoss>(subject: &Subject<'_, L>, points: &[Point], shares: &[f64]) -> Result<Vec<Dual>, Error> {
    let gradients = points.iter().map(|point| point.gradient.clone());
    let means = points.windows(2).zip(shares).map(|(pair, &share)| {
        let step = plus(&pair[1].gradient, -1.0, &pair[0].gradient);
        plus(&pair[0].gradient, share, &step)
    });
    let dual = |at: Vec<f64>| -> Result<Dual, Error> {
        Ok(Dual {
            conjugate: subject.conjugate(&at)?,
            violation: subject.violation(&at)?,
            pairings: points.iter().map(|point| subject.products(&at, &point.at)).collect(),
            at,
        })
    };
    gradients.chain(means).map(dual).collect()
}

impl Dual {
    /// Checks the Fenchel-Young inequality of one example at all points. It is an equality at the point `own`, whose
    /// gradient this is.
    fn pair_with(&self, points: &[Point], own: usize, example: usize, findings: &mut Findings) {
        const EQUALITY: Test = Test {
            what: "conjugate",
            quantity: "ℓ(f) + ℓ*(α) - ⟨α, f⟩ with α the gradient at f",
            relation: Relation::Equal,
        };
        const INEQUALITY: Test = Test {
            what: "conjugate",
            quantity: "ℓ(f) + ℓ*(α) - ⟨α, f⟩ with α a gradient elsewhere, or a mean of two",
            relation: Relation::AtLeast,
        };
        let conjugate = self.conjugate[example];
        for (other, (point, pairing)) in points.iter().zip(&self.pairings).enumerate() {
            let (value, pairing) = (point.value[example], pairing[example]);
            if !value.is_finite() {
                continue;
            }
            let tolerance = TOLERANCE * (1.0 + value.abs() + conjugate.abs() + pairing.abs());
            let test = if other == own { EQUALITY } else { INEQUALITY };
            findings.hold(test, example, value + conjugate - pairing, 0.0, tolerance);
        }
    }
}

/// Checks at random dual points that `⟨α, z⟩ - ℓ(z)` is bounded by `ℓ*(α)` inside the domain and unbounded outside.
pub(super) fn domain<L: ConvexLoss>(
    subject: &Subject<'_, L>,
    points: &[Point],
    random: &mut Random,
    findings: &mut Findings,
) -> Result<(), Error> {
    const BOUND: Test = Test {
        what: "domain",
        quantity: "⟨α, z⟩ - ℓ(z), for some z and an α without violation, beside ℓ*(α)",
        relation: Relation::AtMost,
    };
    const RISE: Test = Test {
        what: "domain",
        quantity: "the rise of ⟨α, z⟩ - ℓ(z) along z, for an α outside the domain where it has no bound,",
        relation: Relation::AtLeast,
    };
    for round in 0..12 {
        // The dual point is near the gradients at the outputs in every other round, and near those of other points in
        // the rounds between.
        let base = if round % 2 == 0 { &points[0] } else { &points[round % points.len()] };
        let dual = random.around(&base.gradient, [0.1, 0.5, 2.0][round % 3]);
        let violation = subject.violation(&dual)?;
        let conjugate = subject.conjugate(&dual)?;
        let normals = normals(subject, &dual)?;
        let [start, highest] = climb(subject, &points[0].at, &dual, &normals)?;
        for i in 0..subject.examples {
            if !size(subject.row(&dual, i)).is_finite() {
                continue;
            }
            if violation[i] <= 0.0 {
                let tolerance = TOLERANCE * (1.0 + highest[i].abs() + conjugate[i].abs());
                findings.hold(BOUND, i, highest[i], conjugate[i], tolerance);
            } else if violation[i] > CLEARLY_OUTSIDE {
                findings.hold(RISE, i, highest[i] - start[i], UNBOUNDED * (1.0 + start[i].abs()), 0.0);
            }
        }
    }
    Ok(())
}

/// The gradient of the violation. It is the normal of a violated constraint `⟨n, α⟩ ≤ b`, and far along `n` the loss
/// rises at most at the rate `b`, so that `⟨α, z⟩ - ℓ(z)` is unbounded there.
fn normals<L: ConvexLoss>(subject: &Subject<'_, L>, dual: &[f64]) -> Result<Vec<f64>, Error> {
    let k = subject.outputs;
    let mut normals = vec![0.0; dual.len()];
    for c in 0..k {
        let moved = |step: f64| {
            let mut dual = dual.to_vec();
            dual.iter_mut().skip(c).step_by(k).for_each(|value| *value += step);
            subject.violation(&dual)
        };
        // Constraints are linear near a point, so any small step will do.
        let step = 1e-4;
        let (up, down) = (moved(step)?, moved(-step)?);
        for i in 0..subject.examples {
            normals[i * k + c] = (up[i] - down[i]) / (2.0 * step);
        }
    }
    Ok(normals)
}

/// `⟨α, z⟩ - ℓ(z)` at the start, and its highest value found: by gradient steps that double while it rises, then along
/// the total displacement of these steps, and along given directions.
fn climb<L: ConvexLoss>(
    subject: &Subject<'_, L>,
    start: &[f64],
    dual: &[f64],
    directions: &[f64],
) -> Result<[Vec<f64>; 2], Error> {
    let (m, k) = (subject.examples, subject.outputs);
    let level =
        |z: &[f64]| -> Result<Vec<f64>, Error> { Ok(plus(&subject.products(dual, z), -1.0, &subject.value(z)?)) };
    let low = level(start)?;
    let (mut z, mut highest, mut steps) = (start.to_vec(), low.clone(), vec![1.0; m]);
    for _ in 0..60 {
        let ascent = plus(dual, -1.0, &subject.gradient(&z)?);
        let trial: Vec<f64> = (0..m * k).map(|entry| z[entry] + steps[entry / k] * ascent[entry]).collect();
        let reached = level(&trial)?;
        for i in 0..m {
            if reached[i] > highest[i] {
                highest[i] = reached[i];
                z[i * k..(i + 1) * k].copy_from_slice(subject.row(&trial, i));
                steps[i] *= 2.0;
            } else {
                steps[i] *= 0.5;
            }
        }
    }
    let way = plus(&z, -1.0, start);
    for direction in [way.as_slice(), directions] {
        for power in 0..13 {
            let reached = level(&plus(start, 4f64.powi(power), direction))?;
            for (highest, reached) in highest.iter_mut().zip(reached) {
                *highest = highest.max(reached);
            }
        }
    }
    Ok([low, highest])
}

/// Checks that dual updates are in the domain and optimal. With `z = σ (v - a)` optimality says that `z` is a
/// subgradient of `ℓ*` at `a`, which is equality in Fenchel-Young.
pub(super) fn update<L: ConvexLoss>(
    subject: &Subject<'_, L>,
    point: &Point,
    random: &mut Random,
    findings: &mut Findings,
) -> Result<(), Error> {
    const INSIDE: Test =
        Test { what: "dual update", quantity: "the violation of the domain", relation: Relation::AtMost };
    const OPTIMAL: Test = Test {
        what: "dual update",
        quantity: "ℓ(z) + ℓ*(a) - ⟨z, a⟩ with a the update and z = σ (v - a)",
        relation: Relation::Equal,
    };
    let shape = [subject.examples, subject.outputs];
    let Some(update) = subject.loss.dual_update(shape, subject.targets)? else { return Ok(()) };
    for sigma in [1e-2, 1.0, 1e2] {
        for scale in [0.5, 3.0] {
            let v = random.around(&point.gradient, scale);
            let mut a = v.clone();
            for (example, row) in a.chunks_exact_mut(subject.outputs).enumerate() {
                update.apply(example, sigma, row);
            }
            let z: Vec<f64> = plus(&v, -1.0, &a).iter().map(|value| sigma * value).collect();
            let (violation, value, conjugate) = (subject.violation(&a)?, subject.value(&z)?, subject.conjugate(&a)?);
            let pairing = subject.products(&z, &a);
            for i in 0..subject.examples {
                findings.hold(INSIDE, i, violation[i], 0.0, TOLERANCE * (1.0 + size(subject.row(&a, i))));
                let tolerance = TOLERANCE * (1.0 + value[i].abs() + conjugate[i].abs() + pairing[i].abs());
                findings.hold(OPTIMAL, i, value[i] + conjugate[i] - pairing[i], 0.0, tolerance);
            }
        }
    }
    Ok(())
}
