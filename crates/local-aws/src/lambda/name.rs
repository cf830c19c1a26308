//! How callers name a function, and the answer they get at its end.

use super::environment::Role;
use super::invocation::{Invocation, InvocationOutcome};
use serde_json::{Value, json};

/// The version that each function has without being published.
const UNPUBLISHED: &str = "$LATEST";

/// A function as an API call names it: name, ARN or partial ARN, with a version or an alias or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FunctionName {
    place: Option<(String, String)>,
    name: String,
    qualifier: Option<String>,
}

impl FunctionName {
    /// Reads `FunctionName` and `Qualifier` of a call. None if both name a qualifier, and not the same.
    pub(crate) fn read(text: &str, qualifier: Option<String>) -> Option<FunctionName> {
        let parts: Vec<&str> = text.split(':').collect();
        let (place, rest) = match parts.as_slice() {
            ["arn", _, "lambda", region, account, "function", rest @ ..] => {
                (Some(((*region).to_owned(), (*account).to_owned())), rest)
            }
            [_, "function", rest @ ..] => (None, rest),
            rest => (None, rest),
        };
        let named = rest.get(1).map(|named| (*named).to_owned());
        let contradict = matches!((&named, &qualifier), (Some(one), Some(other)) if one != other);
        (!contradict).then(|| FunctionName {
            place,
            name: rest.first().map(|name| (*name).to_owned()).unwrap_or_default(),
            qualifier: named.or(qualifier),
        })
    }

    /// Its ARN, in this place unless it names another.
    pub(crate) fn arn(&self, region: &str, account: &str) -> String {
        let (region, account) = match &self.place {
            Some((region, account)) => (region.as_str(), account.as_str()),
            None => (region, account),
        };
        let qualifier = self.qualifier.iter().map(|qualifier| format!(":{qualifier}"));
        let qualifier: String = qualifier.collect();
        format!(
            "arn:aws:lambda:{region}:{account}:function:{}{qualifier}",
            self.name
        )
    }

    /// The function of the stack that it names, if it is one of this place.
    pub(super) fn role(&self, region: &str, account: &str) -> Option<Role> {
        let here = self
            .place
            .as_ref()
            .is_none_or(|(its_region, its_account)| its_region == region && its_account == account);
        let mut roles = [Role::Coordinator, Role::Heartbeats].into_iter();
        let role = roles.find(|role| role.name() == self.name)?;
        // The stack makes no version and no alias.
        let known = |qualifier: &str| qualifier == UNPUBLISHED;
        (here && self.qualifier.as_deref().is_none_or(known)).then_some(role)
    }
}

/// A function that a call may invoke.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Invocable(pub(super) Role);

/// The answer that the caller of a function gets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Invoked {
    Returned(Value),
    /// The function failed, with this error.
    Failed(Value),
    NotRun(String),
}

impl Invoked {
    /// The answer in the words of Lambda:
    /// <https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html>.
    pub(super) fn of(invocation: Invocation) -> Invoked {
        let id = &invocation.request_id;
        let failed = |kind: &str, what: String| {
            let message = format!("RequestId: {id} Error: {what}");
            Invoked::Failed(json!({"errorType": kind, "errorMessage": message}))
        };
        match invocation.outcome {
            InvocationOutcome::Returned(value) => Invoked::Returned(value),
            InvocationOutcome::Failed(error) | InvocationOutcome::InitFailed(Some(error)) => {
                Invoked::Failed(error)
            }
            InvocationOutcome::TimedOut => {
                let seconds = invocation.duration.as_secs_f64();
                failed(
                    "Sandbox.Timedout",
                    format!("Task timed out after {seconds:.2} seconds"),
                )
            }
            InvocationOutcome::Crashed(code) if code > 128 => failed(
                "Runtime.ExitError",
                format!("Runtime exited with error: signal: {}", code - 128),
            ),
            InvocationOutcome::Crashed(code) => failed(
                "Runtime.ExitError",
                format!("Runtime exited with error: exit status {code}"),
            ),
            InvocationOutcome::InitFailed(None) => failed(
                "Runtime.ExitError",
                "Runtime exited without providing a reason".to_owned(),
            ),
            InvocationOutcome::Unavailable(why) => Invoked::NotRun(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const NAME: &str = "ecs-daemon-protector";

    fn role(text: &str, qualifier: Option<&str>) -> Option<Role> {
        let name = FunctionName::read(text, qualifier.map(str::to_owned))?;
        name.role("eu-west-1", "123456789012")
    }

    #[test]
    fn a_function_has_many_names() {
        let arn = format!("arn:aws:lambda:eu-west-1:123456789012:function:{NAME}");
        let alias = format!("{arn}:$LATEST");
        let partial = format!("123456789012:function:{NAME}");
        let short = format!("{NAME}:$LATEST");
        for (text, qualifier) in [
            (NAME, None),
            (NAME, Some("$LATEST")),
            (short.as_str(), None),
            (&short, Some("$LATEST")),
            (&partial, None),
            (&arn, Some("$LATEST")),
            (&alias, None),
        ] {
            let role = role(text, qualifier);
            assert_eq!(role, Some(Role::Coordinator), "{text} {qualifier:?}");
        }
        let beats = "ecs-daemon-protector-heartbeats";
        assert_eq!(role(beats, None), Some(Role::Heartbeats));
        let elsewhere = alias.replace("eu-west-1", "us-east-1");
        let unqualified = [("other", None), ("", None), (&elsewhere, None)];
        let qualified = [
            (NAME, Some("dead")),
            (&short, Some("live")),
            (beats, Some("live")),
        ];
        for (text, qualifier) in unqualified.into_iter().chain(qualified) {
            assert_eq!(role(text, qualifier), None, "{text} {qualifier:?}");
        }
    }

    #[test]
    fn each_end_of_a_run_is_reported_as_lambda_tells_it() {
        let of = |outcome| {
            Invoked::of(Invocation {
                outcome,
                request_id: "r-1".to_owned(),
                duration: Duration::from_secs(60),
                ..Invocation::without_function("f", json!({}), 1, jiff::Timestamp::UNIX_EPOCH)
            })
        };
        let error = json!({"errorType": "Coordinator.Failed", "errorMessage": "no"});
        let failed = |kind: &str, what: &str| {
            let message = format!("RequestId: r-1 Error: {what}");
            Invoked::Failed(json!({"errorType": kind, "errorMessage": message}))
        };
        let exited = |what| failed("Runtime.ExitError", what);
        let late = failed("Sandbox.Timedout", "Task timed out after 60.00 seconds");
        let gone = "gone".to_owned();
        use InvocationOutcome as Outcome;
        for (outcome, reported) in [
            (Outcome::Returned(json!(1)), Invoked::Returned(json!(1))),
            (Outcome::Failed(error.clone()), Invoked::Failed(error.clone())),
            (Outcome::InitFailed(Some(error.clone())), Invoked::Failed(error)),
            (Outcome::TimedOut, late),
            (
                Outcome::Crashed(70),
                exited("Runtime exited with error: exit status 70"),
            ),
            (
                Outcome::Crashed(137),
                exited("Runtime exited with error: signal: 9"),
            ),
            (
                Outcome::InitFailed(None),
                exited("Runtime exited without providing a reason"),
            ),
            (Outcome::Unavailable(gone.clone()), Invoked::NotRun(gone)),
        ] {
            assert_eq!(of(outcome), reported);
        }
    }
}
