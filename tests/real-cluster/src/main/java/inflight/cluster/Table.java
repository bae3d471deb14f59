package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.toml.TomlMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code scenarios.toml}: what is played, and what is compared how. */
final class Table {
    /**
     * The real value lies in the simulator's range over all seeds, widened below by {@code early} and above by {@code late},
     * and by {@code perRestartMilli} for each millisecond that the slowest restart of a broker took.
     */
    record Slack(double early, double late, double perRestartMilli, String why) { }

    /**
     * A scenario or one of its twins. {@code exact} are the names whose value has to be the simulator's, which has to be the
     * same for all seeds; but for {@code oneOf} of them, which have to be what they are with some seed. {@code within} are those
     * that have to be in its range; {@code apart}, with the reason, is what is not compared.
     */
    record Row(String scenario, String twin, Set<String> exact, Set<String> oneOf, Map<String, Slack> within, Map<String, String> apart) {
        /** As on the command line: the scenario's file without its folder and end, and the twin behind a slash. */
        String name() {
            String bare = scenario.substring(scenario.lastIndexOf('/') + 1).replaceFirst("\\.toml$", "");
            return twin == null ? bare : bare + "/" + twin;
        }
    }

    final int seeds;
    final List<Row> rows = new ArrayList<>();

    Table(Path file) throws IOException {
        JsonNode root = new TomlMapper().readTree(file.toFile());
        seeds = root.path("seeds").asInt();
        List<String> everywhere = new ArrayList<>();
        root.path("exact").forEach(name -> everywhere.add(name.asText()));
        Slack slack = slack(root.path("slack"), new Slack(0, 0, 0, ""));
        for (JsonNode row : root.path("scenario"))
            rows.add(row(row, everywhere, slack));
    }

    private static Row row(JsonNode json, List<String> everywhere, Slack usual) {
        Map<String, Slack> within = new LinkedHashMap<>();
        json.path("within").properties().forEach(entry -> within.put(entry.getKey(), slack(entry.getValue(), usual)));
        Map<String, String> apart = new LinkedHashMap<>();
        json.path("apart").properties().forEach(entry -> apart.put(entry.getKey(), entry.getValue().asText()));
        Set<String> exact = new LinkedHashSet<>(everywhere);
        json.path("exact").forEach(name -> exact.add(name.asText()));
        Set<String> oneOf = new LinkedHashSet<>();
        json.path("one-of").forEach(name -> oneOf.add(name.asText()));
        exact.removeAll(within.keySet());
        exact.removeAll(apart.keySet());
        return new Row(json.path("name").asText(), json.path("twin").asText(null), exact, oneOf, within, apart);
    }

    /** The usual one, or the row's own with its reason. */
    private static Slack slack(JsonNode json, Slack usual) {
        if (json.isEmpty())
            return usual;
        return new Slack(json.path("early").asDouble(), json.path("late").asDouble(), json.path("per-restart-ms").asDouble(),
            json.path("why").asText());
    }

    /** The rows of these scenarios, all for none; {@code NAME/TWIN} is one row. */
    List<Row> named(List<String> names) {
        for (String name : names)
            if (rows.stream().noneMatch(row -> isNamed(row, name)))
                throw new JudgeError("no scenario " + name + " in the table; --list shows them");
        return rows.stream().filter(row -> names.isEmpty() || names.stream().anyMatch(name -> isNamed(row, name))).toList();
    }

    private static boolean isNamed(Row row, String name) {
        return row.name().equals(name) || row.name().startsWith(name + "/");
    }
}
