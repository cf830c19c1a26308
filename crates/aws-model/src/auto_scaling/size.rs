//! How many instances a group has and is to have.

use super::group::{Group, Size};
use super::lifecycle;
use super::outbox::Outbox;
use jiff::Timestamp;

/// Launches missing instances, and terminates surplus ones: the oldest first, but none that is protected.
pub(super) fn reconcile(now: Timestamp, group: &mut Group, out: &mut Outbox) {
    let desired = usize::try_from(group.size.desired).unwrap_or_default();
    let staying = group.staying();
    let surplus = staying.len().saturating_sub(desired);
    let unprotected = staying.iter().filter(|instance| !instance.protected);
    let victims: Vec<_> = unprotected
        .take(surplus)
        .map(|instance| instance.id.clone())
        .collect();
    let missing = desired.saturating_sub(staying.len());
    for id in victims {
        lifecycle::terminate(now, group, out, &id);
    }
    for _ in 0..missing {
        lifecycle::launch(now, group, out);
    }
}

/// Returns the size if its numbers are consistent.
pub(super) fn checked(size: Size) -> Result<Size, String> {
    let Size { min, max, desired } = size;
    if min < 0 || max < 0 {
        return Err("Min and max sizes must not be negative.".to_owned());
    }
    if min > max {
        return Err("Min size must be less than or equal to max size.".to_owned());
    }
    match (min..=max).contains(&desired) {
        true => Ok(size),
        false => Err(format!(
            "Desired capacity:{desired} must be between the specified min size:{min} and max size:{max}"
        )),
    }
}
