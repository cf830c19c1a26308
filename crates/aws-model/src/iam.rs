//! IAM: roles with their policies, and the simulator of policies.
//!
//! Names and texts are those of the `iam` service model, 2010-05-08. Statements with an effect, actions and resources are
//! evaluated as AWS does it: what is not allowed is denied, and an explicit deny goes first. Anything else in a statement,
//! a condition for example, is refused when the policy is put, so that no answer is a guess.

use super::ApiError;
use super::params::{Params, client, unknown_operation};
use super::scope::Scope;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The roles of one account.
#[derive(Debug)]
pub(crate) struct Iam {
    scope: Scope,
    /// The policies of each role, by its name and theirs.
    roles: BTreeMap<String, BTreeMap<String, Vec<Statement>>>,
}

/// One statement of a policy.
#[derive(Clone, Debug)]
struct Statement {
    is_allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

/// What comes of one action on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Decision {
    Allowed,
    ImplicitDeny,
    ExplicitDeny,
}

impl Decision {
    fn as_str(self) -> &'static str {
        match self {
            Decision::Allowed => "allowed",
            Decision::ImplicitDeny => "implicitDeny",
            Decision::ExplicitDeny => "explicitDeny",
        }
    }
}

impl Iam {
    /// An account without roles.
    pub(crate) fn new(scope: Scope) -> Iam {
        Iam {
            scope,
            roles: BTreeMap::new(),
        }
    }

    /// Does one operation.
    pub(crate) fn call(
        &mut self,
        now: Timestamp,
        operation: &str,
        params: &Value,
    ) -> Result<Value, ApiError> {
        let params = Params(params);
        match operation {
            "CreateRole" => self.create_role(now, params),
            "PutRolePolicy" => self.put_role_policy(params),
            "SimulatePrincipalPolicy" => self.simulate(params),
            _ => Err(unknown_operation(operation)),
        }
    }

    fn create_role(&mut self, now: Timestamp, params: Params<'_>) -> Result<Value, ApiError> {
        let name = params.required("RoleName")?;
        if self.roles.contains_key(name) {
            let message = format!("Role with name {name} already exists.");
            return Err(ApiError::new("EntityAlreadyExists", message, 409));
        }
        self.roles.insert(name.to_owned(), BTreeMap::new());
        Ok(json!({"Role": {
            "Path": "/",
            "RoleName": name,
            "RoleId": format!("AROA{:017}", self.roles.len()),
            "Arn": format!("arn:aws:iam::{}:role/{name}", self.scope.account),
            "CreateDate": now.as_second(),
        }}))
    }

    fn put_role_policy(&mut self, params: Params<'_>) -> Result<Value, ApiError> {
        let name = params.required("RoleName")?;
        let statements = statements(params.required("PolicyDocument")?)?;
        let policy = params.required("PolicyName")?.to_owned();
        let role = self.roles.get_mut(name).ok_or_else(|| no_role(name))?;
        role.insert(policy, statements);
        Ok(json!({}))
    }

    /// One result for each action, with the decision on each resource in it, and the strictest of them as its own.
    fn simulate(&self, params: Params<'_>) -> Result<Value, ApiError> {
        let arn = params.required("PolicySourceArn")?;
        let place = format!("arn:aws:iam::{}:role/", self.scope.account);
        let name = arn.strip_prefix(&place).and_then(|name| name.rsplit('/').next());
        let name = name.ok_or_else(|| client("InvalidInput", format!("Invalid Entity Arn: {arn}")))?;
        let role = self.roles.get(name).ok_or_else(|| no_role(name))?;
        let resources = match params.texts("ResourceArns") {
            none if none.is_empty() => vec!["*"],
            given => given,
        };
        let results = params.texts("ActionNames").into_iter().map(|action| {
            let decisions: Vec<(&str, Decision)> = resources
                .iter()
                .map(|resource| (*resource, decide(role.values().flatten(), action, resource)))
                .collect();
            result(action, &decisions)
        });
        Ok(json!({"EvaluationResults": results.collect::<Value>(), "IsTruncated": false}))
    }
}

fn result(action: &str, decisions: &[(&str, Decision)]) -> Value {
    let strictest = decisions.iter().map(|(_, decision)| *decision).max();
    let one = |(resource, decision): &(&str, Decision)| {
        json!({"EvalResourceName": resource, "EvalResourceDecision": decision.as_str(), "MatchedStatements": [],
            "MissingContextValues": []})
    };
    json!({
        "EvalActionName": action,
        "EvalResourceName": decisions.first().map(|(resource, _)| *resource),
        "EvalDecision": strictest.unwrap_or(Decision::ImplicitDeny).as_str(),
        "MatchedStatements": [],
        "MissingContextValues": [],
        "ResourceSpecificResults": decisions.iter().map(one).collect::<Value>(),
    })
}

fn decide<'a>(statements: impl Iterator<Item = &'a Statement>, action: &str, resource: &str) -> Decision {
    let applies = |one: &&Statement| {
        let action_fits = |pattern: &String| fits(&pattern.to_lowercase(), &action.to_lowercase());
        one.actions.iter().any(action_fits) && one.resources.iter().any(|pattern| fits(pattern, resource))
    };
    statements
        .filter(applies)
        .fold(Decision::ImplicitDeny, |so_far, one| {
            match (one.is_allow, so_far) {
                (false, _) | (_, Decision::ExplicitDeny) => Decision::ExplicitDeny,
                (true, _) => Decision::Allowed,
            }
        })
}

/// Whether a text fits a pattern, in which `*` stands for any characters and `?` for one.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // What is behind the last `*`, and where in the text that may begin.
    let (mut at, mut in_text, mut last) = (0, 0, None);
    while in_text < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                last = Some((at + 1, in_text));
                at += 1;
            }
            Some(letter) if *letter == b'?' || Some(letter) == text.get(in_text) => {
                at += 1;
                in_text += 1;
            }
            _ => {
                let Some((behind, begin)) = last else { return false };
                last = Some((behind, begin + 1));
                (at, in_text) = (behind, begin + 1);
            }
        }
    }
    pattern.iter().skip(at).all(|letter| *letter == b'*')
}

fn statements(document: &str) -> Result<Vec<Statement>, ApiError> {
    let policy: Value =
        serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let listed = |value: &Value| match value {
        Value::Array(items) => items.clone(),
        Value::Null => Vec::new(),
        one => vec![one.clone()],
    };
    let texts = |value: &Value| -> Vec<String> {
        let all = listed(value).into_iter();
        all.filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let read = |one: Value| {
        let members = one
            .as_object()
            .ok_or_else(|| malformed("Syntax errors in policy."))?;
        let known = ["Sid", "Effect", "Action", "Resource"];
        if let Some(other) = members.keys().find(|name| !known.contains(&name.as_str())) {
            return Err(malformed(&format!("the local AWS does not evaluate {other}")));
        }
        let statement = Statement {
            is_allow: one["Effect"] == "Allow",
            actions: texts(&one["Action"]),
            resources: texts(&one["Resource"]),
        };
        let has_effect = statement.is_allow || one["Effect"] == "Deny";
        match has_effect && !statement.actions.is_empty() && !statement.resources.is_empty() {
            true => Ok(statement),
            false => Err(malformed("Syntax errors in policy.")),
        }
    };
    listed(&policy["Statement"]).into_iter().map(read).collect()
}

fn malformed(message: &str) -> ApiError {
    client("MalformedPolicyDocument", message)
}

fn no_role(name: &str) -> ApiError {
    let message = format!("The role with name {name} cannot be found.");
    ApiError::new("NoSuchEntity", message, 404)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn iam(policies: &[Value]) -> Iam {
        let scope = Scope {
            region: "eu-west-1".to_owned(),
            account: "123456789012".to_owned(),
        };
        let mut iam = Iam::new(scope);
        let now = Timestamp::UNIX_EPOCH;
        iam.call(now, "CreateRole", &json!({"RoleName": "r"})).unwrap();
        for (number, statement) in policies.iter().enumerate() {
            let document = json!({"Version": "2012-10-17", "Statement": statement}).to_string();
            let params =
                json!({"RoleName": "r", "PolicyName": number.to_string(), "PolicyDocument": document});
            iam.call(now, "PutRolePolicy", &params).unwrap();
        }
        iam
    }

    fn decisions(iam: &mut Iam, action: &str, resources: &[&str]) -> (String, Vec<String>) {
        let params = json!({"PolicySourceArn": "arn:aws:iam::123456789012:role/r", "ActionNames": [action],
            "ResourceArns": resources});
        let answer = iam
            .call(Timestamp::UNIX_EPOCH, "SimulatePrincipalPolicy", &params)
            .unwrap();
        let result = &answer["EvaluationResults"][0];
        let each = result["ResourceSpecificResults"].as_array().unwrap().iter();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (
            text(&result["EvalDecision"]),
            each.map(|one| text(&one["EvalResourceDecision"])).collect(),
        )
    }

    #[test]
    fn what_is_not_allowed_is_denied_and_a_deny_goes_first() {
        let allow = json!({"Effect": "Allow", "Action": ["ssm:Get*"], "Resource": "arn:p/*"});
        let deny = json!([{"Sid": "No", "Effect": "Deny", "Action": "ssm:*", "Resource": ["arn:p/secret"]}]);
        let mut iam = iam(&[deny, allow]);
        let (all, each) = decisions(
            &mut iam,
            "SSM:GetParameter",
            &["arn:p/a", "arn:q/a", "arn:p/secret"],
        );
        assert_eq!(each, ["allowed", "implicitDeny", "explicitDeny"]);
        assert_eq!(all, "explicitDeny", "the strictest");
        assert_eq!(
            decisions(&mut iam, "ssm:PutParameter", &["arn:p/a"]).0,
            "implicitDeny"
        );
    }

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abcd", false),
            ("a*b*c", "a-b-b-c", true),
            ("/p/*/*", "/p/prod/i-1", true),
            ("/p/*/*", "/p/control", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("abc", "abc", true),
            ("abc", "ab", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_not_evaluated_is_refused_and_an_unknown_role_is_not_there() {
        let mut iam = iam(&[]);
        let conditional =
            json!({"Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*", "Condition": {}}]});
        let params = json!({"RoleName": "r", "PolicyName": "p", "PolicyDocument": conditional.to_string()});
        let refused = iam
            .call(Timestamp::UNIX_EPOCH, "PutRolePolicy", &params)
            .unwrap_err();
        assert_eq!(refused.code, "MalformedPolicyDocument");
        let params = json!({"PolicySourceArn": "arn:aws:iam::123456789012:role/x", "ActionNames": ["a:b"]});
        let unknown = iam
            .call(Timestamp::UNIX_EPOCH, "SimulatePrincipalPolicy", &params)
            .unwrap_err();
        assert_eq!((unknown.code.as_str(), unknown.status), ("NoSuchEntity", 404));
    }
}
