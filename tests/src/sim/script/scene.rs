//! The lines that set the scene.

use jiff::SignedDuration;
use protector_coordinator::settings::Settings;
use protector_core::settings::{Problem, Problems, Reader};
use protector_core::wait::Policy;

use super::words::{Words, Wrong};
use crate::lab::{CLUSTER, GROUP, HOOK};

/// One setting, and where it was made.
#[derive(Debug, Clone)]
pub(crate) struct Setting {
    line: usize,
    name: String,
    value: String,
}

/// A DAEMON service, one task on the instance.
#[derive(Debug, Clone)]
pub(crate) struct Daemon {
    pub(crate) name: String,
    /// From SIGTERM to its end.
    pub(crate) flushes: SignedDuration,
    /// Has it a sidecar?
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
    /// From the story's zero to its own end.
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
pub(crate) struct Scene {
    settings: Vec<Setting>,
    sidecar: Vec<Setting>,
    pub(crate) hooks: Vec<Hook>,
    pub(crate) daemons: Vec<Daemon>,
    pub(crate) replicas: Vec<Replicas>,
    pub(crate) standalone: Vec<Standalone>,
    /// How long ago an earlier life of the instance was released, whose record is still there.
    pub(crate) leftover: Option<SignedDuration>,
    /// The product releases daemons while tasks still hold, on purpose.
    pub(crate) forced: bool,
}

pub(super) const LINES: &str =
    "setting, sidecar, hook, daemon, service, task, earlier life, expect forced release, at or until";

impl Scene {
    /// A group with our hook.
    pub(super) fn new() -> Scene {
        let heartbeat = SignedDuration::from_secs(300);
        Scene {
            hooks: vec![Hook {
                name: HOOK.to_owned(),
                heartbeat,
            }],
            ..Scene::default()
        }
    }

    /// Reads a line that sets the scene.
    pub(super) fn read(&mut self, words: &mut Words<'_>) -> Result<(), Wrong> {
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

    fn hook(&mut self, words: &mut Words<'_>) -> Result<(), Wrong> {
        let name = words.name("the hook's name")?;
        words.expect("heartbeat")?;
        let heartbeat = words.duration()?;
        self.hooks.retain(|hook| hook.name != name);
        self.hooks.push(Hook { name, heartbeat });
        Ok(())
    }

    fn daemon(&mut self, words: &mut Words<'_>) -> Result<(), Wrong> {
        let name = self.new_name(words)?;
        words.expect("flushes")?;
        let flushes = words.duration()?;
        let protected = !words.accept("without sidecar");
        self.daemons.push(Daemon {
            name,
            flushes,
            protected,
        });
        Ok(())
    }

    fn service(&mut self, words: &mut Words<'_>) -> Result<(), Wrong> {
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

    fn task(&mut self, words: &mut Words<'_>) -> Result<(), Wrong> {
        let name = self.new_name(words)?;
        words.expect("runs")?;
        let runs = words.duration()?;
        self.standalone.push(Standalone { name, runs });
        Ok(())
    }

    fn new_name(&self, words: &mut Words<'_>) -> Result<String, Wrong> {
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

    /// The names of all services.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        let daemons = self.daemons.iter().map(|daemon| daemon.name.as_str());
        daemons.chain(self.replicas.iter().map(|service| service.name.as_str()))
    }

    /// The coordinator's settings, read as the program reads them.
    pub(crate) fn coordinator(&self) -> Result<Settings, Vec<Wrong>> {
        let all = [
            ("PROTECTOR_CLUSTERS".to_owned(), CLUSTER.to_owned()),
            ("PROTECTOR_AUTO_SCALING_GROUPS".to_owned(), GROUP.to_owned()),
        ];
        let all: Vec<(String, String)> = all.into_iter().chain(variables(&self.settings)).collect();
        let read = Settings::read(
            &|name| look_up(&all, name),
            all.iter().map(|(name, _)| name.clone()),
        );
        read.map_err(|problems| wrong_settings(&self.settings, &problems))
    }

    /// What every sidecar is set to.
    pub(crate) fn sidecar(&self) -> Result<Policy, Vec<Wrong>> {
        let all: Vec<(String, String)> = variables(&self.sidecar).collect();
        let lookup = |name: &str| look_up(&all, name);
        let (mut reader, default) = (Reader::new(&lookup), Policy::default());
        let policy = Policy {
            poll_interval: reader.duration("POLL_INTERVAL", default.poll_interval),
            max_hold: reader.duration("MAX_HOLD", default.max_hold),
            unknown_grace: reader.duration("UNKNOWN_GRACE", default.unknown_grace),
            terminating_grace: reader.duration("TERMINATING_GRACE", default.terminating_grace),
            disabled: reader.flag("DISABLED"),
        };
        reader.refuse_unknown(all.iter().map(|(name, _)| name.clone()));
        let read = reader.finish(policy);
        read.map_err(|problems| wrong_settings(&self.sidecar, &problems))
    }
}

fn setting(words: &mut Words<'_>) -> Result<Setting, Wrong> {
    let line = words.line();
    let name = words.name("a setting's name, without PROTECTOR_")?;
    words.expect("=")?;
    let value = words.remainder();
    Ok(Setting { line, name, value })
}

fn variables(settings: &[Setting]) -> impl Iterator<Item = (String, String)> {
    let variable = |setting: &Setting| (format!("PROTECTOR_{}", setting.name), setting.value.clone());
    settings.iter().map(variable)
}

/// The last of several settings of the same name.
fn look_up(variables: &[(String, String)], name: &str) -> Option<String> {
    let found = variables.iter().rev().find(|(known, _)| known == name);
    found.map(|(_, value)| value.clone())
}

fn wrong_settings(settings: &[Setting], Problems(problems): &Problems) -> Vec<Wrong> {
    let made_in = |problem: &Problem| {
        let named = |setting: &&Setting| problem.name.contains(&format!("PROTECTOR_{}", setting.name));
        settings
            .iter()
            .rev()
            .find(named)
            .map_or(0, |setting| setting.line)
    };
    let wrong = |problem: &Problem| Wrong {
        line: made_in(problem),
        expected: format!("{}: {}", problem.name, problem.expected),
        found: problem.value.clone(),
    };
    problems.iter().map(wrong).collect()
}
