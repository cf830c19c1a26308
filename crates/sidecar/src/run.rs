//! The course of the process, from its first instruction to its exit code.

use std::io::Write;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use protector_core::hold::state::ExitReason;
use protector_core::limits::sidecar::RUNTIME_RETRY_INTERVAL;
use protector_core::plural::counted;
use protector_core::variables::Problems;
use protector_runtime::exit;
use protector_runtime::log::fields;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::command::{self, Command, Misuse, Use};
use crate::hold::{self, Hold};
use crate::identity::{Place, ReexecArgs};
use crate::logging::{self, Level, Logger};
use crate::settings::{self, SidecarSettings};
use crate::signal::{self, Pending};
use crate::start::{self, Started};
use crate::{check, early_exit, messages, reexec};

/// The program. SIGTERM is blocked before anything else is done: what comes before would be lost, or would kill.
///
/// The process that waits does nothing else before its signal, not even look at its settings: what is not touched takes
/// no memory. The process before it, with the same environment, has found all of it good.
#[must_use]
pub fn main() -> ExitCode {
    let blocked = signal::block();
    let signalled = (blocked.is_ok() && command::is_wait()).then(signal::wait);
    continue_run(blocked.and(signalled.transpose().map(|_| ())))
}

/// What follows the waiter's signal, or comes instead of it. Not inlined: its frame is larger than a page of stack.
#[inline(never)]
fn continue_run(waited: nix::Result<()>) -> ExitCode {
    early_exit::process_started();
    std::panic::set_hook(Box::new(|panic| bug(&panic.to_string())));
    if let Err(error) = waited {
        bug(&format!("cannot block and await SIGTERM: {error}"));
    }
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|a| a.to_string_lossy().into_owned())
        .collect();
    match command::parse(&arguments) {
        Ok(Command::Run) => with_settings(run),
        Ok(Command::Wait(handed)) => take_over(&handed),
        Ok(Command::Check) => health(),
        Ok(Command::Help) => print(command::HELP),
        Ok(Command::Version) => print(&format!("{}\n", command::VERSION)),
        Err(misuse) => misused(&misuse),
    }
}

/// Says it and ends the process, whatever the panic strategy: before SIGTERM, when the exit is due.
fn bug(detail: &str) -> ! {
    let fields = json!({"reason": "bug", "code": exit::SOFTWARE, "error": logging::short(detail)});
    end_when_due(&fields);
    std::process::exit(exit::SOFTWARE.into());
}

/// The last line, when the exit is due.
fn end_when_due(fields: &serde_json::Value) {
    early_exit::wait_until_due(fields);
    logging::log_always(Level::Error, "exit", fields);
}

fn print(text: &str) -> ExitCode {
    // A closed pipe is the reader's choice.
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

/// A person who mistypes a command gets an answer at once; a container with wrong arguments is one that cannot work.
fn misused(misuse: &Misuse) -> ExitCode {
    eprintln!("ecs-daemon-protector: {}", misuse.hint);
    if misuse.of == Use::Container {
        end_when_due(
            &json!({"reason": "arguments", "code": exit::USAGE, "error": logging::short(&misuse.hint)}),
        );
    }
    ExitCode::from(exit::USAGE)
}

fn health() -> ExitCode {
    match check::passed() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("unhealthy: {reason}");
            ExitCode::FAILURE
        }
    }
}

fn with_settings(go_on: impl FnOnce(&SidecarSettings) -> ExitCode) -> ExitCode {
    match settings::from_environment() {
        Ok(settings) => go_on(&settings),
        Err(problems) => wrong_settings(&problems),
    }
}

/// Once for people, once for machines.
fn wrong_settings(Problems(problems): &Problems) -> ExitCode {
    eprintln!(
        "ecs-daemon-protector: {}",
        counted(problems.len(), "invalid setting")
    );
    for problem in problems {
        eprintln!("  {problem}");
    }
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    end_when_due(&json!({"reason": "settings", "code": exit::USAGE, "errors": texts}));
    ExitCode::from(exit::USAGE)
}

/// Self-check, then wait in a fresh process image.
fn run(settings: &SidecarSettings) -> ExitCode {
    let log = Logger(settings.log);
    let place = if settings.policy.disabled {
        log.log(Level::Warn, "ready", &json!({"disabled": true}));
        None
    } else {
        match checked(settings, log) {
            Started::Ready { place, released } => {
                start::log_ready(log, settings, &place, released);
                Some(place)
            }
            Started::Terminated(place) => return hold(settings, place),
        }
    };
    let handed = ReexecArgs { place };
    let error = reexec::execute(&handed);
    log.log(Level::Warn, "reexec-failed", &json!({"error": error}));
    match signal::wait() {
        Ok(_) => hold(settings, handed.place),
        Err(error) => bug(&format!("cannot await SIGTERM: {error}")),
    }
}

/// The runtime and all it has is gone when this comes back.
fn checked(settings: &SidecarSettings, log: Logger) -> Started {
    match (runtime(), Pending::new()) {
        (Ok(runtime), Ok(pending)) => runtime.block_on(start::until_ready(settings, log, &pending)),
        (runtime, pending) => {
            // What was opened of the two is closed here: the exit needs a descriptor too.
            let detail = format!("{:?} {:?}", runtime.err(), pending.err());
            bug(&detail);
        }
    }
}

/// The second half of a life, after the signal.
fn take_over(handed: &str) -> ExitCode {
    match serde_json::from_str::<ReexecArgs>(handed) {
        Ok(handed) => with_settings(|settings| hold(settings, handed.place)),
        Err(error) => bug(&format!("cannot read the re-exec arguments: {error}")),
    }
}

fn hold(settings: &SidecarSettings, place: Option<Place>) -> ExitCode {
    let since = Instant::now();
    while since.elapsed() < settings.policy.max_hold.unsigned_abs() {
        if let Ok(runtime) = runtime() {
            let hold = Hold::new(settings, Logger(settings.log), place, since);
            return ExitCode::from(runtime.block_on(hold.run()).code());
        }
        // No descriptor, no memory: that may pass. To leave for it would release (promise P2).
        std::thread::sleep(RUNTIME_RETRY_INTERVAL);
    }
    max_hold_without_runtime(since.elapsed());
    ExitCode::from(ExitReason::MaxHold.code())
}

/// The line of an exit without a release, of a hold that has read nothing.
fn max_hold_without_runtime(held: Duration) {
    let why = ExitReason::MaxHold;
    let held = SignedDuration::try_from(held).unwrap_or(SignedDuration::MAX);
    let mut line = fields(vec![
        ("reason", json!(why)),
        ("message", messages::exit(why, None, held).into()),
        ("heldSeconds", hold::seconds(held)),
        ("reads", 0.into()),
        ("code", why.code().into()),
    ]);
    line.extend(logging::unreleased_exit(json!(why), Timestamp::now()));
    logging::log_always(Level::Warn, "exit", &line.into());
}

fn runtime() -> std::io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}
