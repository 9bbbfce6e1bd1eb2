//! [`Vector`]: a point or a direction in space.

/// A point or a direction.
pub type Vector = [f64; 3];

/// Returns `a - b`.
pub fn minus(a: Vector, b: Vector) -> Vector {
    std::array::from_fn(|axis| a[axis] - b[axis])
}

/// Returns the vector product `a × b`.
pub fn cross(a: Vector, b: Vector) -> Vector {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}

/// Returns the scalar product `⟨a, b⟩`.
pub fn dot(a: Vector, b: Vector) -> f64 {
    (0..3).map(|axis| a[axis] * b[axis]).sum()
}

/// Returns the length of a vector.
pub(super) fn norm(a: Vector) -> f64 {
    dot(a, a).sqrt()
}

/// Returns the direction of a vector, `None` if it is zero or not finite.
pub(super) fn direction(a: Vector) -> Option<Vector> {
    // Scaled first: the squares of very small or very large numbers are not numbers.
    let largest = a.iter().fold(0.0, |largest: f64, x| largest.max(x.abs()));
    let scaled = a.map(|x| x / largest);
    let length = norm(scaled);
    (largest > 0.0 && length.is_finite()).then(|| scaled.map(|x| x / length))
}

/// Returns twice the area of a triangle along its normal.
pub(super) fn area([a, b, c]: [Vector; 3]) -> Vector {
    cross(minus(b, a), minus(c, a))
}

/// Whether all coordinates are finite.
pub(super) fn is_finite(a: Vector) -> bool {
    a.iter().all(|x| x.is_finite())
}

/// Returns the least and the greatest coordinates of points.
pub(super) fn bounds(points: impl IntoIterator<Item = Vector>) -> [Vector; 2] {
    points.into_iter().fold([[f64::INFINITY; 3], [f64::NEG_INFINITY; 3]], |[low, high], point| {
        [
            std::array::from_fn(|axis| low[axis].min(point[axis])),
            std::array::from_fn(|axis| high[axis].max(point[axis])),
        ]
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directions_of_any_length_have_length_one() {
        for scale in [1e-300, 1e-9, 1.0, 1e300] {
            let found = direction([3.0 * scale, 0.0, -4.0 * scale]).unwrap();
            assert!((0..3).all(|axis| (found[axis] - [0.6, 0.0, -0.8][axis]).abs() < 1e-15), "{scale}: {found:?}");
        }
        assert!(direction([0.0; 3]).is_none() && direction([f64::NAN, 1.0, 0.0]).is_none());
        assert!(direction([f64::INFINITY, 1.0, 0.0]).is_none());
    }
}
