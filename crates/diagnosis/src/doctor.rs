//! Whether the protector is set up as it must be: one function for each check, from what was read to a [`Finding`].
//!
//! Nothing here reads AWS. What was read is [`reads::DoctorReads`]; which checks there are, and why, is [`catalog`].

pub mod catalog;
mod checks;
mod complete;
mod finding;
pub mod reads;
mod report;
pub mod role;
mod select;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use catalog::{Category, Check, CheckId};
pub use finding::{Finding, Outcome};
pub use report::{FailOn, Report, Section, Totals, Verdict};
pub use select::{Pick, Selection};

use reads::DoctorReads;

/// Runs the checks that are asked for, in their order.
#[must_use]
pub fn examine(reads: &DoctorReads, selection: &Selection) -> Report {
    let mut sections = checks::all(reads);
    for section in &mut sections {
        section.findings.retain(|finding| selection.wants(finding.id));
    }
    sections.retain(|section| !section.findings.is_empty());
    Report { sections }
}
