//! Options of each command that talks to AWS.

use clap::Args;
use protector_core::ids::ClusterName;
use protector_core::record::{DEFAULT_PREFIX, ParameterPrefix};
use protector_diagnosis::command::Invocation;
use protector_diagnosis::which::Query;
use std::time::Duration;

/// What says the prefix and the clusters without an option.
const PREFIX: &str = "PROTECTORCTL_PREFIX";
const CLUSTER: &str = "PROTECTORCTL_CLUSTER";

/// Which account, and how it is asked.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Account")]
pub(crate) struct AccountArgs {
    /// Region; by default AWS_REGION or the profile's.
    #[arg(long, value_name = "REGION")]
    pub(super) region: Option<String>,
    /// Profile of the AWS configuration; by default AWS_PROFILE.
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,
    /// Prefix of the parameters: PARAMETER_PREFIX of the coordinator.
    #[arg(long, value_name = "PATH", env = PREFIX, default_value = DEFAULT_PREFIX)]
    pub(super) prefix: ParameterPrefix,
    /// How long the command may take: a thousand drains take 45 s, by the pace that leaves SSM to the sidecars.
    #[arg(long, value_name = "DURATION", env = "PROTECTORCTL_TIMEOUT", default_value = "2m", value_parser = crate::duration::parse)]
    pub(crate) timeout: Duration,
    /// Report each call to AWS, and how long it took, on standard error.
    #[arg(long, short = 'v')]
    pub(crate) verbose: bool,
}

/// Which clusters.
#[derive(Clone, Debug, Args)]
pub(crate) struct ClusterArgs {
    /// A cluster; may be given several times. By default those that the coordinator watches.
    #[arg(
        long = "cluster",
        value_name = "NAME",
        env = CLUSTER,
        value_delimiter = ','
    )]
    pub(crate) clusters: Vec<ClusterName>,
}

/// How long a single call may take.
const ONE_CALL: Duration = Duration::from_secs(30);

impl AccountArgs {
    /// Options for a command that makes one call and has few of them.
    pub(crate) fn of(
        region: &Option<String>,
        profile: &Option<String>,
        prefix: ParameterPrefix,
    ) -> AccountArgs {
        AccountArgs {
            region: region.clone(),
            profile: profile.clone(),
            prefix,
            timeout: ONE_CALL,
            verbose: false,
        }
    }

    /// The options that the next command needs too, to reach the same place.
    pub(crate) fn invocation(&self, clusters: &ClusterArgs) -> Invocation {
        self.given(&clusters.clusters, |name| std::env::var(name).ok())
    }

    /// What the next command would have anyway, from its environment or by default, was not given.
    fn given(&self, clusters: &[ClusterName], variable: impl Fn(&str) -> Option<String>) -> Invocation {
        let prefix = variable(PREFIX).unwrap_or_else(|| DEFAULT_PREFIX.to_owned());
        let named = variable(CLUSTER).unwrap_or_default();
        let by_environment = clusters
            .iter()
            .map(ClusterName::as_str)
            .eq(named.split(',').filter(|name| !name.is_empty()));
        Invocation {
            profile: self.profile.clone(),
            region: self.region.clone(),
            prefix: Some(self.prefix.clone()).filter(|given| given.to_string() != prefix),
            clusters: if by_environment {
                Vec::new()
            } else {
                clusters.to_vec()
            },
        }
    }
}

/// Reads an instance as a person names it.
pub(crate) fn query(text: &str) -> Result<Query, String> {
    text.parse()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        account: AccountArgs,
        #[command(flatten)]
        clusters: ClusterArgs,
    }

    fn given(arguments: &[&str], environment: &[(&str, &str)]) -> Invocation {
        let line = Line::parse_from(std::iter::once("x").chain(arguments.iter().copied()));
        line.account.given(&line.clusters.clusters, |name| {
            let found = environment.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn what_was_given_goes_on_to_the_next_command_and_what_is_so_anyway_does_not() {
        assert_eq!(given(&["--prefix", DEFAULT_PREFIX], &[]), Invocation::default());
        let all = given(
            &[
                "--profile",
                "p",
                "--region",
                "r",
                "--prefix",
                "/drains",
                "--cluster",
                "a,b",
            ],
            &[],
        );
        let expected = Invocation {
            profile: Some("p".to_owned()),
            region: Some("r".to_owned()),
            prefix: Some("/drains".parse().unwrap()),
            clusters: vec!["a".parse().unwrap(), "b".parse().unwrap()],
        };
        assert_eq!(all, expected);
        let same = [(PREFIX, "/drains"), (CLUSTER, "a,b")];
        let line = ["--prefix", "/drains", "--cluster", "a", "--cluster", "b"];
        assert_eq!(given(&line, &same), Invocation::default());
        // The environment names another place than the option does.
        let back = given(&["--prefix", DEFAULT_PREFIX, "--cluster", "a"], &same);
        assert_eq!(back.prefix, Some(DEFAULT_PREFIX.parse().unwrap()));
        assert_eq!(back.clusters, ["a".parse().unwrap()]);
    }
}
