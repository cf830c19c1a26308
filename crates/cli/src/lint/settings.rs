//! The sidecar's settings in a task definition, read by the sidecar's own parser.

use super::model::{Container, Members, Placed};
use crate::edit::Path;
use jiff::SignedDuration;
use protector_core::settings::sidecar::SidecarSettings;
use protector_core::variables::{Problem, VARIABLE_PREFIX};

/// One setting.
#[derive(Clone, Debug)]
pub(crate) struct Given<'d> {
    /// The variable's full name.
    pub(crate) name: &'d str,
    /// Its value; none if it comes from a secret.
    pub(crate) value: Option<Placed<&'d str>>,
    pub(crate) entry: Placed<()>,
}

/// What a container is given as `environment` and `secrets`.
#[derive(Clone, Debug)]
pub(crate) struct GivenSettings<'d> {
    given: Vec<Given<'d>>,
    environment: Path,
}

impl<'d> GivenSettings<'d> {
    pub(crate) fn of(container: &Container<'d>) -> GivenSettings<'d> {
        let entry = |entry: Placed<Members<'d>>| {
            let name = entry.value.text("name")?.value;
            let value = entry.value.text("value");
            Some(Given {
                name,
                value,
                entry: Placed {
                    value: (),
                    path: entry.path,
                    span: entry.span,
                },
            })
        };
        let environment = container
            .members
            .objects("environment")
            .into_iter()
            .filter_map(entry);
        // A secret takes the place of a variable of the same name: the agent adds secrets last.
        let secrets = container.members.objects("secrets").into_iter().filter_map(entry);
        let ours = |given: &Given<'_>| given.name.starts_with(VARIABLE_PREFIX);
        GivenSettings {
            given: environment.chain(secrets).filter(ours).collect(),
            environment: container.members.path.member("environment"),
        }
    }

    /// The last entry of this name, which is the one that counts. The name is without its prefix.
    pub(crate) fn get(&self, name: &str) -> Option<&Given<'d>> {
        let is_named = |given: &&Given<'_>| given.name.strip_prefix(VARIABLE_PREFIX) == Some(name);
        self.given.iter().rev().find(is_named)
    }

    /// Where the list of variables is.
    pub(crate) fn environment(&self) -> &Path {
        &self.environment
    }

    /// All problems, as the sidecar would report them. A setting from a secret is taken as good.
    pub(crate) fn problems(&self) -> Vec<Problem> {
        let value = |variable: &str| {
            let last = self.given.iter().rev().find(|given| given.name == variable);
            last.and_then(|given| given.value.as_ref())
                .map(|value| value.value.to_owned())
        };
        let names = self.given.iter().map(|given| given.name.to_owned());
        SidecarSettings::read(&value, names)
            .err()
            .map(|problems| problems.0)
            .unwrap_or_default()
    }

    /// The settings as they are if only `name` is given. None if it is wrong, or comes from a secret.
    fn with_only(&self, name: &str) -> Option<SidecarSettings> {
        let given = self.get(name);
        if given.is_some_and(|given| given.value.is_none()) {
            return None;
        }
        let value = given
            .and_then(|given| given.value.as_ref())
            .map(|value| value.value.to_owned());
        let lookup = |variable: &str| {
            value
                .clone()
                .filter(|_| variable.strip_prefix(VARIABLE_PREFIX) == Some(name))
        };
        SidecarSettings::read(&lookup, []).ok()
    }

    /// The longest hold.
    pub(crate) fn max_hold(&self) -> Option<SignedDuration> {
        self.with_only("MAX_HOLD")
            .map(|settings| settings.policy.max_hold)
    }

    /// How long the sidecar waits for a record if nothing speaks for a drain.
    pub(crate) fn unknown_grace(&self) -> Option<SignedDuration> {
        self.with_only("UNKNOWN_GRACE")
            .map(|settings| settings.policy.unknown_grace)
    }

    /// Whether the sidecar is switched off.
    pub(crate) fn is_disabled(&self) -> bool {
        self.with_only("DISABLED")
            .is_some_and(|settings| settings.policy.disabled)
    }

    /// The settings with the prefix alone.
    pub(crate) fn prefix(&self) -> Option<SidecarSettings> {
        self.with_only("PARAMETER_PREFIX")
    }

    /// The names of the containers to protect; none means all others.
    pub(crate) fn protects(&self) -> Vec<String> {
        let named = self
            .with_only("PROTECTS")
            .map(|settings| settings.protects)
            .unwrap_or_default();
        named.into_iter().map(String::from).collect()
    }
}
