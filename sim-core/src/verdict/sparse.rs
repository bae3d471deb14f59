//! A few values by index, written in any order.

/// A few values by index. Written in any order, cheaply; sorted by [`Sparse::settle`], right before it as well.
#[derive(Clone, Debug)]
pub(super) struct Sparse<V> {
    rows: Vec<(u32, V)>,
    /// So many rows from the front are sorted, each index once; behind them a later row wins.
    sorted: usize,
}

impl<V> Default for Sparse<V> {
    fn default() -> Self {
        Sparse { rows: Vec::new(), sorted: 0 }
    }
}

impl<V: Copy> Sparse<V> {
    /// Puts a value there, instead of the one before.
    pub(super) fn set(&mut self, index: u32, value: V) {
        let in_order = self.sorted == self.rows.len();
        match self.rows.last_mut() {
            Some((last, held)) if *last == index => *held = value,
            Some((last, _)) if !in_order || *last > index => {
                self.rows.push((index, value));
                self.settle_if_long();
            }
            _ => {
                self.rows.push((index, value));
                self.sorted += 1;
            }
        }
    }

    /// The value there, if one was put.
    pub(super) fn get(&self, index: u32) -> Option<&V> {
        let (sorted, rest) = self.rows.split_at(self.sorted);
        if let Some((_, value)) = rest.iter().rev().find(|(at, _)| *at == index) {
            return Some(value);
        }
        sorted.binary_search_by_key(&index, |(at, _)| *at).ok().map(|at| &sorted[at].1)
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All of them.
    pub(super) fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.iter().map(|(_, value)| value)
    }

    /// Keeps the unsorted part to the square root of the whole: neither looking through it nor sorting it in costs much.
    fn settle_if_long(&mut self) {
        let unsorted = self.rows.len() - self.sorted;
        if unsorted > 64 && unsorted * unsorted > self.rows.len() {
            self.settle();
        }
    }

    /// Sorts what is not sorted yet.
    pub(super) fn settle(&mut self) {
        if self.sorted == self.rows.len() {
            return;
        }
        self.rows.sort_by_key(|(index, _)| *index);
        // Of rows with one index the last one written stands last: it takes the place of those before it.
        self.rows.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        self.sorted = self.rows.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_may_come_in_any_order_and_the_last_one_counts() {
        let mut sparse = Sparse::default();
        for index in (0..10_000).rev() {
            sparse.set(index, index);
        }
        sparse.set(500, 9);
        for settled in [false, true] {
            if settled {
                sparse.settle();
            }
            assert_eq!(
                (sparse.get(0), sparse.get(500), sparse.get(9_999)),
                (Some(&0), Some(&9), Some(&9_999))
            );
        }
        assert_eq!(sparse.values().count(), 10_000);
    }
}
