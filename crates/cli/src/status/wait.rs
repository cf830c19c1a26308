//! `status --wait`: each change as a line, until the drains are over. Ctrl-C ends the wait and never a drain.

use super::args::StatusArgs;
use super::{chosen, read};
use crate::account::Account;
use crate::exit::Exit;
use crate::{look, output};
use protector_diagnosis::change::{Change, Follower, Forced, all_over};
use protector_diagnosis::drain::Drain;
use protector_diagnosis::fleet::Fleet;
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
pub(super) async fn run(
    args: &StatusArgs,
    account: &Account,
    patience: Duration,
) -> Result<Exit, Box<dyn Error>> {
    let end = Instant::now() + patience;
    let mut follower = Follower::default();
    let mut followed = Vec::new();
    if !args.json {
        look::stderr_line("waiting; Ctrl-C ends the wait and never a drain");
    }
    loop {
        let fleet = read(account, args).await;
        let drains = joined(&mut followed, args, &fleet)?;
        let complete = fleet.gaps.is_empty();
        for change in follower.changes(&drains, complete, fleet.now) {
            say(args, &change)?;
        }
        for gap in &fleet.gaps {
            look::stderr_line(&gap.to_string());
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
    followed: &mut Vec<protector_core::ids::InstanceKey>,
    args: &StatusArgs,
    fleet: &'a Fleet,
) -> Result<Vec<&'a Drain>, String> {
    for drain in chosen(args, fleet)? {
        if !followed.contains(&drain.key) {
            followed.push(drain.key.clone());
        }
    }
    let is_followed = |drain: &&Drain| followed.contains(&drain.key);
    Ok(fleet.drains.iter().filter(is_followed).collect())
}

fn say(args: &StatusArgs, change: &Change) -> io::Result<()> {
    match args.json {
        true => output::json(change),
        false => output::line(&format!(
            "{} {}  {}",
            clock(change.at, change.at),
            change.instance,
            change.message
        )),
    }
}
