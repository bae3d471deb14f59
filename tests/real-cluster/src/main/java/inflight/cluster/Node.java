package inflight.cluster;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** One JVM of the cluster, with its properties, its data and its log in files of the cluster's folder. */
final class Node {
    private static final DateTimeFormatter LOG_TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSS");
    private static final int LOG_TIME_LENGTH = 23;
    private static final int END_SECONDS = 60;
    private static final int TAIL_LINES = 15;

    final int id;
    private final Path folder;
    private final String heap;
    private Process process;
    private long startedMillis;

    Node(int id, Path folder, Map<String, String> properties, String heap) throws IOException {
        this.id = id;
        this.folder = folder;
        this.heap = heap;
        properties.put("log.dirs", data().toString());
        Files.writeString(propertiesFile(), properties.entrySet().stream()
            .map(entry -> entry.getKey() + "=" + entry.getValue()).collect(Collectors.joining("\n", "", "\n")));
    }

    Path propertiesFile() {
        return folder.resolve("node-" + id + ".properties");
    }

    Path data() {
        return folder.resolve("data-" + id);
    }

    private Path log() {
        return folder.resolve("node-" + id + ".log");
    }

    synchronized void start() throws IOException {
        if (isUp())
            throw new JudgeError("broker " + id + " is up already");
        startedMillis = System.currentTimeMillis();
        process = new ProcessBuilder(System.getProperty("java.home") + "/bin/java",
            "-Xms96m", "-Xmx" + heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto",
            "-Dorg.slf4j.simpleLogger.showDateTime=true", "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=info",
            "-cp", System.getProperty("java.class.path"), NodeMain.class.getName(), propertiesFile().toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
            .start();
    }

    synchronized boolean isUp() {
        return process != null && process.isAlive();
    }

    /** kill -9. */
    void kill() throws InterruptedException {
        if (process != null && !process.destroyForcibly().waitFor(END_SECONDS, TimeUnit.SECONDS))
            throw new JudgeError("process " + process.pid() + " outlives kill -9");
    }

    /** SIGTERM, which Kafka answers with a controlled shutdown; returns when the process has ended. */
    void shutDown() throws IOException, InterruptedException {
        // Process.destroy() closes the stream by which the node knows that the judge is there.
        signal("TERM");
        if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS))
            throw new JudgeError("broker " + id + " does not shut down:\n" + tail());
    }

    /** STOP, CONT or TERM. */
    void signal(String name) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    /** Whether it has said so in its log since it was started last. */
    boolean hasLogged(String words) {
        try (Stream<String> lines = Files.lines(log())) {
            return lines.anyMatch(line -> line.contains(words) && time(line) >= startedMillis);
        } catch (IOException e) {
            throw new JudgeError("the log of node " + id, e);
        }
    }

    private static long time(String line) {
        if (line.length() <= LOG_TIME_LENGTH || line.charAt(4) != '-')
            return 0;
        LocalDateTime time = LocalDateTime.parse(line.substring(0, LOG_TIME_LENGTH), LOG_TIME);
        return time.atZone(ZoneId.systemDefault()).toInstant().toEpochMilli();
    }

    String tail() {
        try {
            List<String> lines = new ArrayList<>(Files.readAllLines(log()));
            return String.join("\n", lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size()));
        } catch (IOException e) {
            return "(no log: " + e.getMessage() + ")";
        }
    }
}
