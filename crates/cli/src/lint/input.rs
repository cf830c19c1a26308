//! Files and standard input.

use super::source::{Unreadable, decode};
use std::fs;
use std::io::{self, Read};
use std::path::Path;

/// The name of standard input on the command line.
pub(crate) const STDIN: &str = "-";

/// A task definition is at most 64 KiB (ECS quotas). A file that is far larger is something else.
const BYTES_MAX: u64 = 16 * 1024 * 1024;

/// A text that was read, or why not.
pub(crate) struct Input {
    /// The file's name as it is shown.
    pub(crate) name: String,
    /// The text without its byte order mark.
    pub(crate) text: Result<String, Unreadable>,
    /// Whether a byte order mark was before it.
    pub(crate) marked: bool,
}

impl Input {
    /// Reads a file, or standard input for `-`.
    pub(crate) fn read(path: &Path) -> Input {
        let is_stdin = path.as_os_str() == STDIN;
        let name = if is_stdin {
            "stdin".to_owned()
        } else {
            path.display().to_string()
        };
        let bytes = if is_stdin {
            bounded(io::stdin().lock())
        } else {
            fs::File::open(path).and_then(bounded)
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                return Input {
                    name,
                    text: Err(unreadable(&error)),
                    marked: false,
                };
            }
        };
        let decoded = decode(&bytes).map(|(text, marked)| (text.to_owned(), marked));
        let marked = matches!(&decoded, Ok((_, true)));
        Input {
            name,
            text: decoded.map(|(text, _)| text),
            marked,
        }
    }
}

fn bounded(source: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other("larger than 16 MiB: expected a task definition"));
    }
    Ok(bytes)
}

fn unreadable(error: &io::Error) -> Unreadable {
    Unreadable::whole(format!("cannot be read: {error}"))
}
