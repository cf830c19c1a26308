//! `status --wait`: each change as a line, until the drains are over. Ctrl-C ends the wait and never a drain.

use super::reads::fleet;
use super::{chosen, progress};
use crate::account::Account;
use crate::exit::Exit;
use crate::{look, output};
use protector_core::ids::{ClusterName, InstanceKey};
use protector_diagnosis::change::{Change, Follower, Forced, all_over};
use protector_diagnosis::drain::Drain;
use protector_diagnosis::fleet::Fleet;
use protector_diagnosis::which::Query;
use protector_diagnosis::words::clock;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// Follows the drains.
///
/// # Errors
/// A name fits several instances, or standard output cannot be written.
pub(crate) async fn follow(
    account: &Account,
    clusters: &[ClusterName],
    instances: &[Query],
    as_json: bool,
    patience: Duration,
) -> Result<Exit, Box<dyn Error>> {
    let end = Instant::now() + patience;
    let mut follower = Follower::default();
    let mut followed = Vec::new();
    if !as_json {
        look::stderr_line("waiting; Ctrl-C ends the wait and never a drain");
    }
    loop {
        let fleet = Fleet::of(&fleet(account, clusters, &progress).await);
        let drains = joined(&mut followed, instances, &fleet)?;
        let complete = fleet.gaps.is_empty();
        for change in follower.changes(&drains, complete, fleet.now) {
            say(as_json, &change)?;
        }
        for gap in &fleet.gaps {
            look::stderr_line(&gap.to_string());
        }
        if complete && drains.is_empty() && (!followed.is_empty() || !instances.is_empty()) {
            look::stderr_line("no instance that drains has this name, and no end of a drain was seen");
            return Ok(Exit::NoAnswer);
        }
        match all_over(&drains) {
            Some(Forced(true)) if complete => return Ok(Exit::Bad),
            Some(Forced(false)) if complete => return Ok(Exit::Good),
            _ => {}
        }
        let next = Instant::now() + INTERVAL;
        if next > end {
            look::stderr_line(&format!("not over within {patience:?}"));
            return Ok(Exit::TimedOut);
        }
        tokio::time::sleep_until(next).await;
    }
}

/// The drains that are waited for: those that are named, or those that were open at the first look; also when they are
/// over since.
fn joined<'a>(
    followed: &mut Vec<InstanceKey>,
    instances: &[Query],
    fleet: &'a Fleet,
) -> Result<Vec<&'a Drain>, String> {
    for drain in chosen(instances, false, fleet)? {
        if !followed.contains(&drain.key) {
            followed.push(drain.key.clone());
        }
    }
    let is_followed = |drain: &&Drain| followed.contains(&drain.key);
    Ok(fleet.drains.iter().filter(is_followed).collect())
}

fn say(as_json: bool, change: &Change) -> io::Result<()> {
    match as_json {
        true => output::json(change),
        false => output::line(&format!(
            "{} {}  {}",
            clock(change.at, change.at),
            change.instance,
            change.message
        )),
    }
}
