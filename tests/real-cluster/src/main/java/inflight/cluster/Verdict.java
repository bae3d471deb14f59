package inflight.cluster;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import inflight.cluster.Ledger.Entry;
import inflight.cluster.Ledger.Outcome;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What became of the records of all producers: ledgers held against the final logs, counted as the simulator counts. */
final class Verdict {
    private record Place(String topic, int partition) { }

    private int lostAcknowledged;
    private int lostUnconfirmed;
    private int duplicated;
    private int duplicateCopies;
    private int reordered;
    private int writtenThoughFailed;
    private int gaps;
    private final Map<Place, Map<String, Integer>> firsts = new HashMap<>();
    private final Map<String, Integer> copies = new HashMap<>();

    static ObjectNode of(List<List<Entry>> ledgers, List<Topics.Log> logs) {
        Verdict verdict = new Verdict();
        logs.forEach(verdict::index);
        ledgers.forEach(verdict::count);
        return verdict.json();
    }

    private void index(Topics.Log log) {
        Map<String, Integer> first = firsts.computeIfAbsent(new Place(log.topic(), log.partition()), place -> new HashMap<>());
        for (int i = 0; i < log.values().size(); i++) {
            String name = Application.nameIn(log.values().get(i));
            first.putIfAbsent(name, i);
            copies.merge(name, 1, Integer::sum);
        }
    }

    private void count(List<Entry> entries) {
        for (Entry entry : entries) {
            int there = copies.getOrDefault(entry.name, 0);
            if (there == 0 && entry.outcome == Outcome.ACKNOWLEDGED)
                lostAcknowledged++;
            if (there == 0 && entry.outcome == Outcome.UNCONFIRMED)
                lostUnconfirmed++;
            if (there > 0 && entry.outcome != Outcome.ACKNOWLEDGED && entry.outcome != Outcome.UNCONFIRMED)
                writtenThoughFailed++;
            if (there > 1) {
                duplicated++;
                duplicateCopies += there - 1;
            }
        }
        firsts.forEach((place, first) -> countOrder(entries, place, first));
    }

    /** From the last sent to the first, with the earliest place in the log that any later one has. */
    private void countOrder(List<Entry> entries, Place place, Map<String, Integer> first) {
        int earliestLater = Integer.MAX_VALUE;
        for (int i = entries.size() - 1; i >= 0; i--) {
            Entry entry = entries.get(i);
            Integer at = first.get(entry.name);
            boolean belongsHere = entry.topic.equals(place.topic) && entry.partition == place.partition;
            if (at == null && belongsHere && entry.outcome == Outcome.FAILED && earliestLater != Integer.MAX_VALUE)
                gaps++;
            if (at != null && at > earliestLater)
                reordered++;
            if (at != null)
                earliestLater = Math.min(earliestLater, at);
        }
    }

    private ObjectNode json() {
        return JsonNodeFactory.instance.objectNode()
            .put("lost_acknowledged", lostAcknowledged)
            .put("lost_unconfirmed", lostUnconfirmed)
            .put("duplicated", duplicated)
            .put("duplicate_copies", duplicateCopies)
            .put("reordered", reordered)
            .put("written_though_failed", writtenThoughFailed)
            .put("gaps", gaps);
    }
}
