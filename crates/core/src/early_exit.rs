//! A sidecar that cannot do its work (exit codes 64 and 70) waits until its end does not leave its daemon unprotected.
//!
//! The ECS agent restarts a container only if it has run for `restartAttemptPeriod` since its last start, and 60 s is
//! the least that ECS accepts. A container that ends sooner stays stopped, and its daemon unprotected, for the rest of
//! the task's life. So an exit is put off until the agent will restart the container. No person waits at a terminal.

use crate::limits::sidecar::{EXIT_DELAYED_LOG_INTERVAL, EXIT_NO_SOONER_THAN};
use jiff::SignedDuration;

/// Where the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    /// As a container of an ECS task, which the agent restarts.
    EcsTask,
    /// It runs outside of an ECS task.
    Elsewhere,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// It ends now.
    Exit,
    /// Log that the process ends in `exit_in`, then ask again after `pause`, which is never longer.
    LogAndWait {
        /// Time until the exit.
        exit_in: SignedDuration,
        /// Time until the next line, or the exit.
        pause: SignedDuration,
    },
}

/// What a process does that has run for `uptime`, is of no use, and has had no SIGTERM.
#[must_use]
pub fn next(surroundings: Surroundings, uptime: SignedDuration) -> Next {
    let exit_in = EXIT_NO_SOONER_THAN.saturating_sub(uptime.max(SignedDuration::ZERO));
    if surroundings == Surroundings::Elsewhere || exit_in <= SignedDuration::ZERO {
        return Next::Exit;
    }
    Next::LogAndWait {
        exit_in,
        pause: exit_in.min(EXIT_DELAYED_LOG_INTERVAL),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn waits(exit_in: i64, pause: i64) -> Next {
        Next::LogAndWait {
            exit_in: SignedDuration::from_millis(exit_in),
            pause: SignedDuration::from_millis(pause),
        }
    }

    #[test]
    fn an_exit_is_put_off_until_the_agent_restarts_the_container() {
        for (uptime, expected) in [
            (-5_000, waits(61_000, 10_000)),
            (0, waits(61_000, 10_000)),
            (50, waits(60_950, 10_000)),
            (51_000, waits(10_000, 10_000)),
            (59_999, waits(1_001, 1_001)),
            (60_000, waits(1_000, 1_000)),
            (60_999, waits(1, 1)),
            (61_000, Next::Exit),
            (3_600_000, Next::Exit),
        ] {
            let uptime = SignedDuration::from_millis(uptime);
            assert_eq!(next(Surroundings::EcsTask, uptime), expected, "{uptime:#}");
            assert_eq!(next(Surroundings::Elsewhere, uptime), Next::Exit, "{uptime:#}");
        }
    }

    /// The loop of the program, on a clock that moves by the pauses alone.
    #[test]
    fn it_is_logged_at_once_and_every_ten_seconds_and_then_it_ends() {
        for start in [0, 70, 9_999, 45_123] {
            let mut uptime = SignedDuration::from_millis(start);
            let mut lines = vec![];
            while let Next::LogAndWait { exit_in, pause } = next(Surroundings::EcsTask, uptime) {
                assert!(pause <= EXIT_DELAYED_LOG_INTERVAL && pause > SignedDuration::ZERO);
                assert_eq!(uptime + exit_in, EXIT_NO_SOONER_THAN);
                lines.push(uptime);
                uptime += pause;
            }
            assert_eq!(
                lines[0].as_millis(),
                i128::from(start),
                "the first line comes at once"
            );
            assert_eq!(uptime, EXIT_NO_SOONER_THAN);
            assert_eq!(lines.len() as i64, (61_000 - start + 9_999) / 10_000);
        }
    }
}
