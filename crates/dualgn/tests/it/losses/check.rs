//! `check_loss` passes the losses of the library, and finds the faults that are planted.

use burn::tensor::{DType, Tensor};
use dualgn::error::LossError;
use dualgn::loss::{
    Absolute, AtLeast, ClassTargets, CountTargets, CurvatureFactor, DualUpdate, Gamma, Heads, Hinge, Huber, LogCosh,
    Logistic, LossCheck, Margin, MultiLabel, MulticlassHinge, PerToken, Poisson, Quantile, SmoothedMulticlassHinge,
    SoftmaxCrossEntropy, Squared, SquaredHinge, TokenTargets, Weighted, check_loss,
};
use dualgn::{ConvexLoss, Error};

use super::{answers, classes, integers};
use crate::common::{from, numbers, tensor};

const ROWS: usize = 24;

/// Repeatable outputs and targets in [-3, 3].
fn outputs(k: usize) -> Tensor<2> {
    tensor([ROWS, k], 1, DType::F64) * 3.0
}

fn targets(k: usize) -> Tensor<2> {
    tensor([ROWS, k], 2, DType::F64) * 3.0
}

fn labels(k: usize) -> Vec<i64> {
    numbers(ROWS, 3).iter().map(|x| ((x + 1.0) * 0.5 * k as f64) as i64 % k as i64).collect()
}

fn consistent<L: ConvexLoss>(name: &str, loss: &L, k: usize, targets: &L::Target) {
    let check = check_loss(loss, outputs(k), targets).unwrap();
    assert!(check.is_consistent(), "{name}:\n{check}");
    assert_eq!(check.to_string(), "consistent");
}

#[test]
fn losses_of_numbers_are_consistent() {
    consistent("squared", &Squared, 2, &targets(2));
    consistent("absolute", &Absolute, 2, &targets(2));
    consistent("huber", &Huber { delta: 0.7 }, 2, &targets(2));
    consistent("quantile", &Quantile { level: 0.2 }, 2, &targets(2));
    consistent("at least, squared", &AtLeast(Squared), 2, &targets(2));
    consistent("at least, absolute", &AtLeast(Absolute), 2, &targets(2));
    consistent("at least, huber", &AtLeast(Huber { delta: 0.7 }), 2, &targets(2));
    consistent("log-cosh", &LogCosh, 2, &targets(2));
    let positive = targets(2).abs() + 0.1;
    let counts = CountTargets::from(positive.clone());
    consistent("poisson", &Poisson, 2, &counts);
    consistent("poisson, exposed", &Poisson, 2, &counts.exposed(positive.clone().recip()));
    consistent("gamma", &Gamma, 2, &positive);
}

#[test]
fn losses_of_answers_and_classes_are_consistent() {
    let sides = |k: usize| -> Vec<f64> { numbers(ROWS * k, 4).iter().map(|x| f64::from(*x > 0.0)).collect() };
    let shares = numbers(ROWS, 5).iter().map(|x| 0.5 + 0.5 * x).collect();
    consistent("logistic", &Logistic, 1, &answers(shares, [ROWS, 1]));
    consistent("hinge", &Hinge, 1, &answers(sides(1), [ROWS, 1]));
    consistent("squared hinge", &SquaredHinge, 1, &answers(sides(1), [ROWS, 1]));
    consistent("labels, logistic", &MultiLabel(Logistic), 3, &answers(sides(3), [ROWS, 3]));
    consistent("labels, hinge", &MultiLabel(Hinge), 3, &answers(sides(3), [ROWS, 3]));

    consistent("softmax", &SoftmaxCrossEntropy, 4, &classes(&labels(4)));
    let smoothed = ClassTargets::Smoothed { classes: integers(&labels(4)), smoothing: 0.2 };
    consistent("softmax, smoothed", &SoftmaxCrossEntropy, 4, &smoothed);
    // Soft labels in f32 sum to one up to its rounding.
    let soft = burn::tensor::activation::softmax(tensor::<2>([ROWS, 4], 6, DType::F32), 1);
    consistent("softmax, soft labels", &SoftmaxCrossEntropy, 4, &soft.into());
    consistent("multiclass hinge", &MulticlassHinge, 4, &integers(&labels(4)));
    let smooth = SmoothedMulticlassHinge { smoothing: 1.5 };
    consistent("smoothed multiclass hinge", &smooth, 4, &integers(&labels(4)));
}

#[test]
fn losses_of_losses_are_consistent() {
    let weights = || {
        let mut weights: Vec<f64> = numbers(ROWS, 7).iter().map(|x| 1.5 + x).collect();
        weights[3] = 0.0;
        weights
    };
    let weighted = from::<1>(weights(), [ROWS], DType::F64);
    consistent("weighted", &Weighted(SoftmaxCrossEntropy), 3, &(classes(&labels(3)), weighted.clone()).into());
    consistent("weighted huber", &Weighted(Huber::default()), 2, &(targets(2), weighted).into());
    let tokens = TokenTargets::<ClassTargets>::new(classes(&labels(2)), [ROWS / 2, 2]);
    let tokens = tokens.weighted(from(weights(), [ROWS / 2, 2], DType::F64));
    let check = check_loss(&PerToken(SoftmaxCrossEntropy), outputs(4).narrow(0, 0, ROWS / 2), &tokens).unwrap();
    assert!(check.is_consistent(), "{check}");
    let heads = Heads::new(SoftmaxCrossEntropy, 3, Huber::default()).weighted([0.5, 2.0]);
    consistent("heads", &heads, 5, &(classes(&labels(3)), targets(2)).into());
    let heads = Heads::new(MulticlassHinge, 3, Absolute).weighted([0.5, 2.0]);
    consistent("heads without curvature", &heads, 5, &(integers(&labels(3)), targets(2)).into());
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    None,
    Shape,
    NotFinite,
    Gradient,
    SubgradientAtTheKink,
    Curvature,
    NoCurvature,
    Conjugate,
    ConjugateBetween,
    TooWide,
    TooNarrow,
    NotConvex,
    Update,
    UpdateOutside,
    Shift,
}

/// Huber's loss with a fault.
struct Wrong(Fault);

const HUBER: Huber = Huber { delta: 1.0 };

impl ConvexLoss for Wrong {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        HUBER.validate(outputs, targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let value = HUBER.value(outputs.clone(), targets);
        match self.0 {
            Fault::NotFinite => value.log() * f64::INFINITY,
            Fault::NotConvex => value + (outputs * 3.0).sin().sum_dim(1).squeeze_dim(1),
            _ => value,
        }
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let gradient = HUBER.gradient(outputs.clone(), targets);
        match self.0 {
            Fault::Shape => gradient.swap_dims(0, 1),
            Fault::Gradient => gradient * 1.1,
            Fault::NotConvex => gradient + (outputs * 3.0).cos() * 3.0,
            _ => gradient,
        }
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Option<CurvatureFactor> {
        match HUBER.curvature(outputs, targets) {
            Some(CurvatureFactor::Diagonal(d)) if self.0 == Fault::Curvature => {
                Some(CurvatureFactor::Diagonal(d * 2f64.sqrt()))
            }
            _ if self.0 == Fault::NoCurvature => None,
            factor => factor,
        }
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let conjugate = HUBER.conjugate(dual, targets);
        if self.0 == Fault::Conjugate { conjugate + 0.1 } else { conjugate }
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        match self.0 {
            Fault::TooWide => Huber { delta: 2.0 }.domain_violation(dual, targets),
            Fault::TooNarrow => Huber { delta: 0.8 }.domain_violation(dual, targets),
            _ => HUBER.domain_violation(dual, targets),
        }
    }

    fn is_shift_invariant(&self) -> bool {
        self.0 == Fault::Shift
    }

    fn dual_update(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<Option<DualUpdate>, Error> {
        match self.0 {
            Fault::Update => {
                let inner = HUBER.dual_update(outputs, targets)?.unwrap();
                Ok(Some(DualUpdate::new(move |example, sigma, point| {
                    inner.apply(example, 1.5 * sigma, point);
                })))
            }
            Fault::UpdateOutside => Squared.dual_update(outputs, targets),
            _ => HUBER.dual_update(outputs, targets),
        }
    }
}

/// The absolute error with a slope at its kinks that no tangent there has, or a conjugate that is right at its ends
/// only.
struct WrongAbsolute(Fault);

impl ConvexLoss for WrongAbsolute {
    type Target = Tensor<2>;

    fn validate(&self, outputs: [usize; 2], targets: &Tensor<2>) -> Result<(), Error> {
        Absolute.validate(outputs, targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        Absolute.value(outputs, targets)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &Tensor<2>) -> Tensor<2> {
        let gradient = Absolute.gradient(outputs, targets);
        let kink = gradient.clone().equal_elem(0.0);
        if self.0 == Fault::SubgradientAtTheKink { gradient.mask_fill(kink, 1.5) } else { gradient }
    }

    fn curvature(&self, _outputs: Tensor<2>, _targets: &Tensor<2>) -> Option<CurvatureFactor> {
        None
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        let conjugate = Absolute.conjugate(dual.clone(), targets);
        match self.0 {
            // |α| (1 - |α|) is zero at -1, 0 and 1.
            Fault::ConjugateBetween => {
                let size = dual.abs();
                conjugate + (size.clone() * (size.neg() + 1.0)).sum_dim(1).squeeze_dim(1)
            }
            _ => conjugate,
        }
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &Tensor<2>) -> Tensor<1> {
        Absolute.domain_violation(dual, targets)
    }
}

fn faults(check: &LossCheck) -> Vec<&'static str> {
    check.inconsistencies.iter().map(|inconsistency| inconsistency.what).collect()
}

#[test]
fn planted_faults_are_found_where_they_are() {
    let check = |fault| check_loss(&Wrong(fault), outputs(2), &targets(2)).unwrap();
    assert!(check(Fault::None).is_consistent(), "{}", check(Fault::None));
    // These touch one function, and nothing else is blamed.
    let alone = [
        (Fault::Shape, "shape"),
        (Fault::NotFinite, "value"),
        (Fault::Curvature, "curvature"),
        (Fault::NoCurvature, "curvature"),
        (Fault::TooWide, "domain"),
        (Fault::Update, "dual update"),
        (Fault::UpdateOutside, "dual update"),
        (Fault::Shift, "shift invariance"),
    ];
    for (fault, what) in alone {
        let check = check(fault);
        assert!(!check.is_consistent(), "{fault:?} was not found");
        assert!(faults(&check).iter().all(|found| *found == what), "{fault:?}:\n{check}");
    }
    // From these follow others, such as Fenchel-Young with a wrong gradient.
    let among = [
        (Fault::Gradient, "gradient"),
        (Fault::Conjugate, "conjugate"),
        (Fault::TooNarrow, "domain"),
        (Fault::NotConvex, "convexity"),
    ];
    for (fault, what) in among {
        let check = check(fault);
        assert!(faults(&check).contains(&what), "{fault:?}:\n{check}");
    }
    assert!(!faults(&check(Fault::Gradient)).contains(&"convexity"));
    assert!(!faults(&check(Fault::Conjugate)).contains(&"gradient"));
    assert!(!faults(&check(Fault::TooNarrow)).contains(&"conjugate"));
}

#[test]
fn faults_at_kinks_are_found() {
    let at_kinks = check_loss(&WrongAbsolute(Fault::SubgradientAtTheKink), targets(2), &targets(2)).unwrap();
    assert!(faults(&at_kinks).contains(&"gradient"), "{at_kinks}");
    let right = check_loss(&WrongAbsolute(Fault::None), targets(2), &targets(2)).unwrap();
    assert!(right.is_consistent(), "{right}");
    let between = check_loss(&WrongAbsolute(Fault::ConjugateBetween), outputs(2), &targets(2)).unwrap();
    assert!(faults(&between).iter().all(|what| *what == "conjugate") && !between.is_consistent(), "{between}");
}

/// Softmax cross-entropy with a margin whose gradient has the wrong sign, or with too much curvature.
struct WrongMargin(bool);

impl ConvexLoss for WrongMargin {
    type Target = ClassTargets;

    fn validate(&self, outputs: [usize; 2], targets: &ClassTargets) -> Result<(), Error> {
        SoftmaxCrossEntropy.validate(outputs, targets)
    }

    fn value(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        SoftmaxCrossEntropy.value(outputs, targets)
    }

    fn gradient(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Tensor<2> {
        SoftmaxCrossEntropy.gradient(outputs, targets)
    }

    fn curvature(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Option<CurvatureFactor> {
        SoftmaxCrossEntropy.curvature(outputs, targets)
    }

    fn conjugate(&self, dual: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        SoftmaxCrossEntropy.conjugate(dual, targets)
    }

    fn domain_violation(&self, dual: Tensor<2>, targets: &ClassTargets) -> Tensor<1> {
        SoftmaxCrossEntropy.domain_violation(dual, targets)
    }

    fn margin(&self, outputs: Tensor<2>, targets: &ClassTargets) -> Option<Margin> {
        let margin = SoftmaxCrossEntropy.margin(outputs, targets)?;
        Some(match margin.curvature {
            CurvatureFactor::Diagonal(d) if self.0 => {
                Margin { curvature: CurvatureFactor::Diagonal(d * 2.0), ..margin }
            }
            _ => Margin { gradient: margin.gradient.clone().neg(), ..margin },
        })
    }
}

#[test]
fn wrong_margins_are_found() {
    for fault in [true, false] {
        let check = check_loss(&WrongMargin(fault), outputs(3), &classes(&labels(3))).unwrap();
        assert_eq!(faults(&check), ["margin"], "{check}");
    }
}

#[test]
fn a_finding_says_what_is_wrong_in_one_line() {
    let check = check_loss(&Wrong(Fault::Curvature), outputs(2), &targets(2)).unwrap();
    let text = check.to_string();
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.starts_with("curvature, example "), "{text}");
    assert!(text.contains("is 2.000000e0 and should be 1.000000e0, within"), "{text}");
}

#[test]
fn targets_that_do_not_fit_are_an_error() {
    let shape = check_loss(&Squared, outputs(2), &targets(3));
    assert!(matches!(shape, Err(Error::Loss(LossError::Shape { .. }))));
    assert!(check_loss(&Logistic, outputs(2), &targets(2).into()).is_err());
}
