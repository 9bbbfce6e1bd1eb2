use burn::tensor::{Device, TensorData};
use dualgn::step::Decreases;
use dualgn_networks::{Activation, Description, Net, weights, with_weights};
use proptest::prelude::*;

use super::*;

/// Dense layers of 3, so many, and 2.
fn mlp(hidden: usize) -> Net {
    let description = Description::mlp(&[hidden], Activation::Relu);
    Net::new(&description, &[3], &[], 2, &Device::flex().autodiff()).unwrap()
}

const RUN: &str = "0a1b2c3d";

/// A stepper's state with some numbers and the entries of a momentum.
fn state([damping, actual]: [f64; 2], momentum: &[f64]) -> StepperState {
    let mut state = StepperState::default();
    state.damping = Some(damping);
    state.decreases = Some(Decreases { actual, predicted: 0.5 });
    state.momentum = Some(Accumulated { entries: momentum.to_vec(), steps: 3 });
    state
}

fn sample(step: usize) -> Checkpoint {
    let model = mlp(4);
    let taker = TakerState::Stepper(state([0.1 + 0.2, 0.7], &[1.0, -0.1, 1e-300]));
    let batches = Tensors::from([("points".to_owned(), TensorData::from([1.5, -2.5]))]);
    let record =
        Record { step: 3, epoch: 0.1, seconds: 0.3, train_loss: 0.7, test_loss: 0.25, test_metric: f64::INFINITY };
    Checkpoint {
        run: RUN.into(),
        step,
        seconds: 1.5,
        weights: weights(&model).unwrap(),
        taker,
        batches,
        best: Some(Best { step: 3, loss: 0.25 }),
        records: vec![record],
        ended: Some(Ended { status: Status::Diverged, reason: Some("it \"fell\"".into()) }),
    }
}

#[test]
fn a_checkpoint_comes_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    let saved = sample(7);
    saved.save(folder.path()).unwrap();
    let Loaded { checkpoint, passed_over } = Checkpoint::load(folder.path(), RUN).unwrap().unwrap();
    assert_eq!((checkpoint.step, checkpoint.seconds, passed_over), (7, 1.5, None));
    assert_eq!((&checkpoint.weights, checkpoint.best), (&saved.weights, saved.best));
    assert_eq!((&checkpoint.records, &checkpoint.ended), (&saved.records, &saved.ended));
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
    assert!(Checkpoint::load(folder.path(), RUN).unwrap().is_none());
    sample(1).save(folder.path()).unwrap();
    sample(2).save(folder.path()).unwrap();
    let whole = fs::read(&last).unwrap();
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for damaged in [whole[..whole.len() - 5].to_vec(), whole[..4].to_vec(), vec![], flipped, b"{}".to_vec()] {
        files::replace(&last, &damaged).unwrap();
        let Loaded { checkpoint, passed_over } = Checkpoint::load(folder.path(), RUN).unwrap().unwrap();
        assert_eq!(checkpoint.step, 1);
        assert!(passed_over.unwrap().contains("is damaged"));
    }
    // Killed between the two renames, there is only the previous one.
    fs::remove_file(&last).unwrap();
    assert_eq!(Checkpoint::load(folder.path(), RUN).unwrap().unwrap().checkpoint.step, 1);
    files::replace(&folder.path().join(PREVIOUS), b"short").unwrap();
    let error = Checkpoint::load(folder.path(), RUN).err().unwrap().to_string();
    assert!(error.contains("previous.safetensors is damaged") && error.contains("start the run again"), "{error}");
}

#[test]
fn a_checkpoint_of_another_run_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    sample(1).save(folder.path()).unwrap();
    sample(1).save_best(folder.path()).unwrap();
    let errors = [
        Checkpoint::load(folder.path(), "ffffffff").err().unwrap(),
        Checkpoint::load_best(folder.path(), "ffffffff").err().unwrap(),
    ];
    for (error, file) in errors.iter().zip(["last.safetensors", "best.safetensors"]) {
        let error = error.to_string();
        for words in [file, "of another run", RUN, "ffffffff"] {
            assert!(error.contains(words), "{error}");
        }
    }
}

proptest! {
    /// Any bits but those of NaN, of which there are many: NaN comes back as one.
    #[test]
    fn numbers_of_a_checkpoint_come_back_bit_for_bit(bits in prop::collection::vec(any::<u64>(), 12)) {
        let number: Vec<f64> = bits.into_iter().map(f64::from_bits).collect();
        let record = Record {
            step: 1, epoch: number[0], seconds: number[1], train_loss: number[2], test_loss: number[3], test_metric: number[4],
        };
        // A stepper's scalars are finite; its vectors are stored as bits.
        let finite = [number[5], number[6]].map(|x| if x.is_finite() { x } else { -0.0 });
        let saved = Checkpoint {
            seconds: number[10],
            taker: TakerState::Stepper(state(finite, &number[7..10])),
            best: Some(Best { step: 1, loss: number[11] }),
            records: vec![record],
            ..sample(1)
        };
        let read = Checkpoint::from_bytes(&saved.to_bytes().unwrap()).unwrap();
        let all = |checkpoint: &Checkpoint| {
            let TakerState::Stepper(state) = &checkpoint.taker else { panic!() };
            let Record { epoch, seconds, train_loss, test_loss, test_metric, .. } = checkpoint.records[0];
            let mut all = vec![checkpoint.seconds, epoch, seconds, train_loss, test_loss, test_metric];
            all.extend(checkpoint.best.map(|best| best.loss));
            all.extend(state.damping.into_iter().chain(state.decreases.map(|both| both.actual)));
            all.extend(state.momentum.iter().flat_map(|momentum| &momentum.entries));
            all.into_iter().map(|x| if x.is_nan() { f64::NAN } else { x }.to_bits()).collect::<Vec<u64>>()
        };
        prop_assert_eq!(all(&read), all(&saved));
    }
}
