//! The follower's side: one fetcher for each leader, with one request outstanding at a time (Kafka's
//! `ReplicaFetcherThread`, `broker.md 3.2`). What comes back is dealt with in [`super::follower`], and before 2.7, when logs
//! are cut by a request of its own, in [`super::truncation`].

use std::sync::Arc;

use super::follower::FetchAnswer;
use super::partition::{FetchState, Following, Partition};
use super::{Broker, BrokerOutput, BrokerTimer, Peer};
use crate::config::Release;
use crate::protocol::{FetchPartition, FetchRequest, Follower, Request};
use crate::record::{BrokerId, NO_OFFSET, TopicPartition};
use crate::time::{Span, Time};
use crate::trace::{Cx, Observer, Seq};

/// The fetcher of one leader.
#[derive(Clone, Debug, Default)]
pub(super) struct Fetcher {
    /// The partitions that it fetches, or will fetch after a back-off.
    members: Vec<u32>,
    /// How many of them are part of every fetch.
    fetching: u32,
    /// Of which the leader has to be told something.
    changed: Vec<u32>,
    /// No longer fetched here, which the leader has to be told.
    forgotten: Vec<TopicPartition>,
    /// In a back-off, with its end.
    delayed: Vec<(Time, u32)>,
    /// Which have to cut their logs before they are fetched, and are in no back-off.
    pub(super) truncating: Vec<u32>,
    /// Of which the outstanding exchange asks where their epochs end: as long as its answer counts.
    pub(super) asked_epochs: Vec<u32>,
    /// Whose fetch offsets the leader's log does not have: asked about before the next fetch (`broker.md R33`).
    pub(super) out_of_range: Vec<u32>,
    pub(super) outstanding: Option<Outstanding>,
    /// Whether the leader has been told of all that is fetched, so that only changes follow.
    in_session: bool,
    /// An answer is being dealt with.
    pub(super) busy: bool,
    /// An answer that a slow disk takes in until then.
    pub(super) writing: Option<(Time, FetchAnswer)>,
    /// Its fetch session is gone, or an answer of it: the next fetch says everything.
    pub(super) broken: bool,
    /// When its timer is due.
    alarm: Option<Time>,
    /// When the timer that watches over the outstanding fetch is due.
    timeout_alarm: Option<Time>,
}

/// A request that is out: a fetcher's thread waits for its answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outstanding {
    pub(super) correlation: u64,
    sent: Time,
    pub(super) what: Exchange,
}

/// What a fetcher asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exchange {
    /// Records.
    Fetch,
    /// Where epochs end.
    Epochs,
    /// Where logs end.
    LogEnds,
    /// Where logs begin.
    LogStarts,
}

impl Broker {
    #[inline]
    pub(super) fn fetcher(&mut self, leader: BrokerId) -> &mut Fetcher {
        let at = leader.0 as usize;
        if self.fetchers.len() <= at {
            self.add_fetchers(at + 1);
        }
        &mut self.fetchers[at]
    }

    #[cold]
    fn add_fetchers(&mut self, count: usize) {
        self.fetchers.resize_with(count, Fetcher::default);
    }

    /// A replica follows this leader from now on. The fetch begins once everything else of this instant is dealt with, so
    /// that all partitions of one decision are in it.
    pub(super) fn start_fetching<O: Observer>(
        &mut self,
        cx: &Cx<'_, O>,
        ix: u32,
        leader: BrokerId,
        cause: Seq,
    ) {
        self.fetcher(leader).members.push(ix);
        self.begin_fetching(leader, ix);
        self.wake_fetcher(leader, cx.now, cause);
    }

    /// A replica that follows in a new leader epoch, cutting its log first if its release does not do so on the fetch.
    fn begin_fetching(&mut self, leader: BrokerId, ix: u32) {
        let truncating = self.truncates_first(ix);
        if let Some(following) = self.partitions[ix as usize].following_mut() {
            following.truncating = truncating;
        }
        self.set_fetching(leader, ix);
    }

    /// The same leader in a new epoch: the fetch states it from now on, back-offs are over (`broker.md R35`).
    pub(super) fn restart_fetching<O: Observer>(
        &mut self,
        cx: &Cx<'_, O>,
        ix: u32,
        leader: BrokerId,
        cause: Seq,
    ) {
        let following = self.partitions[ix as usize].following();
        let fetched = following.is_some_and(|following| following.fetch == FetchState::Fetching);
        if fetched && !self.truncates_first(ix) {
            self.fetcher(leader).out_of_range.retain(|&asked| asked != ix);
            self.tell_leader(leader, ix);
        } else {
            self.withdraw(leader, ix);
            self.begin_fetching(leader, ix);
        }
        self.wake_fetcher(leader, cx.now, cause);
    }

    /// Takes a partition out of all that its fetcher is about to ask, or to be answered.
    fn withdraw(&mut self, leader: BrokerId, ix: u32) {
        let partition = &mut self.partitions[ix as usize];
        let tp = partition.tp();
        let Some(following) = partition.following_mut() else { return };
        let (was, listed) = (following.fetch, following.listed);
        *following = Following::default();
        let fetcher = self.fetcher(leader);
        fetcher.changed.retain(|&changed| changed != ix);
        fetcher.delayed.retain(|&(_, delayed)| delayed != ix);
        fetcher.truncating.retain(|&truncating| truncating != ix);
        fetcher.asked_epochs.retain(|&asked| asked != ix);
        fetcher.out_of_range.retain(|&asked| asked != ix);
        fetcher.fetching -= u32::from(was == FetchState::Fetching);
        if listed {
            fetcher.forgotten.push(tp);
        }
    }

    /// A replica does not follow this leader any more. A fetcher that has nothing left to do closes its connection.
    pub(super) fn stop_fetching(&mut self, ix: u32, leader: BrokerId, cause: Seq) {
        if self.partitions[ix as usize].following().is_none() {
            return;
        }
        self.withdraw(leader, ix);
        let fetcher = self.fetcher(leader);
        fetcher.members.retain(|&member| member != ix);
        if fetcher.members.is_empty() {
            *fetcher = Fetcher::default();
            self.outputs.push(BrokerOutput::Hang { peer: Peer::Broker(leader), by: "client", cause });
        }
    }

    fn set_fetching(&mut self, leader: BrokerId, ix: u32) {
        if let Some(following) = self.partitions[ix as usize].following_mut() {
            let truncating = following.truncating;
            following.fetch = if truncating { FetchState::Truncating } else { FetchState::Fetching };
            let fetcher = self.fetcher(leader);
            if truncating {
                fetcher.truncating.push(ix);
            } else {
                fetcher.fetching += 1;
                fetcher.changed.push(ix);
            }
        }
    }

    /// The log of a replica agrees with the leader's as far as it goes: it is fetched from now on.
    pub(super) fn end_truncating(&mut self, leader: BrokerId, ix: u32) {
        self.fetcher(leader).truncating.retain(|&truncating| truncating != ix);
        if let Some(following) = self.partitions[ix as usize].following_mut() {
            following.truncating = false;
        }
        self.set_fetching(leader, ix);
    }

    /// The leader has to be told a new offset or epoch of this partition.
    pub(super) fn tell_leader(&mut self, leader: BrokerId, ix: u32) {
        if let Some(following) = self.partitions[ix as usize].following_mut() {
            let news = following.told.take().is_some() && following.fetch == FetchState::Fetching;
            if news {
                self.fetcher(leader).changed.push(ix);
            }
        }
    }

    /// An error: the leader has dropped the partition from its session, and is asked for it again after a back-off
    /// (`broker.md R5`), or not before new metadata comes (R6).
    pub(super) fn back_off(&mut self, now: Time, leader: BrokerId, ix: u32, forever: bool) {
        let until = now + Span::from_millis(self.config.replica_fetch_backoff_ms);
        let Some(following) = self.partitions[ix as usize].following_mut() else { return };
        let (was, truncating) = (following.fetch, following.truncating);
        let fetch = if forever { FetchState::Stopped } else { FetchState::Delayed(until) };
        *following = Following { fetch, truncating, ..Following::default() };
        let fetcher = self.fetcher(leader);
        fetcher.truncating.retain(|&truncating| truncating != ix);
        fetcher.fetching -= u32::from(was == FetchState::Fetching);
        fetcher.changed.retain(|&changed| changed != ix);
        if !forever {
            fetcher.delayed.push((until, ix));
        }
    }

    /// A partition that cannot be replicated is fetched no more before a new leader epoch (KIP-461, 2.3; before that the whole
    /// thread ends).
    pub(super) fn give_up(&mut self, now: Time, leader: BrokerId, ix: u32) {
        let tp = self.partitions[ix as usize].tp();
        self.back_off(now, leader, ix, true);
        self.fetcher(leader).forgotten.push(tp);
    }

    /// There is no answer to what a fetcher has asked.
    pub(super) fn unanswered(&mut self, now: Time, leader: BrokerId) {
        match self.fetcher(leader).outstanding.take().map(|outstanding| outstanding.what) {
            Some(Exchange::Fetch) => self.fetch_failed(now, leader),
            Some(Exchange::Epochs) => self.epochs_failed(now, leader),
            Some(Exchange::LogEnds | Exchange::LogStarts) => self.range_failed(now, leader),
            None => {}
        }
    }

    /// A fetch has failed as a whole: everything waits, and the next one begins a new session (`broker.md R5`).
    fn fetch_failed(&mut self, now: Time, leader: BrokerId) {
        let fetcher = self.fetcher(leader);
        fetcher.in_session = false;
        fetcher.forgotten.clear();
        let members = fetcher.members.clone();
        for ix in members {
            let following = self.partitions[ix as usize].following();
            if following.is_some_and(|following| following.fetch == FetchState::Fetching) {
                self.back_off(now, leader, ix, false);
            }
        }
        if !self.fetcher(leader).truncating.is_empty() {
            self.wake_fetcher(leader, now, Seq::OUTSIDE);
        }
        self.await_back_off(leader);
    }

    /// The next turn of the fetcher's thread, if it waits for nothing: logs that have to be cut first come first (Kafka's
    /// `AbstractFetcherThread.doWork`).
    pub(super) fn maybe_fetch<O: Observer>(&mut self, cx: &mut Cx<'_, O>, leader: BrokerId, cause: Seq) {
        let blocked = self.fetches_blocked;
        let fetcher = self.fetcher(leader);
        if fetcher.outstanding.is_some() || fetcher.busy || blocked {
            return;
        }
        if !fetcher.delayed.is_empty() {
            let due = |&(until, _): &(Time, u32)| until <= cx.now;
            let ready: Vec<u32> = fetcher.delayed.iter().filter(|it| due(it)).map(|&(_, ix)| ix).collect();
            fetcher.delayed.retain(|it| !due(it));
            for ix in ready {
                self.set_fetching(leader, ix);
            }
        }
        if self.fetcher(leader).truncating.is_empty() {
            self.send_fetch(cx.now, leader, cause);
        } else {
            self.ask_for_epochs(cx.now, leader, cause);
        }
    }

    /// Sends a fetch for whatever is ready for it; if nothing is, the thread waits.
    pub(super) fn send_fetch(&mut self, now: Time, leader: BrokerId, cause: Seq) {
        let fetcher = self.fetcher(leader);
        if fetcher.fetching == 0 {
            if !fetcher.truncating.is_empty() {
                let backoff = Span::from_millis(self.config.replica_fetch_backoff_ms);
                self.wake_fetcher(leader, now + backoff, Seq::OUTSIDE);
            }
            return self.await_back_off(leader);
        }
        if std::mem::take(&mut self.fetcher(leader).broken) {
            self.tell_everything(leader);
        }
        let request = self.next_fetch(leader);
        self.ask_leader(now, leader, Exchange::Fetch, Request::Fetch(Arc::new(request)), cause);
    }

    /// Asks a leader something: the fetcher's thread does nothing else until it is answered.
    pub(super) fn ask_leader(
        &mut self,
        now: Time,
        leader: BrokerId,
        what: Exchange,
        request: Request,
        cause: Seq,
    ) {
        let correlation = self.next_correlation();
        self.fetcher(leader).outstanding = Some(Outstanding { correlation, sent: now, what });
        self.watch_fetch(now, leader);
        self.outputs.push(BrokerOutput::Ask { peer: Peer::Broker(leader), correlation, request, cause });
    }

    /// `broker.md R2`, R3, with only what the leader does not know yet.
    fn next_fetch(&mut self, leader: BrokerId) -> FetchRequest {
        let max_bytes = self.config.replica_fetch_max_bytes;
        let release = self.config.release;
        let fetcher = &mut self.fetchers[leader.0 as usize];
        let replicas = &mut self.partitions;
        let gone = fetcher.forgotten.drain(..).map(|tp| forgotten(tp, max_bytes));
        let changed =
            fetcher.changed.drain(..).map(|ix| tell(&mut replicas[ix as usize], max_bytes, release));
        let partitions = gone.chain(changed).collect();
        let full = !std::mem::replace(&mut fetcher.in_session, true);
        let sends_epoch = release.at_least(3, 5);
        let broker_epoch = if sends_epoch { self.lifecycle.broker_epoch() } else { -1 };
        FetchRequest {
            follower: Some(Follower { broker: self.id, broker_epoch }),
            full,
            rack: None,
            max_wait_ms: self.config.replica_fetch_wait_max_ms,
            min_bytes: self.config.replica_fetch_min_bytes,
            max_bytes: self.config.replica_fetch_response_max_bytes,
            partitions,
        }
    }

    /// Fetches nothing from now on, and drops the answer to what is out; or fetches again.
    pub fn block_fetches<O: Observer>(&mut self, cx: &mut Cx<'_, O>, blocked: bool, cause: Seq) {
        self.fetches_blocked = blocked;
        if blocked {
            return;
        }
        for leader in (0..self.fetchers.len() as u32).map(BrokerId) {
            let fetcher = self.fetcher(leader);
            if fetcher.broken && fetcher.outstanding.is_none() {
                self.outputs.push(BrokerOutput::Hang { peer: Peer::Broker(leader), by: "client", cause });
            }
            if !self.fetcher(leader).members.is_empty() {
                self.wake_fetcher(leader, cx.now, cause);
            }
        }
    }

    /// The connection to this leader is gone, and its fetch session with it.
    pub fn peer_gone(&mut self, leader: BrokerId) {
        self.fetcher(leader).broken = true;
    }

    /// An answer is thrown away.
    pub(super) fn drop_answer(&mut self, leader: BrokerId) {
        let fetcher = self.fetcher(leader);
        fetcher.outstanding = None;
        fetcher.asked_epochs.clear();
        fetcher.out_of_range.clear();
        fetcher.broken = true;
    }

    /// What the leader believes to have told, and to have been told, counts no more: the next fetch begins a new session.
    fn tell_everything(&mut self, leader: BrokerId) {
        let fetcher = self.fetcher(leader);
        fetcher.in_session = false;
        fetcher.forgotten.clear();
        for ix in self.fetcher(leader).members.clone() {
            self.tell_leader(leader, ix);
        }
    }

    /// Nothing can be fetched now: goes on when the first back-off is over.
    fn await_back_off(&mut self, leader: BrokerId) {
        let next = self.fetcher(leader).delayed.iter().map(|&(until, _)| until).min();
        if let Some(at) = next {
            self.wake_fetcher(leader, at, Seq::OUTSIDE);
        }
    }

    fn wake_fetcher(&mut self, leader: BrokerId, at: Time, cause: Seq) {
        let fetcher = self.fetcher(leader);
        if fetcher.alarm.is_none_or(|alarm| at < alarm) {
            fetcher.alarm = Some(at);
            self.outputs.push(BrokerOutput::Timer { at, timer: BrokerTimer::Fetch { leader }, cause });
        }
    }

    /// The fetcher's timer.
    pub(super) fn fetcher_wakes<O: Observer>(&mut self, cx: &mut Cx<'_, O>, leader: BrokerId, cause: Seq) {
        let fetcher = self.fetcher(leader);
        if fetcher.alarm.is_some_and(|alarm| alarm <= cx.now) {
            fetcher.alarm = None;
            self.maybe_fetch(cx, leader, cause);
        }
    }

    /// Watches over the outstanding request with one timer at a time, however many requests there are.
    fn watch_fetch(&mut self, now: Time, leader: BrokerId) {
        let timeout = Span::from_millis(self.config.replica_socket_timeout_ms);
        let fetcher = self.fetcher(leader);
        let Some(outstanding) = fetcher.outstanding else { return };
        if fetcher.timeout_alarm.is_none_or(|alarm| alarm <= now) {
            let at = outstanding.sent + timeout;
            fetcher.timeout_alarm = Some(at);
            let timer = BrokerTimer::FetchTimeout { leader };
            self.outputs.push(BrokerOutput::Timer { at, timer, cause: Seq::OUTSIDE });
        }
    }

    /// Nothing has come back within `replica.socket.timeout.ms`: the connection is given up (`broker.md R5`).
    pub(super) fn fetch_times_out(&mut self, now: Time, leader: BrokerId) {
        let timeout = Span::from_millis(self.config.replica_socket_timeout_ms);
        let fetcher = self.fetcher(leader);
        if fetcher.timeout_alarm.is_none_or(|alarm| alarm > now) {
            return;
        }
        match fetcher.outstanding {
            Some(outstanding) if outstanding.sent + timeout <= now => {
                fetcher.timeout_alarm = None;
                let (peer, by) = (Peer::Broker(leader), "request-timeout");
                self.outputs.push(BrokerOutput::Hang { peer, by, cause: Seq::OUTSIDE });
                self.unanswered(now, leader);
            }
            Some(_) => self.watch_fetch(now, leader),
            None => fetcher.timeout_alarm = None,
        }
    }
}

/// What the leader is told of a partition, from now on until it changes (`broker.md R3`): the leader epoch from 2.1 on (KIP-320;
/// before that a leader counts whatever is fetched of it), the epoch of the last record from 2.7 on (KIP-595).
fn tell(partition: &mut Partition, max_bytes: i32, release: Release) -> FetchPartition {
    let (fetch_offset, leader_epoch) = (partition.log.end_offset(), partition.leader_epoch());
    if let Some(following) = partition.following_mut() {
        following.told = Some((fetch_offset, leader_epoch));
        following.listed = true;
    }
    let last_epoch = || partition.log.epochs().latest().unwrap_or(-1);
    FetchPartition {
        tp: partition.tp(),
        fetch_offset,
        current_leader_epoch: if release.at_least(2, 1) { leader_epoch } else { -1 },
        last_fetched_epoch: if release.at_least(2, 7) { last_epoch() } else { -1 },
        log_start_offset: partition.log.start_offset(),
        max_bytes,
    }
}

/// Tells a leader that its fetch session does not cover this partition any more.
fn forgotten(tp: TopicPartition, max_bytes: i32) -> FetchPartition {
    FetchPartition {
        tp,
        fetch_offset: NO_OFFSET,
        current_leader_epoch: -1,
        last_fetched_epoch: -1,
        log_start_offset: NO_OFFSET,
        max_bytes,
    }
}
