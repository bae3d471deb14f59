//! What a leader remembers of its followers' fetches between two of them (Kafka's incremental fetch sessions, KIP-227).
//!
//! A follower's fetch covers all its partitions of this leader, but says only what has changed since the one before, and
//! the leader looks only at partitions where there is something to do: those that the follower lags behind in, or where it
//! is not in the ISR. All others it has by definition found caught up. So idle partitions cost nothing.

use super::{Broker, Ticket};
use crate::protocol::{FetchPartition, Follower};
use crate::record::{BrokerId, TopicPartition};
use crate::time::Time;
use crate::trace::Seq;

/// The fetches of one follower over one connection.
#[derive(Clone, Debug)]
pub(super) struct FetchSession {
    connection: u64,
    /// The follower's number for its last fetch.
    correlation: u64,
    /// When that came.
    pub(super) last_fetch: Time,
    /// Partitions to look at with every fetch.
    pub(super) active: Vec<u32>,
    /// Partitions whose high watermark or log start has moved since the follower was told.
    pub(super) hw_news: Vec<u32>,
    /// Partitions that this broker has stopped leading since.
    pub(super) lost: Vec<FetchPartition>,
    pub(super) parked: Option<ParkedFetch>,
    /// What woke the parked fetch.
    pub(super) woken: Option<Seq>,
}

/// A follower's fetch, once its partitions are taken in.
#[derive(Clone, Copy, Debug)]
pub(super) struct ParkedFetch {
    pub(super) ticket: Ticket,
    pub(super) follower: Follower,
    pub(super) min_bytes: i64,
    pub(super) max_bytes: i64,
    /// Until when it may be parked.
    pub(super) deadline: Time,
    pub(super) cause: Seq,
}

/// What a fetch has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entered {
    /// Its session.
    Session,
    /// A later one of the same follower has overtaken it, over a newer connection.
    Overtaken,
    /// It goes on with a session that this leader does not know.
    Unknown,
}

impl Broker {
    /// The session that a fetch belongs to; a full one begins a new one. A session outlives its connection, as long as the
    /// follower misses no answer.
    pub(super) fn enter_session(
        &mut self,
        follower: BrokerId,
        ticket: &Ticket,
        full: bool,
        now: Time,
    ) -> Entered {
        let at = follower.0 as usize;
        if self.sessions.len() <= at {
            self.sessions.resize_with(at + 1, || None);
        }
        match &mut self.sessions[at] {
            Some(session) if session.correlation > ticket.correlation => return Entered::Overtaken,
            Some(session) if !full => {
                if session.connection != ticket.connection {
                    session.parked = None;
                }
                (session.connection, session.correlation) = (ticket.connection, ticket.correlation);
                return Entered::Session;
            }
            Some(session) => {
                let last_fetch = session.last_fetch;
                self.leave_all(follower, last_fetch);
            }
            None if !full => return Entered::Unknown,
            None => {}
        }
        self.sessions[at] = Some(FetchSession {
            connection: ticket.connection,
            correlation: ticket.correlation,
            last_fetch: now,
            active: Vec::new(),
            hw_news: Vec::new(),
            lost: Vec::new(),
            parked: None,
            woken: None,
        });
        Entered::Session
    }

    fn leave_all(&mut self, follower: BrokerId, last_fetch: Time) {
        for partition in &mut self.partitions {
            let end = partition.log.end_offset();
            let progress =
                partition.leadership_mut().and_then(|leadership| leadership.follower_mut(follower));
            if let Some(progress) = progress.filter(|progress| progress.asked.is_some()) {
                if !progress.listed {
                    progress.list(last_fetch, end);
                }
                progress.leave_session();
            }
        }
    }

    /// Takes in what a fetch says about a partition that this broker leads. False: the follower is none of its replicas. Who
    /// has not been told anything of it in this epoch yet is told the high watermark, unless that is where it begins: an
    /// answer of the epoch before may have been worthless (`broker.md R7`).
    pub(super) fn take_in(&mut self, follower: BrokerId, ix: u32, asked: FetchPartition) -> bool {
        let partition = &mut self.partitions[ix as usize];
        let (end, high_watermark) = (partition.log.end_offset(), partition.high_watermark());
        let Some(progress) =
            partition.leadership_mut().and_then(|leadership| leadership.follower_mut(follower))
        else {
            return false;
        };
        let Some(session) = &mut self.sessions[follower.0 as usize] else { return false };
        // Before 2.1 no epoch is named: it may be a new one.
        let epoch = asked.current_leader_epoch;
        let anew = epoch < 0 || progress.asked.is_none_or(|told| told.current_leader_epoch != epoch);
        if anew && !progress.hw_news && high_watermark > 0 {
            progress.hw_news = true;
            session.hw_news.push(ix);
        }
        session.lost.retain(|lost| lost.tp != asked.tp);
        if !progress.listed {
            match progress.asked {
                Some(_) => progress.list(session.last_fetch, end),
                None => progress.listed = true,
            }
            session.active.push(ix);
        }
        progress.asked = Some(asked);
        true
    }

    /// The follower's fetches do not cover this partition any more.
    pub(super) fn forget(&mut self, follower: BrokerId, tp: TopicPartition) {
        if let Some(session) = &mut self.sessions[follower.0 as usize] {
            session.lost.retain(|lost| lost.tp != tp);
            let last_fetch = session.last_fetch;
            if let Some(ix) = self.local(tp) {
                self.leave_session(follower, ix, last_fetch);
            }
        }
    }

    pub(super) fn leave_session(&mut self, follower: BrokerId, ix: u32, last_fetch: Time) {
        let partition = &mut self.partitions[ix as usize];
        let end = partition.log.end_offset();
        let progress = partition.leadership_mut().and_then(|leadership| leadership.follower_mut(follower));
        if let Some(progress) = progress {
            if progress.asked.is_some() && !progress.listed {
                progress.list(last_fetch, end);
            }
            progress.leave_session();
        }
        if let Some(session) = &mut self.sessions[follower.0 as usize] {
            session.active.retain(|&active| active != ix);
            session.hw_news.retain(|&news| news != ix);
        }
    }

    /// The leader has appended: followers lag now, and parked fetches wake (`broker.md R4`).
    pub(super) fn note_append(&mut self, ix: u32, end_before: i64, cause: Seq) {
        let Broker { partitions, sessions, woken_sessions, .. } = self;
        let Some(leadership) = partitions[ix as usize].leadership_mut() else { return };
        for progress in leadership.followers.iter_mut().filter(|progress| progress.asked.is_some()) {
            let Some(Some(session)) = sessions.get_mut(progress.broker.0 as usize) else { continue };
            if !progress.listed {
                progress.list(session.last_fetch, end_before);
                session.active.push(ix);
            }
            if session.parked.is_some() && session.woken.is_none() {
                session.woken = Some(cause);
                woken_sessions.push_back(progress.broker);
            }
        }
    }

    /// High watermark or log start have moved: the followers learn it with their next answer (`broker.md R16`).
    pub(super) fn note_hw(&mut self, ix: u32) {
        let Broker { partitions, sessions, .. } = self;
        let Some(leadership) = partitions[ix as usize].leadership_mut() else { return };
        for progress in &mut leadership.followers {
            if progress.asked.is_none() || progress.hw_news {
                continue;
            }
            if let Some(Some(session)) = sessions.get_mut(progress.broker.0 as usize) {
                progress.hw_news = true;
                session.hw_news.push(ix);
            }
        }
    }

    /// The ISR has changed: whoever is not in it is looked at with every fetch (`broker.md R21`).
    pub(super) fn note_isr(&mut self, ix: u32) {
        let Broker { partitions, sessions, .. } = self;
        let partition = &mut partitions[ix as usize];
        let (isr, end) = (partition.shared_isr(), partition.log.end_offset());
        let Some(leadership) = partition.leadership_mut() else { return };
        for progress in &mut leadership.followers {
            let watched = progress.listed || progress.asked.is_none() || isr.contains(&progress.broker);
            if let (false, Some(Some(session))) = (watched, sessions.get_mut(progress.broker.0 as usize)) {
                progress.list(session.last_fetch, end);
                session.active.push(ix);
            }
        }
    }

    /// This broker stops leading a partition: the fetches that cover it are answered so, parked ones at once (`broker.md
    /// F12`).
    pub(super) fn note_demotion(&mut self, ix: u32, cause: Seq) {
        let Broker { partitions, sessions, woken_sessions, .. } = self;
        let Some(leadership) = partitions[ix as usize].leadership_mut() else { return };
        for progress in &mut leadership.followers {
            let (Some(asked), Some(Some(session))) =
                (progress.asked, sessions.get_mut(progress.broker.0 as usize))
            else {
                continue;
            };
            session.lost.push(asked);
            session.active.retain(|&active| active != ix);
            session.hw_news.retain(|&news| news != ix);
            if session.parked.is_some() && session.woken.is_none() {
                session.woken = Some(cause);
                woken_sessions.push_back(progress.broker);
            }
        }
    }

    /// The connection of a session is gone, and with it the parked fetch.
    pub(super) fn unpark_session_of(&mut self, connection: u64) {
        let of_it = |session: &&mut FetchSession| session.connection == connection;
        if let Some(session) = self.sessions.iter_mut().flatten().find(of_it) {
            session.parked = None;
        }
    }
}
