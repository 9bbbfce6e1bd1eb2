//! Wavefront OBJ: places `v`, normals `vn` and polygons `f`. Groups, materials, lines and whatever else there is are passed over,
//! so that a surface that is cut into groups is one.

use crate::geometry::soup::Soup;
use crate::geometry::vector::Vector;

/// Reads the vertices and polygons of a file.
pub(super) fn read(text: &str) -> Result<Soup, String> {
    let (mut soup, mut polygons) = (Soup::default(), vec![]);
    // A line that ends with a backslash goes on in the next.
    let mut joined = String::new();
    for (index, line) in text.lines().enumerate() {
        if let Some(start) = line.strip_suffix('\\') {
            joined.push_str(start);
            joined.push(' ');
            continue;
        }
        joined.push_str(line);
        statement(&joined, &mut soup, &mut polygons).map_err(|error| format!("line {}: {error}", index + 1))?;
        joined.clear();
    }
    // Once all vertices are there.
    polygons.iter().for_each(|(corners, normals)| soup.push_polygon(corners, normals));
    Ok(soup)
}

/// The numbers of a polygon's corners, and of their normals.
type Polygon = (Vec<u32>, Vec<u32>);

fn statement(line: &str, soup: &mut Soup, polygons: &mut Vec<Polygon>) -> Result<(), String> {
    let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
    match words.next() {
        Some("v") => soup.vertices.push(vector(words)?),
        Some("vn") => soup.normals.push(vector(words)?),
        Some("f") => {
            let (mut corners, mut own) = (vec![], vec![]);
            for word in words {
                let mut parts = word.split('/');
                corners.push(place(parts.next(), soup.vertices.len(), word)?);
                if let Some(normal) = parts.nth(1).filter(|normal| !normal.is_empty()) {
                    let (normal, count) = (place(Some(normal), soup.normals.len(), word)?, soup.normals.len());
                    if normal as usize >= count {
                        return Err(format!("`{word}` refers to normal {}, but there are {count}", normal + 1));
                    }
                    own.push(normal);
                }
            }
            if corners.len() < 3 {
                return Err(format!("a polygon has at least three corners, not {}", corners.len()));
            }
            polygons.push((corners, own));
        }
        _ => {}
    }
    Ok(())
}

/// Three numbers; what follows, such as a colour, is passed over.
fn vector<'a>(mut words: impl Iterator<Item = &'a str>) -> Result<Vector, String> {
    let mut next = || {
        let word = words.next().ok_or("three numbers are needed")?;
        word.parse::<f64>().map_err(|_| format!("`{word}` is not a number"))
    };
    Ok([next()?, next()?, next()?])
}

/// Numbers from 1 on, or back from the last by -1 and so on, as numbers from 0 on.
fn place(word: Option<&str>, count: usize, whole: &str) -> Result<u32, String> {
    let number: i64 = word.and_then(|word| word.parse().ok()).unwrap_or(0);
    let place = if number < 0 { number.saturating_add(count as i64) } else { number - 1 };
    u32::try_from(place).map_err(|_| format!("`{whole}` is not the number of a corner"))
}
