//! Tests of the library from outside, one module for each part of the sources.

mod blocks;
mod check;
mod common;
mod direction;
mod half;
mod jets;
mod layers;
mod losses;
mod memory;
mod models;
mod modules;
mod networks;
mod parts;
mod points;
mod random;
mod reference;
mod routes;
mod rules;
mod steps;
mod tokens;
mod trace;
mod training;
mod zoo;

/// Where the networks of the zoo are made.
fn device() -> burn::tensor::Device {
    burn::tensor::Device::default()
}
