//! Messages on their way.

use super::ticket::Forced;
use crate::protocol::{Request, Response};
use crate::time::Time;
use crate::trace::{MessageBody, Seq};

use super::connection::ConnectionId;

/// A message on its way: its place among them, and which of the place's tenants it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageSlot {
    pub(super) at: u32,
    pub(super) tenant: u32,
}

/// Which way a message goes on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To who accepted the connection.
    Out,
    /// Back to who opened it.
    Back,
}

/// One message on its way.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) number: u64,
    pub(super) request: Option<u64>,
    pub(super) connection: ConnectionId,
    pub(super) way: Way,
    pub(super) correlation: u64,
    pub(super) body: MessageBody,
    /// Its `...-sent` event.
    pub(super) sent: Seq,
    pub(super) arrives: Time,
    /// Its time has come, but one ahead of it on the connection has not.
    pub(super) waits: bool,
    /// How often it has been written in vain (see [`Network::write_again`](super::Network)).
    pub(super) tries: u32,
    /// What a fault wants answered.
    pub(super) forced: Option<Forced>,
}

/// Messages on their way, in reused places.
#[derive(Clone, Debug, Default)]
pub(super) struct Messages {
    places: Vec<(u32, Option<Message>)>,
    free: Vec<u32>,
}

impl Messages {
    pub(super) fn insert(&mut self, message: Message) -> MessageSlot {
        match self.free.pop() {
            Some(at) => {
                let (tenant, place) = &mut self.places[at as usize];
                *tenant = tenant.wrapping_add(1);
                *place = Some(message);
                MessageSlot { at, tenant: *tenant }
            }
            None => {
                self.places.push((0, Some(message)));
                MessageSlot { at: self.places.len() as u32 - 1, tenant: 0 }
            }
        }
    }

    pub(super) fn get(&self, slot: MessageSlot) -> Option<&Message> {
        let (tenant, message) = &self.places[slot.at as usize];
        message.as_ref().filter(|_| *tenant == slot.tenant)
    }

    pub(super) fn get_mut(&mut self, slot: MessageSlot) -> Option<&mut Message> {
        let (tenant, message) = &mut self.places[slot.at as usize];
        message.as_mut().filter(|_| *tenant == slot.tenant)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Message> {
        self.places.iter().filter_map(|(_, message)| message.as_ref())
    }

    pub(super) fn remove(&mut self, slot: MessageSlot) -> Option<Message> {
        let (tenant, place) = &mut self.places[slot.at as usize];
        if *tenant != slot.tenant {
            return None;
        }
        let message = place.take()?;
        self.free.push(slot.at);
        Some(message)
    }
}

/// Bytes around the batches of a request or answer: headers, topic names and the like. Only bandwidth looks at it.
const OVERHEAD: u64 = 100;

/// About how many bytes a message has on the wire.
pub(super) fn wire_bytes(body: &MessageBody) -> u64 {
    OVERHEAD
        + match body {
            MessageBody::Request(Request::Produce(produce)) => {
                produce.batches.iter().map(|batch| u64::from(batch.bytes)).sum()
            }
            MessageBody::Response(Response::Fetch(fetch)) => fetch
                .partitions
                .iter()
                .flat_map(|partition| &partition.batches)
                .map(|stored| u64::from(stored.batch.bytes))
                .sum(),
            _ => 0,
        }
}
