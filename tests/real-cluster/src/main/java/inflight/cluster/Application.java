package inflight.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.StringSerializer;

/** A producer of a scenario and the application threads that send with it. */
final class Application implements AutoCloseable {
    private static final int WARM_UPS = 100;
    private static final long LOOK_EVERY_NANOS = 1_000_000;

    final Ledger ledger;
    private final Story.Producer story;
    private final Topics topics;
    private final KafkaProducer<String, String> producer;
    private final List<Thread> threads = new ArrayList<>();
    private final AtomicLong latestSendNanos = new AtomicLong();
    private final AtomicInteger unsettled = new AtomicInteger();
    private volatile RuntimeException broken;

    Application(Story.Producer story, Cluster cluster, Topics topics) {
        this.story = story;
        this.topics = topics;
        ledger = new Ledger(story.id());
        Map<String, Object> config = new HashMap<>(story.config());
        config.putIfAbsent("client.id", story.id());
        config.put("bootstrap.servers", cluster.bootstrapOfClients());
        producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
    }

    /** Connections to all brokers, the producer id, metadata of the scenario's topics: by records to another topic. */
    void warmUp(String otherTopic) throws InterruptedException {
        if (!story.warm())
            return;
        for (int i = 0; i < WARM_UPS; i++)
            for (int partition = 0; partition < Cluster.BROKERS; partition++) {
                try {
                    producer.send(new ProducerRecord<>(otherTopic, partition, null, "warm")).get();
                } catch (ExecutionException e) {
                    throw new JudgeError("warming up " + story.id(), e.getCause());
                }
            }
        story.streams().stream().map(Story.Stream::topic).distinct()
            .filter(topics::has).forEach(topic -> producer.partitionsFor(topics.realName(topic)));
    }

    void start(long beginNanos) {
        for (Story.Stream stream : story.streams())
            threads.add(Proxy.daemon(story.id(), () -> {
                try {
                    run(stream, beginNanos);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                } catch (RuntimeException e) {
                    broken = e;
                }
            }));
    }

    /** Until every stream has sent its last record and everything is settled. */
    void finish() throws InterruptedException {
        for (Thread thread : threads)
            thread.join();
        if (broken != null)
            throw new JudgeError(story.id() + " cannot send", broken);
        // Not by flush(): that wakes the sender, which then takes a request's timeout for longer than the scenario's would.
        while (unsettled.get() > 0)
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
    }

    /** How late the latest {@code send()} began that waited for nothing but its time. */
    long latestSendNanos() {
        return latestSendNanos.get();
    }

    private void run(Story.Stream stream, long beginNanos) throws InterruptedException {
        boolean free = true;
        for (long due : stream.due()) {
            for (long left; (left = beginNanos + due - System.nanoTime()) > 0; free = true)
                LockSupport.parkNanos(left);
            if (free)
                latestSendNanos.accumulateAndGet(System.nanoTime() - beginNanos - due, Math::max);
            Ledger.Entry entry = ledger.next(stream.topic());
            Future<RecordMetadata> result = send(stream, entry);
            entry.returned();
            // Behind a send() that waited the next may be due already, through no fault of the machine.
            free = !stream.sync() && entry.returnedNanos - entry.sentNanos < Player.PUNCTUAL_NANOS;
            if (stream.sync())
                await(stream, entry, result);
        }
    }

    /** Waits for the result; sends again from this thread where the scenario says so. */
    private void await(Story.Stream stream, Ledger.Entry entry, Future<RecordMetadata> result) throws InterruptedException {
        while (true) {
            try {
                result.get();
                return;
            } catch (ExecutionException e) {
                if (entry.sends > stream.resends())
                    return;
                result = send(stream, entry);
            }
        }
    }

    private Future<RecordMetadata> send(Story.Stream stream, Ledger.Entry entry) {
        entry.sent();
        unsettled.incrementAndGet();
        Thread sending = Thread.currentThread();
        Callback callback = (metadata, exception) -> {
            boolean within = Thread.currentThread() == sending;
            Ledger.Outcome outcome = exception != null ? within ? Ledger.Outcome.REJECTED : Ledger.Outcome.FAILED
                : metadata.hasOffset() ? Ledger.Outcome.ACKNOWLEDGED : Ledger.Outcome.UNCONFIRMED;
            entry.told(outcome, metadata == null ? -1 : metadata.partition(), exception);
            if (exception != null && !stream.sync() && entry.sends <= stream.resends())
                send(stream, entry);
            unsettled.decrementAndGet();
        };
        ProducerRecord<String, String> record =
            new ProducerRecord<>(topics.realName(stream.topic()), stream.partition(), stream.key(), value(stream, entry));
        try {
            return producer.send(record, callback);
        } catch (KafkaException e) {
            entry.told(Ledger.Outcome.REJECTED, -1, e);
            unsettled.decrementAndGet();
            return CompletableFuture.failedFuture(e);
        }
    }

    /** Name and attempt, filled up with blanks: a retry of the client's has the same, a resend of the application's has not. */
    private static String value(Story.Stream stream, Ledger.Entry entry) {
        String value = entry.name + "#" + entry.sends;
        if (value.length() > stream.valueBytes())
            throw new JudgeError("values of " + stream.valueBytes() + " bytes have no room for a record's name");
        return value + " ".repeat(stream.valueBytes() - value.length());
    }

    static String nameIn(String value) {
        return value.substring(0, value.indexOf('#'));
    }

    @Override
    public void close() {
        threads.forEach(Thread::interrupt);
        producer.close(Duration.ZERO);
    }
}
