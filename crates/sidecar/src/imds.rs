//! The instance metadata service, version 2: a token by PUT, then GETs that carry it.
//!
//! Not by the SDK's client: that is an eighth of a megabyte for these two requests.

use http::{HeaderName, HeaderValue, Method};
use protector_core::hold::state::TargetLifecycleState;
use protector_core::ids::InstanceId;
use protector_core::limits::sidecar::IMDS_TIMEOUT;

use crate::environment::{is_true, variable};
use crate::local_http::{Answer, ask};

const ENDPOINT: &str = "http://169.254.169.254";

const TOKEN: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token");
const TOKEN_LIFE: HeaderName = HeaderName::from_static("x-aws-ec2-metadata-token-ttl-seconds");

/// A token is used at once, for one look: this many seconds.
const LIFE: HeaderValue = HeaderValue::from_static("60");

/// The EC2 instance. The error is a phrase.
pub(crate) async fn instance_id() -> Result<InstanceId, String> {
    let reported = Session::open().await?.get("instance-id").await?;
    reported
        .ok_or("IMDS has no instance id")?
        .parse()
        .map_err(|e| format!("IMDS: {e}"))
}

/// What becomes of the instance. Silence is [`TargetLifecycleState::Unknown`], which only leaves the decision to time.
pub(crate) async fn target_lifecycle_state() -> TargetLifecycleState {
    let Ok(session) = Session::open().await else {
        return TargetLifecycleState::Unknown;
    };
    let target = session
        .get("autoscaling/target-lifecycle-state")
        .await
        .ok()
        .flatten();
    let spot = session.get("spot/instance-action").await;
    TargetLifecycleState::of(target.as_deref(), matches!(spot, Ok(Some(_))))
}

/// One look.
struct Session {
    endpoint: String,
    token: HeaderValue,
}

impl Session {
    /// Fetches a token. `AWS_EC2_METADATA_DISABLED` and `AWS_EC2_METADATA_SERVICE_ENDPOINT` are obeyed.
    async fn open() -> Result<Self, String> {
        if is_true("AWS_EC2_METADATA_DISABLED") {
            return Err("AWS_EC2_METADATA_DISABLED is set".to_owned());
        }
        let endpoint = variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").unwrap_or_else(|| ENDPOINT.to_owned());
        let endpoint = endpoint.trim_end_matches('/').to_owned();
        let url = format!("{endpoint}/latest/api/token");
        match ask(Method::PUT, &url, (TOKEN_LIFE, LIFE), IMDS_TIMEOUT)
            .await
            .and_then(text)?
        {
            (200, text) => Ok(Self {
                endpoint,
                token: token(&text).ok_or_else(|| format!("{url}: not a token"))?,
            }),
            (status, _) => Err(format!("{url}: status {status}")),
        }
    }

    /// Nothing if there is no such item, which is how IMDS says "no": a target state that was never set, no Spot
    /// interruption.
    async fn get(&self, item: &str) -> Result<Option<String>, String> {
        let url = format!("{}/latest/meta-data/{item}", self.endpoint);
        match ask(Method::GET, &url, (TOKEN, self.token.clone()), IMDS_TIMEOUT)
            .await
            .and_then(text)?
        {
            (200, value) => Ok(Some(value)),
            (404, _) => Ok(None),
            (status, _) => Err(format!("{url}: status {status}")),
        }
    }
}

fn text(answer: Answer) -> Result<(u16, String), String> {
    let text = String::from_utf8(answer.body.into()).map_err(|e| format!("IMDS: {e}"))?;
    Ok((answer.status, text.trim().to_owned()))
}

/// A token is sent back as a header, and is no text for a log.
fn token(text: &str) -> Option<HeaderValue> {
    let is_one_word = !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic());
    let mut token = HeaderValue::try_from(text).ok().filter(|_| is_one_word)?;
    token.set_sensitive(true);
    Some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_one_word() {
        assert!(token("AQAEAHtoaXM-aXM_YQ==").is_some());
        for bad in ["", "two words", "token\r\nX-Other: 1"] {
            assert!(token(bad).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn an_answer_is_trimmed() {
        let answer = Answer {
            status: 200,
            body: "InService\n".into(),
        };
        assert_eq!(text(answer), Ok((200, "InService".to_owned())));
    }
}
