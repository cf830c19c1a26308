//! A call that told nothing: what kind of trouble, in whose words, and what would mend it.

use std::error::Error;

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use protector_core::wait::Trouble;

use crate::say::short;

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What the wait makes of it.
    pub(crate) trouble: Trouble,
    /// What was said, cut to a length that is safe to log.
    pub(crate) detail: String,
    /// What a person can do.
    pub(crate) mend: String,
}

impl Fault {
    /// A fault of the kind that AWS gave an error code for, or of the way there. `denied` mends a missing permission,
    /// `unreachable` everything else.
    pub(crate) fn of_call<E, R>(error: &SdkError<E, R>, denied: &str, unreachable: &str) -> Self
    where
        E: ProvideErrorMetadata + Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let Some(answer) = error.as_service_error() else {
            return Self::failed(&chain(error), unreachable);
        };
        let code = answer.code().unwrap_or("error without a code");
        let detail = short(&format!("{code}: {}", answer.message().unwrap_or("no message")));
        match trouble(code) {
            Trouble::Denied => Self {
                trouble: Trouble::Denied,
                detail,
                mend: denied.to_owned(),
            },
            Trouble::NoCredentials => Self::no_credentials(&detail),
            trouble => Self {
                trouble,
                detail,
                mend: "nothing, it is tried again".to_owned(),
            },
        }
    }

    /// No answer.
    pub(crate) fn failed(detail: &str, mend: &str) -> Self {
        Self {
            trouble: Trouble::Failed,
            detail: short(detail),
            mend: mend.to_owned(),
        }
    }

    /// No credentials, or none that are accepted.
    pub(crate) fn no_credentials(detail: &str) -> Self {
        let mend = "give the task definition a taskRoleArn; in host network mode the agent also needs \
                    ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST=true";
        Self {
            trouble: Trouble::NoCredentials,
            detail: short(detail),
            mend: mend.to_owned(),
        }
    }
}

/// Error codes are not modelled for any call, so they are told apart by name. Unknown ones are worth another try.
fn trouble(code: &str) -> Trouble {
    match code {
        "AccessDeniedException" | "AccessDenied" | "UnauthorizedOperation" | "NotAuthorized" => {
            Trouble::Denied
        }
        "ExpiredTokenException"
        | "ExpiredToken"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException" => Trouble::NoCredentials,
        _ => Trouble::Failed,
    }
}

/// An error and all that caused it, each in its own short words.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut texts: Vec<String> = vec![error.to_string()];
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
    }
    texts.dedup();
    texts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p2_no_error_code_is_not_found() {
        for (code, expected) in [
            ("AccessDeniedException", Trouble::Denied),
            ("ExpiredTokenException", Trouble::NoCredentials),
            ("UnrecognizedClientException", Trouble::NoCredentials),
            ("ThrottlingException", Trouble::Failed),
            ("InternalServerError", Trouble::Failed),
            ("ParameterVersionNotFound", Trouble::Failed),
            ("ValidationException", Trouble::Failed),
            ("", Trouble::Failed),
        ] {
            assert_eq!(trouble(code), expected, "{code}");
        }
    }

    #[test]
    fn causes_are_told_once_each() {
        let inner = std::io::Error::other("connection refused");
        let outer = std::io::Error::other(inner);
        assert_eq!(chain(&outer), "connection refused");
    }
}
