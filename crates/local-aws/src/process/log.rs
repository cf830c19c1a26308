//! The output of programs.

use jiff::Timestamp;
use std::collections::VecDeque;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinHandle;

/// The last lines of one or more programs, oldest first.
pub(crate) struct LineLog {
    capacity: usize,
    lines: Mutex<Lines>,
    copy: Mutex<Option<Copy>>,
}

#[derive(Default)]
struct Lines {
    kept: VecDeque<LogEntry>,
    count: u64,
}

/// A line, and when it came.
#[derive(Clone, Debug)]
pub(crate) struct LogEntry {
    /// Its number, from 0; those before it may be gone.
    pub(crate) number: u64,
    /// When it came.
    pub(crate) at: Timestamp,
    pub(crate) line: String,
}

/// A further destination of lines.
type Copy = Box<dyn Write + Send>;

impl LineLog {
    /// Keeps `capacity` lines.
    pub(crate) fn new(capacity: usize) -> Arc<LineLog> {
        Arc::new(LineLog {
            capacity,
            lines: Mutex::default(),
            copy: Mutex::default(),
        })
    }

    /// Writes each line to `copy` too, from now on, until that fails.
    pub(crate) fn copy_to(&self, copy: Copy) {
        *self.copy.lock().unwrap_or_else(PoisonError::into_inner) = Some(copy);
    }

    /// Adds a line; the oldest makes room.
    pub(crate) fn push(&self, line: String) {
        let mut copy = self.copy.lock().unwrap_or_else(PoisonError::into_inner);
        let written = copy
            .as_mut()
            .map(|copy| writeln!(copy, "{line}").and_then(|()| copy.flush()));
        if written.is_some_and(|written| written.is_err()) {
            *copy = None;
        }
        drop(copy);
        let mut lines = self.lock();
        if lines.kept.len() >= self.capacity {
            lines.kept.pop_front();
        }
        let (number, at) = (lines.count, Timestamp::now());
        lines.count += 1;
        lines.kept.push_back(LogEntry { number, at, line });
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().kept.iter().map(|entry| entry.line.clone()).collect()
    }

    /// All lines that are kept, with their moments.
    pub(crate) fn entries(&self) -> Vec<LogEntry> {
        self.lock().kept.iter().cloned().collect()
    }

    /// Adds what comes out of `pipe` until it ends. What is not UTF-8 is replaced.
    pub(crate) fn collect(self: Arc<Self>, pipe: impl AsyncRead + Unpin + Send + 'static) -> JoinHandle<()> {
        tokio::spawn(async move {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).await.is_ok_and(|read| read > 0) {
                self.push(
                    String::from_utf8_lossy(&line)
                        .trim_end_matches(['\n', '\r'])
                        .to_owned(),
                );
                line.clear();
            }
        })
    }

    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many writes, and fails then.
    struct Full(Arc<Mutex<Vec<u8>>>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.1 = self.1.checked_sub(1).ok_or(std::io::ErrorKind::StorageFull)?;
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_copied_as_they_come_and_a_full_disk_stops_only_the_copy() {
        let log = LineLog::new(9);
        log.push("before".to_owned());
        let written = Arc::<Mutex<Vec<u8>>>::default();
        log.copy_to(Box::new(Full(written.clone(), 4)));
        for line in ["one", "two", "three", "four"] {
            log.push(line.to_owned());
        }
        let text = String::from_utf8(written.lock().unwrap().clone()).unwrap();
        assert!(text.starts_with("one\n"), "{text}");
        assert!(!text.contains("before") && !text.contains("four"), "{text}");
        assert_eq!(log.lines(), ["before", "one", "two", "three", "four"]);
    }

    #[tokio::test]
    async fn the_newest_lines_are_kept() {
        let log = LineLog::new(2);
        log.clone().collect(&b"one\ntwo\r\nthr\xffee"[..]).await.unwrap();
        assert_eq!(log.lines(), ["two", "thr\u{fffd}ee"]);
    }
}
