//! [`Net`]: a network that a [`Description`] describes.

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::nn::{Embedding, EmbeddingConfig, Initializer, LinearConfig};
use burn::tensor::{Device, Distribution, Tensor};
use dualgn_io::memory;

use super::build::{Builder, NetworkError, Shape, size};
use super::description::Description;
use super::layer::{Layer, LayerKind, Value, forward};
use super::room::Room;

/// Gives parameters the numbers 1, 2, .. for their identities, which records of optimizers go by: Burn's are random, and would be
/// others when a run is resumed.
struct Numbered(u64);

impl ModuleMapper for Numbered {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        self.0 += 1;
        let (_, value, mapper) = param.consume();
        Param::from_mapped_value(ParamId::from(self.0), value, mapper)
    }
}

/// Categories among the numbers of an example: they stand last, as whole numbers, and each becomes a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Category {
    /// How many different ones there are.
    pub levels: usize,
    /// Length of a vector.
    pub width: usize,
}

/// Layers on top of each other, the last one dense.
#[derive(Module, Debug)]
pub struct Net {
    /// The vectors of each category.
    pub(super) categories: Vec<Embedding>,
    /// The layers.
    pub(super) layers: Vec<Layer>,
    /// The shape of what the first of them takes.
    #[module(skip)]
    input: Input,
    #[module(skip)]
    numbers: usize,
    /// Numbers that an example becomes between the layers.
    #[module(skip)]
    values: u64,
}

/// The shape of what the first layer takes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Input {
    Flat,
    Sequence(usize, usize),
    Image(usize, usize, usize),
}

impl From<Shape> for Input {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Flat(_) => Self::Flat,
            Shape::Sequence(t, c) => Self::Sequence(t, c),
            Shape::Image(c, h, w) => Self::Image(c, h, w),
        }
    }
}

/// The shape as one of images; numbers in a row may be the pixels of a square.
fn image(shape: &[usize]) -> Result<Shape, NetworkError> {
    let side = shape.iter().product::<usize>().isqrt();
    match *shape {
        [_, _, _] => Shape::new(shape),
        [pixels] if side * side == pixels => Shape::new(&[1, side, side]),
        _ => Err(NetworkError::Input(format!(
            "the network is for images, and {shape:?} is the shape of no image; say in a TOML file what it is (`input = [channels, rows, \
             columns]`), or take `mlp`"
        ))),
    }
}

/// How many numbers of an example stand before its categories.
fn numbers_before(categories: &[Category], shape: &[usize]) -> Result<usize, NetworkError> {
    let (count, numbers) = (categories.len(), size(shape)?);
    numbers
        .checked_sub(count)
        .ok_or_else(|| NetworkError::Input(format!("{count} categories are no part of examples of {numbers} numbers")))
}

/// The shape of an example as layers see it: what the description says or the data have, or the numbers and the vectors of categories
/// in a row.
fn example(
    description: &Description,
    shape: &[usize],
    numbers: usize,
    categories: &[Category],
) -> Result<Vec<usize>, NetworkError> {
    match (&description.input, categories) {
        (Some(input), []) if size(input)? == numbers => Ok(input.clone()),
        (None, []) => Ok(shape.to_vec()),
        (None, _) => Ok(vec![numbers + categories.iter().map(|category| category.width).sum::<usize>()]),
        (Some(input), []) => {
            Err(NetworkError::Input(format!("`input` is {input:?}, and an example has {numbers} numbers")))
        }
        (Some(_), _) => Err(NetworkError::Input("`input` is for data without categories; leave it out".into())),
    }
}

/// Refuses a description that contradicts itself or the targets.
fn check(description: &Description, outputs: usize) -> Result<(), NetworkError> {
    if description.preset.is_some() && !description.layers.is_empty() {
        return Err(NetworkError::Input("a network has a `preset` or `layers`, not both".into()));
    }
    if let Some(stated) = description.outputs.filter(|&stated| stated != outputs) {
        return Err(NetworkError::Input(format!("`outputs` is {stated}, and the targets need {outputs}")));
    }
    if outputs == 0 {
        return Err(NetworkError::Input("`outputs` should be at least 1".into()));
    }
    Ok(())
}

/// The vectors of categories.
fn embeddings(categories: &[Category], builder: &mut Builder) -> Result<Vec<Embedding>, NetworkError> {
    for category in categories {
        builder.room.take(&[category.levels, category.width]).map_err(NetworkError::Input)?;
    }
    // Small, so that a category starts as its column's mean does.
    let initializer = Initializer::Normal { mean: 0.0, std: 0.1 };
    let embedding = |category: &Category| {
        EmbeddingConfig::new(category.levels, category.width).with_initializer(initializer.clone()).init(builder.device)
    };
    Ok(categories.iter().map(embedding).collect())
}

/// Adds the last layer, a dense one of whatever comes to it.
fn finish(layers: &mut Vec<Layer>, builder: &mut Builder, outputs: usize) -> Result<(), NetworkError> {
    let last = match builder.shape {
        Shape::Flat(width) => width,
        other => {
            layers.push(Layer::function(LayerKind::Flatten));
            other.size()
        }
    };
    let size = builder.room.take(&[last.saturating_add(1), outputs]).and_then(|()| builder.room.pass(&[outputs]));
    size.map_err(|problem| NetworkError::Input(format!("the last layer: {problem}")))?;
    layers.push(Layer::Dense(LinearConfig::new(last, outputs).init(builder.device)));
    Ok(())
}

impl Net {
    /// Builds a network for examples of a shape and so many outputs, with random weights from the device's generator.
    ///
    /// # Errors
    /// A layer does not fit what comes to it, the description asks for other inputs or outputs than there are, or the network is
    /// larger than half of the memory that is free; that is found before any is taken.
    pub fn new(
        description: &Description,
        shape: &[usize],
        categories: &[Category],
        outputs: usize,
        device: &Device,
    ) -> Result<Self, NetworkError> {
        Self::within(memory::budget(), description, shape, categories, outputs, device)
    }

    /// The same within so many bytes.
    pub fn within(
        budget: u64,
        description: &Description,
        shape: &[usize],
        categories: &[Category],
        outputs: usize,
        device: &Device,
    ) -> Result<Self, NetworkError> {
        let numbers = numbers_before(categories, shape)?;
        let example = example(description, shape, numbers, categories)?;
        check(description, outputs)?;
        let layers = description.written_out().map_err(NetworkError::Input)?;
        let shape = match &description.preset {
            Some(preset) if preset.is_for_images() => image(&example)?,
            Some(_) => Shape::new(&[example.iter().product()])?,
            None => Shape::new(&example)?,
        };
        let mut builder = Builder { device, shape, within: vec![], room: Room::new(budget, 4) };
        let categories = embeddings(categories, &mut builder)?;
        let mut layers = builder.layers(&layers)?;
        finish(&mut layers, &mut builder, outputs)?;
        let values = builder.room.values();
        Ok(Self { categories, layers, input: shape.into(), numbers, values }.map(&mut Numbered(0)))
    }

    /// The layers, the last one dense.
    pub fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// How many categories there are.
    pub fn categories(&self) -> usize {
        self.categories.len()
    }

    /// How many numbers stand before the categories.
    pub fn numbers(&self) -> usize {
        self.numbers
    }

    /// Channels, rows and columns, if the first layer takes images.
    pub fn image(&self) -> Option<[usize; 3]> {
        match self.input {
            Input::Image(c, h, w) => Some([c, h, w]),
            Input::Flat | Input::Sequence(..) => None,
        }
    }

    /// Numbers of all parameters.
    pub fn parameters(&self) -> usize {
        self.num_params()
    }

    /// Numbers that an example becomes between the layers.
    pub fn values(&self) -> u64 {
        self.values
    }

    /// Inputs that it takes, where their values do not matter: random numbers, and the first category and token.
    pub fn examples(&self, [count, features]: [usize; 2], device: &Device) -> Tensor<2> {
        let has_tokens = self.layers.iter().any(|layer| matches!(layer, Layer::Embedding(_)));
        let numbers = if has_tokens { 0 } else { features - self.categories.len() };
        let random = Tensor::random([count, features], Distribution::Normal(0.0, 1.0), device);
        let keeps: Vec<f32> = (0..features).map(|column| f32::from(column < numbers)).collect();
        random * Tensor::<1>::from_floats(keeps.as_slice(), device).unsqueeze()
    }

    /// `[m, features]` to `[m, outputs]`. Images and sequences come flattened; categories stand last.
    pub fn forward(&self, inputs: Tensor<2>) -> Tensor<2> {
        let [m, features] = inputs.dims();
        let inputs = if self.categories.is_empty() {
            inputs
        } else {
            let numeric = features - self.categories.len();
            let vectors = self.categories.iter().enumerate().map(|(index, embedding)| {
                let column = inputs.clone().narrow(1, numeric + index, 1);
                embedding.forward(column.int()).squeeze_dim::<2>(1)
            });
            let numbers = (numeric > 0).then(|| inputs.clone().narrow(1, 0, numeric));
            Tensor::cat(numbers.into_iter().chain(vectors).collect(), 1)
        };
        let value = match self.input {
            Input::Flat => Value::Flat(inputs),
            Input::Sequence(t, c) => Value::Sequence(inputs.reshape([m, t, c])),
            Input::Image(c, h, w) => Value::Image(inputs.reshape([m, c, h, w])),
        };
        forward(&self.layers, value).flat()
    }
}
