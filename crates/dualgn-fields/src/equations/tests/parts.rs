//! Parts of files: faces and their normals, systems, periods, scales, names that messages use.

use std::convert::Infallible;

use burn::tensor::{DType, Device, Tensor, TensorData};
use dualgn::loss::Terms;
use dualgn::{ConvexLoss, Network};
use dualgn_networks::entries;
use dualgn_train::record::Metric;

use super::problem;
use crate::embedding::{Embedding, Periodic};
use crate::geometry::{Generator, Sampling};
use crate::network::{Field, SmoothActivation};
use crate::points::Drawing;
use crate::problem::{Problem, Term, Training};

/// A box of space with an equation, and what else there is.
fn square(more: &str) -> Problem {
    let text =
        format!("coordinates = {{ x = [0, 1], y = [0, 2] }}\nequations = [{{ formula = \"lap(u) = 1\" }}]\n{more}");
    problem(&text, "square.toml").unwrap_or_else(|failure| panic!("{failure}"))
}

fn condition(on: &str, formula: &str) -> Term {
    square(&format!("[[conditions]]\non = {on}\nformula = \"{formula}\"")).terms.remove(1)
}

/// A network with random weights: others than those of another one, since tests that run at the same time share the generator.
fn network(problem: &Problem) -> Field {
    Field::new(&problem.architecture, &Device::flex().autodiff())
}

fn residuals(problem: &Problem, term: &Term) -> Vec<f64> {
    residuals_of(&network(problem), term)
}

fn residuals_of(model: &Field, term: &Term) -> Vec<f64> {
    let device = Device::flex();
    let drawing = Drawing { sampling: Sampling::Sobol, every: 0, adaptive: false, seed: 2 };
    let rows = drawing.rows(term, 0, 0, 12, &device);
    let residual = term.residual.clone();
    let forward = move |model: &Field, rows: Tensor<2>| residual(model, rows);
    let at = Network::trace(model, forward, rows.dims()).unwrap().linearize(model, rows).unwrap();
    entries::<f64, 2>(at.outputs()).unwrap()
}

#[test]
fn what_is_left_out_is_as_usual() {
    let problem = square("");
    assert_eq!((problem.unknowns, problem.axes), (vec!["u".to_owned()], vec!["x".to_owned(), "y".to_owned()]));
    assert_eq!((problem.training, problem.source.as_str()), (Training::default(), "square.toml"));
    assert_eq!(problem.description, "square.toml: lap(u) = 1.");
    assert_eq!(problem.architecture.hidden, [32, 32]);
    assert_eq!(problem.architecture.activation, SmoothActivation::Tanh);
    let term = &problem.terms[0];
    assert_eq!((term.name.as_str(), term.weight, term.points, term.equations), ("equation", 1.0, 1000, 1));
    assert_eq!(square("[training]\nsteps = 3").metric(), Metric::Residual);
}

#[test]
fn coordinates_stay_in_their_order() {
    let text = "[coordinates]\nz = [0, 1]\na = [\"-pi\", \"2*n\"]\n[constants]\nn = \"m + 1\"\nm = 4\n";
    // Constants are computed in the order of the file.
    let failure = problem(&format!("{text}[[equations]]\nformula = \"u_z = a\""), "it").err().unwrap();
    assert!(failure.message().starts_with("it, line 5: there is no `m`"), "{failure}");
    let text = text.replace("n = \"m + 1\"\nm = 4", "m = 4\nn = \"m + 1\"");
    let problem = problem(&format!("{text}[[equations]]\nformula = \"u_z = a\""), "it").unwrap();
    assert_eq!(problem.axes, ["z", "a"]);
    assert_eq!((problem.low, problem.high), (vec![0.0, -std::f64::consts::PI], vec![1.0, 10.0]));
}

/// Of faces in any order, points are on one after the other.
#[test]
fn points_are_on_the_faces() {
    let region = condition("[\"y = 2\", \"x = 0\", \"x = 1\"]", "u = 0").region;
    let points = region.draw(30, Sampling::Sobol, &mut Generator::new(3, 0));
    for (index, point) in points.chunks_exact(2).enumerate() {
        assert!([point[0] == 0.0, point[0] == 1.0, point[1] == 2.0][index % 3], "{point:?}");
    }
    let described = |on: &str| format!("{:?}", condition(on, "u = 0").region);
    assert_eq!(described("\"boundary\""), "Sides { low: [0.0, 0.0], high: [1.0, 2.0], axes: 2 }");
    assert_eq!(described("[\"x = 1\", \"x = 0\"]"), "Sides { low: [0.0, 0.0], high: [1.0, 2.0], axes: 1 }");
    assert_eq!(described("\"y = 2\""), "Box { low: [0.0, 2.0], high: [1.0, 2.0] }");
}

#[test]
fn normals_point_outwards() {
    let given = condition("\"boundary\"", "dot(grad(u), normal) = 0").given.unwrap();
    assert_eq!(given.columns, 2);
    for (point, normal) in [([0.0, 0.3], [-1.0, 0.0]), ([1.0, 0.3], [1.0, 0.0]), ([0.3, 0.0], [0.0, -1.0])] {
        assert_eq!((given.at)(&point), normal);
    }
    // What does not name the normal has nothing beside the points.
    assert!(condition("\"boundary\"", "u = x").given.is_none());
    let model = network(&square(""));
    for (on, outwards) in [("\"x = 0\"", "-u_x"), ("\"x = 1\"", "u_x"), ("\"y = 0\"", "-u_y"), ("\"y = 2\"", "u_y")] {
        let found = residuals_of(&model, &condition(on, "normal_x*u_x + normal_y*u_y = 1"));
        let expected = residuals_of(&model, &condition(on, &format!("{outwards} = 1")));
        assert!(found.iter().zip(&expected).all(|(found, expected)| (found - expected).abs() < 1e-13), "{on}");
    }
    let ball = "coordinates = { x = [-2, 2], y = [-2, 2] }\ndomain.ball.radius = 2\nequations = [{ formula = \"lap(u)\" }]\n\
                conditions = [{ on = \"boundary\", formula = \"normal_x*u = 0\" }]";
    let given = super::problem(ball, "ball.toml").unwrap().terms.remove(1).given.unwrap();
    assert_eq!((given.at)(&[0.0, -2.0]), [0.0, -1.0]);
}

#[test]
fn balls_can_be_in_time() {
    let text = "[coordinates]\nx = [-1, 1]\ny = [-1, 1]\nt = [0, 3]\n[domain]\nball = { radius = 1 }\n\
                [[equations]]\nformula = \"u_t = lap(u)\"\n[[conditions]]\non = \"start\"\nformula = \"u = 0\"\n\
                [[conditions]]\non = \"t = 3\"\nformula = \"u = 1\"\n\
                [[conditions]]\non = \"boundary\"\nformula = \"dot(grad(u), normal) = 0\"";
    let problem = problem(text, "disk.toml").unwrap();
    let regions: Vec<String> = problem.terms.iter().map(|term| format!("{:?}", term.region)).collect();
    let during = |space: &str, low: &str, high: &str| {
        format!("InTime {{ space: {space} {{ dims: 2, radius: 1.0 }}, low: {low}, high: {high} }}")
    };
    let expected = [("Ball", "0.0", "3.0"), ("Ball", "0.0", "0.0"), ("Ball", "3.0", "3.0"), ("Sphere", "0.0", "3.0")];
    assert_eq!(regions, expected.map(|(space, low, high)| during(space, low, high)));
    assert_eq!((problem.terms[3].given.as_ref().unwrap().at)(&[0.6, -0.8, 2.0]), [0.6, -0.8]);
    assert_eq!(problem.terms[3].columns(), 5);
    assert!(residuals(&problem, &problem.terms[3]).iter().all(|residual| residual.is_finite()));
}

/// At the same points, one column for each number.
#[test]
fn systems_are_one_term() {
    let text = "unknowns = [\"u\", \"v\"]\n[coordinates]\nt = [0, \"2*pi\"]\n[definitions]\nboth = \"[u, v]\"\n\
                [[equations]]\nformulas = [\"u_t = v\", \"v_t = -u\"]\n[[equations]]\nformula = \"both = [sin(t), cos(t)]\"\n\
                [reference]\nv = \"cos(t)\"\nu = \"sin(t)\"";
    let problem = problem(text, "system.toml").unwrap();
    assert_eq!(problem.terms.iter().map(|term| term.equations).collect::<Vec<_>>(), [2, 2]);
    assert_eq!(problem.terms[1].name, "equation 2");
    assert_eq!(problem.architecture.outputs, 2);
    assert_eq!(residuals(&problem, &problem.terms[0]).len(), 24);
    assert_eq!(problem.exact.as_ref().unwrap()(&[0.0]), [0.0, 1.0]);
    assert_eq!(problem.description, "system.toml: u_t = v, v_t = -u, both = [sin(t), cos(t)].");
}

#[test]
fn periodic_coordinates_have_no_faces() {
    let more =
        "conditions = [{ on = \"boundary\", formula = \"u = 0\" }]\nnetwork = { periodic = { x = 3 }, scale = true }";
    let problem = square(more);
    let Embedding { bounds, periodic, fourier } = &problem.architecture.embedding;
    assert_eq!(periodic, &[Periodic { axis: 0, period: 1.0, modes: 3 }]);
    assert_eq!((bounds, fourier), (&Some([vec![0.0, 0.0], vec![1.0, 2.0]]), &None));
    let region = format!("{:?}", problem.terms[1].region);
    assert_eq!(region, "Faces { low: [0.0, 0.0], high: [1.0, 2.0], faces: [(1, false), (1, true)] }");
    let listed = square("network.periodic = [\"y\"]");
    assert_eq!(listed.architecture.embedding.periodic, [Periodic { axis: 1, period: 2.0, modes: 1 }]);
}

/// What residuals cost, by the formula of each loss; of an inequality, only those below zero.
#[test]
fn losses_are_those_that_are_asked_for() {
    let huber = |r: f64| if r.abs() <= 0.1 { r * r / 2.0 } else { 0.1 * (r.abs() - 0.05) };
    type Cost<'a> = &'a dyn Fn(f64) -> f64;
    let cases: [(&str, &str, Cost); 7] = [
        ("u = 5 - 10*x", "", &|r| r * r / 2.0),
        ("u = 5 - 10*x", "loss = \"absolute\"", &f64::abs),
        ("u = 5 - 10*x", "loss = \"log-cosh\"", &|r| r.cosh().ln()),
        ("u = 5 - 10*x", "loss = { huber = \"1/10\" }", &huber),
        ("u >= 5 - 10*x", "", &|r| r.min(0.0).powi(2) / 2.0),
        ("5 - 10*x <= u", "loss = \"absolute\"", &|r| -r.min(0.0)),
        ("u > 5 - 10*x", "loss.huber = 0.1", &|r| huber(r.min(0.0))),
    ];
    // Whatever the weights are, there are residuals of either sign.
    for (formula, loss, cost) in cases {
        let condition = format!("[[conditions]]\non = \"boundary\"\nformula = \"{formula}\"\n{loss}");
        let problem = square(&condition);
        let term = &problem.terms[1];
        let left = residuals(&problem, term);
        assert!(left.iter().any(|r| *r > 0.0) && left.iter().any(|r| *r < 0.0), "{left:?}");
        let rows =
            Tensor::<2>::from_data(TensorData::new(left.clone(), [left.len(), 1]), (&Device::flex(), DType::F64));
        let targets = vec![rows.zeros_like()];
        let found = entries::<f64, 1>(term.penalties.add_to(Terms::new(), 1.0).value(rows, &targets)).unwrap();
        for (found, residual) in found.iter().zip(&left) {
            assert!((found - cost(*residual)).abs() < 1e-14, "{formula}, {loss}: {found} at {residual}");
        }
        // An inequality is none of the conditions that could be built in.
        assert_eq!(problem.hard.is_some(), formula == "u = 5 - 10*x");
    }
}

/// Where an inequality holds there is nothing to draw points to.
#[test]
fn adaptive_points_are_where_an_inequality_is_violated() {
    let term = condition("\"y = 0\"", "u >= 0");
    let drawing = Drawing { sampling: Sampling::Uniform, every: 1, adaptive: true, seed: 3 };
    let step = |rows: Tensor<2>| -> Result<Vec<f64>, Infallible> {
        let data: Vec<f64> = rows.into_data().iter().collect();
        Ok(data.chunks(2).map(|row| if row[0] < 0.1 { -1.0 } else { 100.0 }).collect())
    };
    let chosen: Vec<f64> =
        drawing.adapted(&term, 0, 1, 200, &Device::flex(), step).unwrap().into_data().iter().collect();
    let violated = chosen.chunks(2).filter(|row| row[0] < 0.1).count();
    // A tenth of the candidates with eleven times the probability.
    assert!((70..140).contains(&violated), "{violated}");
}

/// Pictures that are asked for, and the movie where nothing is.
#[test]
fn pictures_are_of_planes_and_moments() {
    let text = "coordinates = { x = [0, 2], y = [0, 1], t = [0, 4] }\nunknowns = [\"u\", \"v\"]\n\
                equations = [{ formulas = [\"u_t = lap(u)\", \"v_t = lap(v)\"] }]\n";
    let usual = problem(text, "usual").unwrap().views;
    let seen: Vec<_> = usual.iter().map(|view| (view.title.as_str(), view.across, view.upwards, view.moving)).collect();
    assert_eq!(seen, [("In time, u", 0, Some(1), Some(2)), ("In time, v", 0, Some(1), Some(2))]);
    let asked = "[[pictures]]\nformula = \"[u_x, v]\"\nat = { t = \"1 + 2\" }\n\
                 [[pictures]]\nformula = \"u^2\"\ntitle = \"energy\"\naxes = [\"y\", \"t\"]\n";
    let views = problem(&format!("{text}{asked}"), "asked").unwrap().views;
    let seen: Vec<_> = views.iter().map(|view| (view.title.as_str(), view.across, view.upwards, view.moving)).collect();
    assert_eq!(seen, [("[u_x, v]", 0, Some(1), None), ("energy", 1, Some(2), None)]);
    assert_eq!((views[0].at[2], views[0].caption.as_str()), (3.0, "[u_x, v], t = 3."));
    assert_eq!((views[1].at[0], views[1].caption.as_str()), (1.0, "u^2, x = 1."));
}
