use super::*;
use crate::level::Level;
use crate::limits::CUT_MARK;
use crate::testing::{names, read};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

#[test]
fn durations_are_written_for_people() {
    for (text, seconds) in [
        ("90s", 90),
        ("15m", 900),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1s", 1),
        ("48h", 172_800),
    ] {
        let read = read(&[("X", text)], |r| r.duration("X", HOUR)).unwrap();
        assert_eq!(read.as_secs(), seconds, "{text}");
    }
    for text in ["0s", "500ms", "49h", "-5s", "5", "soon"] {
        let problems = read(&[("X", text)], |r| r.duration("X", HOUR)).unwrap_err();
        assert_eq!(problems.0[0].value, text);
        assert!(problems.to_string().contains("PROTECTOR_X"), "{problems}");
    }
}

#[test]
fn an_empty_value_means_the_default() {
    assert_eq!(read(&[("X", " ")], |r| r.duration("X", HOUR)).unwrap(), HOUR);
    let list = read(&[("X", "")], |r| r.list::<u32>("X", "a number"));
    assert!(list.unwrap().is_empty());
}

#[test]
fn all_problems_come_at_once() {
    let wrong = [
        ("A", "x"),
        ("B", "maybe"),
        ("C", "blue"),
        ("D", "1,two"),
        ("TYPO", "1"),
    ];
    let problems = read(&wrong, |r| {
        r.duration("A", HOUR);
        r.flag("B");
        r.choice("C", &[("red", 1), ("green", 2)], 1);
        r.list::<u32>("D", "a number");
        r.contradiction(["A", "B"], ["x", "maybe"], "A below B");
    });
    let expected = ["A", "B", "C", "D", "A and PROTECTOR_B", "TYPO"];
    let expected = expected.map(|name| format!("PROTECTOR_{name}"));
    assert_eq!(names(&problems.unwrap_err()), expected);
}

#[test]
fn lists_forgive_blanks_and_trailing_commas() {
    let list = read(&[("X", " 1, 2,,3, ")], |r| r.list::<u32>("X", "a number"));
    assert_eq!(list.unwrap(), [1, 2, 3]);
}

#[test]
fn a_flag_is_said_in_few_words() {
    for (text, flag) in [
        ("true", Some(true)),
        ("TRUE", Some(true)),
        ("1", Some(true)),
        ("false", Some(false)),
        ("False", Some(false)),
        ("0", Some(false)),
        ("", Some(false)),
        ("yes", None),
        ("2", None),
    ] {
        assert_eq!(read(&[("X", text)], |r| r.flag("X")).ok(), flag, "{text:?}");
    }
}

#[test]
fn a_duration_that_may_be_left_out_has_the_same_bounds() {
    let optional = |text| read(&[("X", text)], |r| r.optional_duration("X")).ok();
    assert_eq!(optional("10m"), Some(Some(SignedDuration::from_mins(10))));
    assert_eq!(optional(""), Some(None));
    assert_eq!(optional("49h"), None);
}

#[test]
fn a_duration_that_may_be_none_is_switched_off_with_zero() {
    let read = |text| read(&[("X", text)], |r| r.duration_or_zero("X", HOUR)).ok();
    for (text, seconds) in [("0s", 0), ("0m", 0), ("", 3600), ("5s", 5), ("48h", 172_800)] {
        assert_eq!(read(text), Some(SignedDuration::from_secs(seconds)), "{text}");
    }
    for wrong in ["0", "500ms", "-1s", "49h"] {
        assert_eq!(read(wrong), None, "{wrong}");
    }
}

#[test]
fn a_long_value_or_name_is_quoted_short() {
    let (name, value) = ("Y".repeat(5000), "x".repeat(5000));
    let problems = read(&[("X", &value), (&name, &value)], |r| r.duration("X", HOUR)).unwrap_err();
    assert_eq!(problems.0.len(), 2);
    for problem in &problems.0 {
        assert!(problem.to_string().chars().count() < 1000, "{problem}");
        let kept = problem.value.strip_suffix(CUT_MARK).unwrap();
        assert!(value.starts_with(kept));
    }
}

/// The beginning of a name may itself be a name that is in use.
#[test]
fn a_name_that_was_cut_is_no_other_name() {
    let long = "Z".repeat(500);
    let short = &long[..QUOTED_CHARS_MAX - VARIABLE_PREFIX.len()];
    let problems = read(&[(&long, "1"), (short, "2")], |r| r.flag("X")).unwrap_err();
    let [one, other] = &*problems.0 else {
        panic!("{problems}");
    };
    assert_ne!(one.name, other.name);
    assert_eq!((&*one.value, &*other.value), ("2", "1"));
}

#[test]
fn a_level_is_called_as_it_is_chosen() {
    for (name, level) in Level::CHOICES {
        assert_eq!(level.name(), *name);
    }
}
