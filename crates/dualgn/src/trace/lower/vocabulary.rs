//! Burn's vocabulary of operations, and the support for each of them.
//!
//! From one table per family of Burn the macro creates the list of its operations, and the function that finds the
//! entry and the translation of a recorded one. Both name every operation, so an operation added by a later version of
//! Burn is a compile error and never a silent constant.

/// The way in which tracing a network supports an operation of Burn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Support {
    /// Differentiated by the derivative rule of the family with this name.
    Rule(&'static str),
    /// Expressed by the named operations, each of which has a rule or is a value.
    Parts(&'static str),
    /// Evaluated only: the operation has no derivative, or is piecewise constant, with derivative zero.
    Value,
    /// Rejected with an error if the output depends on it, for the reason given (random numbers can be allowed by
    /// [`Tracing::random`](crate::Tracing::random)).
    Refused(&'static str),
}

/// One operation of Burn's vocabulary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Operation {
    /// The family in Burn: base, numeric, float, int, bool, module, activation, distributed or other.
    pub family: &'static str,
    /// The name in Burn.
    pub name: &'static str,
    /// The support for the operation.
    pub support: Support,
}

/// Creates the module of one family from its table: lines with a translation each, in groups of equal support, and
/// after a semicolon the names of those that are expressed by others or rejected.
macro_rules! vocabulary {
    (
        $family:ident: $ir:ident {
            $($support:expr => { $($name:ident($recorded:pat) => $lowered:expr,)+ })*
            $(; $($other:expr => [$($other_name:ident)+])*)?
        }
    ) => {
        pub(in crate::trace::lower) mod $family {
            use super::*;

            const fn line(name: &'static str, support: Support) -> Operation {
                Operation { family: stringify!($family), name, support }
            }

            pub(crate) const OPERATIONS: &[Operation] = &[
                $($(line(stringify!($name), $support),)+)*
                $($($(line(stringify!($other_name), $other),)+)*)?
            ];

            pub(crate) fn lower(operation: &$ir) -> (&'static Operation, Lowered) {
                match operation {
                    $($($ir::$name($recorded) => (const { &line(stringify!($name), $support) }, $lowered),)+)*
                    $($($($ir::$other_name(_) => (const { &line(stringify!($other_name), $other) }, match $other {
                        Support::Parts(_) => Lowered::Parts,
                        _ => Lowered::Refused,
                    }),)+)*)?
                }
            }
        }
    };
}

pub(super) use vocabulary;
