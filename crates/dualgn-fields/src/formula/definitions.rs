//! Definitions: names for formulas that other formulas use.

use super::error::{Failed, FormulaError, Wrong};
use super::parse::parse;
use super::resolve::resolve;
use super::scope::{Meaning, Reference, Scope};
use super::syntax::{Span, Syntax, Tree};

impl Scope {
    /// Declares names for formulas, in any order; they may use each other, but not in a circle. `[u, v]` makes a vector of two names.
    ///
    /// # Errors
    /// Fails with the number of the definition that is wrong. The scope is of no use then.
    pub(crate) fn define<S: AsRef<str>>(&mut self, definitions: &[(S, S)]) -> Result<(), (usize, FormulaError)> {
        for (index, (name, _)) in definitions.iter().enumerate() {
            self.declare(name.as_ref(), Meaning::Pending(index)).map_err(|error| (index, error))?;
        }
        let text = |index: usize| definitions[index].1.as_ref();
        let at = |index: usize| move |failed: Failed| (index, failed.of(text(index)));
        let mut trees = vec![];
        for index in 0..definitions.len() {
            trees.push(parse(text(index)).map_err(at(index))?);
        }
        let uses: Vec<Vec<(usize, Span)>> = trees.iter().map(|tree| self.uses(tree)).collect();
        for index in self.order(&uses).map_err(|(index, failed)| at(index)(failed))? {
            let tree = &trees[index];
            if let Syntax::Equation(..) = tree.node(tree.root()) {
                let wrong = Wrong::Equation("the formula of a definition");
                return Err(at(index)(Failed::new(tree.span(tree.root()), wrong)));
            }
            let resolved = resolve(tree, self).map_err(at(index))?;
            let value = resolved.value(tree.root()).clone();
            self.graph = resolved.graph;
            self.settle(index, value);
        }
        Ok(())
    }

    /// The pending definitions that a formula uses, and where.
    fn uses(&self, tree: &Tree) -> Vec<(usize, Span)> {
        let mut uses = vec![];
        for (index, node) in tree.nodes().iter().enumerate() {
            let Syntax::Name(name) = node else { continue };
            if let Ok(Reference::Meaning(meaning) | Reference::Derivative { meaning, .. }) =
                self.find(name, tree.span(index))
                && let Meaning::Pending(definition) = meaning
            {
                uses.push((*definition, tree.span(index)));
            }
        }
        uses
    }

    /// Definitions, each after those that it uses.
    fn order(&self, uses: &[Vec<(usize, Span)>]) -> Result<Vec<usize>, (usize, Failed)> {
        let mut order = vec![];
        let mut is_done = vec![false; uses.len()];
        loop {
            let before = order.len();
            for index in 0..uses.len() {
                if !is_done[index] && uses[index].iter().all(|(used, _)| is_done[*used]) {
                    is_done[index] = true;
                    order.push(index);
                }
            }
            if order.len() == before {
                break;
            }
        }
        match is_done.iter().position(|done| !done) {
            None => Ok(order),
            Some(start) => Err(self.circle(uses, &is_done, start)),
        }
    }

    /// A circle among the definitions that are left. Each of them uses another one.
    fn circle(&self, uses: &[Vec<(usize, Span)>], is_done: &[bool], start: usize) -> (usize, Failed) {
        let next = |index: usize| uses[index].iter().find(|(used, _)| !is_done[*used]).copied();
        let mut way: Vec<(usize, Span)> = vec![];
        let mut index = start;
        while let Some((used, span)) = next(index) {
            if let Some(begin) = way.iter().position(|(other, _)| *other == index) {
                let circle = &way[begin..];
                let names = circle.iter().chain(&circle[..1]).map(|(index, _)| self.pending(*index));
                let names = names.collect::<Vec<_>>().join(" -> ");
                return (circle[0].0, Failed::new(circle[0].1, Wrong::Cycle(names)));
            }
            way.push((index, span));
            index = used;
        }
        (start, Failed::new(Span::default(), Wrong::Cycle(self.pending(start).to_owned())))
    }
}
