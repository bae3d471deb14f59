package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** What came of each row over its runs: said as it comes, and at the end in one table, as the docs have it. */
final class Report {
    /** How a run ended: {@code UNDECIDED} where it differs, and why may be the machine's doing ({@link Played#excuse}). */
    enum Ending { AGREES, DIFFERS, UNDECIDED }

    private static final class Line {
        final Table.Row row;
        final Simulated simulated;
        final List<JsonNode> real = new ArrayList<>();
        final Map<Ending, Integer> endings = new LinkedHashMap<>();

        Line(Table.Row row, Simulated simulated) {
            this.row = row;
            this.simulated = simulated;
        }
    }

    private final List<Line> lines = new ArrayList<>();
    private final Path results;

    /** {@code results}: a file that gets the real result of each run, one JSON object a line; may be null. */
    Report(Path results) {
        this.results = results;
    }

    void begin(Table.Row row, Simulated simulated) {
        lines.add(new Line(row, simulated));
    }

    void add(Ending ending, Played played, Comparison comparison, double seconds) throws IOException {
        Line line = lines.get(lines.size() - 1);
        line.endings.merge(ending, 1, Integer::sum);
        if (ending != Ending.UNDECIDED)
            line.real.add(played.result());
        if (results != null)
            Files.writeString(results, JsonNodeFactory.instance.objectNode().put("row", line.row.name()).put("ending", name(ending))
                .<ObjectNode>set("result", played.result()) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        System.out.printf("%-45s %-10s %2d values, %5.1f s, punctual to %s ms%n", line.row.name(), name(ending),
            comparison.compared(), seconds, Simulated.Range.number(Durations.millis(played.lateNanos())));
        comparison.differences().forEach(difference -> System.out.println("    " + difference));
    }

    private static String name(Ending ending) {
        return ending.name().toLowerCase(Locale.ROOT);
    }

    boolean allAgree() {
        return lines.stream().allMatch(line -> line.endings.keySet().equals(Set.of(Ending.AGREES)));
    }

    void print() {
        System.out.println("\n| scenario | runs | agree | equal | within: simulated, real |\n| --- | --- | --- | --- | --- |");
        for (Line line : lines) {
            int runs = line.endings.values().stream().mapToInt(Integer::intValue).sum();
            List<String> ranges = new ArrayList<>();
            line.simulated.within().forEach((name, simulated) ->
                ranges.add("`" + name + "` " + simulated + ", " + range(line.real, name)));
            System.out.printf("| %s | %d | %d | %d | %s |%n", line.row.name(), runs, line.endings.getOrDefault(Ending.AGREES, 0),
                line.row.exact().size(), String.join("; ", ranges));
        }
    }

    private static String range(List<JsonNode> results, String name) {
        double[] values = results.stream().mapToDouble(result -> Reading.of(result, name).asDouble()).toArray();
        return values.length == 0 ? "none" : Simulated.Range.of(values).toString();
    }
}
