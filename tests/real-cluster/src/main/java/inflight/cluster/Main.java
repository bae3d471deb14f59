package inflight.cluster;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.kafka.common.utils.AppInfoParser;

/** The command line that {@code judge} calls; that script says what it takes. */
public final class Main {
    private static final int MOST_PLAYS = 3;

    private final List<String> names;
    private final Table table;
    private final Simulator simulator;
    private final Path folder;
    private final int runs;
    private final String results;

    private Main(List<String> arguments) throws IOException {
        table = new Table(Path.of(option(arguments, "--table", null)));
        simulator = new Simulator(option(arguments, "--inflight", null), Path.of(option(arguments, "--root", null)));
        folder = Path.of(option(arguments, "--folder", null));
        runs = Integer.parseInt(option(arguments, "--runs", "1"));
        results = option(arguments, "--results", "");
        names = arguments;
    }

    public static void main(String[] args) {
        int status = 2;
        try {
            List<String> arguments = new ArrayList<>(List.of(args));
            boolean list = arguments.remove("--list");
            Main main = new Main(arguments);
            status = list ? main.list() : main.judge();
        } catch (JudgeError | IOException e) {
            System.err.println("judge: " + e.getMessage());
        } catch (InterruptedException e) {
            System.err.println("judge: interrupted");
        }
        System.exit(status);
    }

    private int list() {
        table.rows.forEach(row -> System.out.println(row.name()));
        return 0;
    }

    private int judge() throws IOException, InterruptedException {
        List<Table.Row> rows = table.named(names);
        Report report = new Report(results.isEmpty() ? null : Path.of(results));
        try (Player player = new Player(folder)) {
            Runtime.getRuntime().addShutdownHook(new Thread(player::close));
            for (Table.Row row : rows)
                judge(row, player, report);
        }
        report.print();
        System.out.println("Kafka " + AppInfoParser.getVersion() + ", Java " + System.getProperty("java.version"));
        return report.allAgree() ? 0 : 1;
    }

    private void judge(Table.Row row, Player player, Report report) throws IOException, InterruptedException {
        Story story = StoryReader.read(simulator.scenario(row.scenario(), row.twin()));
        requireRelease(row, story);
        Simulated simulated = Simulated.of(row, simulator, table.seeds);
        report.begin(row, simulated);
        for (int run = 0; run < runs; run++)
            judgeOnce(row, story, simulated, player, report);
    }

    /** A run that broke, or that differs and has an excuse, decides nothing: it is played again. */
    private static void judgeOnce(Table.Row row, Story story, Simulated simulated, Player player, Report report)
            throws IOException, InterruptedException {
        for (int left = MOST_PLAYS - 1; ; left--) {
            long start = System.nanoTime();
            Played played;
            try {
                played = player.play(story);
            } catch (JudgeError e) {
                if (left == 0)
                    throw e;
                System.out.println(row.name() + ": " + e.getMessage() + "; again, on a new cluster");
                continue;
            }
            Comparison comparison = Comparison.of(simulated, row, played);
            boolean agrees = comparison.differences().isEmpty();
            Optional<String> excuse = played.excuse();
            if (agrees || excuse.isEmpty() || left == 0) {
                Report.Ending ending = agrees ? Report.Ending.AGREES
                    : excuse.isPresent() ? Report.Ending.UNDECIDED : Report.Ending.DIFFERS;
                report.add(ending, played, comparison, (System.nanoTime() - start) / 1e9);
                return;
            }
            System.out.println(row.name() + ": " + excuse.get() + ", and the run differs; again");
        }
    }

    private static void requireRelease(Table.Row row, Story story) {
        String release = AppInfoParser.getVersion();
        String profile = "kafka-" + release.substring(0, release.lastIndexOf('.'));
        if (!story.profile().equals(profile))
            throw new JudgeError(row.name() + " has the profile " + story.profile() + ", the jars are those of " + release);
    }

    private static String option(List<String> arguments, String name, String otherwise) {
        int at = arguments.indexOf(name);
        if (at < 0 && otherwise != null)
            return otherwise;
        if (at < 0 || at + 1 >= arguments.size())
            throw new JudgeError("missing " + name);
        arguments.remove(at);
        return arguments.remove(at);
    }
}
