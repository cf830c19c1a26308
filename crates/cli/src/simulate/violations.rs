//! What the judge says, in lines.

use super::display::count;
use protector_sim::judge::Violation;

/// How many violations are shown.
const SHOWN: usize = 5;

/// The first runs with broken promises, and how many there are.
pub(crate) fn of_runs<'a>(runs: impl Iterator<Item = (String, &'a [Violation])>) -> Vec<String> {
    let broken: Vec<_> = runs.filter(|(_, violations)| !violations.is_empty()).collect();
    let shown = broken.iter().take(SHOWN);
    let mut said: Vec<String> = shown
        .flat_map(|(run, violations)| lines(run, violations))
        .collect();
    if broken.len() > SHOWN {
        let more = count(broken.len() - SHOWN, "run");
        said.push(format!("and {more} more with broken promises; --json has all"));
    }
    said
}

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

#[cfg(test)]
mod tests {
    use super::*;
    use protector_sim::judge::Rule;

    #[test]
    fn what_is_left_out_is_counted() {
        let violation = Violation {
            rule: Rule::LateRelease,
            at: 1000,
            instance: None,
            what: "late".to_owned(),
        };
        let violations = vec![violation; 7];
        assert_eq!(lines("x", &violations).len(), 7);
        assert_eq!(lines("x", &violations)[6], "  and 2 more");
        let runs = (0..9).map(|run| (run.to_string(), &violations[..1]));
        let said = of_runs(runs);
        assert_eq!(
            said.last().unwrap(),
            "and 4 runs more with broken promises; --json has all"
        );
    }
}
