//! [`Kernel`]: `K = J Jᵀ`, or `Vᵀ K V`, as the solvers see it.

use burn::tensor::{DType, Device, Tensor, TensorData};

use crate::error::{DeviceError, Error};
use crate::gram::{self, Products, Rows, Sensitivities};
use crate::linearize::{Linearization, ParamVector};
use crate::loss::CurvatureFactor;
use crate::solve::Symmetric;
use crate::tensor::Array;

/// The Gram matrix as an operator on vectors `[m, r]`, on any device and in any float type.
pub(super) enum Kernel<'a> {
    /// By products, with a map `V` on both sides.
    Products { linearization: &'a Linearization, products: Products<'a>, map: Option<&'a CurvatureFactor> },
    /// By products with `J M⁻¹ Jᵀ` for a metric `M`.
    Scaled { linearization: &'a Linearization, map: Option<&'a CurvatureFactor>, inverse: &'a ParamVector },
    /// Assembled, on the host.
    Matrix(&'a Symmetric),
}

impl<'a> Kernel<'a> {
    /// Multiplies by products with the Jacobian.
    pub(super) fn products(linearization: &'a Linearization, map: Option<&'a CurvatureFactor>) -> Self {
        Self::Products { linearization, products: Products::new(linearization), map }
    }

    /// Multiplies by products with the Jacobian, in a metric whose inverse is given.
    pub(super) fn scaled(
        linearization: &'a Linearization,
        map: Option<&'a CurvatureFactor>,
        inverse: &'a ParamVector,
    ) -> Self {
        Self::Scaled { linearization, map, inverse }
    }

    /// Assembles the matrix of all rows, or of `columns` combinations of them per example.
    pub(super) fn assemble(
        linearization: &Linearization,
        map: Option<&CurvatureFactor>,
        columns: usize,
        memory: usize,
    ) -> Result<(Symmetric, Option<Sensitivities>), Error> {
        let (matrix, sensitivities) = match map {
            None => gram::assemble(linearization, Rows::All, memory)?,
            Some(map) => {
                let units = gram::units(linearization, columns).into_tensor();
                gram::assemble(linearization, Rows::Combined(&map.apply(units)), memory)?
            }
        };
        let data = matrix.into_tensor::<2>().try_into_data().map_err(DeviceError::from)?;
        Ok((Symmetric::new(data), sensitivities))
    }

    /// `K x` for each `x` of a stack `[c, m, r]`, in the type and on the device of `x`.
    pub(super) fn products_of(&self, x: Tensor<3>) -> Result<Tensor<3>, Error> {
        let Self::Products { linearization, products, map } = self else {
            let [count, m, r] = x.dims();
            let one = |i| self.product(x.clone().narrow(0, i, 1).reshape([m, r]));
            let each = (0..count).map(one).collect::<Result<_, _>>()?;
            return Ok(Tensor::stack(each, 0));
        };
        let (device, dtype) = (x.device(), x.dtype());
        let x = placed(x, &linearization.device(), linearization.output_type());
        let u = map.map_or(x.clone(), |map| map.apply(x));
        let product = products.times(Array::from_tensor(u)).into_tensor::<3>();
        let product = map.map_or(product.clone(), |map| map.apply_transpose(product));
        Ok(placed(product, &device, dtype))
    }

    /// `K x`, in the type and on the device of `x`.
    pub(super) fn product(&self, x: Tensor<2>) -> Result<Tensor<2>, Error> {
        let (device, dtype, shape) = (x.device(), x.dtype(), x.dims());
        match self {
            Self::Products { .. } => Ok(self.products_of(x.unsqueeze())?.squeeze_dim(0)),
            Self::Scaled { linearization, map, inverse } => {
                let pulled = linearization.vjp(spread(linearization, *map, x))?.times(inverse);
                let product = linearization.jvp(&pulled)?;
                let product = match map {
                    Some(map) => map.apply_transpose(product.unsqueeze()).squeeze_dim(0),
                    None => product,
                };
                Ok(placed(product, &device, dtype))
            }
            Self::Matrix(matrix) => {
                let product = matrix.multiply(&to_host(x)?);
                Ok(from_host(product, shape, &device, dtype))
            }
        }
    }
}

/// `V x` in the type and on the device of the network's outputs.
pub(super) fn spread(linearization: &Linearization, map: Option<&CurvatureFactor>, x: Tensor<2>) -> Tensor<2> {
    let x = placed(x, &linearization.device(), linearization.output_type());
    match map {
        Some(map) => map.apply(x.unsqueeze()).squeeze_dim(0),
        None => x,
    }
}

pub(super) fn to_host(tensor: Tensor<2>) -> Result<Vec<f64>, DeviceError> {
    Ok(tensor.try_into_data()?.iter::<f64>().collect())
}

pub(super) fn from_host(values: Vec<f64>, shape: [usize; 2], device: &Device, dtype: DType) -> Tensor<2> {
    Tensor::from_data(TensorData::new(values, shape).convert_dtype(dtype), (device, dtype))
}

/// Values on the host in double precision, `[m, k]`.
pub(super) fn host_tensor(values: Vec<f64>, shape: [usize; 2]) -> Tensor<2> {
    from_host(values, shape, &Device::flex(), DType::F64)
}

/// A tensor on the host in double precision.
pub(super) fn on_host(tensor: Tensor<2>) -> Tensor<2> {
    placed(tensor.without_autodiff(), &Device::flex(), DType::F64)
}

/// A tensor on a device in a float type. It travels in the narrower of its types, since not every device has both.
pub(super) fn placed<const D: usize>(tensor: Tensor<D>, device: &Device, dtype: DType) -> Tensor<D> {
    let tensor = if dtype.size() < tensor.dtype().size() { tensor.cast(dtype) } else { tensor };
    let tensor = if tensor.device() == *device { tensor } else { tensor.to_device(device) };
    tensor.cast(dtype)
}
