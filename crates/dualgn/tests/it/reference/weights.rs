//! The parameters of the reference networks.

use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor};
use dualgn::ParamVector;

use super::Reference;
use crate::common::{from, host};

/// The parameters of any reference network, by rank, in the order of the file's description.
#[derive(Module, Debug)]
pub(super) struct Weights {
    pub matrices: Vec<Param<Tensor<2>>>,
    pub vectors: Vec<Param<Tensor<1>>>,
    pub kernels: Vec<Param<Tensor<4>>>,
}

impl Weights {
    pub(super) fn read(reference: &mut Reference, names: &[&str]) -> Self {
        let mut weights = Self { matrices: vec![], vectors: vec![], kernels: vec![] };
        for name in names {
            let array = reference.array(&format!("param.{name}"));
            let (values, shape): (Vec<f64>, Vec<usize>) = (array.iter().copied().collect(), array.shape().to_vec());
            match shape[..] {
                [a] => weights.vectors.push(Param::from_tensor(from(values, [a], DType::F64))),
                [a, b] => weights.matrices.push(Param::from_tensor(from(values, [a, b], DType::F64))),
                [a, b, c, d] => weights.kernels.push(Param::from_tensor(from(values, [a, b, c, d], DType::F64))),
                _ => panic!("parameter {name} of shape {shape:?}"),
            }
        }
        weights.train()
    }

    /// The entries of a vector of parameter space in the order of the names.
    pub(super) fn flat(&self, vector: &ParamVector, names: &[&str], shapes: &[usize]) -> Vec<f64> {
        let mut next = [0; 5];
        let mut take = |rank: usize| {
            next[rank] += 1;
            next[rank] - 1
        };
        names
            .iter()
            .zip(shapes)
            .flat_map(|(_, &rank)| match rank {
                1 => host(vector.get::<1>(self.vectors[take(1)].id).unwrap()),
                2 => host(vector.get::<2>(self.matrices[take(2)].id).unwrap()),
                _ => host(vector.get::<4>(self.kernels[take(4)].id).unwrap()),
            })
            .collect()
    }

    /// The vector of parameter space with the given entries in the order of the names; `like` is any vector of it.
    pub(super) fn vector(&self, like: &ParamVector, named: &[f64], names: &[&str], shapes: &[usize]) -> ParamVector {
        // Where each entry stands is read off a vector that holds the positions themselves.
        let positions: Vec<f64> = (0..like.len()).map(|position| position as f64).collect();
        let order = self.flat(&like.with_entries(&positions).unwrap(), names, shapes);
        let mut entries = vec![0.0; like.len()];
        for (value, position) in named.iter().zip(order) {
            entries[position as usize] = *value;
        }
        like.with_entries(&entries).unwrap()
    }

    pub(super) fn matrix(&self, index: usize) -> Tensor<2> {
        self.matrices[index].val()
    }

    pub(super) fn row(&self, index: usize) -> Tensor<2> {
        self.vectors[index].val().unsqueeze()
    }

    /// Dense layer `index`: its matrix and vector have the same position.
    pub(super) fn dense(&self, index: usize, x: Tensor<2>) -> Tensor<2> {
        x.matmul(self.matrix(index)) + self.row(index)
    }

    pub(super) fn mlp(&self, x: Tensor<2>, activation: fn(Tensor<2>) -> Tensor<2>) -> Tensor<2> {
        let last = self.matrices.len() - 1;
        let x = (0..last).fold(x, |x, layer| activation(self.dense(layer, x)));
        self.dense(last, x)
    }
}
