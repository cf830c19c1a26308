//! A call that returned no answer: its kind, its message, and a hint.

use std::error::Error;

use protector_core::hold::state::ReadError;
use protector_core::network;
use protector_runtime::error::chain;

use super::client::CallError;
use crate::logging::short;
use crate::net::Failed;

/// A call that failed, with its error and a hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AwsError {
    /// The kind of the failure, for the decisions of the wait.
    pub(crate) kind: ReadError,
    /// The message, cut to a length that is safe to log.
    pub(crate) detail: String,
    /// What a person can do.
    pub(crate) hint: String,
}

impl AwsError {
    /// A fault of the kind that AWS gave an error code for, or of the way there. `denied` is the hint for a missing
    /// permission, `unreachable` the hint for everything else.
    pub(super) fn of_call(error: &CallError, denied: &str, unreachable: &str) -> Self {
        let Some(answer) = error.as_service_error() else {
            return failed(error).map_or_else(|| Self::failed(&chain(error), unreachable), Self::unreachable);
        };
        let code = answer.code().unwrap_or("error without a code");
        let detail = short(&format!("{code}: {}", answer.message().unwrap_or("no message")));
        match ReadError::of_code(code) {
            ReadError::Denied => Self {
                kind: ReadError::Denied,
                detail,
                hint: denied.to_owned(),
            },
            ReadError::NoCredentials => Self::no_credentials(&detail),
            kind => Self {
                kind,
                detail,
                hint: "nothing; the call is retried".to_owned(),
            },
        }
    }

    /// No answer.
    pub(crate) fn failed(detail: &str, hint: &str) -> Self {
        Self {
            kind: ReadError::Failed,
            detail: short(detail),
            hint: hint.to_owned(),
        }
    }

    /// No answer, and it is known what happened on the way.
    fn unreachable(failed: &Failed) -> Self {
        Self::failed(&failed.to_string(), &network::hint(failed.seen, &failed.route))
    }

    /// No credentials, or none that are accepted.
    pub(crate) fn no_credentials(detail: &str) -> Self {
        let hint = "give the task definition a taskRoleArn; in host network mode the agent also needs \
                    ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true";
        Self {
            kind: ReadError::NoCredentials,
            detail: short(detail),
            hint: hint.to_owned(),
        }
    }
}

/// Returns whether AWS has answered that there is no parameter of this name. Nothing else is an absence (promise P2).
pub(super) fn is_not_found(error: &CallError) -> bool {
    let answer = error.as_service_error();
    answer.is_some_and(|answer| answer.code() == Some("ParameterNotFound"))
}

/// What happened on the way, if that is among the causes.
fn failed<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a Failed> {
    let mut causes = std::iter::successors(Some(error), |&error| error.source());
    causes.find_map(|cause| cause.downcast_ref())
}

#[cfg(test)]
mod tests {
    use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
    use aws_smithy_runtime_api::http::StatusCode;
    use aws_smithy_types::body::SdkBody;
    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[test]
    fn p2_one_answer_alone_is_an_absence() {
        let response = || HttpResponse::new(StatusCode::try_from(400).unwrap(), SdkBody::empty());
        let answer = |code: &str| {
            let error = ErrorMetadata::builder().code(code).build();
            CallError::service_error(error, response())
        };
        assert!(is_not_found(&answer("ParameterNotFound")));
        for code in [
            "ParameterVersionNotFound",
            "NotFound",
            "AccessDeniedException",
            "",
        ] {
            assert!(!is_not_found(&answer(code)), "{code}");
        }
        let silent = CallError::service_error(ErrorMetadata::builder().build(), response());
        assert!(!is_not_found(&silent));
        assert!(!is_not_found(&CallError::response_error("no JSON", response())));
        assert!(!is_not_found(&CallError::timeout_error("late")));
    }
}
