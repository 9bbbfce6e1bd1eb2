//! Networks of modules that make tensors of the device's own float type, on a device whose floats are f64. A process has one
//! such setting, so these tests are a program of their own.

#![allow(dead_code, unused_imports, reason = "shared with the other tests, of which these are a part")]

#[path = "../it/check.rs"]
mod check;
#[path = "../it/common.rs"]
mod common;
#[path = "../it/models/mod.rs"]
mod models;
#[path = "../it/zoo.rs"]
mod zoo;

use burn::tensor::{Device, FloatDType};

/// The default device, with f64 as its float type.
fn device() -> Device {
    let mut device = Device::default();
    // Only the first call in a process changes anything.
    let _ = device.configure(FloatDType::F64);
    device
}

network_tests! {
    [DType::F64];
    encoder: Encoder::new, Encoder::forward, |_| (tokens([3, 5], 9), padding([3, 5]));
    cross_reader: CrossReader::new, CrossReader::forward,
        |dtype| (tensor([3, 4, 6], 7, dtype), tensor([3, 5, 5], 8, dtype));
    lstm_tagger: LstmTagger::new, LstmTagger::forward, |_| tokens([3, 4], 8);
    bi_lstm_reader: BiLstmReader::new, BiLstmReader::forward, |dtype| tensor([3, 4, 3], 7, dtype);
    gru_tagger: GruTagger::new, GruTagger::forward, |dtype| tensor([3, 4, 3], 7, dtype);
    rnn_reader: RnnReader::new, RnnReader::forward, |dtype| tensor([3, 4, 3], 7, dtype);
    spatial_transformer: SpatialTransformer::new, SpatialTransformer::forward, |dtype| tensor([3, 1, 5, 5], 7, dtype);
}
