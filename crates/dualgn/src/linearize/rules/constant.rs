//! Values that depend on no input: constants of one value, and random numbers.

use burn::backend::Dispatch;
use burn::backend::ops::FloatTensorOps;
use burn::tensor::{Device, Shape};

use crate::tensor::Array;
use crate::trace::{Fill, Random};

pub(crate) fn constant(fill: &Fill, device: &Device) -> Array {
    Array::constant(&fill.shape, fill.value, fill.dtype, device)
}

pub(crate) fn random(draw: &Random, device: &Device) -> Array {
    let shape = Shape::from(draw.shape.clone());
    Array::new(Dispatch::float_random(shape, draw.distribution, device.as_dispatch(), draw.dtype.into()))
}
