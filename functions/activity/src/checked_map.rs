//! Maps of a contract whose values can be wrong for their keys.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, Visitor};

/// Reads a map, of which `check` judges each value by its key: what is wrong is said of that entry then, and has its place,
/// and not of the map.
pub(crate) fn checked_map<'de, D, K, V>(
    deserializer: D,
    check: impl Fn(&K, &V) -> Result<(), String>,
) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(Entries { check, of: PhantomData })
}

struct Entries<K, V, C> {
    check: C,
    of: PhantomData<(K, V)>,
}

impl<'de, K, V, C> Visitor<'de> for Entries<K, V, C>
where
    K: Deserialize<'de> + Ord,
    V: Deserialize<'de>,
    C: Fn(&K, &V) -> Result<(), String>,
{
    type Value = BTreeMap<K, V>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<BTreeMap<K, V>, A::Error> {
        let mut entries = BTreeMap::new();
        while let Some(key) = map.next_key()? {
            let value = map.next_value_seed(Entry { key: &key, check: &self.check, of: PhantomData })?;
            entries.insert(key, value);
        }
        Ok(entries)
    }
}

struct Entry<'k, K, V, C> {
    key: &'k K,
    check: &'k C,
    of: PhantomData<V>,
}

impl<'de, K, V, C> DeserializeSeed<'de> for Entry<'_, K, V, C>
where
    V: Deserialize<'de>,
    C: Fn(&K, &V) -> Result<(), String>,
{
    type Value = V;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V, D::Error> {
        let value = V::deserialize(deserializer)?;
        (self.check)(self.key, &value).map_err(D::Error::custom)?;
        Ok(value)
    }
}
