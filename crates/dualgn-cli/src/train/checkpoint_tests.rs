use burn::tensor::{Device, TensorData};

use super::super::weights::{weights, with_weights};
use super::*;
use crate::network::{Activation, Description, Net};

/// Dense layers of 3, so many, and 2.
fn mlp(hidden: usize) -> Net {
    let description = Description::mlp(&[hidden], Activation::Relu);
    Net::new(&description, &[3], &[], 2, &Device::flex().autodiff()).unwrap()
}

fn sample(step: usize) -> Checkpoint {
    let model = mlp(4);
    let vectors = BTreeMap::from([("momentum".to_owned(), vec![1.0, -0.1, 1e-300])]);
    let numbers = BTreeMap::from([("damping".to_owned(), 0.1 + 0.2)]);
    let taker = TakerState::Stepper(StepperState { numbers, vectors });
    let batches = Tensors::from([("points".to_owned(), TensorData::from([1.5, -2.5]))]);
    Checkpoint { step, seconds: 1.5, weights: weights(&model).unwrap(), taker, batches, best: Some((3, 0.25)) }
}

#[test]
fn a_checkpoint_comes_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let saved = sample(7);
    saved.save(folder.path()).unwrap();
    let Loaded { checkpoint, passed_over } = Checkpoint::load(folder.path()).unwrap();
    assert_eq!((checkpoint.step, checkpoint.seconds, passed_over), (7, 1.5, None));
    assert_eq!((&checkpoint.weights, checkpoint.best), (&saved.weights, saved.best));
    assert_eq!(
        saved.weights.keys().collect::<Vec<_>>(),
        ["layers.0.Dense.bias", "layers.0.Dense.weight", "layers.2.Dense.bias", "layers.2.Dense.weight"]
    );
    let (TakerState::Stepper(found), TakerState::Stepper(wanted)) = (checkpoint.taker, saved.taker) else { panic!() };
    assert_eq!(found, wanted);
    let other = mlp(4);
    let restored = with_weights(other, saved.weights.clone()).unwrap();
    assert_eq!(weights(&restored).unwrap(), saved.weights);
    let narrow = mlp(5);
    assert!(with_weights(narrow, saved.weights).unwrap_err().to_string().contains("layers.0.Dense.weight"));
}

#[test]
fn a_damaged_checkpoint_gives_way_to_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    let last = folder.path().join(LAST);
    assert!(Checkpoint::load(folder.path()).err().unwrap().to_string().contains("there is no checkpoint in"));
    sample(1).save(folder.path()).unwrap();
    sample(2).save(folder.path()).unwrap();
    let whole = fs::read(&last).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [whole[..whole.len() - 5].to_vec(), whole[..4].to_vec(), vec![], flipped, b"{}".to_vec()] {
        files::replace(&last, &damaged).unwrap();
        let Loaded { checkpoint, passed_over } = Checkpoint::load(folder.path()).unwrap();
        assert_eq!(checkpoint.step, 1);
        assert!(passed_over.unwrap().contains("is damaged"));
    }
    // Killed between the two renames, there is only the previous one.
    fs::remove_file(&last).unwrap();
    assert_eq!(Checkpoint::load(folder.path()).unwrap().checkpoint.step, 1);
    files::replace(&folder.path().join(PREVIOUS), b"short").unwrap();
    let error = Checkpoint::load(folder.path()).err().unwrap().to_string();
    assert!(error.contains("previous.safetensors is damaged") && error.contains("start the run again"), "{error}");
}
