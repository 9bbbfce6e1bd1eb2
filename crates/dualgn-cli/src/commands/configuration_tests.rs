//! Floats of what a run and a model say about themselves come back bit for bit.

use std::fs;
use std::path::Path;

use dualgn_tables::model::Card;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use super::Configuration;

/// A file as a run wrote it.
fn sample(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/json").join(name);
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// Puts other floats into the places of those in a file; how many there are.
fn replace(value: &mut Value, floats: &[f64], count: usize) -> usize {
    match value {
        Value::Number(number) if number.is_f64() => {
            *number = Number::from_f64(floats[count % floats.len()]).unwrap();
            count + 1
        }
        Value::Array(items) => items.iter_mut().fold(count, |count, item| replace(item, floats, count)),
        Value::Object(fields) => fields.values_mut().fold(count, |count, field| replace(field, floats, count)),
        _ => count,
    }
}

/// Whether a file with these floats is the same once it was read and written; how many of them it has.
fn comes_back<T: Serialize + DeserializeOwned>(name: &str, floats: &[f64]) -> usize {
    let mut file = sample(name);
    let count = replace(&mut file, floats, 0);
    let read: T = serde_json::from_str(&file.to_string()).unwrap();
    // As texts, in which zeros of both signs differ.
    let written: Value = serde_json::from_str(&serde_json::to_string(&read).unwrap()).unwrap();
    assert_eq!(written.to_string(), file.to_string());
    count
}

proptest! {
    #[test]
    fn floats_of_a_configuration_and_a_card_come_back_bit_for_bit(
        floats in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 61),
    ) {
        // Rate, damping, gap, seconds, test rows and others; means and deviations of columns.
        prop_assert!(comes_back::<Configuration>("configuration.json", &floats) >= 8);
        prop_assert!(comes_back::<Card>("card.json", &floats) >= 8);
    }
}
