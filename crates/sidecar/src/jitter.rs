//! Randomness for jitter.

use std::hash::{BuildHasher, Hasher, RandomState};

/// A number in 0..1, different each time and in each process. Good enough to spread readings, and for nothing else.
pub(crate) fn jitter() -> f64 {
    let bits = RandomState::new().build_hasher().finish() >> 11;
    bits as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_spread_over_its_range() {
        let drawn: Vec<f64> = (0..1000).map(|_| jitter()).collect();
        assert!(drawn.iter().all(|c| (0.0..1.0).contains(c)));
        assert!(drawn.iter().any(|c| *c < 0.1) && drawn.iter().any(|c| *c > 0.9));
    }
}
