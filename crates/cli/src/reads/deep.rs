//! A look at the tasks of many drains, one after the other.

use super::instance::{InstanceReader, Known};
use crate::look::stderr_line;
use protector_core::ids::InstanceKey;
use protector_core::plural::counted;
use protector_diagnosis::explain::looked_at;
use protector_diagnosis::fleet::Fleet;
use std::io::{self, IsTerminal};
use tokio::time::{Instant, timeout_at};

/// Adds to these drains of a fleet what a look at their tasks shows: why they hold, and until when at the latest.
///
/// Returns false, and says so, if the time ran out before the last of them; those before it have what was found.
pub(crate) async fn deepen(
    mut reader: InstanceReader<'_>,
    fleet: &mut Fleet,
    keys: &[InstanceKey],
    known: &Known,
    end: Instant,
) -> bool {
    let open: Vec<usize> = fleet
        .drains
        .iter()
        .enumerate()
        .filter(|(_, drain)| drain.is_open() && keys.contains(&drain.key))
        .map(|(place, _)| place)
        .collect();
    for (number, place) in open.iter().enumerate() {
        progress(number, open.len());
        let Some(drain) = fleet.drains.get_mut(*place) else {
            continue;
        };
        let Ok(reads) = timeout_at(end, reader.read(drain.clone(), known)).await else {
            let all = counted(open.len(), "drain");
            stderr_line(&format!(
                "the tasks of {number} of {all} were looked at in time: give it more time with --timeout"
            ));
            return false;
        };
        let (looked, gaps) = looked_at(&reads);
        *drain = looked;
        fleet.now = fleet.now.max(reads.now);
        for gap in gaps {
            if !fleet.gaps.contains(&gap) {
                fleet.gaps.push(gap);
            }
        }
    }
    true
}

/// The calls of one drain take two seconds, so a person is shown how far the reading is.
fn progress(number: usize, of: usize) {
    if of > 1 && io::stderr().is_terminal() {
        stderr_line(&format!("looking at the tasks of drain {} of {of}", number + 1));
    }
}
