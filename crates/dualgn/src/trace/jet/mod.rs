//! Derivatives of networks by their inputs, inside traced forward passes: [`jet`] and [`Jet`].
//!
//! ```text
//! mark.rs         what a forward pass asks of its jets while it is recorded
//! channels.rs     which derivatives are carried, and how they combine
//! expand.rs       graph -> graph: the part between points and value, once more, with derivatives
//! carry.rs        what each operation becomes there
//! ```
//!
//! A jet is an array `[channels, ..]`: the value and the wanted derivatives, stacked along a new first axis. It is carried forward by
//! ordinary operations wherever an operation is linear, and by two of its own where not (`Taylor`), so that what comes out is a graph
//! like any other: linearised by the same rules, with the same Gram rules. A dense layer is one product for all channels, and one
//! site with as many positions as there are channels.

mod carry;
mod channels;
mod expand;
mod mark;

use burn::tensor::Tensor;

use channels::Channel;
pub(crate) use channels::{Channels, Pair};
pub(super) use expand::{Marked, Refused, expand};
pub(super) use mark::{Marks, Request, take};

/// The highest order of a derivative.
const ORDER: usize = 4;

/// A function of points with its derivatives by their coordinates, inside a traced forward pass: for residuals of differential
/// equations, eikonal terms, curvature.
///
/// Made by [`jet`]. Each method gives a tensor that the forward pass may go on with; what is not asked for is not computed. All are
/// exact, in one pass forward for all of them together (Taylor mode; a Laplacian takes one channel besides the slopes, as in the
/// forward Laplacian of Li et al., arXiv 2307.08214), and all are differentiated by the parameters like everything else.
#[derive(Clone, Debug)]
pub struct Jet {
    index: usize,
    axes: usize,
    value: Tensor<2>,
}

/// A function `f` of points `[m, n]`, with values `[m, k]`, whose derivatives by the points are wanted. Use it in the forward pass that is
/// given to [`Network::trace`](crate::Network::trace): `f` may be a network, several, an expression around one.
///
/// Row `i` of the values must depend on row `i` of the points alone, as it does in a network. Derivatives are those of smooth
/// operations: of max pooling there are none, and of relu only the first, which is an error of tracing where more is asked for.
///
/// # Panics
/// Outside a traced forward pass, where nothing is recorded that could be differentiated. In one, panics are errors of tracing.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{GaussNewton, Network, Squared, jet};
///
/// #[derive(Module, Debug)]
/// struct Mlp {
///     first: Linear,
///     last: Linear,
/// }
///
/// impl Mlp {
///     fn forward(&self, x: Tensor<2>) -> Tensor<2> {
///         self.last.forward(self.first.forward(x).tanh())
///     }
///
///     /// The residual of `u_xx + u_yy = 1`.
///     fn residual(&self, x: Tensor<2>) -> Tensor<2> {
///         let u = jet(x, |x| self.forward(x));
///         u.laplacian() - 1.0
///     }
/// }
///
/// let device = Device::default();
/// let model = Mlp { first: LinearConfig::new(2, 8).init(&device), last: LinearConfig::new(8, 1).init(&device) };
/// let network = Network::trace(&model, Mlp::residual, [30, 2])?;
///
/// let points = Tensor::<2>::random([30, 2], burn::tensor::Distribution::Default, &device);
/// let zeros = Tensor::<2>::zeros([30, 1], &device);
/// let direction = GaussNewton::new(Squared).direction(&network, &model, points, zeros)?;
/// assert!(direction.slope < 0.0);
/// # Ok::<(), dualgn::Error>(())
/// ```
pub fn jet(points: Tensor<2>, f: impl FnOnce(Tensor<2>) -> Tensor<2>) -> Jet {
    let [m, axes] = points.dims();
    let (start, inner) = mark::begin(points);
    let value = f(inner);
    let [rows, _] = value.dims();
    assert!(rows == m, "the function of a jet has {rows} values for {m} points; it must have one row a point");
    let index = mark::end(start, &value, axes);
    Jet { index, axes, value }
}

impl Jet {
    /// The values, `[m, k]`.
    pub fn value(&self) -> Tensor<2> {
        self.wanted(vec![])
    }

    /// The gradients, `[m, k, n]`.
    pub fn gradient(&self) -> Tensor<3> {
        let [m, k] = self.value.dims();
        let channels = (0..self.axes).map(|axis| Channel::single(vec![axis])).collect();
        self.ask(channels, [m, k, self.axes])
    }

    /// The derivative along the given coordinates, one after another, `[m, k]`: `[0]` is `∂u/∂x₀`, `[0, 0]` is `∂²u/∂x₀²`, `[0, 1]` is
    /// `∂²u/∂x₀∂x₁`, up to order four.
    ///
    /// # Panics
    /// When there is no such coordinate, or more than four are given.
    pub fn derivative<const N: usize>(&self, axes: [usize; N]) -> Tensor<2> {
        for axis in axes {
            assert!(axis < self.axes, "a derivative along coordinate {axis}, but points have {}", self.axes);
        }
        self.wanted(axes.to_vec())
    }

    /// The sum of the second derivatives along all coordinates, `[m, k]`.
    pub fn laplacian(&self) -> Tensor<2> {
        self.laplacian_over(0..self.axes)
    }

    /// The sum of the second derivatives along some coordinates, as those of space where another one is time, `[m, k]`.
    ///
    /// # Panics
    /// When there are no such coordinates.
    pub fn laplacian_over(&self, axes: std::ops::Range<usize>) -> Tensor<2> {
        assert!(!axes.is_empty() && axes.end <= self.axes, "a Laplacian over {axes:?} of {} coordinates", self.axes);
        let sum = Channel(axes.map(|axis| (1.0, vec![axis; 2])).collect());
        // Of one term it is that.
        let sum = if sum.0.len() == 1 { Channel::single(sum.0[0].1.clone()) } else { sum };
        self.ask(vec![sum], self.value.dims())
    }

    /// The second derivatives, `[m, k, n, n]`.
    pub fn hessian(&self) -> Tensor<4> {
        let ([m, k], n) = (self.value.dims(), self.axes);
        let channels = (0..n * n).map(|entry| Channel::single(vec![entry / n, entry % n])).collect();
        self.ask(channels, [m, k, n, n])
    }

    /// The derivative of an order up to four along a direction of `n` numbers, which is the same at all points, `[m, k]`.
    ///
    /// # Panics
    /// When the direction has another length, or the order is above four.
    pub fn along(&self, direction: &[f64], order: usize) -> Tensor<2> {
        assert!(
            direction.len() == self.axes,
            "a direction of {} numbers for {} coordinates",
            direction.len(),
            self.axes
        );
        self.wanted(vec![mark::direction(self.index, direction); order])
    }

    fn wanted(&self, directions: Vec<usize>) -> Tensor<2> {
        let order = directions.len();
        assert!(order <= ORDER, "a derivative of order {order}; jets have derivatives up to order {ORDER}");
        self.ask(vec![Channel::single(directions)], self.value.dims())
    }

    fn ask<const D: usize>(&self, channels: Vec<Channel>, shape: [usize; D]) -> Tensor<D> {
        // A place for it among the recorded operations, which is filled when the graph is built.
        let [m, k] = self.value.dims();
        let mut padded = [1; D];
        padded[..2].copy_from_slice(&[m, k]);
        let place = self.value.clone().reshape(padded).expand(shape) * 1.0;
        mark::ask(self.index, &place, Request { channels, shape: shape.to_vec() });
        place
    }
}
