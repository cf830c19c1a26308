//! Executes the program again, so that nothing of the self-check stays in memory while it waits.
//!
//! Not by the standard library: its `exec` resets the signal mask, and a SIGTERM that is pending would then kill.

use std::convert::Infallible;
use std::ffi::{CString, NulError, OsString};
use std::os::unix::ffi::OsStringExt;

use nix::unistd::execve;

use crate::identity::ReexecArgs;

/// The first argument of the process that waits. `check` looks for it.
pub(crate) const WAIT: &str = "wait";

const PROGRAM: &str = "ecs-daemon-protector";

/// Comes back only if it fails, with the reason.
pub(crate) fn execute(handed: &ReexecArgs) -> String {
    match try_execute(handed) {
        Ok(never) => match never {},
        Err(error) => error.to_string(),
    }
}

fn try_execute(handed: &ReexecArgs) -> Result<Infallible, Box<dyn std::error::Error>> {
    let json = serde_json::to_string(handed)?;
    let arguments = [PROGRAM, WAIT, &json]
        .map(CString::new)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()?;
    Ok(execve(c"/proc/self/exe", &arguments, &environment()?)?)
}

fn environment() -> Result<Vec<CString>, NulError> {
    std::env::vars_os()
        .map(|(name, value)| variable(name, value))
        .collect()
}

fn variable(name: OsString, value: OsString) -> Result<CString, NulError> {
    let mut bytes = name.into_vec();
    bytes.push(b'=');
    bytes.extend(value.into_vec());
    CString::new(bytes)
}
