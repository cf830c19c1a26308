//! What a command does around its reads: patience, progress, and what it says if it cannot ask or the clock is off.

use crate::account::Account;
use crate::look;
use protector_core::shared::is_made_up;
use protector_diagnosis::drain::Drain;
use protector_diagnosis::fleet::Fleet;
use protector_diagnosis::read::Gap;
use std::io::{self, IsTerminal};

/// A future, bounded by the command's patience; says so if that runs out.
pub(crate) async fn within<T>(limit: std::time::Duration, work: impl Future<Output = T>) -> Option<T> {
    let done = tokio::time::timeout(limit, work).await.ok();
    if done.is_none() {
        look::stderr_line(&format!(
            "not answered within {limit:?}: give it more time with --timeout"
        ));
    }
    done
}

/// Pages of records take half a second each, so a person is shown how far the reading is.
pub(crate) fn progress(parameters: usize) {
    if io::stderr().is_terminal() && parameters.is_multiple_of(100) {
        look::stderr_line(&format!("{parameters} records read, and more to come"));
    }
}

/// Makes sure that AWS could be asked at all. The error says what to do about missing or expired credentials.
pub(crate) fn signed_in(fleet: &Fleet) -> Result<(), String> {
    fleet.signed_out().map_or(Ok(()), |gap| Err(sign_in(gap)))
}

/// What to do without credentials. The SDK asks for no MFA code, so a profile with `mfa_serial` needs a session too.
pub(crate) fn sign_in(gap: &Gap) -> String {
    let first = gap.message.lines().next().unwrap_or_default();
    format!(
        "not signed in: {first}\nsign in first, with `aws sso login`, `aws login` or `aws configure`; --profile names a profile"
    )
}

/// The account's number, from what was read; a call of its own only if nothing has it.
pub(crate) async fn number(account: &Account, fleet: &Fleet) -> Option<String> {
    let mut arns = fleet.drains.iter().filter_map(Drain::registration);
    let known = arns
        .find(|arn| !is_made_up(arn))
        .and_then(|arn| arn.as_str().split(':').nth(4));
    match known {
        Some(number) => Some(number.to_owned()),
        None => account.caller().await.ok().map(|caller| caller.account),
    }
}

/// Says so, if the local clock is off.
pub(crate) fn report_clock(account: &Account) {
    if let Some(error) = account.clock_error() {
        let span = protector_diagnosis::time_format::span(error.abs());
        let way = if error.is_negative() { "ahead of" } else { "behind" };
        look::stderr_line(&format!(
            "the clock of this machine is {span} {way} that of AWS; times are corrected by it"
        ));
    }
}
