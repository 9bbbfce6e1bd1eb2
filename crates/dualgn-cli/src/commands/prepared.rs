//! [`Prepared`]: a table, read and divided, as a network learns from it.

use std::path::Path;

use dualgn_io::Failure;
use dualgn_io::input::{self, is_standard_input};
use dualgn_io::number::grouped;
use dualgn_networks::{Activation, Description};
use dualgn_tables::table::{
    Cell, Decision, Division, Encoder, Missing, Order, Parts, Profile, Profiles, Role, Source, TableError, Tally,
    Target, TargetKind, profiles, roles,
};
use dualgn_train::data::{DataError, Dataset, InputsWriter, Split, Targets};
use dualgn_train::problem::{LossName, Study, Task};

use crate::arguments::{SplitName, TableOptions};
use crate::progress::Counter;

/// A table on its way into a network.
pub struct Prepared {
    /// What each network learns: training rows, and as its test those that say when to stop.
    pub studies: Vec<Study>,
    /// The rows that test.
    pub test: Split,
    /// Their cells that are missing or not known.
    pub tally: Tally,
    /// How cells become numbers.
    pub encoder: Encoder,
    /// The target.
    pub target: Target,
    /// What was decided for each column but the target.
    pub columns: Vec<(Profile, Option<Decision>)>,
    /// What the reader found out.
    pub remarks: Vec<String>,
    /// The numbers of the rows of each part.
    pub division: Division,
    /// A checksum of all cells.
    pub checksum: u32,
}

/// Where the rows of a table may be.
#[derive(Clone, Copy, Debug)]
pub struct Room<'a> {
    /// Bytes of memory for them.
    pub memory: u64,
    /// The folder of the file that they go to when they are more.
    pub folder: &'a Path,
}

/// Number of networks, unless `--members` is given.
const MEMBERS: usize = 5;
/// Tables with more rows than this train one network, not five.
const MANY: usize = 20_000;

impl Prepared {
    /// Reads a table: once for what is in its columns, once for the target, once to learn scales and words, once for the numbers.
    pub fn new(file: &Path, options: &TableOptions, seed: u64, room: Room) -> Result<Self, Failure> {
        let source = Source::open(file, &options.reading.reading())?;
        let mut counter = Counter::start("reading");
        let column = match &options.target {
            Some(name) => source.column(name)?,
            None => source.default_target(),
        };
        let Profiles { columns: profiles, remarks: written } =
            profiles(&source, Some(column), |rows| counter.rows(rows))?;
        drop(counter);
        let target = Target::decide(&source, column, &profiles[column], options.kind)?;
        let mut wishes = options.wishes();
        if source.image().is_some() {
            // A pixel that is the same everywhere has its place all the same.
            wishes
                .extend(source.header()[..source.header().len() - 1].iter().map(|name| (name.clone(), Role::Numeric)));
        }
        let decisions = roles(&source, &profiles, Some(column), &wishes)?;
        let mut remarks = source.remarks();
        remarks.extend(written);
        if options.missing == Missing::Refuse {
            refuse_missing(file, &profiles, &decisions)?;
        }

        let time = options.time.as_deref().map(|name| source.column(name)).transpose()?;
        let Rows { answers, times, checksum } = rows(&source, &target, time, &profiles)?;
        let there: Vec<usize> = (0..answers.len()).filter(|&row| answers[row].is_some()).collect();
        if there.len() < answers.len() {
            remarks.push(format!("{} rows without a target are left out", grouped(answers.len() - there.len())));
        }
        let classes: Vec<usize> = answers.iter().map(|answer| answer.unwrap_or_default() as usize).collect();
        let order = match (options.split, target.task) {
            (SplitName::Time, _) => Order::Time(&times),
            (_, _) if options.time.is_some() => {
                return Err(Failure::input("`--time` is for `--split time`; give both or none".into()));
            }
            (SplitName::Auto, Task::Classes | Task::YesOrNo) => Order::Stratified(seed, &classes),
            (SplitName::Auto | SplitName::Random, _) => Order::Random(seed),
        };
        let members = options.members.map_or(if there.len() > MANY { 1 } else { MEMBERS }, |members| members as usize);
        let parts = Parts { test: options.test, validation: options.validation, members };
        let test_rows = options.test_rows.as_deref().map(|list| test_rows(list, answers.len())).transpose()?;
        let division = Division::new(file, &there, &order, parts, test_rows)?;

        let is_training = |row: usize| division.learning.binary_search(&row).is_ok();
        let encoder = Encoder::learn(&source, &profiles, &decisions, is_training, (options.unseen, options.missing))?;
        let width = encoder.width();
        // The table, the rows of each network, and those that a network has on the device.
        let needed = there.len() as u64 * width as u64 * size_of::<f32>() as u64 * (members as u64 + 2);
        let is_large = needed > room.memory;
        if is_large {
            let mib = |bytes: u64| grouped((bytes >> 20) as usize);
            remarks.push(format!(
                "its numbers would take {} MiB, more than the {} MiB that memory is to hold, and are read from a temporary file whenever they \
                 are needed",
                mib(needed),
                mib(room.memory)
            ));
        }
        let located = encoder.on(&source, true)?;
        let [mut learnt, mut tally] = [encoder.tally(), encoder.tally()];
        let writer =
            || if is_large { InputsWriter::on_disk(room.folder, width) } else { Ok(InputsWriter::Memory(vec![])) };
        let mut parts = [Part::new(&division.learning, writer()?), Part::new(&division.test, writer()?)];
        let mut counter = Counter::start("encoding");
        let mut numbers = Vec::with_capacity(width);
        source.rows(&mut |row| {
            counter.rows(row.index + 1);
            let tallies = [&mut learnt, &mut tally];
            let mut parts = parts.iter_mut().zip(tallies);
            if let Some((part, tally)) = parts.find(|(part, _)| part.rows.get(part.next) == Some(&row.index)) {
                numbers.clear();
                located.encode(&row, &mut numbers, tally)?;
                part.inputs.push(&numbers).map_err(Failure::from)?;
                part.next += 1;
            }
            Ok(())
        })?;
        drop(counter);
        let shape = source.image().map_or(vec![width], Vec::from);
        let has_classes = matches!(target.task, Task::Classes | Task::YesOrNo);
        let split = |part: Part| -> Result<Split, DataError> {
            let answers = part.rows.iter().map(|&row| answers[row].unwrap_or_default());
            let targets = match has_classes {
                true => Targets::Classes(answers.map(|answer| answer as i64).collect()),
                false => Targets::Values(answers.collect()),
            };
            Ok(Split { inputs: part.inputs.finish()?, shape: shape.clone(), targets })
        };
        let [learning, test] = parts.map(split);
        let (learning, test) = (learning?, test?);
        let defaults = Defaults::of(&target, division.train(0).len());
        let file_name = if is_standard_input(file) { Path::new("stdin") } else { file };
        let name = file_name.file_stem().unwrap_or_default().to_string_lossy();
        let name = name.trim_end_matches(".csv").trim_end_matches(".tsv").to_owned();
        let part = |rows: &[usize]| {
            // Rows are in order, and so are those of the split.
            let places: Vec<usize> = rows.iter().filter_map(|row| division.learning.binary_search(row).ok()).collect();
            learning.pick(&places)
        };
        let study = |member: usize| -> Result<Study, DataError> {
            Ok(Study {
                words: format!(
                    "{} rows of {} with {} columns, from which `{}` is predicted",
                    grouped(there.len()),
                    file.display(),
                    encoder.columns.len(),
                    target.map.name
                ),
                name: name.clone(),
                target: target.map.name.clone(),
                task: target.task,
                dataset: Dataset {
                    train: part(&division.train(member))?,
                    test: part(&division.validation[member])?,
                    outputs: target.map.outputs(),
                    citation: file.display().to_string(),
                },
                network: match source.image() {
                    Some([_, rows, columns]) if rows.min(columns) >= 8 => Description::cnn(),
                    _ => Description::mlp(&[128, 128], Activation::Relu),
                },
                categories: encoder.categories(),
                loss: defaults.loss,
                batch: defaults.batch,
                epochs: defaults.epochs,
                damping: defaults.damping,
                patience: true,
                targets: Some(learning.targets.clone()),
            })
        };
        let studies = (0..members).map(study).collect::<Result<_, _>>()?;
        let columns = profiles.into_iter().zip(decisions).collect();
        Ok(Self { studies, test, tally, encoder, target, columns, remarks, division, checksum })
    }

    /// What was found and decided, as a person reads it.
    pub fn table(&self) -> Vec<Vec<String>> {
        let head = ["COLUMN", "ROLE", "WHY"].map(str::to_owned).to_vec();
        // Pixels are many and alike.
        let shown = if self.test.shape.len() > 1 { self.columns.len() - 1 } else { 0 };
        let lines = self.columns.iter().skip(shown).map(|(profile, decision)| {
            let empty = match profile.missing {
                0 => String::new(),
                missing => format!("; {} of {} are empty", grouped(missing), grouped(profile.rows)),
            };
            match decision {
                Some(Decision { role, reason }) => {
                    let empty = if *role == Role::Ignore { String::new() } else { empty };
                    vec![profile.name.clone(), role.name().to_owned(), format!("{reason}{empty}")]
                }
                None => {
                    let kind = self.target.kind.words();
                    vec![profile.name.clone(), "target".into(), format!("{kind}: {}{empty}", self.target.reason)]
                }
            }
        });
        std::iter::once(head).chain(lines).collect()
    }
}

/// What a run takes, by the size of the data.
struct Defaults {
    loss: LossName,
    batch: Option<usize>,
    epochs: f64,
    damping: f64,
}

impl Defaults {
    fn of(target: &Target, rows: usize) -> Self {
        let loss = match target.kind {
            TargetKind::Number => LossName::Squared,
            TargetKind::Count => LossName::Poisson,
            TargetKind::YesOrNo => LossName::Logistic,
            TargetKind::Classes => LossName::Softmax,
        };
        // A step on all rows has no noise; its system has a row for each output of each of them.
        const WHOLE: usize = 4096;
        match rows * target.map.outputs() <= WHOLE {
            true => Self { loss, batch: None, epochs: 200.0, damping: 0.1 },
            false => Self {
                loss,
                batch: Some((WHOLE / target.map.outputs() / 4).clamp(64, 512)),
                epochs: 40.0,
                damping: 0.1,
            },
        }
    }
}

/// What all rows have but their numbers.
struct Rows {
    answers: Vec<Option<f64>>,
    times: Vec<f64>,
    checksum: u32,
}

fn rows(source: &Source, target: &Target, time: Option<usize>, profiles: &[Profile]) -> Result<Rows, TableError> {
    let missing = source.said().missing.clone().unwrap_or_default();
    let target = target.map.on(source, &missing, true)?;
    let time = time.map(|column| (column, profiles[column].reader(source)));
    let mut hasher = crc32fast::Hasher::new();
    let (mut answers, mut times) = (vec![], vec![]);
    source.rows(&mut |row| {
        for cell in row.cells {
            match cell {
                Cell::Missing => hasher.update(&[0]),
                Cell::Number(number) | Cell::Time(number) => hasher.update(&number.to_le_bytes()),
                Cell::Bool(answer) => hasher.update(if *answer { b"true" } else { b"false" }),
                Cell::Text(text) => hasher.update(text.as_bytes()),
            }
            hasher.update(b"\n");
        }
        answers.push(target.of_row(&row)?);
        times.push(match &time {
            None => row.index as f64,
            Some((column, reader)) => {
                let cell = &row.cells[*column];
                let moment = match profiles[*column].dates {
                    Some(_) => reader.seconds(cell),
                    None => reader.number(cell),
                };
                moment.ok().flatten().ok_or_else(|| TableError::Cell {
                    file: source.file().into(),
                    place: row.place(),
                    column: profiles[*column].name.clone(),
                    problem: "should be a date or a number, by which rows are ordered".into(),
                })?
            }
        });
        Ok(())
    })?;
    Ok(Rows { answers, times, checksum: hasher.finalize() })
}

/// Bytes of a list of rows at most: some thirty million of them.
const LIST: u64 = 256 << 20;

/// Fails at the first column in which cells are missing, unless it is left out.
fn refuse_missing(file: &Path, profiles: &[Profile], decisions: &[Option<Decision>]) -> Result<(), TableError> {
    let is_used = |decision: &Option<Decision>| decision.as_ref().is_none_or(|decision| decision.role != Role::Ignore);
    let mut columns =
        profiles.iter().zip(decisions).filter(|(_, decision)| is_used(decision)).map(|(profile, _)| profile);
    match columns.find(|profile| profile.missing > 0) {
        None => Ok(()),
        Some(profile) => Err(TableError::Unreadable {
            file: file.into(),
            place: profile.first_missing.clone().unwrap_or_default(),
            column: profile.name.clone(),
            problem: format!("nothing stands there, and in {} of {} cells", profile.missing, profile.rows),
            hint: format!(
                "fill them, leave the column out with `--column '{}=ignore'`, or take `--missing impute`",
                profile.name
            ),
        }),
    }
}

/// The rows of a list.
fn test_rows(list: &Path, rows: usize) -> Result<Vec<usize>, Failure> {
    let text = input::read_text(list, LIST)?;
    let mut numbers = vec![];
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match line.trim().parse::<usize>() {
            Ok(row) if row < rows => numbers.push(row),
            _ => {
                return Err(Failure::input(format!(
                    "{}, line {}: should be the number of a row, from 0 to {}, found `{}`",
                    list.display(),
                    index + 1,
                    rows - 1,
                    line.trim()
                )));
            }
        }
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// A part on its way to a [`Split`].
struct Part<'a> {
    rows: &'a [usize],
    next: usize,
    inputs: InputsWriter,
}

impl<'a> Part<'a> {
    fn new(rows: &'a [usize], inputs: InputsWriter) -> Self {
        Self { rows, next: 0, inputs }
    }
}
