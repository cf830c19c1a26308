//! Short names for what AWS names at length.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::line::time;
use crate::sim::clock::VirtualClock;
use crate::sim::script::ScriptSetup;

/// The one instance of every journal.
const INSTANCE: &str = "i-1";

#[derive(Debug)]
pub(super) struct Names {
    clock: VirtualClock,
    /// Services whose tasks are numbered also if there is only one.
    replicas: BTreeSet<String>,
    tasks: BTreeMap<String, String>,
    counts: BTreeMap<String, u32>,
}

impl Names {
    pub(super) fn new(clock: VirtualClock, setup: &ScriptSetup) -> Names {
        Names {
            clock,
            replicas: setup
                .replicas
                .iter()
                .map(|service| service.name.clone())
                .collect(),
            tasks: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// The name of a task: `web-1`, `logs`, and `logs-2` for the one that takes its place.
    pub(super) fn task(&mut self, arn: &str, group: &str) -> String {
        if let Some(known) = self.tasks.get(arn) {
            return known.clone();
        }
        let owner = group.split_once(':').map_or(group, |(_, owner)| owner);
        let count = self.counts.entry(owner.to_owned()).or_default();
        *count += 1;
        let name = match *count {
            1 if !self.replicas.contains(owner) => owner.to_owned(),
            number => format!("{owner}-{number}"),
        };
        self.tasks.insert(arn.to_owned(), name.clone());
        name
    }

    /// The name of a task that has been named.
    pub(super) fn known(&self, arn: &str) -> String {
        self.tasks.get(arn).cloned().unwrap_or_default()
    }

    /// A text with the journal's own names and times in it.
    pub(super) fn shorten(&self, text: &str) -> String {
        let words = text.split(' ').map(|word| self.word(word));
        words.collect::<Vec<_>>().join(" ")
    }

    fn word(&self, word: &str) -> String {
        let bare = word.trim_end_matches([',', ';', '.', ':', ')']);
        let tail = &word[bare.len()..];
        let id = bare.rsplit('/').next().unwrap_or(bare);
        if let Ok(at) = bare.parse::<Timestamp>() {
            return time(self.clock.since_zero(at)) + tail;
        }
        let task = self
            .tasks
            .iter()
            .find(|(arn, _)| arn.ends_with(&format!("/{id}")));
        match task {
            Some((_, name)) => name.clone() + tail,
            None if id.starts_with("i-") && id.len() > 10 => INSTANCE.to_owned() + tail,
            None if bare.starts_with("arn:") => "(the container instance)".to_owned() + tail,
            None => word.to_owned(),
        }
    }
}
