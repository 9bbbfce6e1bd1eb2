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
        parts.check(file)?;
        let division = Self::of(order.groups(rows), rows, parts, given);
        division.check(file, rows.len())?;
        Ok(division)
    }

    /// Divides each of some groups by the parts.
    fn of(groups: Vec<Vec<usize>>, rows: &[usize], parts: Parts, given: Option<Vec<usize>>) -> Self {
        let mut stops = Stops { members: vec![vec![]; parts.members], turn: 0 };
        let (mut learning, mut test) = (vec![], vec![]);
        for mut group in groups {
            let rows = group.len() as f64;
            match &given {
                Some(given) => group.retain(|row| given.binary_search(row).is_err()),
                None => test.extend(group.split_off(group.len() - (parts.test * rows).round() as usize)),
            }
            stops.share(&group, (parts.validation * rows).round() as usize);
            learning.extend(group);
        }
        test.extend(given.into_iter().flatten().filter(|row| rows.binary_search(row).is_ok()));
        let mut validation = stops.members;
        for part in validation.iter_mut().chain([&mut learning, &mut test]) {
            part.sort_unstable();
        }
        Self { learning, validation, test }
    }

    /// Refuses a division with an empty part.
    fn check(&self, file: &Path, rows: usize) -> Result<(), TableError> {
        let lengths = || self.validation.iter().map(Vec::len);
        let stops = lengths().min().unwrap_or_default();
        let trains = self.learning.len() - lengths().max().unwrap_or_default();
        if trains == 0 || stops == 0 || self.test.is_empty() {
            return Err(TableError::Unfit {
                file: file.into(),
                problem: format!(
                    "{rows} rows make {trains} to train on, {stops} to stop by and {} to test with, and each should have one at least; give \
                     more rows, or other `--test`, `--members` and `--validation`",
                    self.test.len(),
                ),
            });
        }
        Ok(())
    }

    /// The rows that a network is trained on.
    pub fn train(&self, member: usize) -> Vec<usize> {
        let stops = &self.validation[member];
        self.learning.iter().copied().filter(|row| stops.binary_search(row).is_err()).collect()
    }
}

impl Parts {
    fn check(self, file: &Path) -> Result<(), TableError> {
        let is_part = |part: f64| (0.0..1.0).contains(&part);
        if self.members == 0 || !is_part(self.test) || !is_part(self.validation) {
            return Err(TableError::Format {
                file: file.into(),
                place: String::new(),
                problem: "rows are divided among one network or more, by parts from 0 to less than 1".into(),
            });
        }
        Ok(())
    }
}

impl Order<'_> {
    /// The rows in this order; those of each class apart, if classes keep their proportion.
    fn groups(&self, rows: &[usize]) -> Vec<Vec<usize>> {
        match self {
            Self::Random(seed) => vec![shuffled(rows, *seed)],
            Self::Stratified(seed, classes) => {
                let mut groups: Vec<Vec<usize>> = vec![];
                for &row in rows {
                    if groups.len() <= classes[row] {
                        groups.resize(classes[row] + 1, vec![]);
                    }
                    groups[classes[row]].push(row);
                }
                groups.iter().map(|group| shuffled(group, *seed)).collect()
            }
            Self::Time(times) => {
                let mut sorted = rows.to_vec();
                sorted.sort_by(|&a, &b| times[a].total_cmp(&times[b]));
                vec![sorted]
            }
        }
    }
}

/// The rows that say when to stop, while they are shared among networks.
struct Stops {
    members: Vec<Vec<usize>>,
    /// Rows that were shared so far. Groups take turns, so that small ones do not all fall to the first network.
    turn: usize,
}

impl Stops {
    /// Gives the last `count` rows of a group to a single network, or each row to one of several.
    fn share(&mut self, group: &[usize], count: usize) {
        match &mut self.members[..] {
            [only] => only.extend(&group[group.len() - count.min(group.len())..]),
            several => {
                for &row in group {
                    let members = several.len();
                    several[self.turn % members].push(row);
                    self.turn += 1;
                }
            }
        }
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
