//! Proximity terms and steppers, against a dense network written out in plain Rust and solves by `faer`.

mod dense;
mod faults;
mod methods;
mod nist;
mod proximity;
