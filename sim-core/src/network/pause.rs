//! Machines whose process stands still: the kernel goes on taking in bytes.

use super::connection::ConnectionId;
use super::link::Endpoint;
use super::message::MessageSlot;
use super::wire::{Network, NetworkTimer};
use crate::time::Span;
use crate::trace::{Cx, Event, Observer};

impl Network {
    /// A process stands still. What others write to it comes to its machine as ever. The controller's word does not: a broker
    /// asks for it, and asks for nothing now. New connections of clients wait for its answer to their first request.
    pub fn stands_still(&mut self, who: Endpoint) {
        self.still.insert(who);
    }

    /// It has died.
    pub fn stands_no_more(&mut self, who: Endpoint) {
        self.still.remove(&who);
        let mut unanswered = std::mem::take(&mut self.unanswered);
        unanswered.retain(|&id| self.connection(id).is_some_and(|connection| connection.acceptor != who));
        self.unanswered = unanswered;
    }

    /// It goes on, and answers new connections. What the controller has decided meanwhile comes to it when it has asked for it,
    /// so much later at the earliest.
    pub fn goes_on<O: Observer>(&mut self, cx: &mut Cx<'_, O>, who: Endpoint, dark: Span) {
        self.still.remove(&who);
        for id in std::mem::take(&mut self.unanswered) {
            let Some(connection) = self.connection(id) else { continue };
            if connection.acceptor == who {
                let at = cx.now + connection.back.path.sample(cx.chance);
                self.schedule.push((at, NetworkTimer::Opens(id)));
            } else {
                self.unanswered.push(id);
            }
        }
        if let Some(id) = self.current.get(Endpoint::Controller, who) {
            self.word_has_to_be_asked_for(cx, id, dark);
        }
    }

    /// What has been said to it while it stood still it would hear one decision after the other, and lead for an instant in an
    /// epoch that is over. A real broker gets all of it with one fetch, and applies it as one change.
    fn word_has_to_be_asked_for<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, dark: Span) {
        let Some(connection) = self.connection_mut(id) else { return };
        connection.gap = true;
        connection.out.last_arrival = connection.out.last_arrival.max(cx.now + dark);
        let waiting: Vec<MessageSlot> = connection.out.messages.drain(..).collect();
        for slot in waiting {
            if let Some(message) = self.messages.remove(slot) {
                cx.emit(message.sent, || Event::MessageLost {
                    message: message.number,
                    by: "connection-closed",
                });
            }
        }
    }
}
