//! Steps that cannot be taken, factorisations that fail, and states that are saved.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor};
use dualgn::error::{DirectionError, LinearizeError, StateError};
use dualgn::loss::Squared;
use dualgn::step::{
    Adaptation, DampingSchedule, Decay, Fallback, LevenbergMarquardt, Momentum, Search, SecondMoments, StepperState,
};
use dualgn::{Error, GaussNewton, Network, Route, Solver, Stepper};

use super::dense::{Kind, Problem, Small, softmax, squared};
use crate::common::{from, host};

/// `f = e^{a x}`, whose Gauss-Newton step from zero overshoots any float.
#[derive(Module, Debug)]
struct Growth {
    a: Param<Tensor<2>>,
}

impl Growth {
    fn new(a: f64) -> Self {
        Self { a: Param::from_tensor(from(vec![a], [1, 1], DType::F64)) }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.a.val()).exp()
    }
}

fn growth() -> (Growth, Network<Growth, Tensor<2>>, Tensor<2>, Tensor<2>) {
    let model = Growth::new(0.0);
    let network = Network::trace(&model, Growth::forward, [2, 1]).unwrap();
    (model, network, from(vec![1.0, 2.0], [2, 1], DType::F64), from(vec![1e4, 1e8], [2, 1], DType::F64))
}

#[test]
fn steps_that_overflow_are_refused_and_the_damping_rises() {
    let (mut model, network, x, y) = growth();
    let rule = LevenbergMarquardt::FULL;
    let mut stepper =
        Stepper::new(GaussNewton::new(Squared).damping(1e-6)).adaptation(Adaptation::LevenbergMarquardt(rule));
    let (next, first) = stepper.step(1.0, &network, &model, x.clone(), y.clone()).unwrap();
    assert!(first.refused > 5 && first.direction.damping > 1.0, "{} {}", first.refused, first.direction.damping);
    model = next;
    for _ in 0..200 {
        let (next, report) = stepper.step(1.0, &network, &model, x.clone(), y.clone()).unwrap();
        assert!(report.loss_after.unwrap() <= report.loss);
        assert!(host(next.a.val())[0].is_finite());
        model = next;
    }
    // e^a = 1e4 solves both equations.
    assert!((host(model.a.val())[0] - 1e4f64.ln()).abs() < 1e-9);
    // There is nothing left to gain: no step is taken, and none pretended.
    let (next, last) = stepper.step(1.0, &network, &model, x, y).unwrap();
    assert!(last.loss_after.unwrap() <= last.loss && last.loss < 1e-6, "{last:?}");
    assert_eq!(host(next.a.val()), host(model.a.val()));
    assert_eq!(last.step, 0.0);
}

#[test]
fn an_error_changes_nothing() {
    let (model, network, x, y) = growth();
    let rule = LevenbergMarquardt::FULL.bounds(LevenbergMarquardt::FULL.least, 1e-5);
    let mut stepper =
        Stepper::new(GaussNewton::new(Squared).damping(1e-6)).adaptation(Adaptation::LevenbergMarquardt(rule));
    let before = stepper.state().unwrap();
    let error = stepper.step(1.0, &network, &model, x, y).unwrap_err();
    assert!(matches!(error, Error::Direction(DirectionError::NotFinite { .. })), "{error}");
    assert!(error.to_string().starts_with("the loss after every step that was tried is not finite"), "{error}");
    assert_eq!(stepper.state().unwrap(), before);
    assert_eq!(host(model.a.val()), [0.0]);
}

/// In f32 a damping far below the rounding of `K` leaves the dual matrix indefinite.
#[test]
fn a_factorisation_that_fails_falls_back() {
    let device = Device::default();
    let problem = Problem::new(Kind::Squared, 40, 3);
    let model = crate::common::cast(Small::new(&problem.weights(5), problem.outputs), DType::F32);
    let network = Network::trace(&model, Small::forward, [40, 2]).unwrap();
    let inputs = problem.inputs().cast(DType::F32).to_device(&device);
    let targets = problem.targets().cast(DType::F32).to_device(&device);
    let oracle = GaussNewton::new(Squared).damping(1e-14).solver(Solver::Cholesky).route(Route::DualAssembled);
    let plain = oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap_err();
    assert!(matches!(plain, Error::Direction(DirectionError::Factorisation { .. })), "{plain}");

    let (_, report) =
        Stepper::guarded(oracle.clone()).step(1.0, &network, &model, inputs.clone(), targets.clone()).unwrap();
    let fallback = report.fallback.expect("the factorisation failed");
    assert!(report.loss_after.unwrap() < report.loss, "{report:?}");
    assert!(!fallback.name().is_empty());
    // With a centre there are no eigenvalues to fall back to, but products.
    let mut stepper = Stepper::guarded(oracle).decay(Decay::Coupled(1e-16));
    let (_, report) = stepper.step(1.0, &network, &model, inputs, targets).unwrap();
    assert!(matches!(report.fallback, Some(Fallback::MoreDamping | Fallback::ConjugateGradient)), "{report:?}");
}

/// A stepper restored from a state goes on bit for bit, with everything that can be carried.
#[test]
fn a_restored_stepper_goes_on_as_the_other() {
    let problem = Problem::new(Kind::Softmax, 9, 3);
    let exact = Solver::ConjugateGradient { iterations: 40, tolerance: 1e-12 };
    let momenta = [Momentum::HeavyBall(0.5), Momentum::Mean(0.9), Momentum::Centre(0.8), Momentum::Model];
    let schedule = Adaptation::Schedule(DampingSchedule::new(0.8, 1e-3));
    for (momentum, metric) in momenta.into_iter().zip([true, false, true, false]) {
        let new = || {
            let stepper = Stepper::guarded(softmax(0.1).solver(exact)).momentum(momentum).decay(Decay::Coupled(0.01));
            if metric { stepper.metric(SecondMoments::default()) } else { stepper.adaptation(schedule) }
        };
        let mut model = Small::new(&problem.weights(5), problem.outputs);
        let network = problem.network(&model);
        let mut stepper = new();
        let step = |stepper: &mut Stepper<_>, model: &Small| {
            stepper.step(1.0, &network, model, problem.inputs(), problem.classes()).unwrap().0
        };
        for _ in 0..5 {
            model = step(&mut stepper, &model);
        }
        let mut other = new();
        other.restore(stepper.state().unwrap()).unwrap();
        assert_eq!(other.state().unwrap(), stepper.state().unwrap());
        let mut twin = model.clone();
        for _ in 0..5 {
            model = step(&mut stepper, &model);
            twin = step(&mut other, &twin);
            assert_eq!(model.flat(), twin.flat(), "{momentum:?}");
        }
    }
}

#[test]
fn states_of_other_steppers_are_refused() {
    let problem = Problem::new(Kind::Softmax, 9, 3);
    let model = Small::new(&problem.weights(5), problem.outputs);
    let network = problem.network(&model);
    let new = || Stepper::guarded(softmax(0.1)).momentum(Momentum::HeavyBall(0.5));
    let mut stepper = new();
    stepper.step(1.0, &network, &model, problem.inputs(), problem.classes()).unwrap();
    let good = stepper.state().unwrap();

    let changed = |change: &dyn Fn(&mut StepperState)| {
        let mut state = good.clone();
        change(&mut state);
        new().restore(state)
    };
    let version = changed(&|state| state.version = 7);
    assert_eq!(version, Err(StateError::Version { found: 7, known: StepperState::VERSION }));
    for damping in [0.0, -1.0, f64::INFINITY] {
        let number = changed(&|state| state.damping = Some(damping));
        assert_eq!(number, Err(StateError::Number { what: "damping", value: damping }));
    }
    let entry = changed(&|state| state.momentum.as_mut().unwrap().entries[1] = f64::INFINITY);
    assert_eq!(entry, Err(StateError::Number { what: "momentum", value: f64::INFINITY }));
    let unused = Stepper::guarded(softmax(0.1)).restore(good.clone());
    assert_eq!(unused, Err(StateError::Unused { what: "momentum" }));

    // The network is known at the next step only, and an error there leaves the state.
    let mut other = new();
    let mut short = good.clone();
    short.momentum.as_mut().unwrap().entries.pop();
    other.restore(short.clone()).unwrap();
    let error = other.step(1.0, &network, &model, problem.inputs(), problem.classes()).unwrap_err();
    assert!(matches!(error, Error::Linearize(LinearizeError::Shape { .. })), "{error}");
    assert_eq!(other.state().unwrap(), short);
}

#[test]
fn a_search_finds_a_way_down_where_momentum_leads_up() {
    let problem = Problem::new(Kind::Squared, 9, 3);
    let mut model = Small::new(&problem.weights(5), problem.outputs);
    let network = problem.network(&model);
    // A momentum so large that the mean points up every now and then.
    let mut stepper = Stepper::new(squared(1e-3))
        .momentum(Momentum::HeavyBall(0.99))
        .search(Search::Armijo(dualgn::step::Armijo::HALVING));
    for _ in 0..60 {
        let (next, report) = stepper.step(1.0, &network, &model, problem.inputs(), problem.targets()).unwrap();
        assert!(report.slope < 0.0, "{report:?}");
        assert!(report.loss_after.unwrap() <= report.loss);
        model = next;
    }
}

/// A direction of few iterations may be one that its own model finds worse than staying, and then a loss that rises as well is no
/// agreement: such steps are refused, and the damping rises until the iterations suffice.
#[test]
fn inexact_directions_never_lead_up() {
    for iterations in [1, 2, 3] {
        let problem = Problem::new(Kind::Softmax, 9, 3);
        let mut model = Small::new(&problem.weights(5), problem.outputs);
        let network = problem.network(&model);
        let oracle = softmax(1e-7).solver(Solver::ConjugateGradient { iterations, tolerance: 0.0 });
        let oracle = oracle.route(Route::DualMatrixFree);
        let rule = Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL);
        let mut stepper = Stepper::new(oracle).adaptation(rule);
        let mut refused = 0;
        let first = problem.at(&model.flat()).loss;
        for _ in 0..25 {
            let (next, report) = stepper.step(1.0, &network, &model, problem.inputs(), problem.classes()).unwrap();
            let (before, after) = (problem.at(&model.flat()).loss, problem.at(&next.flat()).loss);
            assert!(after <= before, "{iterations}: {before} and {after}");
            refused += report.refused;
            model = next;
        }
        assert!(refused > 0 && problem.at(&model.flat()).loss < first);
    }
}
