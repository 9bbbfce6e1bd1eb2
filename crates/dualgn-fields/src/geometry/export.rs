//! [`Format`]: meshes to files.

use std::fmt::Write;
use std::path::Path;

use ply_rs_bw::ply::{
    Addable, DefaultElement, ElementDef, Encoding, Ply, Property, PropertyDef, PropertyType, ScalarType,
};
use ply_rs_bw::writer::Writer;
use serde::{Deserialize, Serialize};
use serde_json::json;
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::frame::{Frame, HALF};
use super::mesh::Mesh;
use super::vector::{area, direction};

/// Errors of coordinates, as a part of the size, that a surface does not show.
const VISIBLE: f64 = 1e-4;

/// A kind of file.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// PLY, triangles with vertex normals, binary
    #[default]
    Ply,
    /// Wavefront OBJ, text
    Obj,
    /// STL, triangles, binary
    Stl,
    /// glTF in a single file, for viewers in a browser
    Glb,
}

impl Format {
    /// That of a file by the ending of its name.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::VARIANTS.iter().copied().find(|format| format.ending() == ending)
    }

    /// The ending of file names.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Ply => "ply",
            Self::Obj => "obj",
            Self::Stl => "stl",
            Self::Glb => "glb",
        }
    }

    /// Returns the contents of a file of a mesh in its unit frame, placed as the frame says.
    pub fn bytes(self, mesh: &Mesh, frame: &Frame) -> std::io::Result<Vec<u8>> {
        let placed = || Mesh { vertices: mesh.vertices.iter().map(|&at| frame.given(at)).collect(), ..mesh.clone() };
        match self {
            Self::Ply => ply(&placed()),
            Self::Obj => Ok(obj(&placed()).into_bytes()),
            Self::Stl => stl(&placed()),
            // Its numbers are short: they stay near zero, and a node of the scene says where that is.
            Self::Glb => Ok(glb(mesh, frame)),
        }
    }

    /// Whether the file has numbers for what a frame places: single precision has none beyond 3e38 and few below 1e-38.
    pub fn holds(self, frame: &Frame) -> bool {
        let size = 2.0 * HALF / frame.scale;
        let farthest = frame.centre.iter().fold(size, |farthest: f64, x| farthest.max(x.abs()));
        self != Self::Stl || ((size as f32).is_normal() && (farthest as f32).is_finite())
    }

    /// Returns the rounding of coordinates in a file as a part of the size of what the frame places, where it is more than one can
    /// overlook: single precision, far from the origin.
    pub fn rounding(self, frame: &Frame) -> Option<f64> {
        let farthest = frame.centre.iter().fold(0.0, |farthest: f64, x| farthest.max(x.abs()));
        let part = farthest * f64::from(f32::EPSILON) / 2.0 * frame.scale / (2.0 * HALF);
        (self == Self::Stl && part > VISIBLE).then_some(part)
    }
}

fn ply(mesh: &Mesh) -> std::io::Result<Vec<u8>> {
    const NAMES: [&str; 6] = ["x", "y", "z", "nx", "ny", "nz"];
    const CORNERS: &str = "vertex_indices";
    let mut vertex = ElementDef::new("vertex".into());
    for name in NAMES {
        vertex.properties.add(PropertyDef::new(name.into(), PropertyType::Scalar(ScalarType::Double)));
    }
    let mut face = ElementDef::new("face".into());
    face.properties.add(PropertyDef::new(CORNERS.into(), PropertyType::List(ScalarType::UChar, ScalarType::Int)));
    let mut ply = Ply::<DefaultElement>::new();
    ply.header.encoding = Encoding::BinaryLittleEndian;
    ply.header.elements.add(vertex);
    ply.header.elements.add(face);
    let element = |properties: Vec<(&str, Property)>| -> DefaultElement {
        properties.into_iter().map(|(name, property)| (name.to_owned(), property)).collect()
    };
    let row = |(place, normal): (&[f64; 3], &[f64; 3])| {
        element(NAMES.into_iter().zip(place.iter().chain(normal).map(|&x| Property::Double(x))).collect())
    };
    ply.payload.insert("vertex".into(), mesh.places().iter().zip(&mesh.normals).map(row).collect());
    let corners =
        |face: &[u32; 3]| element(vec![(CORNERS, Property::ListInt(face.map(|corner| corner as i32).to_vec()))]);
    ply.payload.insert("face".into(), mesh.shading.iter().map(corners).collect());
    let mut bytes = vec![];
    Writer::new().write_ply(&mut bytes, &mut ply).map_err(std::io::Error::other)?;
    Ok(bytes)
}

fn obj(mesh: &Mesh) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for [x, y, z] in &mesh.vertices {
        let _ = writeln!(text, "v {x} {y} {z}");
    }
    for [x, y, z] in &mesh.normals {
        let _ = writeln!(text, "vn {x} {y} {z}");
    }
    for (face, shading) in mesh.faces.iter().zip(&mesh.shading) {
        let ([a, b, c], [k, l, m]) = (face.map(|corner| corner + 1), shading.map(|normal| normal + 1));
        let _ = writeln!(text, "f {a}//{k} {b}//{l} {c}//{m}");
    }
    text
}

fn stl(mesh: &Mesh) -> std::io::Result<Vec<u8>> {
    let triangles: Vec<stl_io::Triangle> = (0..mesh.faces.len())
        .map(|face| {
            let [a, b, c] = mesh.corners(face);
            let normal = direction(area([a, b, c])).unwrap_or_default();
            stl_io::Triangle {
                normal: stl_io::Normal::new(normal.map(|x| x as f32)),
                vertices: [a, b, c].map(|corner| stl_io::Vertex::new(corner.map(|x| x as f32))),
            }
        })
        .collect();
    let mut bytes = vec![];
    stl_io::write_stl(&mut bytes, triangles.iter())?;
    Ok(bytes)
}

/// A header, a description of three arrays, and the arrays.
fn glb(mesh: &Mesh, frame: &Frame) -> Vec<u8> {
    let floats = |vectors: &[[f64; 3]]| -> Vec<u8> {
        vectors.iter().flatten().flat_map(|&x| (x as f32).to_le_bytes()).collect()
    };
    let (places, normals) = (floats(&mesh.places()), floats(&mesh.normals));
    let indices: Vec<u8> = mesh.shading.iter().flatten().flat_map(|index| index.to_le_bytes()).collect();
    let [low, high] = mesh.bounds().map(|corner| corner.map(|x| x as f32));
    let (vertices, corners) = (mesh.normals.len(), 3 * mesh.faces.len());
    let (second, third) = (places.len(), places.len() + normals.len());
    let (translation, scale) = (frame.centre, [1.0 / frame.scale; 3]);
    let description = json!({
        "asset": { "version": "2.0", "generator": "dualgn" },
        "scene": 0,
        "scenes": [{ "nodes": [0] }],
        "nodes": [{ "mesh": 0, "translation": translation, "scale": scale }],
        "meshes": [{ "primitives": [{ "attributes": { "POSITION": 0, "NORMAL": 1 }, "indices": 2 }] }],
        "accessors": [
            { "bufferView": 0, "componentType": 5126, "count": vertices, "type": "VEC3", "min": low, "max": high },
            { "bufferView": 1, "componentType": 5126, "count": vertices, "type": "VEC3" },
            { "bufferView": 2, "componentType": 5125, "count": corners, "type": "SCALAR" },
        ],
        "bufferViews": [
            { "buffer": 0, "byteOffset": 0, "byteLength": places.len(), "target": 34962 },
            { "buffer": 0, "byteOffset": second, "byteLength": normals.len(), "target": 34962 },
            { "buffer": 0, "byteOffset": third, "byteLength": indices.len(), "target": 34963 },
        ],
        "buffers": [{ "byteLength": third + indices.len() }],
    });
    let mut text = description.to_string().into_bytes();
    text.resize(text.len().next_multiple_of(4), b' ');
    let chunk = |kind: &[u8; 4], data: &[u8]| [&(data.len() as u32).to_le_bytes(), kind.as_slice(), data].concat();
    let chunks = [chunk(b"JSON", &text), chunk(b"BIN\0", &[places, normals, indices].concat())].concat();
    let header = [b"glTF".as_slice(), &2u32.to_le_bytes(), &(12 + chunks.len() as u32).to_le_bytes()].concat();
    [header, chunks].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::mesh::tests::tetrahedron;

    const FAR: Frame = Frame { centre: [5e5, 4.2e6, 120.0], scale: 2.0 };

    #[test]
    fn a_binary_gltf_describes_its_own_length_and_place() {
        let bytes = Format::Glb.bytes(&tetrahedron(), &FAR).unwrap();
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], number(4), number(8)), (b"glTF".as_slice(), 2, bytes.len()));
        let description = number(12);
        let text: serde_json::Value = serde_json::from_slice(&bytes[20..20 + description]).unwrap();
        // Each of four vertices has the normals of three faces; places, normals, and twelve corners.
        let length = 12 * 12 * 2 + 12 * 4;
        assert_eq!(text["buffers"][0]["byteLength"], length);
        assert_eq!(number(20 + description), length);
        assert_eq!(bytes.len(), 28 + description + length);
        assert_eq!(text["nodes"][0]["translation"], json!([5e5, 4.2e6, 120.0]));
        assert_eq!(text["nodes"][0]["scale"], json!([0.5, 0.5, 0.5]));
    }

    #[test]
    fn single_precision_is_said_where_it_shows() {
        // Numbers near 4.2e6 are a quarter apart in single precision, half of what a size of 0.9 has.
        let found = Format::Stl.rounding(&FAR).unwrap();
        assert!((0.25..0.3).contains(&(found * 0.9)), "{found}");
        assert!(Format::Ply.rounding(&FAR).is_none() && Format::Stl.rounding(&Frame::UNIT).is_none());
    }

    #[test]
    fn formats_go_by_the_ending() {
        assert_eq!(Format::of(Path::new("a/b.PLY")), Some(Format::Ply));
        assert_eq!(Format::of(Path::new("b.glb")), Some(Format::Glb));
        assert_eq!(Format::of(Path::new("ply")), None);
    }
}
