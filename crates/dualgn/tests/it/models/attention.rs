//! Transformers: encoder, decoder, cross-attention, a language model of characters.

use burn::module::Module;
use burn::nn::attention::{CrossAttention, CrossAttentionConfig, generate_autoregressive_mask};
use burn::nn::transformer::{
    TransformerDecoder, TransformerDecoderConfig, TransformerDecoderInput, TransformerEncoder,
    TransformerEncoderConfig, TransformerEncoderInput,
};
use burn::nn::{
    Embedding, EmbeddingConfig, Linear, LinearConfig, PositionalEncoding, PositionalEncodingConfig, RotaryEncoding,
    RotaryEncodingConfig,
};
use burn::tensor::{Bool, Device, Int, Tensor};

/// A two-layer encoder of tokens with a padding mask; one output row a token.
#[derive(Module, Debug)]
pub(crate) struct Encoder {
    embedding: Embedding,
    positions: PositionalEncoding,
    encoder: TransformerEncoder,
    head: Linear,
}

impl Encoder {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            embedding: EmbeddingConfig::new(9, 8).init(device),
            positions: PositionalEncodingConfig::new(8).with_max_sequence_size(6).init(device),
            encoder: TransformerEncoderConfig::new(8, 12, 2, 2).with_norm_first(true).init(device),
            head: LinearConfig::new(8, 2).init(device),
        }
    }

    /// Tokens `[m, 5]` and where they are padding, to `[m, 5, 2]`.
    pub(crate) fn forward(&self, (tokens, padding): (Tensor<2, Int>, Tensor<2, Bool>)) -> Tensor<3> {
        let x = self.positions.forward(self.embedding.forward(tokens));
        self.head.forward(self.encoder.forward(TransformerEncoderInput::new(x).mask_pad(padding)))
    }
}

/// A decoder that sees the past of its target and all of a memory.
#[derive(Module, Debug)]
pub(crate) struct SequenceToSequence {
    decoder: TransformerDecoder,
    head: Linear,
}

impl SequenceToSequence {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            decoder: TransformerDecoderConfig::new(8, 10, 2, 1).init(device),
            head: LinearConfig::new(8, 2).init(device),
        }
    }

    pub(crate) fn forward(&self, (target, memory): (Tensor<3>, Tensor<3>)) -> Tensor<3> {
        let [m, length, _] = target.dims();
        let mask = generate_autoregressive_mask(m, length, &target.device());
        let input = TransformerDecoderInput::new(target, memory).target_mask_attn(mask);
        self.head.forward(self.decoder.forward(input))
    }
}

/// Cross-attention with one key head for two query heads, and rotary positions.
#[derive(Module, Debug)]
pub(crate) struct CrossReader {
    rotary: RotaryEncoding,
    attention: CrossAttention,
    head: Linear,
}

impl CrossReader {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            rotary: RotaryEncodingConfig::new(8, 6).init(device),
            attention: CrossAttentionConfig::new(6, 5, 2, 1, 4).init(device),
            head: LinearConfig::new(6, 2).init(device),
        }
    }

    pub(crate) fn forward(&self, (query, context): (Tensor<3>, Tensor<3>)) -> Tensor<2> {
        let [m, _, _] = query.dims();
        let query = self.rotary.forward(query);
        let read = self.attention.forward(query.clone(), context, None);
        let x = (query + read).max_dim(1);
        self.head.forward(x.reshape([m, 6]))
    }
}

/// A causal language model whose output weights are its embedding's.
#[derive(Module, Debug)]
pub(crate) struct CharacterModel {
    embedding: Embedding,
    encoder: TransformerEncoder,
}

impl CharacterModel {
    pub(crate) fn new(device: &Device) -> Self {
        Self {
            embedding: EmbeddingConfig::new(7, 8).init(device),
            encoder: TransformerEncoderConfig::new(8, 8, 2, 1).init(device),
        }
    }

    pub(crate) fn forward(&self, tokens: Tensor<2, Int>) -> Tensor<3> {
        let [m, length] = tokens.dims();
        let mask = generate_autoregressive_mask(m, length, &tokens.device());
        let x = self.encoder.forward(TransformerEncoderInput::new(self.embedding.forward(tokens)).mask_attn(mask));
        x.matmul(self.embedding.weight.val().transpose().unsqueeze())
    }
}
