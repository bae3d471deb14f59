//! What a broker does with its logs from time to time: page cache to disk, old segments, idle producers.

use super::Broker;
use crate::time::Time;
use crate::trace::{Cx, Event, Observer, Seq};

impl Broker {
    /// Page cache to disk, all logs.
    pub(super) fn flush_all<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        for ix in 0..self.partitions.len() as u32 {
            self.flush_partition(cx, ix, Seq::OUTSIDE);
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
        let partition = &self.partitions[ix as usize];
        let (tp, to) = (partition.tp(), partition.log.flushed_offset());
        cx.emit(cause, || Event::LogFlushed {
            broker: self.id,
            topic: tp.topic,
            partition: tp.partition,
            to,
        });
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
