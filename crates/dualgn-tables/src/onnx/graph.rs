//! [`Graph`]: a graph of ONNX on its way into a file (`onnx/onnx.proto`, opset 17).

use dualgn_io::protobuf::{bytes, single, whole};

/// Nodes and constants.
#[derive(Default)]
pub(super) struct Graph {
    nodes: Vec<u8>,
    constants: Vec<u8>,
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

const FLOAT: u64 = 1;
const INT64: u64 = 7;
const BOOL: u64 = 9;

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
        let mut node: Vec<u8> = inputs.iter().flat_map(|input| bytes(1, input.as_bytes())).collect();
        node.extend(bytes(2, output.as_bytes()));
        node.extend(bytes(3, output.as_bytes()));
        node.extend(bytes(4, kind.as_bytes()));
        node.extend(attributes.iter().flat_map(|attribute| bytes(5, &attribute.message())));
        self.nodes.extend(bytes(1, &node));
    }

    /// A constant of single precision.
    pub(super) fn floats(&mut self, shape: &[usize], values: impl IntoIterator<Item = f32>) -> Name {
        self.constant(FLOAT, shape, values.into_iter().flat_map(f32::to_le_bytes).collect())
    }

    /// One number.
    pub(super) fn float(&mut self, value: f64) -> Name {
        self.floats(&[], [value as f32])
    }

    /// A constant of whole numbers.
    pub(super) fn wholes(&mut self, values: &[i64]) -> Name {
        self.constant(INT64, &[values.len()], values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// A constant of answers.
    pub(super) fn answers(&mut self, values: &[bool]) -> Name {
        self.constant(BOOL, &[values.len()], values.iter().map(|&value| u8::from(value)).collect())
    }

    fn constant(&mut self, kind: u64, shape: &[usize], raw: Vec<u8>) -> Name {
        let name = self.name("constant");
        let mut tensor: Vec<u8> = shape.iter().flat_map(|&dim| whole(1, dim as u64)).collect();
        tensor.extend(whole(2, kind));
        tensor.extend(bytes(8, name.as_bytes()));
        tensor.extend(bytes(9, &raw));
        self.constants.extend(bytes(5, &tensor));
        name
    }

    /// The file: one input and one output with a row for each example, and what the model is.
    pub(super) fn file(
        self,
        (input, columns): (&str, usize),
        (output, width): (&str, usize),
        about: &[(&str, &str)],
    ) -> Vec<u8> {
        let value = |name: &str, width: usize| {
            let rows = bytes(1, &bytes(2, b"rows"));
            let shape = [rows, bytes(1, &whole(1, width as u64))].concat();
            let tensor = [whole(1, FLOAT), bytes(2, &shape)].concat();
            [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
        };
        let graph = [
            self.nodes,
            bytes(2, b"dualgn"),
            self.constants,
            bytes(11, &value(input, columns)),
            bytes(12, &value(output, width)),
        ]
        .concat();
        let opset = [bytes(1, b""), whole(2, 17)].concat();
        let properties = about
            .iter()
            .flat_map(|(key, value)| bytes(14, &[bytes(1, key.as_bytes()), bytes(2, value.as_bytes())].concat()));
        let properties: Vec<u8> = properties.collect();
        let version = env!("CARGO_PKG_VERSION").as_bytes();
        [whole(1, 8), bytes(2, b"dualgn"), bytes(3, version), bytes(7, &graph), bytes(8, &opset), properties].concat()
    }
}

impl Attribute<'_> {
    fn message(&self) -> Vec<u8> {
        match self {
            Self::Whole(name, value) => [bytes(1, name.as_bytes()), whole(3, *value as u64), whole(20, 2)].concat(),
            Self::Number(name, value) => [bytes(1, name.as_bytes()), single(2, *value), whole(20, 1)].concat(),
            Self::Wholes(name, values) => {
                let values: Vec<u8> = values.iter().flat_map(|&value| whole(8, value as u64)).collect();
                [bytes(1, name.as_bytes()), values, whole(20, 7)].concat()
            }
        }
    }
}
