//! A word in the list of a wave is a time or an instance.

use std::fmt;
use std::str::FromStr;

use crate::ids::{InstanceId, InvalidId};
use crate::limits::{QUOTED_CHARS_MAX, cut};

use super::REGISTRATION_CHARS;

/// A word of a wave: `+12`, and whatever follows began 12 seconds after the wave; or an instance.
pub(super) enum WaveToken {
    Started(i64),
    Member(Member),
}

/// One drain of a wave: `0123456789abcdef0/1a2b+47`, the instance's id without its `i-`, the registration, and how many
/// seconds after the wave it was released.
pub(super) struct Member {
    pub(super) instance: InstanceId,
    pub(super) registration: String,
    pub(super) released: Option<i64>,
}

/// What every id of an EC2 instance begins with.
const INSTANCE: &str = "i-";

impl fmt::Display for WaveToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let member = match self {
            WaveToken::Started(seconds) => return write!(f, "+{seconds}"),
            WaveToken::Member(member) => member,
        };
        let id = member.instance.as_str();
        let id = id.strip_prefix(INSTANCE).unwrap_or(id);
        write!(f, "{id}/{}", member.registration)?;
        member
            .released
            .map_or(Ok(()), |released| write!(f, "+{released}"))
    }
}

impl FromStr for WaveToken {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = || InvalidId {
            value: cut(text, QUOTED_CHARS_MAX),
            expected: "seconds such as +12, or an instance such as 0123456789abcdef0/1a2b",
        };
        let seconds = |text: &str| text.parse::<u32>().map(i64::from).map_err(|_| invalid());
        if let Some(started) = text.strip_prefix('+') {
            return Ok(WaveToken::Started(seconds(started)?));
        }
        let (id, rest) = text.split_once('/').ok_or_else(invalid)?;
        let (registration, released) = match rest.split_once('+') {
            Some((registration, released)) => (registration, Some(seconds(released)?)),
            None => (rest, None),
        };
        let named = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if !(1..=REGISTRATION_CHARS).contains(&registration.len()) || !registration.chars().all(named) {
            return Err(invalid());
        }
        Ok(WaveToken::Member(Member {
            instance: format!("{INSTANCE}{id}").parse()?,
            registration: registration.to_owned(),
            released,
        }))
    }
}
