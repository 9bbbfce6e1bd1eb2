//! Burn's vocabulary of operations, and what becomes of each of them here.
//!
//! The macro makes three things of one table for each of Burn's families: the list of its operations, the line of a
//! recorded operation, and its translation. All three name every operation: one that a later Burn adds is a compile error
//! and never a silent constant.

use burn::backend::ir::{DistributedOperationIr, OperationIr};

use super::{Lowered, module, tensor};

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

/// All operations that Burn can record, in the order of Burn's families.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    let families = [
        tensor::base::OPERATIONS,
        tensor::numeric::OPERATIONS,
        tensor::float::OPERATIONS,
        tensor::int::OPERATIONS,
        tensor::bool::OPERATIONS,
        module::module::OPERATIONS,
        module::activation::OPERATIONS,
        DISTRIBUTED,
        OTHER,
    ];
    families.into_iter().flatten()
}

const BETWEEN_DEVICES: Support =
    Support::Refused("operations between devices have no place in a forward pass; trace the network of one device");

const DISTRIBUTED: &[Operation] = &[
    Operation { family: "distributed", name: "AllReduce", support: BETWEEN_DEVICES },
    Operation { family: "distributed", name: "SyncCollective", support: BETWEEN_DEVICES },
];

const OTHER: &[Operation] = &[
    Operation {
        family: "other",
        name: "Custom",
        support: Support::Refused("custom operations are known by name only; write them as Burn tensor operations"),
    },
    // A tensor made from data, and the end of a tensor's life: no operations of the network.
    Operation { family: "other", name: "Init", support: Support::Value },
];

/// The line of a recorded operation.
pub(in crate::trace) fn line(operation: &OperationIr) -> &'static Operation {
    match operation {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => tensor::base::line(op),
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => tensor::numeric::line(op),
        OperationIr::Float(_, op) => tensor::float::line(op),
        OperationIr::Int(op) => tensor::int::line(op),
        OperationIr::Bool(op) => tensor::bool::line(op),
        OperationIr::Module(op) => module::module::line(op),
        OperationIr::Activation(op) => module::activation::line(op),
        OperationIr::Distributed(DistributedOperationIr::AllReduce(_)) => &DISTRIBUTED[0],
        OperationIr::Distributed(DistributedOperationIr::SyncCollective) => &DISTRIBUTED[1],
        OperationIr::Custom(_) => &OTHER[0],
        OperationIr::Init(_) | OperationIr::Drop(_) => &OTHER[1],
    }
}

/// Translates one operation.
pub(in crate::trace) fn lower(operation: &OperationIr) -> Lowered {
    match operation {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => tensor::base::lower(op),
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => tensor::numeric::lower(op),
        OperationIr::Float(_, op) => tensor::float::lower(op),
        OperationIr::Int(op) => tensor::int::lower(op),
        OperationIr::Bool(op) => tensor::bool::lower(op),
        OperationIr::Module(op) => module::module::lower(op),
        OperationIr::Activation(op) => module::activation::lower(op),
        // A tensor that holds data is a value of the graph and not a node, so the first two are never asked for.
        OperationIr::Init(_) | OperationIr::Drop(_) | OperationIr::Custom(_) | OperationIr::Distributed(_) => {
            Lowered::Refused
        }
    }
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

            pub fn line(operation: &$ir) -> &'static Operation {
                let name = match operation {
                    $($($ir::$name(_) => stringify!($name),)+)*
                    $($($($ir::$other_name(_) => stringify!($other_name),)+)*)?
                };
                OPERATIONS.iter().find(|line| line.name == name).expect("made of the same names")
            }

            pub fn lower(operation: &$ir) -> Lowered {
                match operation {
                    $($($ir::$name($recorded) => $lowered,)+)*
                    $($($($ir::$other_name(_) => match $other {
                        Support::Parts(_) => Lowered::Parts,
                        _ => Lowered::Refused,
                    },)+)*)?
                }
            }
        }
    };
}

pub(super) use vocabulary;
