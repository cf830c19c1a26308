//! The result of a run.

use super::DemoError;
use super::calls::{self, Calls};
use super::files::RunDirectory;
use super::progress;
use super::verdict::{self, Tally};
use jiff::Timestamp;
use protector_aws_model::Entry;
use serde::Serialize;

/// One run in numbers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    /// Lines sent and arrived.
    #[serde(flatten)]
    pub(crate) lines: Tally,
    /// See [`progress::router_outlived`].
    pub(crate) router_outlived_seconds: Option<f64>,
    /// From the scale-in until the hook was completed.
    pub(crate) hook_completed_after_seconds: Option<f64>,
    /// AWS calls of the product, from its start on.
    pub(crate) calls: Calls,
}

/// Reads the files of `run` and the whole journal; the drain began at `start`.
pub(crate) fn of(run: &RunDirectory, journal: &[Entry], start: Timestamp) -> Result<Outcome, DemoError> {
    Ok(Outcome {
        lines: verdict::tally(&run.all_sent()?, &run.all_arrived()?),
        router_outlived_seconds: progress::router_outlived(journal),
        hook_completed_after_seconds: progress::hook_completed(journal)
            .map(|at| at.duration_since(start).as_secs_f64()),
        calls: calls::count(journal),
    })
}
