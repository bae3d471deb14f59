package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** One run of the real cluster against the simulator's runs with all seeds: what was compared, what differs. */
record Comparison(int compared, List<String> differences) {
    private static final int SHOWN = 400;

    static Comparison of(Simulated simulated, Table.Row row, Played played) {
        List<String> differences = new ArrayList<>();
        simulated.exact().forEach((name, expected) -> exact(name, expected, played.result(), differences));
        simulated.within().forEach((name, range) -> within(name, range, row.within().get(name), played, differences));
        return new Comparison(simulated.exact().size() + simulated.within().size(), differences);
    }

    private static void exact(String name, Set<JsonNode> expected, JsonNode real, List<String> differences) {
        JsonNode seen = Reading.of(real, name);
        if (expected.stream().noneMatch(one -> same(one, seen)))
            differences.add(name + ": simulated " + expected.stream().map(Comparison::shortened).collect(Collectors.joining(" or ")) + ", real " + shortened(seen));
    }

    private static boolean same(JsonNode expected, JsonNode seen) {
        return expected.isNumber() && seen.isNumber() ? expected.asDouble() == seen.asDouble() : expected.equals(seen);
    }

    private static void within(String name, Simulated.Range range, Table.Slack slack, Played played, List<String> differences) {
        Simulated.Range here = new Simulated.Range(range.least() - slack.early(),
            range.most() + slack.late() + slack.perRestartMilli() * Durations.millis(played.restartNanos()));
        double seen = Reading.of(played.result(), name).asDouble();
        if (seen < here.least() || seen > here.most())
            differences.add(name + ": simulated " + range + ", so " + here + " here; real " + Simulated.Range.number(seen));
    }

    private static String shortened(JsonNode value) {
        String text = value.toString();
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + " ...";
    }
}
