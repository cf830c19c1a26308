//! Every call of this program is allowed by the policies for people.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Needs no permission:
/// <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>
const FREE: &str = "sts:GetCallerIdentity";

/// Who may register a task definition has this from the role that deploys: `inject --register` is no operator's command.
const OF_DEPLOYMENTS: &str = "ecs:RegisterTaskDefinition";

/// The actions that stand in quotes in the sources of the account: the names of its calls.
fn called(root: &Path) -> BTreeSet<String> {
    let folder = fs::read_dir(root.join("crates/cli/src/account")).unwrap();
    let sources = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .chain([root.join("crates/cli/src/account.rs")]);
    let texts = sources.map(|path| fs::read_to_string(path).unwrap());
    let all = texts.flat_map(|text| text.split('"').map(str::to_owned).collect::<Vec<_>>());
    all.filter(|text| {
        let parts = text.split_once(':');
        parts.is_some_and(|(service, action)| {
            let is_action = action.starts_with(|letter: char| letter.is_ascii_uppercase());
            let letters = service.chars().chain(action.chars());
            is_action
                && !service.is_empty()
                && letters.into_iter().all(|letter| letter.is_ascii_alphanumeric())
        })
    })
    .collect()
}

fn allowed(root: &Path, name: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root.join("deploy/policies").join(name)).unwrap();
    let policy: serde_json::Value = serde_json::from_str(&text).unwrap();
    let statements = policy["Statement"].as_array().unwrap().iter();
    let actions = statements.flat_map(|statement| statement["Action"].as_array().unwrap());
    actions
        .map(|action| action.as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_policies_for_people_allow_each_call() {
    let root = crate::lint::testing::root();
    let mut allowed: BTreeSet<String> = ["reader.json", "deep.json", "operator.json"]
        .into_iter()
        .flat_map(|name| allowed(&root, name))
        .collect();
    allowed.extend([FREE, OF_DEPLOYMENTS].map(str::to_owned));
    let called = called(&root);
    assert!(called.len() > 25, "{called:?}");
    let missing: Vec<&String> = called.difference(&allowed).collect();
    assert!(missing.is_empty(), "{missing:?}");
    // And the other way round: what only the deeper checks call is in their own policy, all of it and nothing else.
    let deep = self::allowed(&root, "deep.json");
    let unused: Vec<&String> = deep.difference(&called).collect();
    assert!(unused.is_empty(), "{unused:?}");
}
