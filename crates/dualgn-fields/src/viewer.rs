//! A surface that the reader of a page can turn.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::geometry::Mesh;

/// The canvas of a surface in `[-1, 1]³`, with its mesh; `viewer.js` in the page draws it.
pub(crate) fn viewer(mesh: &Mesh) -> String {
    let shorts = |vectors: &[[f64; 3]]| {
        let bytes: Vec<u8> = vectors
            .iter()
            .flatten()
            .flat_map(|x| ((x.clamp(-1.0, 1.0) * f64::from(i16::MAX)).round() as i16).to_le_bytes())
            .collect();
        STANDARD.encode(bytes)
    };
    let corners: Vec<u8> = mesh.shading.iter().flatten().flat_map(|corner| corner.to_le_bytes()).collect();
    format!(
        "<canvas class=\"surface\" tabindex=\"0\" aria-label=\"the surface; drag or use the arrow keys to turn it, the wheel to zoom\" \
         data-places=\"{}\" data-normals=\"{}\" data-corners=\"{}\"></canvas>",
        shorts(&mesh.places()),
        shorts(&mesh.normals),
        STANDARD.encode(corners)
    )
}
