//! [`ParamVector`]: a vector in parameter space, such as a gradient or a direction.

use std::fmt;
use std::sync::Arc;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Tensor};

use crate::error::{DeviceError, LinearizeError};
use crate::tensor::Array;
use crate::trace::Graph;

/// A vector with one entry per trainable number of a network, such as a gradient, a direction or a tangent.
///
/// It is stored on the device in blocks, one per parameter tensor. Flat vectors concatenate the blocks in the order in
/// which the traced forward pass first reads the parameters, each row-major.
#[derive(Clone)]
pub struct ParamVector {
    graph: Arc<Graph>,
    /// One array per parameter, with its shape.
    blocks: Vec<Array>,
}

impl fmt::Debug for ParamVector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.parameters()).finish()
    }
}

/// Adds a multiple of a vector to the parameters of a module.
struct Add<'a> {
    vector: &'a ParamVector,
    factor: f64,
}

impl ModuleMapper for Add<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(block) = self.vector.get::<D>(param.id) else { return param };
        let factor = self.factor;
        param.map(|value| {
            if !value.is_autodiff() {
                return value + block * factor;
            }
            let (tracked, strategy) = (value.is_require_grad(), value.gradient_checkpointing_strategy());
            let moved = Tensor::from_inner(value.inner() + block * factor);
            let moved = match strategy {
                Some(strategy) => moved.with_gradient_checkpointing_strategy(strategy),
                None => moved,
            };
            moved.set_require_grad(tracked)
        })
    }
}

/// Registers an array of any rank that Burn supports under its parameter.
macro_rules! register {
    ($gradients:expr, $id:expr, $array:expr, $($rank:literal)*) => {
        match $array.shape().len() {
            $($rank => $gradients.register($id, $array.into_tensor::<$rank>()),)*
            rank => unreachable!("Burn has no parameters of rank {rank}"),
        }
    };
}

impl ParamVector {
    pub(crate) fn new(graph: Arc<Graph>, blocks: Vec<Array>) -> Self {
        debug_assert_eq!(graph.parameters.len(), blocks.len());
        Self { graph, blocks }
    }

    pub(crate) fn blocks(&self) -> &[Array] {
        &self.blocks
    }

    /// Whether the blocks belong to the parameters of a graph.
    pub(crate) fn is_of(&self, graph: &Graph) -> bool {
        std::ptr::eq(&*self.graph, graph) || self.graph.parameter_ids() == graph.parameter_ids()
    }

    /// Returns the number of entries `p`.
    pub fn len(&self) -> usize {
        self.graph.parameter_count()
    }

    /// Checks whether there are no entries; a traced network always has some.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Returns the paths of the parameters in the module and their shapes, in the order of the blocks.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &[usize])> {
        (0..self.blocks.len()).map(|index| {
            let tensor = self.graph.parameter(index);
            (tensor.path.as_str(), tensor.shape.as_slice())
        })
    }

    /// Returns the block of one parameter, or `None` if the network does not depend on it.
    ///
    /// # Panics
    /// Panics if `D` is not the rank of the parameter.
    pub fn get<const D: usize>(&self, id: ParamId) -> Option<Tensor<D>> {
        let index = (0..self.blocks.len()).find(|&index| self.graph.parameter(index).id == id)?;
        assert_eq!(self.blocks[index].shape().len(), D, "the parameter has another rank");
        Some(self.blocks[index].clone().into_tensor())
    }

    /// Computes `self · factor`.
    pub fn scale(self, factor: f64) -> Self {
        let blocks = self.blocks.into_iter().map(|block| block.scale(factor)).collect();
        Self { graph: self.graph, blocks }
    }

    /// Computes `self + other · factor`.
    ///
    /// # Panics
    /// Panics if the vectors belong to different networks.
    pub fn add_scaled(self, other: &Self, factor: f64) -> Self {
        assert!(self.is_of(&other.graph), "the vectors are of different networks");
        let added = self.blocks.into_iter().zip(&other.blocks);
        let blocks = added.map(|(a, b)| a.add(b.clone().scale(factor))).collect();
        Self { graph: self.graph, blocks }
    }

    /// Computes the elementwise product `self ∘ other`.
    ///
    /// # Panics
    /// Panics if the vectors belong to different networks.
    #[must_use]
    pub fn times(self, other: &Self) -> Self {
        assert!(self.is_of(&other.graph), "the vectors are of different networks");
        let blocks = self.blocks.into_iter().zip(&other.blocks).map(|(a, b)| a.mul(b.clone())).collect();
        Self { graph: self.graph, blocks }
    }

    /// The square root of each entry.
    pub(crate) fn root(self) -> Self {
        Self { blocks: self.blocks.into_iter().map(Array::sqrt).collect(), graph: self.graph }
    }

    /// Each entry plus a number.
    pub(crate) fn plus(self, number: f64) -> Self {
        Self { blocks: self.blocks.into_iter().map(|block| block.add_scalar(number)).collect(), graph: self.graph }
    }

    /// The sum of the entries, read back from the device.
    pub(crate) fn sum(&self) -> Result<f64, DeviceError> {
        Array::cat(self.blocks.iter().map(|block| block.clone().sum_all()).collect(), 0).sum_all().scalar()
    }

    /// The reciprocal of each entry.
    pub(crate) fn reciprocal(&self) -> Self {
        let one = |block: &Array| Array::constant(&block.shape(), 1.0, block.dtype(), &block.device());
        let blocks = self.blocks.iter().map(|block| one(block).div(block.clone())).collect();
        Self { graph: self.graph.clone(), blocks }
    }

    /// Computes the inner product, read back from the device.
    ///
    /// # Errors
    /// Returns `DeviceError` if the device fails.
    ///
    /// # Panics
    /// Panics if the vectors belong to different networks.
    pub fn dot(&self, other: &Self) -> Result<f64, DeviceError> {
        assert!(self.is_of(&other.graph), "the vectors are of different networks");
        let products = self.blocks.iter().zip(&other.blocks).map(|(a, b)| a.clone().mul(b.clone()).sum_all());
        Array::cat(products.collect(), 0).sum_all().scalar()
    }

    /// Computes the Euclidean norm, read back from the device.
    ///
    /// # Errors
    /// Returns `DeviceError` if the device fails.
    pub fn norm(&self) -> Result<f64, DeviceError> {
        Ok(self.dot(self)?.sqrt())
    }

    /// All entries as one array, on the device.
    pub(crate) fn to_flat(&self) -> Array {
        let blocks = self.blocks.iter().map(|block| block.clone().reshape(&[block.elements()]));
        Array::cat(blocks.collect(), 0)
    }

    /// A vector like this one, whose blocks are views into one array.
    pub(crate) fn with_flat(&self, flat: Array) -> Self {
        let mut start = 0;
        let block = |block: &Array| {
            let range = start..start + block.elements();
            start = range.end;
            flat.clone().narrow(0, range.start, range.end).reshape(&block.shape())
        };
        Self { graph: self.graph.clone(), blocks: self.blocks.iter().map(block).collect() }
    }

    /// Returns all entries as one flat vector on the host.
    ///
    /// # Errors
    /// Returns `DeviceError` if the device fails.
    pub fn to_vec(&self) -> Result<Vec<f64>, DeviceError> {
        let blocks: Result<Vec<_>, _> = self.blocks.iter().map(Array::to_f64).collect();
        Ok(blocks?.concat())
    }

    /// Creates a vector for the same parameters with the given flat entries.
    ///
    /// # Errors
    /// Returns `LinearizeError::Shape` if the number of entries differs from `p`.
    pub fn with_entries(&self, entries: &[f64]) -> Result<Self, LinearizeError> {
        if entries.len() != self.len() {
            let (expected, found) = (vec![self.len()], vec![entries.len()]);
            return Err(LinearizeError::Shape { what: "the flat parameter vector", expected, found });
        }
        let mut start = 0;
        let blocks = self.blocks.iter().map(|block| {
            let range = start..start + block.elements();
            start = range.end;
            Array::from_f64(&entries[range], &block.shape(), block.dtype(), &block.device())
        });
        Ok(Self { graph: self.graph.clone(), blocks: blocks.collect() })
    }

    /// Returns the model at `w + factor · v`. Parameters keep their identity, device and autodiff settings.
    pub fn added_to<M: Module>(&self, model: M, factor: f64) -> M {
        model.map(&mut Add { vector: self, factor })
    }

    /// Converts the vector to the form that every Burn optimizer takes.
    pub fn into_gradients(self) -> GradientsParams {
        let mut gradients = GradientsParams::new();
        for (index, array) in self.blocks.into_iter().enumerate() {
            let id = self.graph.parameter(index).id;
            register!(gradients, id, array, 1 2 3 4 5 6 7 8);
        }
        gradients
    }

    /// Returns the float type of the entries.
    pub fn dtype(&self) -> DType {
        self.graph.dtype
    }
}
