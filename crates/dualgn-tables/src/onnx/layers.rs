//! The layers of a network as nodes of ONNX, with weights in PyTorch's layout, which is ONNX's too.

use burn::tensor::TensorData;
use dualgn_networks::{Kind, Layer, Net, Tensors};

use super::graph::{Attribute, Graph, Name};

/// A network on its inputs; or why it has no such form.
pub(super) fn network(graph: &mut Graph, net: &Net, weights: &mut Tensors, inputs: &Name) -> Result<Name, String> {
    let mut value = inputs.clone();
    let categories = net.categories();
    if categories > 0 {
        let numbers = net.numbers();
        let mut parts = vec![];
        if numbers > 0 {
            let bounds = [0, numbers, 1].map(|bound| graph.wholes(&[bound as i64]));
            parts.push(graph.node("Slice", &[&value, &bounds[0], &bounds[1], &bounds[2]], &[]));
        }
        for category in 0..categories {
            let table = constant(graph, take(weights, &format!("categories.{category}.weight"))?);
            let place = graph.wholes(&[(numbers + category) as i64]);
            let column = graph.node("Gather", &[&value, &place], &[Attribute::Whole("axis", 1)]);
            let axis = graph.wholes(&[1]);
            let column = graph.node("Squeeze", &[&column, &axis], &[]);
            let words = graph.node("Cast", &[&column], &[Attribute::Whole("to", 7)]);
            parts.push(graph.node("Gather", &[&table, &words], &[Attribute::Whole("axis", 0)]));
        }
        value = graph.node("Concat", &parts.iter().collect::<Vec<_>>(), &[Attribute::Whole("axis", 1)]);
    }
    if let Some(shape) = net.image() {
        let shape: Vec<i64> = [-1].into_iter().chain(shape.map(|dim| dim as i64)).collect();
        let shape = graph.wholes(&shape);
        value = graph.node("Reshape", &[&value, &shape], &[]);
    }
    layers(graph, net.layers(), "", weights, value)
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
    let mut weight =
        |graph: &mut Graph, name: &str| Ok::<_, String>(constant(graph, take(weights, &format!("{prefix}{name}"))?));
    let square = |size: usize| [size as i64; 2];
    match layer {
        Layer::Dense(dense) => {
            let matrix = weight(graph, "weight")?;
            let mut inputs = vec![value, matrix];
            if dense.bias.is_some() {
                inputs.push(weight(graph, "bias")?);
            }
            Ok(graph.node("Gemm", &inputs.iter().collect::<Vec<_>>(), &[Attribute::Whole("transB", 1)]))
        }
        Layer::Conv2d(conv) => {
            let (matrix, bias) = (weight(graph, "weight")?, weight(graph, "bias")?);
            let burn::nn::PaddingConfig2d::Explicit(top, left, bottom, right) = conv.padding else {
                return Err("a convolution has padding of its own".into());
            };
            let pads = [top, left, bottom, right].map(|pad| pad as i64);
            let attributes =
                [Attribute::Wholes("pads", &pads), Attribute::Wholes("strides", &conv.stride.map(|s| s as i64))];
            Ok(graph.node("Conv", &[&value, &matrix, &bias], &attributes))
        }
        Layer::MaxPool2d(pool) => {
            let (size, strides) = (square(pool.kernel_size[0]), square(pool.stride[0]));
            Ok(graph.node(
                "MaxPool",
                &[&value],
                &[Attribute::Wholes("kernel_shape", &size), Attribute::Wholes("strides", &strides)],
            ))
        }
        Layer::AveragePool2d(pool) => {
            let (size, strides) = (square(pool.kernel_size[0]), square(pool.stride[0]));
            Ok(graph.node(
                "AveragePool",
                &[&value],
                &[Attribute::Wholes("kernel_shape", &size), Attribute::Wholes("strides", &strides)],
            ))
        }
        Layer::LayerNorm(_) => {
            let (gamma, beta) = (weight(graph, "weight")?, weight(graph, "bias")?);
            Ok(graph.node(
                "LayerNormalization",
                &[&value, &gamma, &beta],
                &[Attribute::Whole("axis", -1), Attribute::Number("epsilon", 1e-5)],
            ))
        }
        Layer::BatchNorm(norm) => {
            let names = ["weight", "bias", "running_mean", "running_var"];
            let parts: Vec<Name> = names.iter().map(|name| weight(graph, name)).collect::<Result<_, _>>()?;
            let inputs: Vec<&Name> = [&value].into_iter().chain(&parts).collect();
            Ok(graph.node("BatchNormalization", &inputs, &[Attribute::Number("epsilon", norm.epsilon as f32)]))
        }
        Layer::Residual(block) => {
            let through = layers(graph, &block.layers, prefix, weights, value.clone())?;
            Ok(graph.node("Add", &[&value, &through], &[]))
        }
        Layer::Function(_) => Ok(function(graph, layer.kind().unwrap_or(Kind::Flatten), value)),
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

fn function(graph: &mut Graph, kind: Kind, value: Name) -> Name {
    match kind {
        Kind::Relu => graph.node("Relu", &[&value], &[]),
        Kind::Tanh => graph.node("Tanh", &[&value], &[]),
        Kind::Sigmoid => graph.node("Sigmoid", &[&value], &[]),
        Kind::Softplus => graph.node("Softplus", &[&value], &[]),
        Kind::Silu => {
            let gate = graph.node("Sigmoid", &[&value], &[]);
            graph.node("Mul", &[&value, &gate], &[])
        }
        Kind::Gelu => {
            let (root, one, half) = (graph.float(std::f64::consts::SQRT_2), graph.float(1.0), graph.float(0.5));
            let scaled = graph.node("Div", &[&value, &root], &[]);
            let erf = graph.node("Erf", &[&scaled], &[]);
            let more = graph.node("Add", &[&erf, &one], &[]);
            let product = graph.node("Mul", &[&value, &more], &[]);
            graph.node("Mul", &[&product, &half], &[])
        }
        Kind::Sine(frequency) => {
            let factor = graph.float(frequency);
            let value = graph.node("Mul", &[&value, &factor], &[]);
            graph.node("Sin", &[&value], &[])
        }
        Kind::Flatten => graph.node("Flatten", &[&value], &[Attribute::Whole("axis", 1)]),
        Kind::GlobalAverage => {
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
