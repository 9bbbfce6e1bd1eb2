//! [`Frame`]: where a shape is, beside the cube in which it is learnt.

use serde::{Deserialize, Serialize};

use super::vector::{Vector, bounds};

/// Half of the longest side of a shape in its unit frame.
pub(super) const HALF: f64 = 0.9;

/// A shape's place and size: `unit = (given - centre) · scale` brings it into `[-0.9, 0.9]³`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The middle of the shape's box, in the coordinates of its file.
    pub centre: Vector,
    /// Units of the frame for each unit of the file.
    pub scale: f64,
}

impl Frame {
    /// The unit frame itself.
    pub const UNIT: Self = Self { centre: [0.0; 3], scale: 1.0 };

    /// Returns the frame of some points, `None` if they have no extent or are farther apart than numbers can say.
    pub fn of(points: impl IntoIterator<Item = Vector>) -> Option<Self> {
        let [low, high] = bounds(points);
        let longest = (0..3).map(|axis| high[axis] - low[axis]).fold(0.0, f64::max);
        let scale = 2.0 * HALF / longest;
        // Halved first: the sum of two large numbers may not be one.
        let centre = std::array::from_fn(|axis| low[axis] / 2.0 + high[axis] / 2.0);
        (longest.is_finite() && scale.is_normal()).then_some(Self { centre, scale })
    }

    /// Brings a point of the file into the unit frame.
    pub fn unit(&self, given: Vector) -> Vector {
        std::array::from_fn(|axis| (given[axis] - self.centre[axis]) * self.scale)
    }

    /// Brings a point of the unit frame back to where the file has it.
    pub fn given(&self, unit: Vector) -> Vector {
        std::array::from_fn(|axis| unit[axis] / self.scale + self.centre[axis])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_go_there_and_back() {
        for (corner, size) in [([0.0; 3], 1.0), ([5e5, 4.2e6, 120.0], 1.0), ([1.0, -1.0, 0.0], 1e-6), ([0.0; 3], 1e200)]
        {
            let far = [corner[0] + size, corner[1] + size / 2.0, corner[2]];
            let frame = Frame::of([corner, far]).unwrap();
            for (point, unit) in [(corner, [-0.9, -0.45, 0.0]), (far, [0.9, 0.45, 0.0])] {
                // A coordinate is rounded where it is large.
                let rounding = 4.0 * f64::EPSILON * (point.iter().fold(size, |most: f64, x| most.max(x.abs())));
                assert!((0..3).all(|axis| (frame.unit(point)[axis] - unit[axis]).abs() <= rounding * frame.scale));
                assert!((0..3).all(|axis| (frame.given(unit)[axis] - point[axis]).abs() <= rounding));
            }
        }
        assert!(Frame::of([[1.0; 3], [1.0; 3]]).is_none() && Frame::of([]).is_none());
        assert!(Frame::of([[-1e308; 3], [1e308; 3]]).is_none());
    }
}
