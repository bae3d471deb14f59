package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Map;

/** Finds a value of a result by its short name, as in a scenario's {@code [expect]}; both sides' results have one shape. */
final class Reading {
    private static final Map<String, String> NUMBERS = Map.ofEntries(
        Map.entry("sent", "/records/sent"),
        Map.entry("acknowledged", "/records/acknowledged"),
        Map.entry("unconfirmed", "/records/unconfirmed"),
        Map.entry("failed", "/records/failed"),
        Map.entry("rejected", "/records/rejected"),
        Map.entry("pending", "/records/pending"),
        Map.entry("lost", "/verdict/lost_acknowledged"),
        Map.entry("lost-unconfirmed", "/verdict/lost_unconfirmed"),
        Map.entry("duplicated", "/verdict/duplicated"),
        Map.entry("duplicate-copies", "/verdict/duplicate_copies"),
        Map.entry("reordered", "/verdict/reordered"),
        Map.entry("written-though-failed", "/verdict/written_though_failed"),
        Map.entry("gaps", "/verdict/gaps"),
        Map.entry("requests", "/requests/produce"),
        Map.entry("retries", "/requests/retries"),
        Map.entry("errors", "/errors"),
        Map.entry("latency-ms.p50", "/latency_ms/p50"),
        Map.entry("latency-ms.max", "/latency_ms/max"),
        Map.entry("blocked-ms.max", "/blocked_ms/max"));

    /**
     * {@code name}: one of the numbers; {@code logs}, the records of every partition; {@code outcomes}, what was told about
     * each record; {@code leo.TOPIC-P}, {@code leader.TOPIC-P}; {@code records.NAME.latency-ms} and the like.
     */
    static JsonNode of(JsonNode result, String name) {
        JsonNode value = name.equals("logs") ? logs(result)
            : name.equals("outcomes") ? outcomes(result)
            : name.startsWith("leo.") || name.startsWith("leader.") ? partition(result, name)
            : name.startsWith("records.") ? record(result, name)
            : result.at(NUMBERS.getOrDefault(name, "/no such name"));
        if (value.isMissingNode())
            throw new JudgeError("there is no `" + name + "` in a result");
        return value;
    }

    private static JsonNode logs(JsonNode result) {
        ArrayNode logs = JsonNodeFactory.instance.arrayNode();
        result.path("logs").forEach(log -> logs.add(log.path("records")));
        return logs;
    }

    private static JsonNode outcomes(JsonNode result) {
        ArrayNode outcomes = JsonNodeFactory.instance.arrayNode();
        result.path("ledger").forEach(line -> outcomes.add(line.path("record").asText() + " " + line.path("outcome").asText()));
        return outcomes;
    }

    private static JsonNode partition(JsonNode result, String name) {
        int dot = name.indexOf('.');
        for (JsonNode log : result.path("logs"))
            if (name.substring(dot + 1).equals(log.path("topic").asText() + "-" + log.path("partition").asInt()))
                return log.path(name.substring(0, dot));
        return result.path(name);
    }

    private static JsonNode record(JsonNode result, String name) {
        String[] words = name.split("\\.");
        for (JsonNode line : result.path("ledger"))
            if (line.path("record").asText().equals(words[1]))
                return line.path(words[2].replace('-', '_'));
        return result.path(name);
    }
}
