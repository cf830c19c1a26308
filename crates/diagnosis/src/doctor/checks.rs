//! The checks, by category.

mod account;
mod alarms;
mod cluster;
mod coordinator;
mod daemons;
mod deep;
mod events;
mod hooks;
mod records;

use super::catalog::{CHECKS, Category, CheckId};
use super::finding::{Finding, Outcome};
use super::reads::DoctorReads;
use super::report::Section;

/// All checks, in their order.
pub(super) fn all(reads: &DoctorReads) -> Vec<Section> {
    let account = account::check(reads);
    if let Some(why) = unanswered(&account) {
        let rest = Category::ALL.into_iter().filter(|one| *one != Category::Account);
        let skipped = rest.map(|category| Section::whole(category, all_skipped(category, &[], why)));
        let mut sections = vec![Section::whole(Category::Account, account)];
        sections.extend(skipped);
        return sections;
    }
    let mut sections = vec![
        Section::whole(Category::Account, account),
        Section::whole(Category::Coordinator, coordinator::check(reads)),
        Section::whole(Category::Events, events::check(reads)),
    ];
    sections.extend(hooks::check(reads));
    sections.push(Section::whole(Category::Records, records::check(reads)));
    sections.extend(daemons::check(reads));
    sections.extend(cluster::check(reads));
    sections.push(Section::whole(Category::Alarms, alarms::check(reads)));
    sections
}

/// Why nothing can be asked, if the caller has no region or no credentials.
fn unanswered(account: &[Finding]) -> Option<&'static str> {
    let fatal = account.iter().find(|finding| is_fatal(finding))?;
    Some(match fatal.id {
        CheckId::Region => "no region is set",
        _ => "there are no valid credentials",
    })
}

/// Whether the finding ends its category.
fn is_fatal(finding: &Finding) -> bool {
    finding.id.check().is_fatal && finding.result == Outcome::Fail
}

/// The checks of a category that have not run, with the reason.
fn all_skipped(category: Category, done: &[Finding], why: &str) -> Vec<Finding> {
    let has_run = |id| done.iter().any(|finding| finding.id == id);
    let of_it = CHECKS.iter().filter(|check| check.category == category);
    of_it
        .filter(|check| !has_run(check.id))
        .map(|check| Finding::skipped(check.id, why))
        .collect()
}

/// The findings with those checks of the category that have none, each as skipped: a check that was asked for is never
/// silent. Those that were not asked for are taken out later.
fn complete(category: Category, mut findings: Vec<Finding>, why: &str) -> Vec<Finding> {
    let rest = all_skipped(category, &findings, why);
    findings.extend(rest);
    findings.sort_by_key(|finding| finding.id);
    findings
}

/// Up to five names of a list, and how many more there are.
fn names<T: AsRef<str>>(all: &[T]) -> String {
    const SHOWN: usize = 5;
    let shown: Vec<&str> = all.iter().take(SHOWN).map(AsRef::as_ref).collect();
    match all.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
