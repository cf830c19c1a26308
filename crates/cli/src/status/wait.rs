//! `status --wait`: each change as a line, until the drains are over. Ctrl-C ends the wait and never a drain. The same
//! without an end is `--watch` where there is no terminal.

use super::chosen;
use super::reader::Reader;
use crate::account::Account;
use crate::exit::Exit;
use crate::{look, output};
use protector_core::ids::{ClusterName, InstanceKey};
use protector_diagnosis::change::{Change, Follower, Over};
use protector_diagnosis::command::Invocation;
use protector_diagnosis::drain::Drain;
use protector_diagnosis::fleet::Fleet;
use protector_diagnosis::time_format::clock;
use protector_diagnosis::which::Query;
use std::error::Error;
use std::io;
use std::time::Duration;
use tokio::time::Instant;

/// Between two looks.
const INTERVAL: Duration = Duration::from_secs(5);

/// Until when drains are followed.
pub(super) enum Until {
    /// Until they are over, or this time.
    Over {
        /// The time.
        end: Instant,
        /// The same as it was asked for.
        patience: Duration,
    },
    /// Until the program is ended.
    Stopped,
}

/// Which drains are followed, and how.
pub(super) struct Followed<'a> {
    /// Those that are named; all if none is.
    pub(super) instances: &'a [Query],
    /// Whether each change is a line of JSON.
    pub(super) as_json: bool,
    /// The condition that ends the wait.
    pub(super) until: Until,
    /// The options with which the tool was called.
    pub(super) invocation: Invocation,
}

/// Follows the drains until they are over.
pub(crate) async fn follow(
    account: &Account,
    clusters: &[ClusterName],
    instances: &[Query],
    as_json: bool,
    patience: Duration,
    invocation: Invocation,
) -> Result<Exit, Box<dyn Error>> {
    let end = Instant::now() + patience;
    let followed = Followed {
        instances,
        as_json,
        until: Until::Over { end, patience },
        invocation,
    };
    report(Reader::new(account, clusters, INTERVAL), &followed).await
}

/// Reports each change of the drains.
pub(super) async fn report(mut reader: Reader<'_>, followed: &Followed<'_>) -> Result<Exit, Box<dyn Error>> {
    let as_json = followed.as_json;
    let mut follower = Follower::new(followed.invocation.clone());
    let mut keys = Vec::new();
    if !as_json {
        let what = match followed.until {
            Until::Over { .. } => "waiting; Ctrl-C ends the wait and never a drain",
            Until::Stopped => "watching; Ctrl-C ends the watch and never a drain",
        };
        look::stderr_line(what);
    }
    loop {
        let looking = reader.look().await;
        let gaps = match &looking.fleet {
            Ok(fleet) => {
                let drains = joined(&mut keys, followed.instances, fleet)?;
                let complete = fleet.gaps.is_empty();
                for change in follower.changes(&drains, complete, fleet.now) {
                    print(as_json, &change)?;
                }
                if let Some(exit) = over(&follower, &keys, followed).filter(|_| complete) {
                    return Ok(exit);
                }
                &fleet.gaps
            }
            // Nothing was seen, so nothing has changed.
            Err(gaps) => gaps,
        };
        for gap in gaps {
            look::stderr_line(&gap.to_string());
        }
        if let Until::Over { end, patience } = followed.until
            && looking.next > end
        {
            look::stderr_line(&format!("not over within {patience:?}"));
            return Ok(Exit::TimedOut);
        }
        tokio::time::sleep_until(looking.next).await;
    }
}

/// How a wait ends, if it does now.
fn over(follower: &Follower, keys: &[InstanceKey], followed: &Followed<'_>) -> Option<Exit> {
    if matches!(followed.until, Until::Stopped) {
        return None;
    }
    let named = !followed.instances.is_empty();
    match follower.over(keys)? {
        Over::Plain if keys.is_empty() && named => {
            look::stderr_line("no instance that drains has this name");
            Some(Exit::NoAnswer)
        }
        Over::Plain => Some(Exit::Good),
        Over::Forced => Some(Exit::Bad),
        Over::NotSeen => Some(Exit::NoAnswer),
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

fn print(as_json: bool, change: &Change) -> io::Result<()> {
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
