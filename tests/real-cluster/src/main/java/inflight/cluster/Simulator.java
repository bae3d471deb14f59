package inflight.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The {@code inflight} command: what a scenario says, and what it comes to. */
final class Simulator {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String command;
    private final File root;

    /** {@code root}: the folder that paths of scenarios begin at. */
    Simulator(String command, Path root) {
        this.command = command;
        this.root = root.toFile();
    }

    /** The scenario as it would be run, its twin applied. */
    JsonNode scenario(String name, String twin) throws IOException, InterruptedException {
        return call("show", name, twin, List.of());
    }

    /** The whole result of a run with this seed. */
    JsonNode run(String name, String twin, int seed) throws IOException, InterruptedException {
        return call("run", name, twin, List.of("--full", "--seed", Integer.toString(seed)));
    }

    private JsonNode call(String what, String name, String twin, List<String> more) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of(command, what, name, "--format", "json"));
        if (twin != null)
            line.addAll(List.of("--twin", twin));
        line.addAll(more);
        Process process = new ProcessBuilder(line).directory(root).redirectError(ProcessBuilder.Redirect.INHERIT).start();
        byte[] printed = process.getInputStream().readAllBytes();
        if (process.waitFor() != 0)
            throw new JudgeError(String.join(" ", line) + " ended with status " + process.exitValue());
        return JSON.readTree(new String(printed, StandardCharsets.UTF_8));
    }
}
