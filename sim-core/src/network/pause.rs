//! Machines whose process stands still: the kernel goes on taking in bytes.

use super::connection::ConnectionId;
use super::link::Endpoint;
use super::message::MessageSlot;
use super::wire::{Network, NetworkTimer};
use crate::trace::{Cx, Observer};

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

    /// It goes on: it asks for the controller's word, which takes a round trip, and answers new connections.
    pub fn goes_on<O: Observer>(&mut self, cx: &mut Cx<'_, O>, who: Endpoint) {
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
            self.word_is_asked_for(cx, id);
        }
    }

    fn word_is_asked_for<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId) {
        let at = cx.now + self.round_trip(id, cx.chance);
        let Some(connection) = self.connection_mut(id) else { return };
        connection.out.last_arrival = connection.out.last_arrival.max(at);
        let waiting: Vec<MessageSlot> = connection.out.messages.iter().copied().collect();
        for slot in waiting {
            let Some(message) = self.messages.get_mut(slot) else { continue };
            message.arrives = message.arrives.max(at);
            message.waits = false;
            self.schedule.push((message.arrives, NetworkTimer::Arrives(slot)));
        }
    }
}
