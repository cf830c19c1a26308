//! What several commands read: all drains of an account, and what bears on one of them; with the patience, the progress
//! and the complaints that go with it.

mod asking;
mod deep;
mod fleet;
mod instance;
mod last;
mod once;
pub(crate) mod settings;
mod usual;

pub(crate) use asking::{number, progress, report_clock, sign_in, signed_in, within};
pub(crate) use deep::deepen;
pub(crate) use fleet::fleet;
pub(crate) use instance::{InstanceReader, Known};
pub(crate) use last::last_receipt;
