package inflight.cluster;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/** Plays stories on a real cluster, one after the other; a cluster lives as long as the stories have its set-up. */
final class Player implements AutoCloseable {
    /** A thread, a send or a fault that begins later than this after its time: the machine was busy with something else. */
    static final long PUNCTUAL_NANOS = 10_000_000;
    /** Between the last preparation and the story's beginning. */
    private static final long BREATH_NANOS = 300_000_000;
    /** A record to each of its partitions opens every connection of a client. */
    private static final String WARM = "warm";
    private static final String EXERCISE = "exercise";

    private final Path folder;
    private volatile Cluster cluster;
    private int played;

    /** {@code folder}: where clusters have theirs. */
    Player(Path folder) {
        this.folder = folder;
    }

    Played play(Story story) throws IOException, InterruptedException {
        try {
            return play(story, cluster(story.setup()));
        } catch (RuntimeException e) {
            // Nobody knows what state it is in.
            close();
            throw e;
        }
    }

    private Played play(Story story, Cluster ready) throws IOException, InterruptedException {
        ready.rules.network = story.latencies().network();
        try (Topics topics = new Topics(ready, story.topics(), "." + ++played); Faults faults = new Faults(story, ready, topics)) {
            topics.create();
            faults.prepare();
            ready.rules.decider = faults;
            Played result = play(story, ready, topics, faults);
            topics.delete();
            return result;
        } finally {
            ready.rules.decider = Fate.Decider.PASS_ALL;
            ready.rules.network = Network.direct();
        }
    }

    private Played play(Story story, Cluster ready, Topics topics, Faults faults) throws IOException, InterruptedException {
        List<Application> applications = new ArrayList<>();
        long late = 0;
        try {
            for (Story.Producer producer : story.producers())
                applications.add(new Application(producer, ready, topics));
            for (Application application : applications)
                application.warmUp(WARM);
            long begin = System.nanoTime() + BREATH_NANOS;
            try (Pulse pulse = new Pulse()) {
                faults.arm(begin);
                applications.forEach(application -> application.start(begin));
                for (Application application : applications) {
                    application.finish();
                    late = Math.max(late, application.latestSendNanos());
                }
                late = Math.max(late, pulse.latestNanos());
            }
            faults.finish();
            late = Math.max(late, faults.latestNanos());
        } finally {
            applications.forEach(Application::close);
        }
        ready.heal();
        topics.awaitWhole(Set.of());
        List<List<Ledger.Entry>> ledgers = applications.stream().map(application -> application.ledger.entries()).toList();
        return new Played(Played.json(ledgers, topics.read(), faults.requests(), faults.retries()), late,
            faults.onTheDot(), faults.restartNanos());
    }

    /** The cluster that is there if it fits, healed; else a new one in its place. */
    private Cluster cluster(Cluster.Setup setup) throws IOException, InterruptedException {
        if (cluster != null && !cluster.setup.equals(setup))
            close();
        if (cluster == null) {
            cluster = new Cluster(folder, setup);
            try (Topics exercise = topicOfEachBroker(cluster, EXERCISE, Cluster.BROKERS)) {
                exercise.create();
                exercise.exercise();
                exercise.delete();
            }
            try (Topics warm = topicOfEachBroker(cluster, WARM, 1)) {
                warm.create();
            }
        }
        return cluster;
    }

    /** One partition for each broker to lead. */
    private static Topics topicOfEachBroker(Cluster cluster, String name, int replicas) {
        List<List<Integer>> assignment = IntStream.range(0, Cluster.BROKERS).mapToObj(leader ->
            IntStream.range(leader, leader + replicas).mapToObj(broker -> broker % Cluster.BROKERS).toList()).toList();
        return new Topics(cluster, List.of(new Story.Topic(name, assignment, Map.of())), "");
    }

    @Override
    public void close() {
        if (cluster != null)
            cluster.close();
        cluster = null;
    }
}
