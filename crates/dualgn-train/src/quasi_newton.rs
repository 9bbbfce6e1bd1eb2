//! [`QuasiNewton`]: self-scaled quasi-Newton methods with the inverse matrix itself, to compare with.
//!
//! With a step `s`, the change `y` of the gradient and the inverse matrix `H`, the next inverse matrix is
//!
//! ```text
//! H' = (1/τ) [ H - H y yᵀ H / (yᵀ H y) + φ v vᵀ ] + s sᵀ / (yᵀ s),      v = √(yᵀ H y) [ s / (yᵀ s) - H y / (yᵀ H y) ]
//! ```
//!
//! where `φ = τ = 1` is BFGS. (Al-Baali and Khalfan, "Wide interval for efficient self-scaling quasi-Newton algorithms", 2005; for
//! networks of physics Urbán, Stefanou and Pons, "Unveiling the optimization process of physics informed neural networks", arXiv
//! 2405.04230.)

use rayon::prelude::*;

/// How the inverse matrix is scaled and updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// BFGS, scaled by `τ = min(1, yᵀs / sᵀH⁻¹s)`.
    SelfScaledBfgs,
    /// The member of Broyden's family and the scale that are best conditioned.
    SelfScaledBroyden,
}

/// The loss and the gradient somewhere.
pub(crate) type Point = (f64, Vec<f64>);

/// A strong Wolfe search: the loss falls by a part of what the slope promises, and the slope to a part of what it was.
const WOLFE: [f64; 2] = [1e-4, 0.9];
/// Points that a search tries at most.
const TRIALS: usize = 25;
/// How much a step that is too short grows.
const GROWTH: f64 = 2.0;
/// Parts of a bracket at whose ends no point of it is tried.
const MARGIN: f64 = 0.1;

/// What a method carries from step to step.
#[derive(Clone, Debug)]
pub(crate) struct QuasiNewton {
    rule: Rule,
    /// `H`, row by row; nothing for the unit matrix.
    inverse: Vec<f64>,
    /// The loss and the gradient at the weights that the last step led to.
    pub(crate) known: Option<Point>,
}

/// A point along a line: how far it is, with the loss, the gradient and the slope there.
struct Trial {
    at: f64,
    point: Point,
    slope: f64,
}

impl QuasiNewton {
    pub(crate) fn new(rule: Rule, inverse: Vec<f64>) -> Self {
        Self { rule, inverse, known: None }
    }

    pub(crate) fn inverse(&self) -> &[f64] {
        &self.inverse
    }

    /// Returns the step from a point, given what is there a step further. It is zero where no point along the direction has a lower
    /// loss.
    pub(crate) fn step<E>(
        &mut self,
        start: Point,
        mut evaluate: impl FnMut(&[f64]) -> Result<Point, E>,
    ) -> Result<Vec<f64>, E> {
        let mut direction = self.direction(&start.1);
        let mut slope = dot(&direction, &start.1);
        if slope >= 0.0 || !slope.is_finite() {
            // Rounding can take the matrix its sign: it begins anew.
            self.inverse.clear();
            direction = self.direction(&start.1);
            slope = dot(&direction, &start.1);
        }
        // Without a matrix, the length of a direction says nothing.
        let first = if self.inverse.is_empty() { 1f64.min(1.0 / norm(&start.1)) } else { 1.0 };
        let mut along = |at: f64| -> Result<Trial, E> {
            let point = evaluate(&direction.iter().map(|x| at * x).collect::<Vec<_>>())?;
            Ok(Trial { at, slope: dot(&direction, &point.1), point })
        };
        let found = search(start.0, slope, first, &mut along)?;
        let Some(found) = found.filter(|found| found.point.0 < start.0) else {
            self.inverse.clear();
            self.known = Some(start);
            return Ok(vec![0.0; direction.len()]);
        };
        let step: Vec<f64> = direction.iter().map(|x| found.at * x).collect();
        let change: Vec<f64> = found.point.1.iter().zip(&start.1).map(|(after, before)| after - before).collect();
        // `H⁻¹ s = -t g` for the step `s = -t H g`.
        let curvature = -found.at * dot(&step, &start.1);
        self.update(&step, &change, curvature);
        self.known = Some(found.point);
        Ok(step)
    }

    /// `-H g`.
    fn direction(&self, gradient: &[f64]) -> Vec<f64> {
        self.times(gradient).into_iter().map(|x| -x).collect()
    }

    fn times(&self, vector: &[f64]) -> Vec<f64> {
        if self.inverse.is_empty() {
            return vector.to_vec();
        }
        self.inverse.par_chunks_exact(vector.len()).map(|row| dot(row, vector)).collect()
    }

    /// Updates the matrix by a step, the change of the gradient and `sᵀ H⁻¹ s`, where the curvature along it is positive.
    fn update(&mut self, step: &[f64], change: &[f64], curvature: f64) {
        let (count, product) = (step.len(), dot(step, change));
        let is_positive = |number: f64| number > 0.0 && number.is_finite();
        if !is_positive(product) || !is_positive(curvature) {
            return;
        }
        if self.inverse.is_empty() {
            self.inverse = vec![0.0; count * count];
            (0..count).for_each(|index| self.inverse[index * (count + 1)] = 1.0);
        }
        let moved = self.times(change);
        let size = dot(change, &moved);
        let (scale, family) = self.scales(curvature / product, size / product, count);
        let between: Vec<f64> =
            step.iter().zip(&moved).map(|(s, hy)| size.sqrt() * (s / product - hy / size)).collect();
        self.inverse.par_chunks_exact_mut(count).enumerate().for_each(|(row, values)| {
            let (a, b, c) = (moved[row] / size, family * between[row], step[row] / product);
            for (column, value) in values.iter_mut().enumerate() {
                let kept = (*value - a * moved[column] + b * between[column]) / scale;
                *value = kept + c * step[column];
            }
        });
    }

    /// `τ` and `φ` for `b = sᵀH⁻¹s / yᵀs` and `h = yᵀHy / yᵀs`.
    fn scales(&self, b: f64, h: f64, count: usize) -> (f64, f64) {
        let plain = 1f64.min(1.0 / b);
        // By Cauchy and Schwarz it is not negative.
        let a = (h * b - 1.0).max(0.0);
        if self.rule == Rule::SelfScaledBfgs || a < f64::EPSILON {
            return (plain, 1.0);
        }
        let least = 1f64.min(h * (1.0 - (a / (1.0 + a)).sqrt()));
        let theta = ((least - 1.0) / a).max((1.0 / least).min((1.0 - b) / b));
        let sigma = 1.0 + theta * a;
        let root = sigma.powf(-1.0 / (count as f64 - 1.0).max(1.0));
        let scale = if theta > 0.0 { plain * root.min(1.0 / theta) } else { (plain * root).min(sigma) };
        (scale, (1.0 - theta) / sigma)
    }
}

/// Finds a point that satisfies the strong Wolfe conditions, or the lowest that was tried. (Nocedal and Wright, "Numerical Optimization",
/// 2006, algorithms 3.5 and 3.6.)
fn search<E>(
    value: f64,
    slope: f64,
    first: f64,
    along: &mut impl FnMut(f64) -> Result<Trial, E>,
) -> Result<Option<Trial>, E> {
    let mut best: Option<Trial> = None;
    // The ends of a bracket, the first of which is the lower one.
    let (mut low, mut high): ([f64; 3], Option<[f64; 3]>) = ([0.0, value, slope], None);
    let mut at = first;
    for _ in 0..TRIALS {
        let trial = along(at)?;
        let found = [at, trial.point.0, trial.slope];
        let is_low = found[1] <= value + WOLFE[0] * at * slope && found[1] < low[1];
        let is_flat = found[2].abs() <= -WOLFE[1] * slope;
        let has_ended = is_low && is_flat;
        if found[1].is_finite() && best.as_ref().is_none_or(|best| found[1] < best.point.0) || has_ended {
            best = Some(trial);
        }
        if has_ended {
            break;
        }
        if !is_low {
            high = Some(found);
        } else {
            // Behind a point from which the loss rises, it is lower towards the other end.
            let towards = high.map_or(1.0, |high| high[0] - low[0]);
            if found[2] * towards >= 0.0 {
                high = Some(low);
            }
            low = found;
        }
        at = match high {
            None => at * GROWTH,
            Some(high) => between(low, high),
        };
        if high.is_some_and(|high| (high[0] - low[0]).abs() <= f64::EPSILON * low[0].abs().max(first)) {
            break;
        }
    }
    Ok(best)
}

/// A point within a bracket: the minimum of the parabola through its lower end, the slope there and its other end, if that is not near
/// the ends.
fn between(low: [f64; 3], high: [f64; 3]) -> f64 {
    let width = high[0] - low[0];
    let bend = high[1] - low[1] - low[2] * width;
    let part = if bend.is_finite() && bend > 0.0 { -low[2] * width / (2.0 * bend) } else { 0.5 };
    low[0] + width * part.clamp(MARGIN, 1.0 - MARGIN)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use faer::linalg::solvers::DenseSolveCore;
    use faer::{Mat, Side};

    use super::*;

    const RULES: [Rule; 2] = [Rule::SelfScaledBfgs, Rule::SelfScaledBroyden];

    /// Rosenbrock's valley in any number of dimensions.
    fn valley(x: &[f64]) -> Point {
        let mut gradient = vec![0.0; x.len()];
        let mut value = 0.0;
        for i in 0..x.len() - 1 {
            let (bend, to_go) = (x[i + 1] - x[i] * x[i], 1.0 - x[i]);
            value += 100.0 * bend * bend + to_go * to_go;
            gradient[i] += -400.0 * bend * x[i] - 2.0 * to_go;
            gradient[i + 1] += 200.0 * bend;
        }
        (value, gradient)
    }

    fn minimise(rule: Rule, mut x: Vec<f64>, of: fn(&[f64]) -> Point, steps: usize) -> (Vec<f64>, QuasiNewton) {
        let mut method = QuasiNewton::new(rule, vec![]);
        for _ in 0..steps {
            let start = method.known.take().unwrap_or_else(|| of(&x));
            let at = |step: &[f64]| x.iter().zip(step).map(|(x, s)| x + s).collect::<Vec<f64>>();
            let step = method.step(start, |step| Ok::<_, Infallible>(of(&at(step)))).unwrap();
            x = at(&step);
        }
        (x, method)
    }

    #[test]
    fn the_end_of_a_valley_is_found() {
        for rule in RULES {
            let (x, _) = minimise(rule, vec![-1.2, 1.0, 0.5, -0.7, 1.5], valley, 90);
            assert!(x.iter().all(|x| (x - 1.0).abs() < 1e-7), "{rule:?}: {x:?}");
        }
    }

    /// The update against the same with dense matrices, in which the matrix that is updated, not its inverse, has the formula of Broyden's
    /// family with `θ`: `B' = τ [ B - B s sᵀ B / (sᵀ B s) + θ w wᵀ ] + y yᵀ / (yᵀ s)`.
    #[test]
    fn the_inverse_is_that_of_the_updated_matrix() {
        let count = 5;
        let numbers = |seed: usize| (0..count).map(move |i| ((seed * 37 + i * 17) % 23) as f64 / 11.0 - 1.0);
        let mut methods = RULES.map(|rule| QuasiNewton::new(rule, vec![]));
        for method in &mut methods {
            let mut matrix = Mat::<f64>::identity(count, count);
            for round in 1..8 {
                let step = vector(numbers(round));
                let change = vector(numbers(round).zip(numbers(round + 9)).map(|(s, r)| 2.0 * s + 0.3 * r));
                let product = (step.transpose() * &change)[(0, 0)];
                let moved = &matrix * &step;
                let curvature = (step.transpose() * &moved)[(0, 0)];
                let inverse = matrix.llt(Side::Lower).unwrap().inverse();
                let size = (change.transpose() * &inverse * &change)[(0, 0)];
                let (b, h) = (curvature / product, size / product);
                let (scale, family) = method.scales(b, h, count);
                // `φ = (1 - θ)/(1 + a θ)`.
                let a = h * b - 1.0;
                let theta = (1.0 - family) / (1.0 + a * family);
                let w = (&change * (1.0 / product) - &moved * (1.0 / curvature)) * curvature.sqrt();
                let kept = &matrix - &moved * moved.transpose() * (1.0 / curvature) + &w * w.transpose() * theta;
                matrix = kept * scale + &change * change.transpose() * (1.0 / product);
                method.update(&column(&step), &column(&change), curvature);
                let found = Mat::from_fn(count, count, |i, j| method.inverse[i * count + j]);
                let unit = &found * &matrix;
                for i in 0..count {
                    for j in 0..count {
                        let wanted = if i == j { 1.0 } else { 0.0 };
                        assert!((unit[(i, j)] - wanted).abs() < 1e-9, "{:?}: {}", method.rule, unit[(i, j)]);
                    }
                }
                // What any such method has: the change of the gradient leads to the step.
                let back = method.times(&column(&change));
                assert!(back.iter().zip(column(&step)).all(|(found, wanted)| (found - wanted).abs() < 1e-10));
            }
        }
    }

    fn vector(numbers: impl Iterator<Item = f64>) -> Mat<f64> {
        let numbers: Vec<f64> = numbers.collect();
        Mat::from_fn(numbers.len(), 1, |i, _| numbers[i])
    }

    fn column(matrix: &Mat<f64>) -> Vec<f64> {
        (0..matrix.nrows()).map(|i| matrix[(i, 0)]).collect()
    }

    /// On a line, the search ends where the loss and the slope are low enough, from steps that are far too short or too long.
    #[test]
    fn searches_end_at_wolfe_points() {
        for first in [1e-4, 0.3, 50.0] {
            let mut tried = 0;
            let of = |t: f64| ((t - 2.0).powi(2) - 0.5 * (3.0 * t).cos(), 2.0 * (t - 2.0) + 1.5 * (3.0 * t).sin());
            let mut along = |at: f64| {
                tried += 1;
                let (value, slope) = of(at);
                Ok::<_, Infallible>(Trial { at, point: (value, vec![]), slope })
            };
            let (value, slope) = of(0.0);
            let found = search(value, slope, first, &mut along).unwrap().unwrap();
            assert!(found.point.0 <= value + WOLFE[0] * found.at * slope && found.slope.abs() <= -WOLFE[1] * slope);
            assert!(tried < TRIALS, "{first}: {tried}");
        }
    }
}
