//! What a failed call of the SDK is for a person.

use crate::output;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use protector_core::limits::{MESSAGE_CHARS_MAX, cut};
use protector_core::redact::without_tokens;
use protector_diagnosis::read::{Gap, GapKind};
use std::error::Error;

/// The gap that a failed call leaves.
pub(super) fn gap<E>(call: &'static str, error: &SdkError<E, HttpResponse>) -> Gap
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let code = error.code().map(str::to_owned);
    let causes = output::chain(error);
    let kind = match &code {
        Some(code) => of_code(code),
        None => of_causes(error, &causes),
    };
    let message = error.message().map_or_else(|| causes.clone(), str::to_owned);
    Gap {
        call,
        kind,
        code: code.unwrap_or_else(|| word(kind).to_owned()),
        message: cut(&without_tokens(&message), MESSAGE_CHARS_MAX),
    }
}

fn of_code(code: &str) -> GapKind {
    match code {
        "AccessDeniedException"
        | "AccessDenied"
        | "UnauthorizedOperation"
        | "AuthorizationError"
        | "AuthorizationErrorException" => GapKind::Denied,
        "ThrottlingException" | "Throttling" | "TooManyRequestsException" | "RequestLimitExceeded" => {
            GapKind::Throttled
        }
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch" => GapKind::SignedOut,
        "ParameterNotFound"
        | "ClusterNotFoundException"
        | "ResourceNotFoundException"
        | "ServiceNotFoundException"
        | "NoSuchEntity" => GapKind::NotFound,
        _ => GapKind::Other,
    }
}

/// Without an answer of the service: the SDK found no credentials, or did not reach it.
fn of_causes<E>(error: &SdkError<E, HttpResponse>, causes: &str) -> GapKind {
    let no_credentials = ["credential", "sso session", "token has expired", "mfa_serial"];
    let lower = causes.to_lowercase();
    match error {
        SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_)
            if no_credentials.iter().any(|text| lower.contains(text)) =>
        {
            GapKind::SignedOut
        }
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
            GapKind::Unreachable
        }
        SdkError::ServiceError(_) | SdkError::ConstructionFailure(_) => GapKind::Other,
        _ => GapKind::Other,
    }
}

/// A code of our own, where AWS gave none.
fn word(kind: GapKind) -> &'static str {
    match kind {
        GapKind::SignedOut => "NoCredentials",
        GapKind::Unreachable => "NoAnswer",
        GapKind::Denied | GapKind::Throttled | GapKind::NotFound | GapKind::Other => "NotUnderstood",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_says_what_kind_of_gap_it_is() {
        for (code, kind) in [
            ("AccessDeniedException", GapKind::Denied),
            ("ThrottlingException", GapKind::Throttled),
            ("ExpiredTokenException", GapKind::SignedOut),
            ("ClusterNotFoundException", GapKind::NotFound),
            ("ServerException", GapKind::Other),
        ] {
            assert_eq!(of_code(code), kind, "{code}");
        }
    }
}
