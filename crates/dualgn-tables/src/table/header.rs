//! [`Header`]: where a text file has the names of its columns.

use super::beginning::{Beginning, FirstRow, first_row, names_numbers, rows};
use super::names::Names;
use super::source::HeaderChoice;

/// The columns of a text file.
#[derive(Debug)]
pub(super) struct Header {
    /// A name for each column.
    pub names: Vec<String>,
    /// Whether the first row has the names, so that data begin with the second.
    pub in_first_row: bool,
    /// Whether the first column has no name: R writes the names of rows there.
    pub has_row_names: bool,
    /// What was decided and changed, beginning with where the names are.
    pub remarks: Vec<String>,
}

/// The name of the column that R leaves without one.
const ROW_NAMES: &str = "row names";

impl Header {
    /// Decides where the names are.
    pub(super) fn of(beginning: &Beginning, choice: HeaderChoice) -> Self {
        let Beginning { rows, preamble, .. } = beginning;
        let line = match preamble.lines {
            0 => "the first line".to_owned(),
            lines => format!("line {}", lines + 1),
        };
        let first = rows.first().map_or(&[][..], Vec::as_slice);
        let width = first.len();
        if choice != HeaderChoice::No {
            if let Some(names) = comment(beginning) {
                let where_ = format!("names in the comment above, line {}", preamble.lines);
                return Self::named(Names::of(names), false, false, where_);
            }
            let has_row_names = rows.len() > 1 && rows[1..].iter().all(|row| row.len() == width + 1);
            if has_row_names {
                let names = Names::of(std::iter::once(ROW_NAMES).chain(first.iter().map(String::as_str)));
                let mut header = Self::named(names, true, true, format!("names in {line}"));
                header.remarks.push(
                    "one name less than there are cells in a row: the first column has names of rows, as R writes them"
                        .into(),
                );
                return header;
            }
        }
        let found = match choice {
            HeaderChoice::Yes => FirstRow::Names,
            HeaderChoice::No => FirstRow::Data,
            HeaderChoice::Auto => first_row(rows),
        };
        match found {
            FirstRow::Names => Self::named(Names::of(first), true, false, format!("names in {line}")),
            FirstRow::Numbers => {
                let words =
                    format!("names in {line}, which are numbers that count up (`--header no` if they are data)");
                Self::named(Names::of(first), true, false, words)
            }
            FirstRow::Data => Self::named(Names::of_positions(width), false, false, format!("no names in {line}")),
            FirstRow::Doubtful => {
                let words = format!("no names in {line}, whose numbers count up (`--header yes` if they are names)");
                Self::named(Names::of_positions(width), false, false, words)
            }
        }
    }

    fn named(names: Names, in_first_row: bool, has_row_names: bool, place: String) -> Self {
        let remarks = std::iter::once(place).chain(names.remarks).collect();
        Self { names: names.all, in_first_row, has_row_names, remarks }
    }
}

/// The names in a last comment such as `# x y z`, if it has as many cells as the rows below, and the first row does not name numbers.
fn comment(beginning: &Beginning) -> Option<Vec<String>> {
    let line = beginning.preamble.last.as_ref()?;
    let width = beginning.rows.first()?.len();
    let cells = |text: &str| {
        let mut names = rows(text.as_bytes(), beginning.separator, true).into_iter().next().unwrap_or_default();
        if beginning.trailing && names.last().is_some_and(|name| name.trim().is_empty()) {
            names.pop();
        }
        names
    };
    // The number of the row is called `#` at times.
    let whole = cells(line);
    let names = match whole.first().is_some_and(|name| name.trim() == "#") && whole.len() == width {
        true => whole,
        false => cells(line.trim_start_matches('#').trim_start_matches(' ')),
    };
    // With a space after the sign it may be a sentence, above names of its own.
    let has_names_below = match line.starts_with("# ") {
        true => first_row(&beginning.rows) == FirstRow::Names,
        false => names_numbers(&beginning.rows),
    };
    (width > 1 && names.len() == width && !has_names_below).then_some(names)
}
