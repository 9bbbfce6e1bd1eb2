//! Recurrent networks, as they unroll.

use burn::module::Module;
use burn::nn::{
    BiLstm, BiLstmConfig, Embedding, EmbeddingConfig, Gru, GruConfig, Linear, LinearConfig, Lstm, LstmConfig, Rnn,
    RnnConfig,
};
use burn::tensor::{Device, Int, Tensor};

/// One output row a token.
#[derive(Module, Debug)]
pub(crate) struct LstmTagger {
    embedding: Embedding,
    lstm: Lstm,
    head: Linear,
}

impl LstmTagger {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            embedding: EmbeddingConfig::new(8, 4).init(device),
            lstm: LstmConfig::new(4, 5, true).init(device),
            head: LinearConfig::new(5, 2).init(device),
        }
    }

    pub(crate) fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        self.head.forward(self.lstm.forward(self.embedding.forward(tokens), None).0)
    }
}

/// The last state, read in both directions.
#[derive(Module, Debug)]
pub(crate) struct BiLstmReader {
    lstm: BiLstm,
    head: Linear,
}

impl BiLstmReader {
    pub(crate) fn new(device: &Device) -> Self {
        Self { lstm: BiLstmConfig::new(3, 3, true).init(device), head: LinearConfig::new(6, 2).init(device) }
    }

    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let (states, _) = self.lstm.forward(x, None);
        self.head.forward(states.mean_dim(1).squeeze_dim::<2>(1))
    }
}

#[derive(Module, Debug)]
pub(crate) struct GruTagger {
    gru: Gru,
    head: Linear,
}

impl GruTagger {
    pub(crate) fn new(device: &Device) -> Self {
        Self { gru: GruConfig::new(3, 4, true).init(device), head: LinearConfig::new(4, 2).init(device) }
    }

    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.head.forward(self.gru.forward(x, None))
    }
}

#[derive(Module, Debug)]
pub(crate) struct RnnReader {
    rnn: Rnn,
    head: Linear,
}

impl RnnReader {
    pub(crate) fn new(device: &Device) -> Self {
        Self { rnn: RnnConfig::new(3, 4, true).init(device), head: LinearConfig::new(4, 3).init(device) }
    }

    pub(crate) fn forward(&self, x: Tensor<3>) -> Tensor<2> {
        let (_, state) = self.rnn.forward(x, None);
        self.head.forward(state.hidden)
    }
}
