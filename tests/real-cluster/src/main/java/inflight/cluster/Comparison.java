package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** One run of the real cluster against the simulator's runs with all seeds: what was compared, what differs. */
record Comparison(int compared, List<String> differences) {
    private static final int SHOWN = 400;

    static Comparison of(Table.Row row, List<JsonNode> simulated, Played played) {
        JsonNode real = played.result();
        List<String> differences = new ArrayList<>();
        row.exact().forEach(name -> exact(name, simulated, real, differences));
        row.within().forEach((name, slack) -> within(name, slack, row, simulated, played, differences));
        return new Comparison(row.exact().size() + row.within().size(), differences);
    }

    private static void exact(String name, List<JsonNode> simulated, JsonNode real, List<String> differences) {
        JsonNode expected = Reading.of(simulated.get(0), name);
        for (JsonNode other : simulated)
            if (!Reading.of(other, name).equals(expected))
                throw new JudgeError("`" + name + "` depends on the seed, so the table has to give it a range");
        JsonNode seen = Reading.of(real, name);
        if (!same(expected, seen))
            differences.add(name + ": simulated " + shortened(expected) + ", real " + shortened(seen));
    }

    private static boolean same(JsonNode expected, JsonNode seen) {
        return expected.isNumber() && seen.isNumber() ? expected.asDouble() == seen.asDouble() : expected.equals(seen);
    }

    private static void within(String name, Table.Slack slack, Table.Row row, List<JsonNode> simulated, Played played,
                               List<String> differences) {
        double[] values = simulated.stream().mapToDouble(run -> Reading.of(run, name).asDouble()).sorted().toArray();
        double least = values[0] - slack.early();
        double most = values[values.length - 1] + slack.late() + slack.perRestartMilli() * Durations.millis(played.restartNanos());
        double seen = Reading.of(played.result(), name).asDouble();
        double onTheDot = seen - row.onTheDotMillis();
        if ((seen < least || seen > most) && (onTheDot < least || onTheDot > most))
            differences.add(String.format("%s: simulated %s to %s, so %s to %s here; real %s", name, number(values[0]),
                number(values[values.length - 1]), number(least), number(most), number(seen)));
    }

    /** With one decimal, if it has any. */
    static String number(double value) {
        double rounded = Math.rint(value * 10) / 10;
        return rounded == Math.rint(rounded) ? Long.toString((long) rounded) : Double.toString(rounded);
    }

    private static String shortened(JsonNode value) {
        String text = value.toString();
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + " ...";
    }
}
