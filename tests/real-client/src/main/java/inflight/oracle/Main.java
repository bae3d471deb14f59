package inflight.oracle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The command line: see {@link #USAGE}. */
public final class Main {
    private static final String USAGE = """
        usage: run SCRIPT.json... --out DIR
               generate --seed N --count M --out DIR    (M scripts of each category)
               serve                                    (asked on stdin, answers on stdout: see Service)""";

    public static void main(String[] args) throws IOException {
        try {
            List<String> rest = new ArrayList<>(List.of(args));
            if (rest.isEmpty())
                throw new OracleError(USAGE);
            String command = rest.remove(0);
            if (command.equals("serve")) {
                Service.serve(System.in, System.out);
                return;
            }
            Path out = Path.of(option(rest, "--out"));
            Files.createDirectories(out);
            switch (command) {
                case "run" -> run(rest, out);
                case "generate" -> generate(rest, out);
                default -> throw new OracleError(USAGE);
            }
        } catch (OracleError e) {
            System.err.println("oracle: " + e.getMessage());
            System.exit(2);
        }
    }

    private static void run(List<String> scripts, Path out) throws IOException {
        long start = System.nanoTime();
        int failed = 0;
        for (String name : scripts) {
            Path file = Path.of(name);
            try {
                String base = file.getFileName().toString().replaceFirst("(\\.script)?\\.json$", "");
                Files.writeString(out.resolve(base + ".transcript.json"), Layout.transcript(Run.transcriptOf(ScriptReader.read(file))));
            } catch (OracleError | RuntimeException e) {
                failed++;
                System.err.println("oracle: " + file + ": " + e.getMessage() + (e.getCause() == null ? "" : " (" + e.getCause() + ")"));
            }
        }
        System.err.printf("%d scripts, %d failed, %.1f s%n", scripts.size(), failed, (System.nanoTime() - start) / 1e9);
        if (failed > 0)
            System.exit(1);
    }

    private static void generate(List<String> rest, Path out) throws IOException {
        long seed = Long.parseLong(option(rest, "--seed"));
        int count = Integer.parseInt(option(rest, "--count"));
        System.err.println(Generator.generate(seed, count, out) + " scripts");
    }

    private static String option(List<String> args, String name) {
        int at = args.indexOf(name);
        if (at < 0 || at + 1 >= args.size())
            throw new OracleError("missing " + name + "\n" + USAGE);
        args.remove(at);
        return args.remove(at);
    }
}
