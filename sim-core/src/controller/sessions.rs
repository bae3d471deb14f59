//! Who has been heard of lately: the brokers' sessions (Kafka's `BrokerHeartbeatTracker`).

use crate::record::BrokerId;
use crate::time::{Span, Time};
use crate::trace::Seq;

/// The sessions of all brokers. A session runs from a processed heartbeat for `broker.session.timeout.ms`
/// (`broker.md F1`).
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    timeout: Span,
    /// By broker id.
    open: Vec<Option<Session>>,
    touches: u64,
}

/// A session as its last heartbeat left it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// When it is over.
    ends: Time,
    /// Orders sessions that end at one instant by their last contact.
    touch: u64,
    /// The last heartbeat.
    pub(super) cause: Seq,
}

impl Sessions {
    /// No broker has been heard of.
    pub(super) fn new(brokers: u32, timeout: Span) -> Sessions {
        Sessions { timeout, open: vec![None; brokers as usize], touches: 0 }
    }

    /// A heartbeat of this broker is processed, so long before `now`.
    pub(super) fn touch(&mut self, broker: BrokerId, now: Time, ago: Span, cause: Seq) {
        let left = Span::from_nanos(self.timeout.nanos().saturating_sub(ago.nanos()));
        self.touches += 1;
        if let Some(session) = self.open.get_mut(broker.0 as usize) {
            *session = Some(Session { ends: now + left, touch: self.touches, cause });
        }
    }

    /// Whether its session still runs.
    pub(super) fn is_valid(&self, broker: BrokerId, now: Time) -> bool {
        self.open.get(broker.0 as usize).copied().flatten().is_some_and(|session| now < session.ends)
    }

    /// Whether it has been heard of since its session last ran out, so that it can be reached as far as one knows.
    pub(super) fn is_open(&self, broker: BrokerId) -> bool {
        self.open.get(broker.0 as usize).is_some_and(Option::is_some)
    }

    /// A broker has ended in order.
    pub(super) fn close(&mut self, broker: BrokerId) {
        if let Some(session) = self.open.get_mut(broker.0 as usize) {
            *session = None;
        }
    }

    /// Closes one session that is over, that of the longest silence.
    pub(super) fn remove_expired(&mut self, now: Time) -> Option<(BrokerId, Session)> {
        let over = |session: &Session| session.ends <= now;
        let open = self.open.iter().enumerate().filter_map(|(id, session)| Some((id, (*session)?)));
        let (id, session) = open
            .filter(|(_, session)| over(session))
            .min_by_key(|(_, session)| (session.ends, session.touch))?;
        self.open[id] = None;
        Some((BrokerId(id as u32), session))
    }

    /// How often sessions are looked through (`broker.md F1`).
    pub(super) fn sweep_interval(&self) -> Span {
        Span::from_nanos(self.timeout.nanos() / 8).max(Span::from_millis(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions() -> Sessions {
        Sessions::new(3, Span::from_millis(9_000))
    }

    /// `broker.md F1`: max(1 ms, session / 8); 1125 ms by default.
    #[test]
    fn f1_the_sweep_comes_every_eighth_of_a_session() {
        assert_eq!(sessions().sweep_interval(), Span::from_millis(1_125));
        assert_eq!(Sessions::new(1, Span::from_millis(4)).sweep_interval(), Span::from_millis(1));
    }

    /// `broker.md F1`: the longest silence first; of equal ones who was heard first.
    #[test]
    fn f1_sessions_end_in_the_order_of_last_contact() {
        let mut sessions = sessions();
        sessions.touch(BrokerId(0), Time::from_millis(20), Span::ZERO, Seq(1));
        sessions.touch(BrokerId(2), Time::from_millis(10), Span::ZERO, Seq(2));
        sessions.touch(BrokerId(1), Time::from_millis(10), Span::ZERO, Seq(3));
        let mut expired = || sessions.remove_expired(Time::from_millis(9_020)).map(|(broker, _)| broker.0);
        assert_eq!([expired(), expired(), expired(), expired()], [Some(2), Some(1), Some(0), None]);
    }

    /// A session runs from its last heartbeat, and is over at its end.
    #[test]
    fn f1_a_heartbeat_renews_the_session() {
        let mut sessions = sessions();
        let broker = BrokerId(0);
        sessions.touch(broker, Time::ZERO, Span::from_millis(500), Seq::OUTSIDE);
        assert!(sessions.is_valid(broker, Time::from_millis(8_499)));
        assert!(!sessions.is_valid(broker, Time::from_millis(8_500)));
        sessions.touch(broker, Time::from_millis(8_000), Span::ZERO, Seq(1));
        assert!(sessions.is_valid(broker, Time::from_millis(16_999)));
        assert!(sessions.remove_expired(Time::from_millis(16_999)).is_none());
    }
}
