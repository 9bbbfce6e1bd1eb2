//! [`Names`]: the names of columns, each of which is there once and fits on a line.

use std::collections::{HashMap, HashSet};

/// The names of columns, and what was changed about them.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// A name for each column; no two are the same.
    pub all: Vec<String>,
    /// What was changed, a sentence each.
    pub remarks: Vec<String>,
}

impl Names {
    /// Makes names of what a file has: without spaces around, with one space for line breaks and the like. A second `x` is `x.2`, and a
    /// column without a name has that of its position, `column3`.
    pub(super) fn of<S: AsRef<str>>(found: impl IntoIterator<Item = S>) -> Self {
        let given: Vec<String> = found.into_iter().map(|name| tidy(name.as_ref())).collect();
        let mut taken: HashSet<String> = given.iter().cloned().collect();
        let mut seen: HashMap<String, usize> = HashMap::new();
        let (mut all, mut renamed, mut unnamed) = (vec![], vec![], vec![]);
        for (column, name) in given.into_iter().enumerate() {
            let count = seen.entry(name.clone()).or_default();
            *count += 1;
            let now = match (name.is_empty(), *count) {
                (true, _) => next(format!("column{}", column + 1), 1, &mut taken),
                (false, 1) => name.clone(),
                (false, again) => next(name.clone(), again, &mut taken),
            };
            if name.is_empty() {
                unnamed.push(now.clone());
            } else if now != name {
                renamed.push(now.clone());
            }
            all.push(now);
        }
        let mut remarks = vec![];
        if !renamed.is_empty() {
            remarks.push(format!("names that stand there twice: now {}", listed(&renamed)));
        }
        if !unnamed.is_empty() {
            remarks.push(format!("columns without a name: now {}", listed(&unnamed)));
        }
        Self { all, remarks }
    }

    /// Names of columns by their positions, where a file has none: `column1`, `column2`, ..
    pub(super) fn of_positions(count: usize) -> Self {
        Self { all: (1..=count).map(|column| format!("column{column}")).collect(), remarks: vec![] }
    }
}

/// The name, or the first of `name.2`, `name.3`, .. that no other column has; from `number` on.
fn next(name: String, number: usize, taken: &mut HashSet<String>) -> String {
    for number in number.. {
        let now = if number < 2 { name.clone() } else { format!("{name}.{number}") };
        if taken.insert(now.clone()) {
            return now;
        }
    }
    name
}

/// A name on one line.
fn tidy(name: &str) -> String {
    let is_plain = !name.contains(char::is_control);
    let name = name.trim();
    if is_plain {
        return name.to_owned();
    }
    name.split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Some of the names, and how many more there are.
fn listed(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let more = if names.len() > SHOWN { format!(" and {} more", names.len() - SHOWN) } else { String::new() };
    format!("{}{more}", names[..names.len().min(SHOWN)].join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once() {
        let names = Names::of(["a", "a", "label"]);
        assert_eq!(names.all, ["a", "a.2", "label"]);
        assert_eq!(names.remarks, ["names that stand there twice: now a.2"]);
        // What the second would be called is a column of its own.
        assert_eq!(Names::of(["a", "a", "a.2", "a"]).all, ["a", "a.3", "a.2", "a.4"]);
        assert_eq!(Names::of([" a", "a ", "", "column3", ""]).all, ["a", "a.2", "column3.2", "column3", "column5"]);
        assert_eq!(Names::of(["", "b"]).remarks, ["columns without a name: now column1"]);
        assert!(Names::of(["x", "y"]).remarks.is_empty());
    }

    #[test]
    fn a_name_fits_on_a_line() {
        assert_eq!(Names::of(["Price\n(EUR)", "a  b", "x\u{1b}[31m"]).all, ["Price (EUR)", "a  b", "x [31m"]);
    }

    /// Twenty thousand columns of one name: in the time of some thousand, not of some hundred millions.
    #[test]
    fn many_repeated_names_are_quick() {
        let start = std::time::Instant::now();
        let names = Names::of(std::iter::repeat_n("x", 20_000));
        assert_eq!(names.all[19_999], "x.20000");
        assert!(start.elapsed().as_secs() < 5);
    }
}
