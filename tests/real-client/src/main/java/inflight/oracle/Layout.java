package inflight.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** JSON that people read: one field a line, one step, request or callback a line. */
final class Layout {
    /** A script's fields as FORMAT.md introduces them; an object has some of them. */
    private static final List<String> FIELDS = List.of("name", "about", "config", "cluster", "steps", "answers", "sticky_draws", "until",
        "nodes", "connect_ms", "topics", "unknown_producer",
        "at", "node", "nth", "do", "error", "hint", "id", "first_id", "count", "topic", "partition", "epoch", "leaders", "from", "key", "value_bytes", "sync", "every",
        "append", "delay", "throttle_ms", "produce", "init_producer_id", "metadata");

    static String transcript(ObjectNode json) {
        return object(json, "", 1);
    }

    static String script(JsonNode json) {
        return object(json, "", 2);
    }

    /** The same script, though whoever wrote it has sorted the fields by name. */
    static JsonNode inReadingOrder(JsonNode json) {
        if (json.isArray()) {
            ArrayNode elements = JsonNodeFactory.instance.arrayNode();
            json.forEach(element -> elements.add(inReadingOrder(element)));
            return elements;
        }
        if (!json.isObject())
            return json;
        List<String> names = new ArrayList<>();
        json.fieldNames().forEachRemaining(names::add);
        names.sort(Comparator.comparingInt(name -> FIELDS.contains(name) ? FIELDS.indexOf(name) : FIELDS.size()));
        ObjectNode ordered = JsonNodeFactory.instance.objectNode();
        names.forEach(name -> ordered.set(name, inReadingOrder(json.get(name))));
        return ordered;
    }

    /** Lists down to the given depth of objects get a line for each element. */
    private static String object(JsonNode json, String indent, int depth) {
        List<String> fields = new ArrayList<>();
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            JsonNode value = field.getValue();
            String text;
            if (value.isArray() && value.size() > 0 && value.get(0).isObject())
                text = list(value, indent + "  ");
            else if (value.isObject() && depth > 1 && value.size() > 0)
                text = field.getKey().equals("config") ? inline(value) : object(value, indent + "  ", depth - 1).stripTrailing();
            else
                text = inline(value);
            fields.add(indent + "  \"" + field.getKey() + "\": " + text);
        }
        return "{\n" + String.join(",\n", fields) + "\n" + indent + "}\n";
    }

    private static String list(JsonNode array, String indent) {
        List<String> lines = new ArrayList<>();
        for (JsonNode element : array)
            lines.add(indent + "  " + inline(element));
        return "[\n" + String.join(",\n", lines) + "\n" + indent + "]";
    }

    private static String inline(JsonNode json) {
        if (json.isObject()) {
            List<String> fields = new ArrayList<>();
            json.properties().forEach(f -> fields.add("\"" + f.getKey() + "\": " + inline(f.getValue())));
            return "{" + String.join(", ", fields) + "}";
        }
        if (json.isArray()) {
            List<String> elements = new ArrayList<>();
            json.forEach(e -> elements.add(inline(e)));
            return "[" + String.join(", ", elements) + "]";
        }
        return json.toString();
    }
}
