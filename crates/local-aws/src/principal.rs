//! Who is calling. Signatures are not checked; the access key says which program it is.

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_access_key_is_the_principal() {
        assert_eq!(of("Bearer x"), None);
        let value =
            "AWS4-HMAC-SHA256 Credential=SIDECAR-1/20260101/eu-west-1/ssm/aws4_request, SignedHeaders=a";
        assert_eq!(of(value), Some(sidecar("1")));
    }
}
