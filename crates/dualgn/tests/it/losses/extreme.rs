//! Single precision at outputs where exponentials overflow, probabilities cancel and squares are large.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::ConvexLoss;
use dualgn::loss::{
    Absolute, AtLeast, ClassTargets, CountTargets, Gamma, Heads, Hinge, Huber, LogCosh, Logistic, MultiLabel,
    MulticlassHinge, PerToken, Poisson, Quantile, SmoothedMulticlassHinge, SoftmaxCrossEntropy, Squared, SquaredHinge,
    TokenTargets, Weighted,
};

use super::{K, M, answers, apply_curvature, classes, integers};
use crate::common::{from, host};

const EXTREME: [f64; M * K] = [1e4, -1e4, 90.0, 0.0, -200.0, -100.0, 3.0, 1e4, 0.0, 0.0, 0.0, 0.0];

/// How far rounding may take dual variables of size one out of their domain in f32, whose unit is 6e-8.
const ROUNDING: f64 = 1e-6;

/// Value, gradient, curvature and conjugate are finite, and gradient and dual updates in the domain.
fn check<L: ConvexLoss>(name: &str, loss: &L, [m, k]: [usize; 2], outputs: &[f64], targets: &L::Target) {
    loss.validate([m, k], targets).unwrap();
    let single = |values: &[f64]| from::<2>(values.to_vec(), [m, k], DType::F32);
    let f = single(outputs);
    let gradient = loss.gradient(f.clone(), targets);
    let finite = |what: &str, values: Vec<f64>| {
        assert!(values.iter().all(|value| value.is_finite()), "{name}, {what}: {values:?}");
    };
    finite("value", host(loss.value(f.clone(), targets)));
    finite("gradient", host(gradient.clone()));
    finite("curvature", apply_curvature(&loss.curvature(f.clone(), targets), f * 1e-4));
    let inside = |what: &str, dual: Tensor<2>| {
        finite(what, host(loss.conjugate(dual.clone(), targets)));
        // Rounding is relative where dual variables are large, as those of counts are.
        let sizes: Vec<f64> =
            host(dual.clone()).chunks(k).map(|row| row.iter().fold(1.0, |a, x| x.abs().max(a))).collect();
        let violation = host(loss.domain_violation(dual, targets));
        assert!(violation.iter().zip(sizes).all(|(v, size)| *v <= ROUNDING * size), "{name}, {what}: {violation:?}");
    };
    inside("conjugate at the gradient", gradient.clone());

    let update = loss.dual_update([m, k], targets).unwrap().unwrap();
    for sigma in [1e-6, 1.0, 1e6] {
        for start in [host(gradient.clone()), EXTREME.to_vec(), EXTREME.map(|x| -x).to_vec()] {
            let mut point = start;
            for (example, row) in point.chunks_exact_mut(k).enumerate() {
                update.apply(example, sigma, row);
            }
            inside("dual update", single(&point));
        }
    }
}

#[test]
fn point_17_losses_are_finite_and_in_their_domains_at_extreme_outputs_in_f32() {
    let (wide, one) = ([M, K], [M * K, 1]);
    let numbers: Tensor<2> =
        from(vec![0.5, -1e3, 90.0, 0.0, 7.0, 1e4, 3.0, -1e4, 1e-3, -1e-3, 0.0, 2.0], wide, DType::F32);
    check("squared", &Squared, wide, &EXTREME, &numbers);
    check("absolute", &Absolute, wide, &EXTREME, &numbers);
    check("huber", &Huber::default(), wide, &EXTREME, &numbers);
    check("at least, squared", &AtLeast(Squared), wide, &EXTREME, &numbers);
    check("at least, absolute", &AtLeast(Absolute), wide, &EXTREME, &numbers);
    check("at least, log-cosh", &AtLeast(LogCosh), wide, &EXTREME, &numbers);
    check("quantile", &Quantile { level: 0.3 }, wide, &EXTREME, &numbers);
    check("log-cosh", &LogCosh, wide, &EXTREME, &numbers);

    // e^f is a number of f32 up to 88.
    let counts = [0.0, 3.0, 1e6, 7.0, 0.0, 1.0, 2.0, 50.0, 0.0, 1.0, 2.0, 0.5];
    let counts: CountTargets = from::<2>(counts.to_vec(), wide, DType::F32).into();
    let logarithms = EXTREME.map(|value| value.min(80.0));
    check("poisson", &Poisson, wide, &logarithms, &counts);
    let exposure = (0..M * K).map(|i| 10f64.powi(i as i32 % 5 - 2)).collect();
    check("poisson, exposed", &Poisson, wide, &logarithms, &counts.exposed(from(exposure, wide, DType::F32)));
    let costs = [1e-3, 3.0, 1e6, 7.0, 0.1, 1.0, 2.0, 50.0, 1.0, 1.0, 2.0, 0.5];
    let costs: Tensor<2> = from(costs.to_vec(), wide, DType::F32);
    check("gamma", &Gamma, wide, &EXTREME.map(|value| value.max(-70.0)), &costs);

    let sides = vec![0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 1.0];
    let shares = vec![0.0, 1.0, 0.3, 1.0, 1.0, 0.0, 0.5, 1.0, 0.0, 1.0, 0.7, 1.0];
    check("logistic", &Logistic, one, &EXTREME, &answers(shares.clone(), one));
    check("hinge", &Hinge, one, &EXTREME, &answers(sides.clone(), one));
    check("squared hinge", &SquaredHinge, one, &EXTREME, &answers(sides.clone(), one));
    check("labels, logistic", &MultiLabel(Logistic), wide, &EXTREME, &answers(shares, wide));
    check("labels, hinge", &MultiLabel(Hinge), wide, &EXTREME, &answers(sides.clone(), wide));
    check("labels, squared hinge", &MultiLabel(SquaredHinge), wide, &EXTREME, &answers(sides, wide));

    let labels = [1, 3, 0];
    check("softmax", &SoftmaxCrossEntropy, wide, &EXTREME, &classes(&labels));
    let smoothed = ClassTargets::Smoothed { classes: integers(&labels), smoothing: 0.1 };
    check("softmax, smoothed", &SoftmaxCrossEntropy, wide, &EXTREME, &smoothed);
    let soft = [vec![0.1, 0.2, 0.3, 0.4], vec![0.0, 1.0, 0.0, 0.0], vec![0.25; 4]].concat();
    check("softmax, soft labels", &SoftmaxCrossEntropy, wide, &EXTREME, &from::<2>(soft, wide, DType::F32).into());
    check("multiclass hinge", &MulticlassHinge, wide, &EXTREME, &integers(&labels));
    let smooth = SmoothedMulticlassHinge::default();
    check("smoothed multiclass hinge", &smooth, wide, &EXTREME, &integers(&labels));

    let tokens: Tensor<2, Int> =
        Tensor::from_data(TensorData::new(vec![1i64, 0, 0, 1, 1, 0], [M, 2]), &Device::default());
    let tokens = TokenTargets::from(tokens).weighted(from(vec![1.0, 0.5, 0.0, 2.0, 1.0, 1.0], [M, 2], DType::F32));
    check("tokens", &PerToken(SoftmaxCrossEntropy), wide, &EXTREME, &tokens);
    let weights = || from::<1>(vec![0.3, 0.0, 2.0], [M], DType::F32);
    check("weighted softmax", &Weighted(SoftmaxCrossEntropy), wide, &EXTREME, &(classes(&labels), weights()).into());
    check("weighted huber", &Weighted(Huber::default()), wide, &EXTREME, &(numbers.clone(), weights()).into());
    let heads = Heads::new(SoftmaxCrossEntropy, 2, LogCosh).weighted([0.1, 3.0]);
    let targets = (classes(&[1, 0, 0]), numbers.narrow(1, 2, 2)).into();
    check("heads", &heads, wide, &EXTREME, &targets);
}

#[test]
fn a_wrong_and_certain_class_costs_the_difference_of_the_outputs() {
    let f: Tensor<2> = from(EXTREME.to_vec(), [M, K], DType::F32);
    let labels = [1, 3, 0];
    assert_eq!(host(SoftmaxCrossEntropy.value(f.clone(), &classes(&labels)))[0], 2e4);
    assert_eq!(host(MulticlassHinge.value(f.clone(), &integers(&labels)))[0], 2e4 + 1.0);
    let smooth = SmoothedMulticlassHinge { smoothing: 1.0 };
    assert_eq!(host(smooth.value(f, &integers(&labels)))[0], 2e4 + 1.0);
}
