//! The signals that concern a screen.

use nix::sys::signal::Signal as Number;
use std::io;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a signal wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// The program is to end, by the signal of this number.
    End(u8),
    Stop,
    /// It goes on after a stop.
    GoOn,
}

/// SIGINT, SIGTERM, SIGHUP, SIGTSTP and SIGCONT, from now on.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
    stop: Signal,
    go_on: Signal,
}

impl Signals {
    /// Begins to listen; none of them acts by itself any more.
    pub(super) fn listen() -> io::Result<Signals> {
        let of = |number: Number| signal(SignalKind::from_raw(number as i32));
        Ok(Signals {
            interrupt: of(Number::SIGINT)?,
            terminate: of(Number::SIGTERM)?,
            hangup: of(Number::SIGHUP)?,
            stop: of(Number::SIGTSTP)?,
            go_on: of(Number::SIGCONT)?,
        })
    }

    pub(super) async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.interrupt.recv() => Wish::End(INTERRUPT),
            _ = self.terminate.recv() => Wish::End(Number::SIGTERM as u8),
            _ = self.hangup.recv() => Wish::End(HANGUP),
            _ = self.stop.recv() => Wish::Stop,
            _ = self.go_on.recv() => Wish::GoOn,
        }
    }
}

pub(super) const INTERRUPT: u8 = Number::SIGINT as u8;

pub(super) const HANGUP: u8 = Number::SIGHUP as u8;
