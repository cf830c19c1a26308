//! Filter patterns of CloudWatch Logs: the part that operators use.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html>. Served are terms, quoted or not,
//! which must all be in the line, and comparisons of JSON members by `=` and `!=`, several with `&&`. A text may begin or end
//! with `*`. What is not understood is an error, and matches nothing.

use serde_json::Value;

/// Which lines are wanted.
#[derive(Debug, PartialEq)]
pub(super) enum Pattern {
    /// Lines with all of these texts.
    Terms(Vec<String>),
    /// JSON lines for which all of these are true.
    Json(Vec<Comparison>),
}

/// One comparison of a JSON member.
#[derive(Debug, PartialEq)]
pub(super) struct Comparison {
    path: Vec<String>,
    equal: bool,
    wanted: String,
}

impl Pattern {
    /// Reads a pattern; an empty one matches each line. None if it is not understood.
    pub(super) fn read(text: &str) -> Option<Pattern> {
        let text = text.trim();
        match text.strip_prefix('{') {
            Some(rest) => {
                let inner = rest.strip_suffix('}')?;
                let parts = inner.split("&&").map(Comparison::read);
                parts.collect::<Option<_>>().map(Pattern::Json)
            }
            None => terms(text).map(Pattern::Terms),
        }
    }

    /// Returns whether a line is wanted.
    pub(super) fn matches(&self, line: &str) -> bool {
        match self {
            Pattern::Terms(terms) => terms.iter().all(|term| line.contains(term)),
            Pattern::Json(comparisons) => {
                let json: Result<Value, _> = serde_json::from_str(line);
                json.is_ok_and(|json| comparisons.iter().all(|one| one.holds(&json)))
            }
        }
    }
}

/// Words and quoted texts.
fn terms(text: &str) -> Option<Vec<String>> {
    let mut terms = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (term, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        // "-" excludes, "?" is an alternative, "%" is a regular expression, "[" separates by spaces.
        if rest.starts_with(['-', '?', '%', '[']) {
            return None;
        }
        terms.push(term.to_owned());
        rest = after.trim_start();
    }
    Some(terms)
}

impl Comparison {
    fn read(text: &str) -> Option<Comparison> {
        let text = text.trim().trim_start_matches('(').trim_end_matches(')').trim();
        let (left, right, equal) = match text.split_once("!=") {
            Some((left, right)) => (left, right, false),
            None => text.split_once('=').map(|(left, right)| (left, right, true))?,
        };
        let path = left.trim().strip_prefix("$.")?;
        let right = right.trim();
        let wanted = match right.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"')?,
            None => right,
        };
        (!path.contains(['[', ' ', '|']) && !wanted.is_empty() && !wanted.contains('|')).then(|| Comparison {
            path: path.split('.').map(str::to_owned).collect(),
            equal,
            wanted: wanted.to_owned(),
        })
    }

    /// A member that is not there is neither equal nor unequal.
    fn holds(&self, json: &Value) -> bool {
        let member = self.path.iter().try_fold(json, |value, step| value.get(step));
        match member {
            None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => false,
            Some(Value::String(text)) => like(text, &self.wanted) == self.equal,
            Some(other) => like(&other.to_string(), &self.wanted) == self.equal,
        }
    }
}

fn like(text: &str, wanted: &str) -> bool {
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(_), Some(_)) => text.contains(wanted.trim_matches('*')),
        (Some(end), None) => text.ends_with(end),
        (None, Some(start)) => text.starts_with(start),
        (None, None) => text == wanted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"event":"receipt","instance":"i-04f0","forced":false,"waits":{"tasks":3}}"#;

    #[test]
    fn lines_are_wanted_as_the_documentation_says() {
        for (pattern, wanted) in [
            ("", true),
            ("receipt", true),
            ("receipt i-04f0", true),
            (r#""receipt""#, true),
            (r#""receipt" nothing"#, false),
            (r#"{ $.event = "receipt" }"#, true),
            (r#"{$.event="tick"}"#, false),
            (r#"{ $.event != "tick" }"#, true),
            (r#"{ $.none != "tick" }"#, false),
            (r#"{ ($.event = "receipt") && ($.instance = "i-04*") }"#, true),
            (r#"{ ($.event = "receipt") && ($.instance = "i-05*") }"#, false),
            (r#"{ $.instance = "*f0" }"#, true),
            (r#"{ $.instance = "*04*" }"#, true),
            ("{ $.waits.tasks = 3 }", true),
            ("{ $.forced = false }", true),
            ("{ $.waits = 3 }", false),
        ] {
            let read = Pattern::read(pattern);
            let read = read.unwrap_or_else(|| panic!("{pattern} is not understood"));
            assert_eq!(read.matches(LINE), wanted, "{pattern}");
        }
        let json = Pattern::read(r#"{ $.event = "receipt" }"#).unwrap();
        assert!(!json.matches("receipt"), "a line that is no JSON");
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for pattern in [
            "-tick",
            "?a ?b",
            "%re%",
            "[a, b]",
            r#""open"#,
            "{ $.event }",
            r#"{ event = "x" }"#,
            r#"{ $.a = "x" || $.b = "y" }"#,
            r#"{ $.a[0] = "x" }"#,
            r#"{ $.a = "x" "#,
            "{ $.a = }",
        ] {
            assert_eq!(Pattern::read(pattern), None, "{pattern}");
        }
    }
}
