//! What can be asked of the demo.

use super::DemoError;
use super::files::RunDirectory;
use super::reporter::Form;
use super::scenario::{Kind, Scenario};
use clap::{Args, ValueEnum};
use protector_aws_model::DaemonStop;
use protector_command_line::color::ColorWhen;
use protector_command_line::duration;
use protector_command_line::programs::{self, Program};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest SIGTERM window, in seconds: both runs together stay under two minutes.
const WINDOW_MAX: u64 = 60;

/// The longest `LINGER`, in seconds, for the same reason.
const LINGER_MAX: u64 = 60;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Leave the local AWS of the last run, the one with the protector, running afterwards, until Ctrl-C. In it another
    /// instance drains, held by a standalone task that runs for an hour.
    #[arg(long)]
    pub(crate) keep: bool,
    /// One JSON object a line: what happens, and at the end the verdict.
    #[arg(long)]
    pub(crate) json: bool,
    /// Where the logs of both runs go.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    pub(crate) out: PathBuf,
    /// Do one of the two runs only.
    #[arg(long, value_name = "RUN")]
    only: Option<Kind>,
    /// How long the replica tasks go on logging after SIGTERM.
    #[arg(long, value_name = "DURATION", default_value = "8s", value_parser = window)]
    pub(crate) window: Duration,
    /// How long the protector keeps the log router after the last task has ended, the coordinator's LINGER.
    ///
    /// The standalone task ends with a report of 400 lines, and the router reads slowly: it needs 4 s more than the
    /// task. With 5s, the coordinator's default, no line is lost; with 0s ECS stops the router while most of the report
    /// is still in its socket.
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = linger)]
    pub(crate) linger: Duration,
    /// When ECS itself stops the daemon tasks of a draining instance.
    #[arg(long, value_name = "WHEN", default_value = "reported")]
    native: Native,
    /// The coordinator; by default `bootstrap` beside this program.
    #[arg(long, value_name = "PATH")]
    bootstrap: Option<PathBuf>,
    /// The sidecar; by default `ecs-daemon-protector` beside this program.
    #[arg(long, value_name = "PATH")]
    sidecar: Option<PathBuf>,
}

/// What ECS itself does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Native {
    /// When no replica task is RUNNING any more, though some are still stopping: as users have seen it.
    Reported,
    /// When every replica task is STOPPED: as the documentation has it. Standalone tasks do not count.
    Documented,
}

impl DemoArgs {
    /// When the ECS of the local AWS stops daemon tasks.
    pub(crate) fn daemon_stop(&self) -> DaemonStop {
        match self.native {
            Native::Reported => DaemonStop::WhenReplicasNotRunning,
            Native::Documented => DaemonStop::WhenReplicasStopped,
        }
    }

    /// The same for people.
    pub(crate) fn native_text(&self) -> &'static str {
        match self.native {
            Native::Reported => "as users report it: when no replica task is RUNNING (see --native)",
            Native::Documented => "as documented: when every replica task is STOPPED",
        }
    }

    /// Returns the form of the output.
    pub(crate) fn form(&self) -> Form {
        match (self.json, ColorWhen::Auto.colors()) {
            (true, _) => Form::Json,
            (false, true) => Form::Colour,
            (false, false) => Form::Plain,
        }
    }

    /// The runs that are wanted.
    pub(crate) fn scenarios(&self) -> Result<Vec<Scenario>, DemoError> {
        let out = std::path::absolute(&self.out)?;
        let wanted = |kind: &Kind| self.only.is_none_or(|only| only == *kind);
        [Kind::Without, Kind::With]
            .into_iter()
            .filter(wanted)
            .map(|kind| self.scenario(kind, &out))
            .collect()
    }

    fn scenario(&self, kind: Kind, out: &Path) -> Result<Scenario, DemoError> {
        let protected = |program, given: &Option<PathBuf>| match kind {
            Kind::Without => Ok(None),
            Kind::With => programs::find(program, given.as_deref()).map(Some),
        };
        Ok(Scenario {
            kind,
            run: RunDirectory::new(&out.join(kind.name())),
            own: programs::own()?,
            coordinator: protected(Program::Coordinator, &self.bootstrap)?,
            sidecar: protected(Program::Sidecar, &self.sidecar)?,
            window: self.window,
            linger: self.linger,
        })
    }
}

fn window(text: &str) -> Result<Duration, String> {
    bounded(text, 1, WINDOW_MAX)
}

fn linger(text: &str) -> Result<Duration, String> {
    bounded(text, 0, LINGER_MAX)
}

/// A duration of `min` to `max` seconds.
fn bounded(text: &str, min: u64, max: u64) -> Result<Duration, String> {
    let bounds = Duration::from_secs(min)..=Duration::from_secs(max);
    match duration::parse(text)? {
        duration if bounds.contains(&duration) => Ok(duration),
        _ => Err(format!("expected {min}s to {max}s")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::{REPORT, backlog};
    use super::*;
    use clap::{Command, FromArgMatches};
    use jiff::SignedDuration;
    use protector_core::policy::Policy;
    use protector_core::variables::Reader;

    fn command() -> Command {
        DemoArgs::augment_args(Command::new("demo"))
    }

    #[test]
    fn the_help_has_the_numbers_of_the_scenario_and_the_default_is_the_coordinators() {
        let help = command().render_long_help().to_string();
        let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in [
            format!("a report of {REPORT} lines"),
            format!("needs {} s more than the task", backlog().as_secs_f64()),
        ] {
            assert!(help.contains(&part), "{part} in\n{help}");
        }
        let args = DemoArgs::from_arg_matches(&command().get_matches_from(["demo"])).unwrap();
        assert!(args.linger > backlog());
        let coordinator = Policy::read(&mut Reader::new(&|_| None)).unwrap();
        assert_eq!(SignedDuration::try_from(args.linger).unwrap(), coordinator.linger);
    }

    #[test]
    fn a_window_is_bounded() {
        assert_eq!(window("8s"), Ok(Duration::from_secs(8)));
        for wrong in ["0s", "61s", "x"] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_linger_is_bounded_and_may_be_none() {
        assert_eq!(linger("0s"), Ok(Duration::ZERO));
        assert_eq!(linger("5s"), Ok(Duration::from_secs(5)));
        for wrong in ["-1s", "61s", "x"] {
            assert!(linger(wrong).is_err(), "{wrong}");
        }
    }
}
