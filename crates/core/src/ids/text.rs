//! An identifier is a text that was checked once.

use crate::limits::{QUOTED_CHARS_MAX, cut};

/// A text that is not the identifier it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not {expected}")]
pub struct InvalidId {
    /// The text as it came, cut to a length that is safe to log.
    pub value: String,
    /// What it should have been, as a phrase with its article.
    pub expected: &'static str,
}

/// Replaces a text that must not be shown.
pub(super) const NOT_SHOWN: &str = "(not shown)";

impl InvalidId {
    pub(crate) fn new(value: &str, expected: &'static str) -> Self {
        Self {
            value: cut(value, QUOTED_CHARS_MAX),
            expected,
        }
    }
}

/// Declares a newtype over `String` whose only constructor checks it. What is `secret` is shown neither by `Debug` nor
/// by the error of a text that is none: that is most likely one with a typing mistake.
macro_rules! text_id {
    (@secret) => { false };
    (@secret secret) => { true };
    ($(#[$doc:meta])* $name:ident, $expected:literal, $valid:expr $(, $secret:ident)?) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            const SECRET: bool = text_id!(@secret $($secret)?);

            /// The text of the identifier.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::InvalidId;

            fn from_str(text: &str) -> Result<Self, $crate::ids::InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err($crate::ids::InvalidId::new(if Self::SECRET { $crate::ids::text::NOT_SHOWN } else { text }, $expected))
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = $crate::ids::InvalidId;

            fn try_from(text: String) -> Result<Self, $crate::ids::InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let shown = if Self::SECRET { $crate::ids::text::NOT_SHOWN } else { &self.0 };
                f.debug_tuple(stringify!($name)).field(&shown).finish()
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

pub(super) use text_id;
