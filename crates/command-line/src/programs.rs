//! Where the other programs of the project are.

use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// A program that the demo runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// The coordinator.
    Coordinator,
    /// The sidecar.
    Sidecar,
}

impl Program {
    fn file(self) -> &'static str {
        match self {
            Program::Coordinator => "bootstrap",
            Program::Sidecar => "ecs-daemon-protector",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Program::Coordinator => "protector-coordinator",
            Program::Sidecar => "protector-sidecar",
        }
    }
}

/// A program is not where it should be.
#[derive(Debug, Error)]
pub enum Missing {
    /// Not built yet.
    #[error("{} is not there; build it: cargo build -p {package}", path.display())]
    Program {
        /// Where it was looked for.
        path: PathBuf,
        /// The package that builds it.
        package: &'static str,
    },
    /// This program does not know its own place.
    #[error("cannot tell where this program is: {0}")]
    Own(#[from] io::Error),
}

/// Finds `program`: at `given` if the operator gives a path, else beside this program.
///
/// # Errors
/// It is not there.
pub fn find(program: Program, given: Option<&Path>) -> Result<PathBuf, Missing> {
    let path = match given {
        Some(path) => std::path::absolute(path)?,
        None => own()?.with_file_name(program.file()),
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(Missing::Program {
            path,
            package: program.package(),
        })
    }
}

/// This program itself.
///
/// # Errors
/// The system does not say.
pub fn own() -> Result<PathBuf, Missing> {
    Ok(std::env::current_exe()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_names_its_build() {
        let error = find(Program::Sidecar, Some(Path::new("/nowhere/sidecar"))).unwrap_err();
        let expected = "/nowhere/sidecar is not there; build it: cargo build -p protector-sidecar";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn a_given_program_is_taken() {
        let own = own().unwrap();
        assert_eq!(find(Program::Coordinator, Some(&own)).unwrap(), own);
    }
}
