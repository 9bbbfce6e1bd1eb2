//! `dualgn train`.

use burn::module::Module;
use dualgn::ConvexLoss;

use super::compare::finish;
use super::output::Output;
use super::plan::{self, Plan};
use super::setup::{Work, with_session};
use super::tune::tuned_run;
use crate::arguments::Train;
use crate::failure::Failure;
use crate::record::Comparison;
use crate::report;
use crate::train::{Budget, Method, ModelName, Optimizer, Session};

/// Trains by one method and keeps the weights.
pub fn train(arguments: &Train) -> Result<(), Failure> {
    let loss = plan::loss(arguments.problem, arguments.run.loss)?;
    let model = arguments.model.unwrap_or(ModelName::default_for(loss));
    let method = arguments.method.unwrap_or(Method::on(model, Optimizer::Adam));
    plan::check(&[method], loss)?;
    let plan = Plan::new("train", arguments.problem, loss, &arguments.run);
    let work = Training { method, rate: arguments.rate, output: Output::new(plan.folder.clone())? };
    with_session(&plan, work)
}

struct Training {
    method: Method,
    rate: Option<f64>,
    output: Output,
}

impl Work for Training {
    fn run<L: ConvexLoss + Clone>(
        self,
        session: &Session<L>,
        budget: Budget,
        mut comparison: Comparison,
    ) -> Result<(), Failure> {
        let (run, outcome) = tuned_run(session, self.method, self.rate, budget, comparison.metric, &self.output)?;
        comparison.runs.push(run);
        println!("{}", report::terminal(&comparison));
        let path = self.output.folder().join("model.bpk");
        let unfinished = self.output.folder().join("model.unfinished.bpk");
        let saved = outcome.model.valid().save_file(&unfinished);
        saved.map_err(|error| Failure::Run(format!("cannot save the weights: {error}")))?;
        std::fs::rename(&unfinished, &path).map_err(|error| Failure::file("write", &path, &error))?;
        eprintln!("weights: {}", path.display());
        finish(&self.output, &comparison)
    }
}
