//! What a comparison measures: one [`Record`] an evaluation, one [`StepRecord`] a step along a direction, one
//! [`MethodRun`] a method, one [`Comparison`] a command.
//!
//! These are plain data: training fills them; `metrics.jsonl`, `steps.jsonl`, the terminal table and the report read
//! them.

use serde::{Deserialize, Serialize};

use crate::exact;
use crate::picture::Picture;
use crate::scores::Scores;

/// The quality of the model on held-out examples, besides the loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Fraction of test examples answered right, in `[0, 1]`; larger is better.
    Accuracy,
    /// Root mean squared error in the unit of the target; smaller is better.
    Rmse,
    /// `‖u - u*‖ / ‖u*‖` for a solution `u*`, at points of the domain; smaller is better.
    RelativeError,
    /// The root of the loss at points that nothing is trained on, for equations whose solution is not known; smaller is better.
    Residual,
}

/// One step along a direction, with the certificate of the direction. All are means over the batch of the step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// Number of the step, from 1.
    pub step: usize,
    /// The loss before the step.
    #[serde(with = "exact")]
    pub loss: f64,
    /// `⟨∇L, d⟩`, negative for a descent direction.
    #[serde(with = "exact")]
    pub slope: f64,
    /// `‖d‖`.
    #[serde(with = "exact")]
    pub norm: f64,
    /// The damping `λ`.
    #[serde(with = "exact")]
    pub damping: f64,
    /// The value of the subproblem at the direction.
    #[serde(with = "exact")]
    pub primal: f64,
    /// The dual value, which no direction can be below.
    #[serde(with = "exact")]
    pub dual: f64,
    /// The duality gap, `primal - dual`: how far the direction is from optimal at most.
    #[serde(with = "exact")]
    pub gap: f64,
    /// The gap for each unit of the decrease that the dual value promises.
    #[serde(with = "exact")]
    pub relative_gap: f64,
    /// Iterations of the solver; zero for a direct solve.
    pub iterations: usize,
    /// Milliseconds the subproblem took, without the forward pass and the last backward pass.
    #[serde(with = "exact")]
    pub milliseconds: f64,
    /// Milliseconds of the forward pass.
    #[serde(default, with = "exact")]
    pub forward_milliseconds: f64,
    /// Milliseconds of the way back to the parameters.
    #[serde(default, with = "exact")]
    pub back_milliseconds: f64,
    /// How far the step went along the direction; zero if no step was better than staying. This and the following are of methods
    /// that decide it themselves.
    #[serde(with = "exact::option", default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Actual over predicted decrease.
    #[serde(with = "exact::option", default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    /// Losses evaluated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trials: Option<usize>,
    /// Dampings refused before this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<usize>,
    /// What was done where a factorisation failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
}

/// One evaluation of one method. Losses are means over the examples.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Optimizer steps taken so far.
    pub step: usize,
    /// Passes over the training examples so far.
    #[serde(with = "exact")]
    pub epoch: f64,
    /// Seconds spent training so far, evaluations excluded.
    #[serde(with = "exact")]
    pub seconds: f64,
    /// Loss on all training examples.
    #[serde(with = "exact")]
    pub train_loss: f64,
    /// Loss on all test examples.
    #[serde(with = "exact")]
    pub test_loss: f64,
    /// The problem's [`Metric`] on all test examples.
    #[serde(with = "exact")]
    pub test_metric: f64,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Its budget was spent.
    Finished,
    /// The training loss came down to the one that was asked for.
    Reached,
    /// No step decreased the loss of all training examples any more.
    Converged,
    /// The loss on examples that are not trained on had not fallen for long.
    EarlyStopped,
    /// The loss was not finite or there was no direction; the method stopped there.
    Diverged,
    /// The user interrupted it; what was measured until then is kept.
    Interrupted,
}

/// One learning rate that was tried before the run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Trial {
    /// The learning rate.
    pub learning_rate: f64,
    /// Training loss at the end of the trial; absent when it diverged.
    pub train_loss: Option<f64>,
}

/// Everything measured for one method.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MethodRun {
    /// The identity of the run, which its files carry.
    pub run: String,
    /// The name used on the command line, such as `dual-gn-adam`.
    pub method: String,
    /// A short title for people, such as `Adam on dual Gauss-Newton directions`.
    pub title: String,
    /// The settings the run used, in words, such as `rate 0.003, chosen of 3`.
    pub settings: String,
    /// The learning rates tried, best first; empty when the method took its default.
    pub trials: Vec<Trial>,
    /// How the run ended.
    pub status: Status,
    /// Evaluations in order of steps; the first is before any step.
    pub records: Vec<Record>,
    /// Steps along directions, in order; none for first-order methods. `steps.jsonl` has them.
    #[serde(skip)]
    pub directions: Vec<StepRecord>,
    /// Highest resident memory of the process during the run, in bytes, where the system tells.
    pub peak_memory: Option<u64>,
}

impl MethodRun {
    /// The first evaluation at which the training loss is at most `target`.
    pub fn first_at_most(&self, target: f64) -> Option<&Record> {
        self.records.iter().find(|record| record.train_loss <= target)
    }
}

/// The result of one `compare`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Comparison {
    /// The problem's name on the command line, such as `digits`.
    pub problem: String,
    /// The loss's name on the command line, such as `softmax`.
    pub loss: String,
    /// A few sentences about data, network and loss.
    pub description: String,
    /// The network, such as `layers 64-64-10`.
    pub network: String,
    /// Where the data come from.
    pub citation: String,
    /// What `test_metric` means.
    pub metric: Metric,
    /// Parameters of the network.
    pub parameters: usize,
    /// Training and test examples.
    pub examples: (usize, usize),
    /// Examples in a batch.
    pub batch: usize,
    /// Seed of weights and batches.
    pub seed: u64,
    /// The relative duality gap that directions should come down to.
    pub gap: f64,
    /// The training loss whose first attainment the table reports, and why this one.
    pub target: Option<TargetLoss>,
    /// The command that made it, without the path of the program.
    pub command: String,
    /// Version of the program, operating system, number of cores, device.
    pub environment: String,
    /// One entry a method, in the order asked for.
    pub runs: Vec<MethodRun>,
    /// What was to be solved, if it was equations.
    #[serde(skip)]
    pub equations: Vec<Stated>,
    /// What each method found for the unknown coefficients of an equation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coefficients: Vec<Coefficient>,
    /// Pictures of the result.
    #[serde(skip)]
    pub pictures: Vec<Picture>,
    /// What a table led to, where one was learnt from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fitted: Option<Fitted>,
}

impl Comparison {
    /// Refuses what no run records, as a file holds that was changed; what is wrong is the end of a sentence.
    pub fn check(&self) -> Result<(), &'static str> {
        let Some(fitted) = &self.fitted else { return Ok(()) };
        if fitted.answers.len() != fitted.targets.len() || fitted.answers.len() != fitted.places.len() {
            return Err("its test rows have not an answer, a target and a place each");
        }
        let levels = fitted.levels.len();
        let is_square =
            |counts: &Vec<Vec<usize>>| counts.len() == levels && counts.iter().all(|row| row.len() == levels);
        if fitted.scores.confusion.as_ref().is_some_and(|counts| !is_square(counts)) {
            return Err("its table of confusions is not one of its classes");
        }
        Ok(())
    }
}

/// Formulas with a name, and where they hold.
#[derive(Debug, Clone)]
pub struct Stated {
    /// Such as `equation` or `boundary`.
    pub name: String,
    /// Where they hold, or what else there is to say, in words.
    pub place: String,
    /// Each in MathML, a `math` element.
    pub formulas: Vec<String>,
}

/// An unknown coefficient of an equation, as a method found it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Coefficient {
    /// The method's name.
    pub method: String,
    /// Its name in the equation, such as `κ`.
    pub name: String,
    /// What was found.
    pub value: f64,
    /// Standard deviation of what was found, by the errors of the measurements; absent where there was no memory to compute it.
    pub standard_deviation: Option<f64>,
    /// How far it still was from the minimum of the loss, to first order; absent as the standard deviation is.
    #[serde(default)]
    pub to_go: Option<f64>,
    /// The value that the measurements were made with, if it is known.
    #[serde(default)]
    pub right: Option<f64>,
}

/// What was made of a table, and how good it is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fitted {
    /// Each column's name, role and why, below the heads.
    pub columns: Vec<Vec<String>>,
    /// What the reader found out.
    pub remarks: Vec<String>,
    /// Rows that were learnt from, and rows that tested.
    pub rows: [usize; 2],
    /// For each network, the step whose weights were kept.
    pub best_steps: Vec<usize>,
    /// Measures on the test rows.
    pub scores: Scores,
    /// The classes; none for numbers.
    pub levels: Vec<String>,
    /// The target's name.
    pub target: String,
    /// The answers to the test rows: numbers, or positions of classes.
    pub answers: Vec<f64>,
    /// What they should have been.
    pub targets: Vec<f64>,
    /// The numbers of the test rows in the table.
    pub places: Vec<usize>,
}

/// A training loss to reach.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TargetLoss {
    /// Training loss.
    pub train_loss: f64,
    /// Where it comes from, such as `Adam's last training loss`.
    pub source: String,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As version 0.2.0 wrote them, and where no true value is known.
    #[test]
    fn coefficients_have_a_true_value_or_none() {
        let stored = r#"{"method":"adam","name":"κ","value":0.31,"standard_deviation":0.01,"right":0.3}"#;
        let read: Coefficient = serde_json::from_str(stored).unwrap();
        assert_eq!((read.right, read.to_go), (Some(0.3), None));
        assert!(serde_json::to_string(&read).unwrap().contains(r#""right":0.3"#));
        for unknown in ["", r#","right":null"#] {
            let read: Coefficient = serde_json::from_str(&stored.replace(r#","right":0.3"#, unknown)).unwrap();
            assert_eq!(read.right, None);
        }
    }

    proptest! {
        /// What is written into `metrics.jsonl` and `steps.jsonl` is read back bit for bit; of the many NaN one.
        #[test]
        fn records_come_back_bit_for_bit(bits in prop::collection::vec(any::<u64>(), 14)) {
            let number: Vec<f64> = bits.into_iter().map(f64::from_bits).collect();
            let step = StepRecord {
                step: 1,
                loss: number[0],
                slope: number[1],
                norm: number[2],
                damping: number[3],
                primal: number[4],
                dual: number[5],
                gap: number[6],
                relative_gap: number[7],
                iterations: 2,
                milliseconds: number[8],
                forward_milliseconds: number[9],
                back_milliseconds: number[10],
                rate: Some(number[11]),
                ratio: Some(number[12]),
                trials: None,
                refused: Some(1),
                fallback: None,
            };
            let read: StepRecord = serde_json::from_str(&serde_json::to_string(&step).unwrap()).unwrap();
            let all = |step: &StepRecord| {
                let StepRecord { loss, slope, norm, damping, primal, dual, gap, relative_gap, .. } = *step;
                let own = [loss, slope, norm, damping, primal, dual, gap, relative_gap, step.milliseconds];
                let more = [step.forward_milliseconds, step.back_milliseconds, step.rate.unwrap(), step.ratio.unwrap()];
                let bits = |x: f64| if x.is_nan() { f64::NAN } else { x }.to_bits();
                own.into_iter().chain(more).map(bits).collect::<Vec<u64>>()
            };
            prop_assert_eq!(all(&read), all(&step));
            prop_assert_eq!((read.trials, read.refused), (None, Some(1)));
        }
    }
}
