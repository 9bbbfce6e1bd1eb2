//! Roots of increasing scalar functions, for dual updates without a closed form.

/// A limit of iterations that suffices for Newton's method safeguarded by bisection over the whole range of f64.
const MOST: usize = 200;

/// The `e^t` with `t + σ e^t = c`: the proximal point of `x log x - x` at `c / σ`, in terms of Lambert's function.
///
/// Newton on `t` from `min(c, log(max(c, 1) / σ))`, which is not below the root, so that the iterates fall to it.
pub(super) fn exponential(c: f64, sigma: f64) -> f64 {
    let mut t = c.min((c.max(1.0) / sigma).ln());
    for _ in 0..MOST {
        let e = sigma * t.exp();
        let step = (t + e - c) / (1.0 + e);
        t -= step;
        if step.abs() <= 4.0 * f64::EPSILON * t.abs().max(1.0) {
            break;
        }
    }
    t.exp()
}

/// The root of an increasing function between `low` and `high`, given as `t ↦ (value, derivative)`: Newton's method
/// where it stays between the bounds and its steps halve at least, halving of the interval where they do not.
pub(super) fn bracketed(mut low: f64, mut high: f64, at: impl Fn(f64) -> (f64, f64)) -> f64 {
    let mut t = 0.5 * (low + high);
    let mut last = high - low;
    for _ in 0..MOST {
        let (value, derivative) = at(t);
        if value > 0.0 {
            high = t;
        } else {
            low = t;
        }
        let newton = t - value / derivative;
        let near = 4.0 * f64::EPSILON * t.abs();
        if (newton - t).abs() <= near || high - low <= near {
            return newton.clamp(low, high);
        }
        // An iterate on a bound was there before, and could oscillate; so could two that are just beside the bounds.
        let is_short = 2.0 * (newton - t).abs() <= last;
        let next = if newton > low && newton < high && is_short { newton } else { 0.5 * (low + high) };
        last = (next - t).abs();
        t = next;
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_root_solves_its_equation_at_all_scales() {
        for c in [-1e5, -1e3, -10.0, -1.0, 0.0, 1.0, 10.0, 1e3, 1e5] {
            for sigma in [1e-8, 1e-3, 1.0, 1e3, 1e8] {
                let e = exponential(c, sigma);
                // Below the smallest number e^t is zero, and then t = c.
                if e == 0.0 {
                    assert!(c < -700.0, "{c} {sigma}");
                    continue;
                }
                let residual = e.ln() + sigma * e - c;
                assert!(residual.abs() <= 1e-12 * (1.0 + c.abs() + e.ln().abs()), "{c} {sigma}: {residual:e}");
            }
        }
    }

    #[test]
    fn a_bracketed_root_is_found_where_newton_alone_would_leave() {
        // Newton iterates for atan diverge from starts beyond 1.39.
        let root = bracketed(-100.0, 40.0, |t: f64| ((t - 3.0).atan(), 1.0 / (1.0 + (t - 3.0).powi(2))));
        assert!((root - 3.0).abs() < 1e-14);
        let flat = bracketed(-8.0, 8.0, |t: f64| ((t - 1.0).powi(3), 3.0 * (t - 1.0).powi(2)));
        assert!((flat - 1.0).abs() < 1e-4);
        // Newton's method alone oscillates between the bounds here.
        let steep = |t: f64| {
            let tanh = t.tanh();
            (t + 1.5400959792099398 + 26.8 * (tanh + 0.8553408230752422), 1.0 + 26.8 * (1.0 - tanh * tanh))
        };
        let root = bracketed(26.8 * -1.86 - 1.54, 26.8 * 0.15 - 1.54, steep);
        assert!(steep(root).0.abs() < 1e-12);
        // Here Newton's iterates jump between two places beside the root, and come ever nearer to those.
        let point = 0.5924150314012491 + 0.33332392292631485;
        let far = |t: f64| {
            let s = 1.0 / (1.0 + (-t).exp());
            (t + 37.88050353710283 * (s - point), 1.0 + 37.88050353710283 * s * (1.0 - s))
        };
        let root = bracketed(37.88050353710283 * (point - 1.0), 37.88050353710283 * point, far);
        assert!(far(root).0.abs() < 1e-12, "{root}");
        // Here the last Newton step is shorter than the spacing of numbers and ends on the bound it started from.
        let logistic = |t: f64| {
            let s = 1.0 / (1.0 + (-t).exp());
            (t + s - 0.7563537259551586, 1.0 + s * (1.0 - s))
        };
        let root = bracketed(-0.2436462740448414, 0.7563537259551586, logistic);
        assert!(logistic(root).0.abs() < 1e-15);
    }
}
