//! [`Scope`]: the names of formulas, and what they mean.

use std::f64::consts::{E, PI};

use super::error::{Failed, FormulaError, Wrong, listed, near};
use super::expression::{Graph, Id, Node};
use super::resolve::Value;
use super::syntax::Span;
use super::token::is_of_name;

/// The outward normal of a boundary.
pub(super) const NORMAL: &str = "normal";
/// Names that nobody can give another meaning.
const RESERVED: [&str; 6] = [NORMAL, "pi", "π", "and", "or", "not"];

/// What a name stands for that is not known before a network is trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Coordinate,
    Unknown,
    Coefficient,
    Column,
    Normal,
}

impl Kind {
    /// Says that a name of this kind has no meaning where it stands.
    pub(super) fn refusal(self, name: &str) -> String {
        match self {
            Self::Coordinate => format!("`{name}` depends on coordinates, and a constant does not"),
            Self::Unknown => format!("`{name}` is not known here, as it depends on what is solved for"),
            Self::Coefficient => format!("`{name}` is not known here, as it is to be found"),
            Self::Column => format!("`{name}` is data at points, and there is none here"),
            Self::Normal => format!("`{name}` needs a boundary, and this is not on one"),
        }
    }
}

/// What a name means.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Meaning {
    Value(Value),
    /// A definition that is not resolved yet, by its number.
    Pending(usize),
}

/// What a name in a formula refers to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Reference<'a> {
    Meaning(&'a Meaning),
    Constant(f64),
    Normal,
    /// A component of the normal, by its place among the coordinates of space.
    NormalComponent(usize),
    /// Derivatives of a meaning along coordinates, and its name.
    Derivative {
        base: &'a str,
        meaning: &'a Meaning,
        along: Vec<usize>,
    },
}

/// The names of formulas, and what they mean. Whoever reads several formulas makes one scope and declares the names in it, each of
/// which gets the next number of its kind.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(super) graph: Graph,
    coordinates: Vec<String>,
    time: Option<usize>,
    unknowns: Vec<String>,
    coefficients: Vec<String>,
    columns: Vec<String>,
    names: Vec<(String, Meaning)>,
    absent: Vec<Kind>,
}

impl Scope {
    /// Coordinates in the order of the points' numbers, and which of them is time, which `grad`, `div`, `curl`, `lap` and the normal
    /// leave out. There is no boundary: see [`Self::with`].
    ///
    /// # Errors
    /// Fails if a name cannot be one or stands twice.
    pub(crate) fn new<S: AsRef<str>>(coordinates: &[S], time: Option<usize>) -> Result<Self, FormulaError> {
        let mut scope = Self {
            graph: Graph::default(),
            coordinates: vec![],
            time,
            unknowns: vec![],
            coefficients: vec![],
            columns: vec![],
            names: vec![],
            absent: vec![Kind::Normal],
        };
        for (index, name) in coordinates.iter().enumerate() {
            scope.node(name.as_ref(), Node::Coordinate(index))?;
            scope.coordinates.push(name.as_ref().to_owned());
        }
        Ok(scope)
    }

    /// Declares an unknown.
    ///
    /// # Errors
    /// Fails if the name cannot be one or has a meaning, as all of these do.
    pub(crate) fn unknown(&mut self, name: &str) -> Result<(), FormulaError> {
        self.node(name, Node::Unknown { index: self.unknowns.len(), along: vec![] })?;
        self.unknowns.push(name.to_owned());
        Ok(())
    }

    /// Declares a number that is to be found.
    pub(crate) fn coefficient(&mut self, name: &str) -> Result<(), FormulaError> {
        self.node(name, Node::Coefficient(self.coefficients.len()))?;
        self.coefficients.push(name.to_owned());
        Ok(())
    }

    /// Declares a column of data.
    pub(crate) fn column(&mut self, name: &str) -> Result<(), FormulaError> {
        self.node(name, Node::Column(self.columns.len()))?;
        self.columns.push(name.to_owned());
        Ok(())
    }

    /// Declares a number that is known.
    pub(crate) fn constant(&mut self, name: &str, number: f64) -> Result<(), FormulaError> {
        let value = self.graph.number(number);
        self.declare(name, Meaning::Value(Value::Number(value)))
    }

    /// Returns the scope of a place where there are names of this kind, such as the normal on a boundary.
    pub(crate) fn with(mut self, kind: Kind) -> Self {
        self.absent.retain(|absent| *absent != kind);
        self
    }

    /// Returns the scope of a place where there are no names of this kind, such as unknowns in a solution that is given.
    pub(crate) fn without(mut self, kind: Kind) -> Self {
        self.absent.push(kind);
        self
    }

    /// Whether a name has a meaning, be it a derivative or a constant.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.find(name, Span::default()).is_ok()
    }

    /// Returns the names of the coordinates.
    pub(crate) fn coordinates(&self) -> &[String] {
        &self.coordinates
    }

    /// Returns the names of the unknowns.
    pub(crate) fn unknowns(&self) -> &[String] {
        &self.unknowns
    }

    /// Returns the names of the numbers that are to be found.
    pub(crate) fn coefficients(&self) -> &[String] {
        &self.coefficients
    }

    /// Returns the names of the columns of data.
    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Returns the coordinates that are not time.
    pub(crate) fn space(&self) -> Vec<usize> {
        (0..self.coordinates.len()).filter(|coordinate| Some(*coordinate) != self.time).collect()
    }

    fn node(&mut self, name: &str, node: Node) -> Result<(), FormulaError> {
        let node = self.graph.intern(node);
        self.declare(name, Meaning::Value(Value::Number(node)))
    }

    /// Gives a name a meaning.
    pub(super) fn declare(&mut self, name: &str, meaning: Meaning) -> Result<(), FormulaError> {
        let mut letters = name.chars();
        let is_name = letters.next().is_some_and(|c| c.is_alphabetic() || c == '_') && letters.all(is_of_name);
        let wrong = match name {
            _ if !is_name => Wrong::NoName(name.escape_debug().to_string()),
            _ if RESERVED.contains(&name) => Wrong::Reserved(name.to_owned()),
            _ if self.meaning(name).is_some() => Wrong::Taken(name.to_owned()),
            _ => {
                self.names.push((name.to_owned(), meaning));
                return Ok(());
            }
        };
        let failed = Failed::new(Span::default(), wrong);
        let failed = if is_name { failed } else { failed.hint("names are of letters, digits and `_`") };
        Err(failed.of(""))
    }

    /// Says what a pending definition means.
    pub(super) fn settle(&mut self, definition: usize, value: Value) {
        for (_, meaning) in &mut self.names {
            if *meaning == Meaning::Pending(definition) {
                *meaning = Meaning::Value(value);
                return;
            }
        }
    }

    /// Returns the name of a pending definition.
    pub(super) fn pending(&self, definition: usize) -> &str {
        let found = self.names.iter().find(|(_, meaning)| *meaning == Meaning::Pending(definition));
        found.map_or("", |(name, _)| name)
    }

    fn meaning(&self, name: &str) -> Option<(&str, &Meaning)> {
        self.names.iter().find(|(known, _)| known == name).map(|(known, meaning)| (known.as_str(), meaning))
    }

    /// Returns which kind of name a number depends on and that is not there.
    pub(super) fn lacks(&self, graph: &Graph, ids: &[Id]) -> Option<Kind> {
        let below = graph.below(ids, Node::children);
        below.into_iter().filter_map(|id| graph.node(id).kind()).find(|kind| self.absent.contains(kind))
    }

    /// Finds what a name refers to. One that is declared comes before all that could be made of its parts, and of those the one
    /// with the longest declared name.
    pub(super) fn find(&self, name: &str, span: Span) -> Result<Reference<'_>, Failed> {
        if let Some((_, meaning)) = self.meaning(name) {
            return Ok(Reference::Meaning(meaning));
        }
        match name {
            NORMAL => return Ok(Reference::Normal),
            "pi" | "π" => return Ok(Reference::Constant(PI)),
            "e" => return Ok(Reference::Constant(E)),
            _ => {}
        }
        let (mut no_base, mut no_suffix) = (None, None);
        for (at, _) in name.rmatch_indices('_') {
            let (base, suffix) = (&name[..at], &name[at + 1..]);
            let along = split(suffix, &self.coordinates);
            let place = Span { start: span.start + at + 1, ..span };
            if base == NORMAL {
                return self.component(suffix, along, place);
            }
            match (self.meaning(base), along) {
                (Some((base, meaning)), Some(along)) => return Ok(Reference::Derivative { base, meaning, along }),
                (Some(_), None) => {
                    no_suffix.get_or_insert_with(|| self.unknown_suffix(name, suffix, &self.coordinates, place));
                }
                (None, Some(_)) if !base.is_empty() => {
                    let place = Span { end: span.start + at, ..span };
                    no_base.get_or_insert_with(|| self.unknown_name(base, place));
                }
                _ => {}
            }
        }
        Err(no_suffix.or(no_base).unwrap_or_else(|| self.unknown_name(name, span)))
    }

    fn component(&self, suffix: &str, along: Option<Vec<usize>>, span: Span) -> Result<Reference<'_>, Failed> {
        let space = self.space();
        let component = match along.as_deref() {
            Some([coordinate]) => space.iter().position(|other| other == coordinate),
            _ => None,
        };
        component.map(Reference::NormalComponent).ok_or_else(|| {
            let coordinates: Vec<String> = space.iter().map(|index| self.coordinates[*index].clone()).collect();
            let name = format!("{NORMAL}_{suffix}");
            let failed = self.unknown_suffix(&name, suffix, &coordinates, span);
            failed.hint("`normal` has one component for each coordinate of space, and its derivatives are not known")
        })
    }

    fn unknown_suffix(&self, name: &str, suffix: &str, coordinates: &[String], span: Span) -> Failed {
        let coordinates = listed(coordinates.iter().map(String::as_str));
        let failed =
            Failed::new(span, Wrong::UnknownSuffix { suffix: suffix.to_owned(), name: name.to_owned(), coordinates });
        match split(&suffix.replace('_', ""), &self.coordinates) {
            Some(_) if suffix.contains('_') => failed.hint("one `_` stands before all coordinates, as in `u_xy`"),
            _ => failed,
        }
    }

    fn unknown_name(&self, name: &str, span: Span) -> Failed {
        let is_here = |meaning: &Meaning| match meaning {
            Meaning::Value(value) => self.lacks(&self.graph, value.ids()).is_none(),
            Meaning::Pending(_) => true,
        };
        let mut names: Vec<&str> =
            self.names.iter().filter(|(_, meaning)| is_here(meaning)).map(|(name, _)| name.as_str()).collect();
        // What is solved for is named most.
        names.sort_by_key(|name| !self.unknowns.iter().any(|unknown| unknown == name));
        let listed = match names.len() {
            0 => "no names are declared here".into(),
            _ => format!("the names here are {}", listed(names.iter().copied())),
        };
        let wrong = Wrong::UnknownName { name: name.to_owned(), names: listed };
        Failed::new(span, wrong).perhaps(near(name, names))
    }
}

/// Splits a word into names, the longest first wherever that goes on to the end.
pub(super) fn split(word: &str, names: &[String]) -> Option<Vec<usize>> {
    // Of each place, which name begins there such that the rest can be split.
    let mut chosen: Vec<Option<usize>> = vec![None; word.len()];
    for at in (0..word.len()).rev().filter(|at| word.is_char_boundary(*at)) {
        let fits = |name: &str| {
            let end = at + name.len();
            word[at..].starts_with(name) && (end == word.len() || chosen[end].is_some())
        };
        let fitting = (0..names.len()).filter(|index| fits(&names[*index]));
        chosen[at] = fitting.max_by_key(|index| names[*index].len());
    }
    let mut parts = vec![];
    let mut at = 0;
    while at < word.len() {
        let index = chosen[at]?;
        parts.push(index);
        at += names[index].len();
    }
    (!parts.is_empty()).then_some(parts)
}
