//! [`combination`]: how a domain is put together from shapes, as `plate - hole`.

use super::error::{Failed, FormulaError, Wrong, near};
use super::parse::parse;
use super::syntax::Syntax;
use super::vocabulary::Arithmetic;
use crate::geometry::Step;

/// Reads unions, differences and intersections of named shapes, as `(a + b)*c - d`: the steps to the whole, with the numbers of the
/// names.
///
/// # Errors
/// Fails if the text is none, or names what is no shape.
pub(crate) fn combination(text: &str, names: &[&str]) -> Result<Vec<Step>, FormulaError> {
    let read = || {
        let tree = parse(text)?;
        let mut steps = vec![];
        // Parts stand before what they are parts of: a step for each.
        for (index, node) in tree.nodes().iter().enumerate() {
            let wrong = || Failed::new(tree.span(index), Wrong::NoCombination);
            steps.push(match node {
                Syntax::Name(name) => Step::Figure(names.iter().position(|other| other == name).ok_or_else(|| {
                    let known = format!("the shapes here are {}", names.join(", "));
                    let unknown = Wrong::UnknownName { name: name.clone(), names: known };
                    Failed::new(tree.span(index), unknown).perhaps(near(name, names.iter().copied()))
                })?),
                Syntax::Arithmetic(Arithmetic::Add, a, b) => Step::Union(*a, *b),
                Syntax::Arithmetic(Arithmetic::Subtract, a, b) => Step::Difference(*a, *b),
                Syntax::Arithmetic(Arithmetic::Multiply, a, b) => Step::Intersection(*a, *b),
                _ => return Err(wrong()),
            });
        }
        Ok(steps)
    };
    read().map_err(|failed: Failed| failed.of(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_put_together_in_the_order_of_arithmetic() {
        use Step::{Difference, Figure, Intersection, Union};
        let read = |text: &str| combination(text, &["a", "b", "c"]);
        assert_eq!(read("b").unwrap(), [Figure(1)]);
        assert_eq!(read("a - b*c").unwrap(), [Figure(0), Figure(1), Figure(2), Intersection(1, 2), Difference(0, 3)]);
        assert_eq!(read("(a + b)*c").unwrap(), [Figure(0), Figure(1), Union(0, 1), Figure(2), Intersection(2, 3)]);
        for (text, words) in [
            ("a - d", "there is no `d`; the shapes here are a, b, c"),
            ("a/b", "`+`, `-` and `*`"),
            ("-a", "`+`, `-` and `*`"),
            ("a - 2", "`+`, `-` and `*`"),
            ("", "empty"),
        ] {
            let message = read(text).unwrap_err().to_string();
            assert!(message.contains(words), "{text}: {message}");
        }
    }
}
