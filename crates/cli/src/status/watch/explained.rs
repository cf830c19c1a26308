//! The explanations of drains that were selected. One that is complete stays when a later read fails, and shows its age.

use jiff::Timestamp;
use protector_core::ids::InstanceKey;
use protector_diagnosis::explain::Explanation;
use protector_diagnosis::read::{Gap, GapKind};
use std::collections::BTreeMap;

/// An explanation, and when it was made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Explained {
    pub(super) explanation: Explanation,
    /// When it was made.
    pub(super) at: Timestamp,
    /// Reads that failed since, so that this one is still shown.
    pub(super) failed: Vec<Gap>,
}

/// Those of all drains that were selected and are still there.
#[derive(Clone, Debug, Default)]
pub(super) struct Explanations(BTreeMap<InstanceKey, Explained>);

impl Explanations {
    /// Takes what was read. A failure that may pass does not take away what is known.
    pub(super) fn read(&mut self, key: InstanceKey, at: Timestamp, explanation: Explanation) {
        let passing = passing(&explanation);
        let kept = self
            .0
            .get_mut(&key)
            .filter(|kept| self::passing(&kept.explanation).is_empty());
        if let Some(kept) = kept.filter(|_| !passing.is_empty()) {
            kept.failed = passing;
            return;
        }
        let explained = Explained {
            explanation,
            at,
            failed: Vec::new(),
        };
        self.0.insert(key, explained);
    }

    /// The one of a drain.
    pub(super) fn get(&self, key: &InstanceKey) -> Option<&Explained> {
        self.0.get(key)
    }

    /// Drops those of drains that are not there any more.
    pub(super) fn retain(&mut self, is_there: impl Fn(&InstanceKey) -> bool) {
        self.0.retain(|key, _| is_there(key));
    }
}

/// The reads that may succeed the next time. One that is denied will not.
fn passing(explanation: &Explanation) -> Vec<Gap> {
    let passes = |gap: &&Gap| match gap.kind {
        GapKind::Denied | GapKind::NotFound => false,
        GapKind::Throttled | GapKind::SignedOut | GapKind::Unreachable | GapKind::Other => true,
    };
    explanation.gaps.iter().filter(passes).cloned().collect()
}
