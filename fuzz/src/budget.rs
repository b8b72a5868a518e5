//! What a run may take: memory, as `docs/guarantees.md` promises, and time. A run that takes more is a finding.

use std::time::Duration;

use cpu_time::ThreadTime;

/// The most memory for an event, as a multiple of its bytes.
const FACTOR: usize = 6;

/// The memory on top of it: what records are decompressed to, and what scoring has in memory at once.
const EXTRA: usize = 64 << 20;

/// The most memory to read a part of a model: half of what a small function has.
pub const START: usize = 256 << 20;

/// The time for work that no clock ends.
pub const QUICK: Duration = Duration::from_secs(1);

/// The time that passes until work notices that its clock is over.
pub const GRACE: Duration = Duration::from_millis(500);

/// How much more time a build takes that is not optimised.
const SLOW: u32 = if cfg!(debug_assertions) { 5 } else { 1 };

/// The most memory for an event of this size.
pub fn promised(bytes: usize) -> usize {
    FACTOR * bytes + EXTRA
}

/// Runs something. Memory counts that this thread has at once, on top of what it had before.
///
/// # Panics
/// When it takes more than `most` bytes, or computes for longer than `time`. Other processes do not count.
pub fn within<R>(most: usize, time: Duration, run: impl FnOnce() -> R) -> R {
    let time = time * SLOW;
    let start = ThreadTime::now();
    let mut result = None;
    let memory = allocation_counter::measure(|| result = Some(run())).bytes_max;
    let took = start.elapsed();
    assert!(memory <= most as u64, "{memory} bytes of memory, expected at most {most}");
    assert!(took <= time, "{took:?}, expected at most {time:?}");
    result.expect("it has run")
}
