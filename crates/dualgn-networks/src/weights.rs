//! Files of weights of other programs: safetensors, and state dicts of PyTorch, in single, double or half precision.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use burn::tensor::{DType, TensorData};
use dualgn_io::{Failure, input, memory};
use pytorch_reader::PytorchReader;
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use super::names::{Listing, place, shown};
use super::net::Net;
use super::seal::Seal;
use super::tensors::Tensors;
use super::torch;

/// Bytes of the head of a safetensors file at most, as the format has it.
const HEAD: u64 = 100_000_000;

/// What a file had for a network.
#[derive(Debug)]
pub struct Weights {
    /// The weights, by Burn's names.
    pub tensors: Tensors,
    /// Where they were found, in a sentence, if they stood behind other words than the network's or beside other tensors.
    pub remark: Option<String>,
}

/// Reads the weights of a network.
///
/// # Errors
/// The file cannot be read or is damaged; it lacks a tensor that the network needs, or has it in another shape, of whole numbers, or with
/// numbers that are not finite.
pub fn read_weights(net: &Net, path: &Path) -> Result<Weights, Failure> {
    if is_of_pytorch(path)? {
        let unsound = |error: &dyn std::fmt::Display| {
            let text = format!("{} is no sound state dict of PyTorch ({error})", path.display());
            Failure::input(text).hint("write it with `torch.save(model.state_dict(), ..)`, or as safetensors")
        };
        let reader = PytorchReader::new(path).map_err(|error| unsound(&error))?;
        let held = reader.tensors().iter().map(|(name, tensor)| {
            let read = || tensor.read().map_err(|error| unsound(&error));
            (
                name.clone(),
                Held { shape: tensor.shape().to_vec(), kind: of_pytorch(tensor.dtype()), read: Box::new(read) },
            )
        });
        return taken(net, path, held.collect());
    }
    let bytes = input::read(path, memory::budget())?;
    let wrong = |problem: String| Failure::input(format!("{} {problem}", path.display()));
    let broken = |error: safetensors::SafeTensorError| wrong(format!("is no sound file of weights ({error})"));
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(broken)?;
    let file = SafeTensors::deserialize(&bytes).map_err(broken)?;
    if !Seal::is_old(&header) {
        Seal::of(&header, &file).map_err(wrong)?;
    }
    let held = file.iter().map(|(name, view)| {
        let (shape, kind) = (view.shape().to_vec(), of_safetensors(view.dtype()));
        (name.to_owned(), Held { shape, kind, read: Box::new(move || Ok(view.data().to_vec())) })
    });
    taken(net, path, held.collect())
}

/// A tensor of a file that is not read yet.
struct Held<'a> {
    shape: Vec<usize>,
    /// Its type; the name of one that is no weight's.
    kind: Result<DType, String>,
    /// Its bytes in the machine's order.
    read: Box<dyn Fn() -> Result<Vec<u8>, Failure> + 'a>,
}

/// Reads those of a file's tensors that a network needs.
fn taken(net: &Net, path: &Path, held: BTreeMap<String, Held>) -> Result<Weights, Failure> {
    let file = path.display().to_string();
    let listing: Listing = held.iter().map(|(name, tensor)| (name.clone(), tensor.shape.clone())).collect();
    let needs: Listing = torch::needs(net).into_iter().map(|need| (need.name, need.shape)).collect();
    let place = place(&file, &needs, &listing)?;
    let remark = (!place.prefix.is_empty() || !place.others.is_empty()).then(|| {
        let others: Vec<String> = place.others.iter().map(|other| shown(other)).collect();
        let others =
            if others.is_empty() { String::new() } else { format!("; those behind {} are left", others.join(", ")) };
        let here = if place.prefix.is_empty() {
            "without words before their names".into()
        } else {
            format!("behind {}", shown(&place.prefix))
        };
        format!("{file}: the weights are the tensors {here}{others}")
    });
    let mut tensors = Tensors::new();
    for need in needs.into_keys() {
        let name = format!("{}{need}", place.prefix);
        let Held { shape, kind, read } = &held[&name];
        let wrong = |what: String| Failure::input(format!("{file} has a tensor {} {what}", shown(&name)));
        let dtype =
            kind.clone().map_err(|kind| wrong(format!("of the type {kind}, and the network needs floating point")))?;
        let data = TensorData::from_bytes_vec(read()?, shape.clone(), dtype);
        let data = if dtype == DType::F64 { data } else { data.convert_dtype(DType::F32) };
        if let Some(entry) = data.iter::<f64>().position(|number| !number.is_finite()) {
            let found = data.iter::<f64>().nth(entry).unwrap_or(f64::NAN);
            return Err(wrong(format!(
                "whose entry {entry} (counted from 0) is {found}; weights should be finite numbers"
            )));
        }
        tensors.insert(need, data);
    }
    let tensors = torch::from_torch(net, tensors).map_err(|problem| Failure::input(format!("{file} {problem}")))?;
    Ok(Weights { tensors, remark })
}

fn of_pytorch(dtype: pytorch_reader::DType) -> Result<DType, String> {
    match dtype {
        pytorch_reader::DType::F64 => Ok(DType::F64),
        pytorch_reader::DType::F32 => Ok(DType::F32),
        pytorch_reader::DType::F16 => Ok(DType::F16),
        pytorch_reader::DType::BF16 => Ok(DType::BF16),
        other => Err(format!("{other:?}")),
    }
}

fn of_safetensors(dtype: Dtype) -> Result<DType, String> {
    match dtype {
        Dtype::F64 => Ok(DType::F64),
        Dtype::F32 => Ok(DType::F32),
        Dtype::F16 => Ok(DType::F16),
        Dtype::BF16 => Ok(DType::BF16),
        other => Err(format!("{other:?}")),
    }
}

/// Whether a file is one of PyTorch's, by how it begins. What is no regular file cannot be read twice, and PyTorch's files are read in
/// several places.
fn is_of_pytorch(path: &Path) -> Result<bool, Failure> {
    let failed = |error: std::io::Error| Failure::file("read", path, &error);
    if !fs::metadata(path).map_err(failed)?.is_file() || path.extension().is_some_and(|ending| ending == "safetensors")
    {
        return Ok(false);
    }
    let mut start = vec![];
    File::open(path).and_then(|file| file.take(9).read_to_end(&mut start)).map_err(failed)?;
    // The length of the head, and the brace that the head begins with.
    let length = start.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
    Ok(!(length.is_some_and(|length| length <= HEAD) && start.get(8) == Some(&b'{')))
}
