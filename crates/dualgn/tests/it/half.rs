//! Networks that compute in half precision inside, with weights in single precision.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Tensor, activation};
use dualgn::loss::Squared;
use dualgn::{GaussNewton, Network, Route, Solver};

use crate::common::{assert_close, entries, gram_by_products, host, shake, tensor};

/// Dense layers whose weights and activations are rounded to a type.
#[derive(Module, Debug)]
struct Mixed {
    layers: Vec<Linear>,
}

impl Mixed {
    fn new(device: &Device) -> Self {
        let sizes = [6, 32, 32, 3];
        Self { layers: sizes.windows(2).map(|pair| LinearConfig::new(pair[0], pair[1]).init(device)).collect() }
    }

    fn forward_in(&self, x: Tensor<2>, dtype: DType) -> Tensor<2> {
        let last = self.layers.len() - 1;
        let x = self.layers.iter().enumerate().fold(x.cast(dtype), |x, (index, layer)| {
            let bias = layer.bias.as_ref().unwrap().val().cast(dtype).unsqueeze::<2>();
            let x = x.matmul(layer.weight.val().cast(dtype)) + bias;
            if index < last { activation::relu(x) } else { x }
        });
        x.cast(DType::F32)
    }
}

/// What a network of rounded weights and activations gives is that of single precision, to their rounding.
#[test]
fn activations_in_half_precision() {
    let model = shake(Mixed::new(&Device::default()).train(), 1);
    for (dtype, unit) in [(DType::BF16, 2f64.powi(-8)), (DType::F16, 2f64.powi(-11))] {
        let at = |dtype: DType| {
            let forward = move |model: &Mixed, x: Tensor<2>| model.forward_in(x, dtype);
            let (inputs, targets) = (tensor([60, 6], 2, DType::F32), tensor::<2>([60, 3], 3, DType::F32));
            let network = Network::trace(&model, forward, [60, 6]).unwrap();
            let linearization = network.linearize(&model, inputs.clone()).unwrap();
            let gram = host(linearization.gram().unwrap());
            // The products are rounded where the activations are.
            assert_close("products", &gram, &gram_by_products(&linearization, DType::F32), unit.max(1e-6));
            // Large beside the matrix, so that the system has a condition number of about one and passes on what roundings there are.
            let oracle = GaussNewton::new(Squared).damping(10.0);
            let exact = oracle.clone().solver(Solver::Cholesky).route(Route::DualAssembled);
            let iterated = oracle.solver(Solver::ConjugateGradient { iterations: 30, tolerance: 1e-6 });
            let direction = |oracle: GaussNewton<Squared>| {
                oracle.direction(&network, &model, inputs.clone(), targets.clone()).unwrap()
            };
            (gram, entries(&direction(exact)), entries(&direction(iterated)))
        };
        let (half, single) = (at(dtype), at(DType::F32));
        // Each layer rounds, and a relu whose input is rounded to the other side of zero moves an entry by more.
        assert_close("Gram matrix", &half.0, &single.0, 10.0 * unit);
        assert_close("exact direction", &half.1, &single.1, 10.0 * unit);
        assert_close("iterated direction", &half.2, &half.1, 5.0 * unit);
    }
}

/// `K` is summed in the precision of the weights, whatever the activations are: of one layer, in double precision by hand.
#[test]
fn the_gram_matrix_is_summed_in_the_precision_of_the_weights() {
    let (m, n, k) = (70, 300, 2);
    let model: Linear = LinearConfig::new(n, k).init(&Device::default());
    let inputs: Tensor<2> = tensor([m, n], 2, DType::F32);
    for dtype in [DType::BF16, DType::F16] {
        let forward = move |model: &Linear, x: Tensor<2>| {
            let bias = model.bias.as_ref().unwrap().val().cast(dtype).unsqueeze::<2>();
            (x.cast(dtype).matmul(model.weight.val().cast(dtype)) + bias).cast(DType::F32)
        };
        let network = Network::trace(&model, forward, [m, n]).unwrap();
        // Rounding does not hide the layer from its rule, beside which materialised rows take a hundred times as long.
        let rules: Vec<_> = network.operations().into_iter().filter_map(|operation| operation.gram).collect();
        assert_eq!(rules, ["dense, with its bias", "counted with the product before it"]);
        let gram = host(network.linearize(&model, inputs.clone()).unwrap().gram().unwrap());
        let rounded = host(inputs.clone().cast(dtype).cast(DType::F64));
        let row = |i: usize| &rounded[i * n..(i + 1) * n];
        let product = |i: usize, j: usize| 1.0 + row(i).iter().zip(row(j)).map(|(a, b)| a * b).sum::<f64>();
        let entry = |at: usize| {
            let (row, column) = (at / (m * k), at % (m * k));
            if row % k == column % k { product(row / k, column / k) } else { 0.0 }
        };
        let wanted: Vec<f64> = (0..(m * k).pow(2)).map(entry).collect();
        // Summed in half precision, entries would be off by 2e-3 or 2e-4.
        assert_close("Gram matrix", &gram, &wanted, 1e-6);
    }
}
