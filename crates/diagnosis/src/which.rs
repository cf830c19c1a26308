//! Which instance a person means.

use std::fmt;
use std::str::FromStr;

use protector_core::ids::{ContainerInstanceArn, InstanceId, InstanceKey};

use crate::drain::Drain;

/// A prefix of an instance id has at least so many hexadecimal digits.
const PREFIX_MIN: usize = 3;

/// An instance as a person names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Query {
    /// In full.
    Instance(InstanceId),
    /// By the first digits of its id, after `i-`.
    Prefix(String),
    /// By the ARN of its registration.
    Registration(ContainerInstanceArn),
    /// By the id of its registration: 32 hexadecimal digits.
    RegistrationId(String),
}

impl FromStr for Query {
    type Err = String;

    fn from_str(text: &str) -> Result<Query, String> {
        if let Ok(instance) = text.parse() {
            return Ok(Query::Instance(instance));
        }
        if let Ok(arn) = text.parse() {
            return Ok(Query::Registration(arn));
        }
        let digits = text.strip_prefix("i-").unwrap_or(text);
        let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        match digits.len() {
            32 if is_hex && digits == text => Ok(Query::RegistrationId(digits.to_lowercase())),
            PREFIX_MIN..=16 if is_hex => Ok(Query::Prefix(digits.to_lowercase())),
            _ => Err(format!(
                "expected an instance id such as i-04f05e66a99bdb06f, the first {PREFIX_MIN} digits or more of one, \
                 or a container instance's ARN or id"
            )),
        }
    }
}

/// Why a name names no drain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotOne {
    /// No instance that drains has this name.
    None,
    /// Several have.
    Several(Vec<InstanceKey>),
}

impl fmt::Display for NotOne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NotOne::None => f.write_str("no instance that drains has this name"),
            NotOne::Several(keys) => {
                f.write_str("several instances fit: ")?;
                for (number, key) in keys.iter().enumerate() {
                    let comma = if number == 0 { "" } else { ", " };
                    write!(f, "{comma}{} in {}", key.instance, key.cluster)?;
                }
                f.write_str("; give more digits, or --cluster")
            }
        }
    }
}

impl Query {
    /// The instance, if it was named in full.
    #[must_use]
    pub fn instance(&self) -> Option<&InstanceId> {
        match self {
            Query::Instance(instance) => Some(instance),
            _ => None,
        }
    }

    fn fits(&self, drain: &Drain) -> bool {
        let registration = drain.registration();
        match self {
            Query::Instance(instance) => drain.key.instance == *instance,
            Query::Prefix(digits) => drain.key.instance.as_str()[2..].starts_with(digits.as_str()),
            Query::Registration(arn) => registration == Some(arn),
            Query::RegistrationId(id) => {
                registration.is_some_and(|arn| arn.as_str().rsplit('/').next() == Some(id))
            }
        }
    }

    /// The drain that is meant.
    pub fn one<'a>(&self, drains: &'a [Drain]) -> Result<&'a Drain, NotOne> {
        let mut found = drains.iter().filter(|drain| self.fits(drain));
        let first = found.next().ok_or(NotOne::None)?;
        let others: Vec<&Drain> = found.collect();
        if others.is_empty() {
            return Ok(first);
        }
        let all = std::iter::once(first).chain(others);
        Err(NotOne::Several(all.map(|drain| drain.key.clone()).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drain::{Coordinator, Parts};
    use crate::testing::{at, key, machine};

    fn drain(instance: &str) -> Drain {
        let one = machine("DRAINING", true);
        let parts = Parts {
            machine: Some(&one),
            ..Parts::default()
        };
        let key = InstanceKey {
            instance: instance.parse().unwrap(),
            ..key()
        };
        Drain::of(key, &parts, Coordinator::default(), at(0))
    }

    #[test]
    fn an_instance_is_named_in_several_ways() {
        let drains = [drain("i-04f05e66a99bdb06f"), drain("i-04e05e66a99bdb06f")];
        let arn = "arn:aws:ecs:eu-west-1:123456789012:container-instance/prod/0a1b2c3d";
        for (text, found) in [
            ("i-04f05e66a99bdb06f", Ok("i-04f05e66a99bdb06f")),
            ("i-04f", Ok("i-04f05e66a99bdb06f")),
            ("04F", Ok("i-04f05e66a99bdb06f")),
            ("04e0", Ok("i-04e05e66a99bdb06f")),
            ("0ff", Err("no instance that drains has this name")),
        ] {
            let query: Query = text.parse().unwrap();
            let one = query
                .one(&drains)
                .map(|drain| drain.key.instance.as_str().to_owned());
            assert_eq!(
                one.map_err(|error| error.to_string()),
                found.map(str::to_owned).map_err(str::to_owned)
            );
        }
        let query: Query = arn.parse().unwrap();
        assert!(matches!(query.one(&drains), Err(NotOne::Several(_))));
        assert!(query.one(&drains[..1]).is_ok());
    }

    #[test]
    fn a_name_that_is_none_is_refused() {
        for text in ["", "i-", "i-04", "web", "i-04g", "04f05e66a99bdb06f0"] {
            assert!(text.parse::<Query>().is_err(), "{text}");
        }
    }
}
