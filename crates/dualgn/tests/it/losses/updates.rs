//! Dual updates against searches for the minimum, with conjugates written out here once more.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::ConvexLoss;
use dualgn::loss::{
    Absolute, AtLeast, ClassTargets, CountTargets, Gamma, Heads, Hinge, Huber, LogCosh, Logistic, MultiLabel,
    MulticlassHinge, PerToken, Poisson, Quantile, SmoothedMulticlassHinge, SoftmaxCrossEntropy, Squared, SquaredHinge,
    TokenTargets, Weighted,
};
use proptest::prelude::*;

use super::{K, M, answers, classes, integers, probabilities, real};
use crate::common::from;

/// `x log x`, zero at zero; rounding below zero counts as zero.
fn entropy(x: f64) -> f64 {
    if x <= 0.0 { 0.0 } else { x * x.ln() }
}

/// The place of the minimum of a convex function on an interval: thirds are left out until nothing is left.
fn search(mut low: f64, mut high: f64, function: impl Fn(f64) -> f64) -> f64 {
    for _ in 0..100 {
        let (a, b) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if function(a) <= function(b) { high = b } else { low = a }
    }
    0.5 * (low + high)
}

/// The updates of all examples at `v`.
fn updated<L: ConvexLoss>(loss: &L, [m, k]: [usize; 2], targets: &L::Target, sigma: f64, v: &[f64]) -> Vec<f64> {
    loss.validate([m, k], targets).unwrap();
    let update = loss.dual_update([m, k], targets).unwrap().expect("a dual update");
    let mut point = v.to_vec();
    for (example, row) in point.chunks_exact_mut(k).enumerate() {
        update.apply(example, sigma, row);
    }
    point
}

/// For losses that are sums over outputs: the update of each entry is in its interval, and no point of it is lower.
/// `conjugate` takes the entry and the dual variable.
fn check_entries<L: ConvexLoss>(
    loss: &L,
    shape: [usize; 2],
    targets: &L::Target,
    (sigma, v): (f64, &[f64]),
    domain: impl Fn(usize) -> [f64; 2],
    conjugate: impl Fn(usize, f64) -> f64,
) {
    for (entry, found) in updated(loss, shape, targets, sigma, v).into_iter().enumerate() {
        let level = |a: f64| conjugate(entry, a) + 0.5 * sigma * (a - v[entry]).powi(2);
        let [low, high] = domain(entry);
        let slack = 1e-12 * (1.0 + found.abs());
        assert!(found >= low - slack && found <= high + slack, "{found} outside {low} to {high}");
        // All minima of these tests are closer than that.
        let best = search(low.max(-1e4), high.min(1e4), level);
        let (found, best) = (level(found.clamp(low, high)), level(best));
        // The search is as exact as the function is flat, so that it can only be too high.
        assert!(found <= best + 1e-10 * (1.0 + best.abs()), "entry {entry}: {found} but {best} is lower");
    }
}

/// For losses of classes, in rows of `k` with scales `s`, at `α = s (π - y)`: the update has `π` in the simplex, and no
/// exchange between two classes makes it lower, starting from the middle. `part` takes row, class and `π`.
fn check_rows<L: ConvexLoss>(
    loss: &L,
    shape: [usize; 2],
    targets: &L::Target,
    (sigma, v): (f64, &[f64]),
    (scales, y): (&[f64], &[f64]),
    part: impl Fn(usize, usize, f64) -> f64,
) {
    let k = y.len() / scales.len();
    let found = updated(loss, shape, targets, sigma, v);
    for (row, scale) in scales.iter().enumerate() {
        let own = row * k..(row + 1) * k;
        let (found, v, y) = (&found[own.clone()], &v[own.clone()], &y[own]);
        if *scale == 0.0 {
            assert!(found.iter().all(|a| *a == 0.0), "{found:?}");
            continue;
        }
        let entry = |c: usize, pi: f64| scale * part(row, c, pi) + 0.5 * sigma * (scale * (pi - y[c]) - v[c]).powi(2);
        let level = |pi: &[f64]| pi.iter().enumerate().map(|(c, pi)| entry(c, *pi)).sum::<f64>();
        let point: Vec<f64> = found.iter().zip(y).map(|(a, y)| a / scale + y).collect();
        assert!(point.iter().all(|pi| *pi >= -1e-12), "{point:?}");
        assert!((point.iter().sum::<f64>() - 1.0).abs() < 1e-11, "{point:?}");

        let mut best = vec![1.0 / k as f64; k];
        for _ in 0..20 {
            for a in 0..k {
                for b in 0..a {
                    let sum = best[a] + best[b];
                    best[a] = search(0.0, sum, |pi| entry(a, pi) + entry(b, sum - pi));
                    best[b] = sum - best[a];
                }
            }
        }
        let (found, best) = (level(&point), level(&best));
        assert!(found <= best + 1e-10 * (1.0 + best.abs()), "row {row}: {found} but {best} is lower");
    }
}

const ONE: [usize; 2] = [M * K, 1];
const ALL: [f64; 2] = [f64::NEG_INFINITY, f64::INFINITY];

fn values(range: f64) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-range..range, M * K)
}

fn sigmas() -> impl Strategy<Value = f64> {
    (-2.0..2.0f64).prop_map(|power| 10f64.powf(power))
}

fn one_hot(labels: &[i64], k: usize) -> Vec<f64> {
    labels.iter().flat_map(|label| (0..k).map(|c| f64::from(*label as usize == c))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn of_numbers(v in values(4.0), y in values(3.0), sigma in sigmas(), delta in 0.3..3.0, level in 0.05..0.95) {
        let (at, targets, wide) = ((sigma, v.as_slice()), real(&y), [M, K]);
        let linear = |e: usize, a: f64| a * y[e];
        let square = |e: usize, a: f64| 0.5 * a * a + a * y[e];
        check_entries(&Squared, wide, &targets, at, |_| ALL, square);
        check_entries(&Absolute, wide, &targets, at, |_| [-1.0, 1.0], linear);
        check_entries(&Huber { delta }, wide, &targets, at, |_| [-delta, delta], square);
        check_entries(&Quantile { level }, wide, &targets, at, |_| [-level, 1.0 - level], linear);
        let soft = |e: usize, a: f64| a * y[e] + 0.5 * (entropy(1.0 + a) + entropy(1.0 - a));
        check_entries(&LogCosh, wide, &targets, at, |_| [-1.0, 1.0], soft);
        check_entries(&AtLeast(Squared), wide, &targets, at, |_| [ALL[0], 0.0], square);
        check_entries(&AtLeast(Absolute), wide, &targets, at, |_| [-1.0, 0.0], linear);
        check_entries(&AtLeast(Huber { delta }), wide, &targets, at, |_| [-delta, 0.0], square);
        check_entries(&AtLeast(LogCosh), wide, &targets, at, |_| [-1.0, 0.0], soft);

        // Two heads, of two outputs each, and their weights.
        let weights = [delta, level];
        let heads = Heads::new(Absolute, 2, LogCosh).weighted(weights);
        let head = |e: usize| usize::from(e % K >= 2);
        let halves = (targets.clone().narrow(1, 0, 2), targets.narrow(1, 2, 2)).into();
        let domain = |e: usize| [-weights[head(e)], weights[head(e)]];
        check_entries(&heads, wide, &halves, at, domain, |e, a| {
            let weight = weights[head(e)];
            weight * if head(e) == 0 { linear(e, a / weight) } else { soft(e, a / weight) }
        });
    }

    #[test]
    fn of_positive_numbers(
        v in values(4.0),
        sigma in sigmas(),
        counts in prop::collection::vec((0..6i32).prop_map(f64::from), M * K),
        exposure in prop::collection::vec(0.5..2.0, M * K),
        costs in prop::collection::vec(0.1..4.0, M * K),
    ) {
        let (at, wide) = ((sigma, v.as_slice()), [M, K]);
        let domain = |e: usize| [-counts[e], f64::INFINITY];
        let mean = |e: usize, a: f64, exposure: f64| {
            let s = a + counts[e];
            entropy(s) - s * (exposure.ln() + 1.0)
        };
        let targets = CountTargets::from(real(&counts));
        check_entries(&Poisson, wide, &targets, at, domain, |e, a| mean(e, a, 1.0));
        let targets = targets.exposed(real(&exposure));
        check_entries(&Poisson, wide, &targets, at, domain, |e, a| mean(e, a, exposure[e]));
        check_entries(&Gamma, wide, &real(&costs), at, |_| [f64::NEG_INFINITY, 1.0], |e, a| {
            let s = 1.0 - a;
            entropy(s) - s * costs[e].ln() - s + costs[e].ln() + 1.0
        });
    }

    #[test]
    fn of_answers(
        v in values(4.0),
        sigma in sigmas(),
        shares in prop::collection::vec(0.0..=1.0f64, M * K),
        sides in prop::collection::vec((0..2i32).prop_map(f64::from), M * K),
    ) {
        let at = (sigma, v.as_slice());
        let sign = |e: usize| 2.0 * sides[e] - 1.0;
        let logistic = |e: usize, a: f64| entropy(a + shares[e]) + entropy(1.0 - a - shares[e]);
        let between = |e: usize| -> [f64; 2] { [-shares[e], 1.0 - shares[e]] };
        let hinge = |e: usize, a: f64| sign(e) * a;
        let squared = |e: usize, a: f64| sign(e) * a + 0.5 * a * a;
        let side = |e: usize, size: f64| if sides[e] == 1.0 { [-size, 0.0] } else { [0.0, size] };
        check_entries(&Logistic, ONE, &answers(shares.clone(), ONE), at, between, logistic);
        check_entries(&Hinge, ONE, &answers(sides.clone(), ONE), at, |e| side(e, 1.0), hinge);
        check_entries(&SquaredHinge, ONE, &answers(sides.clone(), ONE), at, |e| side(e, f64::INFINITY), squared);
        let wide = [M, K];
        check_entries(&MultiLabel(Logistic), wide, &answers(shares.clone(), wide), at, between, logistic);
        check_entries(&MultiLabel(Hinge), wide, &answers(sides.clone(), wide), at, |e| side(e, 1.0), hinge);
    }

    #[test]
    fn of_classes(
        v in values(3.0),
        sigma in sigmas(),
        labels in prop::collection::vec(0i64..K as i64, M),
        soft in values(2.0),
        smoothing in 0.2..2.0,
        weights in prop::collection::vec(0.1..2.0, M),
    ) {
        let (at, wide, ones) = ((sigma, v.as_slice()), [M, K], [1.0; M]);
        let log = |_: usize, _: usize, pi: f64| entropy(pi);
        let hot = one_hot(&labels, K);
        check_rows(&SoftmaxCrossEntropy, wide, &classes(&labels), at, (&ones, &hot), log);
        let soft = probabilities(&soft);
        check_rows(&SoftmaxCrossEntropy, wide, &real(&soft).into(), at, (&ones, &soft), log);
        let share = 0.4 * smoothing;
        let smoothed = ClassTargets::Smoothed { classes: integers(&labels), smoothing: share };
        let y: Vec<f64> = hot.iter().map(|y| (1.0 - share) * y + share / K as f64).collect();
        check_rows(&SoftmaxCrossEntropy, wide, &smoothed, at, (&ones, &y), log);

        let margin = |row: usize, c: usize, pi: f64| if labels[row] as usize == c { 0.0 } else { -pi };
        check_rows(&MulticlassHinge, wide, &integers(&labels), at, (&ones, &hot), margin);
        let smooth = SmoothedMulticlassHinge { smoothing };
        let rounded = |row: usize, c: usize, pi: f64| margin(row, c, pi) + 0.5 * smoothing * pi * pi;
        check_rows(&smooth, wide, &integers(&labels), at, (&ones, &hot), rounded);

        let mut weights = weights;
        weights[labels[0] as usize % M] = 0.0;
        let sum: f64 = weights.iter().sum();
        let scales: Vec<f64> = weights.iter().map(|weight| weight * M as f64 / sum).collect();
        let targets = (classes(&labels), from::<1>(weights, [M], DType::F64)).into();
        check_rows(&Weighted(SoftmaxCrossEntropy), wide, &targets, at, (&scales, &hot), log);
    }

    /// Two tokens an example, of two classes each.
    #[test]
    fn of_tokens(
        v in values(3.0),
        sigma in sigmas(),
        labels in prop::collection::vec(0i64..2, 2 * M),
        weights in prop::collection::vec(0.1..2.0, 2 * M),
        absent in 0..2 * M,
    ) {
        let mut weights = weights;
        weights[absent] = 0.0;
        let sum: f64 = weights.iter().sum();
        let scales: Vec<f64> = weights.iter().map(|weight| weight * M as f64 / sum).collect();
        let tokens: Tensor<2, Int> = Tensor::from_data(TensorData::new(labels.clone(), [M, 2]), &Device::default());
        let targets = TokenTargets::from(tokens).weighted(from(weights, [M, 2], DType::F64));
        let y = one_hot(&labels, 2);
        let at = (sigma, v.as_slice());
        check_rows(&PerToken(SoftmaxCrossEntropy), [M, K], &targets, at, (&scales, &y), |_, _, pi| entropy(pi));
    }
}
