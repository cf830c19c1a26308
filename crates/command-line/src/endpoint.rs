//! How other programs reach a local AWS.

/// Access key that the printed examples use; any will do, it is only the name of the caller in the journal.
pub const ACCESS_KEY: &str = "local";

/// What to type to talk to the local AWS at `endpoint`.
pub fn environment(endpoint: &str, region: &str) -> String {
    format!(
        "  export AWS_ENDPOINT_URL={endpoint} AWS_REGION={region} AWS_DEFAULT_REGION={region}
  export AWS_ACCESS_KEY_ID={ACCESS_KEY} AWS_SECRET_ACCESS_KEY={ACCESS_KEY}"
    )
}
