//! Who is calling. Signatures are not checked; the access key identifies the program.

/// Access key, and so principal, of the coordinator.
pub const COORDINATOR: &str = "COORDINATOR";

/// Access key, and so principal, of the heartbeats' function.
pub const HEARTBEATS: &str = "HEARTBEATS";

/// Principal of calls made through [`crate::LocalAws::call`].
pub const OPERATOR: &str = "operator";

/// Access key, and so principal, of the containers of one task that use its task role.
pub fn sidecar(task_id: &str) -> String {
    format!("SIDECAR-{task_id}")
}

/// The access key id in a Signature Version 4 `Authorization` header:
/// `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …`.
pub(crate) fn of(authorization: &str) -> Option<String> {
    let (_, credential) = authorization.split_once("Credential=")?;
    let key = credential.split(['/', ',', ' ']).next()?;
    (!key.is_empty()).then(|| key.to_owned())
}

/// The service in the credential scope of such a header: the fourth part of `Credential`. All services share one address
/// here, and the Query protocol names its service nowhere else.
pub(crate) fn service_of(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.split_once("Credential=")?;
    let scope = credential.split([',', ' ']).next()?;
    scope.split('/').nth(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_access_key_is_the_principal() {
        assert_eq!(of("Bearer x"), None);
        let value =
            "AWS4-HMAC-SHA256 Credential=SIDECAR-1/20260101/eu-west-1/ssm/aws4_request, SignedHeaders=a";
        assert_eq!(of(value), Some(sidecar("1")));
        assert_eq!(service_of(value), Some("ssm"));
        assert_eq!(service_of("AWS4-HMAC-SHA256 Credential=ana"), None);
    }
}
