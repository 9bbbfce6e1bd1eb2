//! [`Format`]: meshes to files.

use std::fmt::Write;
use std::path::Path;

use clap::ValueEnum;
use ply_rs_bw::ply::{
    Addable, DefaultElement, ElementDef, Encoding, Ply, Property, PropertyDef, PropertyType, ScalarType,
};
use ply_rs_bw::writer::Writer;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::mesh::{Mesh, cross, minus};

/// A kind of file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Polygons with normals, binary
    #[default]
    Ply,
    /// Wavefront, text
    Obj,
    /// Triangles, binary
    Stl,
    /// glTF in one file, for viewers in a browser
    Glb,
}

impl Format {
    /// That of a file by the ending of its name.
    pub fn of(path: &Path) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::value_variants().iter().copied().find(|format| format.ending() == ending)
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

    /// The contents of a file.
    pub fn bytes(self, mesh: &Mesh) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Ply => ply(mesh),
            Self::Obj => Ok(obj(mesh).into_bytes()),
            Self::Stl => stl(mesh),
            Self::Glb => Ok(glb(mesh)),
        }
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
    ply.payload.insert("vertex".into(), mesh.vertices.iter().zip(&mesh.normals).map(row).collect());
    let corners =
        |face: &[u32; 3]| element(vec![(CORNERS, Property::ListInt(face.map(|corner| corner as i32).to_vec()))]);
    ply.payload.insert("face".into(), mesh.faces.iter().map(corners).collect());
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
    for face in &mesh.faces {
        let [a, b, c] = face.map(|corner| corner + 1);
        let _ = writeln!(text, "f {a}//{a} {b}//{b} {c}//{c}");
    }
    text
}

fn stl(mesh: &Mesh) -> std::io::Result<Vec<u8>> {
    let triangles: Vec<stl_io::Triangle> = (0..mesh.faces.len())
        .map(|face| {
            let [a, b, c] = mesh.corners(face);
            let normal = cross(minus(b, a), minus(c, a)).map(|x| x as f32);
            let length = normal.iter().map(|x| x * x).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
            stl_io::Triangle {
                normal: stl_io::Normal::new(normal.map(|x| x / length)),
                vertices: [a, b, c].map(|corner| stl_io::Vertex::new(corner.map(|x| x as f32))),
            }
        })
        .collect();
    let mut bytes = vec![];
    stl_io::write_stl(&mut bytes, triangles.iter())?;
    Ok(bytes)
}

/// A header, a description of three arrays, and the arrays.
fn glb(mesh: &Mesh) -> Vec<u8> {
    let floats = |vectors: &[[f64; 3]]| -> Vec<u8> {
        vectors.iter().flatten().flat_map(|&x| (x as f32).to_le_bytes()).collect()
    };
    let (places, normals) = (floats(&mesh.vertices), floats(&mesh.normals));
    let indices: Vec<u8> = mesh.faces.iter().flatten().flat_map(|index| index.to_le_bytes()).collect();
    let [low, high] = mesh.bounds().map(|corner| corner.map(|x| x as f32));
    let (vertices, corners) = (mesh.vertices.len(), 3 * mesh.faces.len());
    let (second, third) = (places.len(), places.len() + normals.len());
    let description = json!({
        "asset": { "version": "2.0", "generator": "dualgn" },
        "scene": 0,
        "scenes": [{ "nodes": [0] }],
        "nodes": [{ "mesh": 0 }],
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

    #[test]
    fn a_binary_gltf_describes_its_own_length() {
        let bytes = Format::Glb.bytes(&tetrahedron()).unwrap();
        let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], number(4), number(8)), (b"glTF".as_slice(), 2, bytes.len()));
        let description = number(12);
        let text: serde_json::Value = serde_json::from_slice(&bytes[20..20 + description]).unwrap();
        // Four vertices twice, and twelve corners.
        assert_eq!(text["buffers"][0]["byteLength"], 4 * 3 * 4 * 2 + 12 * 4);
        assert_eq!(number(20 + description), 4 * 3 * 4 * 2 + 12 * 4);
        assert_eq!(bytes.len(), 28 + description + 4 * 3 * 4 * 2 + 12 * 4);
    }

    #[test]
    fn formats_go_by_the_ending() {
        assert_eq!(Format::of(Path::new("a/b.PLY")), Some(Format::Ply));
        assert_eq!(Format::of(Path::new("b.glb")), Some(Format::Glb));
        assert_eq!(Format::of(Path::new("ply")), None);
    }
}
