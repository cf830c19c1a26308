//! The lines of a script that say what happens, and when.

use jiff::SignedDuration;

use super::lexer::{SyntaxError, Tokens};
use super::setup::ScriptSetup;

/// Something that happens at a moment of the journal.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Since the journal's zero.
    pub(crate) at: SignedDuration,
    /// What the step does.
    pub(crate) what: StepKind,
    /// In the words of the script.
    pub(crate) words: String,
}

/// What may happen.
#[derive(Debug, Clone)]
pub(crate) enum StepKind {
    /// Auto Scaling takes the instance away.
    ScaleIn,
    /// EC2 says that it takes the instance back in two minutes.
    SpotNotice,
    /// An actor sets the container instance's status.
    Set(&'static str),
    /// The ECS agent loses its connection, or finds it again.
    Agent(bool),
    Order {
        command: &'static str,
        by: Option<SignedDuration>,
        who: String,
        why: String,
    },
    /// The kill switch's parameter gets this text, or is deleted.
    Control(Option<String>),
    /// A service gets a new deployment.
    Deploy(String),
    /// Task scale-in protection of a service's tasks.
    Protect { service: String, minutes: u64 },
    /// So many of the next events for the coordinator are lost.
    Lose(u32),
    /// Another actor completes a hook.
    CompleteHook(String),
}

const STEPS: &str = "scale in, spot notice, set DRAINING, set ACTIVE, agent lost, agent back, order, control, deploy, \
                     protect, lose or complete hook";

impl Step {
    /// Reads what follows `at`.
    pub(super) fn read(words: &mut Tokens<'_>, setup: &ScriptSetup) -> Result<Step, SyntaxError> {
        let at = words.duration()?;
        let mut ahead = *words;
        let text = ahead.remainder();
        let what = step_kind(words, setup)?;
        words.end()?;
        Ok(Step {
            at,
            what,
            words: text,
        })
    }
}

fn step_kind(words: &mut Tokens<'_>, setup: &ScriptSetup) -> Result<StepKind, SyntaxError> {
    let simple = [
        ("scale in", StepKind::ScaleIn),
        ("spot notice", StepKind::SpotNotice),
        ("agent lost", StepKind::Agent(false)),
        ("agent back", StepKind::Agent(true)),
        ("lose the next event", StepKind::Lose(1)),
        ("lose every event", StepKind::Lose(u32::MAX)),
    ];
    if let Some((_, what)) = simple.into_iter().find(|(phrase, _)| words.accept(phrase)) {
        return Ok(what);
    }
    if words.accept("set") {
        set(words)
    } else if words.accept("order") {
        order(words)
    } else if words.accept("control") {
        control(words)
    } else if words.accept("deploy") {
        Ok(StepKind::Deploy(service(words, setup)?))
    } else if words.accept("protect") {
        protect(words, setup)
    } else if words.accept("complete hook") {
        Ok(StepKind::CompleteHook(words.name("the hook's name")?))
    } else {
        Err(words.wrong(STEPS))
    }
}

/// The line `set DRAINING by NAME`.
fn set(words: &mut Tokens<'_>) -> Result<StepKind, SyntaxError> {
    let status = match () {
        () if words.accept("DRAINING") => "DRAINING",
        () if words.accept("ACTIVE") => "ACTIVE",
        () => return Err(words.wrong("DRAINING or ACTIVE")),
    };
    if words.accept("by") {
        words.remainder();
    }
    Ok(StepKind::Set(status))
}

/// The line `order extend 30m by ana because "ticket 7"`.
fn order(words: &mut Tokens<'_>) -> Result<StepKind, SyntaxError> {
    let commands = ["release", "hold", "extend"];
    let command = commands.into_iter().find(|command| words.accept(command));
    let command = command.ok_or_else(|| words.wrong("release, hold or extend"))?;
    let by = (command == "extend").then(|| words.duration()).transpose()?;
    words.expect("by")?;
    let who = words.name("the name of who orders it")?;
    words.expect("because")?;
    let why = words.quoted()?;
    Ok(StepKind::Order {
        command,
        by,
        who,
        why,
    })
}

/// The line `control release-all`, or any text, or none.
fn control(words: &mut Tokens<'_>) -> Result<StepKind, SyntaxError> {
    if words.accept("removed") {
        return Ok(StepKind::Control(None));
    }
    if words.accept("text") {
        return Ok(StepKind::Control(Some(words.remainder())));
    }
    let modes = ["on", "observe", "release-all"];
    let mode = modes.into_iter().find(|mode| words.accept(mode));
    let mode = mode.ok_or_else(|| words.wrong("on, observe, release-all, removed or text"))?;
    Ok(StepKind::Control(Some(format!(r#"{{"mode":"{mode}"}}"#))))
}

fn protect(words: &mut Tokens<'_>, setup: &ScriptSetup) -> Result<StepKind, SyntaxError> {
    let service = service(words, setup)?;
    words.expect("for")?;
    let start = *words;
    let minutes = words.duration()?.as_secs().unsigned_abs() / 60;
    match minutes {
        1..=2880 => Ok(StepKind::Protect { service, minutes }),
        _ => Err(start.wrong("whole minutes, from 1m to 48h")),
    }
}

fn service(words: &mut Tokens<'_>, setup: &ScriptSetup) -> Result<String, SyntaxError> {
    let start = *words;
    let name = words.name("a service")?;
    match setup.services().any(|known| known == name) {
        true => Ok(name),
        false => Err(start.wrong("a service or daemon of this script")),
    }
}
