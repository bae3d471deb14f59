//! What a run leaves behind: everything that a verdict and a result are made of.

use std::sync::Arc;

use super::run::{Refused, Run};
use crate::broker::{Broker, Log, Partition};
use crate::record::{BrokerId, Names, TopicPartition};
use crate::scenario::Scenario;
use crate::trace::Observer;
use crate::verdict::{
    CauseIndex, ConsumerReads, Counters, Evidence, FinalLog, History, Identity, Ledger, RunResult, Terms,
    Verdict,
};

/// A run that is over.
#[derive(Clone, Debug)]
pub struct Finished<O> {
    /// What was run.
    pub scenario: Arc<Scenario>,
    /// The names behind the indices.
    pub names: Arc<Names>,
    /// What the applications were told.
    pub ledger: Ledger,
    /// The log of each partition's final leader.
    pub logs: Vec<FinalLog>,
    /// Settings, and what was done.
    pub terms: Terms,
    /// What was counted.
    pub counters: Counters,
    /// What the consumers saw, in the order of the file.
    pub consumers: Vec<ConsumerReads>,
    /// What faults asked of the controller in vain.
    pub refused: Vec<Refused>,
    /// Who looked on.
    pub observer: O,
}

impl<O> Finished<O> {
    /// The run as its verdict sees it.
    pub fn history(&self) -> History<'_> {
        History { names: &self.names, ledger: &self.ledger, logs: &self.logs, terms: &self.terms }
    }

    /// What became of every record.
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.history())
    }

    /// The result as programs read it; lists are cut unless it is to be `full`.
    pub fn result(
        &self,
        verdict: &Verdict,
        causes: Option<&CauseIndex>,
        trace_hash: Option<u64>,
        full: bool,
    ) -> RunResult {
        let identity = Identity {
            scenario: self.scenario.name.clone(),
            twin: self.scenario.twin.clone(),
            seed: self.scenario.seed,
            profile: self.scenario.profile,
        };
        let evidence = Evidence {
            run: &identity,
            history: self.history(),
            verdict,
            counters: &self.counters,
            consumers: &self.consumers,
            causes,
            trace_hash,
        };
        RunResult::new(&evidence, full)
    }
}

impl<O: Observer> Run<O> {
    /// Runs to the end, and gives what is left.
    pub fn finish(mut self) -> Finished<O> {
        let ended = self.run();
        self.ledger.settle();
        self.refuse_what_waits();
        let logs: Vec<FinalLog> = self.partitions().map(|tp| self.final_log(tp)).collect();
        let consumers = (0..self.consumers.len()).map(|at| self.reads(at, &logs)).collect();
        Finished {
            logs,
            consumers,
            refused: std::mem::take(&mut self.refused),
            terms: self.terms(),
            counters: Counters {
                events: self.trace.events(),
                produce_requests: self.tally.produce_requests,
                batches_retried: self.tally.retries,
                ended_at: self.now,
                ended_by: ended.name(),
            },
            scenario: self.scenario,
            names: self.names,
            ledger: self.ledger,
            observer: self.trace.observer,
        }
    }

    /// The log by which a partition is judged: its leader's, or what one has on disk that may lead. Where nobody may, as when
    /// another `min.insync.replicas` has ended the ELR of a partition without an ISR, all waits for an unclean election, and what is
    /// there is what the most complete replica has.
    fn final_log(&self, tp: TopicPartition) -> FinalLog {
        let Some(state) = self.controller.partition(tp) else {
            return FinalLog { tp, ..FinalLog::default() };
        };
        let on_disk = |&BrokerId(id): &BrokerId| self.brokers[id as usize].partition(tp);
        let most_complete = |replicas: &[BrokerId]| {
            let how = |replica: &&Partition| {
                let (log, end) = (replica.log(), replica.log().end_offset());
                (log.batches_from(end - 1).next().map(|last| last.leader_epoch), end)
            };
            replicas.iter().rev().filter_map(on_disk).max_by_key(how)
        };
        let replica = state
            .leader
            .as_ref()
            .or(state.isr.first())
            .map_or_else(|| most_complete(&state.elr).or_else(|| most_complete(&state.replicas)), on_disk);
        let log = replica.map(Partition::log);
        FinalLog {
            tp,
            leader: state.leader,
            leader_epoch: state.leader_epoch,
            isr: state.isr.to_vec(),
            elr: state.elr.to_vec(),
            high_watermark: replica.map_or(0, Partition::high_watermark),
            log_start_offset: log.map_or(0, Log::start_offset),
            log_end_offset: log.map_or(0, Log::end_offset),
            batches: log.map_or_else(Vec::new, |log| log.batches().cloned().collect()),
        }
    }

    fn terms(&self) -> Terms {
        let mut partitions = self.lost_tails.terms(&self.controller, self.scenario.cluster.elr);
        for replica in self.brokers.iter().flat_map(Broker::partitions) {
            if replica.producers().has_forgotten_any() {
                partitions.entry(replica.tp()).or_default().producer_state_expired = true;
            }
        }
        for tp in self.old_min_isr.partitions() {
            partitions.entry(tp).or_default().old_min_isr = true;
        }
        for tp in self.partitions().filter(|&tp| self.controller.was_forced(tp)) {
            partitions.entry(tp).or_default().forced_unclean = true;
        }
        let partitions = partitions.into_iter().collect();
        Terms { restarts: self.restarts.clone(), partitions, ..Terms::of(&self.scenario) }
    }
}
