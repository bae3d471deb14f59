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
