//! `filter` of ListContainerInstances and `memberOf` of services and RunTask: a part of the cluster query language.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/cluster-query-language.html>. Served are `==`, `!=`
//! and `in`, on `ec2InstanceId`, `agentConnected`, `attribute:ecs.availability-zone`; several with `and`.

use super::instance::ContainerInstance;
use crate::ApiError;
use crate::params::invalid;

/// A condition that an instance meets or not.
#[derive(Clone, Debug)]
pub(super) struct Filter(Vec<Term>);

#[derive(Clone, Debug)]
struct Term {
    subject: Subject,
    values: Vec<String>,
    /// Whether the subject must be one of the values, or none of them.
    is_one: bool,
}

#[derive(Clone, Copy, Debug)]
enum Subject {
    Ec2InstanceId,
    AgentConnected,
    Zone,
}

impl Filter {
    /// Everything passes.
    pub(super) fn all() -> Filter {
        Filter(Vec::new())
    }

    pub(super) fn parse(expression: &str) -> Result<Filter, ApiError> {
        let terms = expression
            .split(" and ")
            .map(Term::parse)
            .collect::<Option<Vec<Term>>>();
        terms
            .map(Filter)
            .ok_or_else(|| invalid(format!("Invalid filter expression: {expression}")))
    }

    /// Returns whether `instance` passes.
    pub(super) fn passes(&self, instance: &ContainerInstance) -> bool {
        self.0.iter().all(|term| term.passes(instance))
    }
}

impl Term {
    fn parse(text: &str) -> Option<Term> {
        let (subject, rest) = text.trim().split_once(char::is_whitespace)?;
        let (operator, values) = rest.trim_start().split_once(char::is_whitespace)?;
        let (is_one, values) = match operator {
            "==" | "equals" => (true, vec![value(values)?]),
            "!=" | "not_equals" => (false, vec![value(values)?]),
            "in" => (true, list(values)?),
            "!in" | "not_in" => (false, list(values)?),
            _ => return None,
        };
        Some(Term {
            subject: Subject::parse(subject)?,
            values,
            is_one,
        })
    }

    fn passes(&self, instance: &ContainerInstance) -> bool {
        let actual = match self.subject {
            Subject::Ec2InstanceId => instance.host.clone(),
            Subject::AgentConnected => instance.agent_connected.to_string(),
            Subject::Zone => instance.zone.clone(),
        };
        self.values.contains(&actual) == self.is_one
    }
}

impl Subject {
    fn parse(name: &str) -> Option<Subject> {
        match name {
            "ec2InstanceId" => Some(Subject::Ec2InstanceId),
            "agentConnected" => Some(Subject::AgentConnected),
            "attribute:ecs.availability-zone" => Some(Subject::Zone),
            _ => None,
        }
    }
}

fn value(text: &str) -> Option<String> {
    let text = text.trim().trim_matches(['"', '\'']);
    let plain = !text.is_empty() && !text.contains(char::is_whitespace);
    plain.then(|| text.to_owned())
}

fn list(text: &str) -> Option<Vec<String>> {
    text.trim()
        .strip_prefix('[')?
        .strip_suffix(']')?
        .split(',')
        .map(value)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_read_or_refused() {
        let good = [
            "ec2InstanceId == i-1",
            "ec2InstanceId in [i-1, 'i-2']",
            "agentConnected != true and ec2InstanceId == \"i-1\"",
        ];
        good.iter()
            .for_each(|text| assert!(Filter::parse(text).is_ok(), "{text}"));
        for bad in [
            "",
            "ec2InstanceId",
            "ec2InstanceId ==",
            "x == 1",
            "ec2InstanceId < 1",
            "ec2InstanceId in i-1",
        ] {
            assert_eq!(
                Filter::parse(bad).unwrap_err().code,
                "InvalidParameterException",
                "{bad}"
            );
        }
    }
}
