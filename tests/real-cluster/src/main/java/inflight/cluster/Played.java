package inflight.cluster;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import inflight.cluster.Ledger.Entry;
import inflight.cluster.Ledger.Outcome;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What a scenario came to on the real cluster, in the shape of {@code inflight run --format json};
 * {@code lateNanos}: how late the latest send or fault began, or a thread that only waits;
 * {@code onTheDot}: whether a client slept twice where it mostly sleeps once ({@link Faults#onTheDot});
 * {@code restartNanos}: how long the slowest restart of a broker took, which takes no time in the simulator.
 */
record Played(ObjectNode result, long lateNanos, boolean onTheDot, long restartNanos) {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    /** Why this run may differ though both sides are right, if there is something: what virtual time does not have. */
    Optional<String> excuse() {
        if (lateNanos > Player.PUNCTUAL_NANOS)
            return Optional.of("the machine was busy (" + Simulated.Range.number(Durations.millis(lateNanos)) + " ms late)");
        return onTheDot ? Optional.of("the client slept twice for a request.timeout.ms") : Optional.empty();
    }

    static ObjectNode json(List<List<Entry>> ledgers, List<Topics.Log> logs, int requests, int retries) {
        List<Entry> all = ledgers.stream().flatMap(List::stream).toList();
        ObjectNode result = JSON.objectNode();
        ObjectNode records = result.putObject("records").put("sent", all.size());
        for (Outcome outcome : Outcome.values())
            records.put(name(outcome), all.stream().filter(entry -> entry.outcome == outcome).count());
        Map<String, Integer> errors = new TreeMap<>();
        all.stream().filter(Entry::isToldNo).forEach(entry -> errors.merge(entry.error, 1, Integer::sum));
        ObjectNode counted = result.putObject("errors");
        errors.forEach(counted::put);
        result.set("verdict", Verdict.of(ledgers, logs));
        result.set("logs", logs(logs));
        ArrayNode ledger = result.putArray("ledger");
        all.forEach(entry -> ledger.add(line(entry)));
        result.putObject("requests").put("produce", requests).put("retries", retries);
        latencies(result, all);
        return result;
    }

    private static String name(Outcome outcome) {
        return outcome.name().toLowerCase(Locale.ROOT);
    }

    private static ArrayNode logs(List<Topics.Log> logs) {
        ArrayNode all = JSON.arrayNode();
        for (Topics.Log log : logs) {
            ObjectNode one = all.addObject().put("topic", log.topic()).put("partition", log.partition())
                .put("leader", log.leader()).put("leo", log.values().size());
            ArrayNode names = one.putArray("records");
            log.values().forEach(value -> names.add(Application.nameIn(value)));
        }
        return all;
    }

    private static ObjectNode line(Entry entry) {
        return JSON.objectNode().put("record", entry.name).put("outcome", name(entry.outcome)).put("error", entry.error)
            .put("latency_ms", Durations.millis(entry.toldNanos - entry.sentNanos))
            .put("blocked_ms", Durations.millis(entry.returnedNanos - entry.sentNanos));
    }

    /** Of records that succeeded, as the simulator has it. */
    private static void latencies(ObjectNode result, List<Entry> all) {
        double[] latencies = all.stream()
            .filter(entry -> entry.outcome == Outcome.ACKNOWLEDGED || entry.outcome == Outcome.UNCONFIRMED)
            .mapToDouble(entry -> Durations.millis(entry.toldNanos - entry.sentNanos)).sorted().toArray();
        ObjectNode told = result.putObject("latency_ms");
        if (latencies.length > 0)
            told.put("p50", latencies[(latencies.length - 1) / 2]).put("max", latencies[latencies.length - 1]);
        double[] blocked = all.stream().mapToDouble(entry -> Durations.millis(entry.returnedNanos - entry.sentNanos)).toArray();
        result.putObject("blocked_ms").put("max", Arrays.stream(blocked).max().orElse(0));
    }
}
