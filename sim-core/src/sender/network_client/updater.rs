//! When metadata is asked for, and of whom (`DefaultMetadataUpdater`, `producer.md 4.11`).

use super::{LeastLoaded, NetworkClient, Purpose, State};
use crate::chance::Chance;
use crate::config::MetadataRecovery;
use crate::protocol::{MetadataRequest, MetadataResponse, Request};
use crate::record::BrokerId;
use crate::sender::metadata::{Asked, Metadata};
use crate::trace::{Cx, Observer, Seq};

impl NetworkClient {
    /// Whether metadata is wanted and may be asked for: no request for it is under way, no back-off is left.
    pub(super) fn is_update_due(
        &self,
        chance: &mut dyn Chance,
        metadata: &mut Metadata,
        now_ms: i64,
    ) -> bool {
        !self.metadata_in_progress && metadata.time_to_next_update(chance, now_ms) == 0
    }

    /// Asks for metadata if that is due; for how long the poll may sleep, in ms (`maybeUpdate`).
    pub(super) fn maybe_update<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        now_ms: i64,
    ) -> i64 {
        let until_next = metadata.time_to_next_update(cx.chance, now_ms);
        let for_answer = if self.metadata_in_progress { self.config.request_timeout_ms } else { 0 };
        let wait = until_next.max(for_answer);
        if wait > 0 {
            return wait;
        }
        self.metadata_wanted_since_ms.get_or_insert(now_ms);
        let mut least_loaded = self.least_loaded(cx.chance, metadata, now_ms);
        let LeastLoaded { node, any_ready } = least_loaded;
        if self.config.metadata_recovery == MetadataRecovery::Rebootstrap && node.is_none() && !any_ready {
            self.rebootstrap(metadata, now_ms);
            least_loaded = self.least_loaded(cx.chance, metadata, now_ms);
        }
        match least_loaded.node {
            Some(node) => self.ask_for_metadata(cx, metadata, node, now_ms),
            None => self.config.reconnect_backoff_ms,
        }
    }

    fn ask_for_metadata<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        node: BrokerId,
        now_ms: i64,
    ) -> i64 {
        let cause = metadata.wanted_by();
        if self.can_send(node, now_ms) {
            let (topics, asked) = metadata.next_request(now_ms);
            let request = Request::Metadata(MetadataRequest { topics: topics.into() });
            self.send(node, request, Purpose::Metadata(asked), true, now_ms, cause);
            self.metadata_in_progress = true;
            return self.config.request_timeout_ms;
        }
        let is_connecting = |node: &BrokerId| {
            self.connection(*node).is_some_and(|connection| connection.state == State::Connecting)
        };
        if metadata.cluster().nodes.iter().any(is_connecting) {
            return self.config.reconnect_backoff_ms;
        }
        if self.can_connect(node, now_ms) {
            self.initiate_connect(cx, node, now_ms, cause);
            return self.config.reconnect_backoff_ms;
        }
        i64::MAX
    }

    /// An answer to a metadata request.
    pub(super) fn metadata_answered<O: Observer>(
        &mut self,
        cx: &mut Cx<'_, O>,
        metadata: &mut Metadata,
        response: &MetadataResponse,
        asked: Asked,
        now_ms: i64,
        cause: Seq,
    ) {
        metadata.update(cx, response, asked, now_ms, cause);
        self.metadata_in_progress = false;
        if !response.brokers.is_empty() {
            self.metadata_wanted_since_ms = None;
        }
    }

    /// A metadata request will have no answer.
    pub(super) fn metadata_failed(&mut self, metadata: &mut Metadata, now_ms: i64) {
        self.metadata_in_progress = false;
        metadata.failed_update(now_ms);
    }

    /// A connection ended: what the client knows may be out of date (`handleServerDisconnect`).
    pub(super) fn metadata_after_disconnect(
        &mut self,
        chance: &mut dyn Chance,
        metadata: &mut Metadata,
        now_ms: i64,
        cause: Seq,
    ) {
        if self.config.release.at_least(2, 4) && self.is_update_due(chance, metadata, now_ms) {
            self.metadata_failed(metadata, now_ms);
        }
        metadata.request_update(cause);
    }

    /// Whether metadata has been wanted in vain for `metadata.recovery.rebootstrap.trigger.ms` (4.0+).
    pub(super) fn needs_rebootstrap(&self, now_ms: i64) -> bool {
        self.config.metadata_recovery == MetadataRecovery::Rebootstrap
            && self.config.release.at_least(4, 0)
            && self
                .metadata_wanted_since_ms
                .is_some_and(|since_ms| now_ms - since_ms > self.config.rebootstrap_trigger_ms)
    }

    pub(super) fn rebootstrap(&mut self, metadata: &mut Metadata, now_ms: i64) {
        metadata.start_over();
        self.metadata_wanted_since_ms = Some(now_ms);
    }
}
