//! How answers from outside are read.

use super::*;

#[test]
fn only_two_target_states_say_something() {
    for (target, spot_notice, expected) in [
        (Some("Terminated"), false, TargetLifecycleState::Leaving),
        (Some("InService"), false, TargetLifecycleState::InService),
        (Some("InService"), true, TargetLifecycleState::Leaving),
        (None, true, TargetLifecycleState::Leaving),
        (None, false, TargetLifecycleState::Unknown),
        (Some("Standby"), false, TargetLifecycleState::Unknown),
        (Some("Warmed:Stopped"), false, TargetLifecycleState::Unknown),
    ] {
        let state = TargetLifecycleState::of(target, spot_notice);
        assert_eq!(state, expected, "{target:?} {spot_notice}");
    }
}

#[test]
fn p2_no_error_code_is_not_found() {
    for (code, expected) in [
        ("AccessDeniedException", ReadError::Denied),
        ("AccessDenied", ReadError::Denied),
        ("UnauthorizedOperation", ReadError::Denied),
        ("NotAuthorized", ReadError::Denied),
        ("ExpiredTokenException", ReadError::NoCredentials),
        ("ExpiredToken", ReadError::NoCredentials),
        ("UnrecognizedClientException", ReadError::NoCredentials),
        ("InvalidClientTokenId", ReadError::NoCredentials),
        ("MissingAuthenticationToken", ReadError::NoCredentials),
        ("MissingAuthenticationTokenException", ReadError::NoCredentials),
        ("ThrottlingException", ReadError::Failed),
        ("InternalServerError", ReadError::Failed),
        ("ParameterNotFound", ReadError::Failed),
        ("ParameterVersionNotFound", ReadError::Failed),
        ("ValidationException", ReadError::Failed),
        ("", ReadError::Failed),
    ] {
        assert_eq!(ReadError::of_code(code), expected, "{code}");
    }
}
