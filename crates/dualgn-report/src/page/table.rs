//! The result of a comparison as plain text for a terminal.

use dualgn_io::number::{grouped, memory, one_digit, significant};
use dualgn_train::record::{Coefficient, Comparison, MethodRun, Metric, Status};

use super::certificates::Certificates;

/// Lines are cut here where there is no terminal to fit; only the notes, last in a line, can be that long.
const WIDTH: usize = 110;

/// Notes in less room than this say nothing.
const LEAST_NOTES: usize = 12;

/// Columns before the notes: the name, then numbers.
const COLUMNS: usize = 9;

type Row = [String; COLUMNS];

/// The table, and below it the target whose first attainment it reports, as wide as the terminal. Ends with a line break.
pub fn terminal(comparison: &Comparison) -> String {
    let terminal = console::Term::stdout();
    table(comparison, terminal.size_checked().map_or(WIDTH, |(_, columns)| columns.into()))
}

fn table(comparison: &Comparison, width: usize) -> String {
    let metric = match comparison.metric {
        Metric::Accuracy => ["test", "acc. %"],
        Metric::Rmse => ["test", "RMSE"],
        Metric::RelativeError => ["relative", "error"],
        Metric::Residual => ["test", "residual"],
    };
    let headings = [
        ["", "method"],
        ["train", "loss"],
        ["test", "loss"],
        metric,
        ["steps to", "target"],
        ["sec. to", "target"],
        ["total", "steps"],
        ["total", "sec."],
        ["peak", "memory"],
    ];
    let mut rows: Vec<(Row, String)> = vec![
        (headings.map(|[first, _]| first.to_owned()), String::new()),
        (headings.map(|[_, second]| second.to_owned()), "notes".into()),
    ];
    for run in &comparison.runs {
        rows.push((cells(comparison, run), notes(comparison, run)));
    }

    let widths: [usize; COLUMNS] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|(row, _)| row[column].chars().count());
        cells.max().unwrap_or(0)
    });
    let mut lines: Vec<String> = rows.iter().map(|(row, notes)| line(row, &widths, notes, width)).collect();
    let longest = lines.iter().map(|line| line.chars().count()).max();
    lines.insert(2, "─".repeat(longest.unwrap_or(0)));
    let mut text = lines.join("\n");
    text.push_str("\n\n");
    text.push_str(&target(comparison));
    text.push('\n');
    text.push_str(&coefficients(comparison));
    text
}

/// The unknown coefficients of an equation, one a line; nothing where there are none.
fn coefficients(comparison: &Comparison) -> String {
    let mut text = String::new();
    for coefficient in &comparison.coefficients {
        let method = if comparison.runs.len() > 1 { format!("{}: ", coefficient.method) } else { String::new() };
        text.push_str(&format!("{method}{}\n", coefficient_in_words(coefficient)));
    }
    text
}

/// A coefficient with its standard deviation, to two digits of that, the right value if it is known, and whether training stopped before
/// it was found.
pub(super) fn coefficient_in_words(coefficient: &Coefficient) -> String {
    let Coefficient { name, value, right, standard_deviation, to_go, .. } = coefficient;
    let right = right.map_or_else(String::new, |right| format!(", where {right} is right"));
    let Some(deviation) = standard_deviation.filter(|deviation| *deviation > 0.0) else {
        return format!("{name} = {value:.5}{right}");
    };
    let digits = (1.0 - deviation.log10().floor()).clamp(0.0, 17.0) as usize;
    let early = match to_go {
        Some(to_go) if to_go.abs() > deviation => {
            format!("; training stopped about {to_go:+.digits$} before the minimum, take more `--epochs`")
        }
        _ => String::new(),
    };
    format!("{name} = {value:.digits$} ± {deviation:.digits$} (standard deviation){right}{early}")
}

fn cells(comparison: &Comparison, run: &MethodRun) -> Row {
    let missing = || "-".to_owned();
    let last = run.records.last();
    let arrival = comparison.target.as_ref().and_then(|target| run.first_at_most(target.train_loss));
    let percent = match comparison.metric {
        Metric::Accuracy => 100.0,
        Metric::Rmse | Metric::RelativeError | Metric::Residual => 1.0,
    };
    [
        run.method.clone(),
        last.map_or_else(missing, |record| significant(record.train_loss)),
        last.map_or_else(missing, |record| significant(record.test_loss)),
        last.map_or_else(missing, |record| significant(percent * record.test_metric)),
        arrival.map_or_else(missing, |record| grouped(record.step)),
        arrival.map_or_else(missing, |record| significant(record.seconds)),
        last.map_or_else(missing, |record| grouped(record.step)),
        last.map_or_else(missing, |record| significant(record.seconds)),
        run.peak_memory.map_or_else(missing, memory),
    ]
}

/// How the run ended, unless well, the median relative gap of its directions, then its settings, which may be cut.
fn notes(comparison: &Comparison, run: &MethodRun) -> String {
    let status = match run.status {
        Status::Finished | Status::Reached | Status::Converged | Status::EarlyStopped => None,
        Status::Diverged => Some("diverged".to_owned()),
        Status::Interrupted => Some("interrupted".to_owned()),
    };
    let gap =
        Certificates::of(run, comparison.gap).map(|certificates| format!("gap {}", one_digit(certificates.median_gap)));
    let settings = Some(run.settings.clone()).filter(|settings| !settings.is_empty());
    [status, gap, settings].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

fn line(row: &Row, widths: &[usize; COLUMNS], notes: &str, width: usize) -> String {
    let mut line = format!("{:<width$}", row[0], width = widths[0]);
    for (cell, &columns) in row.iter().zip(widths).skip(1) {
        line.push_str(&format!("  {cell:>columns$}"));
    }
    line.push_str("  ");
    // Names may be long enough to push the numbers far out: only notes are ever cut.
    let room = width.saturating_sub(line.chars().count());
    if room < LEAST_NOTES {
        return line.trim_end().to_owned();
    }
    if notes.chars().count() > room {
        line.extend(notes.chars().take(room - 1));
        line.push('…');
    } else {
        line.push_str(notes);
    }
    line.trim_end().to_owned()
}

fn target(comparison: &Comparison) -> String {
    match &comparison.target {
        Some(target) => format!(
            "target: training loss {} ({}), at the first evaluation at or below it",
            significant(target.train_loss),
            target.source
        ),
        None => "target: none".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::sample;

    /// Lines of the table proper: two of headings, a rule, one a method.
    fn lines(comparison: &Comparison) -> Vec<String> {
        let text = table(comparison, WIDTH);
        let table = text.split("\n\n").next().unwrap();
        table.lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_aligned_on_the_right() {
        let comparison = sample::comparison();
        let lines = lines(&comparison);
        assert_eq!(lines.len(), 3 + comparison.runs.len());
        // The right edge of each numeric heading is the right edge of a cell in every row.
        let headings: Vec<char> = lines[1].chars().collect();
        let edges: Vec<usize> = (8..headings.len() - 1)
            .filter(|&i| headings[i] != ' ' && headings[i + 1] == ' ' && headings.get(i + 2) == Some(&' '))
            .collect();
        assert_eq!(edges.len(), COLUMNS - 1, "{edges:?}\n{}", lines[1]);
        for line in &lines[3..] {
            let line: Vec<char> = line.chars().collect();
            for &edge in &edges {
                assert!(line[edge] != ' ' && line[edge + 1] == ' ', "{edge}: {line:?}");
            }
        }
    }

    #[test]
    fn lines_fit_a_terminal() {
        let mut comparison = sample::comparison();
        comparison.runs[1].settings = "a very long description of the settings ".repeat(5);
        for line in lines(&comparison) {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
        assert!(lines(&comparison)[4].ends_with('…'));
        let narrow = table(&comparison, 80);
        assert!(!narrow.contains("rate") && narrow.contains("MiB"), "{narrow}");
    }

    #[test]
    fn endings_and_missing_values_are_marked() {
        let mut comparison = sample::comparison();
        comparison.runs[2].status = Status::Interrupted;
        comparison.runs[2].records.clear();
        comparison.runs[2].directions.clear();
        comparison.runs[2].peak_memory = None;
        let lines = lines(&comparison);
        assert!(lines[3].contains("nan") && lines[3].contains("diverged; rate 0.1"));
        assert_eq!(lines[5].matches(" -").count(), COLUMNS - 1, "{}", lines[5]);
        assert!(lines[5].contains("interrupted; rate 0.3"));
    }

    #[test]
    fn directions_have_their_median_gap_in_the_notes() {
        let lines = lines(&sample::comparison());
        assert!(!lines[4].contains("gap"), "{}", lines[4]);
        assert!(lines[6].contains("  gap 0.000") && lines[6].contains("; rate 0.01, cho"), "{}", lines[6]);
    }

    #[test]
    fn unknown_coefficients_are_told() {
        let mut comparison = sample::comparison();
        let coefficient = |method: &str, value, standard_deviation| Coefficient {
            method: method.into(),
            name: "κ".into(),
            value,
            standard_deviation,
            to_go: Some(-0.001),
            right: Some(0.3),
        };
        comparison.coefficients = vec![coefficient("adam", 0.30125, Some(0.00321)), coefficient("sgd", 12.5, None)];
        let text = table(&comparison, WIDTH);
        assert!(text.contains("\nadam: κ = 0.3013 ± 0.0032 (standard deviation), where 0.3 is right\n"), "{text}");
        assert!(text.ends_with("\nsgd: κ = 12.50000, where 0.3 is right\n"), "{text}");
        comparison.runs.truncate(1);
        comparison.coefficients[0].to_go = Some(-0.04);
        let text = table(&comparison, WIDTH);
        assert!(
            text.contains("\nκ = 0.3013 ± 0.0032 ") && text.contains("stopped about -0.0400 before the minimum"),
            "{text}"
        );
        comparison.coefficients[0].right = None;
        let text = table(&comparison, WIDTH);
        assert!(text.contains("\nκ = 0.3013 ± 0.0032 (standard deviation); training stopped"), "{text}");
    }

    #[test]
    fn the_target_is_told() {
        let mut comparison = sample::comparison();
        assert!(table(&comparison, WIDTH).contains("target: training loss 0.0"));
        assert!(table(&comparison, WIDTH).contains("(Adam's last training loss)"));
        comparison.target = None;
        assert!(table(&comparison, WIDTH).ends_with("\n\ntarget: none\n"));
        comparison.runs.clear();
        assert!(table(&comparison, WIDTH).contains("method"));
    }
}
