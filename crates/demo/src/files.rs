//! The files of one run, and the lines in them. They are what the verdict is computed from.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the name of a file of sent lines starts with.
const SENT: &str = "sent-";

/// Ends of the names of the files that a run makes.
const OWN: [&str; 4] = ["log", "jsonl", "address", "new"];

#[derive(Clone, Debug)]
pub(crate) struct RunDirectory(PathBuf);

impl RunDirectory {
    /// The run in `dir`.
    pub(crate) fn new(dir: &Path) -> RunDirectory {
        RunDirectory(dir.to_owned())
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.0
    }

    /// Makes the directory, and removes the files of an earlier run from it; others are left alone.
    pub(crate) fn clear(&self) -> io::Result<()> {
        fs::create_dir_all(&self.0)?;
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            let end = path.extension().and_then(|end| end.to_str());
            if end.is_some_and(|end| OWN.contains(&end)) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    /// What the application `name` has logged.
    pub(crate) fn sent(&self, name: &str) -> PathBuf {
        self.0.join(format!("{SENT}{name}.log"))
    }

    /// What has reached the end of the router.
    pub(crate) fn arrived(&self) -> PathBuf {
        self.0.join("router.log")
    }

    /// Where the router listens, while it does.
    pub(crate) fn address(&self) -> PathBuf {
        self.0.join("router.address")
    }

    /// Keeps `lines` in the directory for a person who reads it later.
    pub(crate) fn keep(&self, name: &str, lines: &[String]) -> io::Result<()> {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::write(self.0.join(name), text)
    }

    /// Every line that was sent.
    pub(crate) fn all_sent(&self) -> io::Result<Vec<String>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(SENT) {
                all.extend(whole_lines(&fs::read_to_string(entry.path())?));
            }
        }
        Ok(all)
    }

    /// Every line that has arrived; none if the router has never started.
    pub(crate) fn all_arrived(&self) -> io::Result<Vec<String>> {
        match fs::read_to_string(self.arrived()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            text => Ok(whole_lines(&text?)),
        }
    }
}

/// One line of a log, with its end. Name and number make it unique.
pub(crate) fn line(name: &str, number: u64, message: &str) -> String {
    format!("{name} {number:06} {message}\n")
}

/// Which kind of task a line is from: `web` for `web-1a2b3c4d 000017 …`.
pub(crate) fn kind_of(line: &str) -> &str {
    let name = line.split(' ').next().unwrap_or(line);
    name.rsplit_once('-').map_or(name, |(kind, _)| kind)
}

/// The start of the last part of an ARN or address.
pub(crate) fn short_id(path: &str) -> String {
    path.rsplit('/')
        .next()
        .unwrap_or_default()
        .chars()
        .take(8)
        .collect()
}

/// The start of the id of the task this process runs in, by its metadata endpoint; its process id elsewhere.
pub(crate) fn container_id() -> String {
    let endpoint = std::env::var("ECS_CONTAINER_METADATA_URI_V4").unwrap_or_default();
    let id = short_id(&endpoint);
    if id.is_empty() {
        std::process::id().to_string()
    } else {
        id
    }
}

/// A process that is killed may leave half a line, which was never sent.
fn whole_lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'))
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_line_does_not_count() {
        assert_eq!(whole_lines("a 1\nb 2\nc"), ["a 1", "b 2"]);
        assert!(whole_lines("").is_empty());
    }

    #[test]
    fn a_line_tells_its_task() {
        let line = line("web-1a2b3c4d", 17, "request 17");
        assert_eq!(line, "web-1a2b3c4d 000017 request 17\n");
        assert_eq!(kind_of(&line), "web");
        assert_eq!(kind_of("odd"), "odd");
    }

    #[test]
    fn only_own_files_are_cleared() {
        let dir = tempfile::tempdir().unwrap();
        let run = RunDirectory::new(&dir.path().join("with"));
        run.clear().unwrap();
        fs::write(run.sent("web-1"), "web-1 000001 x\nhalf").unwrap();
        fs::write(run.dir().join("notes.txt"), "mine").unwrap();
        assert_eq!(run.all_sent().unwrap(), ["web-1 000001 x"]);
        run.clear().unwrap();
        assert!(run.all_sent().unwrap().is_empty());
        assert!(run.dir().join("notes.txt").exists());
        assert!(run.all_arrived().unwrap().is_empty());
    }
}
