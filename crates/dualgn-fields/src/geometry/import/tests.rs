//! Files of every format and habit, read into the same surface.

#![expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]

use std::fs;

use super::*;
use crate::geometry::mesh::Mesh;
use crate::geometry::mesh::tests::tetrahedron;
use crate::geometry::vector::{Vector, minus, norm};

const CORNERS: [Vector; 4] = [[0.0; 3], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const FACES: [[usize; 3]; 4] = [[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]];

fn read(name: &str, contents: &[u8]) -> Result<Given, GeometryError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, contents).unwrap();
    read_mesh(&path)
}

/// The triangles of a surface where its file has them, each from its least corner on.
fn triangles(given: &Given) -> Vec<[Vector; 3]> {
    let mut all: Vec<[Vector; 3]> = (0..given.mesh.faces.len())
        .map(|face| {
            let mut corners = given.mesh.corners(face).map(|corner| given.frame.given(corner));
            let key = |corner: &Vector| corner[0] + 10.0 * corner[1] + 100.0 * corner[2];
            let least = (0..3).min_by(|&a, &b| key(&corners[a]).total_cmp(&key(&corners[b]))).unwrap();
            corners.rotate_left(least);
            corners
        })
        .collect();
    all.sort_by(|a, b| a.iter().flatten().partial_cmp(b.iter().flatten()).unwrap());
    all
}

/// Checks that a file holds the tetrahedron, moved.
fn is_tetrahedron(name: &str, contents: &[u8], moved: Vector, precision: f64) {
    let given = read(name, contents).unwrap_or_else(|error| panic!("{name}: {error}"));
    let wanted = Given { mesh: tetrahedron(), frame: crate::geometry::Frame::UNIT, remarks: vec![] };
    assert_eq!(given.mesh.vertices.len(), 4, "{name}");
    let (found, wanted) = (triangles(&given), triangles(&wanted));
    assert_eq!(found.len(), wanted.len(), "{name}");
    for (found, wanted) in found.iter().flatten().zip(wanted.iter().flatten()) {
        let wanted: Vector = std::array::from_fn(|axis| wanted[axis] + moved[axis]);
        assert!(norm(minus(*found, wanted)) < precision, "{name}: {found:?} {wanted:?}");
    }
}

#[test]
fn what_is_written_is_read() {
    let mesh: Mesh = tetrahedron();
    let frame = crate::geometry::Frame { centre: [10.0, 20.0, 30.0], scale: 1.0 };
    for format in [Format::Ply, Format::Obj, Format::Stl] {
        let name = format!("it.{}", format.ending());
        is_tetrahedron(&name, &format.bytes(&mesh, &frame).unwrap(), frame.centre, 1e-12);
    }
}

fn facets(corner: impl Fn(Vector) -> String) -> String {
    let facet = |face: &[usize; 3]| {
        let corners: String = face.map(|index| format!("   vertex {}\n", corner(CORNERS[index]))).concat();
        format!("  facet normal 0 0 0\n    outer loop\n{corners}    endloop\n  endfacet\n")
    };
    FACES.iter().map(facet).collect()
}

#[test]
fn stl_is_known_by_what_is_in_it() {
    let facets_text = facets(|[x, y, z]| format!("{x:e} {y} {z}"));
    for (start, end) in
        [("solid it\n", "endsolid it\n"), ("solid\n", "endsolid"), ("\n  \t SOLID\n", ""), ("\u{feff}solid x\n", "")]
    {
        let text = format!("{start}{facets_text}{end}");
        is_tetrahedron("text.stl", text.as_bytes(), [0.0; 3], 1e-12);
        // That triangles repeat their corners is the format's way, not a fault.
        assert!(read("text.stl", text.as_bytes()).unwrap().remarks.is_empty());
        is_tetrahedron("text.stl", text.replace('\n', "\r\n").as_bytes(), [0.0; 3], 1e-12);
    }
    // Numbers of a text have all their digits.
    let far = [5e5, 4.2e6, 120.0];
    let text = facets(|at| (0..3).map(|axis| format!("{:?} ", at[axis] + far[axis])).collect());
    is_tetrahedron("far.stl", format!("solid\n{text}").as_bytes(), far, 1e-8);
    // Binary files that begin like a text, and that go on behind their end.
    let mut binary = Format::Stl.bytes(&tetrahedron(), &crate::geometry::Frame::UNIT).unwrap();
    binary[..13].copy_from_slice(b"solid facet \n");
    is_tetrahedron("solid.stl", &binary, [0.0; 3], 1e-12);
    let mut longer = binary.clone();
    longer.extend(b"made by hand");
    longer[20] = 0;
    is_tetrahedron("longer.stl", &longer, [0.0; 3], 1e-12);
    let refused = |contents: &[u8]| read("it.stl", contents).unwrap_err().to_string();
    longer[80..84].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(refused(&longer).ends_with("its header has 4294967295 triangles, but it ends after 4"));
    assert!(refused(b"solid\nfacet normal 0 0 0\nvertex 1 2\n").ends_with("line 3: `vertex` needs three numbers"));
    assert!(refused(b"solid\nfacet\nvertex 1 2 3\n").ends_with("it ends within a facet"));
    assert!(refused(b"solid\nhello\n").ends_with("line 2: `hello` is no word of this format"));
    assert!(refused(b"short").ends_with("nor long enough for a binary file"));
    assert!(refused(b"").ends_with("nor long enough for a binary file"));
}

#[test]
fn obj_has_double_precision_groups_and_places_for_errors() {
    let moved = [499_999.737_134, 4_200_000.425_325, 120.000_001];
    let places: String = CORNERS
        .map(|[x, y, z]| format!("v {:.6} {:.6} {:.6} 0.5 0.5 0.5\n", x + moved[0], y + moved[1], z + moved[2]))
        .concat();
    let rest = "vt 0 0\nl 1 2\nusemtl red\ng one\nf 1 3 2 # a comment\nf 1/1 2/1 \\\n 4/1\no two\ns off\nf -4 -1 -2\nf 2 3 4\n";
    is_tetrahedron("groups.obj", format!("{places}{rest}").as_bytes(), moved, 1e-9);
    let refused = |text: &str| read("it.obj", text.as_bytes()).unwrap_err().to_string();
    assert!(refused("v 0 0\n").ends_with("line 1: three numbers are needed"));
    assert!(refused("v 0 0 x\n").ends_with("line 1: `x` is not a number"));
    assert!(refused("v 0 0 0\n\nf 1 0 1\n").ends_with("line 3: `0` is not the number of a corner"));
    assert!(refused("f 1 -1 1\n").ends_with("line 1: `-1` is not the number of a corner"));
    assert!(refused("f 1 2\n").ends_with("line 1: a polygon has at least three corners, not 2"));
    assert!(refused("v 0 0 0\nf 1//1 1//1 1//1\n").ends_with("`1//1` refers to normal 1, but there are 0"));
    assert!(refused("v 0 0 0\nf 1 2 3\n").ends_with("triangle 1 refers to vertex 2, but there are 1"));
    assert!(refused("").ends_with("has no triangles; a surface of triangles is needed"));
}

#[test]
fn marks_and_comments_of_other_encodings_are_passed_over() {
    let places: String = CORNERS.map(|[x, y, z]| format!("v {x} {y} {z}\n")).concat();
    let obj = format!("\u{feff}{places}f 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n");
    is_tetrahedron("mark.obj", obj.as_bytes(), [0.0; 3], 1e-12);
    for bytes in [
        ply("ascii", |x| format!("{x} ").into(), |i| format!("{i} ").into(), b"3 "),
        ply("binary_little_endian", |x| x.to_le_bytes().into(), |i| i.to_le_bytes().into(), &[3]),
    ] {
        let at = bytes.windows(12).position(|window| window == b"made by hand").unwrap();
        let latin = [&bytes[..at], b"von M\xfcller", &bytes[at + 12..]].concat();
        is_tetrahedron("latin.ply", &latin, [0.0; 3], 1e-12);
    }
}

/// A prism over an L: its hexagons, from any corner on, as good as triangles.
#[test]
fn concave_polygons_keep_their_notches() {
    let l = [[0, 0], [2, 0], [2, 1], [1, 1], [1, 2], [0, 2]];
    let places: String = [0, 1].iter().flat_map(|z| l.iter().map(move |[x, y]| format!("v {x} {y} {z}\n"))).collect();
    for start in 0..6 {
        let cap = |from: usize, is_turned: bool| {
            let mut corners: Vec<String> = (0..6).map(|k| (from + 1 + (start + k) % 6).to_string()).collect();
            if is_turned {
                corners.reverse();
            }
            format!("f {}\n", corners.join(" "))
        };
        let side = |k: usize| format!("f {} {} {} {}\n", k + 1, (k + 1) % 6 + 1, (k + 1) % 6 + 7, k + 7);
        let sides: String = (0..6).map(side).collect();
        let text = format!("{places}{}{}{sides}", cap(0, true), cap(6, false));
        let given = read("l.obj", text.as_bytes()).unwrap();
        let scale = given.frame.scale;
        let volume: f64 = (0..given.mesh.faces.len())
            .map(|face| {
                let [a, b, c] = given.mesh.corners(face);
                crate::geometry::dot(a, crate::geometry::cross(b, c)) / 6.0
            })
            .sum::<f64>()
            / scale.powi(3);
        assert!((volume - 3.0).abs() < 1e-9, "from {start}: {volume}");
        assert_eq!((given.mesh.faces.len(), given.remarks.len()), (20, 0), "{:?}", given.remarks);
    }
}

/// A PLY file with a header of our own and numbers as a format has them.
fn ply(encoding: &str, number: impl Fn(f32) -> Vec<u8>, index: impl Fn(i32) -> Vec<u8>, count: &[u8]) -> Vec<u8> {
    let header = format!(
        "ply\nformat {encoding} 1.0\ncomment made by hand\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n\
         element face 4\nproperty list uchar int vertex_index\nend_header\n"
    );
    let is_text = encoding == "ascii";
    let end: &[u8] = if is_text { b"\n" } else { b"" };
    let mut bytes = header.into_bytes();
    for corner in CORNERS {
        corner.iter().for_each(|&x| bytes.extend(number(x as f32)));
        bytes.extend(end);
    }
    for face in FACES {
        bytes.extend(count);
        face.iter().for_each(|&corner| bytes.extend(index(corner as i32)));
        bytes.extend(end);
    }
    bytes
}

#[test]
fn ply_is_text_or_binary_of_either_order() {
    let text = ply("ascii", |x| format!("{x} ").into(), |i| format!("{i} ").into(), b"3 ");
    is_tetrahedron("text.ply", &text, [0.0; 3], 1e-12);
    is_tetrahedron("crlf.ply", String::from_utf8(text).unwrap().replace('\n', "\r\n").as_bytes(), [0.0; 3], 1e-12);
    let little = ply("binary_little_endian", |x| x.to_le_bytes().into(), |i| i.to_le_bytes().into(), &[3]);
    is_tetrahedron("little.ply", &little, [0.0; 3], 1e-12);
    let big = ply("binary_big_endian", |x| x.to_be_bytes().into(), |i| i.to_be_bytes().into(), &[3]);
    is_tetrahedron("big.ply", &big, [0.0; 3], 1e-12);
    // What a header claims is not believed, nor made room for.
    for claimed in
        ["element vertex 4000000000", "element face 18446744073709551615", "element edge 4000000000\nelement face 4"]
    {
        let name = claimed
            .rsplit_once(' ')
            .unwrap()
            .0
            .lines()
            .next()
            .unwrap()
            .rsplit_once(' ')
            .map_or(claimed, |(kind, _)| kind);
        let of = if name.contains("vertex") { "element vertex 4" } else { "element face 4" };
        let text = String::from_utf8_lossy(&big).into_owned();
        let start = text.find(of).unwrap();
        let bytes = [&big[..start], claimed.as_bytes(), &big[start + of.len()..]].concat();
        let error = read("it.ply", &bytes).unwrap_err().to_string();
        assert!(error.contains("more than its") && error.contains("bytes hold"), "{claimed}: {error}");
    }
}

#[test]
fn text_of_a_ply_has_all_its_digits() {
    let far = [5e5, 4.2e6, 120.0];
    let number = std::cell::Cell::new(0);
    let moved = |x: f32| {
        let axis = number.replace(number.get() + 1) % 3;
        format!("{:?} ", f64::from(x) + far[axis]).into_bytes()
    };
    let text = ply("ascii", moved, |i| format!("{i} ").into(), b"3 ");
    is_tetrahedron("far.ply", &text, far, 1e-8);
}

#[test]
fn files_that_hold_no_surface_are_named() {
    let refused = |name: &str, text: &str| {
        let error = read(name, text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(name) && !error.contains('\n'), "{error}");
        error
    };
    let header = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n";
    let empty = format!("{header}element face 0\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n");
    assert!(refused("empty.ply", &empty).ends_with("has no triangles; a surface of triangles is needed"));
    let one = format!("{header}element face 1\nproperty list uchar int vertex_indices\nend_header\n0 nan 0\n3 0 0 0\n");
    assert!(refused("nan.ply", &one).contains("Line 10"));
    let huge = refused("huge.ply", &one.replace("nan", "1e999"));
    assert!(huge.contains("vertex 1 has the coordinates [0.0, inf, 0.0]"), "{huge}");
    let negative = one.replace("nan", "0").replace("3 0 0 0", "3 0 0 -1");
    assert!(refused("negative.ply", &negative).contains("refers to vertex"));
    refused("garbage.ply", "not a mesh");
    assert!(refused("mesh.xyz", "").contains(".ply, .obj or .stl"));
    let absent = read_mesh(Path::new("absent.ply")).unwrap_err().to_string();
    assert!(absent.contains("absent.ply"), "{absent}");
    #[cfg(unix)]
    assert!(absent.contains("No such file"), "{absent}");
}

/// What a program writes into a pipe is read as a file is; a folder is refused.
#[cfg(unix)]
#[test]
fn pipes_are_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pipe.stl");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let bytes = Format::Stl.bytes(&tetrahedron(), &crate::geometry::Frame::UNIT).unwrap();
    let writer = path.clone();
    let thread = std::thread::spawn(move || fs::write(writer, bytes).unwrap());
    assert_eq!(read_mesh(&path).unwrap().mesh.faces.len(), 4);
    thread.join().unwrap();
    let named = folder.path().join("folder.ply");
    fs::create_dir(&named).unwrap();
    assert!(read_mesh(&named).unwrap_err().to_string().contains("folder.ply is a folder"));
}

/// A file without an end is not read for ever.
#[cfg(target_os = "linux")]
#[test]
fn endless_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endless.stl");
    std::os::unix::fs::symlink("/dev/zero", &path).unwrap();
    let error = read_mesh(&path).unwrap_err().to_string();
    assert!(error.contains("endless.stl takes more than"), "{error}");
}
