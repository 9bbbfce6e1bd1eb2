//! Weights by the names and in the layout that PyTorch has for the same layers in a `Sequential`: `0.weight`, `0.bias`, `2.weight`, ..,
//! what Burn stores as `[inputs, outputs]` as `[outputs, inputs]`, the gates of a recurrent layer and the projections of attention below
//! each other. Vectors of categories are `categories.0.weight`, ...

use burn::tensor::{DType, TensorData};
use dualgn_io::Failure;

use super::layer::Layer;
use super::net::Net;
use super::tensors::{Tensors, shapes, weights};

/// A tensor of PyTorch's, and the parameters of Burn's that make it, below each other.
struct Entry {
    name: String,
    parts: Vec<String>,
    transposed: bool,
}

impl Entry {
    fn new(name: &str, part: &str, transposed: bool) -> Self {
        Self { name: name.to_owned(), parts: vec![part.to_owned()], transposed }
    }

    /// The same under the names of the module that it is in.
    fn within(self, torch: &str, burn: &str) -> Self {
        let parts = self.parts.iter().map(|part| format!("{burn}.{part}")).collect();
        Self { name: format!("{torch}.{}", self.name), parts, transposed: self.transposed }
    }
}

/// The weights of a network as PyTorch has them.
pub fn to_torch(net: &Net) -> Result<Tensors, Failure> {
    Ok(arranged(net, weights(net)?))
}

/// The same of other numbers for the parameters of a network, such as a direction.
pub fn arranged(net: &Net, mut burn: Tensors) -> Tensors {
    let mut torch = Tensors::new();
    for Entry { name, parts, transposed } in entries(net) {
        let parts: Vec<TensorData> = parts.iter().filter_map(|part| burn.remove(part)).collect();
        let parts: Vec<TensorData> = if transposed { parts.iter().map(transpose).collect() } else { parts };
        if !parts.is_empty() {
            torch.insert(name, stacked(&parts));
        }
    }
    // Whatever has no name of its own keeps Burn's.
    torch.extend(burn);
    torch
}

/// A tensor that a network needs of PyTorch's.
#[derive(Clone, Debug)]
pub struct Need {
    /// PyTorch's name of it.
    pub name: String,
    /// Its shape in PyTorch.
    pub shape: Vec<usize>,
    /// The parameters that it is made of, by Burn's names, below each other.
    parts: Vec<String>,
    transposed: bool,
}

/// The tensors that a network needs.
pub fn needs(net: &Net) -> Vec<Need> {
    let mut own = shapes(net);
    let mut needs = vec![];
    for Entry { name, parts, transposed } in entries(net) {
        let (parts, mut shapes): (Vec<String>, Vec<Vec<usize>>) =
            parts.into_iter().filter_map(|part| own.remove(&part).map(|shape| (part, shape))).unzip();
        // Layers without a bias, and embeddings without positions.
        let Some(mut shape) = shapes.pop() else { continue };
        if transposed {
            shape.reverse();
        }
        if let Some(first) = shape.first_mut() {
            *first *= parts.len();
        }
        needs.push(Need { name, shape, parts, transposed });
    }
    // Whatever has no name of its own keeps Burn's.
    needs.extend(own.into_iter().map(|(name, shape)| Need {
        parts: vec![name.clone()],
        name,
        shape,
        transposed: false,
    }));
    needs
}

/// PyTorch's name of a parameter of Burn's.
pub fn name_of(net: &Net, part: &str) -> Option<String> {
    needs(net).into_iter().find(|need| need.parts.iter().any(|own| own == part)).map(|need| need.name)
}

/// The weights of a network, from PyTorch's; or what is wrong with those, as the end of a sentence.
pub fn from_torch(net: &Net, mut torch: Tensors) -> Result<Tensors, String> {
    let mut burn = Tensors::new();
    for Need { name, shape, parts, transposed } in needs(net) {
        let data = torch.remove(&name).ok_or_else(|| format!("has no tensor `{name}`, which the network needs"))?;
        let found = data.shape().to_vec();
        if found != shape {
            return Err(format!("has a tensor `{name}` of the shape {found:?}, and the network needs {shape:?}"));
        }
        let rows = shape.first().map_or(1, |first| first / parts.len());
        for (part, data) in parts.into_iter().zip(unstacked(&data, rows)) {
            burn.insert(part, if transposed { transpose(&data) } else { data });
        }
    }
    match torch.keys().find(|name| !name.ends_with("num_batches_tracked")) {
        Some(name) => Err(format!("has a tensor `{name}` that the network has no use for")),
        None => Ok(burn),
    }
}

fn entries(net: &Net) -> Vec<Entry> {
    let mut entries = vec![];
    for index in 0..net.categories.len() {
        let name = format!("categories.{index}.weight");
        entries.push(Entry::new(&name, &name, false));
    }
    entries.extend(of_layers(&net.layers, "layers"));
    entries
}

/// The tensors of layers on top of each other, which Burn has in the list `burn`.
fn of_layers(layers: &[Layer], burn: &str) -> Vec<Entry> {
    let mut entries = vec![];
    for (index, layer) in layers.iter().enumerate() {
        let (torch, burn) = (index.to_string(), format!("{burn}.{index}"));
        entries.extend(of_layer(layer).into_iter().map(|entry| entry.within(&torch, &burn)));
    }
    entries
}

/// The tensors of a layer, by their names in it.
fn of_layer(layer: &Layer) -> Vec<Entry> {
    let weight = |part: &str, transposed: bool| Entry::new("weight", part, transposed);
    let bias = |part: &str| Entry::new("bias", part, false);
    match layer {
        Layer::Dense(_) => vec![weight("Dense.weight", true), bias("Dense.bias")],
        Layer::Conv1d(_) => vec![weight("Conv1d.weight", false), bias("Conv1d.bias")],
        Layer::Conv2d(_) => vec![weight("Conv2d.weight", false), bias("Conv2d.bias")],
        Layer::LayerNorm(_) => vec![weight("LayerNorm.gamma", false), bias("LayerNorm.beta")],
        Layer::RmsNorm(_) => vec![weight("RmsNorm.gamma", false)],
        Layer::GroupNorm(_) => vec![weight("GroupNorm.gamma", false), bias("GroupNorm.beta")],
        Layer::BatchNorm(_) => vec![
            weight("BatchNorm.gamma", false),
            bias("BatchNorm.beta"),
            Entry::new("running_mean", "BatchNorm.running_mean", false),
            Entry::new("running_var", "BatchNorm.running_var", false),
        ],
        Layer::Embedding(_) => {
            vec![weight("Embedding.tokens.weight", false), Entry::new("positions", "Embedding.positions", false)]
        }
        Layer::Attention(_) => attention(),
        Layer::Lstm(_) => gates("Lstm", &["input_gate", "forget_gate", "cell_gate", "output_gate"]),
        Layer::Gru(_) => gates("Gru", &["reset_gate", "update_gate", "new_gate"]),
        Layer::Residual(block) => of_layers(&block.layers, "Residual.layers"),
        Layer::MaxPool1d(_)
        | Layer::MaxPool2d(_)
        | Layer::AveragePool1d(_)
        | Layer::AveragePool2d(_)
        | Layer::Function(_) => vec![],
    }
}

/// The projections of attention, those of what goes in below each other.
fn attention() -> Vec<Entry> {
    let of = |what: &str| Vec::from(["query", "key", "value"].map(|part| format!("Attention.heads.{part}.{what}")));
    vec![
        Entry { name: "in_proj_weight".to_owned(), parts: of("weight"), transposed: true },
        Entry { name: "in_proj_bias".to_owned(), parts: of("bias"), transposed: false },
        Entry::new("out_proj.weight", "Attention.heads.output.weight", true),
        Entry::new("out_proj.bias", "Attention.heads.output.bias", false),
    ]
}

/// The gates of a recurrent layer below each other.
fn gates(layer: &str, gates: &[&str]) -> Vec<Entry> {
    let mut entries = vec![];
    for (of, to) in [("input_transform", "ih"), ("hidden_transform", "hh")] {
        for (what, transposed) in [("weight", true), ("bias", false)] {
            let parts = gates.iter().map(|gate| format!("{layer}.cell.{gate}.{of}.{what}")).collect();
            entries.push(Entry { name: format!("{what}_{to}_l0"), parts, transposed });
        }
    }
    entries
}

fn width(data: &TensorData) -> usize {
    match data.dtype() {
        DType::F64 => 8,
        _ => 4,
    }
}

/// Rows for columns.
fn transpose(data: &TensorData) -> TensorData {
    let shape = data.shape().to_vec();
    let [rows, columns] = shape[..] else { return data.clone() };
    let (bytes, width) = (data.as_bytes(), width(data));
    let mut turned = Vec::with_capacity(bytes.len());
    for column in 0..columns {
        for row in 0..rows {
            turned.extend_from_slice(&bytes[(row * columns + column) * width..][..width]);
        }
    }
    TensorData::from_bytes_vec(turned, vec![columns, rows], data.dtype())
}

/// Below each other, along the first axis.
fn stacked(parts: &[TensorData]) -> TensorData {
    let mut shape = parts[0].shape().to_vec();
    if let Some(first) = shape.first_mut() {
        *first *= parts.len();
    }
    let bytes = parts.iter().flat_map(|part| part.as_bytes().iter().copied()).collect();
    TensorData::from_bytes_vec(bytes, shape, parts[0].dtype())
}

/// Apart again, so many rows each.
fn unstacked(data: &TensorData, rows: usize) -> Vec<TensorData> {
    let mut shape = data.shape().to_vec();
    let parts = shape.first().map_or(1, |first| first / rows.max(1)).max(1);
    if let Some(first) = shape.first_mut() {
        *first = rows;
    }
    let bytes = data.as_bytes();
    let pieces = bytes.chunks(bytes.len().div_ceil(parts).max(1));
    pieces.map(|piece| TensorData::from_bytes_vec(piece.to_vec(), shape.clone(), data.dtype())).collect()
}
