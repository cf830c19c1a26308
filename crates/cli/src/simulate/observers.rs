//! Who watches a run beside the judge and the statistics.

use protector_sim::model::{Fact, Observer, World};
use protector_sim::scenario::Ms;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts the instances whose hook has ended.
#[derive(Debug)]
pub(crate) struct HookEndCounter(pub(crate) Arc<AtomicUsize>);

impl Observer for HookEndCounter {
    fn see(&mut self, _: Ms, fact: &Fact<'_>, _: &World) {
        if let Fact::HookEnds { .. } = fact {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn into_any(self: Box<Self>) -> Box<dyn Any> {
        self
    }
}
