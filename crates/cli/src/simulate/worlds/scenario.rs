//! `--scenario`: one world from a file.

use super::super::args::SimulateArgs;
use super::super::error::SimulateError;
use super::super::job::{Job, Origin};
use super::super::{Ended, pool, violations};
use crate::output;
use protector_sim::scenario::Scenario;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

/// Plays the world of a file.
pub(in super::super) async fn run(args: &SimulateArgs, path: &Path) -> Result<Ended, SimulateError> {
    let scenario = read(path)?;
    super::save(args.output.save.as_deref(), &scenario)?;
    let keep = super::keep(args.output.transcript);
    let mut results = pool::play(vec![Job::new(Origin::Given(Arc::new(scenario)), keep)]).await?;
    let Some(played) = results.played.pop().flatten() else {
        return Ok(Ended::Interrupted);
    };
    let broken = !played.violations.is_empty();
    let name = path.display().to_string();
    if args.output.json {
        let at = played.ended.at as f64 / 1000.0;
        output::json(
            &json!({"schema": 1, "kind": "scenario", "file": name, "endedSeconds": at, "violations": played.violations}),
        )?;
    } else {
        super::transcript(&played)?;
        for line in violations::lines(&name, &played.violations) {
            output::line(&line)?;
        }
        if !broken {
            output::line(&format!("{name}: no promise was broken"))?;
        }
    }
    Ok(if broken { Ended::Broken } else { Ended::Kept })
}

/// Reads a world. An index that points nowhere would end the model.
fn read(path: &Path) -> Result<Scenario, SimulateError> {
    let text = std::fs::read_to_string(path).map_err(|source| SimulateError::file(path, source))?;
    Scenario::from_json(&text).map_err(|what| SimulateError::Scenario {
        path: path.to_owned(),
        what: format!("{what}; `--save FILE` writes one that is right"),
    })
}
