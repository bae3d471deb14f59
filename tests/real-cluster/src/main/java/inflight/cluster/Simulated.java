package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a row of the table comes to in the simulator, over all seeds: {@code exact}, all that each value is with some seed, one
 * unless the row says otherwise, and {@code within}, the least and the greatest of those that have a range.
 */
record Simulated(Map<String, Set<JsonNode>> exact, Map<String, Range> within) {
    record Range(double least, double most) {
        static Range of(double... values) {
            return new Range(Arrays.stream(values).min().orElseThrow(), Arrays.stream(values).max().orElseThrow());
        }

        private Range with(double value) {
            return new Range(Math.min(least, value), Math.max(most, value));
        }

        /** With one decimal, if it has any. */
        static String number(double value) {
            double rounded = Math.rint(value * 10) / 10;
            return rounded == Math.rint(rounded) ? Long.toString((long) rounded) : Double.toString(rounded);
        }

        @Override
        public String toString() {
            String from = number(least);
            String to = number(most);
            return from.equals(to) ? from : from + " to " + to;
        }
    }

    /** Runs the row with the seeds 1 to {@code seeds}. */
    static Simulated of(Table.Row row, Simulator simulator, int seeds) throws IOException, InterruptedException {
        Simulated simulated = new Simulated(new LinkedHashMap<>(), new LinkedHashMap<>());
        for (int seed = 1; seed <= seeds; seed++) {
            JsonNode result = simulator.run(row.scenario(), row.twin(), seed);
            row.exact().forEach(name -> simulated.addExact(row, name, Reading.of(result, name)));
            row.within().keySet().forEach(name -> simulated.addWithin(name, Reading.of(result, name).asDouble()));
        }
        return simulated;
    }

    private void addExact(Table.Row row, String name, JsonNode value) {
        Set<JsonNode> values = exact.computeIfAbsent(name, unknown -> new LinkedHashSet<>());
        if (values.add(value) && values.size() > 1 && !row.oneOf().contains(name))
            throw new JudgeError("`" + name + "` depends on the seed, so the table has to give it a range, or to say that it may be one of several");
    }

    private void addWithin(String name, double value) {
        within.compute(name, (known, range) -> range == null ? Range.of(value) : range.with(value));
    }
}
