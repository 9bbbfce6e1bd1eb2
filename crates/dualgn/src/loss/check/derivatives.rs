//! Tests of shapes, of convexity and of derivatives.

use super::TOLERANCE;
use super::findings::{Findings, Relation, Test};
use super::subject::{Point, Random, Subject, dot, fits, host, plus, size};
use crate::error::Error;
use crate::loss::ConvexLoss;

/// The step of the differences, relative to the output: rounding and curvature then cost about equally many digits.
const STEP: f64 = 1e-5;

/// A bound on the rounding of a number of magnitude one after some dozens of operations.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

const fn test(what: &'static str, quantity: &'static str, relation: Relation) -> Test {
    Test { what, quantity, relation }
}

/// Checks the shapes of all results, on which the other tests rely.
pub(super) fn shapes<L: ConvexLoss>(subject: &Subject<'_, L>, outputs: &[f64], findings: &mut Findings) -> bool {
    let Subject { loss, targets, examples: m, outputs: k, .. } = *subject;
    let mut shape = |quantity, found: usize, wanted: usize| {
        findings.hold(test("shape", quantity, Relation::Equal), 0, found as f64, wanted as f64, 0.0);
    };
    let f = subject.tensor(outputs);
    shape("the number of values", loss.value(f.clone(), targets).dims()[0], m);
    let gradient = loss.gradient(f.clone(), targets);
    let [rows, columns] = gradient.dims();
    shape("the number of rows of the gradient", rows, m);
    shape("the number of columns of the gradient", columns, k);
    if [rows, columns] == [m, k] {
        shape("the number of conjugates", loss.conjugate(gradient.clone(), targets).dims()[0], m);
        shape("the number of violations of the domain", loss.domain_violation(gradient, targets).dims()[0], m);
    }
    if let Some(factor) = loss.curvature(f.clone(), targets) {
        let fitting = usize::from(fits(&factor, [m, k]));
        shape(
            "whether the factor of the curvature has a row for each output of each example (1, or 0 if not)",
            fitting,
            1,
        );
    }
    if let Some(margin) = loss.margin(f, targets) {
        let [rows, columns] = margin.gradient.dims();
        let fitting = rows == m
            && fits(&margin.map, [m, k])
            && margin.map.columns(k) == columns
            && fits(&margin.curvature, [m, columns]);
        shape(
            "whether map, gradient and curvature of the margin fit together (1, or 0 if not)",
            usize::from(fitting),
            1,
        );
    }
    findings.is_empty()
}

/// Checks that value and gradient are finite.
pub(super) fn finite<L: ConvexLoss>(subject: &Subject<'_, L>, point: &Point, findings: &mut Findings) -> bool {
    const VALUE: Test = test("value", "its size", Relation::AtMost);
    const GRADIENT: Test = test("gradient", "its largest entry in size", Relation::AtMost);
    for i in 0..subject.examples {
        findings.hold(VALUE, i, point.value[i].abs(), f64::MAX, 0.0);
        findings.hold(GRADIENT, i, size(subject.row(&point.gradient, i)), f64::MAX, 0.0);
    }
    findings.is_empty()
}

/// Checks the gradient by differences of the value, and the curvature by differences of the gradient.
pub(super) fn by_differences<L: ConvexLoss>(
    subject: &Subject<'_, L>,
    point: &Point,
    findings: &mut Findings,
) -> Result<(), Error> {
    const SLOPE: Test = test("gradient", "an entry beside one-sided differences of the value", Relation::Equal);
    const BEND: Test = test("curvature", "an entry of L Lᵀ beside differences of the gradient", Relation::Equal);
    let (m, k) = (subject.examples, subject.outputs);
    let curvature = subject.curvature(&point.at)?;
    for c in 0..k {
        let moved = |steps: f64| {
            let mut at = point.at.clone();
            at.iter_mut().skip(c).step_by(k).for_each(|value| *value += steps * STEP * (1.0 + value.abs()));
            subject.point(at)
        };
        let [down, up] = [moved(-1.0)?, moved(1.0)?];
        let sides = [&down, &up, &moved(-0.5)?, &moved(0.5)?];
        for i in 0..m {
            let entry = i * k + c;
            let step = |side: &Point| side.at[entry] - point.at[entry];

            // A subgradient is between the one-sided slopes, at kinks too.
            let [left, right] = [&down, &up].map(|side| (side.value[i] - point.value[i]) / step(side));
            let found = point.gradient[entry];
            let wanted = found.max(left.min(right)).min(left.max(right));
            let rounding = ROUNDING * (1.0 + point.value[i].abs()) / step(&up);
            findings.hold(SLOPE, i, found, wanted, rounding + TOLERANCE * (1.0 + found.abs()));

            // One-sided differences of the gradient differ by a step times a third derivative; at a kink by far more.
            // Steps of two lengths detect a symmetric jump.
            let rounding = 4.0 * ROUNDING * (1.0 + size(subject.row(&point.gradient, i))) / step(&up);
            let bends: Vec<[f64; 2]> = (i * k..(i + 1) * k)
                .map(|d| {
                    let bends = sides.map(|side| (side.gradient[d] - point.gradient[d]) / step(side));
                    let [low, high] = [f64::min, f64::max].map(|pick| bends.into_iter().reduce(pick).unwrap_or(0.0));
                    [0.5 * (low + high), high - low]
                })
                .collect();
            if bends.iter().any(|[bend, spread]| *spread > rounding + 1e-3 * (1.0 + bend.abs())) {
                continue;
            }
            for (d, [wanted, spread]) in bends.into_iter().enumerate() {
                let found = curvature[entry * k + d];
                findings.hold(BEND, i, found, wanted, rounding + spread + TOLERANCE * (1.0 + found.abs()));
            }
        }
    }
    Ok(())
}

/// Checks that the value lies below its chords, and above its tangents at the first of the points.
pub(super) fn convexity<L: ConvexLoss>(
    subject: &Subject<'_, L>,
    points: &[Point],
    findings: &mut Findings,
) -> Result<(), Error> {
    const CHORD: Test = test("convexity", "the value halfway between two points beside its mean", Relation::AtMost);
    const TANGENT: Test = test("gradient", "the value less the tangent at another point", Relation::AtLeast);
    let here = &points[0];
    for there in &points[1..] {
        let step = plus(&there.at, -1.0, &here.at);
        let halfway = subject.value(&plus(&here.at, 0.5, &step))?;
        let slopes = subject.products(&here.gradient, &step);
        for i in 0..subject.examples {
            let (a, b) = (here.value[i], there.value[i]);
            let scale = 1.0 + a.abs() + b.abs();
            if findings.hold(CHORD, i, halfway[i], 0.5 * (a + b), TOLERANCE * scale) {
                findings.hold(TANGENT, i, b - a - slopes[i], 0.0, TOLERANCE * (scale + slopes[i].abs()));
            }
        }
    }
    Ok(())
}

/// Checks the invariance to a shift of all outputs of each example, if the loss claims it.
pub(super) fn shift<L: ConvexLoss>(
    subject: &Subject<'_, L>,
    point: &Point,
    findings: &mut Findings,
) -> Result<(), Error> {
    const VALUE: Test = test("shift invariance", "the value at shifted outputs beside the value", Relation::Equal);
    const GRADIENT: Test = test("shift invariance", "the sum of the gradient", Relation::Equal);
    if !subject.loss.is_shift_invariant() {
        return Ok(());
    }
    let shifted = subject.value(&point.at.iter().map(|value| value + 0.5).collect::<Vec<f64>>())?;
    for (i, found) in shifted.into_iter().enumerate() {
        let wanted = point.value[i];
        findings.hold(VALUE, i, found, wanted, TOLERANCE * (1.0 + wanted.abs()));
        let gradient = subject.row(&point.gradient, i);
        findings.hold(GRADIENT, i, gradient.iter().sum(), 0.0, TOLERANCE * (1.0 + size(gradient)));
    }
    Ok(())
}

/// Checks that a margin yields the gradient, and a curvature that is not larger.
pub(super) fn margin<L: ConvexLoss>(
    subject: &Subject<'_, L>,
    point: &Point,
    random: &mut Random,
    findings: &mut Findings,
) -> Result<(), Error> {
    const GRADIENT: Test = test("margin", "an entry of V times its gradient beside the gradient", Relation::Equal);
    const CURVATURE: Test = test("margin", "xᵀ V C Cᵀ Vᵀ x beside xᵀ L Lᵀ x", Relation::AtMost);
    let Some(margin) = subject.loss.margin(subject.tensor(&point.at), subject.targets) else { return Ok(()) };
    let k = subject.outputs;
    let pulled = host(margin.map.apply(margin.gradient.unsqueeze()))?;
    for (entry, (found, wanted)) in pulled.iter().zip(&point.gradient).enumerate() {
        findings.hold(GRADIENT, entry / k, *found, *wanted, TOLERANCE * (1.0 + wanted.abs()));
    }
    let part = subject.matrices(|units| {
        let inner = margin.curvature.apply_transpose(margin.map.apply_transpose(units));
        margin.map.apply(margin.curvature.apply(inner))
    })?;
    let whole = subject.curvature(&point.at)?;
    for i in 0..subject.examples {
        for _ in 0..8 {
            let x = random.around(&vec![0.0; k], 1.0);
            let form = |matrices: &[f64]| -> f64 {
                let rows = matrices[i * k * k..(i + 1) * k * k].chunks_exact(k);
                rows.zip(&x).map(|(row, x_c)| x_c * dot(row, &x)).sum()
            };
            let (found, wanted) = (form(&part), form(&whole));
            findings.hold(CURVATURE, i, found, wanted, TOLERANCE * (1.0 + wanted.abs()));
        }
    }
    Ok(())
}
