//! Nonlinear regression problems of NIST's Statistical Reference Datasets (StRD, in the public domain), by Levenberg-Marquardt from
//! both official starts.
//!
//! Parameters are multiples of their starts, `b = b₀ ∘ θ` with `θ = 1` at first: their sizes differ by up to eight orders, and the
//! damping is one number for all.

use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor};
use dualgn::loss::Squared;
use dualgn::step::{Adaptation, LevenbergMarquardt};
use dualgn::{GaussNewton, Network, Solver, Stepper};

use crate::common::{from, host};

/// The formula of a model in its parameters, `[1, 1]` each, and `x`, `[m, 1]`.
type Formula = fn(&[Tensor<2>], Tensor<2>) -> Tensor<2>;

struct Problem {
    name: &'static str,
    formula: Formula,
    starts: [&'static [f64]; 2],
    certified: &'static [f64],
    /// The certified residual sum of squares.
    squares: f64,
    /// `(y, x)`.
    data: &'static [(f64, f64)],
}

#[derive(Module, Debug)]
struct Curve {
    theta: Param<Tensor<2>>,
}

/// `x^b`, for positive `x`.
fn power(x: Tensor<2>, b: &Tensor<2>) -> Tensor<2> {
    (x.log() * b.clone()).exp()
}

/// The parameters from a start, and the steps taken.
fn fit(problem: &Problem, start: &[f64]) -> (Vec<f64>, usize) {
    let count = start.len();
    let theta = Param::from_tensor(from(vec![1.0; count], [1, count], DType::F64));
    let mut model = Curve { theta };
    let scales: Vec<f64> = start.to_vec();
    let formula = problem.formula;
    let forward = move |model: &Curve, x: Tensor<2>| {
        let theta = model.theta.val();
        let b: Vec<Tensor<2>> =
            scales.iter().enumerate().map(|(i, scale)| theta.clone().slice([0..1, i..i + 1]) * *scale).collect();
        formula(&b, x)
    };
    let m = problem.data.len();
    let (y, x): (Vec<f64>, Vec<f64>) = problem.data.iter().copied().unzip();
    let (x, y): (Tensor<2>, Tensor<2>) = (from(x, [m, 1], DType::F64), from(y, [m, 1], DType::F64));
    let network = Network::trace(&model, forward, [m, 1]).unwrap();
    let oracle = GaussNewton::new(Squared).damping(1.0).solver(Solver::Cholesky);
    let rule = Adaptation::LevenbergMarquardt(LevenbergMarquardt::FULL.bounds(1e-30, LevenbergMarquardt::FULL.most));
    let mut stepper = Stepper::new(oracle).adaptation(rule);
    let mut steps = 0;
    for step in 1..=3000 {
        let Ok((next, report)) = stepper.step(1.0, &network, &model, x.clone(), y.clone()) else { break };
        model = next;
        steps = step;
        if report.step == 0.0 {
            break;
        }
    }
    let theta = host(model.theta.val());
    (theta.iter().zip(start).map(|(theta, scale)| theta * scale).collect(), steps)
}

/// Digits of the worst parameter.
fn digits(found: &[f64], certified: &[f64]) -> f64 {
    let digits = |(found, wanted): (&f64, &f64)| {
        let error = ((found - wanted) / wanted).abs();
        if error.is_nan() { 0.0 } else { -error.max(1e-11).log10() }
    };
    found.iter().zip(certified).map(digits).fold(f64::INFINITY, f64::min)
}

const MISRA: &[(f64, f64)] = &[
    (10.07, 77.6),
    (14.73, 114.9),
    (17.94, 141.1),
    (23.93, 190.8),
    (29.61, 239.9),
    (35.18, 289.0),
    (40.02, 332.8),
    (44.82, 378.4),
    (50.76, 434.8),
    (55.05, 477.3),
    (61.01, 536.8),
    (66.40, 593.1),
    (75.47, 689.1),
    (81.78, 760.0),
];

fn problems() -> Vec<Problem> {
    vec![
        Problem {
            name: "Misra1a",
            formula: |b, x| b[0].clone() * (1.0 - (x * b[1].clone()).neg().exp()),
            starts: [&[500.0, 0.0001], &[250.0, 0.0005]],
            certified: &[2.3894212918e2, 5.5015643181e-4],
            squares: 1.2455138894e-1,
            data: MISRA,
        },
        Problem {
            name: "Misra1b",
            formula: |b, x| b[0].clone() * (1.0 - (x * b[1].clone() / 2.0 + 1.0).powi_scalar(-2)),
            starts: [&[500.0, 0.0001], &[300.0, 0.0002]],
            certified: &[3.3799746163e2, 3.9039091287e-4],
            squares: 7.5464681533e-2,
            data: MISRA,
        },
        Problem {
            name: "Misra1c",
            formula: |b, x| b[0].clone() * (1.0 - (x * b[1].clone() * 2.0 + 1.0).sqrt().recip()),
            starts: [&[500.0, 0.0001], &[600.0, 0.0002]],
            certified: &[6.3642725809e2, 2.0813627256e-4],
            squares: 4.0966836971e-2,
            data: MISRA,
        },
        Problem {
            name: "Misra1d",
            formula: |b, x| {
                let bx = x * b[1].clone();
                b[0].clone() * bx.clone() / (bx + 1.0)
            },
            starts: [&[500.0, 0.0001], &[450.0, 0.0003]],
            certified: &[4.3736970754e2, 3.0227324449e-4],
            squares: 5.6419295283e-2,
            data: MISRA,
        },
        Problem {
            name: "DanWood",
            formula: |b, x| b[0].clone() * power(x, &b[1]),
            starts: [&[1.0, 5.0], &[0.7, 4.0]],
            certified: &[7.6886226176e-1, 3.8604055871],
            squares: 4.3173084083e-3,
            data: &[(2.138, 1.309), (3.421, 1.471), (3.597, 1.490), (4.340, 1.565), (4.882, 1.611), (5.660, 1.680)],
        },
        Problem {
            name: "BoxBOD",
            formula: |b, x| b[0].clone() * (1.0 - (x * b[1].clone()).neg().exp()),
            starts: [&[1.0, 1.0], &[100.0, 0.75]],
            certified: &[2.1380940889e2, 5.4723748542e-1],
            squares: 1.1680088766e3,
            data: &[(109.0, 1.0), (149.0, 2.0), (149.0, 3.0), (191.0, 5.0), (213.0, 7.0), (224.0, 10.0)],
        },
        Problem {
            name: "MGH09",
            formula: |b, x| {
                let square = x.clone() * x.clone();
                b[0].clone() * (square.clone() + x.clone() * b[1].clone()) / (square + x * b[2].clone() + b[3].clone())
            },
            starts: [&[25.0, 39.0, 41.5, 39.0], &[0.25, 0.39, 0.415, 0.39]],
            certified: &[1.9280693458e-1, 1.9128232873e-1, 1.2305650693e-1, 1.3606233068e-1],
            squares: 3.0750560385e-4,
            data: &[
                (0.1957, 4.0),
                (0.1947, 2.0),
                (0.1735, 1.0),
                (0.1600, 0.5),
                (0.0844, 0.25),
                (0.0627, 0.167),
                (0.0456, 0.125),
                (0.0342, 0.1),
                (0.0323, 0.0833),
                (0.0235, 0.0714),
                (0.0246, 0.0625),
            ],
        },
        Problem {
            name: "MGH10",
            formula: |b, x| b[0].clone() * (b[1].clone() / (x + b[2].clone())).exp(),
            starts: [&[2.0, 400_000.0, 25_000.0], &[0.02, 4000.0, 250.0]],
            certified: &[5.6096364710e-3, 6.1813463463e3, 3.4522363462e2],
            squares: 8.7945855171e1,
            data: &[
                (34780.0, 50.0),
                (28610.0, 55.0),
                (23650.0, 60.0),
                (19630.0, 65.0),
                (16370.0, 70.0),
                (13720.0, 75.0),
                (11540.0, 80.0),
                (9744.0, 85.0),
                (8261.0, 90.0),
                (7030.0, 95.0),
                (6005.0, 100.0),
                (5147.0, 105.0),
                (4427.0, 110.0),
                (3820.0, 115.0),
                (3307.0, 120.0),
                (2872.0, 125.0),
            ],
        },
        Problem {
            name: "MGH17",
            formula: |b, x| {
                b[0].clone()
                    + b[1].clone() * (x.clone() * b[3].clone()).neg().exp()
                    + b[2].clone() * (x * b[4].clone()).neg().exp()
            },
            starts: [&[50.0, 150.0, -100.0, 1.0, 2.0], &[0.5, 1.5, -1.0, 0.01, 0.02]],
            certified: &[3.7541005211e-1, 1.9358469127, -1.4646871366, 1.2867534640e-2, 2.2122699662e-2],
            squares: 5.4648946975e-5,
            data: &[
                (0.844, 0.0),
                (0.908, 10.0),
                (0.932, 20.0),
                (0.936, 30.0),
                (0.925, 40.0),
                (0.908, 50.0),
                (0.881, 60.0),
                (0.850, 70.0),
                (0.818, 80.0),
                (0.784, 90.0),
                (0.751, 100.0),
                (0.718, 110.0),
                (0.685, 120.0),
                (0.658, 130.0),
                (0.628, 140.0),
                (0.603, 150.0),
                (0.580, 160.0),
                (0.558, 170.0),
                (0.538, 180.0),
                (0.522, 190.0),
                (0.506, 200.0),
                (0.490, 210.0),
                (0.478, 220.0),
                (0.467, 230.0),
                (0.457, 240.0),
                (0.448, 250.0),
                (0.438, 260.0),
                (0.431, 270.0),
                (0.424, 280.0),
                (0.420, 290.0),
                (0.414, 300.0),
                (0.411, 310.0),
                (0.406, 320.0),
            ],
        },
        Problem {
            name: "Rat42",
            formula: |b, x| b[0].clone() / ((b[1].clone() - x * b[2].clone()).exp() + 1.0),
            starts: [&[100.0, 1.0, 0.1], &[75.0, 2.5, 0.07]],
            certified: &[7.2462237576e1, 2.6180768402, 6.7359200066e-2],
            squares: 8.0565229338,
            data: &[
                (8.930, 9.0),
                (10.800, 14.0),
                (18.590, 21.0),
                (22.330, 28.0),
                (39.350, 42.0),
                (56.110, 57.0),
                (61.730, 63.0),
                (64.620, 70.0),
                (67.080, 79.0),
            ],
        },
        Problem {
            name: "Rat43",
            formula: |b, x| {
                let sum = (b[1].clone() - x * b[2].clone()).exp() + 1.0;
                b[0].clone() * (sum.log() / b[3].clone()).neg().exp()
            },
            starts: [&[100.0, 10.0, 1.0, 1.0], &[700.0, 5.0, 0.75, 1.3]],
            certified: &[6.9964151270e2, 5.2771253025, 7.5962938329e-1, 1.2792483859],
            squares: 8.7864049080e3,
            data: &[
                (16.08, 1.0),
                (33.83, 2.0),
                (65.80, 3.0),
                (97.20, 4.0),
                (191.55, 5.0),
                (326.20, 6.0),
                (386.87, 7.0),
                (520.53, 8.0),
                (590.03, 9.0),
                (651.92, 10.0),
                (724.93, 11.0),
                (699.56, 12.0),
                (689.96, 13.0),
                (637.56, 14.0),
                (717.41, 15.0),
            ],
        },
        Problem {
            name: "Eckerle4",
            formula: |b, x| {
                let z = (x - b[2].clone()) / b[1].clone();
                b[0].clone() / b[1].clone() * (z.clone() * z * -0.5).exp()
            },
            starts: [&[1.0, 10.0, 500.0], &[1.5, 5.0, 450.0]],
            certified: &[1.5543827178, 4.0888321754, 4.5154121844e2],
            squares: 1.4635887487e-3,
            data: &[
                (0.0001575, 400.0),
                (0.0001699, 405.0),
                (0.0002350, 410.0),
                (0.0003102, 415.0),
                (0.0004917, 420.0),
                (0.0008710, 425.0),
                (0.0017418, 430.0),
                (0.0046400, 435.0),
                (0.0065895, 436.5),
                (0.0097302, 438.0),
                (0.0149002, 439.5),
                (0.0237310, 441.0),
                (0.0401683, 442.5),
                (0.0712559, 444.0),
                (0.1264458, 445.5),
                (0.2073413, 447.0),
                (0.2902366, 448.5),
                (0.3445623, 450.0),
                (0.3698049, 451.5),
                (0.3668534, 453.0),
                (0.3106727, 454.5),
                (0.2078154, 456.0),
                (0.1164354, 457.5),
                (0.0616764, 459.0),
                (0.0337200, 460.5),
                (0.0194023, 462.0),
                (0.0117831, 463.5),
                (0.0074357, 465.0),
                (0.0022732, 470.0),
                (0.0008800, 475.0),
                (0.0004579, 480.0),
                (0.0002345, 485.0),
                (0.0001586, 490.0),
                (0.0001143, 495.0),
                (0.0000710, 500.0),
            ],
        },
        Problem {
            name: "Thurber",
            formula: |b, x| {
                let (x2, x3) = (x.clone() * x.clone(), x.clone() * x.clone() * x.clone());
                let above =
                    b[0].clone() + x.clone() * b[1].clone() + x2.clone() * b[2].clone() + x3.clone() * b[3].clone();
                above / (x * b[4].clone() + x2 * b[5].clone() + x3 * b[6].clone() + 1.0)
            },
            starts: [&[1000.0, 1000.0, 400.0, 40.0, 0.7, 0.3, 0.03], &[1300.0, 1500.0, 500.0, 75.0, 1.0, 0.4, 0.05]],
            certified: &[
                1.2881396800e3,
                1.4910792535e3,
                5.8323836877e2,
                7.5416644291e1,
                9.6629502864e-1,
                3.9797285797e-1,
                4.9727297349e-2,
            ],
            squares: 5.6427082397e3,
            data: &[
                (80.574, -3.067),
                (84.248, -2.981),
                (87.264, -2.921),
                (87.195, -2.912),
                (89.076, -2.840),
                (89.608, -2.797),
                (89.868, -2.702),
                (90.101, -2.699),
                (92.405, -2.633),
                (95.854, -2.481),
                (100.696, -2.363),
                (101.060, -2.322),
                (401.672, -1.501),
                (390.724, -1.460),
                (567.534, -1.274),
                (635.316, -1.212),
                (733.054, -1.100),
                (759.087, -1.046),
                (894.206, -0.915),
                (990.785, -0.714),
                (1090.109, -0.566),
                (1080.914, -0.545),
                (1122.643, -0.400),
                (1178.351, -0.309),
                (1260.531, -0.109),
                (1273.514, -0.103),
                (1288.339, 0.010),
                (1327.543, 0.119),
                (1353.863, 0.377),
                (1414.509, 0.790),
                (1425.208, 0.963),
                (1421.384, 1.006),
                (1442.962, 1.115),
                (1464.350, 1.572),
                (1468.705, 1.841),
                (1447.894, 2.047),
                (1457.628, 2.200),
            ],
        },
    ]
}

/// The tables as they are written here lead to the certified sums of squares.
#[test]
fn the_tables_are_those_that_were_certified() {
    for problem in problems() {
        let parameter = |value: &f64| from(vec![*value], [1, 1], DType::F64);
        let b: Vec<Tensor<2>> = problem.certified.iter().map(parameter).collect();
        let (y, x): (Vec<f64>, Vec<f64>) = problem.data.iter().copied().unzip();
        let m = x.len();
        let found = host((problem.formula)(&b, from(x, [m, 1], DType::F64)));
        let squares: f64 = found.iter().zip(&y).map(|(found, y)| (found - y) * (found - y)).sum();
        // The parameters are given to eleven digits, and the sum is least there.
        let error = (squares / problem.squares - 1.0).abs();
        assert!(error < 1e-9, "{}: {squares} and {}", problem.name, problem.squares);
    }
}

#[test]
fn certified_digits_from_both_starts() {
    let mut missed = vec![];
    for problem in problems() {
        for (index, start) in problem.starts.into_iter().enumerate() {
            let (found, steps) = fit(&problem, start);
            let digits = digits(&found, problem.certified);
            println!("{:10} start {}: {digits:4.1} digits after {steps} steps", problem.name, index + 1);
            if digits < 6.0 {
                missed.push((problem.name, index + 1));
            }
        }
    }
    assert_eq!(missed, [], "fewer than six digits");
}
