//! The memory budget, and the error if it is too small.

use std::fs;

use crate::error::DirectionError;
use crate::linearize::Linearization;

/// The free memory assumed where the system does not report it.
const UNKNOWN: usize = 2 << 30;

/// The default budget in bytes: half of the memory that is free on the machine, in the control group of the process,
/// and within the limits of the process (`ulimit -v` and `-d`), whichever is least; 2 GiB where the system does not
/// report it.
pub(crate) fn default_memory() -> usize {
    let machine = fs::read_to_string("/proc/meminfo").ok().and_then(|text| available(&text));
    let number = |path: &str| fs::read_to_string(path).ok()?.trim().parse::<usize>().ok();
    let group = number("/sys/fs/cgroup/memory.max")
        .zip(number("/sys/fs/cgroup/memory.current"))
        .map(|(most, used)| most.saturating_sub(used));
    let text = |path: &str| fs::read_to_string(path).ok();
    let limits = text("/proc/self/limits").zip(text("/proc/self/status"));
    let process = limits.and_then(|(limits, status)| within_limits(&limits, &status));
    [machine, group, process].into_iter().flatten().min().map_or(UNKNOWN, |free| free / 2)
}

/// The memory that the limits of a process leave to it, for its address space and its data.
fn within_limits(limits: &str, status: &str) -> Option<usize> {
    let left = |limit: &str, used: &str| {
        // The soft limit comes first; `unlimited` is no number.
        let limit = limits.lines().find_map(|line| line.strip_prefix(limit))?.split_whitespace().next()?;
        Some(limit.parse::<usize>().ok()?.saturating_sub(kibibytes(status, used)?))
    };
    [left("Max address space", "VmSize:"), left("Max data size", "VmData:")].into_iter().flatten().min()
}

/// `MemAvailable:   123456 kB`, in bytes.
fn available(text: &str) -> Option<usize> {
    kibibytes(text, "MemAvailable:")
}

/// The number of a line `name   123456 kB`, in bytes.
fn kibibytes(text: &str, name: &str) -> Option<usize> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<usize>().ok()?.checked_mul(1024)
}

/// The error for a matrix that would be too large, before it is allocated.
pub(crate) fn too_large(
    matrix: &'static str,
    rows: usize,
    examples: usize,
    needed: usize,
    budget: usize,
) -> DirectionError {
    let mib = |bytes: usize| bytes.div_ceil(1 << 20);
    // The Gram matrix grows with the square of the number of examples, the normal matrix with the number of parameters
    // only.
    let fitting = (examples as f64 * (budget as f64 / needed as f64).sqrt()) as usize;
    DirectionError::Memory {
        matrix,
        rows,
        needed_mib: mib(needed),
        budget_mib: mib(budget),
        fitting: (matrix == "Gram" && fitting > 0).then_some(fitting),
    }
}

/// The error for methods that need independent examples, if the network mixes them.
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
    fn limits_of_the_process_are_kept() {
        let status = "VmPeak:\t  9999 kB\nVmSize:\t    1024 kB\nVmData:\t     512 kB\n";
        let limits = |address: &str, data: &str| {
            format!(
                "Limit   Soft Limit  Hard Limit  Units\nMax data size   {data}  unlimited  bytes\nMax address space  {address}  9  bytes\n"
            )
        };
        assert_eq!(within_limits(&limits("unlimited", "unlimited"), status), None);
        assert_eq!(within_limits(&limits("3145728", "unlimited"), status), Some(2 << 20));
        assert_eq!(within_limits(&limits("3145728", "1572864"), status), Some(1 << 20));
        // Nothing is left, rather than much.
        assert_eq!(within_limits(&limits("1000", "unlimited"), status), Some(0));
    }

    #[test]
    fn the_default_is_some_of_the_machines_memory() {
        assert!(default_memory() > 16 << 20);
    }
}
