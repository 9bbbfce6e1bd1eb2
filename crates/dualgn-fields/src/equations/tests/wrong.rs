//! Messages for files that are wrong: `wrong.txt` has them all. `DUALGN_BLESS=1 cargo test -p dualgn-fields wrong` writes it anew, and the
//! difference is read before it is committed.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

use std::fs;
use std::path::Path;

use super::problem;

/// A file that is right.
const RIGHT: &str = r#"title = "Heat"
time = "t"
unknowns = ["u"]

[coordinates]
x = [0, 1]
t = [0, 1]

[constants]
k = 0.25

[coefficients]
a = { start = 1, true = 0.5 }

[definitions]
flux = "k*u_x"

[[equations]]
name = "heat"
formula = "u_t = d(flux, x)"
points = 100
weight = 1

[[conditions]]
on = "t = 0"
formula = "u = sin(pi*x)"

[[conditions]]
on = ["x = 0", "x = 1"]
formula = "u = 0"
points = 20

[network]
hidden = [8, 8]
activation = "tanh"

[training]
steps = 10
damping = 1e-3

[reference]
u = "exp(-k*pi^2*t)*sin(pi*x)"
"#;

/// What is replaced in it, and by what.
const CHANGES: [(&str, &str); 120] = [
    ("points = 100", "points = 100\nwhere = \"x + t\""),
    ("points = 100", "points = 100\nwhere = \"x > 2\""),
    ("points = 20", "points = 20\nwhere = \"t < 0.5\"\nhard = true"),
    ("points = 100", "points = 100\nhard = true"),
    ("formula = \"u = sin(pi*x)\"", "formula = \"u_x = sin(pi*x)\"\nhard = true"),
    ("formula = \"u = sin(pi*x)\"", "formula = \"u^2 = sin(pi*x)\"\nhard = true"),
    ("formula = \"u = sin(pi*x)\"", "formula = \"u = a\"\nhard = true"),
    ("formula = \"u = sin(pi*x)\"", "formula = \"u >= sin(pi*x)\"\nhard = true"),
    ("[coordinates]", "[coordinates"),
    ("title = \"Heat\"", "titles = \"Heat\""),
    ("title = \"Heat\"", "title = \"\""),
    ("title = \"Heat\"", "title = \"\"\"Heat\n\"\"\"\nsource = \"a\\nb\""),
    ("title = \"Heat\"", "title = 3"),
    ("time = \"t\"", "time = \"s\""),
    ("time = \"t\"", "time = \"t\"\ntime = \"t\""),
    ("unknowns = [\"u\"]", "unknowns = []"),
    ("unknowns = [\"u\"]", "unknowns = \"u\""),
    ("unknowns = [\"u\"]", "unknowns = [\"u\", \"v\", \"u\"]"),
    ("unknowns = [\"u\"]", "unknowns = [\"u\", \"U\"]"),
    ("unknowns = [\"u\"]", "unknowns = [\"sin\"]"),
    ("unknowns = [\"u\"]", "unknowns = [\"u v\"]"),
    ("unknowns = [\"u\"]", "unknowns = [\"pi\"]"),
    ("unknowns = [\"u\"]", "unknowns = [\"x\"]"),
    ("[coordinates]\nx = [0, 1]\nt = [0, 1]\n", ""),
    ("x = [0, 1]\nt = [0, 1]\n", ""),
    ("x = [0, 1]", "x = [1, 0]"),
    ("x = [0, 1]", "x = [0, 0]"),
    ("x = [0, 1]", "x = [0, nan]"),
    ("x = [0, 1]", "x = [-1e308, 1e308]"),
    ("x = [0, 1]", "x = [0]"),
    ("x = [0, 1]", "x = 1"),
    ("x = [0, 1]", "x = [0, \"1/0\"]"),
    ("x = [0, 1]", "x = [0, \"k + \"]"),
    ("x = [0, 1]", "x = [0, true]"),
    ("x = [0, 1]", "lap = [0, 1]"),
    ("k = 0.25", "k = \"1/(2 - 2)\""),
    ("k = 0.25", "k = \"x\""),
    ("k = 0.25", "k = inf"),
    ("k = 0.25", "u = 0.25"),
    ("a = { start = 1, true = 0.5 }", "a = 1"),
    ("a = { start = 1, true = 0.5 }", "a = { true = 0.5 }"),
    ("a = { start = 1, true = 0.5 }", "a = { start = 1, rate = 2 }"),
    ("a = { start = 1, true = 0.5 }", "k = { start = 1 }"),
    ("flux = \"k*u_x\"", "flux = \"\"\"\nk*\n  u_y\"\"\""),
    ("flux = \"k*u_x\"", "flux = \"k*flux\""),
    ("flux = \"k*u_x\"", "flux = \"u = 1\""),
    ("flux = \"k*u_x\"", "x = \"k*u_x\""),
    ("flux = \"k*u_x\"", "curl = \"k*u_x\""),
    ("[[equations]]", "[domain]\nball = { radius = 0.1 }\nshapes.s = { ball = [0.5], radius = 0.1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshape = \"s\"\n\n[[equations]]"),
    (
        "[[equations]]",
        "[domain]\nshapes = { s = { ball = [0.5], radius = 0.1 }, r = { box = [[0, 1]] } }\n\n[[equations]]",
    ),
    ("[[equations]]", "[domain]\nshape = \"box - d\"\nshapes.s = { ball = [0.5], radius = 0.1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshape = \"box/s\"\nshapes.s = { ball = [0.5], radius = 0.1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshape = \"s - box\"\nshapes.s = { ball = [0.5], radius = 0.1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { ball = [0.5], radius = 2 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { ball = [0.5, 1], radius = 0.1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { ball = [0.5], radius = 0 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { ball = [0.5] }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { box = [[1, 0]] }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { box = [[0, 1], [0, 1]] }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { cube = 1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.boundary = { box = [[0, 1]] }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { polygon = [[0], [1], [2]] }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { mesh = \"s.stl\" }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { outline = \"s.csv\" }\n\n[[equations]]"),
    ("[network]", "[[pictures]]\nformula = \"u_z\"\n\n[network]"),
    ("[network]", "[[pictures]]\nformula = \"u\"\naxes = [\"x\", \"x\"]\n\n[network]"),
    ("[network]", "[[pictures]]\nformula = \"u\"\naxes = []\n\n[network]"),
    ("[network]", "[[pictures]]\nformula = \"u\"\nmoving = \"y\"\n\n[network]"),
    ("[network]", "[[pictures]]\nformula = \"u\"\nmoving = \"t\"\nat = { t = 0.5 }\n\n[network]"),
    ("[network]", "[[pictures]]\nformula = \"u\"\naxes = [\"x\"]\nat = { t = 2 }\n\n[network]"),
    ("[network]", "[[pictures]]\ntitle = \"it\"\n\n[network]"),
    ("[[equations]]", "[domain]\nshapes.box = { ball = [0.5], radius = 0.1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.\"my-hole\" = { ball = [0.5], radius = 0.1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshape = \"box\"\nshapes.s = { ball = [0.5], radius = 0.1 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nshapes.s = { ball = [0.5], radius = 1e300 }\n\n[[equations]]"),
    ("[[equations]]", "[domain]\nball = { radius = 0 }\n\n[[equations]]"),
    ("[[equations]]\nname = \"heat\"\nformula = \"u_t = d(flux, x)\"\npoints = 100\nweight = 1\n", ""),
    ("name = \"heat\"", "on = \"boundary\""),
    ("name = \"heat\"", "name = \" \""),
    ("on = \"t = 0\"", "name = \"heat\"\non = \"t = 0\""),
    ("activation = \"tanh\"", "periodic = [\"x\", \"x\"]"),
    ("formula = \"u_t = d(flux, x)\"", ""),
    ("formula = \"u_t = d(flux, x)\"", "formulas = []"),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"u\"\nformulas = [\"u\"]"),
    ("formula = \"u_t = d(flux, x)\"", "formulas = [\n  \"u_t = u_xx\",\n  \"u_t = w_xx\",\n]"),
    ("formula = \"u_t = d(flux, x)\"", "formulas = [\n  \"u_t = u_xx\",\n  \"u >= 0\",\n]"),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"u_t = u_xx\"\nloss = \"cubic\""),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"u_t = u_xx\"\nloss = { huber = 0 }"),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"u_t = u_xx\"\nloss = { huber = 1, absolute = 1 }"),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"k = x\""),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"d(u_xx, x, x, x) = 0\""),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"u_t = normal_x\""),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"u/0 = 1\""),
    ("formula = \"u_t = d(flux, x)\"", "formula = \"\""),
    ("points = 100", "points = 0"),
    ("points = 100", "points = -1"),
    ("points = 100", "points = 1.5"),
    ("points = 100", "points = 9000000000000000000"),
    ("weight = 1", "weight = 0"),
    ("weight = 1", "weight = \"-k\""),
    ("on = \"t = 0\"\n", ""),
    ("on = \"t = 0\"", "on = \"t = 0.5\""),
    ("on = \"t = 0\"", "on = \"s = 0\""),
    ("on = \"t = 0\"", "on = \"t = 0 +\""),
    ("on = \"t = 0\"", "on = \"left\""),
    ("on = [\"x = 0\", \"x = 1\"]", "on = [\"x = 0\", \"x = 0\"]"),
    ("on = [\"x = 0\", \"x = 1\"]", "on = []"),
    ("points = 20", "points = 1"),
    ("hidden = [8, 8]", "hidden = []"),
    ("hidden = [8, 8]", "hidden = [8, 0]"),
    ("activation = \"tanh\"", "activation = \"relu\""),
    ("activation = \"tanh\"", "periodic = [\"x\"]"),
    ("activation = \"tanh\"", "periodic = [\"y\"]"),
    ("activation = \"tanh\"", "periodic = { x = 0 }"),
    ("steps = 10", "steps = 0"),
    ("damping = 1e-3", "damping = 0"),
    ("u = \"exp(-k*pi^2*t)*sin(pi*x)\"", "u = \"u_x + a\""),
    ("u = \"exp(-k*pi^2*t)*sin(pi*x)\"", "u = \"log(x - 2)\""),
];

/// Files that are other ones altogether.
const OTHERS: [&str; 16] = [
    "",
    "[coordinates]\nx = [0, 1]\nt = [0, 1]\n[[equations]]\nformula = \"u_t\"\n[reference]\nv = \"1\"\n",
    "[coordinates]\nx = [0, 1]\n[[equations]]\nformula = \"u_x\"\n[reference]\nu = \"1\"\nformula = \"2\"\n",
    "unknowns = [\"u\", \"v\"]\n[coordinates]\nx = [0, 1]\n[[equations]]\nformula = \"u_x = v\"\n[reference]\nu = \"1\"\n",
    "[coordinates]\nx = [0, 1]\n[[equations]]\nformula = \"u_x\"\n[[conditions]]\non = \"start\"\nformula = \"u\"\n",
    "coordinates = { x = [0, 2], y = [0, 2] }\nequations = [{ formula = \"lap(u)\" }]\ndomain.shapes.a = { polygon = [[0, 0], [1, 1], [1, 0], [0, 1]] }\n",
    "coordinates = { x = [0, 2], y = [0, 2] }\nequations = [{ formula = \"lap(u)\" }]\ndomain.shapes.a = { polygon = [[0, 0], [1, 1]] }\n",
    "coordinates = { x = [0, 2], y = [0, 2] }\nequations = [{ formula = \"lap(u)\" }]\nconditions = [{ on = \"c\", formula = \"u\" }]\ndomain.shapes.a = { ball = [1, 1], radius = 1 }\n",
    "coordinates = { x = [0, 2], y = [0, 2] }\nequations = [{ formula = \"lap(u)\" }]\nconditions = [{ on = \"box\", formula = \"u\" }]\ndomain.shapes.a = { ball = [1, 1], radius = 0.5 }\n",
    "coordinates = { x = [0, 2], y = [0, 2] }\nequations = [{ formula = \"lap(u)\" }]\nconditions = [{ on = [\"a\", \"x = 0\"], formula = \"u\" }]\ndomain.shapes.a = { ball = [1, 1], radius = 0.5 }\n",
    "coordinates = { x = [0, 2], y = [0, 2] }\nequations = [{ formula = \"lap(u)\" }]\nconditions = [{ on = \"x = 0.2\", formula = \"u\" }]\ndomain.shapes.a = { ball = [1, 1], radius = 0.5 }\n",
    "[coordinates]\nx = [0, 1]\n[domain]\nball.radius = 2\n[[equations]]\nformula = \"u_x\"\n",
    "[coordinates]\nx = [-1, 1]\n[domain]\nball.radius = 1\n[[equations]]\nformula = \"u_x\"\n[[conditions]]\non = \"x = 1\"\nformula = \"u\"\n",
    "[coordinates]\nx = [-1, 1]\n[domain]\nball.radius = 1\n[[equations]]\nformula = \"u_x\"\n[[conditions]]\non = [\"x = -1\", \"x = 1\"]\nformula = \"u\"\n",
    "[coordinates]\nt = [0, 1]\nx = [-1, 1]\n[domain]\nball.radius = 1\n[[equations]]\nformula = \"u_x\"\n",
    "[coordinates]\nx = [-1, 1]\n[domain]\nball.radius = 1\n[[equations]]\nformula = \"u_x\"\n[network]\nperiodic = [\"x\"]\n",
];

#[test]
fn messages_are_those_of_the_list() {
    let mut messages = String::new();
    let mut add = |what: &str, text: &str| {
        let failure = problem(text, "heat.toml").err().unwrap_or_else(|| panic!("{what} is right"));
        assert!(failure.is_input(), "{failure}");
        messages.push_str(&format!("{what}\n{failure}\n\n"));
    };
    for (right, wrong) in CHANGES {
        assert!(RIGHT.contains(right), "{right}");
        add(&format!("{right:?} -> {wrong:?}"), &RIGHT.replacen(right, wrong, 1));
    }
    for text in OTHERS {
        add(&format!("{text:?}"), text);
    }
    add("a long file", &format!("{RIGHT}#{}", "#".repeat(1 << 20)));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/equations/tests/wrong.txt");
    if std::env::var_os("DUALGN_BLESS").is_some() {
        fs::write(&path, &messages).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap_or_default(), messages, "run this test with DUALGN_BLESS=1");
}

/// Whatever is cut off or left out, nothing panics.
#[test]
fn parts_of_files_are_read_or_refused() {
    problem(RIGHT, "heat.toml").unwrap_or_else(|failure| panic!("{failure}"));
    let lines: Vec<&str> = RIGHT.lines().collect();
    let mut refused = 0;
    for (index, _) in RIGHT.char_indices() {
        refused += usize::from(problem(&RIGHT[..index], "heat.toml").is_err());
    }
    for index in 0..lines.len() {
        let rest = [&lines[..index], &lines[index + 1..]].concat().join("\n");
        refused += usize::from(problem(&rest, "heat.toml").is_err());
    }
    assert!(refused > RIGHT.len() / 3, "{refused}");
}
