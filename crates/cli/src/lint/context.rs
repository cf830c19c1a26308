//! What the rules look at: a definition, its sidecar, and what is expected of them.

use super::finding::{Finding, Fix};
use super::model::{Container, Definition, Placed};
use super::rules::RuleId;
use super::settings::GivenSettings;
use crate::edit::{Change, Path};
use jiff::SignedDuration;
use protector_core::ids::ContainerName;
use protector_core::record::ParameterPrefix;

/// What is known of the coordinator, and how strict the rules are.
#[derive(Clone, Debug)]
pub(crate) struct Expectations {
    /// The name of the sidecar's container.
    pub(crate) container: ContainerName,
    /// The coordinator's `MAX_DRAIN`.
    pub(crate) max_drain: SignedDuration,
    /// Whether `max_drain` was given, and is not the coordinator's default.
    pub(crate) max_drain_is_known: bool,
    /// The coordinator's `DAEMON_STOP`.
    pub(crate) daemon_stop: SignedDuration,
    /// The number of tiers in the coordinator's `DAEMON_TIERS`.
    pub(crate) tiers: i32,
    /// The coordinator's `PARAMETER_PREFIX`, if it is known.
    pub(crate) prefix: Option<ParameterPrefix>,
    /// Whether a definition without a sidecar is fine.
    pub(crate) allow_none: bool,
}

/// A definition with a sidecar.
pub(crate) struct Guarded<'a, 'd> {
    /// The whole definition.
    pub(crate) definition: &'a Definition<'d>,
    pub(crate) sidecar: &'a Container<'d>,
    pub(crate) others: Vec<&'a Container<'d>>,
    pub(crate) settings: GivenSettings<'d>,
    /// The settings that the coordinator expects.
    pub(crate) expected: &'a Expectations,
}

impl<'a, 'd> Guarded<'a, 'd> {
    /// The definition with its sidecar; none if it has none.
    pub(crate) fn of(definition: &'a Definition<'d>, expected: &'a Expectations) -> Option<Guarded<'a, 'd>> {
        let is_sidecar = |container: &&Container<'_>| container.name == expected.container.as_str();
        let sidecar = definition.containers.iter().find(is_sidecar)?;
        let others = definition
            .containers
            .iter()
            .filter(|container| !is_sidecar(container))
            .collect();
        let settings = GivenSettings::of(sidecar);
        Some(Guarded {
            definition,
            sidecar,
            others,
            settings,
            expected,
        })
    }

    /// The containers that the sidecar protects: those that `PROTECTS` names, or all others. Names of no container are
    /// left out here; a rule of its own finds them.
    pub(crate) fn protected(&self) -> Vec<&'a Container<'d>> {
        let named = self.settings.protects();
        let is_named =
            |container: &&&Container<'_>| named.is_empty() || named.iter().any(|name| name == container.name);
        self.others.iter().filter(is_named).copied().collect()
    }

    /// Something about a member of the sidecar that is not there, or about all of it.
    pub(crate) fn missing(&self, rule: RuleId, member: &[&str], message: impl Into<String>) -> Finding {
        let path = self.sidecar.members.path.members(member);
        let place = Placed {
            value: (),
            path,
            span: self.sidecar.at_name.clone(),
        };
        Finding {
            is_missing: true,
            ..about(self.sidecar, rule, place, message.into())
        }
    }

    /// Something about a value of the sidecar.
    pub(crate) fn at<T>(&self, rule: RuleId, place: &Placed<T>, message: impl Into<String>) -> Finding {
        about(self.sidecar, rule, bare(place), message.into())
    }

    /// Something about a member of the sidecar, whether it is there or not.
    pub(crate) fn member(&self, rule: RuleId, member: &[&str], message: impl Into<String>) -> Finding {
        let (last, parents) = member.split_last().unwrap_or((&"", &[]));
        let parent = parents
            .iter()
            .fold(self.sidecar.members.clone(), |members, name| members.object(name));
        match parent.place(last) {
            Some(place) => self.at(rule, &place, message),
            None => self.missing(rule, member, message),
        }
    }
}

/// Something about a value of a container.
pub(crate) fn about<T>(
    container: &Container<'_>,
    rule: RuleId,
    place: Placed<T>,
    message: String,
) -> Finding {
    let subject = place.path.below(&container.members.path);
    Finding {
        rule,
        severity: rule.rule().severity,
        container: Some(container.name.to_owned()),
        path: place.path,
        subject,
        is_missing: false,
        span: place.span,
        message,
        fix: None,
        suppressed: None,
    }
}

/// Something about a member of the task.
pub(crate) fn of_task(
    definition: &Definition<'_>,
    rule: RuleId,
    member: &str,
    message: impl Into<String>,
) -> Finding {
    let task = definition.task.as_ref();
    let place = task.and_then(|task| task.place(member));
    let path = task.map_or_else(Path::default, |task| task.path.member(member));
    Finding {
        rule,
        severity: rule.rule().severity,
        container: None,
        subject: task.map_or_else(|| path.clone(), |task| path.below(&task.path)),
        is_missing: place.is_none(),
        span: place.map_or_else(|| definition.at.clone(), |place| place.span),
        path,
        message: message.into(),
        fix: None,
        suppressed: None,
    }
}

fn bare<T>(place: &Placed<T>) -> Placed<()> {
    Placed {
        value: (),
        path: place.path.clone(),
        span: place.span.clone(),
    }
}

impl Finding {
    /// The same, corrected by this change.
    pub(crate) fn fixed_by(mut self, change: Change) -> Finding {
        self.fix = Some(Fix::Change(change));
        self
    }
}
