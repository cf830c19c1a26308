//! A cause, in words, with its evidence and the next command.

use jiff::Timestamp;
use serde::Serialize;

use crate::cause::Cause;
use crate::ends::Ends;
use crate::read::Gap;

/// What a piece of evidence is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The record of the drain.
    Record,
    /// The coordinator's beacon.
    Beacon,
    /// The kill switch.
    Control,
    /// A lifecycle hook.
    Hook,
    /// The container instance.
    ContainerInstance,
    /// A task.
    Task,
    /// Scale-in protection of a task.
    TaskProtection,
    /// A service.
    Service,
    /// An event of a service; its text is verbatim.
    ServiceEvent,
    /// A deployment of a service.
    Deployment,
    /// A target of a load balancer.
    Target,
    /// An Auto Scaling group, or an instance as Auto Scaling has it.
    AutoScaling,
    /// A scaling activity; its text is verbatim.
    ScalingActivity,
}

/// What a cause was found by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// Where it was read.
    pub source: Source,
    /// Of when it is, if that is known.
    pub at: Option<Timestamp>,
    /// What was read.
    pub text: String,
}

/// A cause with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CauseFinding {
    /// The cause.
    pub cause: Cause,
    /// The cause in words.
    pub sentence: String,
    /// When the wait for it ends.
    pub ends: Ends,
    /// Why the wait ends then.
    pub ends_because: Option<String>,
    /// What it was found by.
    pub evidence: Vec<Evidence>,
    /// Complete command lines that look further or change it.
    pub next: Vec<String>,
    /// What could not be read of what bears on it.
    #[serde(rename = "notKnown")]
    pub gaps: Vec<Gap>,
}

impl CauseFinding {
    pub(super) fn new(cause: Cause, sentence: impl Into<String>) -> Self {
        Self {
            cause,
            sentence: one_line(&sentence.into()),
            ends: Ends::Unknown,
            ends_because: None,
            evidence: Vec::new(),
            next: Vec::new(),
            gaps: Vec::new(),
        }
    }

    pub(super) fn ends(mut self, ends: Ends, because: impl Into<String>) -> Self {
        let because = because.into();
        self.ends = ends;
        self.ends_because = (ends != Ends::Unknown && !because.is_empty()).then_some(because);
        self
    }

    pub(super) fn evidence(mut self, source: Source, at: Option<Timestamp>, text: impl Into<String>) -> Self {
        let text = text.into();
        self.evidence.push(Evidence { source, at, text });
        self
    }

    pub(super) fn next(mut self, line: String) -> Self {
        self.next.push(line);
        self
    }

    pub(super) fn gaps(mut self, gaps: impl IntoIterator<Item = Gap>) -> Self {
        for gap in gaps {
            if !self.gaps.contains(&gap) {
                self.gaps.push(gap);
            }
        }
        self
    }

    pub(super) fn also(mut self, sentence: &str) -> Self {
        self.sentence.push(' ');
        self.sentence.push_str(&one_line(sentence));
        self
    }
}

/// A sentence in which foreign text is quoted, without what a terminal would act on: a line break or an escape sequence.
pub(super) fn one_line(text: &str) -> String {
    text.chars()
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect()
}
