//! Planned crashes: SIGKILL at an exact AWS call.

use std::sync::{Mutex, PoisonError};

/// Where a crash is, seen from one AWS call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CrashPoint {
    None,
    /// The call was sent, but has no effect.
    BeforeCall,
    /// The call has its effect, but no answer arrives.
    AfterCall,
}

/// At most one crash ahead.
#[derive(Default)]
pub(crate) struct CrashPlan(Mutex<Option<(CrashPoint, u64)>>);

impl CrashPlan {
    /// Crash at the `call`-th call from now; 1 is the next.
    pub(crate) fn plan(&self, point: CrashPoint, call: u64) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some((point, call.max(1)));
    }

    pub(crate) fn count(&self) -> CrashPoint {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match plan.take() {
            Some((point, 1)) => point,
            Some((point, left)) => {
                *plan = Some((point, left - 1));
                CrashPoint::None
            }
            None => CrashPoint::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_comes_once_at_its_call() {
        let plan = CrashPlan::default();
        assert_eq!(plan.count(), CrashPoint::None);
        plan.plan(CrashPoint::AfterCall, 2);
        let seen = [plan.count(), plan.count(), plan.count()];
        assert_eq!(seen, [CrashPoint::None, CrashPoint::AfterCall, CrashPoint::None]);
    }
}
