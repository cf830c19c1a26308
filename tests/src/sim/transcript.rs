//! The journal as a person reads it: one line for each thing that happened, with its time and who did it.

mod journal;
mod line;
mod log_lines;
mod names;
mod record;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use protector_aws_model::narrator::Narrator;

use super::clock::VirtualClock;
use super::script::ScriptSetup;
use crate::SIDECAR;
use line::Line;
use names::Names;

/// A journal that is being written.
#[derive(Debug)]
pub(crate) struct TranscriptWriter {
    clock: VirtualClock,
    names: Names,
    lines: Vec<Line>,
    /// The moment of the present line.
    at: SignedDuration,
    /// How many entries of the journal have been written.
    read: usize,
    narrator: Narrator,
    reported_record: Option<String>,
    reported_verdict: Option<String>,
    reported_control: Option<String>,
    /// The EC2 id of the one instance that the journal is about.
    ec2: Option<String>,
    calls: BTreeMap<String, u32>,
    heartbeat_calls: BTreeMap<String, u32>,
    reads: u32,
}

impl TranscriptWriter {
    /// A journal that begins with this setup.
    pub(crate) fn new(clock: VirtualClock, setup: &ScriptSetup) -> TranscriptWriter {
        TranscriptWriter {
            clock,
            names: Names::new(clock, setup),
            lines: Vec::new(),
            at: SignedDuration::MIN,
            read: 0,
            narrator: Narrator::new(SIDECAR),
            reported_record: None,
            reported_verdict: None,
            reported_control: None,
            ec2: None,
            calls: BTreeMap::new(),
            heartbeat_calls: BTreeMap::new(),
            reads: 0,
        }
    }

    /// All of it.
    pub(crate) fn write(&self) -> String {
        let lines: String = self.lines.iter().map(Line::write).collect();
        let calls = counted("coordinator", &self.calls) + &counted("heartbeats", &self.heartbeat_calls);
        format!(
            "{lines}\n{calls}AWS calls of the sidecars: {} (GetParameters)\n",
            self.reads
        )
    }

    /// The setup is no part of the journal.
    fn has_begun(&self) -> bool {
        !self.at.is_negative()
    }

    fn say(&mut self, actor: &'static str, text: &str) {
        self.push(actor, Vec::new(), text);
    }

    fn say_of(&mut self, actor: &'static str, subject: String, text: &str) {
        self.push(actor, vec![subject], text);
    }

    fn push(&mut self, actor: &'static str, subjects: Vec<String>, text: &str) {
        if !self.has_begun() {
            return;
        }
        let line = Line {
            at: self.at,
            actor,
            subjects,
            text: text.to_owned(),
        };
        if !self.lines.last_mut().is_some_and(|last| last.merge(&line)) {
            self.lines.push(line);
        }
    }
}

/// How often a function made each call.
fn counted(function: &str, calls: &BTreeMap<String, u32>) -> String {
    let each: Vec<String> = calls
        .iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if each.is_empty() {
        return format!("AWS calls of the {function}: 0\n");
    }
    let total: u32 = calls.values().sum();
    Line::wrap_plain(&format!(
        "AWS calls of the {function}: {total} ({})",
        each.join(", ")
    ))
}
