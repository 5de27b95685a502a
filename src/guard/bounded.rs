//! A map that forgets its oldest entries when it is full.

use std::collections::HashMap;
use std::hash::Hash;

/// A map of at most a fixed number of entries. The entries are in two halves. When the half with
/// the newer entries is full, it replaces the other half. So at most half of the entries are
/// forgotten at a time, and never the newest.
pub(crate) struct BoundedMap<K, V> {
    newer: HashMap<K, V>,
    older: HashMap<K, V>,
    /// The maximum number of entries in one half.
    half: usize,
}

impl<K: Eq + Hash, V> BoundedMap<K, V> {
    /// Creates an empty map for at most `limit` entries, which is an even number.
    pub(crate) fn new(limit: usize) -> Self {
        Self { newer: HashMap::new(), older: HashMap::new(), half: limit / 2 }
    }

    /// Returns the value of an entry. Does not make the entry one of the newest.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.newer.get(key).or_else(|| self.older.get(key))
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match self.newer.get_mut(key) {
            Some(value) => Some(value),
            None => self.older.get_mut(key),
        }
    }

    /// Adds or replaces an entry, which then is the newest. Returns the replaced value.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let old = self.older.remove(&key);
        if self.newer.len() >= self.half && !self.newer.contains_key(&key) {
            self.older = std::mem::take(&mut self.newer);
        }
        self.newer.insert(key, value).or(old)
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let newer = self.newer.remove(key);
        newer.or_else(|| self.older.remove(key))
    }

    /// Keeps only the entries whose key satisfies `is_kept`.
    pub(crate) fn retain(&mut self, is_kept: impl Fn(&K) -> bool) {
        self.newer.retain(|key, _| is_kept(key));
        self.older.retain(|key, _| is_kept(key));
    }

    /// Returns the number of entries.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.newer.len() + self.older.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_map_forgets_the_older_half() {
        let mut map = BoundedMap::new(8);
        for key in 0..100 {
            assert_eq!(map.insert(key, key), None);
            let kept = (0..=key).filter(|old| map.get(old).is_some()).count();
            assert!(map.len() <= 8 && kept == map.len());
            let newest = (0..=key).rev().take(4);
            assert!(newest.clone().all(|new| map.get(&new) == Some(&new)), "{key}: {newest:?}");
        }
    }

    #[test]
    fn an_entry_is_in_one_half_only() {
        let mut map = BoundedMap::new(4);
        for key in 0..3 {
            map.insert(key, "old");
        }
        // The entry is in the half with the older entries.
        assert_eq!(map.insert(0, "new"), Some("old"));
        assert_eq!((map.get(&0), map.len()), (Some(&"new"), 3));
        *map.get_mut(&1).unwrap() = "changed";
        assert_eq!((map.remove(&1), map.get(&1)), (Some("changed"), None));
        map.retain(|key| *key == 0);
        assert_eq!(map.len(), 1);
    }
}
