//! Time, and what the services do to one another.

use super::{Due, World};
use crate::auto_scaling::GroupEvent;
use crate::ecs::Output;
use crate::journal::What;
use jiff::Timestamp;

impl World {
    /// When something happens next by itself.
    pub fn next_due(&self) -> Option<Timestamp> {
        let all = [
            self.ecs.next_due(),
            self.auto_scaling.next_due(),
            self.timers.next_due(),
        ];
        all.into_iter().flatten().min()
    }

    /// Lets everything happen that is due by `now`, each thing at its own time.
    pub fn advance(&mut self, now: Timestamp) {
        while let Some(at) = self.next_due().filter(|due| *due <= now) {
            self.ecs.advance(at);
            self.auto_scaling.advance(at);
            while let Some((_, due)) = self.timers.pop(at) {
                self.fire(at, due);
            }
            self.settle(at);
        }
    }

    fn fire(&mut self, at: Timestamp, due: Due) {
        match due {
            Due::Register(host) => self.register(at, &host),
            Due::Take(host) => self.take(at, &host),
            Due::Deliver(event) => self.deliver(at, event),
        }
    }

    /// Carries what has come out of one service to the others, until nothing comes any more.
    pub(super) fn settle(&mut self, now: Timestamp) {
        loop {
            let of_ecs = self.ecs.take_events();
            let of_groups = self.auto_scaling.take_events();
            let of_ssm = self.ssm.take_changes();
            if of_ecs.is_empty() && of_groups.is_empty() && of_ssm.is_empty() {
                break;
            }
            of_ecs
                .into_iter()
                .for_each(|event| self.came(event.at, event.what));
            of_groups.into_iter().for_each(|event| self.group_did(now, event));
            for change in of_ssm {
                let (name, version, value) = (change.name, change.version, change.value);
                self.log(now, What::Parameter { name, version, value });
            }
        }
    }

    fn came(&mut self, at: Timestamp, what: Output) {
        match what {
            Output::Journal(what) => self.log(at, what),
            Output::Effect(effect) => self.effects.push(effect),
            Output::Event(event) => self.emit(at, event),
        }
    }

    fn group_did(&mut self, now: Timestamp, event: GroupEvent) {
        match event {
            GroupEvent::Launch {
                instance,
                group,
                cluster,
            } => self.power_on(now, &instance, Some(group), cluster),
            GroupEvent::Terminate { instance } => self.power_off(now, &instance),
            GroupEvent::LifecycleState {
                instance,
                group,
                state,
            } => {
                let state = state.name().to_owned();
                self.log(
                    now,
                    What::Lifecycle {
                        instance,
                        group,
                        state,
                    },
                );
            }
            GroupEvent::Hook {
                instance,
                group,
                hook,
                what,
            } => {
                self.log(
                    now,
                    What::Hook {
                        instance,
                        group,
                        hook,
                        what,
                    },
                );
            }
            GroupEvent::Event(event) => self.emit(now, event),
        }
    }
}
