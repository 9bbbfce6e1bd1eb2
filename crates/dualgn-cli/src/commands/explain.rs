//! `dualgn explain`: what the directions of a run are like, and what a prediction comes from.

use dualgn_io::number::significant;
use dualgn_io::{Failure, files};
use dualgn_networks::with_weights;
use dualgn_tables::model::Predictor;
use dualgn_train::explain::Explained;
use dualgn_train::record::Comparison;
use dualgn_train::run::network_folder;
use dualgn_train::{Checkpoint, Method, Session, Subject, WEIGHTS, checkpoints};

use super::columns::{cells, columns};
use super::configuration::{Configuration, Origins};
use super::plan::Plan;
use super::setup::{Work, on_session};
use super::train::checkpoint_of;
use crate::arguments::Explain;
use crate::terminal;

/// Explains a run, in the terminal and on a page beside its report.
pub(super) fn explain(arguments: &Explain) -> Result<(), Failure> {
    let run = &arguments.run;
    let configuration = Configuration::load(run)?;
    let (loss, method) = configuration.names(run)?;
    let mut options = configuration.options(run, [true, false])?;
    let method = method.with_directions(loss);
    // Of several networks the first.
    let first = run.join(network_folder(1));
    let member = if first.is_dir() { first } else { run.clone() };
    let checkpoint = match Checkpoint::load_best(&checkpoints(&member), &configuration.identity()?)? {
        Some(best) if configuration.table.is_some() => Some(best),
        _ => checkpoint_of(&member, &configuration)?,
    };
    let origins = Origins::load(&configuration, run)?;
    options.batch =
        u32::try_from(configuration.batch).ok().filter(|_| options.batch.is_some() || configuration.table.is_some());
    options.batch = options.batch.map(|batch| batch.min(arguments.examples));
    let plan = Plan::new("explain", origins.origin(), loss, &options);
    let folder = run.display().to_string();
    let mut explained = on_session(&plan, Explaining { method, checkpoint, folder })?;
    if let Origins::Table(prepared) = &origins
        && run.join(WEIGHTS).exists()
    {
        let predictor = Predictor::load(run, &arguments.device.open()?)?;
        explained.table = Some(prepared.explain(&predictor, arguments.row.map(|row| row as usize))?);
    }
    let page = run.join("explain.html");
    files::replace(&page, dualgn_report::explanation(&explained).as_bytes())?;
    terminal::print(text(&explained))?;
    terminal::say(format!("page: {}", page.display()));
    Ok(())
}

struct Explaining {
    method: Method,
    checkpoint: Option<Checkpoint>,
    folder: String,
}

impl Work for Explaining {
    type Result = Explained;

    fn on<S: Subject>(self, session: &mut Session<S>, _: Comparison) -> Result<Explained, Failure> {
        let (model, place) = match self.checkpoint {
            Some(Checkpoint { weights, step, .. }) => {
                (with_weights(session.model.clone(), weights)?, format!("its weights of step {step}"))
            }
            None => (session.model.clone(), "its first weights".into()),
        };
        Explained::of(session, self.method, &model, format!("{}, {place}", self.folder))
    }
}

/// The explanation in words.
fn text(explained: &Explained) -> String {
    let mut text = dualgn_report::explanation_in_words(explained).join("\n") + "\n\n";
    let percent = |share: f64| format!("{:.1} %", 100.0 * share);
    let mut lines = vec![cells(["LAYER", "OF THE GRADIENT", "OF THE DIRECTION"])];
    lines.extend(explained.layers.iter().map(|(name, g, d)| vec![name.clone(), percent(*g), percent(*d)]));
    text += &(columns(&lines) + "\n");
    let mut lines = vec![cells(["DAMPING", "EFFECTIVE DIMENSION", "NORM", "PREDICTED DECREASE", "COSINE"])];
    lines.extend(explained.path.iter().map(|at| {
        let dimension = at.dimension.map_or("-".into(), |dimension| format!("{dimension:.1}"));
        vec![
            significant(at.damping),
            dimension,
            significant(at.norm),
            significant(at.decrease),
            format!("{:.3}", at.cosine),
        ]
    }));
    text += &columns(&lines);
    if let Some(table) = &explained.table {
        let mut lines = vec![cells(["TRAINING ROW", "TARGET", "PULLS THE OUTPUT BY"])];
        lines.extend(
            table
                .influences
                .iter()
                .map(|(row, target, pull)| vec![row.to_string(), target.clone(), significant(*pull)]),
        );
        text += &format!("\n{}", columns(&lines));
    }
    text
}
