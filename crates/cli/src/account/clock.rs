//! The time at AWS: the `Date` of the first answer says how far the local clock is off.

use super::time;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Arc, OnceLock};

/// A difference up to this is the way of an answer, and the second that a `Date` is cut to.
const IGNORED: SignedDuration = SignedDuration::from_secs(5);

/// How far AWS's clock is ahead of the local one, from the first answer on.
#[derive(Clone, Debug, Default)]
pub(super) struct Skew(Arc<OnceLock<SignedDuration>>);

impl Skew {
    /// How far the local clock is off, if that matters: positive if AWS's is ahead.
    pub(super) fn error(&self) -> Option<SignedDuration> {
        self.0.get().copied().filter(|skew| skew.abs() > IGNORED)
    }

    /// The time at AWS.
    pub(super) fn now(&self) -> Timestamp {
        let local = Timestamp::now();
        let skew = self.error().unwrap_or_default();
        local.checked_add(skew).unwrap_or(local)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Skew {
    fn name(&self) -> &'static str {
        "Skew"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(time::http_date);
        if let Some(date) = date {
            self.0.get_or_init(|| date.duration_since(Timestamp::now()));
        }
        Ok(())
    }
}
