//! Tests of the library from outside, one module for each part of the sources.

mod check;
mod common;
mod models;
mod networks;
mod rules;
