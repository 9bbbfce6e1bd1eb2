//! [`Terms`]: equations and conditions -> terms of the loss.

use std::fmt::Display;
use std::ops::Range;
use std::sync::Arc;

use burn::tensor::Tensor;
use dualgn::jet::jet;
use dualgn_io::Failure;
use dualgn_train::record::Stated;
use toml::Spanned;

use super::built_in::{BuiltIn, overlap};
use super::domain::{Domain, Part};
use super::file::Statement;
use super::names::Names;
use super::source::{Source, plain};
use super::value::{Listed, Loss, Number};
use crate::formula::{Expression, Formula, Given, Kind, Point, Relation, Scope, Unknowns};
use crate::geometry::{Generator, Predicate, Region, Sampling};
use crate::network::Field;
use crate::penalty::{Penalties, Penalty};
use crate::problem::{BUILT_IN, GivenValues, Residual, Term};

/// Points of an equation and of a condition, if the file does not say how many.
const POINTS: [usize; 2] = [1000, 100];
/// Points at most, so that those of all terms can be counted.
const MOST_POINTS: i64 = 1_000_000_000;
/// Terms at most: each has random numbers of its own.
const MOST_TERMS: usize = 64;
/// Letters of a name at most.
const LONGEST: usize = 80;

/// The terms so far.
pub(super) struct Terms<'a> {
    pub(super) names: &'a Names,
    domain: &'a Domain<'a>,
    pub(super) source: Source<'a>,
    pub(super) terms: Vec<Term>,
    /// The conditions that hold for any network.
    pub(super) built_in: Vec<BuiltIn>,
    /// The conditions that could, each with the name of its term.
    pub(super) fitted: Vec<(String, Vec<BuiltIn>)>,
    /// All of them for pages.
    pub(super) stated: Vec<Stated>,
    /// The equations of the domain as they are written.
    pub(super) written: Vec<String>,
}

impl<'a> Terms<'a> {
    pub(super) fn new(names: &'a Names, domain: &'a Domain<'a>, source: Source<'a>) -> Self {
        Self { names, domain, source, terms: vec![], built_in: vec![], fitted: vec![], stated: vec![], written: vec![] }
    }

    /// Adds an equation.
    pub(super) fn equation(&mut self, statement: &Spanned<Statement>) -> Result<(), Failure> {
        if let Some(on) = &statement.get_ref().on {
            let what = "equations hold in the whole domain and have no `on`";
            return Err(self.source.wrong(on.span(), what).hint("conditions are below `[[conditions]]`"));
        }
        if let Some(hard) = &statement.get_ref().hard {
            let what = "only conditions can be built in by `hard`";
            return Err(self.source.wrong(hard.span(), what).hint("take it out: equations are fitted at points"));
        }
        let formulas = self.add(statement, "equation", POINTS[0], self.domain.inside())?;
        self.written.extend(formulas.iter().map(ToString::to_string));
        Ok(())
    }

    /// Adds a condition.
    pub(super) fn condition(&mut self, statement: &Spanned<Statement>) -> Result<(), Failure> {
        let Some(on) = &statement.get_ref().on else {
            let what = "a condition without `on`, which says where it holds";
            return Err(self
                .source
                .wrong(statement.span(), what)
                .hint("write `on = \"boundary\"` or `on = \"x = 0\"`"));
        };
        self.add(statement, "condition", POINTS[1], self.domain.part(on)?).map(drop)
    }

    fn add(
        &mut self,
        statement: &Spanned<Statement>,
        kind: &str,
        points: usize,
        part: Part,
    ) -> Result<Vec<Formula>, Failure> {
        self.check_count(statement.span())?;
        let part = self.limited(statement, part)?;
        let Statement { name, points: count, weight, loss, .. } = statement.get_ref();
        let name = self.name(name.as_ref(), kind)?;
        let points = self.points(count.as_ref(), points, part.faces)?;
        let weight = self.weight(weight.as_ref())?;
        let (formulas, is_one_sided) = self.formulas(statement, part.normal.is_some())?;
        let penalties = self.penalties(loss.as_ref(), is_one_sided)?;
        let expressions: Vec<Expression> = formulas.iter().map(|formula| formula.expression().clone()).collect();
        self.state(&name, place(statement.get_ref()), &formulas, &self.names.scope);
        if self.is_built_in(statement, &name, &part, &expressions, is_one_sided)? {
            return Ok(formulas);
        }
        let equations = expressions.iter().map(|expression| expression.outputs().len()).sum();
        let given = part.normal.filter(|_| expressions.iter().any(|expression| expression.uses(Kind::Normal)));
        let given = given.map(|at| GivenValues { columns: self.names.scope.space().len(), at });
        let behind = Behind { columns: vec![], normal: given.as_ref().map(|_| self.names.low.len()) };
        let residual = residual(expressions, None, self.names.coefficients.len(), behind);
        self.terms.push(Term {
            name,
            weight,
            points,
            region: part.region,
            given,
            equations,
            penalties,
            is_measured: false,
            residual,
        });
        Ok(formulas)
    }

    /// The points of a part at which the predicate of a statement holds.
    fn limited(&self, statement: &Spanned<Statement>, part: Part) -> Result<Part, Failure> {
        let Some(text) = &statement.get_ref().predicate else { return Ok(part) };
        let absent = [Kind::Unknown, Kind::Coefficient, Kind::Normal];
        let scope = absent.into_iter().fold(self.names.scope.clone(), Scope::without);
        let formula = Formula::predicate(text.get_ref(), &scope);
        let formula = formula.map_err(|error| self.source.formula(text.span(), text.get_ref(), error))?;
        let predicate = Predicate(Arc::new(move |x: &[f64]| formula.expression().holds(&Point::at(x))));
        let region = Region::Part { whole: Box::new(part.region), predicate };
        if region.draw(1, Sampling::Sobol, &mut Generator::new(0, 0)).is_empty() {
            let what = format!("no point was found there at which `{text}` holds");
            return Err(self.source.wrong(text.span(), what).hint("it is about coordinates, as `x < 0.5 and y > 0`"));
        }
        Ok(Part { region, distance: None, ..part })
    }

    /// Keeps formulas for pages.
    pub(super) fn state(&mut self, name: &str, place: String, formulas: &[Formula], scope: &Scope) {
        let formulas = formulas.iter().map(|formula| formula.mathml(scope)).collect();
        self.stated.push(Stated { name: name.to_owned(), place, formulas });
    }

    /// Whether a statement holds for any network, and is no term therefore. Remembers it, and those that could.
    fn is_built_in(
        &mut self,
        statement: &Spanned<Statement>,
        name: &str,
        part: &Part,
        expressions: &[Expression],
        is_one_sided: bool,
    ) -> Result<bool, Failure> {
        let hard = statement.get_ref().hard.as_ref().filter(|hard| *hard.get_ref());
        if is_one_sided {
            return hard.map_or(Ok(false), |hard| {
                let what = "an inequality cannot be built in";
                Err(self.source.wrong(hard.span(), what).hint("leave `hard` out: then it is fitted at points"))
            });
        }
        let Some(distance) = &part.distance else {
            return hard.map_or(Ok(false), |hard| {
                let what = "only a condition on whole faces of a box, on balls, or on convex shapes around the domain can be built in, \
                            without `where`";
                Err(self.source.wrong(hard.span(), what).hint("leave `hard` out: then it is fitted at points"))
            });
        };
        let unknowns = self.names.scope.unknowns().len();
        let read = |expression| BuiltIn::read(expression, unknowns, distance, &part.region);
        let all = expressions.iter().map(read).collect::<Result<Vec<_>, _>>().map(|all| all.concat());
        match (hard, all) {
            (Some(hard), Ok(all)) if overlap(&all, &self.built_in) => {
                let what = "two conditions that are built in give an unknown a value at the same places";
                Err(self.source.wrong(hard.span(), what).hint("leave out one of them, or its `hard`"))
            }
            (Some(_), Ok(all)) => {
                self.built_in.extend(all);
                Ok(true)
            }
            (Some(hard), Err(what)) => Err(self
                .source
                .wrong(hard.span(), what)
                .hint("leave `hard` out: then the condition is fitted at points")),
            (None, all) => {
                self.fitted.extend(all.ok().map(|all| (name.to_owned(), all)));
                Ok(false)
            }
        }
    }

    /// Checks that there is room for a term.
    pub(super) fn check_count(&self, span: Range<usize>) -> Result<(), Failure> {
        if self.terms.len() < MOST_TERMS {
            return Ok(());
        }
        let what = format!("more than {MOST_TERMS} equations and conditions");
        Err(self.source.wrong(span, what).hint("those at the same points can be one, with `formulas = [..]`"))
    }

    /// The name of a term, or one that no other has.
    pub(super) fn name(&self, given: Option<&Spanned<String>>, kind: &str) -> Result<String, Failure> {
        let is_taken = |name: &str| self.terms.iter().any(|term| term.name == name);
        let Some(given) = given else {
            let numbered = (2..).map(|number| format!("{kind} {number}"));
            let mut names = std::iter::once(kind.to_owned()).chain(numbered);
            return Ok(names.find(|name| !is_taken(name)).unwrap_or_default());
        };
        let name = given.get_ref();
        let wrong = |what: String| self.source.wrong(given.span(), what);
        if name.trim().is_empty() || name.chars().count() > LONGEST || name.chars().any(char::is_control) {
            let failure = wrong(format!("`{}` cannot be the name of a term", name.escape_debug()));
            return Err(failure.hint(format!("names are lines of 1 to {LONGEST} letters")));
        }
        if is_taken(name) {
            return Err(wrong(format!("two terms have the name `{name}`")).hint("give one of them another"));
        }
        Ok(name.clone())
    }

    pub(super) fn points(&self, points: Option<&Spanned<i64>>, usual: usize, faces: usize) -> Result<usize, Failure> {
        let Some(points) = points else { return Ok(usual.max(faces)) };
        let count = *points.get_ref();
        let wrong = |what: String, hint: &str| Err(self.source.wrong(points.span(), what).hint(hint));
        match usize::try_from(count) {
            Ok(count) if count >= 1 && count < faces => {
                wrong(format!("{count} points on {faces} faces"), "each face needs a point at least")
            }
            Ok(found) if found >= 1 && count <= MOST_POINTS => Ok(found),
            _ => wrong(format!("{count} points"), "take from 1 to a thousand million"),
        }
    }

    pub(super) fn weight(&self, weight: Option<&Spanned<Number>>) -> Result<f64, Failure> {
        let Some(weight) = weight else { return Ok(1.0) };
        let value = self.names.number(&self.source, weight)?;
        match value > 0.0 {
            true => Ok(value),
            false => Err(self
                .source
                .wrong(weight.span(), format!("a weight of {}", plain(value)))
                .hint("weights are positive")),
        }
    }

    /// The loss of a term.
    pub(super) fn penalties(&self, loss: Option<&Spanned<Loss>>, is_one_sided: bool) -> Result<Penalties, Failure> {
        let penalty = match loss.map(Spanned::get_ref) {
            None | Some(Loss::Squared) => Penalty::Squared,
            Some(Loss::Absolute) => Penalty::Absolute,
            Some(Loss::LogCosh) => Penalty::LogCosh,
            Some(Loss::Huber(None)) => Penalty::Huber(1.0),
            Some(Loss::Huber(Some(size))) => {
                let delta = self.names.number(&self.source, size)?;
                if delta <= 0.0 {
                    let what = format!("Huber's loss that is linear from {} on", plain(delta));
                    return Err(self.source.wrong(size.span(), what).hint("this size is positive"));
                }
                Penalty::Huber(delta)
            }
        };
        Ok(Penalties { penalty, is_one_sided })
    }

    /// The formulas of a term, one or several, and whether they are inequalities, which hold where they are not below zero.
    fn formulas(&self, statement: &Spanned<Statement>, has_normal: bool) -> Result<(Vec<Formula>, bool), Failure> {
        let wrong = |what: &dyn Display| self.source.wrong(statement.span(), what);
        let Statement { formula, formulas, .. } = statement.get_ref();
        let texts = match (formula, formulas) {
            (Some(formula), None) => std::slice::from_ref(formula),
            (None, Some(formulas)) if !formulas.get_ref().is_empty() => formulas.get_ref().as_slice(),
            (None, Some(formulas)) => {
                let failure = self.source.wrong(formulas.span(), "the list has no formulas");
                return Err(failure.hint("write `formulas = [\"u_x = v\", \"v_x = -u\"]`"));
            }
            (Some(_), Some(_)) => {
                return Err(wrong(&"both `formula` and `formulas`").hint("put all formulas into one list"));
            }
            (None, None) => return Err(wrong(&"there is no formula").hint("write `formula = \"u = 0\"`")),
        };
        let scope = self.names.scope.clone();
        let scope = if has_normal { scope } else { scope.without(Kind::Normal) };
        let read: Vec<(Formula, Relation)> =
            texts.iter().map(|text| self.relation_in(text, &scope)).collect::<Result<_, _>>()?;
        let is_one_sided = |relation: &Relation| *relation != Relation::Equal;
        let first = read.first().is_some_and(|(_, relation)| is_one_sided(relation));
        if let Some((_, text)) = read.iter().zip(texts).find(|((_, relation), _)| is_one_sided(relation) != first) {
            let what = "equations and inequalities in one list";
            return Err(self.source.wrong(text.span(), what).hint("give the inequalities a table of their own"));
        }
        Ok((read.into_iter().map(|(formula, _)| formula).collect(), first))
    }

    /// An equation about the unknowns, with the names of a scope.
    pub(super) fn equation_in(&self, text: &Spanned<String>, scope: &Scope) -> Result<Formula, Failure> {
        let (formula, relation) = self.relation_in(text, scope)?;
        if relation != Relation::Equal {
            let what = format!("`{formula}` is an inequality, and measurements are equations");
            return Err(self
                .source
                .wrong(text.span(), what)
                .hint("inequalities are below `[[conditions]]` or `[[equations]]`"));
        }
        Ok(formula)
    }

    /// An equation or an inequality about the unknowns, with the names of a scope; an inequality as one that says what is not below zero.
    fn relation_in(&self, text: &Spanned<String>, scope: &Scope) -> Result<(Formula, Relation), Failure> {
        let read = Formula::condition(text.get_ref(), scope);
        let (formula, relation) = read.map_err(|error| self.source.formula(text.span(), text.get_ref(), error))?;
        if !formula.expression().uses(Kind::Unknown) {
            let what = format!("`{formula}` says nothing about what is solved for");
            let hint = format!("name one of the unknowns: {}", self.names.scope.unknowns().join(", "));
            return Err(self.source.wrong(text.span(), what).hint(hint));
        }
        Ok((formula, relation))
    }
}

/// Where a statement holds, in words.
fn place(statement: &Statement) -> String {
    let place = match statement.on.as_ref().map(Spanned::get_ref) {
        None => "in the domain".to_owned(),
        Some(Listed::One(on)) => format!("on {on}"),
        Some(Listed::Several(faces)) => {
            let faces: Vec<&str> = faces.iter().map(|face| face.get_ref().as_str()).collect();
            format!("on {}", faces.join(" and "))
        }
    };
    let place = match &statement.predicate {
        Some(predicate) => format!("{place}, where {predicate}"),
        None => place,
    };
    match &statement.hard {
        Some(hard) if *hard.get_ref() => format!("{place}{BUILT_IN}"),
        _ => place,
    }
}

/// What stands behind the coordinates in the rows of a term.
#[derive(Default)]
pub(crate) struct Behind {
    /// Where the columns of data are.
    pub(crate) columns: Vec<usize>,
    /// Where the normal begins, if it is needed.
    pub(crate) normal: Option<usize>,
}

/// The residuals of expressions at the same points, divided by the standard deviation of errors.
pub(crate) fn residual(
    expressions: Vec<Expression>,
    noise: Option<Expression>,
    coefficients: usize,
    behind: Behind,
) -> Residual {
    let has_derivatives = expressions.iter().any(|expression| expression.order() > 0);
    Arc::new(move |field: &Field, rows: Tensor<2>| {
        let coefficients: Vec<Tensor<2>> = (0..coefficients).map(|index| field.coefficient(index)).collect();
        let Behind { columns, normal } = &behind;
        let given =
            Given { rows: &rows, unknowns: Unknowns::Absent, coefficients: &coefficients, columns, normal: *normal };
        let all = |unknowns: Unknowns<'_>| {
            let given = Given { unknowns, ..given };
            Tensor::cat(expressions.iter().flat_map(|expression| expression.tensors(&given)).collect(), 1)
        };
        let points = field.points(&rows);
        let residuals = match has_derivatives {
            true => all(Unknowns::Jet(&jet(points, |x| field.value(x)))),
            // A jet of the value alone would take longer.
            false => all(Unknowns::Values(&field.value(points))),
        };
        match &noise {
            Some(noise) => residuals / noise.tensors(&given).swap_remove(0),
            None => residuals,
        }
    })
}
