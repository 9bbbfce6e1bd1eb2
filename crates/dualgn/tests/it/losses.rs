//! Every loss against differences and against the definition of the conjugate, as properties of random points.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::{
    ClassTargets, ConvexLoss, CurvatureFactor, Error, Logistic, LossError, PerToken, SoftmaxCrossEntropy, Squared,
    TokenTargets,
};
use proptest::prelude::*;

use crate::common::{assert_close, from, host};

const M: usize = 3;
const K: usize = 4;

fn classes(values: &[i64]) -> ClassTargets {
    let tensor: Tensor<1, Int> = Tensor::from_data(TensorData::from(values), &Device::default());
    tensor.into()
}

fn probabilities(values: &[f64]) -> Vec<f64> {
    let exp: Vec<f64> = values.iter().map(|value| value.exp()).collect();
    exp.chunks(K).flat_map(|row| row.iter().map(|x| x / row.iter().sum::<f64>()).collect::<Vec<_>>()).collect()
}

/// Gradient and curvature against central differences, Fenchel-Young, the domain.
fn check<L: ConvexLoss>(loss: &L, outputs: &[f64], targets: &L::Target, inside: &[f64]) {
    let at = |values: Vec<f64>| from(values, [M, K], DType::F64);
    loss.validate([M, K], targets).unwrap();
    let f = at(outputs.to_vec());
    let gradient = host(loss.gradient(f.clone(), targets));

    // Second-order differences of a smooth function with derivatives of order one: error about 1e-10 at this step.
    let step = 1e-5;
    let factor = loss.curvature(f.clone(), targets);
    for index in 0..M * K {
        let moved = |sign: f64| {
            let mut values = outputs.to_vec();
            values[index] += sign * step;
            at(values)
        };
        let sum = |f| host(loss.value(f, targets)).iter().sum::<f64>();
        let slope = (sum(moved(1.0)) - sum(moved(-1.0))) / (2.0 * step);
        assert!((slope - gradient[index]).abs() < 1e-8, "gradient: {} but differences give {slope}", gradient[index]);
        let up = host(loss.gradient(moved(1.0), targets));
        let down = host(loss.gradient(moved(-1.0), targets));
        let column: Vec<f64> = up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * step)).collect();
        let unit: Vec<f64> = (0..M * K).map(|i| f64::from(i == index)).collect();
        let found = apply_curvature(&factor, at(unit));
        for (found, wanted) in found.iter().zip(&column) {
            assert!((found - wanted).abs() < 1e-8, "curvature: {found} but differences give {wanted}");
        }
    }

    // Fenchel-Young: equality at the gradient, inequality at any point of the domain, per example.
    let pairing = |alpha: &[f64]| -> Vec<f64> {
        alpha.chunks(K).zip(outputs.chunks(K)).map(|(a, f)| a.iter().zip(f).map(|(a, f)| a * f).sum()).collect()
    };
    let value = host(loss.value(f, targets));
    let sum = |alpha: &[f64]| -> Vec<f64> {
        let conjugate = host(loss.conjugate(at(alpha.to_vec()), targets));
        conjugate.iter().zip(&value).map(|(c, v)| c + v).collect()
    };
    for (sum, pairing) in sum(&gradient).iter().zip(pairing(&gradient)) {
        assert!((sum - pairing).abs() < 1e-9 * (1.0 + pairing.abs()), "equality: {sum} and {pairing}");
    }
    for (sum, pairing) in sum(inside).iter().zip(pairing(inside)) {
        assert!(sum - pairing > -1e-9 * (1.0 + pairing.abs()), "inequality: {sum} and {pairing}");
    }
    for alpha in [gradient.as_slice(), inside] {
        let violation = host(loss.domain_violation(at(alpha.to_vec()), targets));
        assert!(violation.iter().all(|violation| *violation < 1e-12), "{violation:?}");
    }
}

/// `L Lᵀ x`.
fn apply_curvature(factor: &CurvatureFactor, x: Tensor<2>) -> Vec<f64> {
    host(factor.apply(factor.apply_transpose(x.unsqueeze())))
}

fn values(range: f64) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(-range..range, M * K)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn squared(outputs in values(3.0), targets in values(3.0), dual in values(3.0)) {
        check(&Squared, &outputs, &from(targets, [M, K], DType::F64), &dual);
    }

    #[test]
    fn logistic(outputs in values(4.0), targets in prop::collection::vec(0.0..=1.0, M * K), inside in prop::collection::vec(0.001..0.999, M * K)) {
        let dual: Vec<f64> = inside.iter().zip(&targets).map(|(s, y)| s - y).collect();
        check(&Logistic, &outputs, &from(targets, [M, K], DType::F64), &dual);
    }

    #[test]
    fn softmax_with_classes(outputs in values(4.0), labels in prop::collection::vec(0i64..K as i64, M), point in values(2.0)) {
        let mut dual = probabilities(&point);
        for (example, label) in labels.iter().enumerate() {
            dual[example * K + *label as usize] -= 1.0;
        }
        check(&SoftmaxCrossEntropy, &outputs, &classes(&labels), &dual);
    }

    #[test]
    fn softmax_with_probabilities(outputs in values(4.0), targets in values(2.0), point in values(2.0)) {
        let targets = probabilities(&targets);
        let dual: Vec<f64> = probabilities(&point).iter().zip(&targets).map(|(p, y)| p - y).collect();
        let targets: ClassTargets = from(targets, [M, K], DType::F64).into();
        check(&SoftmaxCrossEntropy, &outputs, &targets, &dual);
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
        check(&PerToken(SoftmaxCrossEntropy), &outputs, &targets, &dual.collect::<Vec<f64>>());
    }

    #[test]
    fn a_dense_factor_is_the_matrix_it_holds(entries in prop::collection::vec(-1.0..1.0, M * K * 2), x in values(1.0)) {
        let factor = CurvatureFactor::Dense(from(entries.clone(), [M, K, 2], DType::F64));
        let found = apply_curvature(&factor, from(x.clone(), [M, K], DType::F64));
        let mut wanted = vec![0.0; M * K];
        for i in 0..M {
            let l = |c: usize, r: usize| entries[(i * K + c) * 2 + r];
            for c in 0..K {
                wanted[i * K + c] = (0..K).map(|d| (0..2).map(|r| l(c, r) * l(d, r)).sum::<f64>() * x[i * K + d]).sum();
            }
        }
        assert_close("dense factor", &found, &wanted, 1e-13);
        prop_assert_eq!(factor.columns(K), 2);
    }
}

/// Logits at which `e^f` overflows or `1 - q` cancels.
#[test]
fn extreme_logits_stay_finite_in_f32() {
    let f: Tensor<2> =
        from(vec![1e4, -1e4, 90.0, 0.0, -200.0, -100.0, 3.0, 1e4, 0.0, 0.0, 0.0, 0.0], [M, K], DType::F32);
    let binary: Tensor<2> = from(vec![0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.5, 1.0, 0.0, 1.0, 0.0, 1.0], [M, K], DType::F32);
    let labels = classes(&[1, 3, 0]);
    let all = [
        host(Logistic.value(f.clone(), &binary)),
        host(Logistic.gradient(f.clone(), &binary)),
        apply_curvature(&Logistic.curvature(f.clone(), &binary), f.clone() * 1e-4),
        host(Logistic.conjugate(Logistic.gradient(f.clone(), &binary), &binary)),
        host(SoftmaxCrossEntropy.value(f.clone(), &labels)),
        host(SoftmaxCrossEntropy.gradient(f.clone(), &labels)),
        apply_curvature(&SoftmaxCrossEntropy.curvature(f.clone(), &labels), f.clone() * 1e-4),
        host(SoftmaxCrossEntropy.conjugate(SoftmaxCrossEntropy.gradient(f, &labels), &labels)),
    ];
    assert!(all.concat().iter().all(|value| value.is_finite()), "{all:?}");
    assert_eq!(all[4][0], 2e4, "the loss of a wrong, certain class is the difference of the logits");
}

#[test]
fn points_outside_the_domain_are_measured() {
    let y: Tensor<2> = from(vec![0.0; M * K], [M, K], DType::F64);
    let violation = host(Logistic.domain_violation(from([vec![1.5], vec![0.5; 11]].concat(), [M, K], DType::F64), &y));
    assert_eq!(violation, [0.5, 0.0, 0.0]);
    let labels = classes(&[0, 0, 0]);
    let dual =
        from([vec![-1.0, 1.25, 0.0, -0.25], vec![-0.5, 0.5, 0.0, 0.0], vec![0.0; 4]].concat(), [M, K], DType::F64);
    assert_eq!(host(SoftmaxCrossEntropy.domain_violation(dual, &labels)), [0.25, 0.0, 0.0]);
}

#[test]
fn targets_that_do_not_fit_are_refused_with_their_place() {
    let message = |error: Error| error.to_string();
    let out_of_range = SoftmaxCrossEntropy.validate([3, 4], &classes(&[0, 4, 1])).unwrap_err();
    assert!(matches!(out_of_range, Error::Loss(LossError::ClassRange { index: 1, class: 4, classes: 4 })));
    assert_eq!(message(out_of_range), "target 1 is class 4, but the network has 4 outputs (classes 0 to 3)");
    let negative = SoftmaxCrossEntropy.validate([3, 4], &classes(&[0, 1, -1])).unwrap_err();
    assert!(matches!(negative, Error::Loss(LossError::ClassRange { index: 2, class: -1, .. })));
    let count = SoftmaxCrossEntropy.validate([4, 4], &classes(&[0, 1, 2])).unwrap_err();
    assert!(matches!(count, Error::Loss(LossError::Shape { .. })));
    let single = SoftmaxCrossEntropy.validate([3, 1], &classes(&[0, 0, 0])).unwrap_err();
    assert!(matches!(single, Error::Loss(LossError::Outputs { found: 1, .. })));

    let real = |values: Vec<f64>, shape| from::<2>(values, shape, DType::F64);
    let sum = SoftmaxCrossEntropy.validate([1, 2], &real(vec![0.7, 0.7], [1, 2]).into()).unwrap_err();
    assert!(matches!(sum, Error::Loss(LossError::Range { index: 0, .. })));
    let shape = Squared.validate([2, 1], &real(vec![0.0, 1.0], [1, 2])).unwrap_err();
    assert!(matches!(shape, Error::Loss(LossError::Shape { .. })));
    let nan = Squared.validate([1, 2], &real(vec![0.0, f64::NAN], [1, 2])).unwrap_err();
    assert!(matches!(nan, Error::Loss(LossError::NotFinite { index: 1, .. })));
    let tokens = |shape: [usize; 2]| TokenTargets::<Tensor<2>>::new(real(vec![0.0; 4], [2, 2]), shape);
    let length = PerToken(Squared).validate([1, 4], &tokens([1, 3])).unwrap_err();
    assert!(message(length).contains("a divisor of the 4 outputs"));
    let weights = |values| tokens([1, 2]).weighted(real(values, [1, 2]));
    let negative = PerToken(Squared).validate([1, 4], &weights(vec![1.0, -1.0])).unwrap_err();
    assert!(matches!(negative, Error::Loss(LossError::Range { index: 1, .. })));
    let nothing = PerToken(Squared).validate([1, 4], &weights(vec![0.0, 0.0])).unwrap_err();
    assert!(message(nothing).contains("at least one token"));
    let sign = Logistic.validate([1, 2], &real(vec![-1.0, 1.0], [1, 2])).unwrap_err();
    assert!(matches!(sign, Error::Loss(LossError::Range { index: 0, .. })));
}
