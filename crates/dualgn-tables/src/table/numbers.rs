//! [`numbers`], [`all_numbers`]: columns of numbers, as they stand there.

use super::cell::Row;
use super::error::TableError;
use super::notation::{Reader, Wanted};
use super::profile::{Profile, profiles};
use super::source::Source;

/// Reads columns of numbers, row by row.
///
/// # Errors
/// Returns an error if a column is not there, if the file cannot be read, or if a cell of these columns is empty or no number.
pub fn numbers(source: &Source, names: &[String]) -> Result<Vec<f64>, TableError> {
    let columns = names.iter().map(|name| source.column(name)).collect::<Result<Vec<usize>, _>>()?;
    let profiles = profiles(source, None, |_| {})?.columns;
    read(source, &profiles, &columns, |row, column| {
        Err(TableError::Cell {
            file: source.file().into(),
            place: row.place(),
            column: source.header()[column].clone(),
            problem: "the cell is empty, and a number is needed".into(),
        })
    })
}

/// Reads all columns of numbers: their names, and row by row what stands there, which is not a number where a cell is empty.
///
/// # Errors
/// Returns an error if the file cannot be read, or if a cell of these columns is no number.
pub fn all_numbers(source: &Source) -> Result<(Vec<String>, Vec<f64>), TableError> {
    let profiles = profiles(source, None, |_| {})?.columns;
    let columns: Vec<usize> = (0..profiles.len()).filter(|&column| profiles[column].is_numeric()).collect();
    let names: Vec<String> = columns.iter().map(|&column| source.header()[column].clone()).collect();
    Ok((names, read(source, &profiles, &columns, |_, _| Ok(f64::NAN))?))
}

/// Reads columns row by row, with what `empty` makes of a cell in which nothing stands.
fn read(
    source: &Source,
    profiles: &[Profile],
    columns: &[usize],
    empty: impl Fn(&Row, usize) -> Result<f64, TableError>,
) -> Result<Vec<f64>, TableError> {
    let readers: Vec<Reader> = columns.iter().map(|&column| profiles[column].reader(source)).collect();
    let mut all = vec![];
    source.rows(&mut |row| {
        for (&column, reader) in columns.iter().zip(&readers) {
            let found = reader.number(&row.cells[column]).map_err(|_| {
                let name = source.header()[column].as_str();
                reader.refusal(source.file(), &row, (name, column), Wanted::Number, false)
            })?;
            all.push(found.map_or_else(|| empty(&row, column), Ok)?);
        }
        Ok(())
    })?;
    Ok(all)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of tests need not survive a kill")]
mod tests {
    use super::*;

    fn read(text: &str, names: &[&str]) -> Result<Vec<f64>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("points.csv");
        std::fs::write(&path, text).unwrap();
        let source = Source::open(&path, &Default::default()).unwrap();
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        numbers(&source, &names).map_err(|error| error.to_string())
    }

    #[test]
    fn columns_are_read_by_their_names() {
        assert_eq!(read("t,name,x\n0,a,1.5\n-2e-3,b,4\n", &["x", "t"]).unwrap(), [1.5, 0.0, 4.0, -2e-3]);
        // With decimal commas.
        assert_eq!(read("x;y\n0,5;1,25\n2,75;3,5\n", &["x", "y"]).unwrap(), [0.5, 1.25, 2.75, 3.5]);
    }

    #[test]
    fn all_columns_of_numbers_are_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.csv");
        std::fs::write(&path, "x,place,u\n1,north,2.5\n2,south,\n").unwrap();
        let (names, numbers) = all_numbers(&Source::open(&path, &Default::default()).unwrap()).unwrap();
        assert_eq!(names, ["x", "u"]);
        assert!(numbers[..3] == [1.0, 2.5, 2.0] && numbers[3].is_nan(), "{numbers:?}");
    }

    #[test]
    fn what_is_no_number_is_said_with_its_place() {
        let missing = read("x,y\n1,2\n3,\n", &["x", "y"]).unwrap_err();
        assert!(missing.contains("line 3, column `y`: the cell is empty"), "{missing}");
        let word = read("x,y\n1,2\n1,2\n3,left\n", &["x", "y"]).unwrap_err();
        assert!(word.contains("line 4") && word.contains("`left`"), "{word}");
        let absent = read("x,z\n1,2\n", &["x", "y"]).unwrap_err();
        assert!(absent.contains("no column `y`"), "{absent}");
    }
}
