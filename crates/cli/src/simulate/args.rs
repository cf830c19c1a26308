//! What can be asked of the simulator.

use super::help;
use crate::duration;
use clap::Args;
use protector_command_line::color::ColorWhen;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

/// The largest fleet that may be asked for.
const INSTANCES_MAX: usize = 100_000;

/// Arguments of `simulate`.
#[derive(Clone, Debug, Args)]
#[command(before_long_help = help::ABOUT, after_long_help = help::EXAMPLES, after_help = "--help shows examples and exit codes.")]
pub(crate) struct SimulateArgs {
    #[command(flatten)]
    pub(super) fleet: FleetArgs,
    #[command(flatten)]
    pub(super) aws: AwsArgs,
    #[command(flatten)]
    pub(super) worlds: WorldArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// The fleet that drains.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Fleet")]
pub(super) struct FleetArgs {
    /// How many instances drain at once; a list plays a fleet of each size.
    #[arg(long, value_name = "N[,N…]", default_value = "1,10,100", value_delimiter = ',', value_parser = instances)]
    pub(super) instances: Vec<usize>,
    /// Tasks on each instance.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = small)]
    pub(super) tasks: usize,
    /// How long a task takes to stop after SIGTERM: a time, or a range to draw from.
    #[arg(long, value_name = "FROM..TO", default_value = "10s..30s", value_parser = durations)]
    pub(super) stop: RangeInclusive<u64>,
    /// Daemon services: each has one task with a sidecar on every instance.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = small)]
    pub(super) daemons: usize,
    /// All instances are taken away within this time.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration::parse)]
    pub(super) within: Duration,
    /// `HeartbeatTimeout` of the terminate hook.
    #[arg(long, value_name = "DURATION", default_value = "15m", value_parser = heartbeat)]
    pub(super) heartbeat: Duration,
    /// Settings of the coordinator and, below a line `[sidecar]`, of the sidecars.
    #[arg(long, value_name = "FILE")]
    pub(super) settings: Option<PathBuf>,
    /// The first seed: the same seed plays the same run.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// Play so many seeds of each fleet, and show median and range.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(super) seeds: u64,
}

/// The account.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "AWS")]
pub(super) struct AwsArgs {
    /// Execution environments that the coordinator may have at once. Events need one: a batch at a time.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = environments)]
    pub(super) environments: usize,
    /// All API quotas, in percent of their defaults; 0 switches them off.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub(super) quota: u32,
    /// Parameter Store: writes a second (higher throughput gives 10).
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) ssm_writes: u32,
    /// Parameter Store: reads a second (higher throughput gives 1000).
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(super) ssm_reads: u32,
}

/// What is played beside a fleet, or instead of it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "What is played")]
pub(super) struct WorldArgs {
    /// The same fleets also with other drainers: the original sidecar, a sleeping Lambda, an SNS loop, plain ECS.
    #[arg(long, conflicts_with_all = ["faults", "random", "scenario", "benchmark"])]
    pub(super) rivals: bool,
    /// Worlds of known faults instead of a fleet: names, `all`, or `list` for the table of them.
    #[arg(long, value_name = "NAME[,NAME…]", value_delimiter = ',', conflicts_with_all = ["random", "scenario", "benchmark", "html"])]
    pub(super) faults: Vec<String>,
    /// Worlds drawn from seeds instead of a fleet: one seed (`17`) or many (`0-999`).
    #[arg(long, value_name = "SEEDS", value_parser = seeds, conflicts_with_all = ["scenario", "benchmark", "html"])]
    pub(super) random: Option<RangeInclusive<u64>>,
    /// Draw also worlds of known faults.
    #[arg(long, requires = "random")]
    pub(super) wild: bool,
    /// A world from a file of JSON instead of a fleet.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["benchmark", "html"])]
    pub(super) scenario: Option<PathBuf>,
    /// Measure the simulator itself, against its budgets.
    #[arg(long, conflicts_with_all = ["html"])]
    pub(super) benchmark: bool,
}

/// Where and how the results are shown.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub(super) struct OutputArgs {
    /// The result as one JSON object.
    #[arg(long)]
    pub(super) json: bool,
    /// A page of tables and charts, in one file that needs no other.
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// The run, line by line, with every API call; of one run only.
    #[arg(long, conflicts_with_all = ["json", "rivals", "benchmark"])]
    pub(super) transcript: bool,
    /// Write the world to a file, for `--scenario`; of one run only.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rivals", "benchmark"])]
    pub(super) save: Option<PathBuf>,
    /// Colours: on a terminal unless `NO_COLOR` is set, always, or never.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub(super) color: ColorWhen,
}

fn number(text: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
    let number = text.trim().parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| format!("expected a number from {} to {}", range.start(), range.end()))
}

fn instances(text: &str) -> Result<usize, String> {
    number(text, 1..=INSTANCES_MAX)
}

fn small(text: &str) -> Result<usize, String> {
    number(text, 0..=100)
}

fn environments(text: &str) -> Result<usize, String> {
    number(text, 1..=10_000)
}

/// `17`, or `0-999`.
fn seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (from, to) = text.split_once('-').unwrap_or((text, text));
    let wrong = || "expected a seed such as 17, or many such as 0-999".to_owned();
    let number = |text: &str| text.trim().parse().map_err(|_| wrong());
    let (from, to): (u64, u64) = (number(from)?, number(to)?);
    (from <= to).then_some(from..=to).ok_or_else(wrong)
}

/// As Auto Scaling takes it.
fn heartbeat(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_secs(30)..=Duration::from_secs(7200);
    let heartbeat = duration::parse(text)?;
    let fits = bounds.contains(&heartbeat);
    fits.then_some(heartbeat)
        .ok_or_else(|| "expected 30s to 2h, as Auto Scaling takes it".to_owned())
}

/// `20s`, or `10s..30s`, in milliseconds.
fn durations(text: &str) -> Result<RangeInclusive<u64>, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    let millis = |text: &str| {
        let duration =
            duration::parse(text).map_err(|_| "expected a duration or a range such as 10s..30s")?;
        Ok::<u64, String>(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    };
    match (millis(from)?, millis(to)?) {
        (from, to) if from <= to => Ok(from..=to),
        _ => Err("expected the shorter time first, such as 10s..30s".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_of_durations_is_read() {
        assert_eq!(durations("10s..30s"), Ok(10_000..=30_000));
        assert_eq!(durations("2m"), Ok(120_000..=120_000));
        for wrong in ["", "30s..10s", "1s..", "x"] {
            assert!(durations(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_are_one_or_many() {
        assert_eq!(seeds("17"), Ok(17..=17));
        assert_eq!(seeds("0-999"), Ok(0..=999));
        for wrong in ["", "9-1", "1-", "x"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_have_bounds_that_are_named() {
        assert_eq!(instances("10000"), Ok(10_000));
        assert_eq!(instances("0").unwrap_err(), "expected a number from 1 to 100000");
        assert!(heartbeat("3h").is_err());
    }
}
