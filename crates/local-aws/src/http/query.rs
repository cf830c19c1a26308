//! The AWS Query protocol, reading side: `Action=…&Names.member.1=…` becomes the same nested JSON that the
//! JSON protocols carry, so that the model sees one form of input.

use serde_json::{Map, Value};
use thiserror::Error;

/// Members of the Query APIs that are whole numbers. On the wire everything is text, and only the service
/// model distinguishes the types. This is the part of it that the local AWS serves.
const INTEGERS: &[&str] = &[
    "DefaultCooldown",
    "DefaultInstanceWarmup",
    "DesiredCapacity",
    "HealthCheckGracePeriod",
    "HeartbeatTimeout",
    "HttpPutResponseHopLimit",
    "IdleTimeout",
    "InstancePort",
    "LoadBalancerPort",
    "MaxDatapoints",
    "MaxInstanceLifetime",
    "MaxItems",
    "MaxRecords",
    "MaxResults",
    "MaxSize",
    "MinSize",
    "PageSize",
    "Period",
    "Port",
    "Timeout",
];

/// Members of the Query APIs that are true or false.
const BOOLEANS: &[&str] = &[
    "CapacityRebalance",
    "Enabled",
    "ForceDelete",
    "HonorCooldown",
    "IncludeDeletedGroups",
    "IncludeInstances",
    "NewInstancesProtectedFromScaleIn",
    "PropagateAtLaunch",
    "ProtectedFromScaleIn",
    "ReturnData",
    "ShouldDecrementDesiredCapacity",
];

/// Why a form could not be read.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum QueryError {
    /// No `Action` in the form.
    #[error("missing Action")]
    NoAction,
    /// A number or boolean that is none.
    #[error("{member} must be {expected}, not '{value}'")]
    Malformed {
        /// The member as it was written.
        member: String,
        /// What it should have been.
        expected: &'static str,
        /// What it was.
        value: String,
    },
    /// The same name is used both for a value and for a structure, or list numbers have holes.
    #[error("{0} contradicts another member")]
    Contradiction(String),
}

/// A request: the operation and its input.
#[derive(Debug, PartialEq)]
pub(crate) struct Query {
    /// The `Action`.
    pub(crate) action: String,
    /// The `Version` of the API: two of them may have one name in signatures.
    pub(crate) version: Option<String>,
    /// Its members, nested.
    pub(crate) params: Value,
}

/// Reads a form-encoded body.
pub(crate) fn parse(body: &[u8]) -> Result<Query, QueryError> {
    let (mut action, mut version) = (None, None);
    let mut params = Node::default();
    for (key, value) in form_urlencoded::parse(body) {
        match key.as_ref() {
            "Action" => action = Some(value.into_owned()),
            "Version" => version = Some(value.into_owned()),
            _ => params.insert(&key, &value)?,
        }
    }
    let action = action.ok_or(QueryError::NoAction)?;
    let params = match params.into_value("")? {
        Value::Null => Value::Object(Map::new()),
        value => value,
    };
    Ok(Query {
        action,
        version,
        params,
    })
}

/// One place in the tree that dotted names span.
#[derive(Default)]
struct Node {
    text: Option<String>,
    children: Vec<(String, Node)>,
}

impl Node {
    fn insert(&mut self, path: &str, value: &str) -> Result<(), QueryError> {
        let mut node = self;
        for step in path.split('.') {
            node = node.child(step);
        }
        match node.text.replace(value.to_owned()) {
            None => Ok(()),
            Some(_) => Err(QueryError::Contradiction(path.to_owned())),
        }
    }

    fn child(&mut self, name: &str) -> &mut Node {
        let index = match self.children.iter().position(|(known, _)| known == name) {
            Some(index) => index,
            None => {
                self.children.push((name.to_owned(), Node::default()));
                self.children.len() - 1
            }
        };
        &mut self.children[index].1
    }

    fn into_value(mut self, name: &str) -> Result<Value, QueryError> {
        match (self.text.take(), self.children.is_empty()) {
            (Some(text), true) => scalar(name, text),
            (Some(_), false) => Err(QueryError::Contradiction(name.to_owned())),
            (None, true) => Ok(Value::Null),
            (None, false) if self.children.iter().all(|(key, _)| key == "member") => self.into_list(name),
            // EC2 leaves `member` out.
            (None, false) if self.children.iter().all(|(key, _)| is_number(key)) => {
                items(name, self.children)
            }
            (None, false) => self.into_structure(),
        }
    }

    fn into_structure(self) -> Result<Value, QueryError> {
        let members = self.children.into_iter().map(|(key, node)| {
            let value = node.into_value(&key)?;
            Ok((key, value))
        });
        members.collect::<Result<Map<_, _>, _>>().map(Value::Object)
    }

    /// `member` holds the items by number from 1, in any order.
    fn into_list(self, name: &str) -> Result<Value, QueryError> {
        let members = self.children.into_iter();
        items(name, members.flat_map(|(_, members)| members.children).collect())
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn items(name: &str, numbered: Vec<(String, Node)>) -> Result<Value, QueryError> {
    let mut items = Vec::new();
    for (number, node) in numbered {
        let number: usize = number
            .parse()
            .map_err(|_| QueryError::Contradiction(format!("{name}.member.{number}")))?;
        items.push((number, node.into_value(name)?));
    }
    items.sort_by_key(|(number, _)| *number);
    Ok(Value::Array(items.into_iter().map(|(_, value)| value).collect()))
}

fn scalar(name: &str, text: String) -> Result<Value, QueryError> {
    let malformed = |expected| QueryError::Malformed {
        member: name.to_owned(),
        expected,
        value: text.clone(),
    };
    if INTEGERS.contains(&name) {
        return text
            .parse::<i64>()
            .map(Value::from)
            .map_err(|_| malformed("a whole number"));
    }
    if BOOLEANS.contains(&name) {
        return text
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| malformed("true or false"));
    }
    Ok(Value::String(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lists_structures_and_types_are_rebuilt() {
        let body = b"Action=CreateAutoScalingGroup&Version=2011-01-01&AutoScalingGroupName=a%20b&MinSize=1\
            &Tags.member.2.Key=k2&Tags.member.1.Key=k1&Tags.member.1.PropagateAtLaunch=true&Names.member.1=x";
        let query = parse(body).unwrap();
        assert_eq!(query.action, "CreateAutoScalingGroup");
        let expected = json!({"AutoScalingGroupName": "a b", "MinSize": 1, "Names": ["x"],
            "Tags": [{"Key": "k1", "PropagateAtLaunch": true}, {"Key": "k2"}]});
        assert_eq!(query.params, expected);
    }

    #[test]
    fn lists_of_ec2_have_numbers_alone() {
        let body =
            b"Action=DescribeInstances&Version=2016-11-15&Filter.1.Name=instance-id&Filter.1.Value.2=b\
            &Filter.1.Value.1=a";
        let query = parse(body).unwrap();
        assert_eq!(query.version.as_deref(), Some("2016-11-15"));
        let expected = json!({"Filter": [{"Name": "instance-id", "Value": ["a", "b"]}]});
        assert_eq!(query.params, expected);
    }

    #[test]
    fn an_operation_without_input_has_an_empty_structure() {
        assert_eq!(
            parse(b"Action=DescribeAutoScalingGroups").unwrap().params,
            json!({})
        );
    }

    #[test]
    fn wrong_forms_name_the_member() {
        assert_eq!(parse(b"Version=1"), Err(QueryError::NoAction));
        let error = parse(b"Action=A&MinSize=two").unwrap_err();
        assert_eq!(error.to_string(), "MinSize must be a whole number, not 'two'");
        assert_eq!(
            parse(b"Action=A&X=1&X.Y=2"),
            Err(QueryError::Contradiction("X".to_owned()))
        );
        assert_eq!(
            parse(b"Action=A&X=1&X=2"),
            Err(QueryError::Contradiction("X".to_owned()))
        );
    }
}
