//! The layers of a network as nodes of ONNX, with weights in PyTorch's layout, which is ONNX's too.

use burn::nn::conv::Conv2d;
use burn::nn::{BatchNorm, Linear, PaddingConfig2d};
use burn::tensor::TensorData;
use dualgn_networks::{Layer, LayerKind, Net, Tensors};

use super::graph::{Attribute, Graph, Name};
use super::schema::tensor_proto::DataType;

/// A network on its inputs; or why it has no such form.
pub(super) fn network(graph: &mut Graph, net: &Net, weights: &mut Tensors, inputs: &Name) -> Result<Name, String> {
    let mut value = inputs.clone();
    if net.categories() > 0 {
        value = with_vectors(graph, net, weights, &value)?;
    }
    if let Some(shape) = net.image() {
        let shape: Vec<i64> = [-1].into_iter().chain(shape.map(|dim| dim as i64)).collect();
        let shape = graph.wholes(&shape);
        value = graph.node("Reshape", &[&value, &shape], &[]);
    }
    layers(graph, net.layers(), "", weights, value)
}

/// The numbers of a row, and for each of its words the vector of that word.
fn with_vectors(graph: &mut Graph, net: &Net, weights: &mut Tensors, row: &Name) -> Result<Name, String> {
    let numbers = net.numbers();
    let mut parts = vec![];
    if numbers > 0 {
        parts.push(graph.columns(row, 0, numbers));
    }
    for category in 0..net.categories() {
        let table = constant(graph, take(weights, &format!("categories.{category}.weight"))?);
        let place = graph.wholes(&[(numbers + category) as i64]);
        let column = graph.node("Gather", &[row, &place], &[Attribute::Whole("axis", 1)]);
        let axis = graph.wholes(&[1]);
        let column = graph.node("Squeeze", &[&column, &axis], &[]);
        let words = graph.cast(&column, DataType::Int64);
        parts.push(graph.node("Gather", &[&table, &words], &[Attribute::Whole("axis", 0)]));
    }
    Ok(graph.node("Concat", &parts.iter().collect::<Vec<_>>(), &[Attribute::Whole("axis", 1)]))
}

fn layers(
    graph: &mut Graph,
    layers: &[Layer],
    prefix: &str,
    weights: &mut Tensors,
    mut value: Name,
) -> Result<Name, String> {
    for (index, layer) in layers.iter().enumerate() {
        value = one(graph, layer, &format!("{prefix}{index}."), weights, value)?;
    }
    Ok(value)
}

fn one(graph: &mut Graph, layer: &Layer, prefix: &str, weights: &mut Tensors, value: Name) -> Result<Name, String> {
    let mut own = LayerWeights { weights, prefix };
    match layer {
        Layer::Dense(layer) => dense(graph, layer, &mut own, &value),
        Layer::Conv2d(layer) => convolution(graph, layer, &mut own, &value),
        Layer::MaxPool2d(pool) => Ok(pooling(graph, "MaxPool", pool.kernel_size[0], pool.stride[0], &value)),
        Layer::AveragePool2d(pool) => Ok(pooling(graph, "AveragePool", pool.kernel_size[0], pool.stride[0], &value)),
        Layer::LayerNorm(_) => layer_norm(graph, &mut own, &value),
        Layer::BatchNorm(norm) => batch_norm(graph, norm, &mut own, &value),
        Layer::Residual(block) => {
            let through = layers(graph, &block.layers, prefix, own.weights, value.clone())?;
            Ok(graph.node("Add", &[&value, &through], &[]))
        }
        Layer::Function(_) => Ok(function(graph, layer.kind().unwrap_or(LayerKind::Flatten), value)),
        Layer::Conv1d(_) | Layer::MaxPool1d(_) | Layer::AveragePool1d(_) => Err(refusal("layers along a sequence")),
        Layer::RmsNorm(_) => Err(refusal("`rms-norm`")),
        Layer::GroupNorm(_) => Err(refusal("`group-norm`")),
        Layer::Embedding(_) => Err(refusal("`embedding`")),
        Layer::Attention(_) => Err(refusal("`attention`")),
        Layer::Lstm(_) => Err(refusal("`lstm`")),
        Layer::Gru(_) => Err(refusal("`gru`")),
    }
}

fn refusal(layer: &str) -> String {
    format!("its network has {layer}; dense layers, images, `layer-norm`, `batch-norm` and functions are exported")
}

/// The weights of one layer, by their names in it.
struct LayerWeights<'a> {
    weights: &'a mut Tensors,
    prefix: &'a str,
}

impl LayerWeights<'_> {
    /// A weight as a constant of the graph.
    fn constant(&mut self, graph: &mut Graph, name: &str) -> Result<Name, String> {
        let data = take(self.weights, &format!("{}{name}", self.prefix))?;
        Ok(constant(graph, data))
    }
}

fn dense(graph: &mut Graph, layer: &Linear, own: &mut LayerWeights, value: &Name) -> Result<Name, String> {
    let matrix = own.constant(graph, "weight")?;
    let bias = layer.bias.as_ref().map(|_| own.constant(graph, "bias")).transpose()?;
    let inputs: Vec<&Name> = [value, &matrix].into_iter().chain(&bias).collect();
    Ok(graph.node("Gemm", &inputs, &[Attribute::Whole("transB", 1)]))
}

fn convolution(graph: &mut Graph, layer: &Conv2d, own: &mut LayerWeights, value: &Name) -> Result<Name, String> {
    let (matrix, bias) = (own.constant(graph, "weight")?, own.constant(graph, "bias")?);
    let PaddingConfig2d::Explicit(top, left, bottom, right) = layer.padding else {
        return Err("a convolution has padding of its own".into());
    };
    let pads = [top, left, bottom, right].map(|pad| pad as i64);
    let strides = layer.stride.map(|stride| stride as i64);
    let attributes = [Attribute::Wholes("pads", &pads), Attribute::Wholes("strides", &strides)];
    Ok(graph.node("Conv", &[value, &matrix, &bias], &attributes))
}

/// Of squares, at equal distances both ways.
fn pooling(graph: &mut Graph, kind: &str, size: usize, stride: usize, value: &Name) -> Name {
    let (size, strides) = ([size as i64; 2], [stride as i64; 2]);
    let attributes = [Attribute::Wholes("kernel_shape", &size), Attribute::Wholes("strides", &strides)];
    graph.node(kind, &[value], &attributes)
}

fn layer_norm(graph: &mut Graph, own: &mut LayerWeights, value: &Name) -> Result<Name, String> {
    let (gamma, beta) = (own.constant(graph, "weight")?, own.constant(graph, "bias")?);
    let attributes = [Attribute::Whole("axis", -1), Attribute::Number("epsilon", 1e-5)];
    Ok(graph.node("LayerNormalization", &[value, &gamma, &beta], &attributes))
}

fn batch_norm(graph: &mut Graph, layer: &BatchNorm, own: &mut LayerWeights, value: &Name) -> Result<Name, String> {
    let names = ["weight", "bias", "running_mean", "running_var"];
    let parts: Vec<Name> = names.iter().map(|name| own.constant(graph, name)).collect::<Result<_, _>>()?;
    let inputs: Vec<&Name> = [value].into_iter().chain(&parts).collect();
    Ok(graph.node("BatchNormalization", &inputs, &[Attribute::Number("epsilon", layer.epsilon as f32)]))
}

fn function(graph: &mut Graph, kind: LayerKind, value: Name) -> Name {
    match kind {
        LayerKind::Relu => graph.node("Relu", &[&value], &[]),
        LayerKind::Tanh => graph.node("Tanh", &[&value], &[]),
        LayerKind::Sigmoid => graph.node("Sigmoid", &[&value], &[]),
        LayerKind::Softplus => graph.node("Softplus", &[&value], &[]),
        LayerKind::Silu => {
            let gate = graph.node("Sigmoid", &[&value], &[]);
            graph.node("Mul", &[&value, &gate], &[])
        }
        LayerKind::Gelu => {
            let (root, one, half) = (graph.float(std::f64::consts::SQRT_2), graph.float(1.0), graph.float(0.5));
            let scaled = graph.node("Div", &[&value, &root], &[]);
            let erf = graph.node("Erf", &[&scaled], &[]);
            let more = graph.node("Add", &[&erf, &one], &[]);
            let product = graph.node("Mul", &[&value, &more], &[]);
            graph.node("Mul", &[&product, &half], &[])
        }
        LayerKind::Sine(frequency) => {
            let factor = graph.float(frequency);
            let value = graph.node("Mul", &[&value, &factor], &[]);
            graph.node("Sin", &[&value], &[])
        }
        LayerKind::Flatten => graph.node("Flatten", &[&value], &[Attribute::Whole("axis", 1)]),
        LayerKind::GlobalAverage => {
            let value = graph.node("GlobalAveragePool", &[&value], &[]);
            graph.node("Flatten", &[&value], &[Attribute::Whole("axis", 1)])
        }
    }
}

fn take(weights: &mut Tensors, name: &str) -> Result<TensorData, String> {
    weights.remove(name).ok_or_else(|| format!("its network has no weights `{name}`"))
}

fn constant(graph: &mut Graph, data: TensorData) -> Name {
    graph.floats(&data.shape().to_vec(), data.iter::<f32>().collect::<Vec<_>>())
}
