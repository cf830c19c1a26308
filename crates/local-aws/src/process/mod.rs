//! Real processes: each in a group of its own, its output kept line by line, none left behind.

mod log;
mod registry;

pub(crate) use log::{LineLog, LogEntry};
pub(crate) use registry::Registry;

use nix::unistd::Pid;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

/// How long output may still come in after the process group is dead. Only a stray descendant that left
/// the group could hold its pipe open for longer.
const DRAIN_OUTPUT: Duration = Duration::from_secs(1);

/// A running process. Dropped, it is killed, its whole group with it.
pub(crate) struct Process {
    child: Child,
    pid: Pid,
    registry: Arc<Registry>,
    output: Vec<JoinHandle<()>>,
}

impl Process {
    /// Starts `command`.
    pub(crate) fn spawn(
        mut command: Command,
        registry: Arc<Registry>,
        log: &Arc<LineLog>,
    ) -> io::Result<Process> {
        command.process_group(0).kill_on_drop(true);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = registry.spawn(&mut command)?;
        let pid = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw);
        let pid = pid.ok_or_else(|| io::Error::other("the process has no id"))?;
        let mut output = Vec::new();
        output.extend(child.stdout.take().map(|pipe| log.clone().collect(pipe)));
        output.extend(child.stderr.take().map(|pipe| log.clone().collect(pipe)));
        Ok(Process {
            child,
            pid,
            registry,
            output,
        })
    }

    /// Its process id, which is also that of its group.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// Waits until it has exited. May be given up and called again.
    pub(crate) async fn exited(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        // Like the end of process 1 in a container: everything it started ends too.
        self.registry.forget(self.pid);
        status
    }

    /// Waits until the last line of output is in the log.
    pub(crate) async fn output_ended(&mut self) {
        for reader in self.output.drain(..) {
            let _ = tokio::time::timeout(DRAIN_OUTPUT, reader).await;
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.registry.forget(self.pid);
    }
}

/// The exit code as docker reports it: 128 + signal if a signal ended the process.
pub(crate) fn exit_code(status: ExitStatus) -> i32 {
    status
        .code()
        .unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}
