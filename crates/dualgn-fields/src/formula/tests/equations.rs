//! The equations that are written in Rust, as formulas.

use burn::tensor::{Device, Tensor};
use dualgn::Network;
use dualgn::jet::jet;
use dualgn_networks::entries;

use super::super::{Formula, Given, Kind, Relation, Scope, Unknowns};
use crate::geometry::Sampling;
use crate::network::Field;
use crate::points::Drawing;
use crate::problems::{FieldName, written};

/// Points of each term.
const COUNT: usize = 20;

/// A problem, one of its terms, and the same as a formula.
const FORMULAS: [(FieldName, usize, &str); 16] = [
    (FieldName::Poisson1d, 0, "-lap(u) - f"),
    (FieldName::Poisson2d, 0, "-div(grad(u)) = f"),
    (FieldName::Poisson5d, 0, "-lap(u) = f"),
    (FieldName::Poisson5d, 1, "u = f"),
    (FieldName::Ball, 0, "-u_xx - u_yy - u_zz = f"),
    (FieldName::Helmholtz, 0, "(lap(u) + u - f)/(17*pi^2)"),
    (FieldName::Heat, 0, "u_t = 0.25*u_xx"),
    (FieldName::Heat4d, 0, "u_t = 0.25*lap(u)"),
    (FieldName::AllenCahn, 0, "u_t = u_xx + u - u^3"),
    (FieldName::Burgers, 0, "u_t + d(u^2/2, x) = 0.01/pi*u_xx"),
    (FieldName::Wave, 0, "(u_tt - 4*u_xx)/(4*pi^2)"),
    (FieldName::Wave, 2, "u_t/(2*pi)"),
    (FieldName::Diffusivity, 0, "u_t = div(kappa*grad(u))"),
    (FieldName::Minimal, 0, "(1 + dot(grad(u), grad(u)))^1.5*div(grad(u)/sqrt(1 + u_x^2 + u_y^2))/10"),
    (FieldName::Distance2d, 1, "dot(grad(u), normal) = 1"),
    (FieldName::Distance2d, 2, "norm(grad(u)) = 1"),
];

#[test]
fn formulas_are_the_equations() {
    let device = Device::flex();
    for (name, index, text) in FORMULAS {
        let problem = if name.file().is_some() { written(name) } else { name.problem(None).unwrap() };
        device.seed(3);
        let model = Field::new(&problem.architecture, &device.clone().autodiff());
        let term = &problem.terms[index];
        let drawing = Drawing { sampling: Sampling::Sobol, every: 0, adaptive: false, seed: 5 };
        let rows = drawing.rows(term, index, 0, COUNT, &device);
        let time = problem.axes.iter().position(|axis| *axis == "t");
        let mut scope = Scope::new(&problem.axes, time).unwrap();
        scope.unknown("u").unwrap();
        scope.column("f").unwrap();
        scope.coefficient("kappa").unwrap();
        let (formula, relation) = Formula::condition(text, &scope.with(Kind::Normal)).unwrap();
        assert_eq!(relation, Relation::Equal);
        let forward = move |model: &Field, rows: Tensor<2>| {
            let jet = jet(model.points(&rows), |x| model.value(x));
            let coefficients: Vec<Tensor<2>> =
                (0..model.coefficients().len()).map(|index| model.coefficient(index)).collect();
            let dims = model.dims();
            let given = Given {
                rows: &rows,
                unknowns: Unknowns::Jet(&jet),
                coefficients: &coefficients,
                columns: &[dims],
                normal: Some(dims),
            };
            formula.expression().tensors(&given).remove(0)
        };
        let residual = term.residual.clone();
        let written = move |model: &Field, rows: Tensor<2>| residual(model, rows);
        let found = Network::trace(&model, forward, rows.dims()).unwrap().linearize(&model, rows.clone()).unwrap();
        let expected = Network::trace(&model, written, rows.dims()).unwrap().linearize(&model, rows.clone()).unwrap();
        let [found, expected] = [found, expected].map(|at| entries::<f64, 2>(at.outputs()).unwrap());
        let size = expected.iter().fold(1.0, |size: f64, value| size.max(value.abs()));
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-12 * size, "{name:?}, {text}: {found}, not {expected}");
        }
    }
}
