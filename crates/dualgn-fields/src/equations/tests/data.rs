//! Measurements and solutions that stand in tables.

use burn::tensor::{DType, Device, Tensor, TensorData};
use dualgn::Network;
use dualgn::jet::jet;
use dualgn_networks::entries;

use super::super::{Table, problem};
use crate::geometry::{Format, Sampling};
use crate::network::Field;
use crate::points::Drawing;
use crate::problem::{Problem, Term};
use crate::{Showing, Solve};

const DRAWING: Drawing = Drawing { sampling: Sampling::Sobol, every: 0, adaptive: false, seed: 5 };
const HEAD: &str = r#"
time = "t"
coordinates = { x = [0, 1], t = [0, 2] }
coefficients = { k = { start = 0.7 } }
equations = [{ formula = "u_t = k*u_xx" }]
"#;

/// Points `(x, t)` with a value, a flux and a deviation; the flux of the second row is missing.
fn table() -> Table {
    let columns = ["t", "u", "flux", "x", "sigma", "not a name"].map(String::from).to_vec();
    let numbers = vec![
        0.5,
        1.5,
        -2.0,
        0.25,
        0.1,
        7.0, //
        1.0,
        2.5,
        f64::NAN,
        0.75,
        0.2,
        f64::NAN, //
        1.5,
        -0.5,
        4.0,
        1.0,
        0.4,
        9.0,
    ];
    Table { file: "probes.csv".into(), columns, numbers }
}

fn read(more: &str) -> Result<Problem, String> {
    problem(&format!("{HEAD}{more}"), "data.toml", &[table()]).map_err(|failure| failure.to_string())
}

/// The residuals of a term, and of each of its points the value and the slopes of the network.
fn at_rows(problem: &Problem, term: &Term) -> (Vec<f64>, Vec<[f64; 3]>) {
    let device = Device::flex();
    device.seed(1);
    let model = Field::new(&problem.architecture, &device.clone().autodiff());
    let rows = DRAWING.rows(term, 1, 0, term.points, &device);
    let residual = term.residual.clone();
    let forward = move |model: &Field, rows: Tensor<2>| residual(model, rows);
    let at = Network::trace(&model, forward, rows.dims()).unwrap().linearize(&model, rows.clone()).unwrap();
    let network = |model: &Field, rows: Tensor<2>| {
        let u = jet(model.points(&rows), |x| model.value(x));
        Tensor::cat(vec![u.value(), u.derivative([0]), u.derivative([1])], 1)
    };
    let own = Network::trace(&model, network, rows.dims()).unwrap().linearize(&model, rows).unwrap();
    let own = entries::<f64, 2>(own.outputs()).unwrap();
    (entries::<f64, 2>(at.outputs()).unwrap(), own.chunks(3).map(|u| [u[0], u[1], u[2]]).collect())
}

fn assert_near(found: &[f64], wanted: impl Iterator<Item = f64>) {
    let wanted: Vec<f64> = wanted.collect();
    assert_eq!(found.len(), wanted.len());
    for (found, wanted) in found.iter().zip(wanted) {
        assert!((found - wanted).abs() < 1e-12 * wanted.abs().max(1.0), "{found}, not {wanted}");
    }
}

#[test]
fn columns_of_unknowns_are_measurements() {
    let problem = read("[[data]]\nfile = \"probes.csv\"\nnoise = \"sigma/2\"").unwrap();
    assert_eq!(problem.terms.iter().map(|term| term.is_measured).collect::<Vec<_>>(), [false, true]);
    let term = &problem.terms[1];
    assert_eq!((term.name.as_str(), term.points, term.equations, term.weight), ("data", 3, 1, 1.0));
    let (residuals, own) = at_rows(&problem, term);
    let wanted = own.iter().zip([(1.5, 0.1), (2.5, 0.2), (-0.5, 0.4)]);
    assert_near(&residuals, wanted.map(|(u, (value, sigma))| (u[0] - value) / (sigma / 2.0)));
}

#[test]
fn formulas_say_what_else_was_measured() {
    let more = "[[data]]\nfile = \"probes.csv\"\nname = \"both\"\nformula = \"k*u_x + u_data = sigma*u_t\"\nweight = 3\npoints = 2";
    let problem = read(more).unwrap();
    let term = &problem.terms[1];
    assert_eq!((term.name.as_str(), term.points, term.weight), ("both", 2, 3.0));
    let term = Term { points: 3, ..term.clone() };
    let (residuals, own) = at_rows(&problem, &term);
    let wanted = own.iter().zip([(1.5, 0.1), (2.5, 0.2), (-0.5, 0.4)]);
    assert_near(&residuals, wanted.map(|(u, (value, sigma))| 0.7 * u[1] + value - sigma * u[2]));
}

#[test]
fn what_is_missing_is_said() {
    let empty = read("[[data]]\nfile = \"probes.csv\"\nformula = \"u_x = flux\"").err().unwrap();
    assert!(empty.contains("line 7: `probes.csv`, row 2: the cell of `flux` is empty"), "{empty}");
    let other = read("[[data]]\nfile = \"other.csv\"").err().unwrap();
    assert!(other.contains("the table `other.csv` was not read"), "{other}");
    let unknown = read("[[data]]\nfile = \"probes.csv\"\nformula = \"u = heat\"").err().unwrap();
    assert!(unknown.contains("there is no `heat`") && unknown.contains("sigma"), "{unknown}");
    let negative = read("[[data]]\nfile = \"probes.csv\"\nnoise = -1").err().unwrap();
    assert!(negative.contains("a noise of -1"), "{negative}");
    let text =
        "coordinates = { y = [0, 1] }\nequations = [{ formula = \"u_y = 1\" }]\ndata = [{ file = \"probes.csv\" }]";
    let absent = problem(text, "data.toml", &[table()]).err().unwrap().to_string();
    assert!(absent.contains("no column of numbers `y`"), "{absent}");
}

#[test]
fn a_solution_can_stand_in_a_table() {
    let problem = read("[reference]\nfile = \"probes.csv\"").unwrap();
    assert!(problem.exact.is_none());
    let device = Device::flex();
    device.seed(1);
    let model = Field::new(&problem.architecture, &device.clone().autodiff());
    let showing = Showing { movie: false, format: Format::Ply, resolution: 16, is_normalised: false };
    let solve = Solve::new(problem, &model, Some(50), DRAWING, showing, &device).unwrap();
    let rows = TensorData::new(vec![0.25, 0.5, 0.75, 1.0, 1.0, 1.5], [3, 2]);
    let own = entries::<f64, 2>(model.value(Tensor::from_data(rows, (&device.autodiff(), DType::F64)))).unwrap();
    let wrong: f64 = own.iter().zip([1.5, 2.5, -0.5]).map(|(u, value)| (u - value).powi(2)).sum();
    let (_, error) = solve.relative_errors(&model).unwrap().unwrap();
    // 1.5² + 2.5² + 0.5² = 8.75.
    assert!((error - (wrong / 8.75).sqrt()).abs() < 1e-12, "{error}");
}
