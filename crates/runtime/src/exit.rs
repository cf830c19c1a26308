//! Exit codes of a program that cannot do its work (`sysexits.h`). Those of a hold are in
//! [`protector_core::hold::state::ExitReason::code`].

/// Wrong settings or arguments (`EX_USAGE`).
pub const USAGE: u8 = 64;

/// A bug, or what no setting can change (`EX_SOFTWARE`).
pub const SOFTWARE: u8 = 70;

/// Returns whether a program that ended with `code` could not do its work from the beginning.
#[must_use]
pub fn is_failure(code: i64) -> bool {
    [USAGE, SOFTWARE].map(i64::from).contains(&code)
}
