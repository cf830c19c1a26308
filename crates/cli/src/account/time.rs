//! Times, as the SDK and HTTP write them.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use jiff::Timestamp;

/// A time of the SDK.
pub(super) fn at(time: Option<&DateTime>) -> Option<Timestamp> {
    let time = time?;
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

/// A time of the SDK for a request.
pub(super) fn milliseconds(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The `Date` of an HTTP answer (RFC 9110, section 5.6.7).
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    at(DateTime::from_str(text, Format::HttpDate).ok().as_ref())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_a_time() {
        let date = http_date("Sat, 28 Nov 2026 03:12:07 GMT").unwrap();
        assert_eq!(date.to_string(), "2026-11-28T03:12:07Z");
        assert_eq!(http_date("soon"), None);
    }

    #[test]
    fn a_time_of_the_sdk_keeps_its_fraction() {
        let time = DateTime::from_secs_f64(1_795_835_527.25);
        assert_eq!(at(Some(&time)).unwrap().to_string(), "2026-11-28T03:12:07.25Z");
        assert_eq!(at(None), None);
    }
}
