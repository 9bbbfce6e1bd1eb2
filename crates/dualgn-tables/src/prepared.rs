//! [`Prepared`]: a table, read and divided, as networks learn from it.

use std::path::{Path, PathBuf};

use dualgn_io::number::grouped;
use dualgn_io::{Failure, input, memory};
use dualgn_train::data::{DataError, InputsWriter, Split, Targets};
use dualgn_train::problem::{Study, Task};

use crate::options::{Options, SplitName};
use crate::studies::studies;
use crate::table::{
    Cell, Decision, Division, Encoder, Missing, Order, Parts, Profile, Profiles, Role, Source, TableError, Tally,
    Target, profiles, roles,
};

/// A table on its way into networks.
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
#[derive(Clone, Debug)]
pub struct Room {
    /// Bytes of memory for them.
    pub memory: u64,
    /// The folder of the file that they go to when they are more.
    pub folder: PathBuf,
}

impl Default for Room {
    /// Half of the memory that is free, and the folder of temporary files.
    fn default() -> Self {
        Self { memory: memory::budget(), folder: std::env::temp_dir() }
    }
}

/// Who is told what is being done and how many rows of it are done.
pub(crate) type Watch<'a> = &'a mut dyn FnMut(&'static str, usize);

/// Networks that learn, unless it is said how many.
const MEMBERS: usize = 5;
/// Tables with more rows than this train one network.
const MANY: usize = 20_000;

impl Prepared {
    /// Reads a table: once for what is in its columns, once for the target, once to learn scales and words, once for the numbers.
    ///
    /// # Errors
    /// The file cannot be read; a cell does not fit its column; or too few rows are left to divide.
    pub fn new(file: &Path, options: &Options, room: Room, watch: Watch) -> Result<Self, Failure> {
        let Looked { source, target, profiles, decisions, mut remarks } = Looked::at(file, options, watch)?;
        let time = options.time.as_deref().map(|name| source.column(name)).transpose()?;
        let rows = rows(&source, &target, time, &profiles)?;
        let there: Vec<usize> = (0..rows.answers.len()).filter(|&row| rows.answers[row].is_some()).collect();
        if there.len() < rows.answers.len() {
            remarks.push(format!("{} rows without a target are left out", grouped(rows.answers.len() - there.len())));
        }
        let division = divided(file, options, &target, &rows, &there)?;

        let is_training = |row: usize| division.learning.binary_search(&row).is_ok();
        let encoder = Encoder::learn(&source, &profiles, &decisions, is_training, (options.unseen, options.missing))?;
        // The table, the rows of each network, and those that a network has on the device.
        let copies = division.validation.len() as u64 + 2;
        let needed = there.len() as u64 * encoder.width() as u64 * size_of::<f32>() as u64 * copies;
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
        let encoding = Encoding { source: &source, encoder: &encoder, target: &target, answers: &rows.answers };
        let folder = is_large.then_some(&*room.folder);
        let ([learning, test], tally) = encoding.splits([&division.learning, &division.test], folder, watch)?;
        let studies = studies(file, (&source, &encoder, &target), &division, &learning, there.len())?;
        let columns = profiles.into_iter().zip(decisions).collect();
        let checksum = rows.checksum;
        Ok(Self { studies, test, tally, encoder, target, columns, remarks, division, checksum })
    }

    /// Returns what was found and decided, a line for each column below a heading.
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

/// What a first look at a table finds.
struct Looked {
    source: Source,
    target: Target,
    profiles: Vec<Profile>,
    decisions: Vec<Option<Decision>>,
    remarks: Vec<String>,
}

impl Looked {
    /// Finds out what is in the columns, and decides what each is for.
    fn at(file: &Path, options: &Options, watch: Watch) -> Result<Self, Failure> {
        let source = Source::open(file, &options.reading)?;
        let column = match &options.target {
            Some(name) => source.column(name)?,
            None => source.default_target(),
        };
        let Profiles { columns: profiles, remarks: written } =
            profiles(&source, Some(column), |rows| watch("reading", rows))?;
        let target = Target::decide(&source, column, &profiles[column], options.kind)?;
        let mut wishes = options.roles.clone();
        if wishes.contains_key(&source.header()[column]) {
            let name = &source.header()[column];
            return Err(Failure::input(format!(
                "`--column` is for the columns that `{name}` is predicted from, and not for itself"
            ))
            .hint("`--kind` says what the target is, and `--target` predicts another column"));
        }
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
        Ok(Self { source, target, profiles, decisions, remarks })
    }
}

/// Divides the rows that have a target.
fn divided(file: &Path, options: &Options, target: &Target, rows: &Rows, there: &[usize]) -> Result<Division, Failure> {
    let classes: Vec<usize> = rows.answers.iter().map(|answer| answer.unwrap_or_default() as usize).collect();
    let order = match (options.split, target.task) {
        (SplitName::Time, _) => Order::Time(&rows.times),
        (_, _) if options.time.is_some() => {
            return Err(Failure::input("`--time` is for `--split time`; give both or none".into()));
        }
        (SplitName::Auto, Task::Classes | Task::YesOrNo) => Order::Stratified(options.seed, &classes),
        (SplitName::Auto | SplitName::Random, _) => Order::Random(options.seed),
    };
    let members = options.members.unwrap_or(if there.len() > MANY { 1 } else { MEMBERS });
    let parts = Parts { test: options.test, validation: options.validation, members };
    let test_rows = options.test_rows.as_deref().map(|list| test_rows(list, rows.answers.len())).transpose()?;
    Ok(Division::new(file, there, &order, parts, test_rows)?)
}

/// What becomes of the rows of a table.
struct Encoding<'a> {
    source: &'a Source,
    encoder: &'a Encoder,
    target: &'a Target,
    answers: &'a [Option<f64>],
}

impl Encoding<'_> {
    /// Encodes the rows that are learnt from and those that test, in memory or in a file of a folder; counts the cells of the latter that
    /// are missing or not known.
    fn splits(&self, rows: [&[usize]; 2], folder: Option<&Path>, watch: Watch) -> Result<([Split; 2], Tally), Failure> {
        let (encoder, width) = (self.encoder, self.encoder.width());
        let writer = || match folder {
            Some(folder) => InputsWriter::on_disk(folder, width),
            None => Ok(InputsWriter::Memory(vec![])),
        };
        let located = encoder.on(self.source, true)?;
        let [mut learnt, mut tally] = [encoder.tally(), encoder.tally()];
        let mut parts = [Part::new(rows[0], writer()?), Part::new(rows[1], writer()?)];
        let mut numbers = Vec::with_capacity(width);
        self.source.rows(&mut |row| {
            watch("encoding", row.index + 1);
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
        let [learning, test] = parts.map(|part| self.split(part));
        Ok(([learning?, test?], tally))
    }

    fn split(&self, part: Part) -> Result<Split, DataError> {
        let answers = part.rows.iter().map(|&row| self.answers[row].unwrap_or_default());
        let targets = match self.target.task {
            Task::Classes | Task::YesOrNo => Targets::Classes(answers.map(|answer| answer as i64).collect()),
            _ => Targets::Values(answers.collect()),
        };
        let shape = self.source.image().map_or(vec![self.encoder.width()], Vec::from);
        Ok(Split { inputs: part.inputs.finish()?, shape, targets })
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
