//! The network of a file.

use dualgn_io::Failure;
use toml::Spanned;

use super::file::Network;
use super::names::Names;
use super::source::Source;
use crate::embedding::{Embedding, Periodic};
use crate::network::Architecture;

/// Units of the hidden layers, if the file does not say how many.
const HIDDEN: [usize; 2] = [32, 32];
/// Hidden layers and units of each at most.
const MOST: [usize; 2] = [64, 1 << 16];
/// Waves of a periodic coordinate at most.
const MODES: i64 = 1000;

/// Returns the architecture of a network for the names of a file.
pub(super) fn architecture(network: &Network, names: &Names, source: &Source<'_>) -> Result<Architecture, Failure> {
    let bounds = network.scale.then(|| [names.low.clone(), names.high.clone()]);
    Ok(Architecture {
        dims: names.low.len(),
        outputs: names.scope.unknowns().len(),
        embedding: Embedding { bounds, periodic: periodic(network, names, source)?, fourier: None },
        hidden: network.hidden.as_ref().map_or_else(|| Ok(HIDDEN.to_vec()), |hidden| widths(hidden, source))?,
        activation: network.activation,
        transform: None,
        coefficients: names.coefficients.iter().map(|(start, _)| *start).collect(),
    })
}

fn widths(hidden: &Spanned<Vec<Spanned<i64>>>, source: &Source<'_>) -> Result<Vec<usize>, Failure> {
    let layers = hidden.get_ref();
    if !(1..=MOST[0]).contains(&layers.len()) {
        let what = format!("a network of {} hidden layers", layers.len());
        return Err(source.wrong(hidden.span(), what).hint(format!("take from 1 to {}, as in `[32, 32]`", MOST[0])));
    }
    let width = |units: &Spanned<i64>| match usize::try_from(*units.get_ref()) {
        Ok(width) if (1..=MOST[1]).contains(&width) => Ok(width),
        _ => {
            let what = format!("a hidden layer of {units} units");
            Err(source.wrong(units.span(), what).hint(format!("take from 1 to {}", MOST[1])))
        }
    };
    layers.iter().map(width).collect()
}

fn periodic(network: &Network, names: &Names, source: &Source<'_>) -> Result<Vec<Periodic>, Failure> {
    let mut all: Vec<Periodic> = vec![];
    for (name, modes) in &network.periodic.0 {
        let coordinates = names.scope.coordinates();
        let Some(axis) = coordinates.iter().position(|coordinate| coordinate == name.get_ref()) else {
            let what = format!("`{}` in `periodic` is no coordinate", name.get_ref().escape_debug());
            return Err(source
                .wrong(name.span(), what)
                .hint(format!("the coordinates are {}", coordinates.join(", "))));
        };
        if all.iter().any(|periodic| periodic.axis == axis) {
            let what = format!("`{name}` stands twice in `periodic`");
            return Err(source.wrong(name.span(), what).hint("name each coordinate once"));
        }
        let count = modes.as_ref().map_or(1, |modes| *modes.get_ref());
        if !(1..=MODES).contains(&count) {
            let span = modes.as_ref().map_or_else(|| name.span(), Spanned::span);
            let what = format!("{count} modes of `{name}`");
            return Err(source.wrong(span, what).hint(format!("take from 1 to {MODES}")));
        }
        all.push(Periodic { axis, period: names.high[axis] - names.low[axis], modes: count as usize });
    }
    Ok(all)
}
