//! Runs of fleets that are over, as report and page show them.

use super::Ended;
use super::contender::Contender;
use super::fleet::Fleet;
use super::job::Played;
use super::measures::FleetRow;
use std::sync::Arc;

/// One run, and what it showed.
pub(crate) struct FleetRun {
    /// The system that drained.
    pub(crate) contender: Contender,
    pub(crate) row: FleetRow,
    /// Everything.
    pub(crate) played: Played,
}

pub(crate) struct Runs {
    /// The fleet that was asked for.
    pub(crate) fleet: Arc<Fleet>,
    /// The runs, in order; those that were finished.
    pub(crate) runs: Vec<FleetRun>,
    /// Ctrl-C came.
    pub(crate) interrupted: bool,
}

impl Runs {
    /// Those of the product.
    pub(crate) fn ours(&self) -> impl Iterator<Item = &FleetRun> {
        self.runs
            .iter()
            .filter(|run| run.contender == Contender::Protector)
    }

    /// The numbers of those of the product.
    pub(crate) fn rows(&self) -> Vec<FleetRow> {
        self.ours().map(|run| run.row.clone()).collect()
    }

    /// The numbers of all.
    pub(crate) fn all_rows(&self) -> Vec<(Contender, FleetRow)> {
        self.runs
            .iter()
            .map(|run| (run.contender, run.row.clone()))
            .collect()
    }

    /// Returns how the runs ended.
    pub(crate) fn ended(&self) -> Ended {
        if self.interrupted {
            Ended::Interrupted
        } else if self.ours().any(|run| run.row.broken_promises > 0) {
            Ended::Broken
        } else {
            Ended::Kept
        }
    }
}
