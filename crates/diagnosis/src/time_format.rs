//! Durations and times as people read them.

use jiff::tz::Offset;
use jiff::{SignedDuration, Timestamp};

/// Units of a duration, the largest first, with their length in seconds.
const UNITS: [(u64, char); 4] = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];

/// A duration in its two largest units, `3m10s`, `6h01m`, `2m`: rounded down to the smaller one, which is left out if it
/// is zero. Less than a second is `0s`; a negative duration has a minus sign.
#[must_use]
pub fn span(duration: SignedDuration) -> String {
    let whole = duration.as_secs().unsigned_abs();
    let mut units = UNITS.iter().skip_while(|(length, _)| *length > whole);
    let Some((length, unit)) = units.next() else {
        return "0s".to_owned();
    };
    let sign = if duration.is_negative() { "-" } else { "" };
    let first = format!("{sign}{}{unit}", whole / length);
    let smaller = units.next().map(|(next, unit)| (whole % length / next, unit));
    match smaller {
        Some((count, unit)) if count > 0 => format!("{first}{count:02}{unit}"),
        _ => first,
    }
}

/// A time to the second in UTC, `03:12:07Z`; with the date, `2026-11-29 03:12:07Z`, if that is not the date of `now`.
#[must_use]
pub fn clock(at: Timestamp, now: Timestamp) -> String {
    let day = |time: Timestamp| Offset::UTC.to_datetime(time).date();
    let format = if day(at) == day(now) {
        "%H:%M:%SZ"
    } else {
        "%Y-%m-%d %H:%M:%SZ"
    };
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duration_has_two_units_at_most() {
        let table = [
            (0, "0s"),
            (1, "1s"),
            (28, "28s"),
            (60, "1m"),
            (65, "1m05s"),
            (190, "3m10s"),
            (3599, "59m59s"),
            (3600, "1h"),
            (3659, "1h"),
            (3660, "1h01m"),
            (21_660, "6h01m"),
            (86_399, "23h59m"),
            (86_400, "1d"),
            (86_400 + 3599, "1d"),
            (172_800 + 3 * 3600, "2d03h"),
            (864_000, "10d"),
            (-28, "-28s"),
            (-190, "-3m10s"),
        ];
        for (seconds, text) in table {
            assert_eq!(span(SignedDuration::from_secs(seconds)), text, "{seconds}");
        }
        assert_eq!(span(SignedDuration::from_millis(1_999)), "1s");
        assert_eq!(span(SignedDuration::from_millis(-999)), "0s");
        assert!(span(SignedDuration::MIN).starts_with("-106751991167300d"));
        assert!(span(SignedDuration::MAX).starts_with("106751991167300d"));
    }

    #[test]
    fn a_time_of_another_day_has_its_date() {
        let table = [
            ("2026-11-28T03:12:07.9Z", "2026-11-28T23:59:59Z", "03:12:07Z"),
            (
                "2026-11-29T00:00:00Z",
                "2026-11-28T23:59:59Z",
                "2026-11-29 00:00:00Z",
            ),
            (
                "2026-11-27T23:59:59Z",
                "2026-11-28T00:00:00Z",
                "2026-11-27 23:59:59Z",
            ),
            (
                "2025-11-28T03:12:07Z",
                "2026-11-28T03:12:07Z",
                "2025-11-28 03:12:07Z",
            ),
        ];
        for (at, now, text) in table {
            assert_eq!(clock(at.parse().unwrap(), now.parse().unwrap()), text);
        }
    }

    proptest! {
        /// What is shown is the duration less than one of its smaller unit.
        #[test]
        fn a_duration_is_rounded_down(seconds in 0_u32..10_000_000) {
            let text = span(SignedDuration::from_secs(i64::from(seconds)));
            let seconds = u64::from(seconds);
            let (mut sum, mut number, mut smallest) = (0, 0, 1);
            for letter in text.chars() {
                if let Some(digit) = letter.to_digit(10) {
                    number = number * 10 + u64::from(digit);
                } else {
                    let length = UNITS.iter().find(|(_, unit)| *unit == letter).unwrap().0;
                    sum += number * length;
                    smallest = length;
                    number = 0;
                }
            }
            // The unit that is left out is the next smaller one.
            let step = if text.chars().filter(|letter| letter.is_alphabetic()).count() == 2 {
                smallest
            } else {
                UNITS.iter().map(|(length, _)| *length).find(|length| *length < smallest).unwrap_or(1)
            };
            prop_assert!(sum <= seconds && seconds - sum < step, "{text} {seconds}");
        }
    }
}
