//! Domains that are made of shapes: where points are, where normals point, what is built in.

use std::f64::consts::PI;

use super::super::{Table, problem as problem_with};
use super::problem;
use crate::geometry::{Generator, Sampling};
use crate::problem::{Problem, Term};

/// A box of two units by one with a hole and a corner cut off, with conditions.
fn plate(conditions: &str) -> Problem {
    let text = format!(
        "coordinates = {{ x = [0, 2], y = [0, 1] }}\nequations = [{{ formula = \"lap(u) = 0\" }}]\n{conditions}\n\
         [domain]\nshape = \"box - hole - corner\"\n[domain.shapes]\nhole = {{ ball = [\"1/2\", 0.5], radius = 0.2 }}\n\
         corner = {{ polygon = [[2, 1], [1.5, 1], [2, 0.5]] }}"
    );
    problem(&text, "plate.toml").unwrap_or_else(|failure| panic!("{failure}"))
}

fn points(term: &Term, count: usize) -> Vec<[f64; 2]> {
    let drawn = term.region.draw(count, Sampling::Sobol, &mut Generator::new(2, 0));
    assert_eq!(drawn.len(), 2 * count);
    drawn.chunks_exact(2).map(|x| [x[0], x[1]]).collect()
}

fn from_hole([x, y]: [f64; 2]) -> f64 {
    (x - 0.5).hypot(y - 0.5) - 0.2
}

#[test]
fn points_are_on_the_shape_that_is_named() {
    let on = |on: &str| plate(&format!("conditions = [{{ on = {on}, formula = \"u = 0\" }}]")).terms.remove(1);
    let inside = plate("").terms.remove(0);
    assert!(points(&inside, 200).iter().all(|&[x, y]| from_hole([x, y]) > 0.0 && x + y < 2.5));
    assert!(points(&on("\"hole\""), 50).iter().all(|&at| from_hole(at).abs() < 1e-12));
    assert!(points(&on("\"corner\""), 50).iter().all(|&[x, y]| (x + y - 2.5).abs() < 1e-12));
    let left = points(&on("\"x = 0\""), 50);
    assert!(left.iter().all(|&[x, _]| x == 0.0) && left.iter().any(|x| x[1] < 0.1) && left.iter().any(|x| x[1] > 0.9));
    let edges = points(&on("\"box\""), 200);
    assert!(edges.iter().all(|&[x, y]| [x, 2.0 - x, y, 1.0 - y].contains(&0.0) && x + y <= 2.5));
    // All of it: each part has points in proportion to its length.
    let all = points(&on("\"boundary\""), 4000);
    let share = |is: &dyn Fn([f64; 2]) -> bool| all.iter().filter(|at| is(**at)).count() as f64 / 4000.0;
    let length = 5.0 + 0.5f64.sqrt() + 0.4 * PI;
    assert!((share(&|at| from_hole(at).abs() < 1e-9) - 0.4 * PI / length).abs() < 0.02);
    assert!((share(&|[x, y]| (x + y - 2.5).abs() < 1e-9) - 0.5f64.sqrt() / length).abs() < 0.02);
    assert_eq!(on("[\"hole\", \"corner\"]").points, 100);
}

#[test]
fn normals_point_out_of_the_domain() {
    let condition = "conditions = [{ on = \"boundary\", formula = \"dot(grad(u), normal) = 0\" }]";
    let given = plate(condition).terms.remove(1).given.unwrap();
    let close = |at: [f64; 2], wanted: [f64; 2]| {
        let found = (given.at)(&at);
        assert!(found.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-12), "{at:?}: {found:?}");
    };
    close([0.0, 0.3], [-1.0, 0.0]);
    close([1.0, 1.0], [0.0, 1.0]);
    close([0.7, 0.5], [-1.0, 0.0]);
    close([1.75, 0.75], [0.5f64.sqrt(); 2]);
}

/// A disk in time: the start is the disk at that time, and its boundary is there at all times.
#[test]
fn shapes_can_be_in_time() {
    let text = "coordinates = { x = [-1, 1], y = [-1, 1], t = [0, 3] }\nequations = [{ formula = \"u_t = lap(u)\" }]\n\
                conditions = [{ on = \"start\", formula = \"u = 0\" }, { on = \"t = 3\", formula = \"u = 1\" },\n\
                { on = \"rim\", formula = \"normal_x*u_x = 0\" }]\n[domain.shapes]\nrim = { ball = [0.25, 0], radius = 0.5 }";
    let problem = problem(text, "disk.toml").unwrap_or_else(|failure| panic!("{failure}"));
    let away = |x: &[f64]| (x[0] - 0.25).hypot(x[1]);
    for (term, time) in problem.terms.iter().zip([None, Some(0.0), Some(3.0)]) {
        let drawn = term.region.draw(64, Sampling::Sobol, &mut Generator::new(0, 0));
        assert!(drawn.chunks(3).all(|x| away(x) <= 0.5 && time.is_none_or(|time| x[2] == time)));
    }
    let rim = problem.terms[3].region.draw(64, Sampling::Sobol, &mut Generator::new(0, 0));
    assert!(rim.chunks(3).all(|x| (away(x) - 0.5).abs() < 1e-12));
    assert!(rim.chunks(3).any(|x| x[2] < 0.3) && rim.chunks(3).any(|x| x[2] > 2.7));
    assert_eq!((problem.terms[3].given.as_ref().unwrap().at)(&[0.25, 0.5, 1.0]), [0.0, 1.0]);
}

/// An outline from a table and a body from a surface, by the mean of points within: the centre of a triangle and of a tetrahedron.
#[test]
fn shapes_can_be_from_files() {
    let table = |file: &str, columns: &[&str], numbers: &[f64]| Table {
        file: file.to_owned(),
        columns: columns.iter().map(ToString::to_string).collect(),
        numbers: numbers.to_vec(),
    };
    let outline = table("shore.csv", &["name", "y", "x"], &[1.0, 0.0, 0.0, 2.0, 0.0, 3.0, 3.0, 6.0, 0.0]);
    let corners = [[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 3.0]];
    let faces = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]];
    let numbers: Vec<f64> = faces.iter().flatten().flat_map(|&corner: &usize| corners[corner]).collect();
    let surface = table("body.stl", &["x", "y", "z"], &numbers);
    let cases = [
        ("x = [0, 3], y = [0, 6]", "{ outline = \"shore.csv\" }", outline, vec![1.0, 2.0]),
        ("x = [0, 3], y = [0, 3], z = [0, 3]", "{ mesh = \"body.stl\" }", surface, vec![0.75; 3]),
    ];
    for (coordinates, shape, table, centre) in cases {
        let text = format!(
            "coordinates = {{ {coordinates} }}\nequations = [{{ formula = \"lap(u) = 0\", points = 4000 }}]\n\
             conditions = [{{ on = \"it\", formula = \"u = 0\" }}]\n[domain.shapes]\nit = {shape}"
        );
        let problem = problem_with(&text, "it", &[table]).unwrap_or_else(|failure| panic!("{failure}"));
        let drawn = problem.terms[0].region.draw(4000, Sampling::Sobol, &mut Generator::new(0, 0));
        for (axis, wanted) in centre.iter().enumerate() {
            let mean = drawn.iter().skip(axis).step_by(centre.len()).sum::<f64>() / 4000.0;
            assert!((mean - wanted).abs() < 0.02, "{mean} instead of {wanted}");
        }
        assert_eq!(
            problem.terms[1].region.draw(50, Sampling::Sobol, &mut Generator::new(0, 0)).len(),
            50 * centre.len()
        );
    }
}
