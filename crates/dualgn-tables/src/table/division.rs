//! [`Division`]: which rows are trained on, which say when to stop, and which test.

use std::path::Path;

use dualgn_train::data::Batches;

use super::error::TableError;

/// The rows of a table in parts, each in increasing order, from 0. Rows without a target are in none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Division {
    /// Rows to learn from.
    pub learning: Vec<usize>,
    /// For each network, those of them that say when to stop; it is trained on the others.
    pub validation: Vec<Vec<usize>>,
    /// Rows to judge by.
    pub test: Vec<usize>,
}

/// Which part of the rows is for what.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Parts {
    /// Part of all rows that tests.
    pub test: f64,
    /// Part of all rows that says when to stop, if there is one network.
    pub validation: f64,
    /// How many networks there are. Each of several has as many rows to stop by, and each row is that of one.
    pub members: usize,
}

/// How rows are ordered before they are divided; the last ones test.
pub enum Order<'a> {
    /// At random, from a seed.
    Random(u64),
    /// At random, and each class in proportion; classes by row.
    Stratified(u64, &'a [usize]),
    /// By a number.
    Time(&'a [f64]),
}

impl Division {
    /// Divides rows, or those that are not among the given test rows.
    ///
    /// # Errors
    /// A part would be empty.
    pub fn new(
        file: &Path,
        rows: &[usize],
        order: &Order,
        parts: Parts,
        given: Option<Vec<usize>>,
    ) -> Result<Self, TableError> {
        let is_part = |part: f64| (0.0..1.0).contains(&part);
        if parts.members == 0 || !is_part(parts.test) || !is_part(parts.validation) {
            return Err(TableError::Format {
                file: file.into(),
                place: String::new(),
                problem: "rows are divided among one network or more, by parts from 0 to less than 1".into(),
            });
        }
        let groups: Vec<Vec<usize>> = match order {
            Order::Random(seed) => vec![shuffled(rows, *seed)],
            Order::Stratified(seed, classes) => {
                let mut groups: Vec<Vec<usize>> = vec![];
                for &row in rows {
                    if groups.len() <= classes[row] {
                        groups.resize(classes[row] + 1, vec![]);
                    }
                    groups[classes[row]].push(row);
                }
                groups.iter().map(|group| shuffled(group, *seed)).collect()
            }
            Order::Time(times) => {
                let mut sorted = rows.to_vec();
                sorted.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
                vec![sorted]
            }
        };
        let mut validation = vec![vec![]; parts.members];
        let (mut learning, mut test) = (vec![], vec![]);
        // Groups take turns, so that small ones do not all fall to the first network.
        let mut turn = 0;
        for group in groups {
            let rows = group.len() as f64;
            let mut rest = group;
            match &given {
                Some(given) => rest.retain(|row| given.binary_search(row).is_err()),
                None => test.extend(rest.split_off(rest.len() - (parts.test * rows).round() as usize)),
            }
            match &mut validation[..] {
                [only] => {
                    let count = ((parts.validation * rows).round() as usize).min(rest.len());
                    only.extend(&rest[rest.len() - count..]);
                }
                several => {
                    for &row in &rest {
                        let members = several.len();
                        several[turn % members].push(row);
                        turn += 1;
                    }
                }
            }
            learning.extend(rest);
        }
        test.extend(given.into_iter().flatten().filter(|row| rows.binary_search(row).is_ok()));
        for part in validation.iter_mut().chain([&mut learning, &mut test]) {
            part.sort_unstable();
        }
        let division = Self { learning, validation, test };
        let stops = division.validation.iter().map(Vec::len).min().unwrap_or_default();
        let trains = division.learning.len() - division.validation.iter().map(Vec::len).max().unwrap_or_default();
        if trains == 0 || stops == 0 || division.test.is_empty() {
            return Err(TableError::Unfit {
                file: file.into(),
                problem: format!(
                    "{} rows make {trains} to train on, {stops} to stop by and {} to test with, and each should have one at least; give \
                     more rows, or other `--test`, `--members` and `--validation`",
                    rows.len(),
                    division.test.len(),
                ),
            });
        }
        Ok(division)
    }

    /// The rows that a network is trained on.
    pub fn train(&self, member: usize) -> Vec<usize> {
        let stops = &self.validation[member];
        self.learning.iter().copied().filter(|row| stops.binary_search(row).is_err()).collect()
    }
}

fn shuffled(rows: &[usize], seed: u64) -> Vec<usize> {
    match Batches::new(rows.len(), rows.len(), seed) {
        Ok(mut batches) => batches.next_batch().iter().map(|&index| rows[index]).collect(),
        // There is none.
        Err(_) => vec![],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: Parts = Parts { test: 0.2, validation: 0.1, members: 1 };

    fn divided(rows: usize, order: &Order, parts: Parts) -> Division {
        let rows: Vec<usize> = (0..rows).collect();
        Division::new(Path::new("t"), &rows, order, parts, None).unwrap()
    }

    #[test]
    fn each_row_is_in_one_part() {
        let division = divided(101, &Order::Random(3), PARTS);
        let train = division.train(0);
        let Division { validation, test, .. } = division;
        assert_eq!((train.len(), validation[0].len(), test.len()), (71, 10, 20));
        let mut all = [train, validation.concat(), test].concat();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..101));
    }

    #[test]
    fn each_row_stops_one_network() {
        let division = divided(101, &Order::Random(3), Parts { members: 5, ..PARTS });
        let mut all = division.validation.concat();
        all.sort_unstable();
        assert_eq!(all, division.learning);
        assert!(division.validation.iter().all(|stops| (16..=17).contains(&stops.len())));
    }

    #[test]
    fn classes_keep_their_proportion() {
        let classes: Vec<usize> = (0..100).map(|row| usize::from(row >= 90)).collect();
        let rare = |rows: &[usize]| rows.iter().filter(|&&row| row >= 90).count();
        let division = divided(100, &Order::Stratified(0, &classes), PARTS);
        assert_eq!([rare(&division.train(0)), rare(&division.validation[0]), rare(&division.test)], [7, 1, 2]);
        let division = divided(100, &Order::Stratified(0, &classes), Parts { members: 4, ..PARTS });
        assert!(division.validation.iter().all(|stops| rare(stops) == 2));
    }

    #[test]
    fn later_rows_test() {
        let times: Vec<f64> = (0..10).map(|row| -f64::from(row)).collect();
        assert_eq!(divided(10, &Order::Time(&times), PARTS).test, [0, 1]);
    }

    #[test]
    fn test_rows_may_be_given() {
        let rows: Vec<usize> = (0..10).collect();
        let division = Division::new(Path::new("t"), &rows, &Order::Random(0), PARTS, Some(vec![2, 4])).unwrap();
        assert_eq!((division.test, division.learning.len()), (vec![2, 4], 8));
        assert!(Division::new(Path::new("t"), &[1, 2], &Order::Random(0), PARTS, None).is_err());
    }
}
