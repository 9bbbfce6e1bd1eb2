//! A network 2-4-k with tanh, twice: as a Burn module, and in plain Rust with its Jacobian written out.

use burn::module::{Module, Param};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use dualgn::loss::{SoftmaxCrossEntropy, Squared};
use dualgn::{GaussNewton, Network};
use faer::Mat;
use faer::prelude::Solve;

use crate::common::{from, numbers};

pub(super) const INPUTS: usize = 2;
pub(super) const HIDDEN: usize = 4;

#[derive(Module, Debug)]
pub(super) struct Small {
    first: Param<Tensor<2>>,
    shift: Param<Tensor<2>>,
    second: Param<Tensor<2>>,
    last: Param<Tensor<2>>,
}

impl Small {
    /// With the flat weights `w`, in the order of the forward pass.
    pub(super) fn new(w: &[f64], outputs: usize) -> Self {
        let mut start = 0;
        let mut next = |shape: [usize; 2]| {
            let range = start..start + shape[0] * shape[1];
            start = range.end;
            Param::from_tensor(from(w[range].to_vec(), shape, DType::F64))
        };
        Self {
            first: next([INPUTS, HIDDEN]),
            shift: next([1, HIDDEN]),
            second: next([HIDDEN, outputs]),
            last: next([1, outputs]),
        }
    }

    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let hidden = (x.matmul(self.first.val()) + self.shift.val()).tanh();
        hidden.matmul(self.second.val()) + self.last.val()
    }

    pub(super) fn flat(&self) -> Vec<f64> {
        let parts = [&self.first, &self.shift, &self.second, &self.last];
        parts.into_iter().flat_map(|part| part.val().into_data().iter::<f64>().collect::<Vec<_>>()).collect()
    }
}

/// The loss of the test problems.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Squared,
    Softmax,
}

/// A batch with its loss.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    pub kind: Kind,
    pub outputs: usize,
    pub x: Vec<[f64; INPUTS]>,
    /// `[m, k]`: targets, or indicators of classes.
    pub y: Vec<f64>,
}

/// The network at a point: the mean loss and its model, dense.
#[derive(Clone)]
pub(super) struct At {
    pub loss: f64,
    /// `∇L`.
    pub gradient: Vec<f64>,
    /// `JᵀHJ/m`.
    pub curvature: Mat<f64>,
    pub jacobian: Mat<f64>,
    /// `H`.
    whole: Mat<f64>,
    examples: usize,
}

impl Problem {
    pub(super) fn new(kind: Kind, examples: usize, seed: u64) -> Self {
        let outputs = if kind == Kind::Softmax { 3 } else { 2 };
        let x = numbers(examples * INPUTS, seed).chunks(INPUTS).map(|x| [2.0 * x[0], 2.0 * x[1]]).collect();
        let noise = numbers(examples * outputs, seed + 1);
        let y = match kind {
            Kind::Squared => noise,
            Kind::Softmax => noise
                .chunks(outputs)
                .flat_map(|row| {
                    let best = (0..outputs).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
                    (0..outputs).map(move |c| f64::from(c == best))
                })
                .collect(),
        };
        Self { kind, outputs, x, y }
    }

    pub(super) fn parameters(&self) -> usize {
        (INPUTS + 1) * HIDDEN + (HIDDEN + 1) * self.outputs
    }

    pub(super) fn weights(&self, seed: u64) -> Vec<f64> {
        numbers(self.parameters(), seed)
    }

    pub(super) fn inputs(&self) -> Tensor<2> {
        from(self.x.concat(), [self.x.len(), INPUTS], DType::F64)
    }

    pub(super) fn targets(&self) -> Tensor<2> {
        from(self.y.clone(), [self.x.len(), self.outputs], DType::F64)
    }

    pub(super) fn classes(&self) -> Tensor<1, Int> {
        let class = |row: &[f64]| row.iter().position(|y| *y == 1.0).unwrap() as i64;
        let classes: Vec<i64> = self.y.chunks(self.outputs).map(class).collect();
        Tensor::from_data(TensorData::new(classes, [self.x.len()]), &Device::default())
    }

    pub(super) fn network(&self, model: &Small) -> Network<Small, Tensor<2>> {
        Network::trace(model, Small::forward, [self.x.len(), INPUTS]).unwrap()
    }

    fn output(&self, w: &[f64], x: &[f64; INPUTS]) -> ([f64; HIDDEN], Vec<f64>) {
        let k = self.outputs;
        let (first, rest) = w.split_at(INPUTS * HIDDEN);
        let (shift, rest) = rest.split_at(HIDDEN);
        let (second, last) = rest.split_at(HIDDEN * k);
        let hidden =
            std::array::from_fn(|h| (shift[h] + (0..INPUTS).map(|i| x[i] * first[i * HIDDEN + h]).sum::<f64>()).tanh());
        let output = (0..k).map(|c| last[c] + (0..HIDDEN).map(|h| hidden[h] * second[h * k + c]).sum::<f64>());
        (hidden, output.collect())
    }

    fn example(&self, f: &[f64], y: &[f64]) -> (f64, Vec<f64>, Vec<f64>) {
        let k = self.outputs;
        match self.kind {
            Kind::Squared => {
                let g: Vec<f64> = f.iter().zip(y).map(|(f, y)| f - y).collect();
                let h = (0..k * k).map(|i| f64::from(i / k == i % k)).collect();
                (0.5 * g.iter().map(|g| g * g).sum::<f64>(), g, h)
            }
            Kind::Softmax => {
                let sum: f64 = f.iter().map(|f| f.exp()).sum();
                let q: Vec<f64> = f.iter().map(|f| f.exp() / sum).collect();
                let right = y.iter().position(|y| *y == 1.0).unwrap();
                let g = q.iter().zip(y).map(|(q, y)| q - y).collect();
                let h = (0..k * k).map(|i| q[i / k] * (f64::from(i / k == i % k) - q[i % k])).collect();
                (-q[right].ln(), g, h)
            }
        }
    }

    /// The outputs of all examples.
    pub(super) fn outputs(&self, w: &[f64]) -> Vec<f64> {
        self.x.iter().flat_map(|x| self.output(w, x).1).collect()
    }

    pub(super) fn loss(&self, w: &[f64]) -> f64 {
        let rows = self.x.iter().zip(self.y.chunks(self.outputs));
        let sum: f64 = rows.map(|(x, y)| self.example(&self.output(w, x).1, y).0).sum();
        sum / self.x.len() as f64
    }

    /// The loss along the linearised network.
    pub(super) fn model_loss(&self, w: &[f64], u: &[f64]) -> f64 {
        let rows = self.x.iter().zip(self.y.chunks(self.outputs)).zip(u.chunks(self.outputs));
        let sum: f64 = rows
            .map(|((x, y), u)| {
                let f: Vec<f64> = self.output(w, x).1.iter().zip(u).map(|(f, u)| f + u).collect();
                self.example(&f, y).0
            })
            .sum();
        sum / self.x.len() as f64
    }

    pub(super) fn at(&self, w: &[f64]) -> At {
        let (m, k, p) = (self.x.len(), self.outputs, self.parameters());
        let second = (INPUTS + 1) * HIDDEN;
        let mut jacobian = Mat::<f64>::zeros(m * k, p);
        let mut whole = Mat::<f64>::zeros(m * k, m * k);
        let (mut loss, mut g) = (0.0, vec![]);
        for (i, (x, y)) in self.x.iter().zip(self.y.chunks(k)).enumerate() {
            let (hidden, f) = self.output(w, x);
            for c in 0..k {
                let row = i * k + c;
                for h in 0..HIDDEN {
                    let back = w[second + h * k + c] * (1.0 - hidden[h] * hidden[h]);
                    for j in 0..INPUTS {
                        jacobian[(row, j * HIDDEN + h)] = back * x[j];
                    }
                    jacobian[(row, INPUTS * HIDDEN + h)] = back;
                    jacobian[(row, second + h * k + c)] = hidden[h];
                }
                jacobian[(row, second + HIDDEN * k + c)] = 1.0;
            }
            let (own, gradient, curvature) = self.example(&f, y);
            loss += own / m as f64;
            g.extend(gradient);
            for (index, entry) in curvature.into_iter().enumerate() {
                whole[(i * k + index / k, i * k + index % k)] = entry;
            }
        }
        let gradient = transposed(&jacobian, &g).into_iter().map(|entry| entry / m as f64).collect();
        let curvature = jacobian.transpose() * &whole * &jacobian * faer::Scale(1.0 / m as f64);
        At { loss, gradient, curvature, jacobian, whole, examples: m }
    }
}

impl At {
    /// The `d` that minimises the quadratic model with `(λ/2) (d - c)ᵀ M (d - c)`.
    pub(super) fn solve(&self, damping: f64, centre: &[f64], metric: &[f64]) -> Vec<f64> {
        let p = self.gradient.len();
        let mut matrix = self.curvature.clone();
        (0..p).for_each(|i| matrix[(i, i)] += damping * metric[i]);
        let rhs = Mat::from_fn(p, 1, |i, _| damping * metric[i] * centre[i] - self.gradient[i]);
        let solution = matrix.partial_piv_lu().solve(rhs);
        (0..p).map(|i| solution[(i, 0)]).collect()
    }

    /// The plain Gauss-Newton direction.
    pub(super) fn direction(&self, damping: f64) -> Vec<f64> {
        let p = self.gradient.len();
        self.solve(damping, &vec![0.0; p], &vec![1.0; p])
    }

    /// The direction with `u` in the place of what is left of the outputs: the gradient is `JᵀHu/m`.
    pub(super) fn direction_of(&self, u: &[f64], damping: f64) -> Vec<f64> {
        let (rows, m) = (u.len(), self.examples as f64);
        let curved: Vec<f64> =
            (0..rows).map(|i| (0..rows).map(|j| self.whole[(i, j)] * u[j]).sum::<f64>() / m).collect();
        let at = Self { gradient: transposed(&self.jacobian, &curved), ..self.clone() };
        at.direction(damping)
    }

    /// `vᵀ (JᵀHJ/m) w`.
    pub(super) fn form(&self, v: &[f64], w: &[f64]) -> f64 {
        let p = v.len();
        (0..p).map(|i| v[i] * (0..p).map(|j| self.curvature[(i, j)] * w[j]).sum::<f64>()).sum()
    }
}

/// `Jᵀ u`.
pub(super) fn transposed(jacobian: &Mat<f64>, u: &[f64]) -> Vec<f64> {
    (0..jacobian.ncols()).map(|j| (0..u.len()).map(|i| jacobian[(i, j)] * u[i]).sum()).collect()
}

/// `J v`.
pub(super) fn times(jacobian: &Mat<f64>, v: &[f64]) -> Vec<f64> {
    (0..jacobian.nrows()).map(|i| (0..v.len()).map(|j| jacobian[(i, j)] * v[j]).sum()).collect()
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// `a + s b`.
pub(super) fn plus(a: &[f64], s: f64, b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a + s * b).collect()
}

pub(super) fn squared(damping: f64) -> GaussNewton<Squared> {
    GaussNewton::new(Squared).damping(damping)
}

pub(super) fn softmax(damping: f64) -> GaussNewton<SoftmaxCrossEntropy> {
    GaussNewton::new(SoftmaxCrossEntropy).damping(damping)
}
