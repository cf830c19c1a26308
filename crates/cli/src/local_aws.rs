//! `protectorctl local-aws`: a local AWS to play with, until it is asked to stop.

use crate::endpoint::{ACCESS_KEY, environment};
use crate::stop::Stop;
use crate::{duration, output};
use clap::Args;
use protector_local_aws::{CoordinatorSpec, LocalAws, LocalAwsConfig};
use serde_json::json;
use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `local-aws`.
#[derive(Debug, Args)]
pub(crate) struct LocalAwsArgs {
    /// Port of the AWS APIs on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Say where it listens in one line of JSON, for programs.
    #[arg(long)]
    json: bool,
    /// How often the schedules fire, that of the ticks and that of the heartbeats; 0s never.
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration::parse)]
    tick: Duration,
    /// Run this coordinator (`bootstrap`) as the stack does: one function takes the events of the product's rules from
    /// their queue, another sends heartbeats.
    #[arg(long, value_name = "PATH")]
    coordinator: Option<PathBuf>,
    /// A setting of the coordinator; may be repeated.
    #[arg(long, value_name = "NAME=VALUE", requires = "coordinator", value_parser = variable)]
    coordinator_env: Vec<(String, String)>,
    /// Region of the account.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// Do not enforce the API quotas.
    #[arg(long)]
    no_quotas: bool,
}

/// Runs a local AWS until SIGINT or SIGTERM.
///
/// # Errors
/// The port is taken, the coordinator is not there, or nobody can be told.
pub(crate) async fn run(args: LocalAwsArgs) -> Result<(), Box<dyn Error>> {
    let mut stop = Stop::listen()?;
    let aws = LocalAws::start(config(&args)).await?;
    if let Some(binary) = &args.coordinator {
        let mut spec = CoordinatorSpec::new(std::path::absolute(binary)?);
        spec.env.extend(args.coordinator_env.iter().cloned());
        aws.start_coordinator(spec).await?;
    }
    announce(&args, &aws.endpoint_url())?;
    stop.asked().await;
    aws.shutdown().await;
    Ok(())
}

fn config(args: &LocalAwsArgs) -> LocalAwsConfig {
    let mut config = LocalAwsConfig {
        port: Some(args.port),
        tick_every: (!args.tick.is_zero()).then_some(args.tick),
        ..LocalAwsConfig::default()
    };
    config.world.region.clone_from(&args.region);
    config.world.quotas = !args.no_quotas;
    config
}

fn announce(args: &LocalAwsArgs, endpoint: &str) -> std::io::Result<()> {
    if !args.json {
        return output::line(&usage(endpoint, &args.region));
    }
    output::json(&json!({
        "event": "ready",
        "endpoint": endpoint,
        "region": args.region,
        "accessKeyId": ACCESS_KEY,
        "secretAccessKey": ACCESS_KEY,
        "coordinator": args.coordinator.is_some(),
    }))
}

fn usage(endpoint: &str, region: &str) -> String {
    let environment = environment(endpoint, region);
    format!(
        "Local AWS at {endpoint}, until Ctrl-C. To use it from another shell:

{environment}

An empty account. An instance joins a cluster by a tag of its group:

  aws ecs create-cluster --cluster-name demo
  aws autoscaling create-auto-scaling-group --auto-scaling-group-name demo --min-size 0 --max-size 2 \\
      --desired-capacity 1 --tags Key=local-aws.cluster,Value=demo
  aws ecs list-container-instances --cluster demo

Containers run as processes of this machine: entryPoint and command of the container definition are the program.
A container with the docker label local-aws.simulated=true needs none."
    )
}

fn variable(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("expected NAME=VALUE".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_name() {
        assert_eq!(variable("A=b=c"), Ok(("A".to_owned(), "b=c".to_owned())));
        assert!(variable("=b").is_err());
        assert!(variable("A").is_err());
    }

    #[test]
    fn the_usage_shows_where_it_listens() {
        let usage = usage("http://127.0.0.1:1", "eu-west-1");
        assert!(usage.contains("export AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_REGION=eu-west-1 "));
    }
}
