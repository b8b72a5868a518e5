//! Child processes that cannot outlive this one.
//!
//! `Drop` covers returning, unwinding and a handled Ctrl-C. What it can't cover (SIGKILL, an abort, a signal nobody
//! handles, a value kept in a `static`) is covered by a watchdog: a shell that waits on a pipe whose only writer is
//! this process. When this process is gone, for whatever reason, the pipe closes and the watchdog kills the child's
//! process group. That needs neither `unsafe` nor anything that only Linux has.

use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// Kills the process group when the pipe closes without a farewell.
const WATCH: &str = r#"read -r farewell || kill -s KILL -- "-$1""#;

/// Guards one child that leads its own process group (spawn it with `process_group(0)`).
#[derive(Debug)]
pub struct Guard {
    group: Pid,
    watchdog: std::process::Child,
}

impl Guard {
    /// Starts to guard the process group led by the child `id`.
    ///
    /// # Errors
    /// When `id` is no process id or the watchdog does not start.
    pub fn new(id: u32) -> Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let group = i32::try_from(id)
            .ok()
            .and_then(Pid::from_raw)
            .with_context(|| format!("{id} is no process id"))?;
        let watchdog = std::process::Command::new("/bin/sh")
            .args(["-c", WATCH, "watchdog", &id.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal goes to the foreground group; the watchdog has to outlive it.
            .process_group(0)
            .spawn()
            .context("the watchdog did not start")?;
        Ok(Self { group, watchdog })
    }

    /// Kills the whole group now. The caller must not have waited for the child yet, or its id may be another's.
    pub fn kill(&self) {
        // The group may be gone already, which is what was wanted.
        let _ = kill_process_group(self.group, Signal::KILL);
    }
}

impl Drop for Guard {
    /// Dismisses the watchdog; it does not kill the child.
    fn drop(&mut self) {
        if let Some(mut pipe) = self.watchdog.stdin.take() {
            let _ = pipe.write_all(b"farewell\n");
        }
        let _ = self.watchdog.wait();
    }
}
