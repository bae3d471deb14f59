package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.LinkedHashMap;
import java.util.Map;

/** Durations as a scenario writes them: a number and its unit. */
final class Durations {
    private static final Map<String, Long> UNITS = units();

    /** Longer units first where one is the end of another. */
    private static Map<String, Long> units() {
        Map<String, Long> units = new LinkedHashMap<>();
        units.put("ns", 1L);
        units.put("us", 1_000L);
        units.put("ms", 1_000_000L);
        units.put("min", 60_000_000_000L);
        units.put("s", 1_000_000_000L);
        units.put("h", 3_600_000_000_000L);
        return units;
    }

    static long nanos(JsonNode text) {
        for (Map.Entry<String, Long> unit : UNITS.entrySet())
            if (text.isTextual() && text.asText().endsWith(unit.getKey()))
                return new BigDecimal(text.asText().replace(unit.getKey(), "").trim()).multiply(BigDecimal.valueOf(unit.getValue())).longValue();
        throw new JudgeError("not a fixed duration: " + text);
    }

    static long nanos(JsonNode table, String key, long otherwise) {
        return table.has(key) ? nanos(table.path(key)) : otherwise;
    }

    static double millis(long nanos) {
        return Math.round(nanos / 1e5) / 10.0;
    }
}
