//! Callbacks that take their time, on the one sender thread.

use super::fixture::with_seeds;
use crate::time::Time;
use crate::trace::EventKind;

/// `producer.md 4.1`: a connection is started in the pass that wants it, as a selector does, whatever time the callbacks of that
/// pass take. The first record brings the metadata. The callback of a batch that expires at 2 s lasts 300 ms, the record sent at 2 s to a broker without a connection
/// goes out as soon as it is over. The real client does so too (golden script `connections-start-while-callbacks-block`).
#[test]
fn a_connection_is_started_while_a_callback_holds_the_sender_up() {
    let story = "stop = \"1min\"\n\
        [[topics]]\nname = \"orders\"\npartitions = 3\nassignment = [[0], [1], [2]]\n\
        [[producers]]\nid = \"shop\"\ncallback = \"300ms\"\n\
        config = { acks = 1, \"enable.idempotence\" = false, \"linger.ms\" = 0, \"batch.size\" = 0, \
        \"request.timeout.ms\" = 1000, \"delivery.timeout.ms\" = 1000 }\n\
        [[producers.sends]]\ntopic = \"orders\"\npartition = 2\nstart = \"500ms\"\n\
        [[producers.sends]]\ntopic = \"orders\"\npartition = 1\nstart = \"1s\"\n\
        [[producers.sends]]\ntopic = \"orders\"\npartition = 0\nstart = \"2s\"\n\
        [[faults]]\nat = \"0s\"\ndo = { crash = 1 }\n";
    with_seeds(story, |seed, run| {
        let failed = run.times_of(EventKind::Failed)[0];
        assert_eq!(
            failed,
            Time::from_millis(2_000),
            "seed {seed}: the record of the dead broker expires as the other is sent"
        );
        let acknowledged = run.times_of(EventKind::Acknowledged)[1];
        // The request waits for the callback; then one way there and one back, on a connection that is up.
        assert_eq!(acknowledged, Time::from_millis(2_302), "seed {seed}");
    });
}

/// A fault that begins while the sender works through a request comes before what the application does then; a thread that
/// is behind its times goes on when the fault has begun, not in the past. Here one batch of a request that timed out fails, which
/// lets the thread go on, and the other is tried again, which is where the fault begins.
#[test]
fn time_does_not_go_back_for_a_thread_that_a_fault_holds_up() {
    let story = "stop = \"1min\"\n[[topics]]\nname = \"orders\"\npartitions = 2\nassignment = [[0], [0]]\n\
        [[producers]]\nid = \"shop\"\nstart = \"warm\"\nconfig = { acks = 1, \"enable.idempotence\" = false, \
        \"linger.ms\" = 50, \"request.timeout.ms\" = 999, \"delivery.timeout.ms\" = 1050 }\n\
        [[producers.sends]]\ntopic = \"orders\"\npartition = 0\nstart = \"1s\"\nevery = \"10ms\"\ncount = 3\n\
        mode = \"sync\"\n\
        [[producers.sends]]\ntopic = \"orders\"\npartition = 1\nstart = \"1040ms\"\n\
        [[faults]]\non = { event = \"produce-response\", nth = 1 }\ndo = { lose = \"it\" }\n\
        [[faults]]\non = { event = \"retry\", nth = 1 }\ndo = { crash = 2, for = \"1s\" }\n";
    with_seeds(story, |seed, run| {
        let times: Vec<Time> = run.events().iter().map(|(stamp, _)| stamp.time).collect();
        assert!(times.is_sorted(), "seed {seed}");
        assert_eq!(run.times_of(EventKind::Retry).len(), 1, "seed {seed}");
        let failed = run.times_of(EventKind::Failed)[0];
        assert_eq!(
            run.times_of(EventKind::Send)[2],
            failed,
            "seed {seed}: the next goes when the one before has its result"
        );
    });
}
