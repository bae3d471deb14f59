//! The rules of `tests/real-client/FORMAT.md` under `answers`, `node_down`, `node_silent`, `partitions` and `leader`.

use super::*;
use crate::protocol::MetadataRequest;
use crate::record::{Names, RecordBatch, TopicIx};

/// A stand-in whose nodes 0 and 1 lead a partition of `t` each, and what the client sees of it.
struct Far<'s> {
    stand_in: StandIn<'s>,
    scribe: Scribe,
    written: u64,
}

fn script(answers: &str) -> Script {
    Script::read(&format!(
        r#"{{"name": "s", "cluster": {{"nodes": [0, 1], "connect_ms": 1,
             "topics": [{{"name": "t", "leaders": [0, 1]}}]}}, "steps": [], "answers": {answers}, "until": 9}}"#
    ))
    .expect("a script")
}

fn ms(millis: i64) -> Time {
    Time::from_millis(millis)
}

const NODE: BrokerId = BrokerId(0);

impl<'s> Far<'s> {
    /// Connected to node 0 at t=1.
    fn connected(script: &'s Script) -> Far<'s> {
        let mut far = Far::new(script);
        far.stand_in.connect(ms(0), NODE);
        assert_eq!(far.read(1), [Arrival::Opened]);
        far
    }

    fn new(script: &'s Script) -> Far<'s> {
        let names = Names { topics: vec!["t".to_owned()], ..Names::default() };
        let mut scribe = Scribe::new(Arc::new(names));
        scribe.sent(0);
        Far { stand_in: StandIn::new(script), scribe, written: 0 }
    }

    /// Writes to node 0; the requests are numbered from 1.
    fn write(&mut self, at: i64, request: &Request) {
        self.written += 1;
        let written = Written { now: ms(at), node: NODE, correlation: self.written, request };
        self.stand_in.write(&written, &mut self.scribe);
    }

    /// What one poll reads.
    fn read(&mut self, at: i64) -> Vec<Arrival> {
        self.stand_in.read(ms(at), &mut self.scribe).into_iter().map(|(_, arrival)| arrival).collect()
    }

    /// The number of the request that one poll reads the answer to.
    fn answered(&mut self, at: i64) -> Option<u64> {
        match self.read(at).pop() {
            Some(Arrival::Response { correlation, .. }) => Some(correlation),
            _ => None,
        }
    }

    /// The results in the answer that one poll reads.
    fn results(&mut self, at: i64) -> Vec<(ErrorCode, i64)> {
        match self.read(at).pop() {
            Some(Arrival::Response { response: Response::Produce(response), .. }) => {
                response.partitions.iter().map(|result| (result.error, result.base_offset)).collect()
            }
            other => panic!("{other:?} instead of an answer to a Produce request"),
        }
    }

    fn producer_id(&mut self, at: i64) -> (ErrorCode, i64) {
        match self.read(at).pop() {
            Some(Arrival::Response { response: Response::InitProducerId(response), .. }) => {
                (response.error, response.producer_id)
            }
            other => panic!("{other:?} instead of a producer id"),
        }
    }

    fn leaders(&mut self, at: i64) -> Vec<(Option<BrokerId>, i32, ErrorCode)> {
        self.write(at, &metadata());
        match self.read(at + 2).pop() {
            Some(Arrival::Response { response: Response::Metadata(response), .. }) => {
                assert_eq!(response.brokers, [BrokerId(0), BrokerId(1)]);
                let partitions = &response.topics[0].partitions;
                partitions.iter().map(|p| (p.leader, p.leader_epoch, p.error)).collect()
            }
            other => panic!("{other:?} instead of metadata"),
        }
    }

    /// How many Produce requests the transcript has.
    fn counted(self) -> usize {
        self.scribe.finish("s", String::new()).requests.len()
    }
}

/// One record for each of these partitions.
fn produce_to(partitions: &[u32], acks: i16) -> Request {
    let batch = |&partition| {
        Arc::new(RecordBatch {
            tp: TopicPartition { topic: TopicIx(0), partition },
            records: [0].into_iter().collect(),
            producer_id: NO_PRODUCER_ID,
            ..RecordBatch::default()
        })
    };
    Request::Produce(Arc::new(ProduceRequest {
        acks,
        timeout_ms: 30_000,
        batches: partitions.iter().map(batch).collect(),
    }))
}

fn produce() -> Request {
    produce_to(&[0], -1)
}

fn metadata() -> Request {
    Request::Metadata(MetadataRequest { topics: [TopicIx(0)].into() })
}

#[test]
fn what_is_not_listed_is_ok_after_two_ms() {
    let script = script("{}");
    let mut far = Far::connected(&script);
    far.write(1, &produce());
    assert_eq!(far.stand_in.next_event(), ms(3));
    assert_eq!(far.read(2), []);
    assert_eq!(far.results(3), [(ErrorCode::None, 0)]);
}

#[test]
fn an_answer_waits_for_the_one_ahead_of_it_and_a_poll_reads_one() {
    let script = script(r#"{"produce": [{"node": 0, "nth": 1, "delay": 7}]}"#);
    let mut far = Far::connected(&script);
    far.write(1, &produce());
    far.write(2, &produce());
    assert_eq!(far.answered(7), None);
    assert_eq!((far.answered(8), far.answered(8), far.answered(8)), (Some(1), Some(2), None));
}

#[test]
fn behind_a_lost_answer_nothing_comes_and_the_rest_has_its_fate() {
    let script = script(
        r#"{"produce": [{"node": 0, "nth": 1, "do": "lose", "append": true},
                        {"node": 0, "nth": 3, "append": false},
                        {"node": 0, "nth": 4, "do": "lose"}]}"#,
    );
    let mut far = Far::connected(&script);
    for _ in 0..4 {
        far.write(1, &produce());
    }
    assert_eq!(far.stand_in.next_event(), Time::NEVER);
    far.stand_in.close(ms(5), NODE, &mut far.scribe);
    far.stand_in.connect(ms(5), NODE);
    assert_eq!(far.read(6), [Arrival::Opened]);
    far.write(6, &produce());
    assert_eq!(far.results(8), [(ErrorCode::None, 2)], "the first two of the lost ones were appended");
}

#[test]
fn a_disconnect_takes_the_answers_that_would_be_read_later() {
    let script = script(
        r#"{"produce": [{"node": 0, "nth": 2, "delay": 6},
                        {"node": 0, "nth": 3, "do": "disconnect", "delay": 3}]}"#,
    );
    let mut far = Far::connected(&script);
    for _ in 0..3 {
        far.write(1, &produce());
    }
    assert_eq!(far.answered(3), Some(1));
    assert_eq!(far.stand_in.next_event(), ms(4));
    assert_eq!(far.read(4), [Arrival::Closed]);
    assert_eq!(far.stand_in.next_event(), Time::NEVER, "there is no connection any more");
}

#[test]
fn what_is_written_to_a_closed_connection_vanishes_and_does_not_count() {
    let script = script("{}");
    let mut far = Far::connected(&script);
    far.write(1, &produce());
    far.stand_in.node_down(ms(2), NODE);
    far.write(2, &produce());
    assert_eq!(far.read(2), [Arrival::Closed], "the answer on its way is lost");
    assert_eq!(far.counted(), 1);
}

#[test]
fn a_node_that_is_down_refuses_and_one_that_goes_down_fails_what_is_being_opened() {
    let script = script("{}");
    let mut far = Far::new(&script);
    far.stand_in.connect(ms(0), NODE);
    far.stand_in.node_down(ms(0), NODE);
    assert_eq!(far.read(0), [Arrival::Refused]);
    far.stand_in.connect(ms(5), NODE);
    far.stand_in.node_up(NODE);
    assert_eq!(far.read(5), []);
    assert_eq!(far.read(6), [Arrival::Refused], "settled when the client started the connection");
    far.stand_in.connect(ms(6), NODE);
    assert_eq!(far.read(7), [Arrival::Opened]);
}

#[test]
fn an_error_may_concern_one_partition() {
    let script = script(
        r#"{"produce": [{"node": 0, "nth": 1, "do": "error", "error": "NOT_LEADER_OR_FOLLOWER", "partition": "t-1"},
                        {"node": 0, "nth": 2, "do": "error", "error": "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "append": true}]}"#,
    );
    let mut far = Far::connected(&script);
    far.write(1, &produce_to(&[0, 1], -1));
    far.write(1, &produce());
    far.write(1, &produce_to(&[0, 1], -1));
    assert_eq!(far.results(3), [(ErrorCode::None, 0), (ErrorCode::NotLeaderOrFollower, -1)]);
    assert_eq!(far.results(3), [(ErrorCode::NotEnoughReplicasAfterAppend, -1)]);
    assert_eq!(far.results(3), [(ErrorCode::None, 2), (ErrorCode::None, 0)]);
}

#[test]
fn without_acks_only_an_error_is_felt_and_it_closes_the_connection() {
    let script = script(
        r#"{"produce": [{"node": 0, "nth": 2, "do": "lose"},
                        {"node": 0, "nth": 3, "do": "error", "error": "NOT_ENOUGH_REPLICAS", "delay": 5}]}"#,
    );
    let mut far = Far::connected(&script);
    far.write(1, &produce_to(&[0], 0));
    assert_eq!(far.stand_in.next_event(), Time::NEVER);
    far.stand_in.connect(ms(1), NODE);
    assert_eq!(far.read(2), [Arrival::Opened]);
    far.write(2, &produce_to(&[0], 0));
    assert_eq!(far.stand_in.next_event(), Time::NEVER);
    far.stand_in.connect(ms(2), NODE);
    assert_eq!(far.read(3), [Arrival::Opened]);
    far.write(3, &produce_to(&[0], 0));
    assert_eq!(far.read(8), [Arrival::Closed]);
}

#[test]
fn producer_ids_count_up_also_when_their_answer_is_lost() {
    let script = script(
        r#"{"init_producer_id": [{"nth": 1, "do": "error", "error": "COORDINATOR_LOAD_IN_PROGRESS"},
                                 {"nth": 3, "do": "disconnect", "delay": 1}]}"#,
    );
    let mut far = Far::connected(&script);
    for _ in 0..3 {
        far.write(1, &Request::InitProducerId);
    }
    assert_eq!(far.stand_in.next_event(), ms(2), "the third closes the connection");
    far.stand_in.connect(ms(2), NODE);
    assert_eq!(far.read(3), [Arrival::Opened]);
    far.write(3, &Request::InitProducerId);
    assert_eq!(far.producer_id(5), (ErrorCode::None, 1002));
}

#[test]
fn the_first_producer_id_is_a_thousand_and_an_error_takes_none() {
    let script = script(
        r#"{"init_producer_id": [{"nth": 1, "do": "error", "error": "COORDINATOR_LOAD_IN_PROGRESS"}]}"#,
    );
    let mut far = Far::connected(&script);
    far.write(1, &Request::InitProducerId);
    far.write(1, &Request::InitProducerId);
    assert_eq!(far.producer_id(3), (ErrorCode::CoordinatorLoadInProgress, -1));
    assert_eq!(far.producer_id(3), (ErrorCode::None, 1000));
}

#[test]
fn metadata_lists_every_node_and_the_leaders_of_its_writing() {
    let script = script("{}");
    let mut far = Far::connected(&script);
    let at = |node| (Some(BrokerId(node)), 0, ErrorCode::None);
    assert_eq!(far.leaders(1), [at(0), at(1)]);
    far.stand_in.node_down(ms(3), BrokerId(1));
    let change = |node, epoch| LeaderChange { topic: "t".to_owned(), partition: 1, node, epoch };
    far.stand_in.change_leader(&change(None, 1));
    assert_eq!(far.leaders(3), [at(0), (None, 1, ErrorCode::LeaderNotAvailable)]);
    far.stand_in.change_leader(&change(Some(NODE), 2));
    assert_eq!(far.leaders(5), [at(0), (Some(NODE), 2, ErrorCode::None)]);
}
