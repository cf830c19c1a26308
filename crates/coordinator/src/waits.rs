//! Hooks that wait: their instance is found, and its drain brought on.

use std::time::Duration;

use protector_core::ids::InstanceId;
use protector_core::observation::{Hook, HookAction};
use protector_core::plan::{Search, unplaced};
use protector_core::trigger::TriggerKind;

use crate::handled::Handled;
use crate::logging::Level;
use crate::observer::{Place, Whereabouts};
use crate::reconciler::Reconciler;
use crate::subject::{Registered, Subject, Unregistered};

/// Brings on the drains of instances for which hooks wait.
impl Reconciler<'_> {
    /// Finds the instance for which these hooks wait, and brings its drain on.
    pub(crate) async fn bring_on_waiting(
        &self,
        trigger: TriggerKind,
        instance: &InstanceId,
        actions: Vec<HookAction>,
    ) -> Handled {
        let place = self.observer.locate(instance).await;
        self.bring_on_at(trigger, instance, place, actions).await
    }

    /// Brings the drain of an instance on that was found there.
    pub(crate) async fn bring_on_at(
        &self,
        trigger: TriggerKind,
        instance: &InstanceId,
        place: Place,
        actions: Vec<HookAction>,
    ) -> Handled {
        let named = |action: &HookAction| self.policy.names(&action.group, &action.hook);
        match place {
            Place::In(place) => self.drain_in_each(trigger, place, actions).await,
            Place::Nowhere if !actions.iter().any(named) => self.run.ignored(
                Level::Info,
                trigger,
                "the instance is in no watched cluster, and neither PROTECTOR_AUTO_SCALING_GROUPS nor \
                 PROTECTOR_LIFECYCLE_HOOKS names its group or hook",
            ),
            Place::Nowhere => self.nowhere(trigger, instance, actions).await,
            Place::Unknown(why) => {
                self.drain_nowhere(trigger, instance, actions, Search::Incomplete(why))
                    .await
            }
        }
    }

    /// The instance is drained in each cluster that counts, and each of these drains knows of the others.
    async fn drain_in_each(
        &self,
        trigger: TriggerKind,
        place: Whereabouts,
        actions: Vec<HookAction>,
    ) -> Handled {
        let reported = |subject: Registered| Registered {
            hook: Hook::Waiting(actions.clone()),
            elsewhere: place.beside(&subject.key.cluster),
            ..subject
        };
        self.in_each(trigger, place.homes.clone(), reported).await
    }

    /// The instance is in no cluster: a second look, then there is nothing to wait for.
    async fn nowhere(
        &self,
        trigger: TriggerKind,
        instance: &InstanceId,
        actions: Vec<HookAction>,
    ) -> Handled {
        let heartbeats = self.run.intake.heartbeats();
        let first = unplaced(
            &actions,
            self.policy,
            Search::NotFound,
            heartbeats,
            self.run.now(),
        );
        if let Some(wait) = first.look_again {
            tokio::time::sleep(Duration::try_from(wait).unwrap_or_default()).await;
        }
        let search = match self.observer.locate(instance).await {
            Place::Nowhere => Search::NotFoundAgain,
            Place::Unknown(why) => Search::Incomplete(why),
            Place::In(place) => return self.drain_in_each(trigger, place, actions).await,
        };
        self.drain_nowhere(trigger, instance, actions, search).await
    }

    async fn drain_nowhere(
        &self,
        trigger: TriggerKind,
        instance: &InstanceId,
        hooks: Vec<HookAction>,
        search: Search,
    ) -> Handled {
        let subject = Subject::Unregistered(Unregistered {
            instance: instance.clone(),
            hooks,
            search,
        });
        self.bring_on(trigger, subject).await
    }
}
