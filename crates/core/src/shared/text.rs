//! The text of a shared record has its drains in waves.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::InvalidId;
use crate::limits::{QUOTED_CHARS_MAX, RECORD_BYTES_MAX, cut};
use crate::record::{DecodeError, SCHEMA};

use super::SharedRecord;
use super::wave::Wave;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SharedText {
    schema: u32,
    /// The version on which the text is based ([`crate::versions`]); earlier releases do not write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    based_on: Option<i64>,
    updated_at: Timestamp,
    poll_seconds: u32,
    waves: Vec<Wave>,
}

impl SharedRecord {
    /// Makes the parameter's value; nothing if it does not fit into a standard parameter.
    #[must_use]
    pub fn encode(&self) -> Option<String> {
        self.text(None)
    }

    /// The same for a text that includes all that the versions up to this one say; 0 if there is none.
    #[must_use]
    pub fn encode_based_on(&self, version: i64) -> Option<String> {
        self.text(Some(version))
    }

    fn text(&self, based_on: Option<i64>) -> Option<String> {
        let text = SharedText {
            schema: SCHEMA,
            based_on,
            updated_at: self.updated_at,
            poll_seconds: self.poll_seconds,
            waves: Wave::all_of(&self.drains),
        };
        serde_json::to_string(&text)
            .ok()
            .filter(|text| text.len() <= RECORD_BYTES_MAX)
    }

    /// Reads a parameter's value.
    ///
    /// # Errors
    /// [`DecodeError`], as for the record of one instance.
    pub fn decode(text: &str) -> Result<SharedRecord, DecodeError> {
        let text: SharedText = crate::record::decode_versioned(text)?;
        let unreadable =
            |invalid: InvalidId| DecodeError::Unreadable(cut(&invalid.to_string(), QUOTED_CHARS_MAX));
        let mut drains = BTreeMap::new();
        for wave in text.waves {
            drains.extend(wave.drains().map_err(unreadable)?);
        }
        Ok(SharedRecord {
            updated_at: text.updated_at,
            poll_seconds: text.poll_seconds,
            drains,
        })
    }
}
