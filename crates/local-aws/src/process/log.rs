//! What programs say.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::task::JoinHandle;

/// The last lines of one or more programs, oldest first.
pub(crate) struct LineLog {
    capacity: usize,
    lines: Mutex<VecDeque<String>>,
}

impl LineLog {
    /// Keeps `capacity` lines.
    pub(crate) fn new(capacity: usize) -> Arc<LineLog> {
        Arc::new(LineLog {
            capacity,
            lines: Mutex::default(),
        })
    }

    /// Adds a line; the oldest makes room.
    pub(crate) fn push(&self, line: String) {
        let mut lines = self.lock();
        if lines.len() >= self.capacity {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// All lines that are kept.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().iter().cloned().collect()
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

    fn lock(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_newest_lines_are_kept() {
        let log = LineLog::new(2);
        log.clone().collect(&b"one\ntwo\r\nthr\xffee"[..]).await.unwrap();
        assert_eq!(log.lines(), ["two", "thr\u{fffd}ee"]);
    }
}
