//! `deploymentConfiguration`: how far the scheduler may go below and above the desired count while it replaces tasks, be
//! it for a deployment or because their instance drains.
//!
//! <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-instance-draining.html>,
//! <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentConfiguration.html>

use crate::ApiError;
use crate::params::{Params, invalid};
use serde_json::{Value, json};

/// `minimumHealthyPercent` and `maximumPercent` of a replica service that was given them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Percents {
    minimum: u64,
    maximum: u64,
}

/// What AWS takes for the one that is not given.
const DEFAULT: Percents = Percents {
    minimum: 100,
    maximum: 200,
};

/// Of a service that was given none. AWS takes [`DEFAULT`]: then no drain of a cluster with one instance would ever end, and
/// most of what is tried here is one. It is shown in answers as it is.
const NOT_GIVEN: Percents = Percents {
    minimum: 0,
    maximum: 200,
};

/// The only ones of a daemon, which has one task on each instance.
const DAEMON: Percents = Percents {
    minimum: 0,
    maximum: 100,
};

/// How many tasks may be started and how many stopped now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowed {
    pub(super) starts: usize,
    pub(super) stops: usize,
}

impl Percents {
    /// Reads `deploymentConfiguration`; none if the call has none. Of a daemon there is nothing to keep.
    pub(super) fn read(params: Params<'_>, daemon: bool) -> Result<Option<Percents>, ApiError> {
        let given = &params.0["deploymentConfiguration"];
        if given.is_null() {
            return Ok(None);
        }
        let number = |name: &str, default: u64| match given[name].as_i64() {
            None => Ok(default),
            Some(value) => u64::try_from(value).map_err(|_| invalid(format!("{name} cannot be negative."))),
        };
        if daemon {
            return match number("maximumPercent", DAEMON.maximum)? {
                100 => Ok(None),
                _ => Err(invalid(
                    "The daemon scheduling strategy takes no other maximumPercent than 100.",
                )),
            };
        }
        Ok(Some(Percents {
            minimum: number("minimumHealthyPercent", DEFAULT.minimum)?,
            maximum: number("maximumPercent", DEFAULT.maximum)?,
        }))
    }

    /// What a service with so many healthy tasks and so many that are to run may do. The minimum rounds up, the maximum
    /// down.
    pub(super) fn allowed(self, desired: usize, wanted: usize, healthy: usize) -> Allowed {
        let desired = desired as u64;
        let least = (desired * self.minimum).div_ceil(100);
        let most = desired * self.maximum / 100;
        Allowed {
            starts: usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(wanted),
            stops: healthy.saturating_sub(usize::try_from(least).unwrap_or(usize::MAX)),
        }
    }
}

/// As the API writes it.
pub(super) fn described(percents: Option<Percents>, daemon: bool) -> Value {
    let default = match daemon {
        false => NOT_GIVEN,
        true => DAEMON,
    };
    let shown = percents.unwrap_or(default);
    json!({"minimumHealthyPercent": shown.minimum, "maximumPercent": shown.maximum})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minimum_rounds_up_and_the_maximum_down() {
        let percents = |minimum, maximum| Percents { minimum, maximum };
        for (bounds, desired, wanted, healthy, starts, stops) in [
            (percents(100, 200), 4, 4, 4, 4, 0),
            (percents(100, 200), 4, 8, 6, 0, 2),
            (percents(50, 200), 4, 4, 4, 4, 2),
            (percents(50, 100), 3, 3, 3, 0, 1),
            (percents(50, 100), 1, 1, 1, 0, 0),
            (percents(100, 100), 4, 4, 4, 0, 0),
            (percents(100, 150), 1, 1, 1, 0, 0),
            (percents(100, 150), 2, 2, 2, 1, 0),
            (percents(0, 100), 2, 2, 2, 0, 2),
            (percents(100, 200), 0, 3, 3, 0, 3),
        ] {
            let allowed = bounds.allowed(desired, wanted, healthy);
            assert_eq!(allowed, Allowed { starts, stops }, "{bounds:?} {desired}");
        }
    }

    #[test]
    fn what_is_not_given_is_as_with_aws_and_a_daemon_has_no_choice() {
        let read = |input: Value, daemon| Percents::read(Params(&input), daemon);
        let given = |members: Value| json!({"deploymentConfiguration": members});
        assert_eq!(read(json!({}), false), Ok(None));
        assert_eq!(read(given(json!({})), false), Ok(Some(DEFAULT)));
        let half = read(given(json!({"minimumHealthyPercent": 50})), false);
        assert_eq!(
            half,
            Ok(Some(Percents {
                minimum: 50,
                maximum: 200
            }))
        );
        assert!(read(given(json!({"maximumPercent": -1})), false).is_err());
        assert_eq!(read(given(json!({"maximumPercent": 100})), true), Ok(None));
        assert!(read(given(json!({"maximumPercent": 200})), true).is_err());
    }
}
