//! Conditions that hold for any network: `u = g + d N`, where the distance `d` is zero where a condition holds.
//!
//! Where several conditions on one unknown say different things, `g` is their mean with weights that are one where the condition holds
//! and zero where another does (transfinite interpolation by inverse distances; Rvachev et al., 2001; Sukumar and Srivastava, 2022).

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::distance::Distance;
use crate::formula::{Expression, Given, Kind, Point, Unknowns};
use crate::geometry::{Generator, Region, Sampling};
use crate::network::Transform;
use crate::problem::Hard;

/// Points at which values of conditions are compared, and at which the form of a condition is looked at.
const COMPARED: usize = 4096;
const CHECKED: usize = 64;
/// Points of a condition at which another may hold too.
const MET: usize = 1024;
/// How near values that are the same are, in units of the largest.
const NEAR: f64 = 1e-12;
/// Values of the other unknowns at which a condition on one has the same form: none of them is special.
const OTHERS: [fn(usize) -> f64; 2] = [|_| 0.0, |index| 0.7 - 0.31 * index as f64];
/// Added to distances, that weights are numbers where two conditions meet.
const LEAST: f64 = 1e-15;

/// A condition `u = g` that is built in.
#[derive(Clone)]
pub(super) struct BuiltIn {
    unknown: usize,
    distance: Distance,
    /// Where it holds.
    region: Region,
    /// `c (u - g)`, with the number of the output and the factor.
    residual: Expression,
    output: usize,
    factor: f64,
}

impl BuiltIn {
    /// Finds the values that a condition gives to unknowns; fails with what is wrong with it.
    pub(super) fn read(
        residual: &Expression,
        unknowns: usize,
        distance: &Distance,
        region: &Region,
    ) -> Result<Vec<Self>, &'static str> {
        if residual.order() > 0 {
            return Err("a condition on a derivative cannot be built in");
        }
        if residual.uses(Kind::Coefficient) || residual.uses(Kind::Normal) {
            return Err("a condition with a coefficient or a normal cannot be built in");
        }
        let points = region.draw(CHECKED, Sampling::Sobol, &mut Generator::new(0, 0));
        let is_finite =
            |x: &[f64]| (0..residual.outputs().len()).all(|output| at(residual, output, x, &|_| 0.0).is_finite());
        if !points.chunks_exact(region.columns()).all(is_finite) {
            return Err("a condition with a value that is no finite number cannot be built in");
        }
        let one = |output: usize| {
            let (unknown, factor) = linear(residual, output, unknowns, region)?;
            let (distance, region, residual) = (distance.clone(), region.clone(), residual.clone());
            Some(Self { unknown, distance, region, residual, output, factor })
        };
        let all: Option<Vec<Self>> = (0..residual.outputs().len()).map(one).collect();
        all.ok_or("only a condition that gives the value of an unknown, such as `u = sin(x)`, can be built in")
    }

    /// Returns the value that the condition gives at points.
    fn value(&self, x: &Tensor<2>, zeros: &Tensor<2>) -> Tensor<2> {
        let given = Given { rows: x, unknowns: Unknowns::Values(zeros), coefficients: &[], columns: &[], normal: None };
        self.residual.tensors(&given).swap_remove(self.output) / -self.factor
    }

    fn value_at(&self, x: &[f64]) -> f64 {
        at(&self.residual, self.output, x, &|_| 0.0) / -self.factor
    }

    /// Whether it gives the values of another condition where that holds.
    fn holds_for(&self, other: &Self) -> bool {
        let (own, others) = (self.points(), other.points());
        let dims = self.region.columns();
        let largest = |condition: &Self, points: &[f64]| {
            points.chunks_exact(dims).map(|x| condition.value_at(x).abs()).fold(0.0, f64::max)
        };
        let size = largest(self, &own).max(largest(other, &others));
        others.chunks_exact(dims).all(|x| (self.value_at(x) - other.value_at(x)).abs() <= NEAR * size)
    }

    fn points(&self) -> Vec<f64> {
        self.region.draw(COMPARED, Sampling::Sobol, &mut Generator::new(0, 0))
    }

    /// Whether another condition gives the same unknown a value at the same places.
    fn overlaps(&self, other: &Self) -> bool {
        let is_shared = || match (&self.distance, &other.distance) {
            // Different shapes can have parts of their boundaries in common.
            (Distance::Figures(_), Distance::Figures(_)) => self.is_at(other) || other.is_at(self),
            (own, others) => own.meets(others),
        };
        self.unknown == other.unknown && is_shared()
    }

    /// Whether another condition holds at points of this one.
    fn is_at(&self, other: &Self) -> bool {
        let columns = self.region.columns();
        let points = self.region.draw(MET, Sampling::Sobol, &mut Generator::new(1, 0));
        let rows = TensorData::new(points.clone(), [points.len() / columns, columns]);
        let distances = other.distance.tensor(&Tensor::from_data(rows, (&Device::flex(), DType::F64)));
        distances.into_data().iter::<f64>().any(|distance| distance.abs() < NEAR)
    }
}

fn at(residual: &Expression, output: usize, x: &[f64], unknown: &dyn Fn(usize) -> f64) -> f64 {
    residual.evaluate(&Point { unknown: &|index, _| unknown(index), ..Point::at(x) })[output]
}

/// The unknown of which an output is linear, with a factor that is the same everywhere.
fn linear(residual: &Expression, output: usize, unknowns: usize, region: &Region) -> Option<(usize, f64)> {
    let points = region.draw(CHECKED, Sampling::Sobol, &mut Generator::new(0, 0));
    let mut found = None;
    for index in 0..unknowns {
        let factors: Vec<f64> = points
            .chunks_exact(region.columns())
            .flat_map(|x| {
                OTHERS.map(|others| {
                    let with = |value: f64| {
                        at(residual, output, x, &|other| if other == index { value } else { others(other) })
                    };
                    // As large as what stands beside it, of which the difference then has all digits.
                    let size = with(0.0).abs().max(1.0);
                    [(with(size) - with(0.0)) / size, (with(-3.0 * size) - with(0.0)) / (-3.0 * size)]
                })
            })
            .flatten()
            .collect();
        let factor = factors[0];
        if factors.iter().all(|other| *other == 0.0) {
            continue;
        }
        let is_same = |other: &f64| (other - factor).abs() <= NEAR.sqrt() * factor.abs();
        if found.is_some() || !factors.iter().all(is_same) {
            return None;
        }
        found = Some((index, factor));
    }
    found
}

/// Whether two of some conditions, or one of them and another, give the same unknown a value at the same places.
pub(super) fn overlap(all: &[BuiltIn], others: &[BuiltIn]) -> bool {
    let before = |index: usize| all[..index].iter().chain(others);
    all.iter().enumerate().any(|(index, one)| before(index).any(|other| one.overlaps(other)))
}

/// Makes what builds conditions in that are fitted, each with the name of its term, beside those that are built in. Of conditions on the
/// same unknown at the same places the first is taken.
pub(super) fn hard(fitted: Vec<(String, Vec<BuiltIn>)>, built_in: &[BuiltIn], unknowns: usize) -> Option<Hard> {
    let (mut all, mut terms) = (built_in.to_vec(), vec![]);
    for (name, conditions) in fitted {
        if !overlap(&conditions, &all) {
            terms.push(name);
            all.extend(conditions);
        }
    }
    // Values are found in those that were fitted first.
    all.rotate_left(built_in.len());
    if terms.is_empty() {
        return None;
    }
    transform(all, unknowns).map(|transform| Hard { transform, terms })
}

/// Makes what a network's values become: those of conditions where these hold; `None` without conditions.
pub(super) fn transform(all: Vec<BuiltIn>, unknowns: usize) -> Option<Transform> {
    if all.is_empty() {
        return None;
    }
    let mut groups: Vec<Vec<BuiltIn>> = (0..unknowns).map(|_| vec![]).collect();
    all.into_iter().for_each(|one| groups[one.unknown].push(one));
    // Where one of them gives the values of all others too, it stands for all.
    let general: Vec<Option<usize>> = groups
        .iter()
        .map(|group| (0..group.len()).find(|&index| group.iter().all(|other| group[index].holds_for(other))))
        .collect();
    Some(Transform::new(move |x, values| {
        let zeros = values.clone() * 0.0;
        let columns = groups.iter().zip(&general).enumerate().map(|(index, (group, general))| {
            let own = values.clone().narrow(1, index, 1);
            let distances: Vec<Tensor<2>> = group.iter().map(|one| one.distance.tensor(&x)).collect();
            let Some(product) = distances.iter().cloned().reduce(|product, distance| product * distance) else {
                return own;
            };
            let given = match general {
                Some(general) => group[*general].value(&x, &zeros),
                None => mean(group, &distances, &x, &zeros),
            };
            own * product + given
        });
        Tensor::cat(columns.collect(), 1)
    }))
}

/// The mean of the values of conditions, each with the distances to the others as its weight.
fn mean(group: &[BuiltIn], distances: &[Tensor<2>], x: &Tensor<2>, zeros: &Tensor<2>) -> Tensor<2> {
    let weight = |index: usize| {
        let others = distances.iter().enumerate().filter(|(other, _)| *other != index);
        others.map(|(_, distance)| distance.clone() + LEAST).reduce(|product, distance| product * distance)
    };
    let weights: Vec<Tensor<2>> =
        (0..group.len()).map(|index| weight(index).unwrap_or_else(|| distances[index].ones_like())).collect();
    let values = group.iter().zip(&weights).map(|(one, weight)| one.value(x, zeros) * weight.clone());
    let sum = values.reduce(|sum, value| sum + value).unwrap_or_else(|| zeros.clone());
    sum / weights.into_iter().reduce(|sum, weight| sum + weight).unwrap_or_else(|| zeros.clone())
}
