//! The simulator's own tests: it is deterministic, its judge can fail, and the table of faults is true.

#![allow(clippy::unwrap_used)]

mod apart;
mod bugs;
mod faults;
mod fleets;
mod retained;
mod seeds;
mod sidecars;
