use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::*;

/// A place of so many bytes. What is dropped frees its part of it.
pub(crate) struct Place(Arc<Mutex<usize>>);

struct File {
    room: Arc<Mutex<usize>>,
    bytes: Vec<u8>,
}

impl Place {
    pub(crate) fn of(bytes: usize) -> Arc<dyn Spill> {
        Arc::new(Self(Arc::new(Mutex::new(bytes))))
    }
}

impl Spill for Place {
    fn create(&self) -> io::Result<Box<dyn SpillFile>> {
        Ok(Box::new(File { room: Arc::clone(&self.0), bytes: Vec::new() }))
    }
}

impl SpillFile for File {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut room = self.room.lock().unwrap();
        *room = room.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let from = self.bytes.get(offset as usize..).ok_or(io::ErrorKind::UnexpectedEof)?;
        bytes.copy_from_slice(from.get(..bytes.len()).ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        *self.room.lock().unwrap() += self.bytes.len();
    }
}

fn sorted<const N: usize>(sort: ExternalSort<N>) -> Vec<[u8; N]> {
    sort.finish().unwrap().collect::<Result<_, _>>().unwrap()
}

proptest! {
    #[test]
    fn entries_come_out_in_order(mut entries in prop::collection::vec(any::<[u8; 3]>(), 0..1_500), room in 1_usize..300) {
        let mut sort = ExternalSort::new(Some(Place::of(2 * 3 * entries.len())), 3 * room);
        entries.iter().for_each(|entry| sort.push(*entry).unwrap());
        entries.sort_unstable();
        prop_assert_eq!(sorted(sort), entries);
    }

    #[test]
    fn of_equal_entries_enough_are_kept(entries in prop::collection::vec(0_u8..40, 0..500), room in 1_usize..60) {
        let mut sort = ExternalSort::new(Some(Place::of(usize::MAX)), room).keeping_equal(2);
        let mut counts = BTreeMap::<_, usize>::new();
        for entry in entries {
            sort.push([entry]).unwrap();
            *counts.entry([entry]).or_default() += 1;
        }
        let mut kept = BTreeMap::<_, usize>::new();
        sorted(sort).into_iter().for_each(|entry| *kept.entry(entry).or_default() += 1);
        prop_assert!(kept.keys().eq(counts.keys()));
        for (entry, count) in counts {
            prop_assert!((count.min(2)..=count).contains(&kept[&entry]));
        }
    }
}

#[test]
fn few_values_need_no_room() {
    let mut sort = ExternalSort::new(Some(Place::of(0)), 1 << 10).keeping_equal(2);
    (0..100_000_u32).for_each(|row| sort.push([(row % 100) as u8]).unwrap());
    let kept = sorted(sort);
    assert_eq!(kept.len(), 200);
}

#[test]
fn a_place_that_is_full_is_said_to_be() {
    let mut sort = ExternalSort::new(Some(Place::of(10_000)), 1 << 10);
    let error = (0..2_000_u64).find_map(|entry| sort.push(entry.to_be_bytes()).err()).unwrap();
    assert!(error.is_full());
    assert!(error.to_string().contains("temporary storage"), "{error}");
}
