//! The page of the checks, held against the checks.

use protector_diagnosis::doctor::Check;
use protector_diagnosis::doctor::catalog::CHECKS;
use std::fs;

const BEGIN: &str = "## The checks of doctor\n\n";
const END: &str = "## The rules\n\n";

/// The part of the page about one check. `UPDATE_CHECKS=1` writes all of them again.
fn section(check: &Check) -> String {
    let kind = match (check.is_fatal, check.is_deep) {
        (true, _) => ", ends its category",
        (_, true) => ", with `--deep`",
        _ => "",
    };
    format!(
        "### {}\n\n**{}** ({}{kind}). {}\n\nRead: {}\n\nFix: {}\n\n",
        check.code,
        check.title,
        check.category.name(),
        check.why,
        check.reads,
        check.how
    )
}

#[test]
fn the_page_has_each_check_and_no_other() {
    let path = crate::lint::testing::root().join(super::json::PAGE);
    let page = fs::read_to_string(&path).unwrap();
    let (head, rest) = page
        .split_once(BEGIN)
        .expect("the page has a part for the checks");
    let (checks, rules) = rest.split_once(END).expect("the rules come next");
    let expected: String = CHECKS.iter().map(section).collect();
    if std::env::var_os("UPDATE_CHECKS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{expected}{END}{rules}")).unwrap();
        return;
    }
    assert_eq!(
        checks, expected,
        "UPDATE_CHECKS=1 cargo test -p protectorctl doctor writes the page again"
    );
}

#[test]
fn an_anchor_is_a_heading() {
    let page = fs::read_to_string(crate::lint::testing::root().join(super::json::PAGE)).unwrap();
    for check in CHECKS {
        let heading = format!("\n### {}\n", check.code);
        assert_eq!(page.matches(&heading).count(), 1, "{}", check.code);
    }
}
