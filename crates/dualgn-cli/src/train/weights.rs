//! Weights of a network by their names, and files of them.

use std::fs;
use std::path::Path;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{DType, Tensor, TensorData};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::seal::Seal;
use super::subject::Tensors;
use crate::failure::Failure;
use crate::files;

/// A tensor as safetensors writes it.
pub(super) fn entry(data: &TensorData) -> Result<(Dtype, Vec<usize>, Vec<u8>), Failure> {
    let dtype = match data.dtype() {
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        other => return Err(Failure::run(format!("weights of the type {other:?} cannot be written"))),
    };
    Ok((dtype, data.shape().to_vec(), data.as_bytes().to_vec()))
}

/// A tensor as safetensors reads it; or what is wrong with it, as the end of a sentence.
pub(super) fn data(view: &TensorView) -> Result<TensorData, String> {
    let dtype = match view.dtype() {
        Dtype::F32 => DType::F32,
        Dtype::F64 => DType::F64,
        other => return Err(format!("has weights of the type {other:?}")),
    };
    Ok(TensorData::from_bytes_vec(view.data().to_vec(), view.shape().to_vec(), dtype))
}

/// All tensors of a file; or what is wrong with one, as the end of a sentence.
fn tensors_of(file: &SafeTensors) -> Result<Tensors, String> {
    file.iter().map(|(name, view)| Ok((name.to_owned(), data(&view)?))).collect()
}

/// The seal, if there is one, and the tensors of a file in the safetensors format; or what is wrong with it, as the end of a sentence.
pub fn sealed(bytes: &[u8]) -> Result<(Option<Seal>, Tensors), String> {
    let broken = |error: &dyn std::fmt::Display| format!("is no sound file of weights ({error})");
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(|error| broken(&error))?;
    let file = SafeTensors::deserialize(bytes).map_err(|error| broken(&error))?;
    Ok((Seal::of(&header, &file)?, tensors_of(&file)?))
}

/// The tensors of a file of weights: in the safetensors format, or a state dict of PyTorch (`.pt`, `.pth`).
pub fn read_weights(path: &Path) -> Result<Tensors, Failure> {
    let wrong = |problem: &dyn std::fmt::Display| Failure::input(format!("{} {problem}", path.display()));
    if path.extension().is_some_and(|ending| ending == "pt" || ending == "pth") {
        let sound = |error: &dyn std::fmt::Display| wrong(&format!("is no sound state dict of PyTorch ({error})"));
        let reader = pytorch_reader::PytorchReader::new(path).map_err(|error| sound(&error))?;
        let tensor = |(name, tensor): (&String, &pytorch_reader::Tensor)| {
            let dtype = match tensor.dtype() {
                pytorch_reader::DType::F32 => DType::F32,
                pytorch_reader::DType::F64 => DType::F64,
                other => {
                    return Err(wrong(&format!(
                        "has a tensor `{name}` of the type {other:?}; single or double precision is read"
                    )));
                }
            };
            let bytes = tensor.read().map_err(|error| sound(&error))?;
            Ok((name.clone(), TensorData::from_bytes_vec(bytes, tensor.shape().to_vec(), dtype)))
        };
        let counts = |name: &str| name.ends_with("num_batches_tracked");
        return reader.tensors().iter().filter(|(name, _)| !counts(name)).map(tensor).collect();
    }
    let bytes = fs::read(path).map_err(|error| Failure::file("read", path, &error))?;
    let (_, tensors) = sealed(&bytes).map_err(|problem| wrong(&problem))?;
    Ok(tensors)
}

/// The weights of a run that is over.
pub const WEIGHTS: &str = "model.safetensors";

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
            let data = match self.weights.remove(&name) {
                Some(data) if data.shape().to_vec() == param.val().dims() => data,
                _ => {
                    self.wrong.get_or_insert(name);
                    return param;
                }
            };
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
        Some(name) => Err(Failure::input(format!("the checkpoint has no `{name}` of the network's shape"))),
        None => Ok(model),
    }
}

/// Writes weights by their names, and perhaps what they are of.
pub fn write_weights(path: &Path, weights: &Tensors, seal: Option<Seal>) -> Result<(), Failure> {
    let entries: Vec<_> =
        weights.iter().map(|(name, data)| Ok((name.clone(), entry(data)?))).collect::<Result<_, Failure>>()?;
    let run = |error: &dyn std::fmt::Display| Failure::run(format!("cannot write the weights: {error}"));
    let views = entries
        .iter()
        .map(|(name, (dtype, shape, bytes))| TensorView::new(*dtype, shape.clone(), bytes).map(|view| (name, view)));
    let views: Vec<_> = views.collect::<Result<_, _>>().map_err(|error| run(&error))?;
    let metadata = seal.map(|seal| seal.metadata(&views)).transpose().map_err(|error| run(&error))?;
    files::replace(path, &safetensors::serialize(views, metadata).map_err(|error| run(&error))?)
}
