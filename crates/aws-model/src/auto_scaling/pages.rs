//! Pages of the describing operations.

use super::invalid;
use crate::ApiError;
use crate::constraints::page_size;
use crate::params::{Params, client};
use serde_json::{Value, json};

/// The most groups on a page.
pub(super) const GROUPS_MAX: i64 = 100;

/// The most instances on a page.
pub(super) const INSTANCES_MAX: i64 = 50;

/// The length of a page if the caller names none.
const DEFAULT: i64 = 50;

/// Before the last key of the page in a token. A caller must not look into it.
const TOKEN: &str = "after ";

/// One page of `items`, each under its key, in the keys' order, as the list `member`.
pub(super) fn page<'a, V: FnOnce() -> Value>(
    params: Params<'_>,
    member: &str,
    items: impl Iterator<Item = (&'a str, V)>,
    most: i64,
) -> Result<Value, ApiError> {
    let size = page_size(params, "MaxRecords", "maxRecords", DEFAULT, most).map_err(invalid)?;
    let after = after(params)?;
    let mut rest = items.skip_while(|(key, _)| after.is_some_and(|after| *key <= after));
    let (keys, values): (Vec<_>, Vec<_>) = rest.by_ref().take(size).map(|(key, view)| (key, view())).unzip();
    let mut answer = json!({});
    if let (Some(last), true) = (keys.last(), rest.next().is_some()) {
        answer["NextToken"] = format!("{TOKEN}{last}").into();
    }
    answer[member] = Value::Array(values);
    Ok(answer)
}

fn after(params: Params<'_>) -> Result<Option<&str>, ApiError> {
    let Some(token) = params.text("NextToken") else {
        return Ok(None);
    };
    let key = token.strip_prefix(TOKEN);
    key.map(Some)
        .ok_or_else(|| client("InvalidNextToken", "The NextToken value is not valid."))
}
