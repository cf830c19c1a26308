//! Why a task holds: the table of causes, and their precedence.

pub(crate) mod moving;
mod replacement;
mod stopping;

use super::finding::CauseFinding;
use super::look::TaskLook;

/// A row of the table of causes: whether it fits, and what is known then.
type Row = fn(&TaskLook<'_>) -> Option<CauseFinding>;

/// The causes of a task in the order of their precedence.
const ROWS: [Row; 15] = [
    stopping::agent_lost,
    stopping::pending,
    stopping::deregistering,
    stopping::stopping,
    stopping::detaching,
    moving::standalone,
    moving::protected,
    moving::deployment_config,
    replacement::no_room,
    replacement::waiting_for_instance,
    replacement::cannot_start,
    replacement::not_healthy_yet,
    moving::throttled,
    moving::fresh,
    moving::deploying,
];

/// Why a task holds: the first row that fits. What could not be read makes the answer not known, and never "not found".
pub(super) fn task_cause(look: &TaskLook<'_>) -> CauseFinding {
    let found = ROWS.iter().find_map(|row| row(look));
    found.unwrap_or_else(|| moving::not_found(look))
}

#[cfg(test)]
mod tests;
