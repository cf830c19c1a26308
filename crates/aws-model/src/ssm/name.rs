//! Parameter names.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>

use super::invalid;
use crate::ApiError;
use crate::params::client;

/// A hierarchy has so many levels at most, the last one included.
const LEVELS_MAX: usize = 15;

/// The name's own limit: its ARN may have 1011 characters, and the fixed part of it takes the rest.
const LENGTH_MAX: usize = 1011;

/// Checks that a parameter may have this name.
pub(super) fn check(name: &str) -> Result<(), ApiError> {
    if name.is_empty() || name.len() > LENGTH_MAX || !name.chars().all(is_allowed) || name.ends_with('/') {
        return Err(malformed());
    }
    if name.contains("//") {
        return Err(malformed());
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    if is_reserved(name) {
        return Err(invalid(format!("No access to reserved parameter name: {name}.")));
    }
    match levels(name) > LEVELS_MAX {
        true => Err(client("HierarchyLevelLimitExceededException", too_deep())),
        false => Ok(()),
    }
}

/// What a read names: a parameter, and perhaps one of its versions (`name:3`).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Selector<'a> {
    /// The parameter.
    pub(super) name: &'a str,
    /// What follows the colon: a version; labels are not served.
    pub(super) version: Option<&'a str>,
}

impl Selector<'_> {
    /// Reads a name or an ARN, either with a version or without.
    pub(super) fn of(text: &str) -> Selector<'_> {
        let name = text
            .split_once(":parameter")
            .filter(|_| text.starts_with("arn:"))
            .map_or(text, |(_, n)| n);
        match name.split_once(':') {
            Some((name, version)) => Selector {
                name,
                version: Some(version),
            },
            None => Selector { name, version: None },
        }
    }
}

/// Returns whether `name` is below `path`; directly, unless `recursive`.
pub(super) fn is_below(name: &str, path: &str, recursive: bool) -> bool {
    let rest = name
        .strip_prefix(path.trim_end_matches('/'))
        .and_then(|rest| rest.strip_prefix('/'));
    rest.is_some_and(|rest| !rest.is_empty() && (recursive || !rest.contains('/')))
}

fn is_allowed(character: char) -> bool {
    character.is_ascii_alphanumeric() || "_.-/".contains(character)
}

fn is_reserved(name: &str) -> bool {
    let bare = name.trim_start_matches('/').to_ascii_lowercase();
    bare.starts_with("aws") || bare.starts_with("ssm")
}

fn levels(name: &str) -> usize {
    name.trim_start_matches('/').split('/').count()
}

fn malformed() -> ApiError {
    invalid(
        "Parameter name: can't be prefixed with \"aws\" or \"ssm\" (case-insensitive). If formed as a path, it can \
         consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers \
         and the following 3 symbols .-_",
    )
}

fn too_deep() -> String {
    format!("A hierarchy can have a maximum of {LEVELS_MAX} levels.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        let deep = "/a".repeat(LEVELS_MAX);
        for good in [
            "plain",
            "/ecs-daemon-protector/c_1.x/i-0123456789abcdef0",
            deep.as_str(),
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        let too_deep = format!("{deep}/a");
        let long = "x".repeat(LENGTH_MAX + 1);
        let cases = [
            ("", "ValidationException"),
            ("a b", "ValidationException"),
            ("a/b", "ValidationException"),
            ("/a/", "ValidationException"),
            ("/a//b", "ValidationException"),
            ("/AWS/x", "ValidationException"),
            ("ssm-x", "ValidationException"),
            (long.as_str(), "ValidationException"),
            (too_deep.as_str(), "HierarchyLevelLimitExceededException"),
        ];
        for (bad, code) in cases {
            assert_eq!(check(bad).unwrap_err().code, code, "{bad}");
        }
    }

    #[test]
    fn selectors_name_a_version() {
        let of = |text| Selector::of(text);
        assert_eq!(
            of("/a/b"),
            Selector {
                name: "/a/b",
                version: None
            }
        );
        assert_eq!(
            of("/a/b:3"),
            Selector {
                name: "/a/b",
                version: Some("3")
            }
        );
        let arn = "arn:aws:ssm:us-east-1:123456789012:parameter/a/b:3";
        assert_eq!(
            of(arn),
            Selector {
                name: "/a/b",
                version: Some("3")
            }
        );
    }

    #[test]
    fn hierarchies_are_cut_at_slashes() {
        assert!(is_below("/a/b", "/a", false));
        assert!(is_below("/a/b", "/a/", false));
        assert!(is_below("/a", "/", false));
        assert!(!is_below("/a/b/c", "/a", false));
        assert!(is_below("/a/b/c", "/a", true));
        for other in ["/a", "/ab/c", "/b/a"] {
            assert!(!is_below(other, "/a", true), "{other}");
        }
    }
}
