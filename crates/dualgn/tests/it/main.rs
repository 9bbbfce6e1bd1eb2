//! Tests of the library from outside, one module for each part of the sources.

mod check;
mod common;
mod direction;
mod layers;
mod losses;
mod models;
mod networks;
mod reference;
mod rules;
mod trace;
