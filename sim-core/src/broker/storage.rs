//! What a broker does with its logs from time to time: page cache to disk, old segments, idle producers.

use super::Broker;
use crate::record::TopicPartition;
use crate::time::Time;
use crate::trace::{Cx, Event, Observer, Seq};

impl Broker {
    /// Page cache to disk, all logs.
    pub(super) fn flush_all<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        for ix in 0..self.partitions.len() as u32 {
            self.flush_partition(cx, ix, Seq::OUTSIDE);
        }
    }

    /// Logs that were not flushed for `flush.ms` (`LogManager.flushDirtyLogs`); Kafka looks for them only each
    /// `log.flush.scheduler.interval.ms`, by default never (`broker.md D1`).
    pub(super) fn flush_overdue<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        for ix in 0..self.partitions.len() as u32 {
            let partition = &self.partitions[ix as usize];
            let config = &self.topic_configs[partition.tp().topic.0 as usize];
            if cx.now.since(partition.flushed_at).millis() >= config.flush_ms {
                self.flush_partition(cx, ix, Seq::OUTSIDE);
            }
        }
    }

    /// Page cache to disk, one log.
    pub(super) fn flush_partition<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ix: u32, cause: Seq) {
        if self.partitions[ix as usize].log.flush() {
            self.report_flush(cx, ix, cause);
        }
    }

    /// A log has been written to disk, up to where it says.
    pub(super) fn report_flush<O: Observer>(&mut self, cx: &mut Cx<'_, O>, ix: u32, cause: Seq) {
        let partition = &mut self.partitions[ix as usize];
        partition.flushed_at = cx.now;
        let (tp, to) = (partition.tp(), partition.log.flushed_offset());
        cx.emit(cause, || Event::LogFlushed {
            broker: self.id,
            topic: tp.topic,
            partition: tp.partition,
            to,
        });
    }

    /// The machine has lost power: what was not on disk is gone, or as much of it as chance has it (`broker.md D3`: where
    /// each log ends is uniform between what is on disk and its end). A batch is there whole or not at all: recovery cuts a
    /// log at the first torn one (D4, P20). With `survives` so many records of each log remain, less those of a batch that
    /// does not fit in whole. The logs that are shorter now.
    ///
    /// Kafka's recovery point (D2) only says from where on a log is scanned for torn batches. A scan finds the same wherever
    /// it begins, and takes no time here.
    pub fn lose_page_cache<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        survives: Option<u64>,
        cause: Seq,
    ) -> Vec<TopicPartition> {
        let mut shorter = Vec::new();
        for ix in 0..self.partitions.len() as u32 {
            let partition = &self.partitions[ix as usize];
            let (tp, log) = (partition.tp(), &partition.log);
            let (on_disk, end) = (log.flushed_offset(), log.end_offset());
            let left = match survives {
                Some(records) => log.start_offset().saturating_add_unsigned(records),
                None if on_disk == end => end,
                None => {
                    let stream = cx.chance.stream(format_args!(
                        "broker-{}/power-loss/{}-{}",
                        self.id, tp.topic.0, tp.partition
                    ));
                    on_disk + cx.chance.below(stream, (end - on_disk) as u64 + 1) as i64
                }
            };
            self.partitions[ix as usize].note_lost_with_power(left.min(end));
            self.truncate(cx, ix, left.min(end), cause);
            let log = &mut self.partitions[ix as usize].log;
            log.flush();
            if log.end_offset() < end {
                shorter.push(tp);
            }
        }
        shorter
    }

    /// Deletes what `cleanup.policy=delete` no longer keeps; followers of a leader learn of its new start.
    pub(super) fn delete_old_segments(&mut self, now: Time) {
        for ix in 0..self.partitions.len() as u32 {
            let partition = &mut self.partitions[ix as usize];
            let config = &self.topic_configs[partition.tp().topic.0 as usize];
            let high_watermark = partition.high_watermark();
            if partition.log.delete_old_segments(config, now.millis(), high_watermark) {
                self.note_hw(ix);
            }
        }
    }

    /// Forgets producers that have been idle for `producer.id.expiration.ms` (`broker.md I8`).
    pub(super) fn expire_producers<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        for partition in &mut self.partitions {
            let tp = partition.tp();
            let expired = partition.producers.expire(cx.now.millis(), self.config.producer_id_expiration_ms);
            for producer_id in expired {
                cx.emit(Seq::OUTSIDE, || Event::ProducerStateExpired {
                    broker: self.id,
                    topic: tp.topic,
                    partition: tp.partition,
                    producer_id,
                });
            }
        }
    }
}
