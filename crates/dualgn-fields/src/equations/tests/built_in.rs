//! Conditions that are built in hold for a network with any weights.

use burn::tensor::{DType, Device, Tensor, TensorData};
use dualgn_networks::entries;

use super::problem;
use crate::geometry::{Generator, Sampling};
use crate::network::Field;
use crate::problem::Problem;

fn values(problem: &Problem, points: &[f64]) -> Vec<f64> {
    let device = Device::flex();
    device.seed(4);
    let model = Field::new(&problem.architecture, &device);
    let rows = TensorData::new(points.to_vec(), [points.len() / model.dims(), model.dims()]);
    entries::<f64, 2>(model.value(Tensor::from_data(rows, (&device, DType::F64)))).unwrap()
}

/// The same problem with a condition that is fitted, at whose points the one that is built in should hold.
fn points_of(text: &str, term: usize) -> Vec<f64> {
    let fitted =
        problem(&text.replace("hard = true", "hard = false"), "fitted").unwrap_or_else(|wrong| panic!("{wrong}"));
    fitted.terms[term].region.draw(40, Sampling::Uniform, &mut Generator::new(3, 0))
}

/// What a condition gives at a point.
type Given<'a> = &'a dyn Fn(&[f64]) -> Vec<f64>;

fn hold(text: &str, unknowns: usize, conditions: &[Given]) {
    let problem = problem(text, "hard").unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(problem.terms.len(), 1, "conditions are no terms");
    for (index, wanted) in conditions.iter().enumerate() {
        let points = points_of(text, index + 1);
        let found = values(&problem, &points);
        for (point, found) in points.chunks(problem.low.len()).zip(found.chunks(unknowns)) {
            let wanted = wanted(point);
            for (found, wanted) in found.iter().zip(&wanted).filter(|(_, wanted)| wanted.is_finite()) {
                // Weights of other conditions are 1e-15 over the distance to them.
                assert!((found - wanted).abs() < 1e-11, "{point:?}: {found}, not {wanted}");
            }
        }
    }
    // Elsewhere the network has its say.
    let inside = problem.domain.draw(9, Sampling::Sobol, &mut Generator::new(5, 0));
    let found = values(&problem, &inside);
    assert!(found.windows(2).any(|pair| (pair[0] - pair[1]).abs() > 1e-3), "{found:?}");
}

/// On the edges of a convex polygon, around a hole and at the start.
#[test]
fn values_on_the_boundaries_of_shapes() {
    let text = r#"
coordinates = { x = [0, 2], y = [0, 2], t = [0, 1] }
equations = [{ formula = "u_t = lap(u)" }]
conditions = [
    { on = "start", formula = "u = x*y", hard = true },
    { on = "kite", formula = "u = x*y + t", hard = true },
    { on = "hole", formula = "u = x*y", hard = true },
]
[domain]
shape = "kite - hole"
[domain.shapes]
kite = { polygon = [[0, 0], [1.5, 0], [2, 2], [0, 1.5]] }
hole = { ball = [0.5, 0.5], radius = 0.25 }
"#;
    let product: Given = &|x| vec![x[0] * x[1]];
    hold(text, 1, &[product, &|x| vec![x[0] * x[1] + x[2]], product]);
}

/// In a domain of two boxes, the lines of one go through the other; and two conditions on shapes that share three sides give one value
/// too many.
#[test]
fn what_cannot_be_built_in_on_shapes_is_refused() {
    let two = "coordinates = { x = [0, 3], y = [0, 2] }\n[domain]\nshape = \"a + b\"\nshapes.a = { box = [[0, 1], [0, 1]] }\n\
               shapes.b = { box = [[2, 3], [0.5, 1.5]] }\n[[conditions]]\non = \"a\"\nformula = \"u = 0\"\nhard = true\n";
    let shared = "coordinates = { x = [-1, 3], y = [-1, 1] }\n[domain]\nshape = \"a*box\"\nshapes.a = { box = [[-1, 1], [-1, 1]] }\n\
                  [[conditions]]\non = \"a\"\nformula = \"u = 0\"\nhard = true\n[[conditions]]\non = \"box\"\nformula = \"u = 1\"\nhard = true\n";
    for (text, words) in [(two, "only a condition on whole faces"), (shared, "at the same places")] {
        let failure =
            problem(&format!("{text}[[equations]]\nformula = \"lap(u) = 0\"\n"), "hard").err().unwrap().to_string();
        assert!(failure.contains(words), "{failure}");
    }
}

/// A disk that touches the box, and a square of which three sides are those of another: `d` has no double zeros there, so that `u_n` is
/// free.
#[test]
fn what_shapes_share_is_built_in_once() {
    let texts = [
        "coordinates = { x = [-1, 1], y = [-1, 1] }\ndomain.shapes.d = { ball = [0, 0], radius = 1 }\n",
        "coordinates = { x = [-2, 3], y = [-1, 1] }\n[domain]\nshape = \"a*b\"\nshapes.a = { box = [[-1, 1], [-1, 1]] }\n\
         shapes.b = { box = [[-1, 3], [-1, 1]] }\n",
    ];
    for text in texts {
        let rest = "[[equations]]\nformula = \"lap(u) = 0\"\n[[conditions]]\non = \"boundary\"\nformula = \"u = 0\"\nhard = true\n";
        let problem = problem(&format!("{text}{rest}"), "hard").unwrap_or_else(|wrong| panic!("{wrong}"));
        let u = values(&problem, &[0.0, 0.999, 0.0, 0.998]);
        // A simple zero is twice as large twice as far away, a double one four times.
        assert!((u[1] / u[0] - 2.0).abs() < 0.1, "{u:?}");
    }
}

#[test]
fn values_at_the_start_and_at_the_ends() {
    let text = r#"
time = "t"
coordinates = { x = [-1, 1], t = [0, 2] }
equations = [{ formula = "u_t = u_xx" }]
conditions = [
    { on = "start", formula = "u = -sin(pi*x)", hard = true },
    { on = "boundary", formula = "u = 0", hard = true },
]"#;
    let start: Given = &|x| vec![-(std::f64::consts::PI * x[0]).sin()];
    hold(text, 1, &[start, &|_| vec![0.0]]);
}

/// Three faces with values that no single formula has, which agree at the corners.
#[test]
fn different_values_on_faces() {
    let text = r#"
coordinates = { x = [0, 2], y = [1, 3] }
equations = [{ formula = "lap(u) = 0" }]
conditions = [
    { on = "x = 0", formula = "u = cos(y) - cos(1)", hard = true },
    { on = "x = 2", formula = "2*u = 6*(y - 1)^2", hard = true },
    { on = "y = 1", formula = "0 = u - sin(pi*x)", hard = true },
]"#;
    hold(
        text,
        1,
        &[&|x| vec![x[1].cos() - 1f64.cos()], &|x| vec![3.0 * (x[1] - 1.0).powi(2)], &|x| {
            vec![(std::f64::consts::PI * x[0]).sin()]
        }],
    );
}

#[test]
fn some_unknowns_on_a_sphere_at_all_times() {
    let text = r#"
time = "t"
unknowns = ["u", "v", "w"]
coordinates = { x = [-2, 2], y = [-2, 2], t = [0, 1] }
domain = { ball = { radius = 1.5 } }
equations = [{ formulas = ["u_t = lap(u)", "v_t = lap(v) + w", "w_t = lap(w)"] }]
conditions = [{ on = "boundary", formula = "[u, v - x*t] = 0", hard = true }]"#;
    hold(text, 3, &[&|x| vec![0.0, x[0] * x[2], f64::NAN]]);
}

/// `--hard` builds in whatever can be.
#[test]
fn conditions_that_are_fitted_can_be_built_in() {
    let text = r#"
coordinates = { x = [0, 1] }
equations = [{ formula = "u_xx = 1" }]
conditions = [
    { name = "left", on = "x = 0", formula = "u = 2", points = 1 },
    { name = "right", on = "x = 1", formula = "u_x = 0", points = 1 },
]"#;
    let mut problem = problem(text, "fitted").unwrap();
    assert_eq!(problem.terms.len(), 3);
    let hard = problem.hard.take().unwrap();
    assert_eq!(hard.terms, ["left"]);
    problem.architecture.transform = Some(hard.transform);
    assert_eq!(values(&problem, &[0.0])[0], 2.0);
}

/// What cannot be built in as it is written is refused, and a narrow start is not taken for the zero at the ends.
#[test]
fn values_of_conditions_are_looked_at_closely() {
    let two = |conditions: &str| {
        let head = "unknowns = [\"u\", \"v\"]\ntime = \"t\"\ncoordinates = { x = [0, 1], t = [0, 1] }\n";
        let text = format!("{head}equations = [{{ formula = \"u_t + v = u_xx\" }}]\nconditions = [{conditions}]");
        problem(&text, "it").map_err(|failure| failure.to_string())
    };
    let product = two("{ on = \"x = 0\", formula = \"u*(1 + v) = 1\", hard = true }").err().unwrap();
    assert!(product.contains("only a condition that gives the value"), "{product}");
    let twice =
        "{ on = \"x = 0\", formula = \"u = 0\", hard = true }, { on = \"boundary\", formula = \"u = 0\", hard = true }";
    let twice = two(twice).err().unwrap();
    assert!(twice.contains("a value at the same places"), "{twice}");
    let infinite = two("{ on = \"start\", formula = \"u = log(x - 2)\", hard = true }").err().unwrap();
    assert!(infinite.contains("finite number"), "{infinite}");
    let text = r#"
time = "t"
coordinates = { x = [0, 1], t = [0, 1] }
equations = [{ formula = "u_t = u_xx" }]
conditions = [
    { on = "boundary", formula = "u = 0", hard = true },
    { on = "start", formula = "1e5*u = 1e5*exp(-(x - 0.3)^2/1e-5)", hard = true },
]"#;
    let start: Given = &|x| vec![(-(x[0] - 0.3).powi(2) / 1e-5).exp()];
    hold(text, 1, &[&|_| vec![0.0], start]);
}
