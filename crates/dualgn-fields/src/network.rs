//! [`Field`]: a network as functions of space, or of space and time, in double precision.

use std::fmt;
use std::sync::Arc;

use burn::module::{Module, Param, ParamId};
use burn::nn::{Initializer, Linear, LinearConfig};
use burn::tensor::{DType, Device, Distribution, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumMessage, EnumString, IntoStaticStr, VariantArray};

use super::embedding::Embedding;

/// The activation function of the hidden layers, smooth since equations hold its derivatives.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    Display,
    EnumMessage,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "snake_case")]
pub enum SmoothActivation {
    /// Hyperbolic tangent
    #[default]
    Tanh,
    /// Sine; the first layer is multiplied by ten before it (Sitzmann et al., 2020)
    Sine,
}

/// Numbers of a layer that are computed at once where nothing is trained.
const AT_ONCE: usize = 1 << 22;

/// Frequency of the first layer of sines.
const FREQUENCY: f64 = 10.0;

/// A function of points `[m, dims]` and of the network's values there, `[m, outputs]`.
type OfPointsAndValues = dyn Fn(Tensor<2>, Tensor<2>) -> Tensor<2> + Send + Sync;

/// Makes of the points and the network's values the functions themselves, where conditions on the boundary are built in.
#[derive(Clone)]
pub struct Transform(Arc<OfPointsAndValues>);

impl Transform {
    /// Makes one of a function of points `[m, dims]` and values `[m, outputs]`, which returns values.
    pub fn new(function: impl Fn(Tensor<2>, Tensor<2>) -> Tensor<2> + Send + Sync + 'static) -> Self {
        Self(Arc::new(function))
    }

    fn apply(&self, x: Tensor<2>, values: Tensor<2>) -> Tensor<2> {
        (self.0)(x, values)
    }
}

impl fmt::Debug for Transform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transform").finish_non_exhaustive()
    }
}

/// Dense layers from points to the values of the unknown functions, and unknown numbers of the equation beside them.
#[derive(Module, Debug)]
pub struct Field {
    layers: Vec<Linear>,
    coefficients: Option<Param<Tensor<1>>>,
    #[module(skip)]
    dims: usize,
    #[module(skip)]
    embedding: Embedding,
    #[module(skip)]
    activation: SmoothActivation,
    #[module(skip)]
    transform: Option<Transform>,
}

/// What a field is made of.
#[derive(Clone, Debug)]
pub struct Architecture {
    /// Coordinates of a point.
    pub dims: usize,
    /// Unknown functions.
    pub outputs: usize,
    /// What the first layer sees of a point.
    pub embedding: Embedding,
    /// Widths of the hidden layers.
    pub hidden: Vec<usize>,
    /// What stands between them.
    pub activation: SmoothActivation,
    /// What is made of the network's values.
    pub transform: Option<Transform>,
    /// Where unknown numbers of the equation start.
    pub coefficients: Vec<f64>,
}

impl Architecture {
    /// Returns how many numbers a network of this kind has to learn. They are counted as floating-point numbers, since there may be
    /// more than a machine can address.
    pub fn parameters(&self) -> f64 {
        let widths = self.widths();
        let dense: f64 = widths.windows(2).map(|pair| (pair[0] as f64 + 1.0) * pair[1] as f64).sum();
        dense + self.coefficients.len() as f64
    }

    /// Returns the units of all layers, from what the first one sees of a point to the values.
    pub fn widths(&self) -> Vec<usize> {
        [&[self.embedding.inputs(self.dims)], self.hidden.as_slice(), &[self.outputs]].concat()
    }
}

impl Field {
    /// With random weights, from the device's generator; parameters have the numbers 1, 2, .. for their identities.
    pub fn new(architecture: &Architecture, device: &Device) -> Self {
        let &Architecture { dims, activation, ref embedding, ref transform, ref coefficients, .. } = architecture;
        let widths = architecture.widths();
        let mut number = 0;
        let mut identity = || {
            number += 1;
            ParamId::from(number)
        };
        let layers = widths
            .windows(2)
            .enumerate()
            .map(|(index, pair)| {
                let initializer = match activation {
                    SmoothActivation::Tanh => Initializer::XavierNormal { gain: 1.0 },
                    SmoothActivation::Sine => {
                        let inputs = pair[0] as f64;
                        let range = if index == 0 { 1.0 / inputs } else { 6f64.sqrt() / inputs.sqrt() };
                        Initializer::Uniform { min: -range, max: range }
                    }
                };
                let mut layer = LinearConfig::new(pair[0], pair[1]).with_initializer(initializer).init(device);
                layer.weight = Param::initialized(identity(), double(layer.weight.val()));
                layer.bias = layer.bias.map(|bias| {
                    // Biases of zero would make odd functions of all.
                    let bias = bias.val().random_like(Distribution::Uniform(-0.5, 0.5)).without_autodiff();
                    Param::initialized(identity(), double(Tensor::from_inner(bias)))
                });
                layer
            })
            .collect();
        let coefficients = (!coefficients.is_empty()).then(|| {
            let plain = device.clone().without_autodiff();
            let values = Tensor::<1>::from_data(TensorData::from(coefficients.as_slice()), (&plain, DType::F64));
            Param::initialized(identity(), Tensor::from_inner(values).require_grad())
        });
        Self { layers, coefficients, dims, embedding: embedding.clone(), activation, transform: transform.clone() }
    }

    /// The functions at points `[m, dims]`: `[m, outputs]`.
    pub fn value(&self, x: Tensor<2>) -> Tensor<2> {
        let last = self.layers.len() - 1;
        let inputs = self.embedding.apply(x.clone());
        let value = self.layers.iter().enumerate().fold(inputs, |value, (index, layer)| {
            let value = layer.forward(value);
            match self.activation {
                _ if index == last => value,
                SmoothActivation::Tanh => value.tanh(),
                SmoothActivation::Sine if index == 0 => (value * FREQUENCY).sin(),
                SmoothActivation::Sine => value.sin(),
            }
        });
        match &self.transform {
            Some(transform) => transform.apply(x, value),
            None => value,
        }
    }

    /// Returns how many points can be computed at once with so many numbers for each unit, so that what stands between the layers stays
    /// small: a grid may have many points, a network many units.
    pub(crate) fn at_once(&self, channels: usize) -> usize {
        (AT_ONCE / self.width() / channels).max(1)
    }

    /// Returns the units of its widest layer.
    pub fn width(&self) -> usize {
        self.layers.iter().map(|layer| layer.weight.dims()[1]).max().unwrap_or(1)
    }

    /// Coordinates of a point.
    pub fn dims(&self) -> usize {
        self.dims
    }

    /// Returns how many unknown functions there are.
    pub fn outputs(&self) -> usize {
        self.layers[self.layers.len() - 1].weight.dims()[1]
    }

    /// The first coordinates of rows with more.
    pub fn points(&self, rows: &Tensor<2>) -> Tensor<2> {
        rows.clone().narrow(1, 0, self.dims())
    }

    /// An unknown number of the equation, `[1, 1]`.
    pub fn coefficient(&self, index: usize) -> Tensor<2> {
        let all = self.coefficients.as_ref().expect("the equation has unknown numbers").val();
        all.narrow(0, index, 1).reshape([1, 1])
    }

    /// All of them.
    pub fn coefficients(&self) -> Vec<f64> {
        let values = self.coefficients.as_ref().map(|all| all.val().without_autodiff().into_data());
        values.map_or_else(Vec::new, |data| data.iter::<f64>().collect())
    }
}

fn double<const D: usize>(value: Tensor<D>) -> Tensor<D> {
    Tensor::from_inner(value.without_autodiff().cast(DType::F64)).require_grad()
}
