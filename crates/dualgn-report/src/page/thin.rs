//! Thinning of long series, so that a page with thousands of evaluations stays light.

/// At most about `limit` of the points: the first, the last, and the lowest and highest of each stretch between.
///
/// The lowest and the highest point of the whole series are therefore kept. Coordinates must be finite.
pub(super) fn thin(points: &[(f64, f64)], limit: usize) -> Vec<(f64, f64)> {
    let [first, between @ .., last] = points else {
        return points.to_vec();
    };
    if points.len() <= limit {
        return points.to_vec();
    }
    let stretch = between.len().div_ceil((limit / 2).max(1));
    let mut kept = vec![*first];
    for stretch in between.chunks(stretch) {
        let height = |&index: &usize| stretch[index].1;
        let lowest = (0..stretch.len()).min_by(|a, b| height(a).total_cmp(&height(b)));
        let highest = (0..stretch.len()).max_by(|a, b| height(a).total_cmp(&height(b)));
        let mut both: Vec<usize> = lowest.into_iter().chain(highest).collect();
        both.sort_unstable();
        both.dedup();
        kept.extend(both.into_iter().map(|index| stretch[index]));
    }
    kept.push(*last);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_series_are_kept_whole() {
        for length in [0, 1, 2, 10] {
            let points: Vec<(f64, f64)> = (0..length).map(|i| (i as f64, 1.0)).collect();
            assert_eq!(thin(&points, 10), points);
        }
    }

    #[test]
    fn long_series_keep_ends_order_and_extremes() {
        let mut points: Vec<(f64, f64)> = (0..7001).map(|i| (i as f64, (i as f64 * 0.37).sin())).collect();
        points[4321].1 = -7.0;
        points[99].1 = 9.0;
        let kept = thin(&points, 400);
        assert!(kept.len() <= 402, "{}", kept.len());
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
        for point in [points[0], points[99], points[4321], points[7000]] {
            assert!(kept.contains(&point), "{point:?}");
        }
    }
}
