//! The lines that say what happens, and when.

use jiff::SignedDuration;

use super::scene::Scene;
use super::words::{Words, Wrong};

/// Something that happens at a moment of the story.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    /// Since the story's zero.
    pub(crate) at: SignedDuration,
    /// What.
    pub(crate) what: Happening,
    /// In the words of the script.
    pub(crate) words: String,
}

/// What may happen.
#[derive(Debug, Clone)]
pub(crate) enum Happening {
    /// Auto Scaling takes the instance away.
    ScaleIn,
    /// EC2 says that it takes the instance back in two minutes.
    SpotNotice,
    /// Somebody sets the container instance's status.
    Set(&'static str),
    /// The ECS agent loses its connection, or finds it again.
    Agent(bool),
    /// An operator's order.
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
    /// Somebody else completes a hook.
    CompleteHook(String),
}

const STEPS: &str = "scale in, spot notice, set DRAINING, set ACTIVE, agent lost, agent back, order, control, deploy, \
                     protect, lose or complete hook";

impl Step {
    /// Reads what follows `at`.
    pub(super) fn read(words: &mut Words<'_>, scene: &Scene) -> Result<Step, Wrong> {
        let at = words.duration()?;
        let mut ahead = *words;
        let text = ahead.remainder();
        let what = happening(words, scene)?;
        words.end()?;
        Ok(Step {
            at,
            what,
            words: text,
        })
    }
}

fn happening(words: &mut Words<'_>, scene: &Scene) -> Result<Happening, Wrong> {
    let simple = [
        ("scale in", Happening::ScaleIn),
        ("spot notice", Happening::SpotNotice),
        ("agent lost", Happening::Agent(false)),
        ("agent back", Happening::Agent(true)),
        ("lose the next event", Happening::Lose(1)),
        ("lose every event", Happening::Lose(u32::MAX)),
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
        Ok(Happening::Deploy(service(words, scene)?))
    } else if words.accept("protect") {
        protect(words, scene)
    } else if words.accept("complete hook") {
        Ok(Happening::CompleteHook(words.name("the hook's name")?))
    } else {
        Err(words.wrong(STEPS))
    }
}

/// `set DRAINING by somebody`.
fn set(words: &mut Words<'_>) -> Result<Happening, Wrong> {
    let status = match () {
        () if words.accept("DRAINING") => "DRAINING",
        () if words.accept("ACTIVE") => "ACTIVE",
        () => return Err(words.wrong("DRAINING or ACTIVE")),
    };
    if words.accept("by") {
        words.remainder();
    }
    Ok(Happening::Set(status))
}

/// `order extend 30m by ana because "ticket 7"`.
fn order(words: &mut Words<'_>) -> Result<Happening, Wrong> {
    let commands = ["release", "hold", "extend"];
    let command = commands.into_iter().find(|command| words.accept(command));
    let command = command.ok_or_else(|| words.wrong("release, hold or extend"))?;
    let by = (command == "extend").then(|| words.duration()).transpose()?;
    words.expect("by")?;
    let who = words.name("the name of who orders it")?;
    words.expect("because")?;
    let why = words.quoted()?;
    Ok(Happening::Order {
        command,
        by,
        who,
        why,
    })
}

/// `control release-all`, or any text, or none.
fn control(words: &mut Words<'_>) -> Result<Happening, Wrong> {
    if words.accept("removed") {
        return Ok(Happening::Control(None));
    }
    if words.accept("text") {
        return Ok(Happening::Control(Some(words.remainder())));
    }
    let modes = ["on", "observe", "release-all"];
    let mode = modes.into_iter().find(|mode| words.accept(mode));
    let mode = mode.ok_or_else(|| words.wrong("on, observe, release-all, removed or text"))?;
    Ok(Happening::Control(Some(format!(r#"{{"mode":"{mode}"}}"#))))
}

fn protect(words: &mut Words<'_>, scene: &Scene) -> Result<Happening, Wrong> {
    let service = service(words, scene)?;
    words.expect("for")?;
    let start = *words;
    let minutes = words.duration()?.as_secs().unsigned_abs() / 60;
    match minutes {
        1..=2880 => Ok(Happening::Protect { service, minutes }),
        _ => Err(start.wrong("whole minutes, from 1m to 48h")),
    }
}

fn service(words: &mut Words<'_>, scene: &Scene) -> Result<String, Wrong> {
    let start = *words;
    let name = words.name("a service")?;
    match scene.services().any(|known| known == name) {
        true => Ok(name),
        false => Err(start.wrong("a service or daemon of this script")),
    }
}
