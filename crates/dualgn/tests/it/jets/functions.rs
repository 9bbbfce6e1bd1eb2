//! Every elementwise function of Burn's vocabulary.

use burn::module::{Module, Param};
use burn::tensor::{DType, Tensor, activation};
use dualgn::jet::jet;

use super::{check_jacobian, difference_along, outputs};
use crate::common::{assert_close, from};

/// A weight that stretches the line.
#[derive(Module, Debug)]
struct Stretched {
    weight: Param<Tensor<2>>,
}

type Function = fn(Tensor<2>) -> Tensor<2>;

const FUNCTIONS: [(&str, Function, f64, f64); 26] = [
    ("acos", |x| x.acos(), -0.6, 0.6),
    ("acosh", |x| x.acosh(), 1.6, 3.0),
    ("asin", |x| x.asin(), -0.6, 0.6),
    ("asinh", |x| x.asinh(), -2.0, 2.0),
    ("atan", |x| x.atan(), -2.0, 2.0),
    ("atanh", |x| x.atanh(), -0.6, 0.6),
    ("cos", |x| x.cos(), -4.0, 4.0),
    ("cosh", |x| x.cosh(), -2.0, 2.0),
    ("erf", |x| x.erf(), -2.0, 2.0),
    ("exp", |x| x.exp(), -2.0, 2.0),
    ("gelu", activation::gelu, -3.0, 3.0),
    ("log", |x| x.log(), 0.6, 3.0),
    ("log1p", |x| x.log1p(), -0.3, 3.0),
    ("log sigmoid", activation::log_sigmoid, -4.0, 4.0),
    ("cube", |x| x.powi_scalar(3), -2.0, 2.0),
    ("square", |x| x.powi_scalar(2), 0.0, 2.0),
    ("power", |x| x.powf_scalar(2.5), 0.6, 2.0),
    ("reciprocal", |x| x.recip(), 0.6, 2.0),
    ("sigmoid", activation::sigmoid, -4.0, 4.0),
    ("silu", activation::silu, -4.0, 4.0),
    ("sin", |x| x.sin(), -4.0, 4.0),
    ("sinh", |x| x.sinh(), -2.0, 2.0),
    ("softplus", |x| activation::softplus(x, 2.0), -2.0, 2.0),
    ("sqrt", |x| x.sqrt(), 0.6, 3.0),
    ("tan", |x| x.tan(), -0.9, 0.9),
    ("tanh", |x| x.tanh(), -3.0, 3.0),
];

#[test]
fn up_to_the_fourth_order() {
    let model = Stretched { weight: Param::from_tensor(from::<2>(vec![1.1], [1, 1], DType::F64)) }.train();
    for (name, function, low, high) in FUNCTIONS {
        let points: Tensor<2> =
            from((0..7).map(|i| low + (high - low) * f64::from(i) / 6.0).collect(), [7, 1], DType::F64);
        let value =
            move |model: &Stretched, x: Tensor<2>| function(x * model.weight.val()) * model.weight.val().powi_scalar(2);
        let derivative = move |order: usize| {
            move |model: &Stretched, x: Tensor<2>| {
                let u = jet(x, |x| value(model, x));
                u.along(&[1.0], order)
            }
        };
        let at = |order: usize, x: &Tensor<2>| match order {
            0 => outputs(&model, value, x),
            _ => outputs(&model, derivative(order), x),
        };
        for order in 1..=4 {
            let differences = difference_along(0, &points, |x| at(order - 1, x));
            assert_close(&format!("{name}, order {order}"), &at(order, &points), &differences, 1e-7);
            check_jacobian(&format!("{name}, order {order}"), &model, derivative(order), &points);
        }
        assert_close(name, &outputs(&model, derivative(0), &points), &at(0, &points), 1e-14);
    }
}
