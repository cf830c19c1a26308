//! The facade: the world, and waiting for it.

use super::LocalAws;
use crate::config::Timeout;
use crate::principal::OPERATOR;
use jiff::Timestamp;
use protector_aws_model::{ApiError, Call, Entry, Faults, Service, What, World};
use serde_json::Value;
use std::time::Duration;

/// How many entries of the journal a [`Timeout`] shows.
const JOURNAL_TAIL: usize = 60;

impl LocalAws {
    /// Does something with the world; its effects follow. `f` must not use this `LocalAws` again: it would wait
    /// for itself.
    pub fn world<R>(&self, f: impl FnOnce(&mut World, Timestamp) -> R) -> R {
        self.0.hosts.live.with(f)
    }

    /// Changes the faults: what is throttled, lost, stale. The same limit on `f` as for [`LocalAws::world`].
    pub fn faults<R>(&self, f: impl FnOnce(&mut Faults) -> R) -> R {
        self.world(|world, _| f(world.faults_mut()))
    }

    /// One API call by the principal `operator`, without the wire protocol.
    ///
    /// # Errors
    /// As the API reference says for the operation.
    pub fn call(&self, service: Service, operation: &str, params: Value) -> Result<Value, ApiError> {
        let call = Call {
            service,
            operation: operation.to_owned(),
            params,
            principal: OPERATOR.to_owned(),
        };
        self.0.hosts.front.reads.call(&call)
    }

    /// Waits until `f` finds something. It looks now and after every change of the world or end of an
    /// invocation, so even a short state is not missed. The same limit on `f` as for [`LocalAws::world`].
    ///
    /// # Errors
    /// `f` found nothing within `bound`; the error has the end of the journal.
    pub async fn wait_until<T>(
        &self,
        what: &str,
        bound: Duration,
        mut f: impl FnMut(&World) -> Option<T>,
    ) -> Result<T, Timeout> {
        let mut changes = self.0.hosts.live.subscribe();
        let found = tokio::time::timeout(bound, async {
            loop {
                changes.borrow_and_update();
                if let Some(found) = self.0.hosts.live.read(|world, _| f(world)) {
                    break found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        });
        found.await.map_err(|_| Timeout {
            what: what.to_owned(),
            bound,
            journal: self.journal_tail(),
        })
    }

    /// The operations that a principal has called so far, in order.
    pub fn calls_by(&self, caller: &str) -> Vec<String> {
        self.0.hosts.live.read(|world, _| {
            let calls = world.journal().iter().filter_map(|entry| match &entry.what {
                What::Call {
                    principal, operation, ..
                } if principal == caller => Some(operation.clone()),
                _ => None,
            });
            calls.collect()
        })
    }

    /// Everything that has happened, in order.
    pub fn journal(&self) -> Vec<Entry> {
        self.0.hosts.live.read(|world, _| world.journal().to_vec())
    }

    fn journal_tail(&self) -> String {
        let journal = self.journal();
        let tail = journal.iter().skip(journal.len().saturating_sub(JOURNAL_TAIL));
        let lines = tail.map(|entry| serde_json::to_string(entry).unwrap_or_else(|error| error.to_string()));
        lines.collect::<Vec<_>>().join("\n")
    }
}
