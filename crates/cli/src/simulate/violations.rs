//! What the judge says, in lines.

use super::display::count;
use protector_sim::judge::Violation;

/// So many are shown.
const SHOWN: usize = 5;

/// The first broken promises of a run, and how many there are.
pub(crate) fn lines(run: &str, violations: &[Violation]) -> Vec<String> {
    if violations.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![format!("{run}: {}", count(violations.len(), "broken promise"))];
    lines.extend(
        violations
            .iter()
            .take(SHOWN)
            .map(|violation| format!("  {violation}")),
    );
    if violations.len() > SHOWN {
        lines.push(format!("  and {} more", violations.len() - SHOWN));
    }
    lines
}
