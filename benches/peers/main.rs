//! The workloads of the JAX peers' benchmark, one measure a call: `cargo bench -p dualgn --bench peers -- W1 dual_assembled`.
//!
//! Prints one JSON line like those of `bench_jax.py`, with allocations and page faults a call beside it. `compare.sh` calls
//! it and its peers in turns. Every measure ends with the numbers of the direction read back, or all of the gradient made;
//! the network is traced and the weights and batch are on the device beforehand. λ = 0.01 as in the peers.

#[path = "../allocator.rs"]
mod allocator;
mod measures;
mod networks;
mod physics;

use std::time::{Duration, Instant};

use allocator::Counting;
use measures::Subject;

#[global_allocator]
static ALLOCATOR: Counting<mimalloc::MiMalloc> = Counting(mimalloc::MiMalloc);

/// Calls before the timed ones.
const WARM_UP: usize = 2;
/// Calls timed at least.
const LEAST: usize = 7;

fn main() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let value = |name: &str, default: f64| {
        let at = arguments.iter().position(|argument| argument == name);
        let given = at.and_then(|at| arguments.get(at + 1));
        given.map_or(Ok(default), |text| text.parse().map_err(|_| format!("{name} wants a number, not `{text}`")))
    };
    let (most, budget) = (value("--repeats", 40.0)? as usize, value("--budget", 3.0)?);
    let measures = match arguments.as_slice() {
        [workload, method, ..] if !workload.starts_with("--") && !method.starts_with("--") => {
            vec![(workload.as_str(), method.as_str())]
        }
        _ => measures::all().collect(),
    };
    for (workload, method) in measures {
        println!("{}", measure(workload, method, most, budget)?);
    }
    Ok(())
}

fn measure(workload: &str, method: &str, most: usize, budget: f64) -> Result<String, String> {
    let mut subject = Subject::new(workload, method)?;
    let start = Instant::now();
    let norm = subject.run()?;
    let first = start.elapsed().as_secs_f64();
    let mut once = Duration::ZERO;
    for _ in 1..WARM_UP {
        let start = Instant::now();
        subject.run()?;
        once = start.elapsed();
    }
    let repeats = ((budget / once.as_secs_f64()) as usize).clamp(LEAST, most.max(LEAST));
    let (allocations, faults) = (allocator::count(), page_faults());
    let mut times = Vec::with_capacity(repeats);
    for _ in 0..repeats {
        let start = Instant::now();
        subject.run()?;
        times.push(start.elapsed().as_secs_f64());
    }
    let per_call = |now: u64, before: u64| (now - before) / repeats as u64;
    let (allocations, faults) = (per_call(allocator::count(), allocations), per_call(page_faults(), faults));
    times.sort_by(f64::total_cmp);
    Ok(format!(
        "{{\"tool\": \"dualgn {}\", \"workload\": \"{workload}\", \"method\": \"{method}\", \"median_s\": {:.6e}, \"min_s\": {:.6e}, \
         \"max_s\": {:.6e}, \"repeats\": {repeats}, \"first_call_s\": {first:.6e}, \"peak_rss_mib\": {:.1}, \"norm\": {norm:.6e}, \
         \"parameters\": {}, \"allocations\": {allocations}, \"page_faults\": {faults}}}",
        env!("CARGO_PKG_VERSION"),
        times[repeats / 2],
        times[0],
        times[repeats - 1],
        peak_mib(),
        subject.parameters(),
    ))
}

/// The highest resident memory of this process; zero where the system does not tell.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0 kB");
    line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0.0) / 1024.0
}

/// Pages that were faulted in without reading a disk; zero where the system does not tell.
fn page_faults() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets, which may hold anything, it is the eighth field.
    stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(7)?.parse().ok()).unwrap_or(0)
}
