//! Networks with two inputs, gates, sines, and a low-rank adapter.

use burn::module::Module;
use burn::nn::{
    CosineSimilarity, CosineSimilarityConfig, Linear, LinearConfig, PairwiseDistance, PairwiseDistanceConfig, RmsNorm,
    RmsNormConfig, SwiGlu, SwiGluConfig,
};
use burn::tensor::{Device, Tensor};

/// One network applied to two inputs, whose outputs are compared.
#[derive(Module, Debug)]
pub(crate) struct Siamese {
    body: Linear,
    head: Linear,
    similarity: CosineSimilarity,
}

impl Siamese {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            body: LinearConfig::new(4, 6).init(device),
            head: LinearConfig::new(6, 3).init(device),
            similarity: CosineSimilarityConfig::new().init(),
        }
    }

    fn embed(&self, x: Tensor<2>) -> Tensor<2> {
        self.head.forward(self.body.forward(x).tanh())
    }

    pub(crate) fn forward(&self, (a, b): (Tensor<2>, Tensor<2>)) -> Tensor<2> {
        self.similarity.forward(self.embed(a), self.embed(b)).unsqueeze_dim(1)
    }
}

/// Distances of three points under one map.
#[derive(Module, Debug)]
pub(crate) struct Distances {
    map: Linear,
    distance: PairwiseDistance,
}

impl Distances {
    pub(crate) fn new(device: &Device) -> Self {
        Self { map: LinearConfig::new(4, 3).init(device), distance: PairwiseDistanceConfig::new().init() }
    }

    pub(crate) fn forward(&self, (anchor, near, far): (Tensor<2>, Tensor<2>, Tensor<2>)) -> Tensor<2> {
        let [anchor, near, far] = [anchor, near, far].map(|x| self.map.forward(x).sin());
        let near = self.distance.forward(anchor.clone(), near);
        Tensor::stack(vec![near, self.distance.forward(anchor, far)], 1)
    }
}

/// A gated layer, as in recent language models.
#[derive(Module, Debug)]
pub(crate) struct Gated {
    norm: RmsNorm,
    gate: SwiGlu,
    head: Linear,
}

impl Gated {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            norm: RmsNormConfig::new(4).init(device),
            gate: SwiGluConfig::new(4, 6).init(device),
            head: LinearConfig::new(6, 2).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.head.forward(self.gate.forward(self.norm.forward(x)))
    }
}

/// A sine network, as used for shapes.
#[derive(Module, Debug)]
pub(crate) struct Siren {
    first: Linear,
    second: Linear,
    last: Linear,
}

impl Siren {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            first: LinearConfig::new(3, 8).init(device),
            second: LinearConfig::new(8, 8).init(device),
            last: LinearConfig::new(8, 1).init(device),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = (self.first.forward(x) * 5.0).sin();
        self.last.forward(self.second.forward(x).sin())
    }
}

/// A frozen layer with a low-rank adapter beside it.
#[derive(Module, Debug)]
pub(crate) struct Adapted {
    frozen: Linear,
    down: Linear,
    up: Linear,
    last: Linear,
}

impl Adapted {
    pub(crate) fn new(device: &Device) -> Self {
        Self::with_width(6, device)
    }

    pub(crate) fn with_width(width: usize, device: &Device) -> Self {
        Self {
            frozen: LinearConfig::new(width, width).init(device).freeze(),
            down: LinearConfig::new(width, 2).with_bias(false).init(device),
            up: LinearConfig::new(2, width).with_bias(false).init(device),
            last: LinearConfig::new(width, 2).init(device).freeze(),
        }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let adapted = self.frozen.forward(x.clone()) + self.up.forward(self.down.forward(x));
        self.last.forward(adapted.tanh())
    }
}
