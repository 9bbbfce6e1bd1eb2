//! W4 and W5: residuals of derivatives by the network's inputs. Beside the traced ones stand what a Burn user writes without them,
//! for Burn's autodiff: the derivatives carried forward by hand, layer by layer.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, Device, Distribution, Tensor};
use dualgn::jet::jet;

/// Dense layers with tanh, or with `sin(30 z)`, between them.
#[derive(Module, Debug)]
pub(crate) struct Field {
    layers: Vec<Linear>,
    #[module(skip)]
    sine: bool,
}

const OMEGA: f64 = 30.0;

/// A value, and for each coordinate its slope and, if wanted, its second derivative.
struct ByHand {
    value: Tensor<2>,
    slopes: Vec<Tensor<2>>,
    bends: Vec<Tensor<2>>,
}

impl Field {
    pub(crate) fn new(sizes: &[usize], sine: bool, dtype: DType, device: &Device) -> Self {
        let layers = sizes.windows(2).enumerate().map(|(index, pair)| {
            let mut layer = LinearConfig::new(pair[0], pair[1]).init(device);
            let fan_in = pair[0] as f64;
            // The initial range of sine networks, so that all of them see a period.
            let range = if index == 0 { 1.0 / fan_in } else { (6.0 / fan_in).sqrt() / OMEGA };
            if sine {
                layer.weight = layer.weight.map(|w| {
                    let drawn = w.random_like(Distribution::Uniform(-range, range)).without_autodiff();
                    Tensor::from_inner(drawn).require_grad()
                });
            }
            layer.weight = layer.weight.map(|w| retyped(w, dtype));
            layer.bias = layer.bias.map(|bias| bias.map(|b| retyped(b, dtype)));
            layer
        });
        Self { layers: layers.collect(), sine }
    }

    pub(crate) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let (last, hidden) = self.layers.split_last().expect("there are layers");
        last.forward(hidden.iter().fold(x, |x, layer| {
            let z = layer.forward(x);
            if self.sine { (z * OMEGA).sin() } else { z.tanh() }
        }))
    }

    /// `Δu - f` for points `[m, 2]` with their source as a third column.
    pub(crate) fn poisson(&self, x: Tensor<2>) -> Tensor<2> {
        let u = jet(x.clone().narrow(1, 0, 2), |x| self.forward(x));
        u.laplacian() - x.narrow(1, 2, 1)
    }

    /// `‖∇u‖ - 1`.
    pub(crate) fn eikonal(&self, x: Tensor<2>) -> Tensor<2> {
        let u = jet(x, |x| self.forward(x));
        (u.gradient().powi_scalar(2).sum_dim(2).squeeze_dim::<2>(2) + 1e-12).sqrt() - 1.0
    }

    pub(crate) fn poisson_by_hand(&self, x: Tensor<2>) -> Tensor<2> {
        let u = self.by_hand(x.clone().narrow(1, 0, 2), true);
        u.bends.into_iter().reduce(|a, b| a + b).expect("two coordinates") - x.narrow(1, 2, 1)
    }

    pub(crate) fn eikonal_by_hand(&self, x: Tensor<2>) -> Tensor<2> {
        let squares = self.by_hand(x, false).slopes.into_iter().map(|slope| slope.clone() * slope);
        (squares.reduce(|a, b| a + b).expect("three coordinates") + 1e-12).sqrt() - 1.0
    }

    fn by_hand(&self, x: Tensor<2>, with_bends: bool) -> ByHand {
        let [m, axes] = x.dims();
        let zeros = Tensor::<2>::zeros([m, axes], (&x.device(), x.dtype()));
        let unit = |axis: usize| {
            let ones = Tensor::<2>::ones([m, 1], (&x.device(), x.dtype()));
            zeros.clone().slice_assign([0..m, axis..axis + 1], ones)
        };
        let slopes = (0..axes).map(unit).collect();
        let bends = if with_bends { vec![zeros.clone(); axes] } else { vec![] };
        let mut u = ByHand { value: x.clone(), slopes, bends };
        for (index, layer) in self.layers.iter().enumerate() {
            let product = |x: Tensor<2>| x.matmul(layer.weight.val());
            u = ByHand {
                value: layer.forward(u.value),
                slopes: u.slopes.into_iter().map(product).collect(),
                bends: u.bends.into_iter().map(product).collect(),
            };
            if index + 1 == self.layers.len() {
                break;
            }
            let (y, slope, bend) = if self.sine {
                let (sine, cosine) = ((u.value.clone() * OMEGA).sin(), (u.value * OMEGA).cos());
                (sine.clone(), cosine * OMEGA, sine * (-OMEGA * OMEGA))
            } else {
                let y = u.value.tanh();
                let slope = -(y.clone() * y.clone()) + 1.0;
                (y.clone(), slope.clone(), y * slope * -2.0)
            };
            let bends = u.bends.iter().zip(&u.slopes);
            let bends = bends.map(|(b, s)| slope.clone() * b.clone() + bend.clone() * s.clone() * s.clone()).collect();
            let slopes = u.slopes.into_iter().map(|s| slope.clone() * s).collect();
            u = ByHand { value: y, slopes, bends };
        }
        u
    }
}

fn retyped<const D: usize>(tensor: Tensor<D>, dtype: DType) -> Tensor<D> {
    Tensor::from_inner(tensor.without_autodiff().cast(dtype)).require_grad()
}
