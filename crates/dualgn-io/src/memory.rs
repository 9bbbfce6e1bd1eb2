//! The highest resident memory of this process, where the system tells, and what may be taken.

use std::fs;

use dualgn::GaussNewton;
use dualgn::loss::Squared;

/// Bytes that may be taken for data or matrices unless the user says otherwise: half of what is free.
pub fn budget() -> u64 {
    GaussNewton::new(Squared).memory_budget() as u64
}

/// Bytes that may be taken, given the MiB that the user says, if any.
pub fn limit(mib: Option<u32>) -> u64 {
    mib.map_or_else(budget, |mib| u64::from(mib) << 20)
}

/// Starts a new measurement. Linux forgets the old peak on request; elsewhere this does nothing.
#[expect(clippy::disallowed_methods, reason = "a switch of the kernel, not a file")]
pub fn reset_peak() {
    // A sandbox may forbid it; the peak then is that of the process so far.
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// The peak since the last reset, in bytes; `None` where there is no such figure.
pub fn peak() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

/// `VmHWM:   123456 kB`.
fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_high_water_mark() {
        assert_eq!(parse("VmPeak:\t  9 kB\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n"), Some(2 << 20));
        assert_eq!(parse("VmRSS:\t 1 kB\n"), None);
    }
}
