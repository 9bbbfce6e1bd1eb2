//! [`Graph`]: a graph of ONNX on its way into a file (`onnx.proto`).

use prost::Message;

use super::schema::attribute_proto::AttributeType;
use super::schema::tensor_proto::DataType;
use super::schema::tensor_shape_proto::{Dimension, dimension};
use super::schema::type_proto::{self, Tensor};
use super::schema::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto,
};

/// Nodes and constants.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
    names: usize,
}

/// An attribute of a node.
pub(super) enum Attribute<'a> {
    /// A whole number.
    Whole(&'a str, i64),
    /// A number.
    Number(&'a str, f32),
    /// Several whole numbers.
    Wholes(&'a str, &'a [i64]),
}

/// A value of the graph, by its name.
pub(super) type Name = String;

/// Version of the representation: the one that goes with these operators.
const REPRESENTATION: i64 = 8;
/// Version of the operators: the first with `LayerNormalization`.
const OPERATORS: i64 = 17;
/// Who writes the file, and what the graph is called.
const PRODUCER: &str = "dualgn";

impl Graph {
    fn name(&mut self, of: &str) -> Name {
        self.names += 1;
        format!("{of}_{}", self.names)
    }

    /// A node with one output.
    pub(super) fn node(&mut self, kind: &str, inputs: &[&Name], attributes: &[Attribute]) -> Name {
        let output = self.name(&kind.to_lowercase());
        self.named(kind, inputs, attributes, &output);
        output
    }

    /// A node whose output has a name of its own.
    pub(super) fn named(&mut self, kind: &str, inputs: &[&Name], attributes: &[Attribute], output: &str) {
        self.nodes.push(NodeProto {
            input: inputs.iter().copied().cloned().collect(),
            output: vec![output.to_owned()],
            name: Some(output.to_owned()),
            op_type: Some(kind.to_owned()),
            attribute: attributes.iter().map(Attribute::message).collect(),
        });
    }

    /// Columns of a value with a row for each example, from one to before another.
    pub(super) fn columns(&mut self, of: &Name, from: usize, to: usize) -> Name {
        let bounds = [from, to, 1].map(|bound| self.wholes(&[bound as i64]));
        self.node("Slice", &[of, &bounds[0], &bounds[1], &bounds[2]], &[])
    }

    /// A value in numbers of another type.
    pub(super) fn cast(&mut self, value: &Name, to: DataType) -> Name {
        self.node("Cast", &[value], &[Attribute::Whole("to", i64::from(i32::from(to)))])
    }

    /// A constant of single precision.
    pub(super) fn floats(&mut self, shape: &[usize], values: impl IntoIterator<Item = f32>) -> Name {
        self.constant(DataType::Float, shape, values.into_iter().flat_map(f32::to_le_bytes).collect())
    }

    /// One number.
    pub(super) fn float(&mut self, value: f64) -> Name {
        self.floats(&[], [value as f32])
    }

    /// A constant of whole numbers.
    pub(super) fn wholes(&mut self, values: &[i64]) -> Name {
        let raw = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.constant(DataType::Int64, &[values.len()], raw)
    }

    /// A constant of answers.
    pub(super) fn answers(&mut self, values: &[bool]) -> Name {
        self.constant(DataType::Bool, &[values.len()], values.iter().map(|&value| u8::from(value)).collect())
    }

    fn constant(&mut self, kind: DataType, shape: &[usize], raw: Vec<u8>) -> Name {
        let name = self.name("constant");
        self.constants.push(TensorProto {
            dims: shape.iter().map(|&dim| dim as i64).collect(),
            data_type: Some(kind.into()),
            name: Some(name.clone()),
            raw_data: Some(raw),
        });
        name
    }

    /// The file: one input and one output with a row for each example, and what the model is.
    pub(super) fn file(
        self,
        (input, columns): (&str, usize),
        (output, width): (&str, usize),
        about: &[(&str, &str)],
    ) -> Vec<u8> {
        let graph = GraphProto {
            node: self.nodes,
            name: Some(PRODUCER.to_owned()),
            initializer: self.constants,
            input: vec![rows(input, columns)],
            output: vec![rows(output, width)],
        };
        let property = |(key, value): &(&str, &str)| StringStringEntryProto {
            key: Some((*key).to_owned()),
            value: Some((*value).to_owned()),
        };
        let model = ModelProto {
            ir_version: Some(REPRESENTATION),
            opset_import: vec![OperatorSetIdProto { domain: Some(String::new()), version: Some(OPERATORS) }],
            producer_name: Some(PRODUCER.to_owned()),
            producer_version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            graph: Some(graph),
            metadata_props: about.iter().map(property).collect(),
        };
        model.encode_to_vec()
    }
}

/// A value of single precision with any number of rows.
fn rows(name: &str, width: usize) -> ValueInfoProto {
    let any = dimension::Value::DimParam("rows".to_owned());
    let axes = [any, dimension::Value::DimValue(width as i64)];
    let shape = TensorShapeProto { dim: axes.map(|axis| Dimension { value: Some(axis) }).into() };
    let tensor = Tensor { elem_type: Some(DataType::Float.into()), shape: Some(shape) };
    let kind = TypeProto { value: Some(type_proto::Value::TensorType(tensor)) };
    ValueInfoProto { name: Some(name.to_owned()), r#type: Some(kind) }
}

impl Attribute<'_> {
    fn message(&self) -> AttributeProto {
        let (name, kind) = match self {
            Self::Whole(name, _) => (*name, AttributeType::Int),
            Self::Number(name, _) => (*name, AttributeType::Float),
            Self::Wholes(name, _) => (*name, AttributeType::Ints),
        };
        let plain =
            AttributeProto { name: Some(name.to_owned()), r#type: Some(kind.into()), ..AttributeProto::default() };
        match self {
            Self::Whole(_, value) => AttributeProto { i: Some(*value), ..plain },
            Self::Number(_, value) => AttributeProto { f: Some(*value), ..plain },
            Self::Wholes(_, values) => AttributeProto { ints: values.to_vec(), ..plain },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A field of bytes: its tag, which is its number times 8 and 2 more, its length in seven bits a byte, and what it holds.
    fn field(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let inside = parts.concat();
        let length = match inside.len() {
            short @ ..0x80 => vec![short as u8],
            long => vec![long as u8 | 0x80, (long >> 7) as u8],
        };
        [vec![tag], length, inside].concat()
    }

    fn text(tag: u8, text: &str) -> Vec<u8> {
        field(tag, &[text.as_bytes()])
    }

    /// Each message written out, from the numbers in ONNX's published schema and the rules of protocol buffers.
    #[test]
    fn a_file_is_written_byte_by_byte_as_published() {
        let mut graph = Graph::default();
        let table = graph.floats(&[2, 0, 300], [1.0, -2.0]);
        let bounds = graph.wholes(&[-1, 258]);
        let which = graph.answers(&[true, false]);
        let pads = [0, 300, -1];
        let attributes = [Attribute::Whole("a", -1), Attribute::Number("b", 0.0), Attribute::Wholes("c", &pads)];
        let node = graph.node("Conv", &[&table, &bounds, &which], &attributes);
        assert_eq!(node, "conv_4");
        graph.named("Identity", &[&node], &[], "y");
        let found = graph.file(("x", 3), ("y", 300), &[("key", "value"), ("", "")]);

        // A number below zero has ten bytes, 300 has two.
        let less = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        let conv = [
            ["constant_1", "constant_2", "constant_3"].map(|name| text(0x0a, name)).concat(),
            text(0x12, "conv_4"),
            text(0x1a, "conv_4"),
            text(0x22, "Conv"),
            field(0x2a, &[b"\x0a\x01a", b"\x18", less, b"\xa0\x01\x02"]),
            field(0x2a, &[b"\x0a\x01b", b"\x15\0\0\0\0", b"\xa0\x01\x01"]),
            field(0x2a, &[b"\x0a\x01c", b"\x40\0\x40\xac\x02\x40", less, b"\xa0\x01\x07"]),
        ];
        let identity = [text(0x0a, "conv_4"), text(0x12, "y"), text(0x1a, "y"), text(0x22, "Identity")];
        let floats =
            [&b"\x08\x02\x08\0\x08\xac\x02\x10\x01"[..], &text(0x42, "constant_1"), b"\x4a\x08\0\0\x80\x3f\0\0\0\xc0"];
        let wholes =
            [&b"\x08\x02\x10\x07"[..], &text(0x42, "constant_2"), b"\x4a\x10", &[0xff; 8], b"\x02\x01\0\0\0\0\0\0"];
        let answers = [&b"\x08\x02\x10\x09"[..], &text(0x42, "constant_3"), b"\x4a\x02\x01\0"];
        let value = |name: &str, width: &[u8]| {
            let shape = field(0x12, &[&field(0x0a, &[&text(0x12, "rows")]), &field(0x0a, &[width])]);
            [text(0x0a, name), field(0x12, &[&field(0x0a, &[b"\x08\x01", &shape])])].concat()
        };
        let inside = [
            field(0x0a, &[&conv.concat()]),
            field(0x0a, &[&identity.concat()]),
            text(0x12, "dualgn"),
            field(0x2a, &floats),
            field(0x2a, &wholes),
            field(0x2a, &answers),
            field(0x5a, &[&value("x", b"\x08\x03")]),
            field(0x62, &[&value("y", b"\x08\xac\x02")]),
        ];
        let expected = [
            b"\x08\x08".to_vec(),
            text(0x12, "dualgn"),
            text(0x1a, env!("CARGO_PKG_VERSION")),
            field(0x3a, &[&inside.concat()]),
            field(0x42, &[b"\x0a\0", b"\x10\x11"]),
            field(0x72, &[b"\x0a\x03key", b"\x12\x05value"]),
            field(0x72, &[b"\x0a\0", b"\x12\0"]),
        ];
        assert_eq!(found, expected.concat());
    }
}
