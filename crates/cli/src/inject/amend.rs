//! A text with the sidecar in it: the corrections of `lint`, until there are none.

use super::sidecar;
use crate::edit::{Change, Edit, apply, disjoint};
use crate::lint::{
    Definition, Document, Examined, Expectations, Finding, Fix, Guarded, RuleId, Unreadable, hold_needed,
    set_variable, written,
};
use jiff::SignedDuration;
use protector_core::settings::sidecar::SidecarSettings;
use protector_core::variables::{Problems, VARIABLE_PREFIX};
use std::collections::HashSet;
use std::fmt::Write;
use thiserror::Error;

/// A definition needs a round for the sidecar, one for each wish, and a few in which members of one object are added
/// one after another. More rounds than this would be a mistake of this program.
const ROUNDS_MAX: usize = 200;

/// What is wanted of the sidecar.
#[derive(Clone, Debug)]
pub(crate) struct Wishes {
    /// The settings that the coordinator expects.
    pub(crate) expected: Expectations,
    pub(crate) image: Option<String>,
    /// The longest hold.
    pub(crate) max_hold: Option<SignedDuration>,
    /// Other settings, by their full name.
    pub(crate) settings: Vec<(String, String)>,
}

/// Why a definition is left as it is.
#[derive(Debug, Error)]
pub(crate) enum Refusal {
    /// The text cannot be read.
    #[error("{0}")]
    Unreadable(Unreadable),
    /// What is wanted is itself wrong.
    #[error("{0}")]
    Settings(#[from] Problems),
    /// The wanted hold is shorter than what the coordinator's settings need.
    #[error(
        "--max-hold {wanted} is too short: {needed} s are needed by the coordinator's MAX_DRAIN, DAEMON_STOP and tiers (--max-drain, --daemon-stop, --tiers)"
    )]
    ShortHold {
        /// The value that was wanted.
        wanted: String,
        /// Seconds that are needed.
        needed: i64,
    },
    /// No setting is long enough.
    #[error(
        "no PROTECTOR_MAX_HOLD is long enough (48h at most): --max-drain, --daemon-stop and --tiers need {0} s"
    )]
    NoHold(i64),
    /// The sidecar is to be added, and its image is not known.
    #[error("--image REF is needed: where your registry has the sidecar's image")]
    NoImage,
    /// A wanted setting is given by a secret.
    #[error(
        "{0} comes from a secret of the sidecar, which goes before a variable: take the secret out first"
    )]
    Secret(String),
    /// The sidecar cannot work in this task.
    #[error("{message} ({rule})")]
    Unfit {
        rule: RuleId,
        /// What is in the way.
        message: String,
    },
    /// There is nothing to protect.
    #[error("there is no container to protect")]
    Empty,
    /// This program does not come to an end.
    #[error("this is a bug in protectorctl: the definition still changes after {ROUNDS_MAX} rounds")]
    Endless,
}

impl Refusal {
    /// Whether this says something about the definition, and not about the arguments or the file.
    #[must_use]
    pub(crate) fn is_an_answer(&self) -> bool {
        matches!(self, Refusal::Unfit { .. } | Refusal::Empty | Refusal::Secret(_))
    }
}

/// A text that has been corrected.
#[derive(Debug)]
pub(crate) struct Amended {
    pub(crate) text: String,
    /// Whether the sidecar was added.
    pub(crate) added: bool,
    /// What was corrected otherwise, in order.
    pub(crate) changes: Vec<String>,
    /// What is left for a person.
    pub(crate) left: Vec<Finding>,
    /// The containers that the sidecar protects.
    pub(crate) protects: Vec<String>,
    /// The sidecar's `stopTimeout`, in seconds.
    pub(crate) stop_timeout: Option<i64>,
}

/// Corrects a text.
pub(crate) fn amend(text: &str, wishes: &Wishes) -> Result<Amended, Refusal> {
    wishes.check()?;
    let mut text = text.to_owned();
    let mut added = false;
    let mut changes = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let document = Document::parse(&text).map_err(Refusal::Unreadable)?;
        let examined = document.examine(&wishes.expected);
        let definition = Definition::read(&document.root, &document.layout);
        let round = Round {
            document: &document,
            examined: &examined,
            definition: &definition,
            wishes,
        };
        match round.next()? {
            RoundResult::Add(edits) => {
                added = true;
                text = apply(&text, &edits);
            }
            RoundResult::Correct(what, edits) => {
                changes.extend(what);
                text = apply(&text, &edits);
            }
            RoundResult::End => return Ok(round.finish(added, changes)),
        }
    }
    Err(Refusal::Endless)
}

impl Wishes {
    /// The hold of a sidecar that is added.
    fn hold(&self) -> Result<SignedDuration, Refusal> {
        let needed = hold_needed(&self.expected).as_secs();
        let hold = self.max_hold.or_else(|| crate::lint::hold_for(&self.expected));
        hold.ok_or(Refusal::NoHold(needed))
    }

    /// Checks that the wishes can be fulfilled.
    fn check(&self) -> Result<(), Refusal> {
        let lookup = |name: &str| {
            self.settings
                .iter()
                .rev()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone())
        };
        SidecarSettings::read(&lookup, self.settings.iter().map(|(name, _)| name.clone()))?;
        let needed = hold_needed(&self.expected);
        match self.max_hold {
            Some(hold) if hold < needed => Err(Refusal::ShortHold {
                wanted: written(hold),
                needed: needed.as_secs(),
            }),
            _ => Ok(()),
        }
    }

    /// All settings that are wanted, the longest hold among them.
    fn variables(&self) -> Vec<(String, String)> {
        let hold = self
            .max_hold
            .map(|hold| (format!("{VARIABLE_PREFIX}MAX_HOLD"), written(hold)));
        hold.into_iter().chain(self.settings.iter().cloned()).collect()
    }

    /// The settings of a sidecar that is added.
    fn all_variables(&self) -> Result<Vec<(String, String)>, Refusal> {
        let prefix = self.expected.prefix.clone().unwrap_or_default();
        let mut all = vec![
            (format!("{VARIABLE_PREFIX}PARAMETER_PREFIX"), prefix.to_string()),
            (format!("{VARIABLE_PREFIX}MAX_HOLD"), written(self.hold()?)),
        ];
        for (name, value) in &self.settings {
            all.retain(|(known, _)| known != name);
            all.push((name.clone(), value.clone()));
        }
        Ok(all)
    }
}

enum RoundResult {
    Add(Vec<Edit>),
    /// Something is corrected; what, in words.
    Correct(Vec<String>, Vec<Edit>),
    /// There is nothing left to do.
    End,
}

/// One look at the text.
struct Round<'a, 't> {
    document: &'a Document<'t>,
    examined: &'a Examined,
    definition: &'a Definition<'a>,
    wishes: &'a Wishes,
}

impl Round<'_, '_> {
    fn next(&self) -> Result<RoundResult, Refusal> {
        self.readable()?;
        let Some(guarded) = Guarded::of(self.definition, &self.wishes.expected) else {
            return self.add();
        };
        if let Some(step) = self.wish(&guarded)? {
            return Ok(step);
        }
        self.fit()?;
        Ok(self.correct())
    }

    /// Members of a wrong type, and two containers of one name: what is meant is not known.
    fn readable(&self) -> Result<(), Refusal> {
        let wrong = self
            .examined
            .findings
            .iter()
            .find(|finding| finding.rule == RuleId::Types);
        if let Some(finding) = wrong.filter(|_| self.examined.stopped) {
            return Err(unfit(finding));
        }
        let mut seen = HashSet::new();
        match self
            .definition
            .containers
            .iter()
            .find(|container| !seen.insert(container.name))
        {
            Some(container) => {
                let message = format!("two containers are called {}", container.name);
                Err(Refusal::Unfit {
                    rule: RuleId::Names,
                    message,
                })
            }
            None => Ok(()),
        }
    }

    /// Whether the sidecar can work in this task.
    fn fit(&self) -> Result<(), Refusal> {
        let rules = [RuleId::Ec2, RuleId::Linux, RuleId::InstanceKnown];
        let found = self
            .examined
            .counted()
            .find(|finding| rules.contains(&finding.rule));
        found.map_or(Ok(()), |finding| Err(unfit(finding)))
    }

    fn add(&self) -> Result<RoundResult, Refusal> {
        if self.definition.containers.is_empty() {
            return Err(Refusal::Empty);
        }
        self.fit()?;
        let image = self.wishes.image.as_deref().ok_or(Refusal::NoImage)?;
        let name = self.wishes.expected.container.as_str();
        let sidecar = sidecar::Sidecar {
            name,
            image,
            hold: self.wishes.hold()?,
            variables: self.wishes.all_variables()?,
        };
        let value = sidecar.written(&self.definition.containers);
        let change = Change::Append(self.definition.containers_path.clone(), value);
        Ok(RoundResult::Add(self.document.edits(&change)))
    }

    /// The first wish that is not fulfilled yet.
    fn wish(&self, guarded: &Guarded<'_, '_>) -> Result<Option<RoundResult>, Refusal> {
        if let Some(image) = &self.wishes.image {
            let now = guarded.sidecar.members.text("image").map(|image| image.value);
            if now != Some(image.as_str()) {
                let path = guarded.sidecar.members.path.member("image");
                let edits = self.document.edits(&Change::Set(path, image.as_str().into()));
                return Ok(Some(RoundResult::Correct(vec![format!("image {image}")], edits)));
            }
        }
        for (name, value) in self.wishes.variables() {
            let bare = name.strip_prefix(VARIABLE_PREFIX).unwrap_or(&name);
            let given = guarded.settings.get(bare);
            if given.is_some_and(|given| given.value.is_none()) {
                return Err(Refusal::Secret(name));
            }
            let now = given
                .and_then(|given| given.value.as_ref())
                .map(|value| value.value);
            if now != Some(value.as_str()) {
                let edits = self.document.edits(&set_variable(guarded, &name, &value));
                return Ok(Some(RoundResult::Correct(vec![format!("{name}={value}")], edits)));
            }
        }
        Ok(None)
    }

    /// All corrections that do not touch each other. The rest comes in the next round, at the places that they have
    /// then.
    fn correct(&self) -> RoundResult {
        let mut taken: Vec<Edit> = Vec::new();
        let mut what = Vec::new();
        for (finding, edits) in self.examined.findings.iter().zip(&self.examined.edits) {
            let counts = finding.suppressed.is_none() && !edits.is_empty();
            if counts && disjoint(edits, &taken) {
                taken.extend(edits.iter().cloned());
                what.push(described(finding));
            }
        }
        if taken.is_empty() {
            RoundResult::End
        } else {
            RoundResult::Correct(what, taken)
        }
    }

    fn finish(&self, added: bool, changes: Vec<String>) -> Amended {
        let guarded = Guarded::of(self.definition, &self.wishes.expected);
        let protects = guarded
            .iter()
            .flat_map(Guarded::protected)
            .map(|container| container.name.to_owned());
        let timeout = guarded
            .as_ref()
            .and_then(|guarded| guarded.sidecar.members.number("stopTimeout"));
        Amended {
            text: self.document.text.to_owned(),
            added,
            changes,
            left: self
                .examined
                .counted()
                .filter(|finding| finding.fix.is_none())
                .cloned()
                .collect(),
            protects: protects.collect(),
            stop_timeout: timeout.map(|timeout| timeout.value),
        }
    }
}

fn unfit(finding: &Finding) -> Refusal {
    Refusal::Unfit {
        rule: finding.rule,
        message: finding.message.clone(),
    }
}

/// A correction in a few words: what it is about, and the rule.
fn described(finding: &Finding) -> String {
    let mut text = String::new();
    let change = match &finding.fix {
        Some(Fix::Change(Change::Remove(_))) => "-",
        _ => "",
    };
    let subject = finding.subject.to_string();
    let _ = write!(
        text,
        "{change}{} ({})",
        subject.trim_start_matches('/').replace('/', "."),
        finding.rule
    );
    text
}
