//! Machines that lose power: silence, and what becomes of their connections once they are back.

use super::connection::{ConnectionId, Life};
use super::link::Endpoint;
use super::message::{MessageSlot, Way};
use super::wire::{Network, NetworkTimer};
use crate::time::{Span, Time};
use crate::trace::{Cx, Event, Observer, Seq};

/// TCP writes again what nobody has acknowledged: first after this, then each time after twice as long (Linux's
/// `TCP_RTO_MIN`: round trips of this model are shorter).
const FIRST_RETRANSMISSION: Span = Span::from_millis(200);
/// The longest wait between two of them (Linux's `TCP_RTO_MAX`).
const LONGEST_RETRANSMISSION: Span = Span::from_millis(120_000);

impl Network {
    /// A machine dies in silence: nothing is reset. What it had written still arrives; what comes to it is gone, and the
    /// other ends learn of it by their own timeouts only.
    pub fn machine_dies<O: Observer>(&mut self, cx: &mut Cx<'_, O>, who: Endpoint, cause: Seq) {
        self.down.insert(who);
        self.dark.insert(who);
        let ids: Vec<ConnectionId> = self
            .connections
            .iter()
            .flatten()
            .filter(|connection| connection.opener == who || connection.acceptor == who)
            .map(|connection| connection.id)
            .collect();
        for id in ids {
            let connection = self.connection_mut(id).expect("just listed");
            let (opener, life) = (connection.opener, connection.life);
            if opener == who {
                self.opener_is_gone(cx, id, cause);
            } else if opener == Endpoint::Controller || life == Life::ClosedByOpener {
                self.drop_in_the_dark(cx, id, cause);
            } else {
                connection.forgotten = true;
                if matches!(life, Life::Opening(_)) {
                    self.meets_silence(cx.now, id);
                }
            }
        }
    }

    /// Who opened this connection has lost power: what it wrote arrives, what is written to it does not.
    fn opener_is_gone<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, cause: Seq) {
        let connection = self.connection_mut(id).expect("listed by its caller");
        let (opener, acceptor) = (connection.opener, connection.acceptor);
        let first = connection.out.messages.front().copied();
        let nothing_follows = connection.life != Life::Open || first.is_none();
        connection.life = Life::ClosedByOpener;
        connection.asked.clear();
        let back: Vec<MessageSlot> = connection.back.messages.drain(..).collect();
        if self.current.get(opener, acceptor) == Some(id) {
            self.current.remove(opener, acceptor);
        }
        self.lose_in_the_dark(cx, &back, cause);
        // What has not got through yet, nobody will write again.
        let in_vain = first.and_then(|slot| self.messages.get(slot)).is_some_and(|message| message.tries > 0);
        if nothing_follows || in_vain {
            self.drop_in_the_dark(cx, id, cause);
        }
    }

    fn drop_in_the_dark<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, cause: Seq) {
        let Some(connection) = self.connection_mut(id) else { return };
        let mut gone: Vec<MessageSlot> = connection.out.messages.drain(..).collect();
        gone.extend(connection.back.messages.drain(..));
        self.lose_in_the_dark(cx, &gone, cause);
        self.remove(id);
    }

    fn lose_in_the_dark<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slots: &[MessageSlot], cause: Seq) {
        for &slot in slots {
            if let Some(message) = self.messages.remove(slot) {
                cx.emit(cause, || Event::MessageLost { message: message.number, by: "broker-down" });
            }
        }
    }

    /// A message has come to a machine that has lost all memory of its connection: without power it says nothing, with
    /// power its kernel answers with a reset.
    pub(super) fn meets_no_memory<O: Observer>(&mut self, cx: &mut Cx<'_, O>, slot: MessageSlot) {
        let Some(message) = self.messages.get(slot) else { return };
        debug_assert_eq!(message.way, Way::Out);
        let (id, cause) = (message.connection, message.sent);
        self.lose(cx, slot, "broker-down");
        let Some(connection) = self.connection_mut(id) else { return };
        if connection.life == Life::ClosedByOpener {
            return self.drop_in_the_dark(cx, id, cause);
        }
        connection.out.blocked = true;
        let first = *connection.unheard_since.get_or_insert(cx.now);
        let acceptor = connection.acceptor;
        if !self.dark.contains(&acceptor) {
            self.reset_reaches_opener(cx, id, first);
        }
    }

    /// A machine has power (again): whoever has been writing to it in vain is answered with a reset the next time.
    pub fn has_power<O: Observer>(&mut self, cx: &mut Cx<'_, O>, who: Endpoint) {
        self.silences.retain(|&(opener, _), _| opener != who);
        if !self.dark.remove(&who) {
            return;
        }
        let unheard: Vec<(ConnectionId, Time)> = self
            .connections
            .iter()
            .flatten()
            .filter(|connection| connection.acceptor == who && connection.forgotten)
            .filter_map(|connection| Some((connection.id, connection.unheard_since?)))
            .collect();
        for (id, since) in unheard {
            let at = next_retransmission(since, cx.now);
            self.reset_reaches_opener(cx, id, at);
        }
    }

    fn reset_reaches_opener<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: ConnectionId, sent: Time) {
        let Some(connection) = self.connection(id) else { return };
        let at = sent + connection.back.path.sample(cx.chance);
        self.schedule.push((at, NetworkTimer::OpenerLearns(id)));
    }
}

/// From one copy of a message that nobody has acknowledged to the next one, after so many before.
pub(super) fn retransmission_wait(before: u32) -> Span {
    FIRST_RETRANSMISSION.times(1 << before.min(16)).min(LONGEST_RETRANSMISSION)
}

/// When the first copy arrives, from this time on, of a message that came for the first time then.
fn next_retransmission(first: Time, from: Time) -> Time {
    let (mut at, mut before) = (first, 0);
    while at < from {
        at += retransmission_wait(before);
        before += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Waits of 0.2, 0.4, 0.8 ... seconds, of two minutes at most.
    #[test]
    fn retransmissions_double_their_waits() {
        let at = |from: i64| next_retransmission(Time::from_millis(1_000), Time::from_millis(from));
        assert_eq!(at(1_000), Time::from_millis(1_000));
        assert_eq!(at(1_001), Time::from_millis(1_200));
        assert_eq!(at(6_000), Time::from_millis(7_200), "1.0, 1.2, 1.6, 2.4, 4.0, 7.2");
        // 0.2 * (2^10 - 1) = 204.6 s after the first, then every 120 s.
        assert_eq!(at(206_000), Time::from_millis(1_000 + 204_600 + 120_000));
    }
}
