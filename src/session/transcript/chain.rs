//! The order of entries: each stands behind its predecessor.

use std::collections::HashMap;

use super::Entry;
use crate::session::event::ItemId;

/// Places of `entries` in chain order; those whose predecessor is not known stand where they came.
/// What the model knows nothing of stands right behind its predecessor, before what the model has there.
pub(super) fn order(entries: &[Entry]) -> Vec<usize> {
    let known: HashMap<&ItemId, usize> = entries.iter().enumerate().map(|(index, entry)| (&entry.id, index)).collect();
    let mut followers: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut roots = Vec::new();
    let (ours, theirs): (Vec<usize>, Vec<usize>) = (0..entries.len()).partition(|index| entries.get(*index).is_some_and(Entry::is_ours));
    for index in ours.into_iter().chain(theirs) {
        let previous = entries.get(index).and_then(|entry| known.get(entry.previous.as_ref()?));
        match previous.filter(|place| **place != index) {
            Some(place) => followers.entry(*place).or_default().push(index),
            None => roots.push(index),
        }
    }
    roots.sort_by_key(|index| entries.get(*index).is_some_and(|entry| entry.previous.is_some()));
    walk(roots, &mut followers)
}

fn walk(mut stack: Vec<usize>, followers: &mut HashMap<usize, Vec<usize>>) -> Vec<usize> {
    let mut order = Vec::new();
    stack.reverse();
    while let Some(index) = stack.pop() {
        order.push(index);
        stack.extend(followers.remove(&index).into_iter().flatten().rev());
    }
    order
}
