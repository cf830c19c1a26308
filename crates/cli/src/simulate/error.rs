//! Why there is no answer.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why a simulation did not come to its end.
#[derive(Debug, Error)]
pub(crate) enum SimulateError {
    /// A file cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// A line of the settings file is wrong.
    #[error("{}:{line}: {what}", path.display())]
    Setting {
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and how to write it.
        what: String,
    },
    /// The settings together are wrong: the words of the product.
    #[error("settings: {0}")]
    Settings(String),
    #[error("{}: {what}", path.display())]
    Scenario {
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Options that do not go together.
    #[error("{0}")]
    Usage(String),
    /// The output, or a thread.
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl SimulateError {
    /// A file cannot be read or written.
    pub(crate) fn file(path: &std::path::Path, source: io::Error) -> SimulateError {
        SimulateError::File {
            path: path.to_owned(),
            source,
        }
    }
}
