//! The terminal: taken for the screen, and given back as it was, however the program ends.

use super::layout::Size;
use super::model::Model;
use super::view::view;
use crossterm::clipboard::CopyToClipboard;
use crossterm::cursor::{Hide, Show};
use crossterm::execute;
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::{Pid, getpid, getsid};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::env;
use std::io::{self, IsTerminal, Stdout};
use std::panic;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the terminal is taken.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The hook of a panic is installed once.
static HOOK: Once = Once::new();

/// Returns whether there is a terminal that can show the screen, and keys to read.
pub(super) fn is_usable() -> bool {
    let is_dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    io::stdout().is_terminal() && io::stdin().is_terminal() && !is_dumb
}

/// The terminal, taken until this is dropped.
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
}

impl Screen {
    /// Takes the terminal: the alternate buffer, keys one by one and not shown. A panic gives it back first. If it
    /// cannot be taken, it is as it was.
    pub(super) fn enter() -> io::Result<Screen> {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                restore();
                before(info);
            }));
        });
        take().inspect_err(|_| restore())?;
        let terminal = Terminal::new(CrosstermBackend::new(io::stdout()));
        Ok(Screen {
            terminal: terminal.inspect_err(|_| restore())?,
        })
    }

    pub(super) fn size(&self) -> io::Result<Size> {
        let size = self.terminal.size()?;
        Ok(Size {
            width: size.width,
            height: size.height,
        })
    }

    /// Draws what has changed.
    pub(super) fn draw(&mut self, model: &Model) -> io::Result<()> {
        self.terminal.draw(|frame| view(model, frame)).map(|_| ())
    }

    /// Forgets what is shown, so that the next drawing draws all of it.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        execute!(io::stdout(), Clear(ClearType::All))?;
        // `Terminal::clear` would ask where the cursor is, and the answer would come among the keys.
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        Ok(())
    }

    /// Puts a text into the clipboard, if the terminal allows it (OSC 52).
    pub(super) fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))
    }

    /// Gives the terminal back, stops as Ctrl-Z does, and takes it again when the program goes on.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        restore();
        raise(Signal::SIGSTOP)?;
        take()?;
        self.clear()
    }

    /// Takes the terminal again: the program that was in front meanwhile may have changed it.
    pub(super) fn take_again(&mut self) -> io::Result<()> {
        restore();
        take()?;
        self.clear()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore();
    }
}

/// Sends the signal of Ctrl-Z to all programs in front, as the terminal does if keys are not read one by one. The leader
/// of a session has no shell that could let it go on, so nothing happens there.
pub(super) fn suspend_all() -> io::Result<()> {
    match getsid(None)? == getpid() {
        true => Ok(()),
        false => Ok(kill(Pid::from_raw(0), Signal::SIGTSTP)?),
    }
}

fn take() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    execute!(io::stdout(), EnterAlternateScreen, Hide)
}

/// Gives the terminal back, if it is taken. If it is gone, there is nothing to give back.
fn restore() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
    }
}

#[cfg(test)]
mod tests;
