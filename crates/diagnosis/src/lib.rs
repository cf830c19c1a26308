//! What a person wants to know of drains, as pure functions of what was read from AWS: which instances drain, which
//! tasks hold them, why, for how long yet, and whether a hook is about to run out.
//!
//! Nothing here reads AWS or the clock. A read that failed is a [`read::Gap`] and makes a part of the answer unknown,
//! never fine: a bound is written `<=`, an estimate `~`, an unknown `?`.

pub mod cause;
pub mod change;
pub mod command;
pub mod doctor;
pub mod drain;
pub mod ends;
pub mod explain;
pub mod fleet;
pub mod hook;
pub mod json;
pub mod listing;
pub mod read;
pub mod receipt;
pub mod seen;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod time_format;
pub mod usual;
pub mod which;
