//! What the programs for people, `protectorctl` and `protector-demo`, do alike on the command line.
//!
//! It knows neither AWS nor a drain: what it needs is built in seconds.

pub mod color;
pub mod duration;
pub mod endpoint;
pub mod exit;
pub mod output;
pub mod programs;
pub mod runtime;
pub mod stop;
