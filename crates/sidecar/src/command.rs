//! The command line: few words, matched by hand.

use crate::reexec::WAIT;

/// What is asked of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Self-check, then wait.
    Run,
    /// What a passed self-check executes: wait with this place, as JSON.
    Wait(String),
    /// Exit with 0 if a sidecar of this task is past its self-check.
    Check,
    /// Print the help.
    Help,
    /// Print the version.
    Version,
}

/// Arguments that make no sense.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misuse {
    /// A sentence for the user.
    pub(crate) hint: String,
    /// Which use of the program was meant.
    pub(crate) of: Use,
}

/// What the program is started for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To be the sidecar, as the main process of its container.
    Container,
    /// To answer and end: the health check, `--help`, `--version`.
    Answer,
}

/// Returns whether this is the process that waits. Asked before anything else, so it takes no detour through [`parse`].
pub(crate) fn is_wait() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    let wait = arguments.next().is_some_and(|word| word == WAIT);
    wait && arguments
        .next()
        .is_some_and(|place| is_place(place.as_encoded_bytes()))
        && arguments.next().is_none()
}

fn is_place(argument: &[u8]) -> bool {
    argument.first() == Some(&b'{')
}

/// Reads the arguments that follow the program's name. The error is a sentence for the user, and which use was meant.
pub(crate) fn parse(arguments: &[String]) -> Result<Command, Misuse> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [] => Ok(Command::Run),
        ["check"] => Ok(Command::Check),
        [WAIT, place] if is_place(place.as_bytes()) => Ok(Command::Wait((*place).to_owned())),
        ["--help" | "-h" | "help"] => Ok(Command::Help),
        ["--version" | "-V"] => Ok(Command::Version),
        [
            known @ ("check" | "--help" | "-h" | "help" | "--version" | "-V"),
            ..,
        ] => Err(Misuse {
            hint: format!("{known} takes no argument; try --help"),
            of: Use::Answer,
        }),
        ["wait", ..] => Err(Misuse {
            hint: "`wait` is internal; start the program without arguments".to_owned(),
            of: Use::Container,
        }),
        [unknown, ..] => Err(Misuse {
            hint: format!(
                "unknown argument {unknown:?}; there are check, --help and --version, and settings are environment \
                 variables (see --help)"
            ),
            of: Use::Container,
        }),
    }
}

/// What `--version` prints.
pub(crate) const VERSION: &str = concat!("ecs-daemon-protector ", env!("CARGO_PKG_VERSION"));

/// What `--help` prints.
pub(crate) const HELP: &str = "\
ecs-daemon-protector: keeps the daemons of an ECS task alive while their instance drains

It runs as a container beside the daemon, which its dependsOn lists with condition START. The ECS agent stops a
container only after all that depend on it. So as long as this program lives, the daemon gets no SIGTERM. After its
own SIGTERM it reads the drain's record, one SSM parameter, until the coordinator has released the instance.

Usage: ecs-daemon-protector             check the surroundings, then wait for SIGTERM (SIGINT means the same)
       ecs-daemon-protector check       for the container's health check: 0 if the self-check has passed, else 1
       ecs-daemon-protector --help
       ecs-daemon-protector --version

Settings (environment; durations such as 90s, 15m, 1h30m, from 1s to 48h):
  PROTECTOR_PARAMETER_PREFIX   where the records are          /ecs-daemon-protector
  PROTECTOR_CLUSTER            cluster, name or ARN           from task metadata
  PROTECTOR_INSTANCE_ID        EC2 instance id                from IMDS
  PROTECTOR_PROTECTS           containers, comma-separated    all others of the task
  PROTECTOR_POLL_INTERVAL      pause between readings         5s    (a record has its own)
  PROTECTOR_MAX_HOLD           longest hold                   2h    (stopTimeout of the container must be longer)
  PROTECTOR_UNKNOWN_GRACE      wait for a record              30s   (half of it if the instance is in service)
  PROTECTOR_TERMINATING_GRACE  the same, instance is going    5m
  PROTECTOR_DISABLED           never hold                     false
  PROTECTOR_LOG                debug, info, warn or error     info
An unknown PROTECTOR_ variable is an error. Variables of the AWS SDKs work: AWS_REGION, AWS_ENDPOINT_URL,
AWS_ENDPOINT_URL_SSM, AWS_USE_FIPS_ENDPOINT, AWS_USE_DUALSTACK_ENDPOINT,
AWS_EC2_METADATA_SERVICE_ENDPOINT, AWS_EC2_METADATA_DISABLED, AWS_CONTAINER_CREDENTIALS_*, AWS_ACCESS_KEY_ID and its
companions. ECS_AGENT_INTROSPECTION_ENDPOINT is where the agent's introspection is asked for the container instance
(http://127.0.0.1:51678).
Parameter Store is asked through HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, unless NO_PROXY has its host (lower case works
too). Task metadata, credentials, introspection and IMDS never are. SSL_CERT_FILE or SSL_CERT_DIR name the authorities
to trust, if a proxy inspects TLS.

Permission: ssm:GetParameter on the parameters <prefix>/<cluster>/*.

Exit codes:
   0  released, or nothing to protect, or no drain
  10  the maximum hold was reached
  11  the drain's deadline passed, and no coordinator released it
  64  wrong settings or arguments
  70  a bug
Each exit writes one JSON line that says why. In an ECS task 64 and 70 come 61 s after the start, or at SIGTERM: the agent
restarts only a container that has run for 60 s.
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Command, Misuse> {
        parse(&words.iter().map(|w| (*w).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn every_form_is_known() {
        assert_eq!(parsed(&[]), Ok(Command::Run));
        assert_eq!(parsed(&["check"]), Ok(Command::Check));
        assert_eq!(parsed(&["wait", "{}"]), Ok(Command::Wait("{}".to_owned())));
        assert_eq!(parsed(&["--help"]), Ok(Command::Help));
        assert_eq!(parsed(&["-V"]), Ok(Command::Version));
    }

    #[test]
    fn anything_else_is_refused_with_a_hint() {
        for (words, of) in [
            (&["chekc"][..], Use::Container),
            (&["check", "now"], Use::Answer),
            (&["--help", "me"], Use::Answer),
            (&["wait"], Use::Container),
            (&["wait", "a", "b"], Use::Container),
            (&[""], Use::Container),
        ] {
            let Misuse { hint, of: meant } = parsed(words).unwrap_err();
            assert_eq!(meant, of, "{words:?}");
            assert!(
                hint.contains("--help") || hint.contains("without arguments"),
                "{hint}"
            );
        }
    }

    #[test]
    fn the_help_names_the_variables_of_the_network() {
        for name in [
            "HTTPS_PROXY",
            "HTTP_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
        ] {
            assert!(HELP.contains(name), "{name}");
        }
    }

    #[test]
    fn the_help_names_every_setting() {
        for name in protector_core::settings::sidecar::NAMES {
            assert!(HELP.contains(&format!("  PROTECTOR_{name} ")), "{name}");
        }
    }
}
