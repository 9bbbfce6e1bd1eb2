//! [`Drawing`]: where the residuals are taken.

use burn::tensor::{DType, Device, Tensor, TensorData};

use super::problem::Term;
use crate::geometry::{Generator, Sampling};

/// How points are drawn, and when anew.
#[derive(Clone, Copy, Debug)]
pub struct Drawing {
    /// How they are spread.
    pub sampling: Sampling,
    /// Steps after which they are drawn anew; 0 for never.
    pub every: usize,
    /// Whether more are drawn where residuals are large.
    pub adaptive: bool,
    /// Seed of all of it.
    pub seed: u64,
}

/// Candidates for each point that is chosen by its residual.
const CANDIDATES: usize = 5;
/// Streams of random numbers of one drawing, one a term.
const STREAMS: u64 = 64;

impl Drawing {
    /// The number of the drawing that a step uses.
    pub fn number(&self, step: usize) -> usize {
        step.checked_div(self.every).unwrap_or(0)
    }

    /// Rows of a term, `[count, columns]`: points with what stands beside them.
    pub fn rows(&self, term: &Term, index: usize, number: usize, count: usize, device: &Device) -> Tensor<2> {
        let mut random = Generator::new(self.seed, number as u64 * STREAMS + index as u64);
        tensor(&rows(term, count, self.sampling, &mut random), term.columns(), device)
    }

    /// The same, chosen of more by their residuals: with a probability in proportion to their norm and, by half, to none (Wu et al.,
    /// "A comprehensive study of non-adaptive and residual-based adaptive sampling for PINNs", 2023, with k = c = 1).
    pub fn adapted<E>(
        &self,
        term: &Term,
        index: usize,
        number: usize,
        count: usize,
        device: &Device,
        residual: impl FnOnce(Tensor<2>) -> Result<Vec<f64>, E>,
    ) -> Result<Tensor<2>, E> {
        let mut random = Generator::new(self.seed, number as u64 * STREAMS + index as u64);
        let candidates = rows(term, CANDIDATES * count, self.sampling, &mut random);
        let width = term.columns();
        let all = candidates.len() / width;
        let cost = |residual: f64| if term.penalties.is_one_sided { residual.min(0.0) } else { residual };
        let norm = |residuals: &[f64]| residuals.iter().fold(0.0, |norm: f64, r| norm.hypot(cost(*r)));
        let sizes: Vec<f64> = residual(tensor(&candidates, width, device))?
            .chunks_exact(term.equations)
            .map(|residuals| Some(norm(residuals)).filter(|norm| norm.is_finite()).unwrap_or(0.0))
            .collect();
        let mean = sizes.iter().sum::<f64>() / all as f64;
        // The largest of exponential keys are a sample without replacement (Efraimidis and Spirakis, 2006).
        let mut keys: Vec<(f64, usize)> = sizes
            .iter()
            .enumerate()
            .map(|(row, size)| ((1.0 - random.uniform()).ln() / (size / mean.max(f64::MIN_POSITIVE) + 1.0), row))
            .collect();
        keys.sort_by(|a, b| b.0.total_cmp(&a.0));
        let chosen: Vec<f64> = keys[..count.min(all)]
            .iter()
            .flat_map(|(_, row)| candidates[row * width..(row + 1) * width].to_vec())
            .collect();
        Ok(tensor(&chosen, width, device))
    }
}

fn rows(term: &Term, count: usize, sampling: Sampling, random: &mut Generator) -> Vec<f64> {
    term.rows(&term.region.draw(count, sampling, random))
}

fn tensor(rows: &[f64], columns: usize, device: &Device) -> Tensor<2> {
    Tensor::from_data(TensorData::new(rows.to_vec(), [rows.len() / columns, columns]), (device, DType::F64))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::geometry::Region;

    #[test]
    fn adaptive_points_are_where_the_residual_is() {
        let residual = |_: &crate::Field, rows: Tensor<2>| rows;
        let term = Term::new("it", 1.0, 300, Region::cube(1, 0.0, 1.0), residual).beside(|x| 2.0 * x[0]);
        let drawing = Drawing { sampling: Sampling::Uniform, every: 10, adaptive: true, seed: 1 };
        assert_eq!([0, 9, 10, 25].map(|step| drawing.number(step)), [0, 0, 1, 2]);
        assert_eq!(Drawing { every: 0, ..drawing }.number(99), 0);
        let device = Device::flex();
        let step = |rows: Tensor<2>| -> Result<Vec<f64>, Infallible> {
            let data: Vec<f64> = rows.into_data().iter().collect();
            Ok(data.chunks(2).map(|row| f64::from(row[0] > 0.9)).collect())
        };
        let chosen = drawing.adapted(&term, 0, 3, 300, &device, step).unwrap();
        // Of two equations the norm counts.
        let both =
            |rows| Ok::<_, Infallible>(step(rows)?.into_iter().flat_map(|size| [3.0 * size, 4.0 * size]).collect());
        let of_two = drawing.adapted(&Term { equations: 2, ..term.clone() }, 0, 3, 300, &device, both).unwrap();
        assert_eq!(of_two.into_data(), chosen.to_data());
        assert_eq!(chosen.dims(), [300, 2]);
        let data: Vec<f64> = chosen.into_data().iter().collect();
        let near = data.chunks(2).filter(|row| row[0] > 0.9).count();
        // A tenth of the candidates has eleven times the probability: more than a third of the points, and not all.
        assert!((100..200).contains(&near), "{near}");
        assert!(data.chunks(2).all(|row| row[1] == 2.0 * row[0]));
        let plain = drawing.rows(&term, 0, 3, 300, &device).into_data();
        assert_eq!(plain, drawing.rows(&term, 0, 3, 300, &device).into_data());
        assert_ne!(plain, drawing.rows(&term, 1, 3, 300, &device).into_data());
        assert_ne!(plain, drawing.rows(&term, 0, 4, 300, &device).into_data());
    }
}
