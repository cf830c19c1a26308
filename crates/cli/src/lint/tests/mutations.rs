//! Ten thousand odd definitions, the same ones each time: an answer in each form, never a panic.

use crate::lint::args::Format;
use crate::lint::report::{File, Report};
use crate::lint::testing::{examples, expected, garbled, mutated};
use crate::lint::{Document, decode};
use crate::look::Look;
use fastrand::Rng;

const LOOK: Look = Look {
    colors: false,
    unicode: false,
    width: 100,
};

/// The report in all forms; how many findings there are, if the text could be read.
fn answered(text: &str) -> Option<usize> {
    let examined = Document::parse(text).map(|document| document.examine(&expected()));
    let found = examined.as_ref().ok().map(|examined| {
        for (finding, edits) in examined.findings.iter().zip(&examined.edits) {
            assert!(text.get(finding.span.clone()).is_some(), "{finding:?}");
            assert!(
                edits.iter().all(|edit| text.get(edit.range.clone()).is_some()),
                "{finding:?}"
            );
        }
        examined.findings.len()
    });
    let file = File {
        name: "odd.json".to_owned(),
        text: text.to_owned(),
        examined,
    };
    let report = Report {
        files: vec![file],
        look: LOOK,
    };
    for format in [Format::Text, Format::Json, Format::Sarif, Format::Github] {
        let written = report.written(format);
        assert!(!written.contains('\u{1b}'), "{written}");
        if matches!(format, Format::Json | Format::Sarif) {
            assert!(serde_json::from_str::<serde_json::Value>(&written).is_ok());
        }
    }
    found
}

#[test]
fn six_thousand_mutated_definitions_are_answered() {
    let texts = examples();
    let mut rng = Rng::with_seed(5);
    let mut found = 0;
    for _ in 0..6000 {
        found += usize::from(answered(&mutated(&mut rng, &texts)).is_some_and(|found| found > 0));
    }
    assert!(found > 3000, "{found}");
}

#[test]
fn four_thousand_garbled_texts_are_answered() {
    let texts = examples();
    let mut rng = Rng::with_seed(6);
    let mut read = 0;
    for _ in 0..4000 {
        let bytes = garbled(&mut rng, &texts);
        match decode(&bytes) {
            Ok((text, _)) => read += usize::from(answered(text).is_some()),
            Err(error) => assert!(error.at.is_some()),
        }
    }
    assert!(read > 200, "{read}");
}
