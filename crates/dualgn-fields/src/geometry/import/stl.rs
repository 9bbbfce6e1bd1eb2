//! STL, text or binary, which its contents tell: binary files may begin with `solid`, and text files with anything blank before it.

use std::collections::HashMap;

use crate::geometry::soup::Soup;
use crate::geometry::vector::Vector;

/// Bytes before the triangles of a binary file, the last four being their number, and of each.
const HEAD: usize = 84;
const EACH: usize = 50;
/// Words of a text file beside `vertex`, and the normal of a facet, which the winding tells as well.
const WORDS: [&str; 6] = ["solid", "facet", "outer", "endloop", "endfacet", "endsolid"];

/// Reads the triangles of a file; vertices at one place are one.
pub(super) fn read(bytes: &[u8]) -> Result<Soup, String> {
    let claimed = bytes.get(HEAD - 4..HEAD).and_then(|count| count.try_into().ok()).map(u32::from_le_bytes);
    let whole = claimed.map(|count| HEAD as u64 + EACH as u64 * u64::from(count));
    let is_binary = whole == Some(bytes.len() as u64) || !is_text(bytes);
    match (is_binary, whole, claimed) {
        (false, ..) => text(&String::from_utf8_lossy(bytes)),
        // What stands behind the triangles is passed over, as other programs do.
        (true, Some(whole), Some(_)) if whole <= bytes.len() as u64 => Ok(binary(&bytes[HEAD..whole as usize])),
        (true, _, Some(count)) => {
            let there = (bytes.len() - HEAD) / EACH;
            Err(format!("its header has {count} triangles, but it ends after {there}"))
        }
        _ => Err("it is neither a text that begins with `solid` nor long enough for a binary file".into()),
    }
}

/// Whether the file begins as a text of facets does.
fn is_text(bytes: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_ascii_lowercase();
    let start = start.trim_start_matches('\u{feff}').trim_start();
    start.starts_with("solid") && !start.contains('\0')
}

fn binary(triangles: &[u8]) -> Soup {
    let number = |bytes: &[u8]| f64::from(f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
    let corners = triangles.chunks_exact(EACH).flat_map(|triangle| {
        // The normal stands first, three numbers of four bytes.
        triangle[12..48].chunks_exact(12).map(|place| [number(place), number(&place[4..]), number(&place[8..])])
    });
    of_corners(corners.collect())
}

fn text(text: &str) -> Result<Soup, String> {
    let mut corners: Vec<Vector> = vec![];
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let mut words = line.split_whitespace();
        let Some(first) = words.next().map(str::to_ascii_lowercase) else { continue };
        if first == "vertex" {
            let numbers: Vec<f64> = words.map_while(|word| word.parse().ok()).collect();
            let place = numbers.as_slice().try_into();
            corners.push(place.map_err(|_| format!("line {}: `vertex` needs three numbers", index + 1))?);
        } else if !WORDS.contains(&first.as_str()) {
            return Err(format!("line {}: `{first}` is no word of this format", index + 1));
        } else if first == "endfacet" && !corners.len().is_multiple_of(3) {
            return Err(format!("line {}: a facet has three vertices", index + 1));
        }
    }
    if !corners.len().is_multiple_of(3) {
        return Err("it ends within a facet".into());
    }
    Ok(of_corners(corners))
}

/// Triangles have no numbers of vertices in this format: what is at one place is one.
fn of_corners(corners: Vec<Vector>) -> Soup {
    let (mut soup, mut known) = (Soup::default(), HashMap::new());
    for triangle in corners.chunks_exact(3) {
        let mut number = |place: Vector| {
            // Equal places have equal bits once zero has no sign.
            *known.entry(place.map(|x| (x + 0.0).to_bits())).or_insert_with(|| {
                soup.vertices.push(place);
                soup.vertices.len() as u32 - 1
            })
        };
        let numbers = [number(triangle[0]), number(triangle[1]), number(triangle[2])];
        soup.push_polygon(&numbers, &[]);
    }
    soup
}
