//! The kill switch's parameter.

use protector_core::control::Control;
use serde_json::Value;

/// A mode is read only from an object that names it; everything else is an error of bounded length.
pub fn control(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Control::decode(text) {
        Ok(mode) => {
            // This reader checks parts that the parser skips: for example, a number out of range there is an error only
            // here.
            let Ok(value) = serde_json::from_str::<Value>(text) else {
                return;
            };
            let said = value.as_object().and_then(|members| members.get("mode"));
            assert_eq!(said, Some(&Value::from(mode.name())), "{text}");
        }
        Err(problem) => {
            super::assert_said(&problem);
            assert!(problem.contains("release-all"), "says what was expected");
        }
    }
}
