//! PLY: text, or binary of either byte order.

use std::borrow::Cow;
use std::io::Cursor;

use ply_rs_bw::parser::{ParseError, Parser, Reader};
use ply_rs_bw::ply::{
    DefaultElement, ElementDef, Encoding, Header, Property, PropertyAccess, PropertyAccessResult, PropertyType,
    ScalarType,
};

use crate::geometry::soup::Soup;
use crate::geometry::vector::Vector;

const PLACE: [&str; 3] = ["x", "y", "z"];
const NORMAL: [&str; 3] = ["nx", "ny", "nz"];
const CORNERS: [&str; 2] = ["vertex_indices", "vertex_index"];

/// A vertex: its place and perhaps its normal.
struct Vertex([[Option<f64>; 3]; 2]);

/// A polygon.
struct Face(Option<Vec<u32>>);

/// An element that a surface does not have, such as an edge.
struct Other;

impl PropertyAccess for Vertex {
    fn new() -> Self {
        Self([[None; 3]; 2])
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        for (names, values) in [PLACE, NORMAL].iter().zip(&mut self.0) {
            if let Some(axis) = names.iter().position(|&own| own == name) {
                values[axis] = number(&property);
                return PropertyAccessResult::Set;
            }
        }
        PropertyAccessResult::Ignored
    }
}

impl PropertyAccess for Face {
    fn new() -> Self {
        Self(None)
    }

    fn set_property(&mut self, name: &str, property: Property) -> PropertyAccessResult {
        if !CORNERS.contains(&name) {
            return PropertyAccessResult::Ignored;
        }
        self.0 = indices(&property);
        PropertyAccessResult::Set
    }
}

impl PropertyAccess for Other {
    fn new() -> Self {
        Self
    }
}

impl Vertex {
    fn vector(&self, part: usize) -> Option<Vector> {
        let [x, y, z] = self.0[part];
        Some([x?, y?, z?])
    }
}

/// Reads the vertices and polygons of a file.
pub(super) fn read(bytes: &[u8]) -> Result<Soup, String> {
    let bytes = &*readable(bytes);
    let mut reader = Reader::new(Cursor::new(bytes));
    let mut header = Parser::<DefaultElement>::new().read_header(&mut reader).map_err(said)?;
    let left = bytes.len() as u64 - reader.get_ref().position();
    check(&header, left)?;
    widen(&mut header);
    let (mut vertices, mut faces) = (vec![], vec![]);
    for (name, element) in &header.elements {
        match name.as_str() {
            "vertex" => vertices = rows::<Vertex>(&mut reader, element, &header)?,
            "face" => faces = rows::<Face>(&mut reader, element, &header)?,
            _ => drop(rows::<Other>(&mut reader, element, &header)?),
        }
    }
    let missing = || "its vertices have no numbers x, y and z".to_owned();
    let places = vertices.iter().map(|vertex| vertex.vector(0).ok_or_else(missing)).collect::<Result<Vec<_>, _>>()?;
    let normals: Option<Vec<Vector>> = vertices.iter().map(|vertex| vertex.vector(1)).collect();
    let mut soup = Soup { vertices: places, normals: normals.unwrap_or_default(), triangles: vec![] };
    for Face(corners) in faces {
        let corners = corners.ok_or("its faces have no list vertex_indices")?;
        // A vertex and its normal have the same number.
        let has_normals = corners.iter().all(|&corner| (corner as usize) < soup.normals.len());
        soup.push_polygon(&corners, if has_normals { &corners } else { &[] });
    }
    Ok(soup)
}

/// The same file with comments that the parser can read: they may be in any encoding.
fn readable(bytes: &[u8]) -> Cow<'_, [u8]> {
    const END: &[u8] = b"end_header";
    let header = bytes.windows(END.len()).position(|window| window == END).unwrap_or_default();
    if bytes[..header].is_ascii() {
        return Cow::Borrowed(bytes);
    }
    let mut bytes = bytes.to_vec();
    bytes[..header].iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
    Cow::Owned(bytes)
}

fn rows<E: PropertyAccess>(
    reader: &mut Reader<Cursor<&[u8]>>,
    element: &ElementDef,
    header: &Header,
) -> Result<Vec<E>, String> {
    Parser::new().read_payload_for_element(reader, element, header).map_err(said)
}

/// An error of the parser in one line.
fn said(error: ParseError) -> String {
    error.to_string().replace("\n\t", " ").replace(['\n', '\r'], "")
}

/// Refuses counts that the rest of the file cannot hold, before anything is made for them.
fn check(header: &Header, left: u64) -> Result<(), String> {
    let mut needed = 0u64;
    for (name, ElementDef { count, properties, .. }) in &header.elements {
        let least: u64 = properties.values().map(|property| least_bytes(&property.data_type, header.encoding)).sum();
        // A row without anything would cost nothing and could be claimed any number of times.
        needed = needed.saturating_add((*count as u64).saturating_mul(least.max(1)));
        if needed > left.saturating_add(1) {
            return Err(format!("its header has {count} rows of `{name}`, more than its {left} bytes hold"));
        }
    }
    Ok(())
}

/// The bytes that a number takes at least; in text, a digit and what separates it.
fn least_bytes(of: &PropertyType, encoding: Encoding) -> u64 {
    let (PropertyType::Scalar(scalar) | PropertyType::List(scalar, _)) = of;
    match (encoding, scalar) {
        (Encoding::Ascii, _) | (_, ScalarType::Short | ScalarType::UShort) => 2,
        (_, ScalarType::Char | ScalarType::UChar) => 1,
        (_, ScalarType::Int | ScalarType::UInt | ScalarType::Float) => 4,
        (_, ScalarType::Double) => 8,
    }
}

/// In text, numbers have the digits that are there, whatever type the header names.
fn widen(header: &mut Header) {
    if header.encoding != Encoding::Ascii {
        return;
    }
    for property in header.elements.values_mut().flat_map(|element| element.properties.values_mut()) {
        if matches!(property.data_type, PropertyType::Scalar(ScalarType::Float)) {
            property.data_type = PropertyType::Scalar(ScalarType::Double);
        }
    }
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
