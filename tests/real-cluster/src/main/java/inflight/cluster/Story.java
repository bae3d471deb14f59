package inflight.cluster;

import java.util.List;
import java.util.Map;

/** A scenario as far as it can be played on a real cluster; times in nanoseconds from its beginning. */
record Story(String profile, Cluster.Setup setup, List<Topic> topics, Latencies latencies, List<Producer> producers,
             List<Fault> faults) {

    record Topic(String name, List<List<Integer>> assignment, Map<String, String> config) { }

    record Link(int a, int b, long nanos) { }

    record Latencies(long client, long connect, List<Link> links) {
        Network network() {
            Network network = new Network(client, connect);
            links.forEach(link -> network.link(link.a, link.b, link.nanos));
            return network;
        }
    }

    /** {@code warm}: metadata, connections and producer id are there before the beginning. */
    record Producer(String id, Map<String, String> config, boolean warm, List<Stream> streams) { }

    /** One application thread; {@code due} has the instant of each record; partition and key may be null. */
    record Stream(String topic, Integer partition, String key, List<Long> due, boolean sync, int valueBytes, int resends) { }

    enum Message { PRODUCE_REQUEST, PRODUCE_RESPONSE }

    /** Which of a producer's messages: some by number from 1, or each so manyth. */
    record Match(Message message, String producer, List<Integer> nths, int every) {
        boolean takes(int nth) {
            return every > 0 ? nth % every == 0 : nths.contains(nth);
        }
    }

    /** Either {@code at} an instant or {@code on} messages. */
    record Fault(Long at, Match on, Act act) { }

    /** What a fault does; {@code forNanos} is null where it has no end. */
    sealed interface Act {
        /** To the matched message. */
        record ToMessage(Fate fate) implements Act { }

        record ResetClients(int broker) implements Act { }

        /** {@code survives}: so many records of each log remain, as after a power loss; null: all that the process wrote. */
        record Crash(int broker, Long forNanos, Integer survives) implements Act { }

        record Shutdown(int broker, Long forNanos) implements Act { }

        record Restart(int broker) implements Act { }

        record Pause(int broker, long forNanos) implements Act { }

        record Cut(List<Integer> from, List<Integer> to, boolean oneWay, Long forNanos) implements Act { }

        record Elect(String topic, int partition, int leader) implements Act { }
    }
}
