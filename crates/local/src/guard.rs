//! Guards child processes, so that they cannot outlive this one.
//!
//! `Drop` covers a return, an unwinding and a handled Ctrl-C. A watchdog covers the rest: SIGKILL, an abort,
//! an unhandled signal, a value in a `static`. The watchdog is a shell that waits on a pipe, and this process
//! is the pipe's only writer. When this process is gone, the pipe closes and the watchdog kills the child's
//! process group. It needs no `unsafe` code and nothing that only Linux has.

use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context as _, Result};
use rustix::process::{Pid, Signal, kill_process_group};

/// The watchdog's script. It kills the process group when the pipe closes without a farewell.
const WATCH: &str = r#"read -r farewell || kill -s KILL -- "-$1""#;

/// Guards one child that leads its process group. Spawn the child with `process_group(0)`.
#[derive(Debug)]
pub struct Guard {
    group: Pid,
    watchdog: std::process::Child,
}

impl Guard {
    /// Starts to guard the process group that the child `id` leads.
    ///
    /// # Errors
    /// When `id` is not a process id, or the watchdog does not start.
    pub fn new(id: u32) -> Result<Self> {
        use std::os::unix::process::CommandExt as _;
        let group = i32::try_from(id)
            .ok()
            .and_then(Pid::from_raw)
            .with_context(|| format!("{id} is not a process id"))?;
        let watchdog = std::process::Command::new("/bin/sh")
            .args(["-c", WATCH, "watchdog", &id.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C in a terminal goes to the foreground group, and the watchdog must outlive it.
            .process_group(0)
            .spawn()
            .context("cannot start the watchdog")?;
        Ok(Self { group, watchdog })
    }

    /// Kills the whole group now. Call it before waiting for the child: after that another process may get
    /// its id.
    pub fn kill(&self) {
        // An error means that the group is gone already, as wanted.
        let _ = kill_process_group(self.group, Signal::KILL);
    }
}

impl Drop for Guard {
    /// Dismisses the watchdog. It does not kill the child.
    fn drop(&mut self) {
        if let Some(mut pipe) = self.watchdog.stdin.take() {
            let _ = pipe.write_all(b"farewell\n");
        }
        let _ = self.watchdog.wait();
    }
}
