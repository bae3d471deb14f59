package inflight.cluster;

import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.Socket;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A client's connection through a proxy. Each direction has a thread that reads frames and one that writes them when
 * they are due. Answers come in the order of the requests, so a queue tells which answer belongs to which.
 */
final class Connection {
    private static final int BUFFER_BYTES = 1 << 16;

    /** A request that waits for its answer; {@code refusal}: the proxy's own answer, once the request has taken its way. */
    private static final class Waiting {
        final int correlation;
        final ProduceRequest produce;
        Fate fate = Fate.PASS;
        byte[] refusal;

        Waiting(int correlation, ProduceRequest produce) {
            this.correlation = correlation;
            this.produce = produce;
        }
    }

    private final Socket client;
    private final Socket broker;
    private final Proxy.Ends ends;
    private final Rules rules;
    private final Consumer<Connection> onEnd;
    private final Pipe toBroker = new Pipe(() -> isCut(true));
    private final Pipe toClient = new Pipe(() -> isCut(false));
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private final List<Thread> threads = new ArrayList<>();
    private volatile int source = Network.JUDGE;
    private volatile boolean ended;
    private boolean known;
    private boolean requestsLost;
    private boolean answersLost;
    /** What the client has written and has no answer to. */
    private final ArrayDeque<ProduceRequest> owed = new ArrayDeque<>();
    private volatile long lastNanos = System.nanoTime();

    Connection(Socket client, Socket broker, Proxy.Ends ends, Rules rules, Consumer<Connection> onEnd) {
        this.client = client;
        this.broker = broker;
        this.ends = ends;
        this.rules = rules;
        this.onEnd = onEnd;
    }

    synchronized void start() {
        threads.add(Proxy.daemon("requests", this::readRequests));
        threads.add(Proxy.daemon("answers", this::readAnswers));
        threads.add(Proxy.daemon("to-broker", () -> write(toBroker, broker)));
        threads.add(Proxy.daemon("to-client", () -> write(toClient, client)));
    }

    int source() {
        return source;
    }

    /** Both sides learn at once; what was on its way is gone. */
    void reset() {
        end(Proxy::reset);
    }

    void close() {
        end(Proxy::closeQuietly);
    }

    private synchronized void end(Consumer<Socket> how) {
        if (ended)
            return;
        ended = true;
        onEnd.accept(this);
        how.accept(client);
        how.accept(broker);
        for (Thread thread : threads)
            if (thread != Thread.currentThread())
                thread.interrupt();
    }

    private boolean isCut(boolean up) {
        return !ended && (up ? rules.network.isCut(source, ends.target()) : rules.network.isCut(ends.target(), source));
    }

    private long latency() {
        return rules.network.latency(source, ends.target());
    }

    private void write(Pipe pipe, Socket socket) {
        try {
            pipe.drainTo(socket);
        } catch (IOException | InterruptedException e) {
            close();
        }
    }

    private void readRequests() {
        try {
            DataInputStream in = new DataInputStream(new BufferedInputStream(client.getInputStream(), BUFFER_BYTES));
            while (true) {
                byte[] frame = Wire.frame(in);
                lastNanos = System.nanoTime();
                if (requestsLost)
                    continue;
                long setUp = 0;
                if (!known) {
                    known = true;
                    source = ends.source().applyAsInt(Wire.clientId(frame));
                    setUp = rules.network.setUp(source, ends.target());
                }
                if (source == Network.CLIENT && Wire.isProduce(frame))
                    produce(frame);
                else
                    forward(frame, new Waiting(Wire.correlationOfRequest(frame), null), setUp);
            }
        } catch (IOException e) {
            clientGone();
            // The client is gone; the broker learns of it behind what the client wrote before. What a cut holds back is
            // dropped: the simulator's cut swallows messages, and only a connection that is still there sends them again.
            if (isCut(true))
                close();
            else
                toBroker.put(this::close, latency());
        }
    }

    private void clientGone() {
        ProduceRequest unanswered;
        synchronized (waiting) {
            unanswered = owed.peekLast();
        }
        if (unanswered != null && !ended)
            rules.decider.onGivenUp(unanswered, System.nanoTime() - lastNanos);
    }

    private void produce(byte[] frame) {
        ProduceRequest request = Wire.produce(frame);
        if (request.isAnswered())
            synchronized (waiting) {
                owed.add(request);
            }
        Waiting entry = new Waiting(request.header().correlationId(), request);
        entry.fate = rules.decider.ofRequest(request);
        switch (entry.fate.kind()) {
            case LOSE -> requestsLost = true;
            case RESET -> reset();
            case REFUSE -> refuse(entry);
            default -> forward(frame, entry, entry.fate.delayNanos());
        }
    }

    private void forward(byte[] frame, Waiting entry, long extraNanos) {
        if (entry.produce == null || entry.produce.isAnswered())
            addWaiting(entry);
        toBroker.put(frame, latency() + extraNanos);
    }

    private void refuse(Waiting entry) {
        if (!entry.produce.isAnswered())
            return;
        addWaiting(entry);
        toBroker.put(() -> {
            synchronized (waiting) {
                entry.refusal = Wire.refusal(entry.produce, entry.fate.error());
                sendRefusals();
            }
        }, latency());
    }

    private void addWaiting(Waiting entry) {
        synchronized (waiting) {
            waiting.add(entry);
        }
    }

    /** The proxy's own answers keep their place among the broker's. */
    private void sendRefusals() {
        while (!waiting.isEmpty() && waiting.peek().refusal != null) {
            Waiting first = waiting.poll();
            answer(first, first.refusal);
        }
    }

    private void readAnswers() {
        try {
            DataInputStream in = new DataInputStream(new BufferedInputStream(broker.getInputStream(), BUFFER_BYTES));
            while (true) {
                byte[] frame = Wire.frame(in);
                synchronized (waiting) {
                    Waiting first = waiting.poll();
                    if (first == null || first.correlation != Wire.correlationOfAnswer(frame))
                        throw new JudgeError("an answer that belongs to no request");
                    boolean replaced = first.fate.kind() == Fate.Kind.REFUSE_AFTER;
                    answer(first, replaced ? Wire.refusal(first.produce, first.fate.error()) : frame);
                    sendRefusals();
                }
            }
        } catch (IOException e) {
            toClient.put(this::close, latency());
        }
    }

    private void answer(Waiting entry, byte[] frame) {
        if (answersLost)
            return;
        Fate fate = entry.produce == null ? Fate.PASS : rules.decider.ofAnswer(entry.produce);
        switch (fate.kind()) {
            case LOSE -> answersLost = true;
            case RESET -> reset();
            default -> {
                toClient.put(frame, latency() + fate.delayNanos());
                toClient.put(() -> delivered(entry), 0);
            }
        }
    }

    private void delivered(Waiting entry) {
        lastNanos = System.nanoTime();
        if (entry.produce != null)
            synchronized (waiting) {
                owed.poll();
            }
    }
}
