//! Meshes from files.

use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use ply_rs_bw::parser::Parser;
use ply_rs_bw::ply::{DefaultElement, Property};

use super::error::GeometryError;
use super::export::Format;
use super::mesh::{Mesh, Vector};

/// What a file holds.
struct Raw {
    vertices: Vec<Vector>,
    normals: Option<Vec<Vector>>,
    faces: Vec<[u32; 3]>,
}

/// A mesh from a PLY, OBJ or STL file; polygons are cut into triangles.
///
/// # Errors
/// The file cannot be read, or what it holds is no mesh; the message names the file and the first vertex or triangle that is wrong.
pub fn read_mesh(path: &Path) -> Result<Mesh, GeometryError> {
    let failed = |error: &dyn std::fmt::Display| GeometryError::Read { path: path.into(), error: error.to_string() };
    let unknown = || GeometryError::Format { path: path.into() };
    let format = Format::of(path).ok_or_else(unknown)?;
    let file = File::open(path).map_err(|error| failed(&error))?;
    let mut reader = BufReader::new(file);
    let Raw { vertices, normals, faces } = match format {
        Format::Ply => {
            let ply = Parser::<DefaultElement>::new().read_ply(&mut reader).map_err(|error| failed(&error))?;
            let rows = |name: &str| ply.payload.get(name).map_or(&[][..], Vec::as_slice);
            from_ply(rows("vertex"), rows("face")).map_err(|error| failed(&error))?
        }
        Format::Obj => {
            let options = tobj::LoadOptions { triangulate: true, single_index: true, ..Default::default() };
            let materials = |_: &Path| Ok(Default::default());
            let (models, _) = tobj::load_obj_buf(&mut reader, &options, materials).map_err(|error| failed(&error))?;
            from_obj(models)
        }
        Format::Stl => {
            let mesh = stl_io::read_stl(&mut reader).map_err(|error| failed(&error))?;
            let vertices = mesh.vertices.iter().map(|vertex| vertex.0.map(f64::from)).collect();
            let faces = mesh.faces.iter().map(|face| face.vertices.map(|vertex| vertex as u32)).collect();
            Raw { vertices, normals: None, faces }
        }
        Format::Glb => return Err(unknown()),
    };
    Mesh::new(&path.display().to_string(), vertices, normals, faces)
}

fn from_ply(vertices: &[DefaultElement], faces: &[DefaultElement]) -> Result<Raw, String> {
    let vector = |element: &DefaultElement, names: [&str; 3]| -> Option<Vector> {
        let [x, y, z] = names.map(|name| number(element.get(name)?));
        Some([x?, y?, z?])
    };
    let missing = || "its vertices have no numbers x, y and z".to_owned();
    let places = vertices.iter().map(|element| vector(element, ["x", "y", "z"]).ok_or_else(missing));
    let normals: Option<Vec<Vector>> = vertices.iter().map(|element| vector(element, ["nx", "ny", "nz"])).collect();
    let mut triangles = vec![];
    for face in faces {
        let corners = ["vertex_indices", "vertex_index"].into_iter().find_map(|name| indices(face.get(name)?));
        let corners = corners.ok_or("its faces have no list vertex_indices")?;
        triangles.extend(fan(&corners));
    }
    Ok(Raw { vertices: places.collect::<Result<_, _>>()?, normals, faces: triangles })
}

/// A polygon as triangles of its first corner.
fn fan(corners: &[u32]) -> impl Iterator<Item = [u32; 3]> {
    corners.windows(2).skip(1).map(|pair| [corners[0], pair[0], pair[1]])
}

fn number(property: &Property) -> Option<f64> {
    Some(match *property {
        Property::Float(x) => x.into(),
        Property::Double(x) => x,
        Property::Char(x) => x.into(),
        Property::UChar(x) => x.into(),
        Property::Short(x) => x.into(),
        Property::UShort(x) => x.into(),
        Property::Int(x) => x.into(),
        Property::UInt(x) => x.into(),
        _ => return None,
    })
}

/// Negative ones, which no vertex has, become ones that no vertex has.
fn indices(property: &Property) -> Option<Vec<u32>> {
    fn all<T: Copy + TryInto<u32>>(list: &[T]) -> Vec<u32> {
        list.iter().map(|&index| index.try_into().unwrap_or(u32::MAX)).collect()
    }
    Some(match property {
        Property::ListChar(list) => all(list),
        Property::ListUChar(list) => all(list),
        Property::ListShort(list) => all(list),
        Property::ListUShort(list) => all(list),
        Property::ListInt(list) => all(list),
        Property::ListUInt(list) => all(list),
        _ => return None,
    })
}

/// All models of a file as one; places that a file repeats for each triangle become one vertex.
fn from_obj(models: Vec<tobj::Model>) -> Raw {
    let (mut vertices, mut normals, mut faces) = (vec![], vec![], vec![]);
    let mut known: HashMap<[u64; 3], u32> = HashMap::new();
    for mesh in models.into_iter().map(|model| model.mesh) {
        let vector = |list: &[f32], index: usize| -> Option<Vector> {
            let [x, y, z] = list.get(3 * index..3 * index + 3)?.try_into().ok()?;
            Some([x, y, z].map(f64::from))
        };
        let mut corner = |index: u32| {
            let place = vector(&mesh.positions, index as usize).unwrap_or([f64::NAN; 3]);
            *known.entry(place.map(f64::to_bits)).or_insert_with(|| {
                vertices.push(place);
                normals.extend(vector(&mesh.normals, index as usize));
                vertices.len() as u32 - 1
            })
        };
        faces.extend(mesh.indices.chunks_exact(3).map(|face| [face[0], face[1], face[2]].map(&mut corner)));
    }
    let normals = (normals.len() == vertices.len()).then_some(normals);
    Raw { vertices, normals, faces }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of a test need not survive a kill")]
mod tests {
    use super::*;
    use crate::geometry::mesh::tests::tetrahedron;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let mesh = tetrahedron();
        for name in ["it.ply", "it.obj", "it.stl"] {
            let path = folder.path().join(name);
            std::fs::write(&path, Format::of(&path).unwrap().bytes(&mesh).unwrap()).unwrap();
            let read = read_mesh(&path).unwrap();
            let corners = |mesh: &Mesh| {
                let mut faces: Vec<_> = (0..mesh.faces.len()).map(|face| format!("{:?}", mesh.corners(face))).collect();
                faces.sort();
                faces
            };
            assert_eq!(corners(&read), corners(&mesh), "{name}");
            assert_eq!(read.vertices.len(), 4, "{name}");
            read.check_closed(name).unwrap();
            let difference = |a: &Vector, b: &Vector| (0..3).map(|axis| (a[axis] - b[axis]).abs()).fold(0.0, f64::max);
            for (place, normal) in read.vertices.iter().zip(&read.normals) {
                let own = mesh.vertices.iter().position(|vertex| vertex == place).unwrap();
                assert!(difference(normal, &mesh.normals[own]) < 1e-6, "{name}");
            }
        }
    }

    #[test]
    fn files_that_hold_no_mesh_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let error = read_mesh(&path).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
            error
        };
        let header = "ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n";
        let empty = format!("{header}element face 0\nproperty list uchar int vertex_indices\nend_header\n0 0 0\n");
        assert!(refused("empty.ply", &empty).ends_with("has no triangles; a surface of triangles is needed"));
        let one =
            format!("{header}element face 1\nproperty list uchar int vertex_indices\nend_header\n0 nan 0\n3 0 0 0\n");
        assert!(refused("nan.ply", &one).contains("Line 10"));
        assert!(
            refused("huge.ply", &one.replace("nan", "1e99")).contains("vertex 1 has the coordinates [0.0, inf, 0.0]")
        );
        assert!(
            refused("negative.ply", &one.replace("nan", "0").replace("3 0 0 0", "3 0 0 -1"))
                .contains("refers to vertex")
        );
        refused("garbage.ply", "not a mesh");
        refused("garbage.stl", "solid\nfacet");
        assert!(refused("mesh.xyz", "").contains(".ply, .obj or .stl"));
        let absent = read_mesh(&folder.path().join("absent.ply")).unwrap_err().to_string();
        assert!(absent.contains("absent.ply") && absent.contains("No such file"), "{absent}");
    }
}
