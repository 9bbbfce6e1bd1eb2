//! [`Tally`]: how many cells of rows were missing, or words that training rows did not have.

use dualgn_train::scores::ColumnTally;

/// What was counted, for each column that a model sees.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    columns: Vec<ColumnTally>,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    /// Nothing stands in a cell.
    Missing,
    /// Its word was in no training row.
    Unseen,
    /// Its word was in too few of them.
    Rare,
}

/// Columns that are named in messages, at most.
const SHOWN: usize = 20;

impl Tally {
    /// Begins at zero for columns of these names.
    pub fn new<'a>(names: impl Iterator<Item = &'a str>) -> Self {
        let column = |name: &str| ColumnTally { column: name.to_owned(), ..ColumnTally::default() };
        Self { columns: names.map(column).collect() }
    }

    /// Counts one cell more.
    pub fn count(&mut self, column: usize, counted: Counted) {
        let column = &mut self.columns[column];
        *match counted {
            Counted::Missing => &mut column.missing,
            Counted::Unseen => &mut column.unseen,
            Counted::Rare => &mut column.rare,
        } += 1;
    }

    /// The columns in which anything was counted.
    pub fn counted(&self) -> Vec<ColumnTally> {
        let is_counted = |column: &&ColumnTally| column.missing + column.unseen + column.rare > 0;
        self.columns.iter().filter(is_counted).cloned().collect()
    }

    /// A line for each column in which anything was counted.
    pub fn lines(&self) -> Vec<String> {
        let counted = self.counted();
        let mut lines: Vec<String> = counted.iter().take(SHOWN).map(words).collect();
        if counted.len() > SHOWN {
            lines.push(format!("and {} columns more with such cells", counted.len() - SHOWN));
        }
        lines
    }
}

/// What was counted in a column, in words.
fn words(tally: &ColumnTally) -> String {
    let cells = |count: usize| if count == 1 { "1 cell".to_owned() } else { format!("{count} cells") };
    let words = [
        (tally.missing, "in which nothing stands"),
        (tally.unseen, "with a word that no training row has"),
        (tally.rare, "with a word that few training rows have"),
    ];
    let words = words.iter().filter(|(count, _)| *count > 0);
    let words: Vec<String> = words.map(|(count, what)| format!("{} {what}", cells(*count))).collect();
    format!("column `{}`: {}", tally.column, words.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_with_nothing_to_say_are_left_out() {
        let mut tally = Tally::new(["a", "b"].into_iter());
        assert!(tally.lines().is_empty() && tally.counted().is_empty());
        tally.count(1, Counted::Missing);
        tally.count(1, Counted::Unseen);
        tally.count(1, Counted::Unseen);
        let wanted = "column `b`: 1 cell in which nothing stands, 2 cells with a word that no training row has";
        assert_eq!(tally.lines(), [wanted]);
        assert_eq!(tally.counted()[0].unseen, 2);
    }
}
