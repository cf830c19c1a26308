//! `check`: whether a sidecar of this task has passed its self-check, for the container's health check. It calls no
//! other program or service.
//!
//! A sidecar that has passed runs as `ecs-daemon-protector wait …`. It is found in /proc by its executable, and
//! distinguished from those of other tasks on a shared /proc by the address of its task metadata.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::reexec::WAIT;

const METADATA: &[u8] = b"ECS_CONTAINER_METADATA_URI_V4=";

/// Checks that such a sidecar runs.
pub(crate) fn passed() -> Result<(), String> {
    let own = Process::read(Path::new("/proc/self")).ok_or("cannot read /proc/self")?;
    let entries = fs::read_dir("/proc").map_err(|e| format!("cannot read /proc: {e}"))?;
    let pids = entries.flatten().filter(|entry| {
        entry
            .file_name()
            .as_encoded_bytes()
            .iter()
            .all(u8::is_ascii_digit)
    });
    let mut twins = pids
        .filter_map(|entry| Process::read(&entry.path()))
        .filter(|p| p.is_twin_of(&own))
        .peekable();
    match (twins.peek().is_some(), twins.any(|p| p.waits)) {
        (_, true) => Ok(()),
        (true, false) => Err("the self-check has not passed; see the log of the sidecar".to_owned()),
        (false, false) => Err("no sidecar of this task runs here".to_owned()),
    }
}

/// What is compared of a process.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    executable: (u64, u64),
    metadata: Option<Vec<u8>>,
    waits: bool,
    checks: bool,
}

impl Process {
    /// Nothing if it has ended, or belongs to another user.
    fn read(proc: &Path) -> Option<Self> {
        let executable = fs::metadata(proc.join("exe")).ok()?;
        let environment = fs::read(proc.join("environ")).ok()?;
        let arguments = fs::read(proc.join("cmdline")).ok()?;
        let first = arguments.split(|b| *b == 0).nth(1);
        Some(Self {
            executable: (executable.dev(), executable.ino()),
            metadata: environment
                .split(|b| *b == 0)
                .find_map(|v| v.strip_prefix(METADATA))
                .map(<[u8]>::to_vec),
            waits: first == Some(WAIT.as_bytes()),
            checks: first == Some(b"check"),
        })
    }

    fn is_twin_of(&self, own: &Self) -> bool {
        !self.checks && self.executable == own.executable && self.metadata == own.metadata
    }
}
