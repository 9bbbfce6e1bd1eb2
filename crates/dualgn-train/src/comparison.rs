//! What is known of a comparison before any run.

use burn::module::Module;
use burn::tensor::{DType, Device};
use dualgn_io::Failure;
use dualgn_networks::Preset;

use crate::problem::Study;
use crate::record::Comparison;
use crate::session::Session;
use crate::specification::Specification;
use crate::supervised::SupervisedLearning;

impl Specification<'_> {
    /// Describes the session that was made on a device, for the runs that are to come; the command is left to the caller.
    ///
    /// # Errors
    /// The file of the network cannot be read.
    pub fn comparison(&self, session: &Session<SupervisedLearning>, device: &Device) -> Result<Comparison, Failure> {
        let Study { name, words, task, dataset, .. } = self.study;
        let (loss, objective) = (self.loss.name(), &session.subject.objective);
        let network = self.description()?;
        let layers = network.words(dataset.train.features(), dataset.outputs);
        let between = match &network.preset {
            Some(Preset::Mlp { activation, .. }) => format!(" with {}", activation.name()),
            _ => String::new(),
        };
        Ok(Comparison {
            problem: name.clone(),
            loss: loss.into(),
            description: format!(
                "A network of {layers}{between} and the loss {loss} on {words}.{}{}",
                objective.rule.remark(objective.scale),
                if session.patience {
                    ""
                } else {
                    " All methods start from the same weights and see the same batches."
                },
            ),
            network: layers,
            citation: dataset.citation.clone(),
            metric: task.metric(),
            parameters: session.model.num_params(),
            examples: (dataset.train.len(), dataset.test.len()),
            batch: session.batch,
            seed: self.settings.seed,
            gap: self.settings.prox_linear.gap,
            target: None,
            command: String::new(),
            environment: environment(device, DType::F32),
            runs: vec![],
            coefficients: vec![],
            equations: vec![],
            pictures: vec![],
            fitted: None,
        })
    }
}

/// Returns the program's version, the system, its cores, the device and the precision in words.
pub fn environment(device: &Device, dtype: DType) -> String {
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!(
        "dualgn {} ({} build), {} {}, {cores} cores, {}, {:?}",
        env!("CARGO_PKG_VERSION"),
        if cfg!(debug_assertions) { "debug" } else { "release" },
        std::env::consts::OS,
        std::env::consts::ARCH,
        format!("{device:?}").trim_start_matches("Device<").trim_end_matches('>'),
        dtype,
    )
}
