//! Text in columns.

/// Lines of cells as text, each column as wide as its widest cell; the first line is the heading. Line breaks in a cell become spaces.
pub(super) fn columns(lines: &[Vec<String>]) -> String {
    let on_one_line = |cell: &String| cell.replace(['\n', '\r', '\t'], " ");
    let lines: Vec<Vec<String>> = lines.iter().map(|line| line.iter().map(on_one_line).collect()).collect();
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or(0)).collect();
    let line = |cells: &Vec<String>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    lines.iter().map(line).collect()
}

/// A line of cells.
pub(super) fn cells<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(String::from).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let text = columns(&[cells(["a", "long", "x"]), cells(["longer", "b", ""])]);
        assert_eq!(text, "a       long  x\nlonger  b\n");
        assert_eq!(columns(&[cells(["a\nb", "x"]), cells(["c", "y"])]), "a b  x\nc    y\n");
    }
}
