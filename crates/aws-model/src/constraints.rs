//! The constraints of the service models that SSM and Auto Scaling check, in their words.

use super::params::Params;

/// What the services say when a value breaks a constraint of their model.
pub(crate) fn broken(value: &str, member: &str, rule: &str) -> String {
    format!("1 validation error detected: Value '{value}' at '{member}' failed to satisfy constraint: {rule}")
}

/// A list has at most so many items.
pub(crate) fn at_most_items(items: &[&str], member: &str, most: usize) -> Result<(), String> {
    match items.len() > most {
        true => {
            let rule = format!("Member must have length less than or equal to {most}");
            Err(broken(&format!("[{}]", items.join(", ")), member, &rule))
        }
        false => Ok(()),
    }
}

/// A number is in its bounds, both included.
pub(crate) fn between(value: i64, member: &str, least: i64, most: i64) -> Result<i64, String> {
    let rule = match value {
        _ if value < least => format!("Member must have value greater than or equal to {least}"),
        _ if value > most => format!("Member must have value less than or equal to {most}"),
        _ => return Ok(value),
    };
    Err(broken(&value.to_string(), member, &rule))
}

/// A page's size, from 1 to `most`; `default` if it is not given.
pub(crate) fn page_size(
    params: Params<'_>,
    name: &str,
    member: &str,
    default: i64,
    most: i64,
) -> Result<usize, String> {
    let size = between(params.number(name).unwrap_or(default), member, 1, most)?;
    Ok(usize::try_from(size).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_page_has_a_smallest_and_a_largest_size() {
        let size = |input: Value| page_size(Params(&input), "MaxResults", "maxResults", 7, 10);
        assert_eq!(size(json!({})), Ok(7));
        assert_eq!(size(json!({"MaxResults": 1})), Ok(1));
        assert_eq!(size(json!({"MaxResults": 10})), Ok(10));
        assert_eq!(
            size(json!({"MaxResults": 11})).unwrap_err(),
            "1 validation error detected: Value '11' at 'maxResults' failed to satisfy constraint: \
             Member must have value less than or equal to 10"
        );
        assert!(
            size(json!({"MaxResults": 0}))
                .unwrap_err()
                .contains("greater than or equal to 1")
        );
    }

    #[test]
    fn a_list_has_a_longest_length() {
        assert_eq!(at_most_items(&["a", "b"], "names", 2), Ok(()));
        assert!(
            at_most_items(&["a", "b"], "names", 1)
                .unwrap_err()
                .contains("Value '[a, b]' at 'names'")
        );
    }
}
