//! Inputs by their formulas, periods of networks, and derivatives by differences.

use std::f64::consts::PI;

use burn::tensor::{DType, Device};
use dualgn::Network;
use dualgn::jet::jet;
use dualgn_networks::entries;

use super::*;
use crate::network::{Architecture, Field, SmoothActivation};

/// Two coordinates: one with the period 3 as so many modes, one of `[0, 4]`.
fn embedding(modes: usize) -> Embedding {
    Embedding {
        bounds: Some([vec![-1.0, 0.0], vec![2.0, 4.0]]),
        periodic: vec![Periodic { axis: 0, period: 3.0, modes }],
        fourier: None,
    }
}

fn with_waves(embedding: Embedding, seed: u64) -> Embedding {
    Embedding { fourier: Some(FourierFeatures { count: 6, scale: 0.2, seed }), ..embedding }
}

fn tensor(rows: &[f64]) -> Tensor<2> {
    Tensor::from_data(TensorData::new(rows.to_vec(), [rows.len() / 2, 2]), (&Device::flex(), DType::F64))
}

fn inputs(embedding: &Embedding, rows: &[f64]) -> Vec<f64> {
    let inputs = embedding.apply(tensor(rows));
    assert_eq!(inputs.dims(), [rows.len() / 2, embedding.inputs(2)]);
    entries(inputs).unwrap()
}

/// Two functions of two coordinates.
fn field(embedding: &Embedding) -> Field {
    let architecture = Architecture {
        dims: 2,
        outputs: 2,
        embedding: embedding.clone(),
        hidden: vec![7],
        activation: SmoothActivation::Tanh,
        transform: None,
        coefficients: vec![],
    };
    let field = Field::new(&architecture, &Device::flex().autodiff());
    assert_eq!((field.dims(), field.outputs()), (2, 2));
    field
}

/// Each value of a field at points beside its slope along an axis.
fn values_and_slopes(field: &Field, axis: usize, rows: &[f64]) -> Vec<[f64; 2]> {
    let forward = move |field: &Field, x: Tensor<2>| {
        let u = jet(x, |x| field.value(x));
        let (value, slope) = (u.value(), u.derivative([axis]));
        let pair = |index: usize| [value.clone().narrow(1, index, 1), slope.clone().narrow(1, index, 1)];
        Tensor::cat([pair(0), pair(1)].concat(), 1)
    };
    let network = Network::trace(field, forward, [rows.len() / 2, 2]).unwrap();
    let outputs: Vec<f64> = entries(network.linearize(field, tensor(rows)).unwrap().outputs()).unwrap();
    outputs.chunks_exact(2).map(|pair| [pair[0], pair[1]]).collect()
}

#[test]
fn inputs_are_those_of_the_formulas() {
    let rows = [0.3, 1.0, -1.7, 3.5, 2.0, 0.0];
    let plain = Embedding::default();
    assert_eq!(inputs(&plain, &rows), rows);
    let found = inputs(&embedding(2), &rows);
    for (row, inputs) in rows.chunks(2).zip(found.chunks(5)) {
        let angle = 2.0 * PI * row[0] / 3.0;
        let wanted = [angle.cos(), (2.0 * angle).cos(), angle.sin(), (2.0 * angle).sin(), (row[1] - 2.0) / 2.0];
        assert!(
            inputs.iter().zip(wanted).all(|(found, wanted)| (found - wanted).abs() < 1e-13),
            "{inputs:?} {wanted:?}"
        );
    }
    let axes = ["x".to_owned(), "y".to_owned()];
    assert_eq!(plain.words(&axes), None);
    let words = with_waves(embedding(2), 1).words(&axes).unwrap();
    assert_eq!(words, "coordinates scaled to [-1, 1], 2 modes of x with the period 3.000, 6 random waves of scale 0.2");
}

/// Cosines and sines of the same products with the numbers of a seed.
#[test]
fn random_waves_are_those_of_their_seed() {
    let rows = [0.3, 1.0, -1.7, 3.5];
    let waves = |seed: u64| inputs(&with_waves(Embedding::default(), seed), &rows);
    assert_eq!(waves(1), waves(1));
    assert_ne!(waves(1), waves(2));
    for row in waves(1).chunks(12) {
        assert!((0..6).all(|wave| (row[wave].hypot(row[wave + 6]) - 1.0).abs() < 1e-13), "{row:?}");
    }
    // Along a line from the origin, angles are in proportion.
    let [one, two] = [[0.01, -0.02], [0.02, -0.04]].map(|row| inputs(&with_waves(Embedding::default(), 3), &row));
    for wave in 0..6 {
        let angle = |inputs: &[f64]| inputs[wave + 6].atan2(inputs[wave]);
        assert!((2.0 * angle(&one) - angle(&two)).abs() < 1e-13, "{wave}");
        assert!(angle(&one) != 0.0);
    }
}

/// Whatever its weights are, a network has the period of its coordinate, with its slopes, and with random waves of that too.
#[test]
fn networks_have_the_period() {
    let heights = [0.0, 0.9, 2.2, 4.0];
    let at = |x: f64| heights.iter().flat_map(|&y| [x, y]).collect::<Vec<f64>>();
    for embedding in [embedding(3), with_waves(embedding(2), 4)] {
        let field = field(&embedding);
        for axis in [0, 1] {
            let found = |x: f64| values_and_slopes(&field, axis, &at(x)).concat();
            let [left, right, middle] = [-1.0, 2.0, 0.4].map(found);
            for (left, right) in left.iter().zip(&right) {
                assert!((left - right).abs() < 1e-12, "{left} {right}");
            }
            assert!(left.iter().zip(&middle).any(|(left, middle)| (left - middle).abs() > 1e-2), "{left:?} {middle:?}");
        }
    }
}

#[test]
fn slopes_are_those_of_differences() {
    let rows = [0.3, 1.0, -1.7, 3.5, 2.0, 0.1, 0.9, 2.6];
    let step = 1e-5;
    for embedding in [Embedding::default(), embedding(2), with_waves(embedding(1), 8)] {
        let field = field(&embedding);
        for axis in [0, 1] {
            let moved = |by: f64| {
                let rows: Vec<f64> =
                    rows.iter().enumerate().map(|(place, x)| if place % 2 == axis { x + by } else { *x }).collect();
                values_and_slopes(&field, axis, &rows)
            };
            let (ahead, behind) = (moved(step), moved(-step));
            for (at, (ahead, behind)) in moved(0.0).iter().zip(ahead.iter().zip(&behind)) {
                let difference = (ahead[0] - behind[0]) / (2.0 * step);
                // Third derivatives, of some hundreds, times the square of the step; rounding over the step.
                assert!((at[1] - difference).abs() < 1e-7, "{axis}: {} {difference}", at[1]);
            }
        }
    }
}
