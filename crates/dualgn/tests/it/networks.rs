//! Whole networks in both precisions: outputs and products, the Gram matrix, frozen parts, token inputs.

use burn::module::{Module, ParamGroup};
use burn::tensor::{DType, Device, Tensor};
use dualgn::Network;
use dualgn::error::LinearizeError;

use crate::check::check;
use crate::common::{assert_close, host, shake, tensor};
use crate::models::{BatchNormCnn, Mlp};
use crate::network_tests;
use crate::zoo::prepared;

network_tests! {
    precisions();
    mlp: |device| Mlp::new([5, 7, 3], device), Mlp::forward, |dtype| tensor([4, 5], 7, dtype);
    mlp_with_one_example: |device| Mlp::new([5, 7, 3], device), Mlp::forward, |dtype| tensor([1, 5], 7, dtype);
    mlp_with_one_output: |device| Mlp::new([5, 7, 1], device), Mlp::forward, |dtype| tensor([6, 5], 7, dtype);
    mlp_with_a_wide_batch: |device| Mlp::new([2, 3, 4], device), Mlp::forward, |dtype| tensor([70, 2], 7, dtype);
    lenet: LeNet::new, LeNet::forward, |dtype| tensor([3, 1, 12, 12], 7, dtype);
    layer_norm_mlp: LayerNormMlp::new, LayerNormMlp::forward, |dtype| tensor([5, 6], 7, dtype);
    batch_norm_cnn: BatchNormCnn::new, BatchNormCnn::forward, |dtype| tensor([4, 2, 6, 6], 7, dtype);
    transformer: Transformer::new, Transformer::forward, |dtype| tensor([3, 4, 8], 7, dtype);
    tied: Tied::new, Tied::forward, |dtype| tensor([4, 5], 7, dtype);
    bag_of_words: BagOfWords::new, BagOfWords::forward, |_| tokens([6, 5], 11);
    sequence_to_sequence: SequenceToSequence::new, SequenceToSequence::forward,
        |dtype| (tensor([2, 3, 8], 7, dtype), tensor([2, 4, 8], 8, dtype));
    character_model: CharacterModel::new, CharacterModel::forward, |_| tokens([2, 4], 7);
    residual: Residual::new, Residual::forward, |dtype| tensor([3, 2, 4, 4], 7, dtype);
    unet: Unet::new, Unet::forward, |dtype| tensor([2, 1, 4, 4], 7, dtype);
    volume: Volume::new, Volume::forward, |dtype| tensor([3, 1, 4, 3, 3], 7, dtype);
    separable: Separable::new, Separable::forward, |dtype| tensor([3, 4, 5, 7], 7, dtype);
    waveform: Waveform::new, Waveform::forward, |dtype| tensor([3, 1, 6], 7, dtype);
    classic: Classic::new, Classic::forward, |dtype| tensor([3, 1, 6, 6], 7, dtype);
    shuffled: Shuffled::new, Shuffled::forward, |dtype| tensor([3, 1, 3, 3], 7, dtype);
    siamese: Siamese::new, Siamese::forward, |dtype| (tensor([4, 4], 7, dtype), tensor([4, 4], 8, dtype));
    distances: Distances::new, Distances::forward,
        |dtype| (tensor([4, 4], 7, dtype), tensor([4, 4], 8, dtype), tensor([4, 4], 9, dtype));
    siren: Siren::new, Siren::forward, |dtype| tensor([5, 3], 7, dtype);
    adapted: Adapted::new, Adapted::forward, |dtype| tensor([4, 6], 7, dtype);
}

// Modules that make tensors of the device's own float type, which is f32: `tests/double` checks them in f64. (Burn's RMS
// norm and its deformable convolution go through f32 always.)
network_tests! {
    [DType::F32];
    encoder: Encoder::new, Encoder::forward, |_| (tokens([3, 5], 9), padding([3, 5]));
    cross_reader: CrossReader::new, CrossReader::forward,
        |dtype| (tensor([3, 4, 6], 7, dtype), tensor([3, 5, 5], 8, dtype));
    lstm_tagger: LstmTagger::new, LstmTagger::forward, |_| tokens([3, 4], 8);
    deformed: Deformed::new, Deformed::forward, |dtype| tensor([2, 1, 4, 4], 7, dtype);
    gated: Gated::new, Gated::forward, |dtype| tensor([4, 4], 7, dtype);
    bi_lstm_reader: BiLstmReader::new, BiLstmReader::forward, |dtype| tensor([3, 4, 3], 7, dtype);
    gru_tagger: GruTagger::new, GruTagger::forward, |dtype| tensor([3, 4, 3], 7, dtype);
    rnn_reader: RnnReader::new, RnnReader::forward, |dtype| tensor([3, 4, 3], 7, dtype);
    spatial_transformer: SpatialTransformer::new, SpatialTransformer::forward, |dtype| tensor([3, 1, 5, 5], 7, dtype);
}

#[test]
fn frozen_parameters_are_constants() {
    let model = prepared(Mlp::new([5, 7, 3], &Device::default()), DType::F64);
    let all = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    assert_eq!(all.parameter_count(), 5 * 7 + 7 + 7 * 7 + 7 + 7 * 3 + 3);
    let half = model.clone().freeze_group(ParamGroup::from_predicate("first"));
    let network = Network::trace(&half, Mlp::forward, [4, 5]).unwrap();
    assert_eq!(network.parameter_count(), 7 * 7 + 7 + 7 * 3 + 3);
    let inputs = tensor([4, 5], 3, DType::F64);
    let linearization = network.linearize(&half, inputs.clone()).unwrap();
    let gradient = linearization.vjp(tensor([4, 3], 4, DType::F64)).unwrap();
    let paths: Vec<&str> = gradient.parameters().map(|(path, _)| path).collect();
    assert_eq!(paths, ["second.weight", "second.bias", "last.weight", "last.bias"]);
    check("half frozen", &half, Mlp::forward, inputs);
}

/// Freezing after the trace is noticed: the graph is of the parameters that train now.
#[test]
fn freezing_later_changes_the_parameters() {
    let model = prepared(Mlp::new([5, 7, 3], &Device::default()), DType::F64);
    let network = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    let inputs: Tensor<2> = tensor([4, 5], 3, DType::F64);
    let before = network.linearize(&model, inputs.clone()).unwrap();
    let frozen = model.clone().freeze_group(ParamGroup::from_predicate("first"));
    let after = network.linearize(&frozen, inputs.clone()).unwrap();
    assert_eq!(before.parameter_count() - after.parameter_count(), 5 * 7 + 7);
    let vector = before.vjp(tensor([4, 3], 1, DType::F64)).unwrap();
    assert_eq!(after.jvp(&vector).unwrap_err(), LinearizeError::OtherNetwork);
    assert_eq!(network.linearize(&model, inputs).unwrap().parameter_count(), before.parameter_count());
}

#[test]
fn a_network_is_traced_once_a_shape_and_follows_the_weights() {
    let model = prepared(Mlp::new([5, 7, 3], &Device::default()), DType::F64);
    let network = Network::trace(&model, Mlp::forward, [4, 5]).unwrap();
    for m in [4, 9, 1, 4] {
        let inputs = tensor([m, 5], m as u64, DType::F64);
        let outputs = network.linearize(&model, inputs.clone()).unwrap().outputs();
        assert_close("outputs", &host(outputs), &host(model.valid().forward(inputs)), 1e-14);
    }
    let other = shake(model, 77);
    let inputs = tensor([4, 5], 8, DType::F64);
    let outputs = network.linearize(&other, inputs.clone()).unwrap().outputs();
    assert_close("new weights", &host(outputs), &host(other.valid().forward(inputs)), 1e-14);
}

#[test]
fn tracing_leaves_the_model_and_its_running_statistics_alone() {
    let model = prepared(BatchNormCnn::new(&Device::default()), DType::F32);
    let inputs = tensor([4, 2, 6, 6], 3, DType::F32);
    let before = host(model.valid().forward(inputs.clone()));
    let network = Network::trace(&model, BatchNormCnn::forward, [4, 2, 6, 6]).unwrap();
    let _ = network.linearize(&model, inputs.clone()).unwrap();
    assert!(model.devices().iter().all(|device| device.clone().without_autodiff() == Device::default()));
    assert_eq!(before, host(model.valid().forward(inputs)));
}
