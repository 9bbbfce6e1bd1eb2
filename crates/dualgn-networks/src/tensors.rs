//! Weights of a network by their names, and files of them.

use std::collections::BTreeMap;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Element, Tensor, TensorData};
use dualgn_io::{Failure, files};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::seal::Seal;

/// Tensors by name.
pub type Tensors = BTreeMap<String, TensorData>;

/// A tensor as safetensors writes it.
pub fn to_safetensors(data: &TensorData) -> Result<(Dtype, Vec<usize>, Vec<u8>), Failure> {
    let dtype = match data.dtype() {
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        other => return Err(Failure::run(format!("weights of the type {other:?} cannot be written"))),
    };
    Ok((dtype, data.shape().to_vec(), data.as_bytes().to_vec()))
}

/// A tensor as safetensors reads it; or what is wrong with it, as the end of a sentence.
pub fn from_safetensors(view: &TensorView) -> Result<TensorData, String> {
    let dtype = match view.dtype() {
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        other => return Err(format!("has weights of the type {other:?}")),
    };
    Ok(TensorData::from_bytes_vec(view.data().to_vec(), view.shape().to_vec(), dtype))
}

/// All tensors of a file; or what is wrong with one, as the end of a sentence.
fn tensors_of(file: &SafeTensors) -> Result<Tensors, String> {
    file.iter().map(|(name, view)| Ok((name.to_owned(), from_safetensors(&view)?))).collect()
}

/// The seal, if there is one, and the tensors of a file in the safetensors format; or what is wrong with it, as the end of a sentence.
pub fn sealed(bytes: &[u8]) -> Result<(Option<Seal>, Tensors), String> {
    let broken = |error: &dyn std::fmt::Display| format!("is no sound file of weights ({error})");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| broken(&error))?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| broken(&error))?;
    Ok((Seal::of(&header, &file)?, tensors_of(&file)?))
}

/// Returns the entries of a tensor, row-major, on the host.
///
/// # Errors
/// Fails if the device does.
pub fn entries<E: Element, const D: usize>(tensor: Tensor<D>) -> Result<Vec<E>, Failure> {
    let data = tensor.try_into_data().map_err(|error| Failure::run(error.to_string()))?;
    Ok(data.iter::<E>().collect())
}

/// The weights of a network by name.
pub fn weights(model: &impl Module) -> Result<Tensors, Failure> {
    struct Collect {
        path: Vec<String>,
        found: Result<Tensors, String>,
    }
    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let Ok(found) = &mut self.found else { return };
            match param.val().without_autodiff().try_into_data() {
                Ok(data) => drop(found.insert(self.path.join("."), data)),
                Err(error) => self.found = Err(error.to_string()),
            }
        }
    }
    let mut collect = Collect { path: vec![], found: Ok(Tensors::new()) };
    model.visit(&mut collect);
    collect.found.map_err(Failure::run)
}

/// The shapes of the weights of a network by name.
pub fn shapes(model: &impl Module) -> BTreeMap<String, Vec<usize>> {
    struct Collect {
        path: Vec<String>,
        found: BTreeMap<String, Vec<usize>>,
    }
    impl ModuleVisitor for Collect {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            self.found.insert(self.path.join("."), param.lazy_shape().to_vec());
        }
    }
    let mut collect = Collect { path: vec![], found: BTreeMap::new() };
    model.visit(&mut collect);
    collect.found
}

/// A network with other weights, which must be there for each of its own.
pub fn with_weights<M: Module>(model: M, weights: Tensors) -> Result<M, Failure> {
    struct Replace {
        path: Vec<String>,
        weights: Tensors,
        wrong: Option<String>,
    }
    impl ModuleMapper for Replace {
        fn enter_module(&mut self, name: &str, _: &str) {
            self.path.push(name.into());
        }
        fn exit_module(&mut self, _: &str, _: &str) {
            self.path.pop();
        }
        fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
            let name = self.path.join(".");
            let value = param.val();
            let data = match self.weights.remove(&name) {
                Some(data) if data.shape().to_vec() == value.dims() => data,
                _ => {
                    self.wrong.get_or_insert(format!("the weights have no `{name}` of the network's shape"));
                    return param;
                }
            };
            if let Some(found) = beyond(&data, value.dtype()) {
                self.wrong.get_or_insert(format!("`{name}` holds {found:e}, which is too large for single precision"));
                return param;
            }
            param.map(|value| {
                let device = value.device();
                let new = Tensor::from_data(data, (&device.without_autodiff(), value.dtype()));
                Tensor::from_inner(new).set_require_grad(value.is_require_grad())
            })
        }
    }
    let mut replace = Replace { path: vec![], weights, wrong: None };
    let model = model.map(&mut replace);
    match replace.wrong {
        Some(wrong) => Err(Failure::input(wrong)),
        None => Ok(model),
    }
}

/// A finite number that is not one in a type.
fn beyond(data: &TensorData, dtype: DType) -> Option<f64> {
    let is_narrower = data.dtype() == DType::F64 && dtype == DType::F32;
    let is_lost = |number: &f64| number.is_finite() && !(*number as f32).is_finite();
    is_narrower.then(|| data.iter::<f64>().find(is_lost)).flatten()
}

/// Writes weights by their names, and perhaps what they are of.
pub fn write_weights(path: &Path, weights: &Tensors, seal: Option<Seal>) -> Result<(), Failure> {
    let entries: Vec<_> =
        weights.iter().map(|(name, data)| Ok((name.clone(), to_safetensors(data)?))).collect::<Result<_, Failure>>()?;
    let run = |error: &dyn std::fmt::Display| Failure::run(format!("cannot write the weights: {error}"));
    let views = entries
        .iter()
        .map(|(name, (dtype, shape, bytes))| TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name, view)));
    let views: Vec<_> = views.collect::<Result<_, _>>().map_err(|error| run(&error))?;
    let metadata = seal.map(|seal| seal.metadata(&views)).transpose().map_err(|error| run(&error))?;
    files::replace(path, &safetensors::serialize(views, metadata).map_err(|error| run(&error))?)
}
