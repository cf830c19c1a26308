//! What can be asked of `lint`, and what `inject` asks alike.

use super::context::Expectations;
use super::help;
use super::rules::{RuleId, Severity};
use super::suppress::Ignored;
use crate::look::LookArgs;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use protector_core::beacon::Beacon;
use protector_core::ids::ContainerName;
use protector_core::limits::{DURATION_MAX, DURATION_MIN};
use protector_core::record::ParameterPrefix;
use std::path::PathBuf;

/// Arguments of `lint`.
#[derive(Clone, Debug, Args)]
#[command(before_long_help = help::ABOUT, after_long_help = help::EXAMPLES, after_help = "--help shows examples and exit codes.")]
pub(crate) struct LintArgs {
    /// Task definitions in JSON; `-` is standard input.
    #[arg(value_name = "FILE", required_unless_present_any = ["list", "explain"])]
    pub(super) files: Vec<PathBuf>,
    /// Accept a definition without a sidecar: check only what is true of any.
    #[arg(long)]
    pub(super) allow_none: bool,
    /// The least serious finding that makes the exit code 1.
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub(super) fail_on: FailOnSeverity,
    /// A rule that does not count, for all containers or for one; may be given several times.
    #[arg(long, value_name = "RULE[=CONTAINER]")]
    pub(super) ignore: Vec<Ignored>,
    /// The form of the report.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
    /// The same as --format json.
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Write the report to this file. In another form than text, the text is written to standard output as well.
    #[arg(long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// List all rules.
    #[arg(long, conflicts_with = "explain")]
    pub(super) list: bool,
    /// Explain what a rule is about, why there is such a rule, and what to do.
    #[arg(long, value_name = "RULE")]
    pub(super) explain: Option<RuleId>,
    #[command(flatten)]
    pub(super) look: LookArgs,
    // The last one: the heading of a group also covers what follows it.
    #[command(flatten)]
    pub(crate) coordinator: CoordinatorArgs,
}

impl LintArgs {
    /// The form of the report.
    pub(super) fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// What is expected of each definition.
    pub(super) fn expectations(&self) -> Expectations {
        Expectations {
            allow_none: self.allow_none,
            ..self.coordinator.expectations()
        }
    }
}

/// What is known of the coordinator.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Coordinator")]
pub(crate) struct CoordinatorArgs {
    /// Its MAX_DRAIN. Without it 1h is taken, and a MAX_HOLD that is too short is only a warning.
    #[arg(long, value_name = "DURATION", value_parser = duration, conflicts_with = "from_coordinator")]
    max_drain: Option<SignedDuration>,
    /// Its DAEMON_STOP.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "2m",
        value_parser = duration,
        conflicts_with = "from_coordinator"
    )]
    daemon_stop: SignedDuration,
    /// The number of tiers in its DAEMON_TIERS.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(i32).range(1..=9999),
        conflicts_with = "from_coordinator"
    )]
    tiers: i32,
    /// Its PARAMETER_PREFIX, to be compared with the sidecar's.
    #[arg(long, value_name = "PREFIX", env = "PROTECTORCTL_PREFIX", value_parser = prefix)]
    prefix: Option<ParameterPrefix>,
    /// The name of the sidecar's container, its SIDECAR_CONTAINER.
    #[arg(long, value_name = "NAME", default_value = "ecs-daemon-protector", value_parser = container)]
    container: ContainerName,
    /// Take MAX_DRAIN, DAEMON_STOP, the tiers and the prefix from the coordinator that runs: one call to Parameter Store.
    #[arg(long)]
    pub(crate) from_coordinator: bool,
    /// Region of the calls to AWS, if there are any; by default AWS_REGION or the profile's.
    #[arg(long, value_name = "REGION")]
    pub(crate) region: Option<String>,
    /// Profile of the AWS configuration; by default AWS_PROFILE.
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
}

/// The coordinator's default `MAX_DRAIN`; a test holds it against the coordinator.
const MAX_DRAIN_DEFAULT: SignedDuration = SignedDuration::from_hours(1);

impl CoordinatorArgs {
    /// The name of the sidecar's container.
    pub(crate) fn container(&self) -> &str {
        self.container.as_str()
    }

    /// The prefix that was given, or the usual one.
    pub(crate) fn prefix(&self) -> ParameterPrefix {
        self.prefix.clone().unwrap_or_default()
    }

    /// Takes the settings of the coordinator that wrote this beacon, below this prefix.
    pub(crate) fn follow(&mut self, beacon: &Beacon, prefix: ParameterPrefix) {
        self.max_drain = Some(beacon.max_drain);
        self.daemon_stop = beacon.daemon_stop;
        self.tiers = tiers(beacon);
        self.prefix = Some(prefix);
    }

    /// What the coordinator expects of a definition.
    pub(crate) fn expectations(&self) -> Expectations {
        Expectations {
            container: self.container.clone(),
            max_drain: self.max_drain.unwrap_or(MAX_DRAIN_DEFAULT),
            max_drain_is_known: self.max_drain.is_some(),
            daemon_stop: self.daemon_stop,
            tiers: self.tiers,
            prefix: self.prefix.clone(),
            allow_none: false,
        }
    }
}

/// The number of tiers of the coordinator that wrote this beacon: at least one.
pub(crate) fn tiers(beacon: &Beacon) -> i32 {
    let tiers = beacon.tiers.as_ref().map_or(1, |tiers| tiers.len().max(1));
    i32::try_from(tiers).unwrap_or(i32::MAX)
}

/// The least severity that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOnSeverity {
    /// Errors alone.
    Error,
    /// Errors and warnings.
    Warning,
    /// Any finding.
    Note,
}

impl From<FailOnSeverity> for Severity {
    fn from(least: FailOnSeverity) -> Severity {
        match least {
            FailOnSeverity::Error => Severity::Error,
            FailOnSeverity::Warning => Severity::Warning,
            FailOnSeverity::Note => Severity::Note,
        }
    }
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people, with the lines of the source.
    Text,
    /// One object.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
}

/// A duration as the programs' settings have it, from 1 s to 48 h.
pub(crate) fn duration(text: &str) -> Result<SignedDuration, String> {
    let parsed = text
        .parse()
        .ok()
        .filter(|duration| (DURATION_MIN..=DURATION_MAX).contains(duration));
    parsed.ok_or_else(|| "expected a duration such as 90s, 15m or 1h30m, from 1s to 48h".to_owned())
}

fn prefix(text: &str) -> Result<ParameterPrefix, String> {
    text.parse()
        .map_err(|error: protector_core::ids::InvalidId| error.to_string())
}

fn container(text: &str) -> Result<ContainerName, String> {
    text.parse()
        .map_err(|error: protector_core::ids::InvalidId| error.to_string())
}
