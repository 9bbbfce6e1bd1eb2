//! Translates Burn's recorded operations to those of the graph.
//!
//! The tables of [`tensor`] and [`module`] have one line per operation that says how it is translated; operations that
//! are defined by others are written out in [`parts`].

mod module;
mod parts;
mod step;
mod tensor;
mod vocabulary;

use burn::backend::ir::{DistributedOperationIr, OperationIr};

pub(super) use parts::define;
pub(super) use step::{Lowered, Step};
pub use vocabulary::{Operation, Support};

/// Lists all operations that Burn can record, in the order of Burn's families.
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
    // A tensor created from data, and the end of a tensor's lifetime: these are not operations of the network.
    Operation { family: "other", name: "Init", support: Support::Value },
];

/// The table entry of a recorded operation, and its translation.
pub(super) fn lower(operation: &OperationIr) -> (&'static Operation, Lowered) {
    match operation {
        OperationIr::BaseFloat(op) | OperationIr::BaseInt(op) | OperationIr::BaseBool(op) => tensor::base::lower(op),
        OperationIr::NumericFloat(_, op) | OperationIr::NumericInt(_, op) => tensor::numeric::lower(op),
        OperationIr::Float(_, op) => tensor::float::lower(op),
        OperationIr::Int(op) => tensor::int::lower(op),
        OperationIr::Bool(op) => tensor::bool::lower(op),
        OperationIr::Module(op) => module::module::lower(op),
        OperationIr::Activation(op) => module::activation::lower(op),
        OperationIr::Distributed(DistributedOperationIr::AllReduce(_)) => (&DISTRIBUTED[0], Lowered::Refused),
        OperationIr::Distributed(DistributedOperationIr::SyncCollective) => (&DISTRIBUTED[1], Lowered::Refused),
        OperationIr::Custom(_) => (&OTHER[0], Lowered::Refused),
        // A tensor that holds data is a value of the graph and not a node, so these two are never asked for.
        OperationIr::Init(_) | OperationIr::Drop(_) => (&OTHER[1], Lowered::Refused),
    }
}
