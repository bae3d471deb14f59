//! Where each leader epoch begins in a log (Kafka's `LeaderEpochFileCache`).

/// The epochs of one log, oldest first: epoch and offset of its first record, or where that would stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeaderEpochs {
    starts: Vec<(i32, i64)>,
}

impl LeaderEpochs {
    /// The epochs and their start offsets, oldest first.
    pub fn starts(&self) -> &[(i32, i64)] {
        &self.starts
    }

    /// The newest epoch; none: the log has never held a record, nor had a leader of its own.
    pub fn latest(&self) -> Option<i32> {
        self.starts.last().map(|&(epoch, _)| epoch)
    }

    /// Notes that this epoch begins here, if it is new (`broker.md R8`, R28).
    #[inline]
    pub(crate) fn assign(&mut self, epoch: i32, start_offset: i64) {
        if self.latest().is_none_or(|latest| latest < epoch) {
            // An epoch without a record begins where the next one does: it has no place of its own any more.
            while self.starts.last().is_some_and(|&(_, start)| start >= start_offset) {
                self.starts.pop();
            }
            self.starts.push((epoch, start_offset));
        }
    }

    /// The epoch that ends there, and its end offset, for a log that ends at `log_end` (`broker.md R29`); `None` is
    /// Kafka's undefined.
    pub(crate) fn end_offset_for(&self, epoch: i32, log_end: i64) -> Option<(i32, i64)> {
        if self.latest() == Some(epoch) {
            return Some((epoch, log_end));
        }
        let next = self.starts.partition_point(|&(known, _)| known <= epoch);
        let &(_, end) = self.starts.get(next)?;
        let floor = if next == 0 { epoch } else { self.starts[next - 1].0 };
        Some((floor, end))
    }

    /// The log was cut at its end: epochs that begin there or later are gone (`broker.md R32`).
    pub(crate) fn truncate_from_end(&mut self, end_offset: i64) {
        self.starts.retain(|&(_, start)| start < end_offset);
    }

    /// The log begins later: the epoch that holds its new start begins there.
    pub(crate) fn truncate_from_start(&mut self, start_offset: i64) {
        let holding = self.starts.partition_point(|&(_, start)| start <= start_offset);
        if holding > 0 {
            self.starts.drain(..holding - 1);
            self.starts[0].1 = start_offset;
        }
    }

    /// Nothing is left.
    pub(crate) fn clear(&mut self) {
        self.starts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epochs(starts: &[(i32, i64)]) -> LeaderEpochs {
        let mut epochs = LeaderEpochs::default();
        for &(epoch, start) in starts {
            epochs.assign(epoch, start);
        }
        epochs
    }

    /// `broker.md R29`, case by case.
    #[test]
    fn end_offsets_are_looked_up_as_kafka_does() {
        let epochs = epochs(&[(2, 0), (4, 10), (7, 25)]);
        assert_eq!(epochs.end_offset_for(7, 40), Some((7, 40)), "the latest epoch ends at the log end");
        assert_eq!(epochs.end_offset_for(8, 40), None, "above the latest: undefined");
        assert_eq!(epochs.end_offset_for(4, 40), Some((4, 25)), "a known one ends where the next begins");
        assert_eq!(epochs.end_offset_for(6, 40), Some((4, 25)), "an unknown one: the largest below it");
        assert_eq!(epochs.end_offset_for(1, 40), Some((1, 0)), "below the first: where the first begins");
        assert_eq!(LeaderEpochs::default().end_offset_for(0, 0), None, "an empty cache knows nothing");
    }

    /// `broker.md R32`: epoch entries starting at or after the cut are removed.
    #[test]
    fn a_cut_takes_the_epochs_behind_it() {
        let mut epochs = epochs(&[(2, 0), (4, 10), (7, 25)]);
        epochs.truncate_from_end(25);
        assert_eq!(epochs.starts(), [(2, 0), (4, 10)]);
        epochs.truncate_from_end(24);
        assert_eq!(epochs.starts(), [(2, 0), (4, 10)]);
    }

    #[test]
    fn a_later_start_moves_into_the_epoch_that_holds_it() {
        let mut epochs = epochs(&[(2, 0), (4, 10), (7, 25)]);
        epochs.truncate_from_start(12);
        assert_eq!(epochs.starts(), [(4, 12), (7, 25)]);
    }

    /// Epochs of leaders that appended nothing leave no trace once a later epoch begins at the same offset.
    #[test]
    fn an_epoch_without_a_record_gives_way() {
        assert_eq!(epochs(&[(0, 0), (1, 5), (3, 5)]).starts(), [(0, 0), (3, 5)]);
        assert_eq!(epochs(&[(3, 5), (1, 9)]).starts(), [(3, 5)], "an older epoch is not taken in");
    }
}
