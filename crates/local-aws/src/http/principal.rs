//! Who is calling. Signatures are not checked; the access key says which program it is.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;

/// Access key, and so principal, of the coordinator.
pub const COORDINATOR: &str = "COORDINATOR";

/// Principal of calls made through [`crate::LocalAws::call`].
pub const OPERATOR: &str = "operator";

/// Access key, and so principal, of the containers of one task that use its task role.
pub fn sidecar(task_id: &str) -> String {
    format!("SIDECAR-{task_id}")
}

/// The access key id in a Signature Version 4 `Authorization` header:
/// `AWS4-HMAC-SHA256 Credential=<key>/<date>/<region>/<service>/aws4_request, …`.
pub(crate) fn of(headers: &HeaderMap) -> Option<String> {
    let authorization = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (_, credential) = authorization.split_once("Credential=")?;
    let key = credential.split(['/', ',', ' ']).next()?;
    (!key.is_empty()).then(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_access_key_is_the_principal() {
        let mut headers = HeaderMap::new();
        assert_eq!(of(&headers), None);
        let value =
            "AWS4-HMAC-SHA256 Credential=SIDECAR-1/20260101/eu-west-1/ssm/aws4_request, SignedHeaders=a";
        headers.insert(AUTHORIZATION, value.parse().unwrap());
        assert_eq!(of(&headers), Some(sidecar("1")));
    }
}
