//! A local AWS for whole drains on one machine.
//!
//! The crate `protector-aws-model` is one account and region in memory: ECS with its agent's rules, Auto Scaling, SSM,
//! events, quotas, faults. This crate is its HTTP front: the real wire protocols of the APIs, of IMDS, task metadata,
//! container credentials and the Lambda Runtime API, and the code that runs containers and the coordinator as
//! real processes. All listeners are on 127.0.0.1; signatures are not checked, and the access key is the name
//! of the caller ([`principal`]).
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use protector_local_aws::{CoordinatorSpec, LocalAws, LocalAwsConfig};
//!
//! let aws = LocalAws::start(LocalAwsConfig::default()).await?;
//! aws.start_coordinator(CoordinatorSpec::new("target/debug/bootstrap")).await?;
//! println!("AWS_ENDPOINT_URL={}", aws.endpoint_url());
//! # Ok(())
//! # }
//! ```

mod agent;
mod clock;
mod config;
mod handle;
mod hosts;
mod http;
mod ids;
mod lambda;
mod live;
pub mod principal;
mod process;
mod reads;
mod requests;
pub mod rules;
mod server;

pub use config::{LocalAwsConfig, StartError, Timeout};
pub use handle::LocalAws;
pub use http::{HostEndpoint, message, wire};
pub use lambda::{CoordinatorSpec, Invocation, InvocationOutcome, Wiring};
pub use rules::product_rules;

#[cfg(test)]
mod tests;
