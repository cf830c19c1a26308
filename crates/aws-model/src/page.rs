//! Pages of the list operations of ECS.

use super::ApiError;
use super::params::{Params, invalid};
use serde_json::{Value, json};

/// The most that one page holds.
const MAX_RESULTS: i64 = 100;

/// Before the last item of the page in a token. A caller must not look into it.
const TOKEN: &str = "after ";

/// One page of `items`, which are sorted, as the list `member`. `default` is the page's length if the caller
/// names none.
///
/// The next page begins after the last item of this one, so items that come and go between two pages move nothing.
pub(crate) fn page(
    params: Params<'_>,
    member: &str,
    items: impl Iterator<Item = String>,
    default: i64,
) -> Result<Value, ApiError> {
    let length = length(params, default)?;
    let after = after(params)?;
    let mut rest = items.skip_while(|item| after.is_some_and(|after| item.as_str() <= after));
    let page: Vec<String> = rest.by_ref().take(length).collect();
    let mut answer = json!({});
    if let (Some(last), true) = (page.last(), rest.next().is_some()) {
        answer["nextToken"] = Value::from(format!("{TOKEN}{last}"));
    }
    answer[member] = Value::from(page);
    Ok(answer)
}

fn length(params: Params<'_>, default: i64) -> Result<usize, ApiError> {
    let length = params.number("maxResults").unwrap_or(default);
    match usize::try_from(length) {
        Ok(valid) if (1..=MAX_RESULTS).contains(&length) => Ok(valid),
        _ => Err(invalid("maxResults must be between 1 and 100.")),
    }
}

fn after(params: Params<'_>) -> Result<Option<&str>, ApiError> {
    let Some(token) = params.text("nextToken") else {
        return Ok(None);
    };
    token
        .strip_prefix(TOKEN)
        .map(Some)
        .ok_or_else(|| invalid("Invalid token."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(count: usize, length: usize) -> Vec<usize> {
        let items = || (0..count).map(|item| format!("{item:04}"));
        let mut input = json!({"maxResults": length});
        let mut pages = Vec::new();
        loop {
            let answer = page(Params(&input), "arns", items(), 100).unwrap();
            pages.push(answer["arns"].as_array().unwrap().len());
            match answer.get("nextToken") {
                Some(token) => input["nextToken"] = token.clone(),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_are_full_but_the_last() {
        assert_eq!(pages(0, 10), [0]);
        assert_eq!(pages(10, 10), [10]);
        assert_eq!(pages(11, 10), [10, 1]);
        assert_eq!(pages(250, 100), [100, 100, 50]);
    }

    #[test]
    fn wrong_lengths_and_tokens_are_refused() {
        for wrong in [
            json!({"maxResults": 0}),
            json!({"maxResults": 101}),
            json!({"nextToken": "x"}),
        ] {
            let error = page(Params(&wrong), "arns", std::iter::empty(), 100).unwrap_err();
            assert_eq!(error.code, "InvalidParameterException", "{wrong}");
        }
    }
}
