//! The memory budget of the Gram matrix.

use burn::module::{Module, Param};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor};
use dualgn::error::DirectionError;
use dualgn::loss::Squared;
use dualgn::{Error, GaussNewton, Network, Solver};

use crate::common::{assert_close, cast, entries, shake, tensor};
use crate::models::{LeNet, Separable, Transformer, Waveform};

/// The result does not depend on how the Gram matrix is cut to fit the memory.
#[test]
fn the_memory_budget_changes_nothing_but_the_chunks() {
    fn check<M: Module + 'static, const D: usize, const E: usize>(
        name: &str,
        model: M,
        forward: fn(&M, Tensor<D>) -> Tensor<E>,
        shape: [usize; D],
        k: usize,
    ) {
        let m = shape[0];
        let network = Network::trace(&model, forward, shape).unwrap();
        let inputs: Tensor<D> = tensor(shape, 5, DType::F64);
        let targets: Tensor<2> = tensor([m, k], 6, DType::F64);
        // The system's condition number is about ‖K‖/(λm); this damping keeps what it makes of rounding in K below 1e-12.
        let oracle = GaussNewton::new(Squared).damping(1.0).solver(Solver::Cholesky);
        let at =
            |memory: usize| oracle.clone().memory(memory).direction(&network, &model, inputs.clone(), targets.clone());
        let wanted = entries(&at(1 << 30).unwrap());
        // The least budget that is not refused, by bisection.
        let (mut refused, mut least) = (0, 1 << 30);
        while least - refused > 1 {
            let middle = (refused + least) / 2;
            if at(middle).is_ok() { least = middle } else { refused = middle }
        }
        // The matrix itself and its solver's copy are counted.
        assert!(least > (m * k).pow(2) * 32, "{name}: {least}");
        for extra in [0, 3_000, 30_000, 300_000] {
            assert_close(name, &entries(&at(least + extra).unwrap()), &wanted, 1e-12);
        }
        let Error::Direction(DirectionError::Memory { rows, .. }) = at(least - 1).unwrap_err() else {
            panic!("{name}")
        };
        assert_eq!(rows, m * k);
    }
    let device = Device::default();
    let f64 = DType::F64;
    check("lenet", shake(cast(LeNet::new(&device), f64), 1), LeNet::forward, [5, 1, 12, 12], 3);
    check("transformer", shake(cast(Transformer::new(&device), f64), 2), Transformer::forward, [4, 4, 8], 8);
    check("long", shake(cast(Long::new(&device), f64), 3), Long::forward, [4, 3, 12], 36);
    check("waveform", shake(cast(Waveform::new(&device), f64), 4), Waveform::forward, [3, 1, 16], 16);
    check("separable", shake(cast(Separable::new(&device), f64), 5), Separable::forward, [3, 4, 8, 7], 2);
}

/// A dense layer at so few positions, with so large a weight, that inner products are taken position by position.
#[derive(Module, Debug)]
struct Long {
    wide: Linear,
    scale: Param<Tensor<1>>,
}

impl Long {
    fn new(device: &Device) -> Self {
        Self { wide: LinearConfig::new(12, 12).init(device), scale: Param::from_tensor(Tensor::ones([12], device)) }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.wide.forward(x).tanh() * self.scale.val().reshape([1, 1, 12])
    }
}
