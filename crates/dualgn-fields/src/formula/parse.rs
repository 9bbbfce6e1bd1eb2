//! [`parse`]: text -> [`Tree`].
//!
//! | binds from the loosest | |
//! |---|---|
//! | `=` | once, between the two sides of an equation |
//! | `or` | |
//! | `and` | |
//! | `not` | |
//! | `<` `<=` `>` `>=` `==` `!=` | `0 < x < 1` is `0 < x and x < 1` |
//! | `+` `-` | |
//! | `*` `/` | |
//! | `-` before a number or a name | `-x^2` is `-(x^2)` |
//! | `^` or `**` | from the right: `2^3^2` is `2^9` |

use winnow::Parser;
use winnow::combinator::{Infix, Prefix, expression, fail};
use winnow::error::{ErrMode, ParserError};
use winnow::stream::{Stateful, Stream, TokenSlice};

use super::error::{Failed, Wrong};
use super::syntax::{Span, Syntax, Tree};
use super::token::{Lexeme, Sign, Token, tokens};
use super::vocabulary::{Arithmetic, Comparison, Connective};

/// The tokens that are left, and the tree so far.
type Input<'t> = Stateful<TokenSlice<'t, Token<'t>>, Growing>;
type Parsed<T> = Result<T, ErrMode<Failed>>;

/// How tightly operators bind.
const OR: i64 = 10;
const AND: i64 = 20;
const NOT: i64 = 30;
const COMPARISON: i64 = 40;
const SUM: i64 = 50;
const PRODUCT: i64 = 60;
const NEGATION: i64 = 70;
const POWER: i64 = 80;

const OPERAND: &str = "a number, a name or `(`";

/// Parses a formula.
pub(super) fn parse(text: &str) -> Result<Tree, Failed> {
    let tokens = tokens(text)?;
    let mut input = Input { input: TokenSlice::new(&tokens), state: Growing::default() };
    whole(&mut input).map_err(|failed| match failed {
        ErrMode::Backtrack(failed) | ErrMode::Cut(failed) => failed,
        ErrMode::Incomplete(_) => expected("the rest of the formula", &input),
    })?;
    Ok(input.state.tree)
}

fn whole(input: &mut Input<'_>) -> Parsed<()> {
    let left = formula(input)?;
    if next(input) == Some(Sign::Equals) {
        input.next_token();
        let right = formula(input)?;
        input.state.joined(left, right, Syntax::Equation(left, right));
    }
    match next(input) {
        _ if input.input.is_empty() => Ok(()),
        Some(Sign::Equals) => Err(ErrMode::Cut(Failed::new(here(input), Wrong::MisplacedEquals))),
        _ => Err(ErrMode::Cut(expected("an operator or the end", input).perhaps(missing(input)))),
    }
}

/// What stands between two signs of lower order.
fn formula(input: &mut Input<'_>) -> Parsed<usize> {
    expression(operand).prefix(prefix).postfix(fail).infix(infix).parse_next(input)
}

fn operand(input: &mut Input<'_>) -> Parsed<usize> {
    let Some(&Token { lexeme, span }) = input.peek_token() else {
        return Err(ErrMode::Cut(expected(OPERAND, input)));
    };
    let sign = match lexeme {
        Lexeme::Number(number) => {
            input.next_token();
            return Ok(input.state.tree.push(Syntax::Number(number), span));
        }
        Lexeme::Name(name) => {
            input.next_token();
            return named(name, span, input);
        }
        Lexeme::Sign(sign) => sign,
    };
    match sign {
        // What comes next has a parser of its own.
        Sign::Minus | Sign::Plus | Sign::Not => Err(ErrMode::Backtrack(expected(OPERAND, input))),
        Sign::Open => {
            input.next_token();
            let inner = formula(input)?;
            let end = close(Sign::Close, "an operator or `)`", input)?;
            input.state.tree.widen(inner, span.to(end));
            Ok(inner)
        }
        Sign::OpenList => {
            input.next_token();
            let (items, end) = items(Sign::CloseList, "an operator, `,` or `]`", input)?;
            Ok(input.state.tree.push(Syntax::List(items), span.to(end)))
        }
        Sign::Equals => Err(ErrMode::Cut(Failed::new(span, Wrong::MisplacedEquals))),
        _ => Err(ErrMode::Cut(expected(OPERAND, input))),
    }
}

/// A name, or a call if parentheses follow.
fn named(name: &str, span: Span, input: &mut Input<'_>) -> Parsed<usize> {
    if next(input) != Some(Sign::Open) {
        return Ok(input.state.tree.push(Syntax::Name(name.to_owned()), span));
    }
    input.next_token();
    let (arguments, end) = items(Sign::Close, "an operator, `,` or `)`", input)?;
    Ok(input.state.tree.push(Syntax::Call { function: name.to_owned(), arguments }, span.to(end)))
}

/// Formulas between commas, and the place of the sign that ends them.
fn items(end: Sign, wanted: &'static str, input: &mut Input<'_>) -> Parsed<(Vec<usize>, Span)> {
    let mut items = vec![];
    if next(input) != Some(end) {
        items.push(formula(input)?);
        while next(input) == Some(Sign::Comma) {
            input.next_token();
            items.push(formula(input)?);
        }
    }
    Ok((items, close(end, wanted, input)?))
}

/// The sign that ends what has begun, and its place.
fn close(end: Sign, wanted: &'static str, input: &mut Input<'_>) -> Parsed<Span> {
    let span = here(input);
    match next(input) {
        Some(sign) if sign == end => {
            input.next_token();
            Ok(span)
        }
        Some(Sign::Equals) => {
            let failed = Failed::new(span, Wrong::MisplacedEquals);
            Err(ErrMode::Cut(
                failed.hint("a comparison is written `==`, and a condition at a place is a term of its own"),
            ))
        }
        _ => Err(ErrMode::Cut(expected(wanted, input).perhaps(missing(input)))),
    }
}

fn prefix<'t>(input: &mut Input<'t>) -> Parsed<Prefix<Input<'t>, usize, ErrMode<Failed>>> {
    let sign = next(input);
    let span = here(input);
    input.state.signs.push(span);
    input.next_token();
    Ok(match sign {
        Some(Sign::Not) => Prefix(NOT, |input: &mut Input<'_>, operand| Ok(input.state.signed(operand, Syntax::Not))),
        Some(Sign::Minus) => {
            Prefix(NEGATION, |input: &mut Input<'_>, operand| Ok(input.state.signed(operand, Syntax::Negation)))
        }
        _ => Prefix(NEGATION, |input: &mut Input<'_>, operand| {
            input.state.signs.pop();
            Ok(operand)
        }),
    })
}

fn infix<'t>(input: &mut Input<'t>) -> Parsed<Infix<Input<'t>, usize, ErrMode<Failed>>> {
    macro_rules! arithmetic {
        ($side:ident, $power:expr, $operation:ident) => {
            Infix::$side($power, |input: &mut Input<'_>, a, b| {
                Ok(input.state.joined(a, b, Syntax::Arithmetic(Arithmetic::$operation, a, b)))
            })
        };
    }
    macro_rules! logic {
        ($power:expr, $connective:ident) => {
            Infix::Left($power, |input: &mut Input<'_>, a, b| {
                Ok(input.state.joined(a, b, Syntax::Logic(Connective::$connective, a, b)))
            })
        };
    }
    macro_rules! comparison {
        ($comparison:ident) => {
            Infix::Left(COMPARISON, |input: &mut Input<'_>, a, b| {
                Ok(input.state.compared(Comparison::$comparison, a, b))
            })
        };
    }
    let operator = match next(input) {
        Some(Sign::Plus) => arithmetic!(Left, SUM, Add),
        Some(Sign::Minus) => arithmetic!(Left, SUM, Subtract),
        Some(Sign::Times) => arithmetic!(Left, PRODUCT, Multiply),
        Some(Sign::Over) => arithmetic!(Left, PRODUCT, Divide),
        Some(Sign::Power) => arithmetic!(Right, POWER, Power),
        Some(Sign::Less) => comparison!(Less),
        Some(Sign::AtMost) => comparison!(AtMost),
        Some(Sign::Greater) => comparison!(Greater),
        Some(Sign::AtLeast) => comparison!(AtLeast),
        Some(Sign::Same) => comparison!(Equal),
        Some(Sign::Different) => comparison!(NotEqual),
        Some(Sign::And) => logic!(AND, And),
        Some(Sign::Or) => logic!(OR, Or),
        _ => return Err(ErrMode::Backtrack(expected("an operator", input))),
    };
    input.next_token();
    Ok(operator)
}

/// The tree so far.
#[derive(Debug, Default)]
struct Growing {
    tree: Tree,
    /// Where signs stand whose operands are being parsed.
    signs: Vec<Span>,
}

impl Growing {
    fn span(&self, of: usize) -> Span {
        self.tree.span(of)
    }

    /// Two parts with what joins them.
    fn joined(&mut self, left: usize, right: usize, node: Syntax) -> usize {
        let span = self.span(left).to(self.span(right));
        self.tree.push(node, span)
    }

    /// A part with the sign before it.
    fn signed(&mut self, operand: usize, node: fn(usize) -> Syntax) -> usize {
        let span = self.signs.pop().unwrap_or_default().to(self.span(operand));
        self.tree.push(node(operand), span)
    }

    fn compared(&mut self, comparison: Comparison, left: usize, right: usize) -> usize {
        // A comparison in parentheses begins with them.
        let is_chained = match *self.tree.node(left) {
            Syntax::Comparison { left: first, .. } => self.span(first).start == self.span(left).start,
            _ => false,
        };
        self.joined(left, right, Syntax::Comparison { comparison, left, right, is_chained })
    }
}

/// The sign that comes next, if one does.
fn next(input: &Input<'_>) -> Option<Sign> {
    match input.peek_token()?.lexeme {
        Lexeme::Sign(sign) => Some(sign),
        _ => None,
    }
}

/// Where the next token is, or the end.
fn here(input: &Input<'_>) -> Span {
    match input.peek_token() {
        Some(token) => token.span,
        None => {
            let end = input.previous_tokens().next().map_or(0, |token| token.span.end);
            Span { start: end, end }
        }
    }
}

fn expected(what: &'static str, input: &Input<'_>) -> Failed {
    let found = match input.peek_token().map(|token| token.lexeme) {
        None => "the end".into(),
        Some(Lexeme::Number(number)) => format!("the number {number}"),
        Some(Lexeme::Name(name)) => format!("`{name}`"),
        Some(Lexeme::Sign(sign)) => format!("`{}`", sign.text()),
    };
    Failed::new(here(input), Wrong::Expected { expected: what, found })
}

/// What may be missing before the next token.
fn missing(input: &Input<'_>) -> Option<String> {
    let before = input.previous_tokens().next()?.lexeme;
    let ends = matches!(before, Lexeme::Number(_) | Lexeme::Name(_) | Lexeme::Sign(Sign::Close | Sign::CloseList));
    match input.peek_token()?.lexeme {
        Lexeme::Sign(Sign::OpenList) if ends => Some("components of vectors have names of their own".into()),
        Lexeme::Number(_) | Lexeme::Name(_) | Lexeme::Sign(Sign::Open) if ends => {
            Some("a product is written with `*`".into())
        }
        Lexeme::Sign(Sign::Close | Sign::CloseList) => Some("it closes nothing".into()),
        Lexeme::Sign(Sign::Comma) => Some("a vector is written `[a, b]`".into()),
        _ => None,
    }
}

impl<'t> ParserError<Input<'t>> for Failed {
    type Inner = Self;

    fn from_input(input: &Input<'t>) -> Self {
        expected(OPERAND, input)
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}
