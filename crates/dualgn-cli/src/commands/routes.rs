//! What directions cost by each route, as text.

use dualgn_io::number::{grouped, memory};
use dualgn_train::routes::{Costs, RouteCost};

use super::columns::{cells, columns};

/// A table with a line for each route, and what a gradient takes.
pub(super) fn table(costs: &Costs) -> String {
    let ms = |seconds: f64| format!("{:.3} ms", seconds * 1e3);
    let mut lines = vec![cells(["ROUTE", "ESTIMATE", "MEASURED", "IN GRADIENTS", "MEMORY", ""])];
    lines.extend(costs.routes.iter().map(|cost| {
        let RouteCost { estimate, seconds, .. } = cost;
        cells([
            estimate.route.name(),
            &ms(estimate.seconds),
            &seconds.map_or("-".into(), ms),
            &seconds.map_or("-".into(), |seconds| format!("{:.1}", seconds / costs.gradient)),
            &memory(estimate.bytes as u64),
            &note(cost),
        ])
    }));
    let gradient = costs.gradient * 1e3;
    format!(
        "{}\nA gradient takes {gradient:.3} ms. Medians; the estimate is of Auto's solver on each route.\n",
        columns(&lines)
    )
}

fn note(RouteCost { estimate, seconds, is_chosen }: &RouteCost) -> String {
    match (&estimate.refusal, seconds) {
        (Some(refusal), _) => refusal.to_string(),
        (None, None) => "not run: it would take too long".into(),
        (None, Some(_)) if *is_chosen => "<- Auto".into(),
        (None, Some(_)) if !estimate.is_accurate => "stops short of Auto's accuracy".into(),
        (None, Some(_)) => String::new(),
    }
}

/// Outputs of an example, examples, parameters.
pub(super) fn size(costs: &Costs) -> String {
    let Costs { outputs, examples, parameters, .. } = costs;
    format!("{outputs} outputs an example, batches of {examples}, {} parameters", grouped(*parameters))
}
