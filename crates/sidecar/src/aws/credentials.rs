//! Credentials of the task role, from the agent. Static keys in the environment go first, as in every SDK.

use protector_core::limits::sidecar::{CREDENTIALS_RENEWED_BEFORE, CREDENTIALS_TIMEOUT};
use std::time::SystemTime;

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_sdk_ssm::config::{Credentials, ProvideCredentials};
use protector_runtime::error::chain;
use tokio::time::timeout;

use super::error::AwsError;
use crate::environment::variable;

/// Loads credentials. The error is `NoCredentials`, with what the agent said.
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
    match timeout(CREDENTIALS_TIMEOUT, loading).await {
        Ok(Ok(credentials)) => Ok(credentials),
        Ok(Err(error)) => Err(AwsError::no_credentials(&chain(&error))),
        Err(_) => Err(AwsError::no_credentials(&format!(
            "no response within {} s",
            CREDENTIALS_TIMEOUT.as_secs()
        ))),
    }
}

/// Returns whether it is time for new ones.
pub(super) fn are_ending(expiry: Option<SystemTime>, now: SystemTime) -> bool {
    expiry.is_some_and(|end| end <= now + CREDENTIALS_RENEWED_BEFORE)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
