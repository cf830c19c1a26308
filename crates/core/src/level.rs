//! A log line has a level: how important it is.

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Events that led to nothing.
    Debug,
    /// The course of each drain.
    Info,
    /// Something that a person should know of.
    Warn,
    /// Something that failed.
    Error,
}

impl Level {
    /// The words of the coordinator's setting `LOG`.
    pub const CHOICES: &[(&str, Level)] = &[
        ("info", Level::Info),
        ("error", Level::Error),
        ("warn", Level::Warn),
        ("debug", Level::Debug),
    ];

    /// The level's name, as lines have it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Level::CHOICES
            .iter()
            .find(|(_, level)| *level == self)
            .map_or("info", |(name, _)| name)
    }
}
