//! Gradient, curvature, conjugate and domain, as properties of random points.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::ConvexLoss;
use dualgn::loss::{
    Absolute, AtLeast, ClassTargets, CountTargets, CurvatureFactor, Gamma, Heads, Hinge, Huber, LogCosh, Logistic,
    MultiLabel, MulticlassHinge, PerToken, Poisson, Quantile, SmoothedMulticlassHinge, SoftmaxCrossEntropy, Squared,
    SquaredHinge, TokenTargets, Weighted,
};
use proptest::prelude::*;

use super::{K, M, answers, apply_curvature, classes, integers, less_classes, probabilities, real};
use crate::common::{assert_close, from, host};

/// Gradient and curvature against central differences, Fenchel-Young, the domain.
fn check<L: ConvexLoss>(loss: &L, [m, k]: [usize; 2], outputs: &[f64], targets: &L::Target, inside: &[f64]) {
    let at = |values: Vec<f64>| from::<2>(values, [m, k], DType::F64);
    loss.validate([m, k], targets).unwrap();
    let f = at(outputs.to_vec());
    let gradient = host(loss.gradient(f.clone(), targets));
    let value = host(loss.value(f.clone(), targets));

    let factor = loss.curvature(f, targets);
    let sum = |f| host(loss.value(f, targets)).iter().sum::<f64>();
    // Values and gradients round relative to their size, and differences divide that by the step.
    let size = 1.0 + value.iter().chain(&gradient).map(|value| value.abs()).sum::<f64>();
    for index in 0..m * k {
        let moved = |step: f64| {
            let mut values = outputs.to_vec();
            values[index] += step;
            at(values)
        };
        // The slope of the loss, and of its gradient, by second-order differences: for smooth functions with
        // derivatives of order one the error is about 1e-10 at these steps.
        let differences = |step: f64| -> Vec<f64> {
            let (up, down) = (moved(step), moved(-step));
            let slope = (sum(up.clone()) - sum(down.clone())) / (2.0 * step);
            let (up, down) = (host(loss.gradient(up, targets)), host(loss.gradient(down, targets)));
            std::iter::once(slope).chain(up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * step))).collect()
        };
        let wanted = differences(1e-5);
        // At a kink they depend on the step: there is no derivative to compare with.
        if wanted.iter().zip(differences(5e-6)).any(|(a, b)| (a - b).abs() > 1e-4 * size) {
            continue;
        }
        assert!(
            (wanted[0] - gradient[index]).abs() < 1e-8 * size,
            "gradient: {} but differences give {}",
            gradient[index],
            wanted[0]
        );
        let unit: Vec<f64> = (0..m * k).map(|i| f64::from(i == index)).collect();
        for (found, wanted) in apply_curvature(&factor, at(unit)).iter().zip(&wanted[1..]) {
            assert!((found - wanted).abs() < 1e-8 * size, "curvature: {found} but differences give {wanted}");
        }
    }

    // Fenchel-Young: equality at the gradient, inequality at any point of the domain, per example.
    let young = |alpha: &[f64]| -> Vec<[f64; 2]> {
        let conjugate = host(loss.conjugate(at(alpha.to_vec()), targets));
        let pairing = |(a, f): (&[f64], &[f64])| a.iter().zip(f).map(|(a, f)| a * f).sum::<f64>();
        let pairings = alpha.chunks(k).zip(outputs.chunks(k)).map(pairing);
        conjugate.iter().zip(&value).zip(pairings).map(|((c, v), pairing)| [c + v, pairing]).collect()
    };
    for [sum, pairing] in young(&gradient) {
        assert!((sum - pairing).abs() < 1e-9 * (size + pairing.abs()), "equality: {sum} and {pairing}");
    }
    for [sum, pairing] in young(inside) {
        assert!(sum - pairing > -1e-9 * (size + pairing.abs()), "inequality: {sum} and {pairing}");
    }
    for alpha in [gradient.as_slice(), inside] {
        let violation = host(loss.domain_violation(at(alpha.to_vec()), targets));
        assert!(violation.iter().all(|violation| *violation < 1e-12 * size), "{violation:?}");
    }

    // The same in f32. Its results are some dozens of operations long, and conjugates amplify errors of α by logarithms
    // up to 16: a hundred units in the last place.
    let single = |values: &[f64]| from::<2>(values.to_vec(), [m, k], DType::F32);
    let gradient = loss.gradient(single(outputs), targets);
    let values =
        host(loss.value(single(outputs), targets)).into_iter().zip(host(loss.conjugate(gradient.clone(), targets)));
    let gradient = host(gradient);
    for (i, (value, conjugate)) in values.enumerate() {
        let row = i * k..(i + 1) * k;
        let pairings = gradient[row.clone()].iter().zip(&outputs[row]).map(|(a, f)| a * f);
        let (pairing, parts): (f64, f64) = pairings.fold((0.0, 0.0), |(sum, parts), x| (sum + x, parts + x.abs()));
        let scale = size + parts + conjugate.abs();
        assert!((value + conjugate - pairing).abs() < 1e-5 * scale, "f32: {value} + {conjugate} and {pairing}");
    }
}

fn values(range: f64) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-range..range, M * K)
}

fn units() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.001..0.999, M * K)
}

fn labels() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(0i64..K as i64, M)
}

fn yes_or_no() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((0..2i32).prop_map(f64::from), M * K)
}

/// A point of the domain for each target and number between 0 and 1.
fn points(units: &[f64], targets: &[f64], point: impl Fn(f64, f64) -> f64) -> Vec<f64> {
    units.iter().zip(targets).map(|(u, y)| point(*u, *y)).collect()
}

const ONE: [usize; 2] = [M * K, 1];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn squared(outputs in values(3.0), targets in values(3.0), dual in values(3.0)) {
        check(&Squared, [M, K], &outputs, &real(&targets), &dual);
    }

    #[test]
    fn absolute(outputs in values(3.0), targets in values(3.0), dual in values(1.0)) {
        check(&Absolute, [M, K], &outputs, &real(&targets), &dual);
    }

    #[test]
    fn huber(outputs in values(3.0), targets in values(3.0), dual in values(1.0), delta in 0.2..4.0) {
        let dual: Vec<f64> = dual.iter().map(|x| delta * x).collect();
        check(&Huber { delta }, [M, K], &outputs, &real(&targets), &dual);
    }

    #[test]
    fn at_least(outputs in values(3.0), targets in values(3.0), u in units(), delta in 0.2..4.0) {
        let (targets, at_most_zero) = (real(&targets), |scale: f64| u.iter().map(|u| -scale * u).collect::<Vec<_>>());
        check(&AtLeast(Squared), [M, K], &outputs, &targets, &at_most_zero(4.0));
        check(&AtLeast(Absolute), [M, K], &outputs, &targets, &at_most_zero(1.0));
        check(&AtLeast(Huber { delta }), [M, K], &outputs, &targets, &at_most_zero(delta));
        check(&AtLeast(LogCosh), [M, K], &outputs, &targets, &at_most_zero(1.0));
    }

    #[test]
    fn quantile(outputs in values(3.0), targets in values(3.0), u in units(), level in 0.05..0.95) {
        let dual = points(&u, &targets, |u, _| u - level);
        check(&Quantile { level }, [M, K], &outputs, &real(&targets), &dual);
    }

    #[test]
    fn log_cosh(outputs in values(3.0), targets in values(3.0), dual in values(1.0)) {
        check(&LogCosh, [M, K], &outputs, &real(&targets), &dual);
    }

    /// Near zero, where the usual formula for log cosh has no digits left, it is half the square.
    #[test]
    fn log_cosh_keeps_its_digits(r in 1e-7..1e-4) {
        let at = |dtype| host(LogCosh.value(from(vec![r], [1, 1], dtype), &from(vec![0.0], [1, 1], dtype)))[0];
        prop_assert!((at(DType::F64) / (0.5 * r * r) - 1.0).abs() < 1e-8);
        prop_assert!((at(DType::F32) / (0.5 * r * r) - 1.0).abs() < 1e-5);
    }

    #[test]
    fn poisson(
        outputs in values(2.0),
        counts in prop::collection::vec((0..6i32).prop_map(f64::from), M * K),
        exposure in prop::collection::vec(0.5..2.0, M * K),
        u in units(),
    ) {
        let dual = points(&u, &counts, |u, y| 5.0 * u - y);
        let targets = CountTargets::from(real(&counts));
        check(&Poisson, [M, K], &outputs, &targets, &dual);
        check(&Poisson, [M, K], &outputs, &targets.exposed(real(&exposure)), &dual);
    }

    #[test]
    fn gamma(outputs in values(2.0), targets in prop::collection::vec(0.1..4.0, M * K), u in units()) {
        let dual = points(&u, &targets, |u, _| 1.0 - 4.0 * u);
        check(&Gamma, [M, K], &outputs, &real(&targets), &dual);
    }

    #[test]
    fn logistic(outputs in values(4.0), targets in prop::collection::vec(0.0..=1.0, M * K), u in units()) {
        let dual = points(&u, &targets, |u, y| u - y);
        check(&Logistic, ONE, &outputs, &answers(targets.clone(), ONE), &dual);
        check(&MultiLabel(Logistic), [M, K], &outputs, &answers(targets, [M, K]), &dual);
    }

    #[test]
    fn hinge(outputs in values(3.0), targets in yes_or_no(), u in units()) {
        let dual = points(&u, &targets, |u, y| u * (1.0 - 2.0 * y));
        check(&Hinge, ONE, &outputs, &answers(targets.clone(), ONE), &dual);
        check(&MultiLabel(Hinge), [M, K], &outputs, &answers(targets, [M, K]), &dual);
    }

    #[test]
    fn squared_hinge(outputs in values(3.0), targets in yes_or_no(), u in units()) {
        let dual = points(&u, &targets, |u, y| 4.0 * u * (1.0 - 2.0 * y));
        check(&SquaredHinge, ONE, &outputs, &answers(targets.clone(), ONE), &dual);
        check(&MultiLabel(SquaredHinge), [M, K], &outputs, &answers(targets, [M, K]), &dual);
    }

    #[test]
    fn softmax_with_classes(outputs in values(4.0), labels in labels(), point in values(2.0)) {
        let dual = less_classes(probabilities(&point), &labels);
        check(&SoftmaxCrossEntropy, [M, K], &outputs, &classes(&labels), &dual);
    }

    #[test]
    fn softmax_with_probabilities(outputs in values(4.0), targets in values(2.0), point in values(2.0)) {
        let targets = probabilities(&targets);
        let dual: Vec<f64> = probabilities(&point).iter().zip(&targets).map(|(p, y)| p - y).collect();
        check(&SoftmaxCrossEntropy, [M, K], &outputs, &real(&targets).into(), &dual);
    }

    #[test]
    fn softmax_with_smoothed_classes(
        outputs in values(4.0),
        labels in labels(),
        point in values(2.0),
        smoothing in 0.0..0.9,
    ) {
        let target = |i: usize, c: usize| {
            smoothing / K as f64 + if labels[i] as usize == c { 1.0 - smoothing } else { 0.0 }
        };
        let dual: Vec<f64> = probabilities(&point).iter().enumerate().map(|(e, p)| p - target(e / K, e % K)).collect();
        let targets = ClassTargets::Smoothed { classes: integers(&labels), smoothing };
        check(&SoftmaxCrossEntropy, [M, K], &outputs, &targets, &dual);
        // They are the probabilities they stand for.
        let written: Vec<f64> = (0..M * K).map(|e| target(e / K, e % K)).collect();
        let value = |targets| host(SoftmaxCrossEntropy.value(real(&outputs), &targets));
        assert_close("smoothed", &value(targets), &value(real(&written).into()), 1e-14);
    }

    #[test]
    fn multiclass_hinge(outputs in values(2.0), labels in labels(), point in values(2.0)) {
        let dual = less_classes(probabilities(&point), &labels);
        check(&MulticlassHinge, [M, K], &outputs, &integers(&labels), &dual);
    }

    #[test]
    fn smoothed_multiclass_hinge(
        outputs in values(2.0),
        labels in labels(),
        point in values(2.0),
        smoothing in 0.3..3.0,
    ) {
        let dual = less_classes(probabilities(&point), &labels);
        let loss = SmoothedMulticlassHinge { smoothing };
        check(&loss, [M, K], &outputs, &integers(&labels), &dual);
        // The hinge is zero or more below, by half the smoothing at most.
        let below = host(MulticlassHinge.value(real(&outputs), &integers(&labels)));
        for (hinge, smoothed) in below.iter().zip(host(loss.value(real(&outputs), &integers(&labels)))) {
            prop_assert!(smoothed >= hinge - 1e-12 && smoothed < hinge + 0.5 * smoothing);
        }
    }

    /// Two tokens an example with two classes each; one token does not count.
    #[test]
    fn per_token(
        outputs in values(4.0),
        labels in prop::collection::vec(0i64..2, 2 * M),
        weights in prop::collection::vec(0.1..2.0, 2 * M),
        absent in 0..2 * M,
        point in prop::collection::vec(0.05..0.95, 2 * M),
    ) {
        let mut weights = weights;
        weights[absent] = 0.0;
        let sum: f64 = weights.iter().sum();
        // s (p - y) with p in the simplex.
        let dual = (0..2 * M).flat_map(|row| {
            let scale = weights[row] * M as f64 / sum;
            let part = |class: i64| {
                let p = if class == 0 { point[row] } else { 1.0 - point[row] };
                scale * (p - f64::from(labels[row] == class))
            };
            [part(0), part(1)]
        });
        let classes: Tensor<2, Int> = Tensor::from_data(TensorData::new(labels.clone(), [M, 2]), &Device::default());
        let targets = TokenTargets::from(classes).weighted(from(weights.clone(), [M, 2], DType::F64));
        check(&PerToken(SoftmaxCrossEntropy), [M, K], &outputs, &targets, &dual.collect::<Vec<f64>>());
    }

    #[test]
    fn weighted(
        outputs in values(4.0),
        labels in labels(),
        weights in prop::collection::vec(0.1..2.0, M),
        absent in 0..M,
        point in values(2.0),
    ) {
        let mut weights = weights;
        weights[absent] = 0.0;
        let sum: f64 = weights.iter().sum();
        let mut dual = less_classes(probabilities(&point), &labels);
        for (row, weight) in dual.chunks_mut(K).zip(&weights) {
            row.iter_mut().for_each(|x| *x *= weight * M as f64 / sum);
        }
        let loss = Weighted(SoftmaxCrossEntropy);
        let targets = (classes(&labels), from::<1>(weights.clone(), [M], DType::F64)).into();
        check(&loss, [M, K], &outputs, &targets, &dual);

        // The mean over the batch is the weighted mean of the losses.
        let plain = host(SoftmaxCrossEntropy.value(real(&outputs), &classes(&labels)));
        let wanted = plain.iter().zip(&weights).map(|(loss, weight)| loss * weight).sum::<f64>() / sum;
        let found = host(loss.value(real(&outputs), &targets)).iter().sum::<f64>() / M as f64;
        prop_assert!((found - wanted).abs() < 1e-13 * (1.0 + wanted));
    }

    /// Two outputs for one of two classes, and two for numbers.
    #[test]
    fn heads(
        outputs in values(3.0),
        labels in prop::collection::vec(0i64..2, M),
        numbers in prop::collection::vec(-3.0..3.0, 2 * M),
        u in units(),
        weights in prop::array::uniform2(0.2..3.0),
    ) {
        let dual: Vec<f64> = (0..M).flat_map(|i| {
            let class = |c: i64| f64::from(labels[i] == c);
            let p = u[i * K];
            let number = |c: usize| 2.0 * u[i * K + 2 + c] - 1.0;
            [
                weights[0] * (p - class(0)),
                weights[0] * (1.0 - p - class(1)),
                weights[1] * number(0),
                weights[1] * number(1),
            ]
        }).collect();
        let numbers: Tensor<2> = from(numbers.clone(), [M, 2], DType::F64);
        let loss = Heads::new(SoftmaxCrossEntropy, 2, Huber::default()).weighted(weights);
        check(&loss, [M, K], &outputs, &(classes(&labels), numbers.clone()).into(), &dual);
        // Neither head has curvature.
        let loss = Heads::new(MulticlassHinge, 2, Absolute).weighted(weights);
        check(&loss, [M, K], &outputs, &(integers(&labels), numbers.clone()).into(), &dual);
        // One head has none, so that there is none of the whole.
        let loss = Heads::new(SoftmaxCrossEntropy, 2, Absolute);
        prop_assert!(loss.curvature(real(&outputs), &(classes(&labels), numbers).into()).is_none());
    }

    /// Three heads: a pair in a pair.
    #[test]
    fn nested_heads(
        outputs in values(3.0),
        targets in values(2.0),
        yes in prop::collection::vec(0.0..1.0, M),
        u in units(),
    ) {
        let column = |from: usize, to: usize| real(&targets).slice([0..M, from..to]);
        let loss = Heads::new(Logistic, 1, Heads::new(LogCosh, 2, Squared).weighted([0.5, 1.0])).weighted([2.0, 1.5]);
        let inner: dualgn::loss::HeadTargets<Tensor<2>, Tensor<2>> = (column(1, 3), column(3, 4)).into();
        let dual: Vec<f64> = (0..M).flat_map(|i| {
            let u = &u[i * K..(i + 1) * K];
            [2.0 * (u[0] - yes[i]), 0.75 * (2.0 * u[1] - 1.0), 0.75 * (2.0 * u[2] - 1.0), 5.0 * u[3]]
        }).collect();
        check(&loss, [M, K], &outputs, &(answers(yes, [M, 1]), inner).into(), &dual);
    }

    #[test]
    fn a_dense_factor_is_the_matrix_it_holds(entries in prop::collection::vec(-1.0..1.0, M * K * 2), x in values(1.0)) {
        let factor = CurvatureFactor::Dense(from(entries.clone(), [M, K, 2], DType::F64));
        prop_assert_eq!(factor.columns(K), 2);
        let found = apply_curvature(&Some(factor), from(x.clone(), [M, K], DType::F64));
        let mut wanted = vec![0.0; M * K];
        for i in 0..M {
            let l = |c: usize, r: usize| entries[(i * K + c) * 2 + r];
            for c in 0..K {
                wanted[i * K + c] = (0..K).map(|d| (0..2).map(|r| l(c, r) * l(d, r)).sum::<f64>() * x[i * K + d]).sum();
            }
        }
        assert_close("dense factor", &found, &wanted, 1e-13);
    }
}

#[test]
fn points_outside_the_domain_are_measured() {
    let y = answers(vec![0.0; 3], [3, 1]);
    let violation = host(Logistic.domain_violation(from(vec![1.5, 0.5, -0.25], [3, 1], DType::F64), &y));
    assert_eq!(violation, [0.5, 0.0, 0.25]);
    let labels = classes(&[0, 0, 0]);
    let dual = real(&[vec![-1.0, 1.25, 0.0, -0.25], vec![-0.5, 0.5, 0.0, 0.0], vec![0.0; 4]].concat());
    assert_eq!(host(SoftmaxCrossEntropy.domain_violation(dual, &labels)), [0.25, 0.0, 0.0]);
    let dual = from(vec![1.5, 0.5, -3.0], [3, 1], DType::F64);
    let zeros = from::<2>(vec![0.0; 3], [3, 1], DType::F64);
    assert_eq!(host(Absolute.domain_violation(dual.clone(), &zeros)), [0.5, 0.0, 2.0]);
    assert_eq!(host(Huber { delta: 1.5 }.domain_violation(dual.clone(), &zeros)), [0.0, 0.0, 1.5]);
    assert_eq!(host(Quantile { level: 0.5 }.domain_violation(dual.clone(), &zeros)), [1.0, 0.0, 2.5]);
    assert_eq!(host(Poisson.domain_violation(dual.clone(), &zeros.clone().into())), [0.0, 0.0, 3.0]);
    assert_eq!(host(Gamma.domain_violation(dual.clone(), &(zeros + 1.0))), [0.5, 0.0, 0.0]);
    assert_eq!(host(Hinge.domain_violation(dual.clone(), &y)), [0.5, 0.0, 3.0]);
    assert_eq!(host(SquaredHinge.domain_violation(dual, &y)), [0.0, 0.0, 3.0]);
}
