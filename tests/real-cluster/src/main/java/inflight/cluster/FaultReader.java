package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.common.protocol.Errors;

/** Reads one of {@code [[faults]]}. */
final class FaultReader {
    static Story.Fault read(JsonNode json) {
        StoryReader.onlyKnown("[[faults]]", json, Set.of("at", "on", "do"));
        Story.Act act = act(json.path("do"));
        if (json.has("at") == act instanceof Story.Act.ToMessage)
            throw new JudgeError("[[faults]]: messages have fates `on` a match, brokers `at` a time; not " + json);
        if (json.has("at"))
            return new Story.Fault(Durations.nanos(json.path("at")), null, act);
        return new Story.Fault(null, match(json.path("on")), act);
    }

    private static Story.Match match(JsonNode on) {
        StoryReader.onlyKnown("`on`", on, Set.of("event", "producer", "nth", "nths", "every"));
        Story.Message message = switch (on.path("event").asText()) {
            case "produce-request" -> Story.Message.PRODUCE_REQUEST;
            case "produce-response" -> Story.Message.PRODUCE_RESPONSE;
            default -> throw new JudgeError("[[faults]]: a proxy knows produce-request and produce-response, not " + on.path("event"));
        };
        List<Integer> nths = new ArrayList<>();
        on.path("nths").forEach(nth -> nths.add(nth.asInt()));
        if (nths.isEmpty())
            nths.add(on.path("nth").asInt(1));
        return new Story.Match(message, on.path("producer").asText(null), nths, on.path("every").asInt(0));
    }

    private static Story.Act act(JsonNode json) {
        if (json.has("lose"))
            return new Story.Act.ToMessage(Fate.LOSE);
        if (json.has("delay"))
            return new Story.Act.ToMessage(Fate.delay(Durations.nanos(json.path("by"))));
        if (json.has("fail"))
            return new Story.Act.ToMessage(Fate.refuse(Errors.valueOf(json.path("error").asText()), json.path("append").asBoolean()));
        if (json.path("reset").isTextual())
            return new Story.Act.ToMessage(Fate.RESET);
        return ofBrokers(json);
    }

    private static Story.Act ofBrokers(JsonNode json) {
        Long forNanos = json.has("for") ? Durations.nanos(json.path("for")) : null;
        if (json.has("reset"))
            return resetClients(json.path("reset"));
        if (json.has("crash"))
            return crash(json, forNanos);
        if (json.has("shutdown"))
            return new Story.Act.Shutdown(broker(json.path("shutdown")), forNanos);
        if (json.has("restart"))
            return new Story.Act.Restart(broker(json.path("restart")));
        if (json.has("pause") && forNanos != null)
            return new Story.Act.Pause(broker(json.path("pause")), forNanos);
        if (json.has("cut"))
            return new Story.Act.Cut(ends(json.path("cut").path(0)), ends(json.path("cut").path(1)), json.path("one-way").asBoolean(), forNanos);
        if (json.has("elect") && json.has("leader")) {
            String partition = json.path("elect").asText();
            int dash = partition.lastIndexOf('-');
            return new Story.Act.Elect(partition.substring(0, dash), Integer.parseInt(partition.substring(dash + 1)), json.path("leader").asInt());
        }
        throw new JudgeError("[[faults]]: nothing that can be done to the real cluster here: " + json);
    }

    private static Story.Act resetClients(JsonNode ends) {
        if (StoryReader.end(ends.path(0)) != Network.CLIENT)
            throw new JudgeError("[[faults]]: `reset` is for the connections of the client, as in [\"client\", 0]");
        return new Story.Act.ResetClients(broker(ends.path(1)));
    }

    private static Story.Act crash(JsonNode json, Long forNanos) {
        boolean power = json.path("power").asBoolean();
        if (power != json.has("survives"))
            throw new JudgeError("[[faults]]: a power loss is done by cutting logs after kill -9, so it has to say what `survives`");
        return new Story.Act.Crash(broker(json.path("crash")), forNanos, power ? json.path("survives").asInt() : null);
    }

    private static int broker(JsonNode id) {
        if (!id.isInt())
            throw new JudgeError("[[faults]]: a broker is named by its id here, not " + id);
        return id.asInt();
    }

    private static List<Integer> ends(JsonNode ends) {
        List<Integer> all = new ArrayList<>();
        if (ends.isArray())
            ends.forEach(end -> all.add(StoryReader.end(end)));
        else
            all.add(StoryReader.end(ends));
        return all;
    }
}
