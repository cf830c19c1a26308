//! Reads what explains the selected drain, in the background and at the pace that all calls of the program keep together.

use super::model::{Event, Wanted};
use crate::account::Account;
use crate::reads::InstanceReader;
use protector_core::ids::InstanceKey;
use protector_diagnosis::command::Invocation;
use protector_diagnosis::explain::explain as explained;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

/// A row is explained when it has been selected for so long: a person who passes over rows wants none of them.
const SETTLED: Duration = Duration::from_millis(150);

/// Explains the drain that is wanted again and again, each at most once in its interval.
pub(super) async fn explain(
    account: Account,
    invocation: Invocation,
    mut wanted: watch::Receiver<Option<Wanted>>,
    sender: mpsc::Sender<Event>,
) -> Infallible {
    let mut reader = InstanceReader::new(&account, invocation);
    let mut begun: BTreeMap<InstanceKey, Instant> = BTreeMap::new();
    loop {
        let Some((key, every)) = subject(&mut wanted).await else {
            // The screen is gone, and this with it.
            return pending().await;
        };
        let settled = Instant::now() + SETTLED;
        let due = begun.get(&key).map_or(settled, |at| settled.max(*at + every));
        tokio::select! {
            () = sleep_until(due) => {}
            () = another(&mut wanted, &key) => continue,
        }
        // As it is by now: the table was read since.
        let Some(now) = wanted
            .borrow_and_update()
            .clone()
            .filter(|wanted| wanted.drain.key == key)
        else {
            continue;
        };
        begun.insert(key.clone(), Instant::now());
        reader.forget();
        let read = tokio::select! {
            reads = reader.read(now.drain, &now.known) => reads,
            () = another(&mut wanted, &key) => continue,
        };
        let event = Event::Explained(key, read.now, Box::new(explained(&read)));
        if sender.send(event).await.is_err() {
            return pending().await;
        }
    }
}

/// The drain that is wanted, and how often; waits until there is one.
async fn subject(wanted: &mut watch::Receiver<Option<Wanted>>) -> Option<(InstanceKey, Duration)> {
    let found = wanted.wait_for(Option::is_some).await.ok()?;
    let wanted = found.as_ref()?;
    let every = Duration::try_from(wanted.every).unwrap_or_default();
    Some((wanted.drain.key.clone(), every))
}

/// Waits until this drain is not the one that is wanted.
async fn another(wanted: &mut watch::Receiver<Option<Wanted>>, key: &InstanceKey) {
    let is_another = |wanted: &Option<Wanted>| wanted.as_ref().is_none_or(|wanted| wanted.drain.key != *key);
    if wanted.wait_for(is_another).await.is_err() {
        pending::<()>().await;
    }
}
