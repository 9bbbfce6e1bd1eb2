//! Burn's vocabulary of operations, and what becomes of each of them here.
//!
//! The macro makes two things of one table for each of Burn's families: the list of its operations, and the line and
//! translation of a recorded one. Both name every operation: one that a later Burn adds is a compile error and never a
//! silent constant.

/// What becomes of an operation of Burn when a network is traced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Support {
    /// Differentiated by a rule of the family of this name.
    Rule(&'static str),
    /// Expressed by the operations named, each of which has a rule or is a value.
    Parts(&'static str),
    /// Evaluated. It has no derivative, or is constant between its jumps, where the derivative is zero.
    Value,
    /// An error when the output depends on it, for the reason given (random numbers may be allowed, by `Tracing::random`).
    Refused(&'static str),
}

/// One operation of Burn's vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// Burn's family: base, numeric, float, int, bool, module, activation, distributed or other.
    pub family: &'static str,
    /// Burn's name.
    pub name: &'static str,
    /// What becomes of it.
    pub support: Support,
}

/// The table of one family, as a module of its name: lines with a translation each, in groups of equal support, and after a
/// semicolon the names of those that have parts or are refused.
macro_rules! vocabulary {
    (
        $family:ident: $ir:ident {
            $($support:expr => { $($name:ident($recorded:pat) => $lowered:expr,)+ })*
            $(; $($other:expr => [$($other_name:ident)+])*)?
        }
    ) => {
        pub(in crate::trace::lower) mod $family {
            use super::*;

            pub const OPERATIONS: &[Operation] = &[
                $($(Operation { family: stringify!($family), name: stringify!($name), support: $support },)+)*
                $($($(Operation { family: stringify!($family), name: stringify!($other_name), support: $other },)+)*)?
            ];

            pub fn lower(operation: &$ir) -> (&'static Operation, Lowered) {
                let (name, lowered) = match operation {
                    $($($ir::$name($recorded) => (stringify!($name), $lowered),)+)*
                    $($($($ir::$other_name(_) => (stringify!($other_name), match $other {
                        Support::Parts(_) => Lowered::Parts,
                        _ => Lowered::Refused,
                    }),)+)*)?
                };
                (OPERATIONS.iter().find(|line| line.name == name).expect("made of the same names"), lowered)
            }
        }
    };
}

pub(super) use vocabulary;
