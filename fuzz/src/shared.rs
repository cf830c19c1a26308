//! Shared records.

use protector_core::limits::RECORD_BYTES_MAX;
use protector_core::shared::{SharedRecord, together};

/// A shared record that was read can be written: its text fits, and it has the same content; merged with itself it is
/// the same. Each drain in it is a record. A text that is no shared record is an error of bounded length.
pub fn shared(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let shared = match SharedRecord::decode(text) {
        Ok(shared) => shared,
        Err(error) => return super::assert_said(&error.to_string()),
    };
    assert_eq!(shared.clone().merged(shared.clone()), shared);
    if let Some(text) = shared.encode() {
        assert!(text.len() <= RECORD_BYTES_MAX && !text.contains("{{"), "{text}");
        match SharedRecord::decode(&text) {
            Ok(back) => assert_eq!(back, shared, "{text}"),
            Err(error) => panic!("{error}: {text}"),
        }
    }
    for (instance, drain) in &shared.drains {
        if let Some(record) = shared.record(instance, None) {
            assert_eq!(record.is_released(), drain.released.is_some());
            assert_eq!(record.started_at, drain.started_at);
            let both = together(record.clone(), record.clone());
            assert_eq!(both, record);
        }
    }
}
