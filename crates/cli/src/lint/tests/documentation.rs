//! The page of the rules, held against the rules.

use crate::lint::explain;
use crate::lint::rules::{RULES, Rule};
use crate::lint::testing::root;
use std::fs;

/// The part of the page about one rule. `UPDATE_CHECKS=1` writes all of them again.
fn section(rule: &Rule) -> String {
    format!(
        "### {}\n\n**{}** (`{}`, {}). {}\n\nFix, {}: {}\n",
        rule.code,
        rule.title,
        rule.name,
        rule.severity.name(),
        rule.why,
        rule.correction.name(),
        rule.how
    )
}

const BEGIN: &str = "## The rules\n\n";

#[test]
fn the_page_has_each_rule_and_no_other() {
    let path = root().join(explain::PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (head, rules) = page.split_once(BEGIN).expect("the page has a part for the rules");
    let expected = RULES.iter().map(section).collect::<Vec<_>>().join("\n");
    if std::env::var_os("UPDATE_CHECKS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{expected}")).unwrap();
        return;
    }
    assert_eq!(
        rules, expected,
        "UPDATE_CHECKS=1 cargo test -p protectorctl documentation writes the page again"
    );
}

#[test]
fn an_anchor_is_a_heading() {
    let page = fs::read_to_string(root().join(explain::PAGE)).unwrap();
    for rule in RULES {
        let anchor = explain::anchor(rule);
        let heading = anchor.strip_prefix("docs/checks.md#").unwrap().to_uppercase();
        assert!(page.contains(&format!("### {heading}\n")), "{anchor}");
    }
}

#[test]
fn a_rule_is_explained_whole() {
    for rule in RULES {
        let text = explain::rule(rule);
        for part in [rule.title, rule.why, rule.how] {
            assert!(text.contains(&explain::plain(part)), "{}", rule.code);
        }
        assert!(explain::list().lines().any(|line| line.starts_with(rule.code)));
    }
}
