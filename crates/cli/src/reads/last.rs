//! The drain that ended last, from the receipts in the coordinator's log.

use crate::account::Account;
use protector_diagnosis::listing::Listing;
use protector_diagnosis::receipt::Receipt;

/// Receipts of any drain.
const PATTERN: &str = r#"{ $.event = "receipt" }"#;

/// The newest receipt of the last week, if the log is known and may be read: it is a courtesy, and no answer depends on it.
pub(crate) async fn last_receipt(account: &Account, listing: Option<&Listing>) -> Option<Receipt> {
    let group = listing.and_then(Listing::readable_beacon)?.log_group.clone()?;
    let lines = account.newest_log_lines(&group, PATTERN, 1).await.ok()?;
    Receipt::last(&lines)
}
