package org.apache.kafka.clients.producer.internals;

import inflight.oracle.OracleError;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.utils.Time;

/** Kafka's sender. Its thread, which KafkaProducer starts, runs the loop only while somebody waits in {@link #runOnItsThread}. */
public final class DrivenSender extends ReleasedSender {
    private final CountDownLatch begin = new CountDownLatch(1);
    private final CountDownLatch end = new CountDownLatch(1);
    private volatile boolean abandoned;
    private volatile Throwable failure;

    public DrivenSender(ProducerConfig config, KafkaClient client, ProducerMetadata metadata, RecordAccumulator accumulator,
                        TransactionManager transactionManager, Time time, Metrics metrics, ApiVersions apiVersions) {
        super(config, client, metadata, accumulator, transactionManager, time, metrics, apiVersions);
        Fields.set(this, "inFlightBatches", new TreeMap<>(PartitionsInOrder.ORDER));
    }

    @Override
    public void run() {
        await(begin);
        if (abandoned)
            return;
        try {
            super.run();
        } catch (Throwable e) {
            failure = e;
        } finally {
            end.countDown();
        }
    }

    /** Returns when the loop has ended; what ended it is thrown. */
    public void runOnItsThread() {
        begin.countDown();
        await(end);
        if (failure instanceof Error error)
            throw error;
        if (failure != null)
            throw new OracleError("the sender failed", failure);
    }

    /** If it has not begun, it never will. */
    public void letItsThreadEnd() {
        abandoned = true;
        begin.countDown();
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new OracleError("interrupted", e);
        }
    }
}
