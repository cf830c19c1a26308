//! EC2 takes a Spot instance back.

use protector_core::limits::SPOT_NOTICE;
use protector_core::trigger::{SpotNotice, TriggerKind};

use crate::context::RunContext;
use crate::handled::Handled;
use crate::logging::Level;
use crate::observer::Place;
use crate::reconciler::Reconciler;
use crate::subject::Registered;

/// Handles the notices of EC2.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpotEvents<'r> {
    pub(crate) reconciler: Reconciler<'r>,
    pub(crate) run: &'r RunContext,
}

impl SpotEvents<'_> {
    /// EC2 takes a Spot instance back: it is drained like any other, only in less time.
    pub(crate) async fn handle(&self, notice: SpotNotice) -> Handled {
        if self.run.now().duration_since(notice.at) > SPOT_NOTICE {
            return self.run.ignored(
                Level::Info,
                TriggerKind::Spot,
                "the notice is older than the two minutes that it gives",
            );
        }
        match self.reconciler.observer.locate(&notice.instance).await {
            Place::In(place) => {
                let reported = |subject| Registered {
                    spot: Some(notice.at),
                    ..subject
                };
                self.reconciler
                    .in_each(TriggerKind::Spot, place.homes, reported)
                    .await
            }
            Place::Nowhere => self.run.ignored(
                Level::Info,
                TriggerKind::Spot,
                "the instance is in no watched cluster",
            ),
            Place::Unknown(why) => Handled::Failed(why),
        }
    }
}
