//! The dual of the quadratic model, and the measures of its solution.

use burn::tensor::{Tensor, TensorData};
use faer::MatRef;

use super::centre::Centre;
use super::kernel::{Kernel, from_host, to_host};
use super::measures::{Measures, SecondOrder, dot, read};
use super::route::{Budget, Goal, How, Method};
use crate::error::{DeviceError, Error};
use crate::loss::CurvatureFactor;
use crate::solve::{BlockCholesky, Nystrom, Progress, Reached, Spectrum, cholesky, conjugate_gradient, with_entries};

/// Rows per block of the preconditioner.
const BLOCK_ROWS: usize = 128;
/// Products of a preconditioner that are computed at once; each needs a vector in parameter space.
const STACKED: usize = 8;

/// A preconditioner `M = C Cᵀ` that approximates the matrix of the system.
enum Preconditioner {
    Blocks(BlockCholesky),
    Nystrom(Nystrom),
}

impl Preconditioner {
    /// Replaces `x` by `C⁻¹ x`.
    fn solve(&self, x: &mut [f64]) {
        match self {
            Self::Blocks(blocks) => blocks.solve(x),
            Self::Nystrom(nystrom) => nystrom.solve(x),
        }
    }

    /// Replaces `x` by `C⁻ᵀ x`.
    fn solve_transposed(&self, x: &mut [f64]) {
        match self {
            Self::Blocks(blocks) => blocks.solve_transposed(x),
            Self::Nystrom(nystrom) => nystrom.solve(x),
        }
    }
}

/// The subproblem at one point: `g`, `[m, k]`, `L`, `λ`, and a centre `c`.
#[derive(Clone)]
pub(super) struct Quadratic {
    /// `g + H J c`: the gradient of the model at the centre.
    pub gradient: Tensor<2>,
    pub factor: CurvatureFactor,
    pub damping: f64,
    centre: Option<AtCentre>,
}

/// A centre, together with the gradient `g` at zero.
#[derive(Clone)]
struct AtCentre {
    centre: Centre,
    gradient: Tensor<2>,
}

/// Bounds on the suboptimality of a point.
#[derive(Clone, Copy)]
pub(super) struct Certificate {
    /// A lower bound on the model in `e = d - c`, without its value at zero.
    pub dual_value: f64,
    pub gap: f64,
}

/// A dual point.
pub(super) struct Dual {
    /// `α = g + L β`, `[m, k]`.
    pub alpha: Tensor<2>,
    /// `β`, `[m, r]`.
    pub beta: Tensor<2>,
    /// `K α`, `[m, k]`.
    pub kernel_alpha: Tensor<2>,
    pub iterations: usize,
    /// Whether the solver reached its goal, and not just its last iteration.
    pub is_enough: bool,
}

impl Quadratic {
    /// The model of `g` and `L` around a centre; `None` means the centre zero.
    pub(super) fn new(gradient: Tensor<2>, factor: CurvatureFactor, damping: f64, centre: Option<Centre>) -> Self {
        let mut model = Self { gradient, factor, damping, centre: None };
        if let Some(centre) = centre {
            let curved = model.factor(model.factor_transpose(centre.change.clone()));
            let moved = model.gradient.clone() + curved;
            let gradient = std::mem::replace(&mut model.gradient, moved);
            model.centre = Some(AtCentre { centre, gradient });
        }
        model
    }

    /// Solves `(I + LᵀKL/(λm)) β = -LᵀKg/(λm)` by a factorisation of the assembled matrix, or by conjugate gradient
    /// within a budget. Conjugate gradient starts from `start`, a `β`, or from zero.
    pub(super) fn solve(
        &self,
        kernel: &Kernel,
        kernel_gradient: Tensor<2>,
        how: How,
        start: Option<Tensor<2>>,
    ) -> Result<Dual, Error> {
        let [m, k] = self.gradient.dims();
        let matrix = match kernel {
            Kernel::Matrix(matrix) => Some(matrix),
            Kernel::Products { .. } | Kernel::Scaled { .. } => None,
        };
        match (how.method, matrix) {
            (Method::Direct, Some(matrix)) => {
                let rhs = self.factor_transpose(kernel_gradient) * -self.scale();
                let (shape, device, dtype) = (rhs.dims(), rhs.device(), rhs.dtype());
                let system = with_entries!(matrix, entries => self.factor.system(entries, self.scale(), [m, k])?);
                let beta = from_host(cholesky(system, to_host(rhs)?)?, shape, &device, dtype);
                self.dual(kernel, beta)
            }
            (Method::Preconditioned(budget), Some(matrix)) => {
                let examples = (BLOCK_ROWS / self.factor.columns(k)).max(1);
                let blocks = with_entries!(matrix, entries => {
                    self.factor.system_blocks(entries, self.scale(), [m, k], examples)?
                });
                let preconditioner = Preconditioner::Blocks(BlockCholesky::new(blocks)?);
                self.iterate(kernel, kernel_gradient, budget, start, Some(&preconditioner))
            }
            (Method::Nystrom(rank, budget), _) => {
                let preconditioner = self.nystrom(kernel, rank)?;
                self.iterate(kernel, kernel_gradient, budget, start, preconditioner.as_ref())
            }
            _ => self.iterate(kernel, kernel_gradient, how.budget(), start, None),
        }
    }

    /// The Nyström preconditioner of a given rank, from as many products.
    fn nystrom(&self, kernel: &Kernel, rank: usize) -> Result<Option<Preconditioner>, Error> {
        let [m, k] = self.gradient.dims();
        let columns = self.factor.columns(k);
        let vectors = Nystrom::test_vectors(m * columns, rank);
        let rank = vectors.ncols();
        if rank == 0 {
            return Ok(None);
        }
        let values: Vec<f64> =
            vectors.col_iter().flat_map(|column| column.iter().copied().collect::<Vec<_>>()).collect();
        let dtype = self.gradient.dtype();
        let data = TensorData::new(values, [rank, m, columns]).convert_dtype(dtype);
        let x = Tensor::<3>::from_data(data, (&self.gradient.device(), dtype));
        let mut products: Vec<f64> = vec![];
        for x in x.split(STACKED, 0) {
            let stack = self.factor.apply_transpose(kernel.products_of(self.factor.apply(x))?) * self.scale();
            products.extend(stack.try_into_data().map_err(DeviceError::from)?.iter::<f64>());
        }
        let products = MatRef::from_column_major_slice(&products, m * columns, rank).to_owned();
        Ok(Some(Preconditioner::Nystrom(Nystrom::new(&vectors, products)?)))
    }

    /// The dual point of an exact `β`. Cost: one product with `K`.
    fn dual(&self, kernel: &Kernel, beta: Tensor<2>) -> Result<Dual, Error> {
        let alpha = self.gradient.clone() + self.factor(beta.clone());
        let kernel_alpha = kernel.product(alpha.clone())?;
        Ok(Dual { alpha, beta, kernel_alpha, iterations: 0, is_enough: true })
    }

    /// The exact solutions for several dampings, from one decomposition `LᵀKL = Q Λ Qᵀ`: `β = -Q (λm + Λ)⁻¹ Qᵀ LᵀKg`.
    pub(super) fn path(&self, kernel: &Kernel, dampings: &[f64]) -> Result<Vec<Dual>, Error> {
        let Kernel::Matrix(matrix) = kernel else { unreachable!("a path is asked of the assembled matrix") };
        let [m, k] = self.gradient.dims();
        let system = with_entries!(matrix, entries => self.factor.system(entries, 1.0, [m, k])?);
        // The system's identity moves the eigenvalues by one.
        let spectrum = Spectrum::new(&system)?;
        let rhs = self.factor_transpose(kernel.product(self.gradient.clone())?);
        let (shape, device, dtype) = (rhs.dims(), rhs.device(), rhs.dtype());
        let coordinates = spectrum.coordinates(&to_host(rhs)?);
        let solution = |&damping: &f64| {
            let scaled = coordinates.iter().zip(&spectrum.values);
            let scaled = scaled.map(|(c, value)| -c / (damping * self.examples() + (value - 1.0).max(0.0))).collect();
            self.dual(kernel, from_host(spectrum.combination(scaled), shape, &device, dtype))
        };
        dampings.iter().map(solution).collect()
    }

    /// Solves by conjugate gradient, as [`Quadratic::solve`] describes.
    fn iterate(
        &self,
        kernel: &Kernel,
        kernel_gradient: Tensor<2>,
        budget: Budget,
        start: Option<Tensor<2>>,
        preconditioner: Option<&Preconditioner>,
    ) -> Result<Dual, Error> {
        let system = System { model: self, kernel, preconditioner };
        let Start { residual, mut kernel_alpha, value, whole } = system.start(kernel_gradient, start.as_ref())?;
        let [value, whole] = read([value, whole])?;
        // The gap is ‖r‖²/2, since A ⪰ I, and the decrease the value of the dual.
        let enough = |reached: Reached| match budget.goal {
            Goal::Residual(tolerance) => reached.residual <= tolerance * tolerance * whole,
            Goal::Gap(tolerance) => reached.residual <= tolerance * (value - 2.0 * reached.decrease),
        };
        let progress = conjugate_gradient(|x| system.preconditioned(x), residual, budget.iterations, enough)?;
        let Progress { solution, companion, iterations, is_enough } = progress;
        let solution = system.outer(solution, Preconditioner::solve_transposed)?;
        if let Some(companion) = companion {
            kernel_alpha = kernel_alpha + companion;
        }
        let beta = match start {
            Some(start) => start + solution,
            None => solution,
        };
        let alpha = self.gradient.clone() + self.factor(beta.clone());
        Ok(Dual { alpha, beta, kernel_alpha, iterations, is_enough })
    }

    /// Computes everything that follows from `K α` without another product, with `J e = -K α / (λm)` for `d = c + e`.
    pub(super) fn measure(&self, dual: &Dual) -> Result<Measures, DeviceError> {
        let m = self.examples();
        let change = dual.kernel_alpha.clone() * -self.scale();
        // b - Aβ = Lᵀ J e - β, since α = g + L Lᵀ J c + Lβ.
        let residual = self.factor_transpose(change.clone()) - dual.beta.clone();
        let [along, beta_squared, residual] =
            read([dot(&dual.alpha, &change), dot(&dual.beta, &dual.beta), dot(&residual, &residual)])?;
        let norm_squared = -along / (m * self.damping);
        let certificate = Certificate {
            // This is the dual value of the model in e, without the value at zero.
            dual_value: (0.5 * along - 0.5 * beta_squared) / m,
            // P(d) - D(α), without the cancellation of the difference.
            gap: 0.5 * residual / m,
        };
        self.measure_step(change, norm_squared, &dual.alpha, certificate)
    }

    /// The measures of `d = c + e` from `J e`, `‖e‖²` and `α = g + H J d`.
    pub(super) fn measure_step(
        &self,
        change: Tensor<2>,
        norm_squared: f64,
        alpha: &Tensor<2>,
        certificate: Certificate,
    ) -> Result<Measures, DeviceError> {
        let m = self.examples();
        let Some(AtCentre { centre, gradient }) = &self.centre else {
            let of = self.second_order(&self.gradient, &change)?;
            let Certificate { dual_value, gap } = certificate;
            let distance_squared = norm_squared;
            return Ok(Measures::second_order(SecondOrder { norm_squared, distance_squared, dual_value, gap, ..of }));
        };
        let own = &centre.change;
        let curved = self.factor_transpose(own.clone());
        let [along, slope, curvature] = read([dot(alpha, own), dot(gradient, own), dot(&curved, &curved)])?;
        // ⟨c, e⟩ in the metric, since e = -M⁻¹Jᵀα/(λm).
        let between = -along / (self.damping * m);
        let of = self.second_order(gradient, &(own.clone() + change))?;
        Ok(Measures::second_order(SecondOrder {
            norm_squared: centre.norm_squared + 2.0 * between + norm_squared,
            distance_squared: norm_squared,
            along_centre: centre.norm_squared + between,
            centre_squared: centre.norm_squared,
            dual_value: (slope + 0.5 * curvature) / m + certificate.dual_value,
            gap: certificate.gap,
            ..of
        }))
    }

    /// Slope and curvature along `u = J d`, without norms and certificate.
    fn second_order(&self, gradient: &Tensor<2>, u: &Tensor<2>) -> Result<SecondOrder, DeviceError> {
        let m = self.examples();
        let curved = self.factor_transpose(u.clone());
        let [slope, curvature, gradient_squared, u_squared] =
            read([dot(gradient, u), dot(&curved, &curved), dot(gradient, gradient), dot(u, u)])?;
        Ok(SecondOrder {
            slope: slope / m,
            curvature: 0.5 * curvature / m,
            norm_squared: 0.0,
            distance_squared: 0.0,
            along_centre: 0.0,
            centre_squared: 0.0,
            damping: self.damping,
            dual_value: 0.0,
            gap: 0.0,
            rounding: (gradient_squared * u_squared).sqrt() / m,
            dtype: gradient.dtype(),
        })
    }

    /// `1 / (λm)`.
    fn scale(&self) -> f64 {
        1.0 / (self.damping * self.examples())
    }

    fn examples(&self) -> f64 {
        self.gradient.dims()[0] as f64
    }

    pub(super) fn factor(&self, x: Tensor<2>) -> Tensor<2> {
        self.factor.apply(x.unsqueeze()).squeeze_dim(0)
    }

    pub(super) fn factor_transpose(&self, x: Tensor<2>) -> Tensor<2> {
        self.factor.apply_transpose(x.unsqueeze()).squeeze_dim(0)
    }
}

/// The system `A β = b` with `A = I + LᵀKL/(λm)` and `b = -LᵀKg/(λm)`, as conjugate gradient sees it.
///
/// With a preconditioner `M = C Cᵀ` the iterations are plain ones on `C⁻¹ A C⁻ᵀ`, whose solution is `Cᵀ β`.
struct System<'a, 'k> {
    model: &'a Quadratic,
    kernel: &'a Kernel<'k>,
    preconditioner: Option<&'a Preconditioner>,
}

/// Where the iterations begin: at `β₀`, or at zero.
struct Start {
    /// `b - A β₀`, or `C⁻¹` times that.
    residual: Tensor<2>,
    /// `K α`.
    kernel_alpha: Tensor<2>,
    /// Twice `-m D(α)`.
    value: Tensor<1>,
    /// The square that tolerances are relative to.
    whole: Tensor<1>,
}

impl System<'_, '_> {
    fn start(&self, kernel_gradient: Tensor<2>, start: Option<&Tensor<2>>) -> Result<Start, Error> {
        let (model, scale) = (self.model, self.model.scale());
        let mut residual = model.factor_transpose(kernel_gradient.clone()) * -scale;
        let mut kernel_alpha = kernel_gradient;
        // At zero α = g.
        let mut value = dot(&model.gradient, &kernel_alpha) * scale;
        let mut whole = dot(&residual, &residual);
        if let Some(start) = start {
            // A (β - β₀) = b - A β₀, and tolerances stay relative to b.
            let (product, kernel_start) = self.apply(start.clone())?;
            (residual, kernel_alpha) = (residual - product, kernel_alpha + kernel_start);
            let alpha = model.gradient.clone() + model.factor(start.clone());
            value = dot(&alpha, &kernel_alpha) * scale + dot(start, start);
        }
        if self.preconditioner.is_some() {
            residual = self.outer(residual, Preconditioner::solve)?;
            whole = dot(&residual, &residual);
        }
        Ok(Start { residual, kernel_alpha, value, whole })
    }

    /// `A x` and `K L x`.
    fn apply(&self, x: Tensor<2>) -> Result<(Tensor<2>, Tensor<2>), Error> {
        let kernel_x = self.kernel.product(self.model.factor(x.clone()))?;
        Ok((x + self.model.factor_transpose(kernel_x.clone()) * self.model.scale(), kernel_x))
    }

    /// `C⁻¹ A C⁻ᵀ x` and `K L C⁻ᵀ x`.
    fn preconditioned(&self, x: Tensor<2>) -> Result<(Tensor<2>, Option<Tensor<2>>), Error> {
        let (product, companion) = self.apply(self.outer(x, Preconditioner::solve_transposed)?)?;
        Ok((self.outer(product, Preconditioner::solve)?, Some(companion)))
    }

    /// `C⁻¹ x` or `C⁻ᵀ x`; `x` without a preconditioner.
    fn outer(&self, x: Tensor<2>, inverse: fn(&Preconditioner, &mut [f64])) -> Result<Tensor<2>, Error> {
        let Some(preconditioner) = self.preconditioner else { return Ok(x) };
        let (shape, device, dtype) = (x.dims(), x.device(), x.dtype());
        let mut values = to_host(x)?;
        inverse(preconditioner, &mut values);
        Ok(from_host(values, shape, &device, dtype))
    }
}
