//! What does not fit is refused, with its place and what to do.

use burn::tensor::{DType, Int, Tensor, TensorData};
use dualgn::error::LossError;
use dualgn::loss::{
    Absolute, ClassTargets, CountTargets, Gamma, HeadTargets, Heads, Hinge, Huber, Logistic, MultiLabel,
    MulticlassHinge, PerToken, Poisson, Quantile, SmoothedMulticlassHinge, SoftmaxCrossEntropy, Squared, SquaredHinge,
    TokenTargets, Weighted, WeightedTargets,
};
use dualgn::{ConvexLoss, Error};

use super::{answers, classes, integers};
use crate::common::from;

fn real(values: Vec<f64>, shape: [usize; 2]) -> Tensor<2> {
    from(values, shape, DType::F64)
}

fn message(result: Result<(), Error>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn classes_out_of_range() {
    let out_of_range = SoftmaxCrossEntropy.validate([3, 4], &classes(&[0, 4, 1])).unwrap_err();
    assert!(matches!(out_of_range, Error::Loss(LossError::ClassRange { index: 1, class: 4, classes: 4 })));
    assert_eq!(out_of_range.to_string(), "target 1 is class 4, but the network has 4 outputs (classes 0 to 3)");
    let negative = SoftmaxCrossEntropy.validate([3, 4], &classes(&[0, 1, -1])).unwrap_err();
    assert!(matches!(negative, Error::Loss(LossError::ClassRange { index: 2, class: -1, .. })));
    let count = SoftmaxCrossEntropy.validate([4, 4], &classes(&[0, 1, 2])).unwrap_err();
    assert!(matches!(count, Error::Loss(LossError::Shape { .. })));
    let single = SoftmaxCrossEntropy.validate([3, 1], &classes(&[0, 0, 0])).unwrap_err();
    assert!(matches!(single, Error::Loss(LossError::Outputs { found: 1, .. })));
    for targets in [integers(&[0, 3]), integers(&[0, -1])] {
        let range =
            |result: Result<(), Error>| matches!(result, Err(Error::Loss(LossError::ClassRange { index: 1, .. })));
        assert!(range(MulticlassHinge.validate([2, 3], &targets)));
        assert!(range(SmoothedMulticlassHinge::default().validate([2, 3], &targets)));
    }
    let single = message(MulticlassHinge.validate([2, 1], &integers(&[0, 0])));
    assert!(single.contains("1 outputs per example") && single.contains("hinge"), "{single}");
}

#[test]
fn probabilities_that_are_none() {
    let sum = SoftmaxCrossEntropy.validate([1, 2], &real(vec![0.7, 0.7], [1, 2]).into()).unwrap_err();
    assert!(matches!(sum, Error::Loss(LossError::Range { index: 0, .. })));
    let negative = SoftmaxCrossEntropy.validate([1, 2], &real(vec![1.5, -0.5], [1, 2]).into()).unwrap_err();
    assert!(matches!(negative, Error::Loss(LossError::Range { index: 1, .. })));
    for smoothing in [-0.1, 1.0, f64::NAN] {
        let targets = ClassTargets::Smoothed { classes: integers(&[0]), smoothing };
        assert!(message(SoftmaxCrossEntropy.validate([1, 2], &targets)).contains("label smoothing"));
    }
}

#[test]
fn numbers_of_another_shape_or_range() {
    let shape = Squared.validate([2, 1], &real(vec![0.0, 1.0], [1, 2])).unwrap_err();
    assert!(matches!(shape, Error::Loss(LossError::Shape { .. })));
    let nan = Squared.validate([1, 2], &real(vec![0.0, f64::NAN], [1, 2])).unwrap_err();
    assert!(matches!(nan, Error::Loss(LossError::NotFinite { index: 1, .. })));
    let infinite = Absolute.validate([1, 2], &real(vec![0.0, f64::INFINITY], [1, 2])).unwrap_err();
    assert!(matches!(infinite, Error::Loss(LossError::NotFinite { index: 1, .. })));

    let zero = message(Gamma.validate([1, 2], &real(vec![1.0, 0.0], [1, 2])));
    assert_eq!(zero, "target 1 is 0, but this loss needs positive targets");
    let negative = message(Poisson.validate([1, 2], &real(vec![1.0, -2.0], [1, 2]).into()));
    assert_eq!(negative, "target 1 is -2, but this loss needs counts, which are not negative");
    let exposed = |values, shape| CountTargets::from(real(vec![1.0, 2.0], [1, 2])).exposed(real(values, shape));
    assert!(message(Poisson.validate([1, 2], &exposed(vec![1.0; 2], [2, 1]))).contains("one exposure a count"));
    for bad in [0.0, -1.0, f64::INFINITY] {
        assert!(message(Poisson.validate([1, 2], &exposed(vec![1.0, bad], [1, 2]))).contains("exposures"));
    }
    let whole: Tensor<2, Int> = Tensor::from_data(TensorData::new(vec![3i64, 0], [1, 2]), &crate::device());
    Poisson.validate([1, 2], &whole.into()).unwrap();
}

#[test]
fn parameters_that_make_no_sense() {
    let targets = real(vec![0.0], [1, 1]);
    for delta in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        assert!(message(Huber { delta }.validate([1, 1], &targets)).contains("Huber delta"));
    }
    for level in [0.0, 1.0, -0.5, f64::NAN] {
        assert!(message(Quantile { level }.validate([1, 1], &targets)).contains("quantile level"));
    }
    for smoothing in [0.0, -1.0, f64::INFINITY, f64::NAN] {
        let loss = SmoothedMulticlassHinge { smoothing };
        assert!(message(loss.validate([1, 2], &integers(&[0]))).contains("smoothing"));
    }
}

#[test]
fn answers_and_their_number() {
    let sign = Logistic.validate([2, 1], &answers(vec![-1.0, 1.0], [2, 1])).unwrap_err();
    assert!(matches!(sign, Error::Loss(LossError::Range { index: 0, .. })));
    let half = answers(vec![1.0, 0.5], [2, 1]);
    Logistic.validate([2, 1], &half).unwrap();
    for result in [Hinge.validate([2, 1], &half), SquaredHinge.validate([2, 1], &half)] {
        assert_eq!(message(result), "target 1 is 0.5, but this loss needs 0 for no or 1 for yes");
    }
    let two = answers(vec![0.0; 4], [2, 2]);
    for result in [Logistic.validate([2, 2], &two), Hinge.validate([2, 2], &two), SquaredHinge.validate([2, 2], &two)] {
        let message = message(result);
        assert!(message.contains("2 outputs per example") && message.contains("MultiLabel"), "{message}");
    }
    MultiLabel(Logistic).validate([2, 2], &two).unwrap();
    let shape = message(MultiLabel(Logistic).validate([2, 3], &two));
    assert!(shape.contains("[2, 3]") && shape.contains("[2, 2]"), "{shape}");
    let range = MultiLabel(Hinge).validate([2, 2], &answers(vec![0.0, 1.0, 2.0, 0.0], [2, 2])).unwrap_err();
    assert!(matches!(range, Error::Loss(LossError::Range { index: 2, .. })));
}

#[test]
fn tokens_and_their_weights() {
    let tokens = |shape: [usize; 2]| TokenTargets::<Tensor<2>>::new(real(vec![0.0; 4], [2, 2]), shape);
    let length = message(PerToken(Squared).validate([1, 4], &tokens([1, 3])));
    assert!(length.contains("a divisor of the 4 outputs"));
    let weights = |values| tokens([1, 2]).weighted(real(values, [1, 2]));
    let negative = PerToken(Squared).validate([1, 4], &weights(vec![1.0, -1.0])).unwrap_err();
    assert!(matches!(negative, Error::Loss(LossError::Range { index: 1, .. })));
    let nothing = message(PerToken(Squared).validate([1, 4], &weights(vec![0.0, 0.0])));
    assert!(nothing.contains("at least one token"));
}

#[test]
fn weights_of_examples() {
    let weighted = |weights: Vec<f64>| {
        let length = weights.len();
        WeightedTargets::<Tensor<2>>::new(real(vec![0.0; 4], [2, 2]), from(weights, [length], DType::F64))
    };
    let loss = Weighted(Squared);
    loss.validate([2, 2], &weighted(vec![1.0, 0.0])).unwrap();
    let shape = message(loss.validate([2, 2], &weighted(vec![1.0; 3])));
    assert!(shape.contains("one weight an example"), "{shape}");
    let negative = message(loss.validate([2, 2], &weighted(vec![1.0, -1.0])));
    assert_eq!(negative, "target 1 is -1, but this loss needs weights of examples that are finite and not negative");
    let nothing = message(loss.validate([2, 2], &weighted(vec![0.0, 0.0])));
    assert!(nothing.contains("at least one example"), "{nothing}");
    assert!(Weighted(Logistic).check_outputs(2).is_err());
    assert!(matches!(loss.validate([2, 1], &weighted(vec![1.0; 2])), Err(Error::Loss(LossError::Shape { .. }))));
}

#[test]
fn heads_and_their_outputs() {
    let heads = Heads::new(SoftmaxCrossEntropy, 2, Huber::default());
    let targets = || -> HeadTargets<ClassTargets, Tensor<2>> { (classes(&[0, 1]), real(vec![0.0; 2], [2, 1])).into() };
    heads.validate([2, 3], &targets()).unwrap();
    let few = message(heads.validate([2, 2], &targets()));
    assert!(few.contains("2 outputs") && few.contains("first head"), "{few}");
    let shape = heads.validate([2, 4], &targets()).unwrap_err();
    assert!(matches!(shape, Error::Loss(LossError::Shape { .. })));
    assert!(Heads::new(SoftmaxCrossEntropy, 1, Squared).check_outputs(3).is_err());
    assert!(Heads::new(Squared, 0, Squared).check_outputs(3).unwrap_err().to_string().contains("at least one"));
    for weight in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let second = message(heads.weighted([1.0, weight]).validate([2, 3], &targets()));
        assert!(second.contains("weight of the second head"), "{second}");
    }
}
