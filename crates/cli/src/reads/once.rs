//! Reads that several drains share are made once.

use std::collections::BTreeMap;

/// What was read before for this key, or what is read now. A read that has failed is not tried again either: its answer
/// would be the same a moment later, and the quota is shared.
pub(super) async fn once<K: Ord + Clone, V: Clone>(
    known: &mut BTreeMap<K, V>,
    key: &K,
    read: impl Future<Output = V>,
) -> V {
    if let Some(value) = known.get(key) {
        return value.clone();
    }
    let value = read.await;
    known.insert(key.clone(), value.clone());
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[tokio::test]
    async fn what_is_known_is_not_read_again() {
        let reads = Cell::new(0);
        let read = async || {
            reads.set(reads.get() + 1);
            reads.get()
        };
        let mut known = BTreeMap::new();
        for (key, expected) in [("a", 1), ("a", 1), ("b", 2), ("a", 1)] {
            assert_eq!(once(&mut known, &key, read()).await, expected);
        }
        assert_eq!(reads.get(), 2);
    }
}
