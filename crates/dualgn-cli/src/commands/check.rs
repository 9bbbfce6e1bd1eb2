//! `dualgn check`.

use std::path::Path;

use burn::tensor::Device;
use dualgn::Network;
use dualgn::inspect::{Derivative, Examples, TracedOperation};
use dualgn_io::number::grouped;
use dualgn_io::{Failure, memory};
use dualgn_networks::{Activation, Description, Net, NetworkChoice};
#[cfg(feature = "tables")]
use dualgn_tables::model::Predictor;
use dualgn_train::problem::{ProblemName, Task};
use dualgn_train::routes::RandomBatch;
use dualgn_train::{check_batch, network_failure};

use super::columns::{cells, columns};
use super::routes::table;
use crate::arguments::{Check, Checked};

/// What a network consists of: each operation with its rule, whether examples mix, and what a direction costs by each route.
pub(super) fn check(arguments: &Check) -> Result<String, Failure> {
    let device = arguments.device.open()?;
    let batch = arguments.batch.map_or(32, |batch| batch as usize);
    let (name, (model, words), features, task) = match &arguments.subject {
        Checked::Problem(problem) => {
            let of_problem = of_problem(*problem, arguments.network.as_ref(), &device)?;
            (problem.name().to_owned(), of_problem, problem.shape().0, problem.task())
        }
        _ if arguments.network.is_some() => {
            return Err(Failure::input("`--network` is for a problem; leave it out".into()));
        }
        Checked::Network(path) => of_file(path, &device)?,
        #[cfg(feature = "tables")]
        Checked::Model(path) => {
            let mut predictor = Predictor::load(path, &device)?;
            let (features, outputs) = (predictor.card.encoder.width(), predictor.card.target.outputs());
            let words = predictor.card.network.words(features, outputs);
            (path.display().to_string(), (predictor.nets.remove(0), words), features, predictor.card.task)
        }
    };
    let batch = [batch, features];
    check_batch(&model, batch[0], memory::budget(), |fitting| format!("`--batch {fitting}` takes fewer"))?;
    let network = Network::trace(&model, Net::forward, batch)?;

    let mut lines = vec![cells(["#", "OPERATION", "RULE", "OUTPUT", "DERIVATIVE", "EXAMPLES", "GRAM MATRIX", "PLACE"])];
    lines.extend(network.operations().iter().enumerate().map(|(index, operation)| line(index + 1, operation)));
    let verdict = match network.mixes_examples() {
        None => "Examples do not mix: the Gram matrix can be assembled, site by site.".into(),
        Some(place) => format!("Examples mix, first at {place}: directions come from conjugate gradient."),
    };
    let random = RandomBatch { task, batch, memory: arguments.memory.map(|mib| (mib as usize) << 20), device };
    let routes = match random.costs(&network, &model) {
        Ok(costs) => table(&costs),
        // The operations are worth reading all the same.
        Err(failure) => format!("not timed: {failure}\n"),
    };
    Ok(format!(
        "{name}: {words}, {} parameters, {} outputs an example, batches of {}\n\n{}\n{verdict}\n\nA direction of a batch:\n\n{routes}",
        grouped(network.parameter_count()),
        network.outputs_per_example(),
        batch[0],
        columns(&lines),
    ))
}

/// The usual network of a problem, or another one, and what it is in words.
pub(super) fn of_problem(
    problem: ProblemName,
    choice: Option<&NetworkChoice>,
    device: &Device,
) -> Result<(Net, String), Failure> {
    let description = match choice {
        Some(choice) => choice.load()?,
        None => Description::mlp(problem.defaults().hidden, Activation::Relu),
    };
    let (features, outputs) = problem.shape();
    let net = Net::new(&description, &[features], &[], outputs, &device.clone().autodiff());
    let words = description.words(features, outputs);
    net.map(|net| (net, words)).map_err(|error| network_failure(choice, &error))
}

/// The network of a file, which says what it takes; for what, its outputs tell.
fn of_file(path: &Path, device: &Device) -> Result<(String, (Net, String), usize, Task), Failure> {
    let choice = NetworkChoice::File(path.to_owned());
    let description = choice.load()?;
    let Some(input) = &description.input else {
        return Err(Failure::input(format!(
            "{}: should say the shape of an example, such as `input = [10]` or `input = [1, 28, 28]`; without data there is no other way to \
             know",
            path.display()
        )));
    };
    let outputs = description.outputs.unwrap_or(1);
    let net = Net::new(&description, input, &[], outputs, &device.clone().autodiff());
    let net = net.map_err(|error| network_failure(Some(&choice), &error))?;
    let features = input.iter().product();
    let task = if outputs == 1 { Task::Number } else { Task::Classes };
    Ok((path.display().to_string(), (net, description.words(features, outputs)), features, task))
}

fn line(index: usize, operation: &TracedOperation) -> Vec<String> {
    let examples = match operation.examples {
        Examples::Shared => "shared",
        Examples::Apart => "apart",
        Examples::Mixed => "MIXED",
    };
    let derivative = match operation.derivative {
        Derivative::Passes => "yes",
        Derivative::Ends => "zero from here",
        Derivative::Absent => "-",
    };
    let shape: Vec<String> = operation.shape.iter().map(ToString::to_string).collect();
    let gram = operation.gram.unwrap_or("-");
    cells([
        &index.to_string(),
        operation.recorded.name,
        operation.rule,
        &shape.join("×"),
        derivative,
        examples,
        gram,
        &operation.place,
    ])
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "files of tests need not survive a kill")]
mod tests {
    use super::*;
    use crate::device::DeviceName;

    #[test]
    fn networks_of_tokens_are_timed() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let text = "input = [6]\noutputs = 3\npreset = { name = \"transformer-tiny\", vocabulary = 5, width = 8, heads = 2, blocks = 1 }\n";
        std::fs::write(file.path(), text).unwrap();
        let arguments = Check {
            subject: Checked::Network(file.path().to_owned()),
            network: None,
            batch: Some(4),
            memory: Some(64),
            device: DeviceName::default(),
        };
        let text = check(&arguments).unwrap();
        assert!(text.contains("A gradient takes"), "{text}");
    }

    #[test]
    fn each_layer_of_the_network_is_a_site_of_the_gram_matrix() {
        let arguments = Check {
            subject: Checked::Problem(ProblemName::Digits),
            network: None,
            batch: Some(7),
            memory: Some(64),
            device: DeviceName::default(),
        };
        let text = check(&arguments).unwrap();
        assert!(
            text.starts_with("digits: layers 64-64-64-10, 8,970 parameters, 10 outputs an example, batches of 7"),
            "{text}"
        );
        assert_eq!(text.matches("dense, with its bias").count(), 3, "{text}");
        assert_eq!(text.matches("Relu").count(), 2);
        assert!(text.contains("can be assembled, site by site.\n"));
        for route in dualgn::Route::ALL {
            assert!(text.contains(route.name()), "{text}");
        }
    }
}
