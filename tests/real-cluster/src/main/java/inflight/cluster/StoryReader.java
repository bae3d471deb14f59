package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Reads what {@code inflight show --format json} prints; refuses what the player does not do, key by key. */
final class StoryReader {
    private static final Set<String> TOP = Set.of("profile", "seed", "stop", "text", "tags", "expect", "cluster", "topics", "network",
        "producers", "consumers", "faults");
    private static final long DEFAULT_LATENCY_NANOS = 1_000_000;
    /** A round trip each for TCP and ApiVersions. */
    private static final int CONNECT_LATENCIES = 4;
    private static final int DEFAULT_REPLICAS = 3;
    /** Also in place of a text, which has to make room for the record's name. */
    private static final int DEFAULT_VALUE_BYTES = 100;

    static Story read(JsonNode json) {
        onlyKnown("the file", json, TOP);
        JsonNode cluster = json.path("cluster");
        // `timing` gives the simulator what a real machine has of its own.
        onlyKnown("[cluster]", cluster, Set.of("brokers", "config", "features", "warm", "timing"));
        if (cluster.path("brokers").asInt(Cluster.BROKERS) != Cluster.BROKERS || !cluster.path("warm").asBoolean(true))
            throw new JudgeError("the real cluster has " + Cluster.BROKERS + " brokers and has been running for long");
        Story.Latencies latencies = latencies(json.path("network"));
        List<Story.Fault> faults = new ArrayList<>();
        json.path("faults").forEach(fault -> faults.add(FaultReader.read(fault)));
        boolean links = latencies.links().stream().anyMatch(link -> link.a() >= 0 && link.b() >= 0)
            || faults.stream().anyMatch(fault -> fault.act() instanceof Story.Act.Cut);
        Cluster.Setup setup = Cluster.Setup.of(properties(cluster.path("config")), properties(cluster.path("features")), links);
        List<Story.Topic> topics = new ArrayList<>();
        json.path("topics").forEach(topic -> topics.add(topic(topic)));
        List<Story.Producer> producers = new ArrayList<>();
        json.path("producers").forEach(producer -> producers.add(producer(producer)));
        return new Story(json.path("profile").asText(), setup, topics, latencies, producers, faults);
    }

    static void onlyKnown(String where, JsonNode json, Set<String> known) {
        json.fieldNames().forEachRemaining(key -> {
            if (!known.contains(key))
                throw new JudgeError(where + ": `" + key + "` is nothing that can be done to the real cluster here");
        });
    }

    /** Kafka's properties: {@code a.b = 1} without quotes is a table in a table. */
    private static Map<String, String> properties(JsonNode table) {
        Map<String, String> flat = new TreeMap<>();
        table.properties().forEach(entry -> {
            if (entry.getValue().isObject())
                properties(entry.getValue()).forEach((key, value) -> flat.put(entry.getKey() + "." + key, value));
            else
                flat.put(entry.getKey(), entry.getValue().asText());
        });
        return flat;
    }

    private static Story.Latencies latencies(JsonNode network) {
        onlyKnown("[network]", network, Set.of("latency", "connect", "links"));
        long every = Durations.nanos(network, "latency", DEFAULT_LATENCY_NANOS);
        long connect = Durations.nanos(network, "connect", CONNECT_LATENCIES * every);
        List<Story.Link> links = new ArrayList<>();
        network.path("links").forEach(link -> links.add(new Story.Link(
            end(link.path("between").path(0)), end(link.path("between").path(1)), Durations.nanos(link.path("latency")))));
        return new Story.Latencies(every, connect, links);
    }

    static int end(JsonNode end) {
        if (end.isInt())
            return end.asInt();
        return switch (end.asText()) {
            case "client" -> Network.CLIENT;
            case "controller" -> Network.CONTROLLER;
            default -> throw new JudgeError("an end of a link is \"client\", \"controller\" or a broker's id, not " + end);
        };
    }

    private static Story.Topic topic(JsonNode json) {
        onlyKnown("[[topics]]", json, Set.of("name", "partitions", "replication-factor", "assignment", "config"));
        int replicas = json.path("replication-factor").asInt(DEFAULT_REPLICAS);
        List<List<Integer>> assignment = new ArrayList<>();
        for (JsonNode partition : json.path("assignment")) {
            List<Integer> ids = new ArrayList<>();
            partition.forEach(id -> ids.add(id.asInt()));
            assignment.add(ids);
        }
        for (int p = assignment.size(); p < json.path("partitions").asInt(1); p++) {
            int first = p;
            assignment.add(IntStream.range(0, replicas).mapToObj(r -> (first + r) % Cluster.BROKERS).toList());
        }
        return new Story.Topic(json.path("name").asText(), assignment, properties(json.path("config")));
    }

    private static Story.Producer producer(JsonNode json) {
        onlyKnown("[[producers]]", json, Set.of("id", "config", "start", "sends"));
        List<Story.Stream> streams = new ArrayList<>();
        json.path("sends").forEach(stream -> streams.add(stream(stream)));
        return new Story.Producer(json.path("id").asText(), properties(json.path("config")),
            json.path("start").asText().equals("warm"), streams);
    }

    private static Story.Stream stream(JsonNode json) {
        onlyKnown("[[producers.sends]]", json, Set.of("topic", "count", "start", "every", "at", "mode", "partition", "key", "value", "resend"));
        onlyKnown("value", json.path("value"), Set.of("bytes", "text"));
        String key = json.path("key").asText(null);
        if (key != null && key.contains("{"))
            throw new JudgeError("[[producers.sends]]: a key that changes is nothing that the player does");
        List<Long> due = new ArrayList<>();
        json.path("at").forEach(instant -> due.add(Durations.nanos(instant)));
        if (due.isEmpty()) {
            long start = Durations.nanos(json, "start", 0);
            long every = Durations.nanos(json, "every", 0);
            LongStream.range(0, json.path("count").asLong(1)).forEach(i -> due.add(start + i * every));
        }
        JsonNode partition = json.path("partition");
        if (!partition.isMissingNode() && !partition.isInt())
            throw new JudgeError("[[producers.sends]]: a partition that changes is nothing that the player does");
        return new Story.Stream(json.path("topic").asText(), partition.isInt() ? partition.asInt() : null, key, due,
            json.path("mode").asText().equals("sync"), json.path("value").path("bytes").asInt(DEFAULT_VALUE_BYTES),
            json.path("resend").path("times").asInt(0));
    }
}
