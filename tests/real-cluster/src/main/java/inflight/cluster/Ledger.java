package inflight.cluster;

import java.util.ArrayList;
import java.util.List;

/** What the application was told about each record. */
final class Ledger {
    /** As the simulator's JSON calls them. */
    enum Outcome { ACKNOWLEDGED, UNCONFIRMED, FAILED, REJECTED, PENDING }

    /** A record; one that is sent again keeps its name and has what its last {@code send()} came to. */
    static final class Entry {
        final String name;
        final String topic;
        int partition = -1;
        int sends;
        long sentNanos;
        long returnedNanos;
        long toldNanos;
        Outcome outcome = Outcome.PENDING;
        String error;

        private Entry(String name, String topic) {
            this.name = name;
            this.topic = topic;
        }

        synchronized void sent() {
            sends++;
            sentNanos = System.nanoTime();
            outcome = Outcome.PENDING;
            error = null;
        }

        synchronized void returned() {
            returnedNanos = System.nanoTime();
        }

        synchronized void told(Outcome what, int where, Exception exception) {
            toldNanos = System.nanoTime();
            outcome = what;
            if (where >= 0)
                partition = where;
            error = exception == null ? null : exception.getClass().getSimpleName();
        }

        synchronized boolean isToldNo() {
            return outcome == Outcome.FAILED || outcome == Outcome.REJECTED;
        }
    }

    private final String producer;
    private final List<Entry> entries = new ArrayList<>();

    Ledger(String producer) {
        this.producer = producer;
    }

    /** The next record in the order of {@code send()}. */
    synchronized Entry next(String topic) {
        Entry entry = new Entry(producer + "-" + entries.size(), topic);
        entries.add(entry);
        return entry;
    }

    synchronized List<Entry> entries() {
        return List.copyOf(entries);
    }
}
