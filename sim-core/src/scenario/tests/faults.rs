//! Every key of `[[faults]]`.

use super::scenario;
use crate::protocol::ErrorCode;
use crate::record::{BrokerId, TopicIx, TopicPartition};
use crate::scenario::{
    Act, Acting, BrokerRef, ChanceOf, CutEnd, Distribution, Fault, LinkEnd, On, PowerLoss, Sampled, When,
};
use crate::time::{Span, Time};
use crate::trace::EventKind;

fn ms(millis: i64) -> Span {
    Span::from_millis(millis)
}

fn at(millis: i64) -> Time {
    Time::from_millis(millis)
}

fn constant(millis: i64) -> Sampled {
    Sampled::Constant(ms(millis))
}

/// One fault with these keys, on six partitions of `orders`, with records, a second producer and a consumer.
fn fault(keys: &str) -> Fault {
    let text = format!(
        "[[topics]]\nname = \"orders\"\npartitions = 6\n[[producers]]\nid = \"shop\"\n[[producers.sends]]\n\
         topic = \"orders\"\ncount = 20\n[[producers]]\nid = \"web\"\n[[consumers]]\nid = \"audit\"\n\
         topics = [\"orders\"]\n[[faults]]\n{keys}\n"
    );
    scenario(&text).faults.remove(0)
}

fn act(act: &str) -> Act {
    fault(&format!("at = \"1s\"\ndo = {act}")).act
}

fn on(keys: &str) -> On {
    match fault(&format!("on = {{ {keys} }}\ndo = {{ crash = 0 }}")).when {
        When::On(on) => on,
        When::At(at) => panic!("{at:?}"),
    }
}

#[test]
fn faults_come_at_a_time_or_on_an_event() {
    let timed =
        fault("at = { distribution = \"uniform\", min = \"1s\", max = \"2s\" }\ndo = { restart = 1 }");
    assert_eq!(timed.when, When::At(Sampled::Drawn(Distribution::Uniform { min: ms(1000), max: ms(2000) })));
    let plain = on("event = \"append\"");
    assert_eq!((plain.event, &plain.which), (EventKind::Append, &ChanceOf::Nths(vec![1])));
    assert_eq!((plain.from, plain.until), (Time::ZERO, Time::NEVER));
    assert_eq!(
        (plain.producer, plain.broker, plain.topic, plain.partition, plain.record),
        (None, None, None, None, None)
    );
    let narrow = on(
        "event = \"produce-request-sent\", producer = \"web\", broker = 2, topic = \"orders\", partition = 5, \
         record = \"shop-19\", nths = [5, 2], from = \"1s\", until = \"2s\"",
    );
    assert_eq!((narrow.event, narrow.producer), (EventKind::ProduceRequestSent, Some(1)));
    assert_eq!(
        (narrow.broker, narrow.topic, narrow.partition),
        (Some(BrokerId(2)), Some(TopicIx(0)), Some(5))
    );
    assert_eq!((narrow.record, narrow.which), (Some((0, 19)), ChanceOf::Nths(vec![2, 5])));
    assert_eq!((narrow.from, narrow.until), (at(1000), at(2000)));
}

#[test]
fn a_fault_says_which_of_the_matching_events() {
    assert_eq!(on("event = \"retry\", nth = 3").which, ChanceOf::Nths(vec![3]));
    assert_eq!(on("event = \"retry\", every = 3").which, ChanceOf::Every(3));
    assert_eq!(on("event = \"retry\", probability = 0.05").which, ChanceOf::Probability(0.05));
}

#[test]
fn faults_on_messages_are_read() {
    let on_request = |act: &str| fault(&format!("on = {{ event = \"produce-request\" }}\ndo = {act}")).act;
    assert_eq!(on_request("{ lose = \"it\" }"), Act::Lose);
    assert_eq!(on_request("{ delay = \"it\", by = \"50ms\" }"), Act::Delay { by: constant(50) });
    assert_eq!(on_request("{ reset = \"it\" }"), Act::ResetIt);
    let fail = |append| Act::Fail { error: ErrorCode::NotEnoughReplicas, append };
    assert_eq!(on_request("{ fail = \"it\", error = \"NOT_ENOUGH_REPLICAS\" }"), fail(false));
    assert_eq!(on_request("{ fail = \"it\", error = \"NOT_ENOUGH_REPLICAS\", append = true }"), fail(true));
}

#[test]
fn faults_on_brokers_and_connections_are_read() {
    let tp = TopicPartition { topic: TopicIx(0), partition: 3 };
    let broker = BrokerRef::Id(BrokerId(0));
    assert_eq!(act("{ crash = 0 }"), Act::Crash { broker, power: None, r#for: None });
    assert_eq!(
        act("{ crash = \"leader of orders-3\", for = \"5s\" }"),
        Act::Crash { broker: BrokerRef::LeaderOf(tp), power: None, r#for: Some(constant(5000)) }
    );
    let power = |survives| Some(PowerLoss { survives });
    assert_eq!(act("{ crash = 0, power = true }"), Act::Crash { broker, power: power(None), r#for: None });
    assert_eq!(
        act("{ crash = 0, power = true, survives = 14 }"),
        Act::Crash { broker, power: power(Some(14)), r#for: None }
    );
    assert_eq!(act("{ pause = 0, for = \"12s\" }"), Act::Pause { broker, r#for: Some(constant(12_000)) });
    assert_eq!(
        act("{ block-fetches = 0, for = \"2s\" }"),
        Act::BlockFetches { broker, r#for: Some(constant(2000)) }
    );
    assert_eq!(
        act("{ slow = 0, disk = \"20ms\" }"),
        Act::Slow { broker, by: None, disk: Some(constant(20)), r#for: None }
    );
    assert_eq!(
        act("{ restart = \"follower of orders-3\" }"),
        Act::Restart { broker: BrokerRef::FollowerOf(tp) }
    );
    assert_eq!(
        act("{ slow = 0, by = \"30ms\" }"),
        Act::Slow { broker, by: Some(constant(30)), disk: None, r#for: None }
    );
    let client = CutEnd::Link(LinkEnd::Clients);
    let end = |id| CutEnd::Broker(BrokerRef::Id(BrokerId(id)));
    assert_eq!(act("{ reset = [\"client\", 0] }"), Act::Reset { between: [vec![client], vec![end(0)]] });
    let whole_cut = |between| Act::Cut { between, one_way: false, reject: false, r#for: None };
    assert_eq!(act("{ cut = [0, [1, 2]] }"), whole_cut([vec![end(0)], vec![end(1), end(2)]]));
    let controller = CutEnd::Link(LinkEnd::Controller);
    assert_eq!(act("{ cut = [\"controller\", 2] }"), whole_cut([vec![controller], vec![end(2)]]));
    assert_eq!(
        act("{ cut = [\"client\", 0], for = \"20s\" }"),
        Act::Cut {
            between: [vec![client], vec![end(0)]],
            one_way: false,
            reject: false,
            r#for: Some(constant(20_000))
        }
    );
    assert_eq!(
        act(
            "{ cut = [[1, \"leader of orders-3\"], [\"client:web\", \"client:audit\"]], one-way = true, reject = true }"
        ),
        Act::Cut {
            between: [
                vec![end(1), CutEnd::Broker(BrokerRef::LeaderOf(tp))],
                vec![CutEnd::Link(LinkEnd::Producer(1)), CutEnd::Link(LinkEnd::Consumer(0))],
            ],
            one_way: true,
            reject: true,
            r#for: None,
        }
    );
}

#[test]
fn faults_that_take_the_controller_are_read() {
    let broker = BrokerRef::Id(BrokerId(0));
    assert_eq!(act("{ shutdown = 0 }"), Act::Shutdown { broker, r#for: None });
    assert_eq!(act("{ shutdown = 0, for = \"5s\" }"), Act::Shutdown { broker, r#for: Some(constant(5000)) });
    assert_eq!(act("{ fence = 0, for = \"5s\" }"), Act::Fence { broker, r#for: Some(constant(5000)) });
    assert_eq!(act("{ unfence = 0 }"), Act::Unfence { broker });
    assert_eq!(
        act("{ crash = \"controller\", for = \"5s\" }"),
        Act::CrashController { r#for: Some(constant(5000)) }
    );
    assert_eq!(act("{ restart = \"controller\" }"), Act::RestartController);
}

#[test]
fn faults_on_topics_and_producers_are_read() {
    let tp = TopicPartition { topic: TopicIx(0), partition: 1 };
    assert_eq!(act("{ elect = \"orders-1\" }"), Act::Elect { tp, leader: None, unclean: false });
    let leader = Some(BrokerRef::Id(BrokerId(2)));
    for unclean in [false, true] {
        let text = format!("{{ elect = \"orders-1\", leader = 2, unclean = {unclean} }}");
        assert_eq!(act(&text), Act::Elect { tp, leader, unclean });
    }
    assert_eq!(
        act("{ add-partitions = \"orders\", to = 8 }"),
        Act::AddPartitions { topic: TopicIx(0), to: 8 }
    );
    assert_eq!(
        act("{ kill-producer = \"web\", for = \"1s\" }"),
        Act::KillProducer { producer: 1, r#for: Some(constant(1000)) }
    );
    assert_eq!(act("{ close-producer = \"shop\" }"), Act::CloseProducer { producer: 0, timeout: None });
    assert_eq!(
        act("{ close-producer = \"shop\", timeout = \"1s\" }"),
        Act::CloseProducer { producer: 0, timeout: Some(ms(1000)) }
    );
    assert_eq!(act("{ flush-producer = \"shop\" }"), Act::FlushProducer { producer: 0 });
    assert_eq!(act("{ abandon-producer = \"shop\" }"), Act::AbandonProducer { producer: 0 });
}

/// A change at run time stands over what the file has, and over changes before it.
#[test]
fn set_config_is_whole() {
    let scenario = scenario(
        "[cluster]\nconfig = { \"replica.lag.time.max.ms\" = 500 }\n[[topics]]\nname = \"orders\"\n\
         config = { \"max.message.bytes\" = 5000 }\n[[producers]]\nid = \"shop\"\n\
         [[faults]]\nat = \"1s\"\ndo = { set-config = \"orders\", config = { \"min.insync.replicas\" = 2 } }\n\
         [[faults]]\nat = \"2s\"\ndo = { set-config = \"orders\", config = { \"retention.ms\" = 9 } }\n\
         [[faults]]\nat = \"3s\"\ndo = { set-config = 1, config = { \"replica.fetch.backoff.ms\" = 9 } }\n",
    );
    let acting = |place: usize| match &scenario.faults[place].act {
        Act::SetConfig(acting) => (**acting).clone(),
        other => panic!("{other:?}"),
    };
    let Acting::Topic(TopicIx(0), topic) = acting(1) else { panic!("a topic's") };
    assert_eq!((topic.max_message_bytes, topic.min_insync_replicas, topic.retention_ms), (5000, 2, 9));
    let Acting::Broker(BrokerId(1), broker) = acting(2) else { panic!("a broker's") };
    assert_eq!((broker.replica_lag_time_max_ms, broker.replica_fetch_backoff_ms), (500, 9));
    assert_eq!(scenario.topics[0].config.min_insync_replicas, 1);
}
