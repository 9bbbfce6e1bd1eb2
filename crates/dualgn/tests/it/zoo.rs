//! A zoo of networks, each traced unchanged and checked in the same way: outputs, both products, the Gram matrix.

use burn::module::Module;
use burn::tensor::{Bool, DType, Device, Int, Tensor, TensorData};

use crate::common::{cast, evaluation, numbers, shake};

/// A model in a precision, with no parameter left at its initial zero or one.
pub(crate) fn prepared<M: Module>(model: M, dtype: DType) -> M {
    evaluation(shake(cast(model, dtype), 50))
}

/// Integers from 0 to `below - 1`.
pub(crate) fn tokens(shape: [usize; 2], below: usize) -> Tensor<2, Int> {
    let values: Vec<i64> =
        numbers(shape.iter().product(), 4).iter().map(|x| ((x + 1.0) / 2.0 * (below as f64 - 0.01)) as i64).collect();
    Tensor::from_data(TensorData::new(values, shape), &Device::default())
}

/// Padding at the end of the later examples.
pub(crate) fn padding([m, length]: [usize; 2]) -> Tensor<2, Bool> {
    // One token of the first example, two of the second, and so on.
    let padded: Vec<bool> = (0..m * length).map(|i| i % length + i / length + 1 >= length).collect();
    Tensor::from_data(TensorData::new(padded, [m, length]), &Device::default())
}

/// Three tests for each network, in the float types given.
#[macro_export]
macro_rules! network_tests {
    ($types:expr; $($test:ident: $model:expr, $forward:expr, $inputs:expr;)*) => {
        $(
            mod $test {
                #[allow(unused_imports)]
                use $crate::{common::*, models::*, zoo::*};
                use burn::tensor::DType;
                use dualgn::{Inputs, Network};

                #[test]
                fn products_agree_with_autodiff() {
                    for dtype in $types {
                        let model = prepared($model(&$crate::device()), dtype);
                        let name = format!("{} {dtype:?}", stringify!($test));
                        $crate::check::check(&name, &model, $forward, $inputs(dtype));
                    }
                }

                /// `K = J Jᵀ`, with the rows of `J` by Burn's autodiff, one backward pass an output.
                #[test]
                fn gram_is_the_product_of_autodiff_jacobians() {
                    // Sums of a few thousand products, each rounded to 1e-16 or 6e-8, and autodiff's own rounding.
                    for dtype in $types {
                        let tolerance = if dtype == DType::F64 { 1e-10 } else { 1e-5 };
                        let model = prepared($model(&$crate::device()), dtype);
                        let inputs = $inputs(dtype);
                        let network = Network::trace(&model, $forward, Inputs::shapes(&inputs)).unwrap();
                        let linearization = network.linearize(&model, inputs.clone()).unwrap();
                        let size = [linearization.examples(), linearization.outputs_per_example()];
                        let rows = jacobian_by_autodiff(&model, &$forward, inputs, size, dtype);
                        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                        let wanted: Vec<f64> =
                            rows.iter().flat_map(|a| rows.iter().map(|b| dot(a, b)).collect::<Vec<_>>()).collect();
                        let found = host(linearization.gram().unwrap());
                        assert_close(stringify!($test), &found, &wanted, tolerance);
                    }
                }

                #[test]
                fn parts_of_a_batch_make_the_whole() {
                    for dtype in $types {
                        let model = prepared($model(&$crate::device()), dtype);
                        $crate::check::check_parts(stringify!($test), &model, $forward, $inputs(dtype), dtype);
                    }
                }
            }
        )*
    };
}
