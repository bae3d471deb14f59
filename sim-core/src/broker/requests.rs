//! One request of a connection at a time (`broker.md P2`), and the time that work on it takes.

use std::collections::VecDeque;

use super::{Broker, BrokerOutput, BrokerTimer, Forced, Reply, Ticket};
use crate::chance::{Chance, Stream};
use crate::protocol::{Request, Response};
use crate::record::BrokerId;
use crate::sampling;
use crate::scenario::Sampled;
use crate::time::Span;
use crate::trace::{Cx, Observer, Seq};

/// A request that has come and is not done.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) ticket: Ticket,
    pub(super) request: Request,
    pub(super) forced: Option<Forced>,
    pub(super) cause: Seq,
}

#[derive(Clone, Debug)]
struct Connection {
    id: u64,
    /// Behind the one in work, in order.
    queue: VecDeque<Pending>,
    /// In a thread's hands until its service time is over.
    work: Option<Pending>,
    /// Whether a request of it is in work, parked or about to be taken up.
    busy: bool,
    /// It ends when that request is done.
    closed: bool,
}

/// The connections to a broker and the threads that work on their requests (`num.io.threads`).
#[derive(Clone, Debug)]
pub(super) struct Connections {
    /// Ascending by id.
    open: Vec<Connection>,
    /// To be taken up as soon as the present input is dealt with.
    ready: VecDeque<u64>,
    /// Waiting for a thread.
    waiting: VecDeque<u64>,
    busy_threads: u32,
    service: Sampled,
    service_stream: Stream,
    slow: Option<Sampled>,
    slow_stream: Stream,
    slow_disk: Option<Sampled>,
    disk_stream: Stream,
}

impl Connections {
    pub(super) fn new(id: BrokerId, service: Sampled, chance: &mut dyn Chance) -> Connections {
        Connections {
            open: Vec::new(),
            ready: VecDeque::new(),
            waiting: VecDeque::new(),
            busy_threads: 0,
            service,
            service_stream: chance.stream(format_args!("broker-{id}/service")),
            slow: None,
            slow_stream: chance.stream(format_args!("broker-{id}/slow")),
            slow_disk: None,
            disk_stream: chance.stream(format_args!("broker-{id}/slow-disk")),
        }
    }

    pub(super) fn slow(&mut self, by: Option<Sampled>) {
        self.slow = by;
    }

    pub(super) fn slow_disk(&mut self, by: Option<Sampled>) {
        self.slow_disk = by;
    }

    /// How much longer so many appends take on a slow disk, one after the other.
    pub(super) fn draw_disk_time(&self, appends: usize, chance: &mut dyn Chance) -> Span {
        let Some(slow) = &self.slow_disk else { return Span::ZERO };
        (0..appends).fold(Span::ZERO, |sum, _| sum + sampling::draw(slow, chance, self.disk_stream))
    }

    /// All connections are gone.
    pub(super) fn clear(&mut self) {
        self.open.clear();
        self.ready.clear();
        self.waiting.clear();
        self.busy_threads = 0;
    }

    fn place(&self, id: u64) -> Result<usize, usize> {
        match self.open.last() {
            Some(last) if last.id == id => Ok(self.open.len() - 1),
            Some(last) if last.id < id => Err(self.open.len()),
            _ => self.open.binary_search_by_key(&id, |connection| connection.id),
        }
    }

    fn get(&mut self, id: u64) -> Option<&mut Connection> {
        let place = self.place(id).ok()?;
        Some(&mut self.open[place])
    }

    fn get_or_open(&mut self, id: u64) -> &mut Connection {
        let place = self.place(id).unwrap_or_else(|place| {
            let (queue, work) = (VecDeque::new(), None);
            self.open.insert(place, Connection { id, queue, work, busy: false, closed: false });
            place
        });
        &mut self.open[place]
    }

    fn push(&mut self, pending: Pending) {
        let id = pending.ticket.connection;
        let connection = self.get_or_open(id);
        connection.queue.push_back(pending);
        if !connection.busy {
            connection.busy = true;
            self.ready.push_back(id);
        }
    }

    /// The request in work on a connection is done: the next one, if there is one.
    fn done(&mut self, id: u64) {
        let Ok(place) = self.place(id) else { return };
        let connection = &mut self.open[place];
        if connection.closed {
            self.open.remove(place);
        } else if connection.queue.is_empty() {
            connection.busy = false;
        } else {
            self.ready.push_back(id);
        }
    }

    /// A connection is gone. A request of it that is in work runs to its end, the others never happen.
    fn close(&mut self, id: u64) {
        let Ok(place) = self.place(id) else { return };
        self.waiting.retain(|&waiting| waiting != id);
        let connection = &mut self.open[place];
        if connection.work.is_some() {
            connection.queue.clear();
            connection.closed = true;
        } else {
            self.open.remove(place);
        }
    }

    /// Whether a Produce request that has come still waits for a thread, or is in one's hands.
    fn hold_produce(&self) -> bool {
        let waits = |pending: &Pending| matches!(pending.request, Request::Produce(_));
        self.open.iter().any(|connection| connection.work.iter().chain(&connection.queue).any(waits))
    }

    /// The time that work on the next request takes.
    fn draw_service_time(&self, request: &Request, chance: &mut dyn Chance) -> Span {
        let mut service = sampling::draw(&self.service, chance, self.service_stream);
        if let Some(slow) = &self.slow {
            service = service + sampling::draw(slow, chance, self.slow_stream);
        }
        match request {
            Request::Produce(request) => service + self.draw_disk_time(request.batches.len(), chance),
            _ => service,
        }
    }

    /// Whether work on requests takes no time at all, and so no thread.
    fn serves_at_once(&self) -> bool {
        self.slow.is_none() && self.slow_disk.is_none() && self.service == Sampled::Constant(Span::ZERO)
    }
}

impl Broker {
    /// Whether a Produce request that has come has yet to reach the log, or be refused: its client may have given it up.
    pub fn has_produce_to_do(&self) -> bool {
        self.connections.hold_produce()
    }

    /// Queues a request behind the earlier ones of its connection; takes it up if nothing at all is before it.
    pub(super) fn enqueue<O: Observer>(&mut self, cx: &mut Cx<'_, O>, pending: Pending) {
        let is_next = !cx.interrupted() && !self.has_woken() && self.connections.ready.is_empty();
        if is_next && self.connections.serves_at_once() {
            let connection = self.connections.get_or_open(pending.ticket.connection);
            if !std::mem::replace(&mut connection.busy, true) {
                return self.handle(cx, pending);
            }
        }
        self.connections.push(pending);
    }

    /// Takes up what is ready and wakes what has news, until nothing is left of it: the end of every input. If a fault has
    /// stepped in, that has to wait until it is in effect.
    pub(super) fn settle<O: Observer>(&mut self, cx: &mut Cx<'_, O>) {
        loop {
            if cx.interrupted() && (self.has_woken() || !self.connections.ready.is_empty()) {
                return self.resume_later(cx);
            }
            self.serve_woken(cx);
            let Some(connection) = self.connections.ready.pop_front() else { break };
            self.take_up(cx, connection);
        }
    }

    fn take_up<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: u64) {
        let at_once = self.connections.serves_at_once();
        if !at_once && self.connections.busy_threads >= self.config.num_io_threads {
            self.connections.waiting.push_back(id);
            return;
        }
        let Some(pending) = self.connections.get(id).and_then(|connection| connection.queue.pop_front())
        else {
            return;
        };
        if at_once {
            return self.handle(cx, pending);
        }
        let at = cx.now + self.connections.draw_service_time(&pending.request, cx.chance);
        let timer = BrokerTimer::Service { connection: id };
        self.outputs.push(BrokerOutput::Timer { at, timer, cause: pending.cause });
        self.connections.busy_threads += 1;
        if let Some(connection) = self.connections.get(id) {
            connection.work = Some(pending);
        }
    }

    /// The service time of a connection's request is over.
    pub(super) fn serve<O: Observer>(&mut self, cx: &mut Cx<'_, O>, id: u64) {
        let work = self.connections.get(id).and_then(|connection| connection.work.take());
        let Some(pending) = work else { return };
        self.connections.busy_threads -= 1;
        if let Some(next) = self.connections.waiting.pop_front() {
            self.connections.ready.push_front(next);
        }
        self.handle(cx, pending);
    }

    fn handle<O: Observer>(&mut self, cx: &mut Cx<'_, O>, pending: Pending) {
        let Pending { ticket, request, forced, cause } = pending;
        match request {
            Request::Produce(request) => self.produce(cx, ticket, request, forced, cause),
            Request::Fetch(request) => self.fetch(cx, ticket, request, forced, cause),
            Request::Metadata(request) => {
                let mut answer = self.image.answer(&request);
                if let Some(forced) = forced {
                    for topic in &mut answer.topics {
                        if forced.tp.is_none_or(|tp| tp.topic == topic.topic) {
                            topic.error = forced.error;
                            topic.partitions.clear();
                        }
                    }
                }
                self.answer_to(ticket, Response::Metadata(answer.into()), cause);
            }
            Request::OffsetsForLeaderEpoch(request) => self.tell_epoch_ends(ticket, &request, forced, cause),
            Request::ListOffsets(request) => self.list_offsets(ticket, &request, forced, cause),
            Request::InitProducerId => {
                let answer = self.producer_ids.init_producer_id(forced.map(|forced| forced.error));
                self.answer_to(ticket, Response::InitProducerId(answer), cause);
            }
            // The controller's: nobody asks a broker.
            Request::AlterPartition(_) | Request::Heartbeat(_) => self.reply(ticket, Reply::Close, cause),
        }
    }

    pub(super) fn answer_to(&mut self, ticket: Ticket, response: Response, cause: Seq) {
        self.reply(ticket, Reply::Answer(response), cause);
    }

    /// A request ends; the next one of its connection is taken up.
    pub(super) fn reply(&mut self, ticket: Ticket, reply: Reply, cause: Seq) {
        self.outputs.push(BrokerOutput::Reply { ticket, reply, cause });
        self.connections.done(ticket.connection);
    }

    /// A connection is gone: what waits on it, or for it, is forgotten.
    pub(super) fn close_connection(&mut self, id: u64) {
        self.connections.close(id);
        self.unpark_produce_of(id);
        self.unpark_fetches_of(id);
    }
}
