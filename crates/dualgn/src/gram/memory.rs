//! How much memory may be used, and what to say when that is too little.

use std::fs;

use crate::error::DirectionError;
use crate::linearize::Linearization;

/// What is assumed where the system does not tell.
const UNKNOWN: usize = 2 << 30;

/// The default budget in bytes: half of what is free, of the machine's memory and of the process's control group; 2 GiB where
/// the system does not tell.
pub(crate) fn default_memory() -> usize {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<usize>().ok();
    let group = number("/sys/fs/cgroup/memory.max")
        .zip(number("/sys/fs/cgroup/memory.current"))
        .map(|(most, used)| most.saturating_sub(used));
    [machine, group].into_iter().flatten().min().map_or(UNKNOWN, |free| free / 2)
}

/// `MemAvailable:   123456 kB`, in bytes.
fn available(text: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}

/// The refusal of a matrix before it is allocated.
pub(crate) fn too_large(
    matrix: &'static str,
    rows: usize,
    examples: usize,
    needed: usize,
    budget: usize,
) -> DirectionError {
    let mib = |bytes: usize| bytes.div_ceil(1 << 20);
    // The Gram matrix grows with the square of the examples, the normal matrix with the parameters alone.
    let fitting = (examples as f64 * (budget as f64 / needed as f64).sqrt()) as usize;
    DirectionError::Memory {
        matrix,
        rows,
        needed_mib: mib(needed),
        budget_mib: mib(budget),
        fitting: (matrix == "Gram" && fitting > 0).then_some(fitting),
    }
}

/// The error of whatever needs examples apart, if the network mixes them.
pub(crate) fn mixing(linearization: &Linearization) -> Option<DirectionError> {
    let (graph, node) =
        linearization.pieces().into_iter().find_map(|piece| Some((piece.graph, piece.graph.mixing?)))?;
    Some(DirectionError::MixesExamples { operation: graph.nodes[node].recorded.name.into(), place: graph.place(node) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_is_available() {
        assert_eq!(available("MemTotal:  9 kB\nMemAvailable:    2048 kB\n"), Some(2 << 20));
        assert_eq!(available("MemTotal:  9 kB\n"), None);
    }

    #[test]
    fn the_default_is_some_of_the_machines_memory() {
        assert!(default_memory() > 16 << 20);
    }
}
