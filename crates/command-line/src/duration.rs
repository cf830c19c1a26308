//! Durations on the command line.

use jiff::SignedDuration;
use std::time::Duration;

/// Reads a duration as the settings of the protector are written: `90s`, `1m30s`, `500ms`; not negative.
pub fn parse(text: &str) -> Result<Duration, String> {
    let wrong = || "expected a duration such as 500ms, 90s or 1m30s".to_owned();
    let parsed: SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_for_people() {
        let cases = [
            ("90s", Some(90_000)),
            ("1m30s", Some(90_000)),
            ("500ms", Some(500)),
            ("0s", Some(0)),
        ];
        for (text, millis) in cases {
            assert_eq!(parse(text).ok(), millis.map(Duration::from_millis), "{text}");
        }
        for text in ["-1s", "", "soon"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
