//! Credentials of the task role, from the agent. Static keys in the environment go first, as in every SDK.

use std::time::{Duration, SystemTime};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_ssm::config::{Credentials, ProvideCredentials};
use protector_runtime::error::chain;
use tokio::time::timeout;

use super::error::AwsError;
use crate::environment::variable;

/// The agent is on the same host. Shorter than an attempt, so that a gap is distinguished from a timeout of the call.
const LIMIT: Duration = Duration::from_secs(3);

/// Credentials that end so soon are fetched again. The agent renews them earlier.
const RENEW_BEFORE: Duration = Duration::from_secs(300);

/// Loads credentials.
///
/// # Errors
/// `NoCredentials`, with what the agent said.
pub(super) async fn load(provider: &ProviderConfig) -> Result<Credentials, AwsError> {
    let loading = async {
        if variable("AWS_ACCESS_KEY_ID").is_some() {
            return EnvironmentVariableCredentialsProvider::new()
                .provide_credentials()
                .await;
        }
        EcsCredentialsProvider::builder()
            .configure(provider)
            .build()
            .provide_credentials()
            .await
    };
    match timeout(LIMIT, loading).await {
        Ok(Ok(credentials)) => Ok(credentials),
        Ok(Err(error)) => Err(AwsError::no_credentials(&chain(&error))),
        Err(_) => Err(AwsError::no_credentials(&format!(
            "no response within {} s",
            LIMIT.as_secs()
        ))),
    }
}

/// Returns whether it is time for new ones.
pub(super) fn are_ending(expiry: Option<SystemTime>, now: SystemTime) -> bool {
    expiry.is_some_and(|end| end <= now + RENEW_BEFORE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_renewed_before_their_end() {
        let now = SystemTime::now();
        assert!(!are_ending(None, now));
        assert!(!are_ending(Some(now + Duration::from_secs(301)), now));
        assert!(are_ending(Some(now + Duration::from_secs(300)), now));
        assert!(are_ending(Some(now - Duration::from_secs(1)), now));
    }
}
