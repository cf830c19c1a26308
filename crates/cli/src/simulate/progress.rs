//! How far a long run is, on standard error if that is a terminal.

use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

/// A run that is over sooner needs no meter.
const SHORT: Duration = Duration::from_secs(1);

/// Draws one line, again and again.
#[derive(Debug)]
pub(crate) struct Meter {
    total: usize,
    start: Instant,
    wanted: bool,
    drawn: bool,
}

impl Meter {
    /// Of so much.
    pub(crate) fn new(total: usize) -> Meter {
        Meter {
            total,
            start: Instant::now(),
            wanted: io::stderr().is_terminal(),
            drawn: false,
        }
    }

    /// Draws that `completed` jobs are done.
    pub(crate) fn draw(&mut self, completed: usize) {
        let elapsed = self.start.elapsed();
        if self.wanted && elapsed >= SHORT {
            self.drawn = true;
            let _ = write!(io::stderr(), "\r\x1b[K{}", text(completed, self.total, elapsed));
            let _ = io::stderr().flush();
        }
    }

    /// Removes the meter from the terminal.
    pub(crate) fn clear(&mut self) {
        if self.drawn {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// The virtual time of the last event is not known, so the estimate counts instances.
fn text(completed: usize, total: usize, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    let notified = format!("{completed} of {total} done, {seconds} s");
    if completed == 0 || completed >= total {
        return notified;
    }
    let left = elapsed.as_secs_f64() * (total - completed) as f64 / completed as f64;
    format!("{notified}, about {left:.0} s to go (Ctrl-C shows what is finished)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_counts_instances() {
        let at = Duration::from_secs(10);
        assert!(text(25, 100, at).starts_with("25 of 100 done, 10 s, about 30 s to go"));
        assert_eq!(text(0, 100, at), "0 of 100 done, 10 s");
        assert_eq!(text(120, 100, at), "120 of 100 done, 10 s");
    }
}
