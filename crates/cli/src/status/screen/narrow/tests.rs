use super::*;
use crate::look::testing::look;
use proptest::prelude::*;
use protector_core::record::{Record, Waited};
use protector_diagnosis::testing::{at, drain_of, held_by, lifecycle, record, waited};

/// A drain that holds for so long, has so many of so many tasks left, and a hook of this time-out, if any.
fn drain(age: i64, left: u32, most: u32, deadline: i64, hook: Option<u32>) -> Drain {
    let checkout = "service:the-checkout-of-the-shop";
    let record = Record {
        started_at: at(-age),
        deadline_at: at(deadline),
        draining_confirmed_at: Some(at(-age)),
        remaining: left,
        lifecycle: hook.map(|timeout| lifecycle(timeout, 0, true)),
        held_by: vec![
            held_by(checkout, left, "DEPROVISIONING"),
            held_by("family:nightly-etl", 1, "DEPROVISIONING"),
        ],
        waited: vec![Waited {
            group: checkout.to_owned(),
            ..waited(most)
        }],
        ..record()
    };
    drain_of(record, at(0))
}

#[test]
fn a_narrow_terminal_has_every_fact() {
    let drain = drain(2467, 2, 5, 1145, Some(90));
    for (width, expected) in [
        (
            20,
            "  i-04f0..b06f\n  41m07s, 2/5 left\n  ends ? 03:19\n  hook 1m30s\n  2\n  the-checkout-of-t\u{2026}\n  deprovisioning,\u{2026}",
        ),
        (
            50,
            "  i-04f0..b06f 41m07s, 2/5 left\n  ends ? 03:19, hook 1m30s\n  2 the-checkout-of-the-shop deprovisioning,\n  nightly-etl deprovisioning",
        ),
    ] {
        let shown = lines(&drain, at(0), look(width, true, false)).join("\n");
        assert_eq!(shown, expected, "{width}");
    }
}

#[test]
fn two_lines_lose_words_before_numbers() {
    let drain = drain(2467, 2, 5, 1145, Some(90));
    let two = |width| two(&drain, at(0), look(width, false, false)).join("\n");
    assert_eq!(two(20), "  i-04f0..b06f 2/5\n  ? 03:19 1m30s");
    assert_eq!(two(24), "  i-04f0..b06f 2/5\n  ? 03:19, hook 1m30s");
    assert_eq!(
        two(45),
        "  i-04f0..b06f 2/5 left, 41m07s\n  ends ? 03:19, hook 1m30s; 2 the-checkout-.."
    );
}

proptest! {
    /// Instance, tasks left, end and hook of a drain stand on the screen at any width, and nothing is beyond it.
    #[test]
    fn no_fact_is_lost_at_any_width(
        width in 20_usize..60, unicode: bool, age in 0_i64..3_000_000, left_now in 0_u32..1300, more in 0_u32..1300,
        deadline in -200_000_i64..200_000, timeout in proptest::option::of(30_u32..172_800),
    ) {
        let drain = drain(age, left_now, left_now + more, deadline, timeout);
        let look = look(width, unicode, false);
        let lines = lines(&drain, at(0), look);
        let text = lines.join("\n");
        for line in &lines {
            prop_assert!(line.chars().count() <= width, "{width}: {line}");
        }
        let facts = [
            short(&drain),
            format!("{} left", left(&drain)),
            format!("ends {}", ends(&drain, at(0), look)),
            format!("hook {}", hook(&drain, at(0))),
        ];
        for fact in facts {
            prop_assert!(text.contains(&fact), "{width}: {fact} is not in\n{text}");
        }
        // The same of the two lines of a small full screen, which have room for the numbers alone.
        let two = two(&drain, at(0), look).join("\n");
        for fact in [short(&drain), ends(&drain, at(0), look), hook(&drain, at(0))] {
            prop_assert!(two.contains(&fact), "{width}: {fact} is not in\n{two}");
        }
    }
}
