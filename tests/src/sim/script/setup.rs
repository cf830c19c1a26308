//! The lines that set the setup.

use super::lexer::{SyntaxError, Tokens};
use super::setting::{Setting, setting};
use crate::names::HOOK;
use jiff::SignedDuration;

/// A DAEMON service, one task on the instance.
#[derive(Debug, Clone)]
pub(crate) struct DaemonSpec {
    pub(crate) name: String,
    /// From SIGTERM to its end.
    pub(crate) flushes: SignedDuration,
    /// Whether it has a sidecar.
    pub(crate) protected: bool,
}

/// A REPLICA service.
#[derive(Debug, Clone)]
pub(crate) struct Replicas {
    pub(crate) name: String,
    pub(crate) tasks: u32,
    /// From SIGTERM to the end of each.
    pub(crate) stop_in: SignedDuration,
}

/// A task of no service.
#[derive(Debug, Clone)]
pub(crate) struct Standalone {
    pub(crate) name: String,
    /// From the journal's zero to its own end.
    pub(crate) runs: SignedDuration,
}

/// A terminate hook of the group.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) name: String,
    pub(crate) heartbeat: SignedDuration,
}

/// What is there before anything happens.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScriptSetup {
    /// Of the coordinator.
    pub(super) settings: Vec<Setting>,
    /// Of every sidecar.
    pub(super) sidecar: Vec<Setting>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) daemons: Vec<DaemonSpec>,
    pub(crate) replicas: Vec<Replicas>,
    pub(crate) standalone: Vec<Standalone>,
    /// How long ago an earlier life of the instance was released, whose record still exists.
    pub(crate) leftover: Option<SignedDuration>,
    /// The product releases daemons while tasks still hold, on purpose.
    pub(crate) forced: bool,
}

pub(super) const LINES: &str =
    "setting, sidecar, hook, daemon, service, task, earlier life, expect forced release, at or until";

impl ScriptSetup {
    /// A group with our hook.
    pub(super) fn new() -> ScriptSetup {
        let heartbeat = SignedDuration::from_secs(300);
        ScriptSetup {
            hooks: vec![Hook {
                name: HOOK.to_owned(),
                heartbeat,
            }],
            ..ScriptSetup::default()
        }
    }

    /// Reads a line that sets the setup.
    pub(super) fn read(&mut self, words: &mut Tokens<'_>) -> Result<(), SyntaxError> {
        let start = *words;
        if words.accept("setting") {
            self.settings.push(setting(words)?);
        } else if words.accept("sidecar") {
            self.sidecar.push(setting(words)?);
        } else if words.accept("hook") {
            self.hook(words)?;
        } else if words.accept("daemon") {
            self.daemon(words)?;
        } else if words.accept("service") {
            self.service(words)?;
        } else if words.accept("task") {
            self.task(words)?;
        } else if words.accept("earlier life released") {
            self.leftover = Some(words.duration()?);
            words.expect("ago")?;
        } else if words.accept("expect forced release") {
            self.forced = true;
        } else {
            return Err(start.wrong(LINES));
        }
        words.end()
    }

    fn hook(&mut self, words: &mut Tokens<'_>) -> Result<(), SyntaxError> {
        let name = words.name("the hook's name")?;
        words.expect("heartbeat")?;
        let heartbeat = words.duration()?;
        self.hooks.retain(|hook| hook.name != name);
        self.hooks.push(Hook { name, heartbeat });
        Ok(())
    }

    fn daemon(&mut self, words: &mut Tokens<'_>) -> Result<(), SyntaxError> {
        let name = self.new_name(words)?;
        words.expect("flushes")?;
        let flushes = words.duration()?;
        let protected = !words.accept("without sidecar");
        self.daemons.push(DaemonSpec {
            name,
            flushes,
            protected,
        });
        Ok(())
    }

    fn service(&mut self, words: &mut Tokens<'_>) -> Result<(), SyntaxError> {
        let name = self.new_name(words)?;
        let tasks = words.count()?;
        if !words.accept("tasks") {
            words.expect("task")?;
        }
        words.expect("stop in")?;
        let stop_in = words.duration()?;
        self.replicas.push(Replicas { name, tasks, stop_in });
        Ok(())
    }

    fn task(&mut self, words: &mut Tokens<'_>) -> Result<(), SyntaxError> {
        let name = self.new_name(words)?;
        words.expect("runs")?;
        let runs = words.duration()?;
        self.standalone.push(Standalone { name, runs });
        Ok(())
    }

    fn new_name(&self, words: &mut Tokens<'_>) -> Result<String, SyntaxError> {
        let start = *words;
        let name = words.name("a name")?;
        match self.names().any(|known| known == name) {
            true => Err(start.wrong("a name that is not taken")),
            false => Ok(name),
        }
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let tasks = self.standalone.iter().map(|task| task.name.as_str());
        self.services().chain(tasks)
    }

    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        let daemons = self.daemons.iter().map(|daemon| daemon.name.as_str());
        daemons.chain(self.replicas.iter().map(|service| service.name.as_str()))
    }
}
