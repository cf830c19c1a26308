//! What can be asked of the demo.

use super::DemoError;
use super::files::Run;
use super::scenario::{Kind, Scenario};
use super::teller::Form;
use crate::programs::{self, Program};
use crate::{cli, say};
use clap::{Args, ValueEnum};
use protector_local_aws::model::DaemonStop;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest SIGTERM window, in seconds: both runs together stay under two minutes.
const WINDOW_MAX: u64 = 60;

/// Arguments of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Leave the local AWS of the run with the protector running afterwards, until Ctrl-C.
    #[arg(long, conflicts_with = "only")]
    pub(super) keep: bool,
    /// One JSON object a line: what happens, and at the end the verdict.
    #[arg(long)]
    pub(super) json: bool,
    /// Where the logs of both runs go.
    #[arg(long, value_name = "DIR", default_value = "demo-out")]
    pub(super) out: PathBuf,
    /// Do one of the two runs only.
    #[arg(long, value_name = "RUN")]
    only: Option<Kind>,
    /// How long the replica tasks go on logging after SIGTERM.
    #[arg(long, value_name = "DURATION", default_value = "8s", value_parser = window)]
    pub(super) window: Duration,
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
    pub(super) fn daemon_stop(&self) -> DaemonStop {
        match self.native {
            Native::Reported => DaemonStop::WhenReplicasNotRunning,
            Native::Documented => DaemonStop::WhenReplicasStopped,
        }
    }

    /// The same in words.
    pub(super) fn native_words(&self) -> &'static str {
        match self.native {
            Native::Reported => "as users report it: when no replica task is RUNNING (see --native)",
            Native::Documented => "as documented: when every replica task is STOPPED",
        }
    }

    /// In what form the demo is told.
    pub(super) fn form(&self) -> Form {
        match (self.json, say::colours()) {
            (true, _) => Form::Json,
            (false, true) => Form::Colour,
            (false, false) => Form::Plain,
        }
    }

    /// The runs that are wanted.
    ///
    /// # Errors
    /// A program that they need is not there.
    pub(super) fn scenarios(&self) -> Result<Vec<Scenario>, DemoError> {
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
            run: Run::new(&out.join(kind.name())),
            own: programs::own()?,
            coordinator: protected(Program::Coordinator, &self.bootstrap)?,
            sidecar: protected(Program::Sidecar, &self.sidecar)?,
            window: self.window,
        })
    }
}

fn window(text: &str) -> Result<Duration, String> {
    let bounds = Duration::from_secs(1)..=Duration::from_secs(WINDOW_MAX);
    match cli::duration(text)? {
        window if bounds.contains(&window) => Ok(window),
        _ => Err(format!("expected 1s to {WINDOW_MAX}s")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_bounded() {
        assert_eq!(window("8s"), Ok(Duration::from_secs(8)));
        for wrong in ["0s", "61s", "x"] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
    }
}
