//! What the clock of AWS shows. The host's own may be wrong by minutes, and a deadline is not the host's to judge.
//!
//! Each answer of AWS has a `Date`; from there on a clock that cannot be set counts.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use aws_sdk_ssm::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_ssm::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ssm::error::BoxError;
use aws_sdk_ssm::primitives::{DateTime, DateTimeFormat};
use aws_smithy_async::time::TimeSource;
use jiff::Timestamp;
use protector_runtime::guarded::Guarded;

/// The clock of AWS, as its last answer has shown it. Clones are the same clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct AwsClock(Arc<Guarded<Option<Reference>>>);

/// The time that AWS sent, and when it came.
#[derive(Debug, Clone, Copy)]
struct Reference {
    date: SystemTime,
    at: Instant,
}

impl AwsClock {
    /// What it showed at that moment; nothing before the first answer.
    pub(crate) fn at(&self, moment: Instant) -> Option<Timestamp> {
        Timestamp::try_from(self.shown(moment)?).ok()
    }

    /// What it shows now; what the host's shows until AWS has answered.
    pub(crate) fn or_host(&self) -> SystemTime {
        self.shown(Instant::now()).unwrap_or_else(SystemTime::now)
    }

    fn shown(&self, moment: Instant) -> Option<SystemTime> {
        let reported = (*self.0.lock())?;
        let since = moment.saturating_duration_since(reported.at);
        let before = reported.at.saturating_duration_since(moment);
        reported.date.checked_add(since)?.checked_sub(before)
    }

    /// Takes in the `Date` of an answer that came at this moment. One that cannot be parsed is ignored.
    fn set(&self, date: &str, at: Instant) {
        let date = DateTime::from_str(date, DateTimeFormat::HttpDate).ok();
        let Some(date) = date.and_then(|date| SystemTime::try_from(date).ok()) else {
            return;
        };
        *self.0.lock() = Some(Reference { date, at });
    }
}

/// Requests are signed by it too: AWS refuses a signature that is five minutes off.
impl TimeSource for AwsClock {
    fn now(&self) -> SystemTime {
        self.or_host()
    }
}

impl Intercept for AwsClock {
    fn name(&self) -> &'static str {
        "AwsClock"
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(date) = context.response().headers().get("date") {
            self.set(date, Instant::now());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn time_goes_on_from_the_last_answer_in_both_directions() {
        let (clock, at) = (AwsClock::default(), Instant::now());
        assert_eq!(clock.at(at), None);
        clock.set("Tue, 24 Nov 2026 08:00:00 GMT", at);
        let shown = |moment| clock.at(moment).unwrap().to_string();
        assert_eq!(shown(at), "2026-11-24T08:00:00Z");
        assert_eq!(shown(at + Duration::from_secs(90)), "2026-11-24T08:01:30Z");
        if let Some(earlier) = at.checked_sub(Duration::from_secs(1)) {
            assert_eq!(shown(earlier), "2026-11-24T07:59:59Z");
        }
        clock.set("yesterday", at);
        assert_eq!(
            shown(at),
            "2026-11-24T08:00:00Z",
            "what cannot be read tells nothing"
        );
    }
}
