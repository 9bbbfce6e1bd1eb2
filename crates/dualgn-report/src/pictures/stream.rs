//! [`streamlines`]: the paths that follow a field of directions.

/// Paths along each side of the picture.
const ACROSS: usize = 11;
/// The length of a path to either side of where it begins, in sides of the picture, and its steps.
const LENGTH: f64 = 0.055;
const STEPS: usize = 12;

/// A point of the unit square, with the second coordinate upwards.
pub type Position = [f64; 2];

/// Follows a field, given on a grid row by row from the top with so many columns, in the unit square: paths of one length, the middle
/// of each at a point of a coarser grid. They end where the field is zero or no number.
pub fn streamlines(field: &[Position], width: usize) -> Vec<Vec<Position>> {
    let height = field.len() / width.max(1);
    if width < 2 || height < 2 {
        return vec![];
    }
    let middle = |index: usize| (index as f64 + 0.5) / ACROSS as f64;
    let seeds = (0..ACROSS * ACROSS).map(|index| [middle(index % ACROSS), middle(index / ACROSS)]);
    let path = |seed: Position| {
        let back = follow(seed, -1.0, |at| direction(field, [width, height], at));
        let ahead = follow(seed, 1.0, |at| direction(field, [width, height], at));
        let path: Vec<Position> = back.into_iter().rev().chain([seed]).chain(ahead).collect();
        (path.len() > STEPS).then_some(path)
    };
    seeds.filter_map(path).collect()
}

/// The places after the first, by the midpoint rule.
fn follow(seed: Position, sign: f64, direction: impl Fn(Position) -> Option<Position>) -> Vec<Position> {
    let step = sign * LENGTH / STEPS as f64;
    let moved = |at: Position, by: Position, part: f64| [at[0] + part * step * by[0], at[1] + part * step * by[1]];
    let next = |at: &Position| {
        let half = moved(*at, direction(*at)?, 0.5);
        Some(moved(*at, direction(half)?, 1.0))
    };
    std::iter::successors(next(&seed), next).take(STEPS).collect()
}

/// The direction of the field at a place, between the four points of the grid around it.
fn direction(field: &[Position], [width, height]: [usize; 2], at: Position) -> Option<Position> {
    if !(0.0..=1.0).contains(&at[0]) || !(0.0..=1.0).contains(&at[1]) {
        return None;
    }
    // Points of the grid are in the middle of their cells.
    let cell = |part: f64, count: usize| {
        let place = (part * count as f64 - 0.5).clamp(0.0, (count - 1) as f64);
        let index = (place as usize).min(count - 2);
        (index, place - index as f64)
    };
    let ((column, right), (row, down)) = (cell(at[0], width), cell(1.0 - at[1], height));
    let value = |axis: usize| {
        let of = |row: usize, column: usize| field[row * width + column][axis];
        let along = |row: usize| of(row, column) * (1.0 - right) + of(row, column + 1) * right;
        along(row) * (1.0 - down) + along(row + 1) * down
    };
    let [x, y] = [value(0), value(1)];
    let size = x.hypot(y);
    (size.is_finite() && size > 0.0).then(|| [x / size, y / size])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field on a grid of cells.
    fn field(size: usize, of: impl Fn(f64, f64) -> Position) -> Vec<Position> {
        let middle = |index: usize| (index as f64 + 0.5) / size as f64;
        (0..size * size).map(|index| of(middle(index % size), 1.0 - middle(index / size))).collect()
    }

    #[test]
    fn paths_of_a_rotation_are_circles() {
        let lines = streamlines(&field(60, |x, y| [0.5 - y, x - 0.5]), 60);
        assert!(lines.len() > 100, "{}", lines.len());
        for line in lines {
            let radius = |at: &Position| (at[0] - 0.5).hypot(at[1] - 0.5);
            let wanted = radius(&line[line.len() / 2]);
            // Circles that are short beside a step.
            if wanted < 0.05 {
                continue;
            }
            assert!(line.iter().all(|at| (radius(at) - wanted).abs() < 1e-3), "{line:?}");
            // Counter-clockwise.
            let turn = (line[0][0] - 0.5) * (line[1][1] - 0.5) - (line[0][1] - 0.5) * (line[1][0] - 0.5);
            assert!(turn > 0.0);
        }
    }

    #[test]
    fn paths_end_where_there_is_no_field() {
        let lines = streamlines(&field(60, |x, _| if x < 0.5 { [0.0, 1.0] } else { [f64::NAN, 0.0] }), 60);
        assert!(!lines.is_empty() && lines.iter().flatten().all(|at| at[0] < 0.5));
        assert!(streamlines(&field(60, |_, _| [0.0, 0.0]), 60).is_empty());
        assert!(streamlines(&[[1.0, 0.0]; 5], 5).is_empty());
    }
}
