package inflight.cluster;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * How long bytes take between two ends, and which ends are cut from each other. An end is a broker's id or one of the
 * constants. Brokers among themselves take what loopback takes unless a scenario gives a link of theirs a latency.
 */
final class Network {
    /** Any client under test. */
    static final int CLIENT = -1;
    static final int CONTROLLER = -2;
    /** The judge's own clients: no latency, never cut. */
    static final int JUDGE = -3;

    private record Pair(int from, int to) { }

    private final long clientNanos;
    private final long connectNanos;
    private final Map<Pair, Long> links = new HashMap<>();
    private final Set<Pair> cuts = ConcurrentHashMap.newKeySet();

    /** {@code connectNanos}: from the first byte of a client's new connection until it can be used. */
    Network(long clientNanos, long connectNanos) {
        this.clientNanos = clientNanos;
        this.connectNanos = connectNanos;
    }

    /** What takes no time and is never cut. */
    static Network direct() {
        return new Network(0, 0);
    }

    void link(int a, int b, long nanos) {
        links.put(new Pair(a, b), nanos);
        links.put(new Pair(b, a), nanos);
    }

    long latency(int a, int b) {
        if (a == JUDGE || b == JUDGE)
            return 0;
        Long link = links.get(new Pair(a, b));
        if (link != null)
            return link;
        return a == CLIENT || b == CLIENT ? clientNanos : 0;
    }

    /** What the set-up of a connection takes beside the round trip that its first request makes anyway. */
    long setUp(int client, int broker) {
        return client == CLIENT ? Math.max(0, connectNanos - 2 * latency(client, broker)) : 0;
    }

    void cut(int from, int to, boolean cut) {
        if (cut)
            cuts.add(new Pair(from, to));
        else
            cuts.remove(new Pair(from, to));
    }

    boolean isCut(int from, int to) {
        return !cuts.isEmpty() && cuts.contains(new Pair(from, to));
    }
}
