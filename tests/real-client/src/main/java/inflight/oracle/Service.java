package inflight.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import inflight.oracle.Generator.Category;
import inflight.oracle.Generator.Drawn;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/**
 * Runs scripts for a program that asks, so that the JVM stays warm. One JSON object a line: {@code {"draw": {"category": 0,
 * "seed": 7, "index": 3}}} asks for a random script, {@code {"run": SCRIPT}} brings one. The answer is one line too:
 * {@code {"script": TEXT, "transcript": TEXT}}, both as their files would be, or {@code {"refused": REASON}}.
 */
final class Service {
    private static final ObjectMapper JSON = new ObjectMapper();

    static void serve(InputStream in, PrintStream out) throws IOException {
        BufferedReader questions = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8));
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            out.write((JSON.writeValueAsString(answer(line)) + "\n").getBytes(StandardCharsets.UTF_8));
            out.flush();
        }
    }

    private static ObjectNode answer(String question) {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        try {
            Drawn drawn = drawn(JSON.readTree(question));
            return answer.put("script", Layout.script(Layout.inReadingOrder(drawn.script()))).put("transcript", Layout.transcript(drawn.transcript()));
        } catch (IOException | OracleError | RuntimeException e) {
            return answer.put("refused", e.getMessage() + (e.getCause() == null ? "" : " (" + e.getCause() + ")"));
        }
    }

    private static Drawn drawn(JsonNode question) {
        if (question.get("run") instanceof ObjectNode script)
            return new Drawn(script, Run.transcriptOf(ScriptReader.script(script)));
        JsonNode draw = question.path("draw");
        return Generator.draw(Category.values()[draw.path("category").asInt()], draw.path("seed").asLong(), draw.path("index").asInt());
    }
}
