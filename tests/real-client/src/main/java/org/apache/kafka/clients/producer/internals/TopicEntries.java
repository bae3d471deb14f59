package org.apache.kafka.clients.producer.internals;

import inflight.oracle.OracleError;
import java.lang.reflect.Constructor;
import java.util.List;
import java.util.concurrent.ConcurrentSkipListMap;
import org.apache.kafka.common.utils.LogContext;

/**
 * The accumulator's entries of topics, put there before it would make them itself: with a sticky partitioner whose random draws are
 * always 0, or 0, 1, 2, ... for each topic; and in ascending order, as their partitions are. The sender asks partition after
 * partition which nodes are ready, and one whose node is ready already does not say any more when it will be itself: so their
 * order, which Kafka leaves to a hash, decides how long the sender polls.
 */
public final class TopicEntries {
    private static final class PinnedDraws extends BuiltInPartitioner {
        private final boolean counting;
        private int draws;

        PinnedDraws(String topic, int stickyBatchSize, boolean counting) {
            super(new LogContext(), topic, stickyBatchSize);
            this.counting = counting;
        }

        @Override
        int randomPartition() {
            return counting ? draws++ : 0;
        }
    }

    public static void pin(RecordAccumulator accumulator, List<String> topics, boolean counting) {
        ConcurrentSkipListMap<String, Object> entries = new ConcurrentSkipListMap<>();
        int batchSize = (Integer) Fields.get(accumulator, "batchSize");
        for (String topic : topics)
            entries.put(topic, entry(new PinnedDraws(topic, batchSize, counting)));
        Fields.set(accumulator, "topicInfoMap", entries);
    }

    private static Object entry(BuiltInPartitioner partitioner) {
        try {
            Constructor<?> topicInfo = Class.forName(RecordAccumulator.class.getName() + "$TopicInfo")
                .getDeclaredConstructor(BuiltInPartitioner.class);
            topicInfo.setAccessible(true);
            Object entry = topicInfo.newInstance(partitioner);
            Fields.set(entry, "batches", new ConcurrentSkipListMap<>());
            return entry;
        } catch (ReflectiveOperationException e) {
            throw new OracleError("making a topic's entry in the accumulator", e);
        }
    }
}
