//! What a leader says about the offsets of its log: where an epoch ends (OffsetsForLeaderEpoch, `broker.md R29`), where the
//! log begins and how far consumers may read it (ListOffsets, `broker.md C4`).

use super::{Broker, Forced, Ticket};
use crate::protocol::{
    EpochEnd, EpochToLookUp, ErrorCode, ListOffsetsRequest, ListOffsetsResponse, ListedOffset, OffsetToList,
    OffsetsForLeaderEpochRequest, OffsetsForLeaderEpochResponse, Response,
};
use crate::record::{NO_OFFSET, TopicPartition};
use crate::trace::Seq;

impl Broker {
    /// Answers where epochs end.
    pub(super) fn tell_epoch_ends(
        &mut self,
        ticket: Ticket,
        request: &OffsetsForLeaderEpochRequest,
        forced: Option<Forced>,
        cause: Seq,
    ) {
        let partitions = request.partitions.iter().map(|asked| {
            let end = forced_at(forced, asked.tp).and_then(|()| self.epoch_end(asked));
            end.unwrap_or_else(|error| EpochEnd::undefined(asked.tp, error))
        });
        let response = OffsetsForLeaderEpochResponse { partitions: partitions.collect() };
        self.answer_to(ticket, Response::OffsetsForLeaderEpoch(response.into()), cause);
    }

    /// `broker.md R29`. Before 2.0 (KIP-279) the answer named no epoch, and one older than all was not defined.
    fn epoch_end(&self, asked: &EpochToLookUp) -> Result<EpochEnd, ErrorCode> {
        let ix = self.led(asked.tp, asked.current_leader_epoch)?;
        let log = &self.partitions[ix as usize].log;
        let undefined = EpochEnd::undefined(asked.tp, ErrorCode::None);
        let found = log.epochs().end_offset_for(asked.leader_epoch, log.end_offset());
        let Some((leader_epoch, end_offset)) = found else { return Ok(undefined) };
        if self.config.release.at_least(2, 0) {
            return Ok(EpochEnd { leader_epoch, end_offset, ..undefined });
        }
        let oldest = log.epochs().starts().first().map_or(0, |&(epoch, _)| epoch);
        Ok(if asked.leader_epoch < oldest { undefined } else { EpochEnd { end_offset, ..undefined } })
    }

    /// Answers where logs begin, or how far they may be read.
    pub(super) fn list_offsets(
        &mut self,
        ticket: Ticket,
        request: &ListOffsetsRequest,
        forced: Option<Forced>,
        cause: Seq,
    ) {
        let partitions = request.partitions.iter().map(|asked| {
            let offset = forced_at(forced, asked.tp).and_then(|()| self.listed_offset(asked));
            let (error, offset) = match offset {
                Ok(offset) => (ErrorCode::None, offset),
                Err(error) => (error, NO_OFFSET),
            };
            ListedOffset { tp: asked.tp, error, offset }
        });
        let response = ListOffsetsResponse { partitions: partitions.collect() };
        self.answer_to(ticket, Response::ListOffsets(response.into()), cause);
    }

    /// `broker.md C4`: a new leader does not say how far its log may be read before it knows (from 2.2 on, KIP-207).
    fn listed_offset(&self, asked: &OffsetToList) -> Result<i64, ErrorCode> {
        let ix = self.led(asked.tp, asked.current_leader_epoch)?;
        let partition = &self.partitions[ix as usize];
        if asked.timestamp == OffsetToList::EARLIEST {
            return Ok(partition.log.start_offset());
        }
        partition.latest_offset(self.config.release).ok_or(ErrorCode::OffsetNotAvailable)
    }
}

/// The error that a fault wants answered for this partition.
fn forced_at(forced: Option<Forced>, tp: TopicPartition) -> Result<(), ErrorCode> {
    match forced.filter(|forced| forced.tp.is_none_or(|meant| meant == tp)) {
        Some(forced) => Err(forced.error),
        None => Ok(()),
    }
}
