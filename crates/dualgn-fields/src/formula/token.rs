//! [`tokens`]: text -> numbers, names and signs.

use winnow::ascii::digit1;
use winnow::combinator::{alt, opt, preceded, repeat};
use winnow::stream::LocatingSlice;
use winnow::token::{any, one_of, take_while};
use winnow::{Parser, Result};

use super::error::{Failed, Wrong};
use super::syntax::Span;

/// Bytes of the longest formula. Every part of it takes a byte, so that this limits all that is made of it.
const LENGTH: usize = 10_000;
/// How deep parentheses, signs and powers may be nested: the parser calls itself for each.
const DEPTH: usize = 100;

/// A number, a name or a sign.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lexeme<'t> {
    Number(f64),
    Name(&'t str),
    Sign(Sign),
}

/// A sign or a word that joins parts of a formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    Plus,
    Minus,
    Times,
    Over,
    Power,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Same,
    Different,
    Equals,
    And,
    Or,
    Not,
    Open,
    Close,
    OpenList,
    CloseList,
    Comma,
}

impl Sign {
    /// Returns how it is written.
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Plus => "+",
            Self::Minus => "-",
            Self::Times => "*",
            Self::Over => "/",
            Self::Power => "^",
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Greater => ">",
            Self::AtLeast => ">=",
            Self::Same => "==",
            Self::Different => "!=",
            Self::Equals => "=",
            Self::And => "and",
            Self::Or => "or",
            Self::Not => "not",
            Self::Open => "(",
            Self::Close => ")",
            Self::OpenList => "[",
            Self::CloseList => "]",
            Self::Comma => ",",
        }
    }
}

/// A lexeme where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) lexeme: Lexeme<'t>,
    pub(super) span: Span,
}

/// Reads a text, which has few enough tokens and levels to be parsed.
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Failed> {
    let whole = Span { start: 0, end: text.len() };
    if text.len() > LENGTH {
        let start = Span { start: 0, end: 0 };
        return Err(Failed::new(start, Wrong::TooLong { length: text.len(), limit: LENGTH }));
    }
    let mut rest = LocatingSlice::new(text);
    let blank = || take_while(0.., char::is_whitespace);
    let token = (lexeme.with_span(), blank())
        .map(|((lexeme, span), _)| Token { lexeme, span: Span { start: span.start, end: span.end } });
    let read: Result<Vec<Token>> = preceded(blank(), repeat(0.., token)).parse_next(&mut rest);
    let tokens = read.unwrap_or_default();
    for Token { lexeme, span } in &tokens {
        if matches!(lexeme, Lexeme::Number(number) if number.is_infinite()) {
            return Err(Failed::new(*span, Wrong::TooLargeNumber(text[span.start..span.end].to_owned())));
        }
    }
    if let Some(character) = rest.chars().next() {
        let start = text.len() - rest.len();
        return Err(unknown(character, start));
    }
    if tokens.is_empty() {
        return Err(Failed::new(whole, Wrong::Empty));
    }
    limited(&tokens)?;
    Ok(tokens)
}

fn lexeme<'t>(input: &mut LocatingSlice<&'t str>) -> Result<Lexeme<'t>> {
    let digits = (alt(((digit1, opt(('.', opt(digit1)))).void(), ('.', digit1).void())), opt(exponent));
    let number = digits.take().try_map(str::parse::<f64>).map(Lexeme::Number);
    let first = one_of(|c: char| c.is_alphabetic() || c == '_');
    let name = (first, take_while(0.., is_of_name)).take().map(word);
    alt((number, name, sign.map(Lexeme::Sign))).parse_next(input)
}

fn exponent(input: &mut LocatingSlice<&str>) -> Result<()> {
    (one_of(['e', 'E']), opt(one_of(['+', '-'])), digit1).void().parse_next(input)
}

/// Letters of any alphabet, but digits of ours alone: superscripts are digits too.
pub(super) fn is_of_name(c: char) -> bool {
    c.is_alphabetic() || c.is_ascii_digit() || c == '_'
}

fn word(name: &str) -> Lexeme<'_> {
    match name {
        "and" => Lexeme::Sign(Sign::And),
        "or" => Lexeme::Sign(Sign::Or),
        "not" => Lexeme::Sign(Sign::Not),
        name => Lexeme::Name(name),
    }
}

fn sign(input: &mut LocatingSlice<&str>) -> Result<Sign> {
    let two = alt((
        "**".value(Sign::Power),
        "<=".value(Sign::AtMost),
        ">=".value(Sign::AtLeast),
        "==".value(Sign::Same),
        "!=".value(Sign::Different),
    ));
    let one = any.verify_map(|c| {
        Some(match c {
            '+' => Sign::Plus,
            '-' | '−' => Sign::Minus,
            '*' | '·' | '⋅' | '×' => Sign::Times,
            '/' => Sign::Over,
            '^' => Sign::Power,
            '<' => Sign::Less,
            '≤' => Sign::AtMost,
            '>' => Sign::Greater,
            '≥' => Sign::AtLeast,
            '≠' => Sign::Different,
            '=' => Sign::Equals,
            '(' => Sign::Open,
            ')' => Sign::Close,
            '[' => Sign::OpenList,
            ']' => Sign::CloseList,
            ',' => Sign::Comma,
            _ => return None,
        })
    });
    alt((two, one)).parse_next(input)
}

/// What is no part of the language, with what is written instead.
fn unknown(character: char, start: usize) -> Failed {
    let span = Span { start, end: start + character.len_utf8() };
    let hint = match character {
        '²' => "a square is written `^2`",
        '³' => "a cube is written `^3`",
        '√' => "a root is written `sqrt(...)`",
        '∂' => "derivatives are written `u_x` or `d(u, x)`",
        '∇' | '∆' => "write `grad(u)`, `div(v)`, `curl(v)` or `lap(u)`",
        '\'' | '′' => "derivatives are written `u_x` or `d(u, x)`",
        '&' | '|' | '!' => "write `and`, `or`, `not`; the size of a number is `abs(...)`, that of a vector `norm(...)`",
        '{' | '}' => "parentheses are round",
        '%' => "a percentage is divided by 100",
        _ => return Failed::new(span, Wrong::Character(character.escape_debug().to_string())),
    };
    Failed::new(span, Wrong::Character(character.to_string())).hint(hint)
}

/// How many calls of the parser within each other the tokens of one pair of parentheses need.
#[derive(Clone, Copy, Default)]
struct Level {
    /// `not`s that are open: everything but `and` and `or` binds tighter.
    negations: usize,
    /// Signs and powers that are open: only powers bind tighter.
    powers: usize,
}

/// Fails if the tokens are nested too deeply, before the parser's own stack is needed for them.
fn limited(tokens: &[Token]) -> Result<(), Failed> {
    let mut levels = vec![Level::default()];
    let mut is_operand_next = true;
    for Token { lexeme, span } in tokens {
        let last = levels.len() - 1;
        let level = &mut levels[last];
        let Lexeme::Sign(sign) = lexeme else {
            is_operand_next = false;
            continue;
        };
        match sign {
            Sign::Open | Sign::OpenList => levels.push(Level::default()),
            Sign::Close | Sign::CloseList if last > 0 => drop(levels.pop()),
            Sign::Close | Sign::CloseList => {}
            Sign::Not => level.negations += 1,
            Sign::Plus | Sign::Minus if is_operand_next => level.powers += 1,
            Sign::Power => level.powers += 1,
            Sign::And | Sign::Or | Sign::Comma | Sign::Equals => *level = Level::default(),
            _ => level.powers = 0,
        }
        is_operand_next = !matches!(sign, Sign::Close | Sign::CloseList);
        if levels.iter().map(|level| 1 + level.negations + level.powers).sum::<usize>() > DEPTH {
            return Err(Failed::new(*span, Wrong::TooDeep { limit: DEPTH }));
        }
    }
    Ok(())
}
