package inflight.cluster;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;

/** Does a scenario's faults to the cluster: messages by number as they pass, brokers at their times. */
final class Faults implements Fate.Decider, AutoCloseable {
    private static final int THREADS = 6;
    /** Between one {@code request.timeout.ms} of silence and two. */
    private static final double TWICE_RATHER_THAN_ONCE = 1.5;
    private static final String REQUEST_TIMEOUT = "request.timeout.ms";

    private final Story story;
    private final Cluster cluster;
    private final Topics topics;
    private final int[] matched;
    private final Set<String> writtenBefore = new HashSet<>();
    private final ScheduledThreadPoolExecutor clock = new ScheduledThreadPoolExecutor(THREADS);
    private final List<Future<?>> timed = new ArrayList<>();
    private final AtomicLong latestNanos = new AtomicLong();
    private final AtomicLong restartNanos = new AtomicLong();
    private final AtomicBoolean onTheDot = new AtomicBoolean();
    private final Set<Integer> paused = new HashSet<>();
    private boolean armed;
    private int requests;
    private int retries;

    Faults(Story story, Cluster cluster, Topics topics) {
        this.story = story;
        this.cluster = cluster;
        this.topics = topics;
        matched = new int[story.faults().size()];
    }

    /** What a fault needs to be there before the story begins. */
    void prepare() throws InterruptedException {
        for (Story.Fault fault : story.faults())
            if (fault.act() instanceof Story.Act.Elect elect)
                topics.prefer(elect.topic(), elect.partition(), elect.leader());
    }

    /** Counts messages from now on, and does timed faults at their times after {@code beginNanos}. */
    synchronized void arm(long beginNanos) {
        armed = true;
        for (Story.Fault fault : story.faults())
            if (fault.at() != null)
                schedule(beginNanos + fault.at(), fault.act());
    }

    private void schedule(long dueNanos, Story.Act act) {
        at(dueNanos, () -> begin(act));
        Long forNanos = act instanceof Story.Act.Crash crash ? crash.forNanos()
            : act instanceof Story.Act.Shutdown shutdown ? shutdown.forNanos()
            : act instanceof Story.Act.Cut cut ? cut.forNanos()
            : act instanceof Story.Act.Pause pause ? Long.valueOf(pause.forNanos()) : null;
        if (forNanos != null)
            at(dueNanos + forNanos, () -> end(act));
    }

    private interface Deed {
        void run() throws IOException, InterruptedException;
    }

    private void at(long dueNanos, Deed deed) {
        timed.add(clock.schedule(() -> {
            latestNanos.accumulateAndGet(System.nanoTime() - dueNanos, Math::max);
            deed.run();
            return null;
        }, dueNanos - System.nanoTime(), TimeUnit.NANOSECONDS));
    }

    private void begin(Story.Act act) throws IOException, InterruptedException {
        if (act instanceof Story.Act.ResetClients reset) {
            cluster.resetClientsOf(reset.broker());
        } else if (act instanceof Story.Act.Crash crash) {
            cluster.kill(crash.broker());
            if (crash.survives() != null)
                LogFiles.cut(cluster.data(crash.broker()), story.topics().stream().map(topic -> topics.realName(topic.name())).toList(),
                    crash.survives() + 1);
        } else if (act instanceof Story.Act.Shutdown shutdown) {
            cluster.shutDown(shutdown.broker());
        } else if (act instanceof Story.Act.Restart restart) {
            start(restart.broker());
        } else if (act instanceof Story.Act.Pause pause) {
            paused.add(pause.broker());
            cluster.pause(pause.broker());
        } else if (act instanceof Story.Act.Cut cut) {
            cut(cut, true);
        } else if (act instanceof Story.Act.Elect elect) {
            topics.elect(elect.topic(), elect.partition());
        }
    }

    private void end(Story.Act act) throws IOException, InterruptedException {
        if (act instanceof Story.Act.Crash crash)
            start(crash.broker());
        else if (act instanceof Story.Act.Shutdown shutdown)
            start(shutdown.broker());
        else if (act instanceof Story.Act.Pause pause)
            cluster.goOn(pause.broker());
        else if (act instanceof Story.Act.Cut cut)
            cut(cut, false);
    }

    private void start(int broker) throws IOException, InterruptedException {
        long start = System.nanoTime();
        cluster.start(broker);
        cluster.awaitUp(broker);
        restartNanos.accumulateAndGet(System.nanoTime() - start, Math::max);
    }

    private void cut(Story.Act.Cut cut, boolean on) {
        for (int from : cut.from())
            for (int to : cut.to()) {
                cluster.rules.network.cut(from, to, on);
                if (!cut.oneWay())
                    cluster.rules.network.cut(to, from, on);
            }
    }

    @Override
    public synchronized Fate ofRequest(ProduceRequest request) {
        if (!armed)
            return Fate.PASS;
        requests++;
        for (String first : request.firstValues())
            if (!writtenBefore.add(first))
                retries++;
        return fate(Story.Message.PRODUCE_REQUEST, request);
    }

    @Override
    public synchronized Fate ofAnswer(ProduceRequest request) {
        return armed ? fate(Story.Message.PRODUCE_RESPONSE, request) : Fate.PASS;
    }

    @Override
    public void onGivenUp(ProduceRequest unanswered, long silentNanos) {
        for (Story.Producer producer : story.producers()) {
            String millis = producer.config().get(REQUEST_TIMEOUT);
            if (producer.id().equals(unanswered.clientId()) && millis != null
                && Durations.millis(silentNanos) > TWICE_RATHER_THAN_ONCE * Long.parseLong(millis))
                onTheDot.set(true);
        }
    }

    private Fate fate(Story.Message message, ProduceRequest request) {
        Fate fate = Fate.PASS;
        for (int i = 0; i < matched.length; i++) {
            Story.Fault fault = story.faults().get(i);
            if (fault.act() instanceof Story.Act.ToMessage act && fault.on().message() == message
                && (fault.on().producer() == null || fault.on().producer().equals(request.clientId()))
                && fault.on().takes(++matched[i]))
                fate = act.fate();
        }
        return fate;
    }

    /** Produce requests that the clients wrote. */
    synchronized int requests() {
        return requests;
    }

    /** Batches among them that had been written before. */
    synchronized int retries() {
        return retries;
    }

    /** How late the latest timed fault began. */
    long latestNanos() {
        return latestNanos.get();
    }

    /** How long the slowest restart took, from its time until the broker was unfenced. */
    long restartNanos() {
        return restartNanos.get();
    }

    /**
     * Whether a client noticed the end of a {@code request.timeout.ms} a whole one late. A request is late when more than that has
     * passed, and so long is also the client's longest sleep: if it wakes in the very millisecond, it sleeps as long again.
     */
    boolean onTheDot() {
        return onTheDot.get();
    }

    /** Until the last timed fault is over. */
    void finish() throws InterruptedException {
        for (Future<?> fault : timed) {
            try {
                fault.get();
            } catch (ExecutionException e) {
                throw new JudgeError("a fault could not be done: " + e.getCause().getMessage(), e.getCause());
            }
        }
    }

    /** Faults that have not happened yet do not; whoever stands still goes on. */
    @Override
    public void close() throws IOException, InterruptedException {
        clock.shutdownNow();
        for (int broker : paused)
            cluster.goOn(broker);
    }
}
