//! Tensors against the values of the same expressions at one point after another.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use dualgn::Network;
use dualgn::jet::jet;
use dualgn_networks::entries;

use super::super::{Expression, Formula, Given, Kind, Scope, Unknowns};
use super::{plane, unknown, values};

/// A factor of one, that there is something to trace.
#[derive(Module, Debug)]
struct One {
    factor: Param<Tensor<2>>,
}

const COEFFICIENT: f64 = 0.7;

/// The coordinates, a column of data that is the same everywhere, and the normal, as the values at one point have them.
const ROWS: [[f64; 6]; 4] = [
    [0.3, -0.7, 0.2, -0.3, 0.6, -0.8],
    [0.0, 0.9, 0.5, -0.3, 0.6, -0.8],
    [-0.8, 0.1, 0.6, -0.3, 0.6, -0.8],
    [0.5, 0.5, 0.9, -0.3, 0.6, -0.8],
];

fn tensor<const D: usize>(numbers: Vec<f64>, shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), (device, DType::F64))
}

/// The functions of the tests: two columns, each the imaginary part of an exponential whose exponent is linear.
fn functions(x: Tensor<2>) -> Tensor<2> {
    let column = |index: usize| {
        // Slopes of the exponent from the values that the derivatives have.
        let part = |is_real: bool| {
            (0..3).fold(x.clone().narrow(1, 0, 1) * 0.0, |sum, axis| {
                let (i, c) = (index as f64, axis as f64);
                let rate = if is_real { 0.2 - 0.1 * i + 0.05 * c } else { 1.3 - 0.4 * c + 0.3 * i };
                sum + x.clone().narrow(1, axis, 1) * rate
            })
        };
        (part(true) + 0.1).exp() * (part(false) + 0.4).sin()
    };
    Tensor::cat(vec![column(0), column(1)], 1)
}

fn evaluated(expression: &Expression) -> Vec<f64> {
    let device = Device::flex();
    let factor = tensor(vec![1.0], [1, 1], &device.clone().autodiff());
    let model = One { factor: Param::from_tensor(factor) };
    let rows = tensor(ROWS.concat(), [ROWS.len(), 6], &device);
    let expression = expression.clone();
    let forward = move |model: &One, rows: Tensor<2>| {
        let points = rows.clone().narrow(1, 0, 3);
        let jet = jet(points, |x| functions(x) * model.factor.val());
        let coefficients = [model.factor.val() * COEFFICIENT];
        let given = Given {
            rows: &rows,
            unknowns: Unknowns::Jet(&jet),
            coefficients: &coefficients,
            columns: &[3],
            normal: Some(4),
        };
        // That the factor is in it, whatever the formula is.
        expression.tensors(&given).remove(0) + (model.factor.val() - 1.0)
    };
    let network = Network::trace(&model, forward, rows.dims()).unwrap();
    entries::<f64, 2>(network.linearize(&model, rows).unwrap().outputs()).unwrap()
}

#[test]
fn tensors_are_values() {
    let scope = plane();
    let functions = ["sin", "cos", "tan", "atan", "sinh", "cosh", "tanh", "asinh", "exp", "abs", "sign", "step", "erf"];
    let functions = functions.map(|name| format!("{name}(u + x*v)"));
    let within = [
        "asin(x) + acos(y)",
        "acosh(2 + x) - atanh(t)",
        "log(2 + u) + log10(2 + v)",
        "sqrt(2 + u)",
        "u_t + u*u_x - nu*lap(u)",
        "u_xx + v_xy*u_yt - v_xxyy + u_xyt",
        "div(flux) - f*kappa",
        "dot(grad(u), normal) - normal_y",
        "3 - u + (2 - u/3) - (u - 2) + 2/(3 + u) + 1/x^0",
        "u^2 + v^3 + (2 + u)^-1 + (2 + u)^0.5 + (2 + v)^-2 + (2 + v)^1.5",
        "2^u + (2 + x)^v + (2 + u)^kappa + kappa^u + kappa^kappa + kappa^2",
        "min(u, v) + 10*max(u, v) + 100*min(u, 0.3) + 1000*max(0.3, u) + min(kappa, u)",
        "atan2(u, v) + 10*atan2(1, v) + 100*atan2(kappa, -1)",
        "if(u < v, u, v) + 10*if(x >= 0, 1, u) + 100*if(u != v and not x == 0, kappa, 2)",
        "if(x > 0.4 or y <= 0, f, 3) + if(0 < x < kappa, x, v)",
        "if(kappa > 0.5, kappa, 1)",
        "step(kappa) + sign(f) + abs(kappa)",
        "kappa",
        "3",
        "pi*x*y + t",
    ];
    for text in functions.iter().map(String::as_str).chain(within) {
        let formula = Formula::number(text, &scope).unwrap_or_else(|error| panic!("{error}"));
        let found = evaluated(formula.expression());
        for (found, row) in found.iter().zip(&ROWS) {
            let expected = values(formula.expression(), &row[..3])[0];
            assert!((found - expected).abs() < 1e-12 * (1.0 + expected.abs()), "{text}: {found}, not {expected}");
        }
        assert_eq!(found.len(), ROWS.len());
    }
}

/// Each component is a column, and without derivatives no jet is needed.
#[test]
fn values_alone_are_enough_for_formulas_of_values() {
    let scope = plane();
    let device = Device::flex();
    let rows = tensor(ROWS.concat(), [ROWS.len(), 6], &device);
    let unknowns = functions(rows.clone().narrow(1, 0, 3));
    let given =
        Given { rows: &rows, unknowns: Unknowns::Values(&unknowns), coefficients: &[], columns: &[], normal: None };
    let formula = Formula::numbers("x*velocity + [1, u^2]", &scope).unwrap();
    let columns = formula.expression().tensors(&given);
    assert_eq!(columns.len(), 2);
    for (component, column) in columns.into_iter().enumerate() {
        assert_eq!(column.dims(), [ROWS.len(), 1]);
        for (found, row) in entries::<f64, 2>(column).unwrap().into_iter().zip(&ROWS) {
            let (u, v) = (unknown(0, &[], &row[..3]), unknown(1, &[], &row[..3]));
            let expected = [row[0] * u + 1.0, row[0] * v + u * u][component];
            assert!((found - expected).abs() < 1e-14, "{found}, not {expected}");
        }
    }
    let absent = Given { unknowns: Unknowns::Absent, ..given };
    let known: Scope = scope.without(Kind::Unknown);
    let formula = Formula::number("x^2 + y", &known).unwrap();
    let column = entries::<f64, 2>(formula.expression().tensors(&absent).remove(0)).unwrap();
    assert_eq!(column, ROWS.map(|row| row[0] * row[0] + row[1]));
}
