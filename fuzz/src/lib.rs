//! One function for each parser of foreign input: it takes any bytes, and panics if the parser breaks a promise.
//!
//! libFuzzer calls them with bytes that it makes (`fuzz_targets/`); the workspace's tests call them with every file of
//! `corpus/`, so each ordinary run checks what fuzzing found once.

#![forbid(unsafe_code)]

mod control;
mod events;
mod record;
mod settings;
mod shared;
mod task_definition;
mod task_metadata;

pub use control::control;
pub use events::events;
pub use record::record;
pub use settings::{coordinator_settings, sidecar_settings};
pub use shared::shared;
pub use task_definition::task_definition;
pub use task_metadata::task_metadata;

/// A parser under test.
pub type Target = fn(&[u8]);

/// Every target, by the name of its program and of its folder in `corpus/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("control", control),
    ("coordinator_settings", coordinator_settings),
    ("events", events),
    ("record", record),
    ("shared", shared),
    ("sidecar_settings", sidecar_settings),
    ("task_definition", task_definition),
    ("task_metadata", task_metadata),
];

/// The length of a parser's message about a foreign text, in characters: quotes are cut, and a quoted character may be
/// written as an escape of ten.
const SAID_MAX: usize = 5000;

/// A message for a person: it is not empty, and it has a bound for any input.
fn assert_said(words: &str) {
    assert!(!words.is_empty(), "nothing is said");
    assert!(
        words.chars().count() <= SAID_MAX,
        "unbounded: {} characters, {words:.200}…",
        words.chars().count()
    );
}
