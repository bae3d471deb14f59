//! How a broker ends in order (Kafka's `BrokerServer.shutdown`, `broker.md F14`).

use super::{Broker, BrokerOutput, BrokerTimer};
use crate::time::Span;
use crate::trace::{Cx, Observer, Seq};

/// The broker waits no longer for the controller's leave.
const DEADLINE: Span = Span::from_millis(300_000);

impl Broker {
    /// The process is told to end: it asks the controller, which moves its leaderships first. One that is not part of the
    /// cluster, or has `controlled.shutdown.enable` off, ends at once.
    pub fn shut_down<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        if !self.is_running() || self.lifecycle.is_shutting_down() {
            return;
        }
        let at = cx.now + DEADLINE;
        if !self.config.controlled_shutdown || !self.lifecycle.begin_shutdown(at) {
            return self.end_in_order(cx, cause);
        }
        let timer = BrokerTimer::ShutdownDeadline;
        self.outputs.push(BrokerOutput::Timer { at, timer, cause });
        if !self.lifecycle.is_asking() {
            self.send_heartbeat(cx.now, cause);
        }
    }

    /// The controller has not let it go in all that time.
    pub(super) fn shutdown_overdue<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        if self.lifecycle.shutdown_is_overdue(cx.now) {
            self.end_in_order(cx, cause);
        }
    }

    /// Everything goes to disk: logs, high watermarks, a snapshot of the producers, and the marker that proves it
    /// (`broker.md 5`, clean shutdown). Then the process is no more.
    pub(super) fn end_in_order<O: Observer>(&mut self, cx: &mut Cx<'_, O>, cause: Seq) {
        for ix in 0..self.partitions.len() as u32 {
            self.flush_partition(cx, ix, cause);
            self.partitions[ix as usize].close();
        }
        self.lifecycle.leave_marker();
        self.forget_process();
        self.outputs.push(BrokerOutput::Stopped { cause });
    }
}
