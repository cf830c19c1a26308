//! `protectorctl local-aws`: a local AWS to play with, until it is asked to stop.

mod setup;

use crate::endpoint::{ACCESS_KEY, environment};
use crate::programs::{self, Program};
use crate::stop::Stop;
use crate::{duration, output};
use clap::Args;
use protector_local_aws::{CoordinatorSpec, LocalAws, LocalAwsConfig};
use serde_json::json;
use setup::{Setup, Stuck};
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
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
    /// Write what the coordinator and the heartbeats say to this file as they say it; `-` is standard error.
    #[arg(long, value_name = "FILE")]
    coordinator_log: Option<PathBuf>,
    /// Begin with an account in which instances drain, in the place of an empty one. The coordinator runs in it: that
    /// of `--coordinator`, or `bootstrap` beside this program.
    #[arg(long, value_name = "SETUP")]
    setup: Option<Setup>,
    /// The sidecar of the setup's daemons; by default `ecs-daemon-protector` beside this program.
    #[arg(long, value_name = "PATH", requires = "setup")]
    sidecar: Option<PathBuf>,
    /// Region of the account.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// Serve the AWS APIs by TLS too, with this certificate for 127.0.0.1 (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// The key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// Do not enforce the API quotas.
    #[arg(long)]
    no_quotas: bool,
}

/// Runs a local AWS until SIGINT or SIGTERM.
pub(crate) async fn run(args: LocalAwsArgs) -> Result<(), Box<dyn Error>> {
    let mut stop = Stop::listen()?;
    let coordinator = coordinator(&args)?;
    let sidecar = match args.setup {
        Some(_) => Some(programs::find(Program::Sidecar, args.sidecar.as_deref())?),
        None => None,
    };
    let aws = LocalAws::start(config(&args)).await?;
    let secure = match (&args.tls_certificate, &args.tls_key) {
        (Some(certificate), Some(key)) => Some(
            aws.listen_with_tls(&fs::read(certificate)?, &fs::read(key)?)
                .await?,
        ),
        _ => None,
    };
    if let Some(file) = &args.coordinator_log {
        aws.copy_coordinator_log(log_file(file)?);
    }
    if let Some(spec) = coordinator {
        aws.start_coordinator(spec).await?;
    }
    let set = async {
        match &sidecar {
            Some(sidecar) => setup::set(&aws, sidecar).await,
            None => Ok(Vec::new()),
        }
    };
    tokio::select! {
        stuck = set => announce(&args, &aws.endpoint_url(), secure.as_deref(), &stuck?)?,
        () = stop.asked() => {
            aws.shutdown().await;
            return Ok(());
        }
    }
    stop.asked().await;
    aws.shutdown().await;
    Ok(())
}

/// The coordinator that is to run, if one is.
fn coordinator(args: &LocalAwsArgs) -> Result<Option<CoordinatorSpec>, Box<dyn Error>> {
    let binary = match (&args.coordinator, args.setup) {
        (None, None) => return Ok(None),
        (Some(given), _) => std::path::absolute(given)?,
        (None, Some(_)) => programs::find(Program::Coordinator, None)?,
    };
    let mut spec = CoordinatorSpec::new(binary);
    if args.setup.is_some() {
        let settings = setup::settings().map(|(name, value)| (name.to_owned(), value.to_owned()));
        spec.env.extend(settings);
    }
    spec.env.extend(args.coordinator_env.iter().cloned());
    Ok(Some(spec))
}

fn log_file(path: &Path) -> io::Result<Box<dyn Write + Send>> {
    match path.as_os_str() == "-" {
        true => Ok(Box::new(io::stderr())),
        false => Ok(Box::new(File::create(path)?)),
    }
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

fn announce(args: &LocalAwsArgs, endpoint: &str, secure: Option<&str>, stuck: &[Stuck]) -> io::Result<()> {
    if !args.json {
        return output::line(&match stuck {
            [] => usage(endpoint, &args.region),
            _ => usage_of_setup(endpoint, &args.region, stuck),
        });
    }
    output::json(&json!({
        "event": "ready",
        "endpoint": endpoint,
        "secureEndpoint": secure,
        "region": args.region,
        "accessKeyId": ACCESS_KEY,
        "secretAccessKey": ACCESS_KEY,
        "coordinator": args.coordinator.is_some() || args.setup.is_some(),
        "drains": stuck,
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

fn usage_of_setup(endpoint: &str, region: &str, stuck: &[Stuck]) -> String {
    let environment = environment(endpoint, region);
    let width = stuck
        .iter()
        .map(|one| one.cluster.len())
        .max()
        .unwrap_or_default();
    let drains = stuck.iter().map(|one| {
        let (instance, cluster, words) = (&one.instance, one.cluster, one.wrong);
        format!("  {instance}  {cluster:<width$}  {words}\n")
    });
    let drains: String = drains.collect();
    let cluster = setup::CLUSTER;
    format!(
        "Local AWS at {endpoint}, until Ctrl-C. To use it from another shell:

{environment}

These instances drain:

{drains}
  aws ssm get-parameters-by-path --path /ecs-daemon-protector --recursive
  aws ecs list-container-instances --cluster {cluster} --status DRAINING
  aws ecs describe-services --cluster {cluster} --services search billing"
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
    fn the_usage_of_a_setup_names_each_instance_with_its_reason() {
        let stuck = [
            ("prod", "i-1", setup::Case::NoRoom),
            ("staging", "i-2", setup::Case::NoRecord),
        ];
        let stuck = stuck.map(|(cluster, instance, case)| Stuck::new(case, cluster, instance));
        let usage = usage_of_setup("http://127.0.0.1:1", "eu-west-1", &stuck);
        assert!(usage.contains("  i-1  prod     no room: "), "{usage}");
        assert!(
            usage.contains("  i-2  staging  its cluster is not watched"),
            "{usage}"
        );
    }

    #[test]
    fn the_usage_shows_where_it_listens() {
        let usage = usage("http://127.0.0.1:1", "eu-west-1");
        assert!(usage.contains("export AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_REGION=eu-west-1 "));
    }
}
