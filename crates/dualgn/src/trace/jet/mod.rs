//! Derivatives of networks with respect to their inputs, inside traced forward passes: [`jet`] and [`Jet`].
//!
//! ```text
//! mark.rs         what a forward pass asks of its jets while it is recorded
//! channels.rs     which derivatives are carried, and how they combine
//! expand.rs       graph -> graph: the part between points and value, once more, with derivatives
//! carry/          what each operation becomes there
//! ```
//!
//! A jet is an array `[channels, ..]`: the value and the wanted derivatives, stacked along a new first axis. Linear
//! operations propagate it by ordinary operations, and nonlinear ones by two operations of its own (`Taylor`). The
//! result is a graph like any other: it is linearised by the same rules and has the same Gram rules. A dense layer is
//! one product for all channels, and one site with as many positions as there are channels.

mod carry;
mod channels;
mod expand;
mod mark;

use burn::tensor::Tensor;

use channels::Channel;
pub(crate) use channels::{Channels, Pair};
pub(super) use expand::{Marked, Refused, expand};
pub(super) use mark::{Marks, Request, take};

/// The highest order of derivatives.
const ORDER: usize = 4;

/// A function of points and its derivatives with respect to their coordinates, inside a traced forward pass: for
/// residuals of differential equations, eikonal terms and curvature.
///
/// [`jet`] creates it. Each method returns a tensor that the forward pass can use further; only the requested
/// derivatives are computed. All of them are exact, are computed together in one forward pass (in Taylor mode; a
/// Laplacian takes one channel in addition to the slopes, as in the forward Laplacian of Li et al., arXiv 2307.08214),
/// and are differentiated with respect to the parameters like everything else.
#[derive(Clone, Debug)]
pub struct Jet {
    index: usize,
    axes: usize,
    value: Tensor<2>,
}

/// Evaluates a function `f` of points `[m, n]`, with values `[m, k]`, and returns a [`Jet`] that gives its derivatives
/// with respect to the points. Use it in the forward pass that is given to [`Network::trace`](crate::Network::trace).
/// `f` may be a network, several networks, or an expression of them.
///
/// Row `i` of the values must depend on row `i` of the points only, as it does for a network. Only smooth operations
/// have all derivatives: max pooling has none, and relu only the first; requesting others is an error of tracing.
///
/// # Panics
/// Panics outside a traced forward pass, where nothing is recorded, and if `f` does not return one row per point.
/// Inside a traced forward pass, panics become errors of tracing.
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::prelude::*;
/// use dualgn::{GaussNewton, Network};
/// use dualgn::jet::jet;
/// use dualgn::loss::Squared;
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
    /// Returns the values, `[m, k]`.
    pub fn value(&self) -> Tensor<2> {
        self.wanted(vec![])
    }

    /// Returns the gradients, `[m, k, n]`.
    pub fn gradient(&self) -> Tensor<3> {
        let [m, k] = self.value.dims();
        let channels = (0..self.axes).map(|axis| Channel::single(vec![axis])).collect();
        self.ask(channels, [m, k, self.axes])
    }

    /// Returns the derivative along the given coordinates, one after another, `[m, k]`: `[0]` is `∂u/∂x₀`, `[0, 0]` is
    /// `∂²u/∂x₀²`, `[0, 1]` is `∂²u/∂x₀∂x₁`, up to order four.
    ///
    /// # Panics
    /// Panics if a coordinate is out of range, or more than four are given.
    pub fn derivative<const N: usize>(&self, axes: [usize; N]) -> Tensor<2> {
        for axis in axes {
            assert!(axis < self.axes, "a derivative along coordinate {axis}, but points have {}", self.axes);
        }
        self.wanted(axes.to_vec())
    }

    /// Returns the Laplacian, the sum of the second derivatives along all coordinates, `[m, k]`.
    pub fn laplacian(&self) -> Tensor<2> {
        self.laplacian_over(0..self.axes)
    }

    /// Returns the sum of the second derivatives along a range of coordinates, for example of space without time, `[m,
    /// k]`.
    ///
    /// # Panics
    /// Panics if the range is empty or a coordinate is out of range.
    pub fn laplacian_over(&self, axes: std::ops::Range<usize>) -> Tensor<2> {
        assert!(!axes.is_empty() && axes.end <= self.axes, "a Laplacian over {axes:?} of {} coordinates", self.axes);
        let sum = Channel(axes.map(|axis| (1.0, vec![axis; 2])).collect());
        // A sum of one term is a single derivative.
        let sum = if sum.0.len() == 1 { Channel::single(sum.0[0].1.clone()) } else { sum };
        self.ask(vec![sum], self.value.dims())
    }

    /// Returns the second derivatives, `[m, k, n, n]`.
    pub fn hessian(&self) -> Tensor<4> {
        let ([m, k], n) = (self.value.dims(), self.axes);
        let channels = (0..n * n).map(|entry| Channel::single(vec![entry / n, entry % n])).collect();
        self.ask(channels, [m, k, n, n])
    }

    /// Returns the derivative of an order up to four along one direction of `n` numbers, the same at all points, `[m,
    /// k]`.
    ///
    /// # Panics
    /// Panics if the direction does not have length `n`, or the order is above four.
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
        // A placeholder among the recorded operations, which is replaced when the graph is built.
        let [m, k] = self.value.dims();
        let mut padded = [1; D];
        padded[..2].copy_from_slice(&[m, k]);
        let place = self.value.clone().reshape(padded).expand(shape) * 1.0;
        mark::ask(self.index, &place, Request { channels, shape: shape.to_vec() });
        place
    }
}
