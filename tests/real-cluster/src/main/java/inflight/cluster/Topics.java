package inflight.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A scenario's topics on the real cluster, under names that no other scenario had: making, moving, reading them. */
final class Topics implements AutoCloseable {
    /** The value of the record that each partition begins with, see {@link #create}. */
    static final String FIRST = "(first)";
    private static final long WHOLE_MILLIS = 60_000;
    private static final int STANDSTILLS = 4;
    private static final long STANDSTILL_MILLIS = 150;
    private static final int ATTEMPTS = 10;
    private static final int EXERCISES = 5000;

    /** {@code leader} is -1 where there is none. */
    record Log(String topic, int partition, int leader, List<String> values) { }

    private final Cluster cluster;
    private final List<Story.Topic> topics;
    private final String suffix;
    private final Admin admin;

    Topics(Cluster cluster, List<Story.Topic> topics, String suffix) {
        this.cluster = cluster;
        this.topics = topics;
        this.suffix = suffix;
        admin = Admin.create(Map.of("bootstrap.servers", cluster.bootstrapOfJudge(), "client.id", "judge",
            "request.timeout.ms", "5000", "default.api.timeout.ms", "20000", "reconnect.backoff.max.ms", "200"));
    }

    /** The real topic's name. */
    String realName(String topic) {
        return topic + suffix;
    }

    /**
     * Makes the topics, each partition with one record that every replica has. Without it a follower that asked before
     * its leader had made its log sits out its back-off of a second, though the ISR is full on paper.
     */
    void create() throws InterruptedException {
        for (Story.Topic topic : topics)
            create(realName(topic.name()), topic.assignment(), topic.config());
        awaitWhole(Set.of());
        try (KafkaProducer<String, String> first = new KafkaProducer<>(
            Map.of("bootstrap.servers", cluster.bootstrapOfJudge(), "client.id", "judge-first"), new StringSerializer(), new StringSerializer())) {
            for (Story.Topic topic : topics)
                for (int partition = 0; partition < topic.assignment().size(); partition++)
                    first.send(new ProducerRecord<>(realName(topic.name()), partition, null, FIRST)).get();
        } catch (ExecutionException e) {
            throw new JudgeError("the first record of a partition", e.getCause());
        }
    }

    /**
     * Has every broker lead and follow for some thousand small requests: one whose code has not run often takes acks=0 records
     * slower than a scenario sends them, and has hundreds unread when it is killed.
     */
    void exercise() throws InterruptedException {
        Map<String, Object> config = Map.of("bootstrap.servers", cluster.bootstrapOfJudge(), "client.id", "judge-exercise",
            "batch.size", "0", "linger.ms", "0");
        try (KafkaProducer<String, String> producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (Story.Topic topic : topics)
                for (int i = 0; i < EXERCISES; i++)
                    for (int partition = 0; partition < topic.assignment().size(); partition++)
                        producer.send(new ProducerRecord<>(realName(topic.name()), partition, null, FIRST));
        }
    }

    private void create(String name, List<List<Integer>> assignment, Map<String, String> config) throws InterruptedException {
        Map<Integer, List<Integer>> byPartition = new HashMap<>();
        IntStream.range(0, assignment.size()).forEach(p -> byPartition.put(p, assignment.get(p)));
        call("making topic " + name, () -> admin.createTopics(List.of(new NewTopic(name, byPartition).configs(config))).all().get());
    }

    /** Makes the broker the preferred leader, so that {@link #elect} moves the partition there. */
    void prefer(String topic, int partition, int leader) throws InterruptedException {
        List<Integer> order = new ArrayList<>(topic(topic).assignment().get(partition));
        order.sort(Comparator.comparing(id -> id != leader));
        call("reordering replicas", () -> admin.alterPartitionReassignments(Map.of(new TopicPartition(realName(topic), partition),
            Optional.of(new NewPartitionReassignment(order)))).all().get());
        Cluster.await("the new order of replicas", WHOLE_MILLIS, () -> {
            List<TopicPartitionInfo> partitions = describe(realName(topic));
            return partitions != null && partitions.get(partition).replicas().get(0).id() == leader;
        });
    }

    void elect(String topic, int partition) throws InterruptedException {
        try {
            admin.electLeaders(ElectionType.PREFERRED, Set.of(new TopicPartition(realName(topic), partition))).all().get();
        } catch (ExecutionException e) {
            throw new JudgeError("moving the leader", e.getCause());
        }
    }

    /** Until all partitions have a leader and every replica in the ISR, but for brokers that stay down. */
    void awaitWhole(Set<Integer> down) throws InterruptedException {
        for (Story.Topic topic : topics)
            Cluster.await("the whole ISR of " + topic.name(), WHOLE_MILLIS, () -> {
                List<TopicPartitionInfo> partitions = describe(realName(topic.name()));
                return partitions != null && partitions.size() == topic.assignment().size()
                    && partitions.stream().allMatch(partition -> isWhole(partition, down));
            });
    }

    private static boolean isWhole(TopicPartitionInfo partition, Set<Integer> down) {
        long up = partition.replicas().stream().filter(replica -> !down.contains(replica.id())).count();
        return partition.leader() != null && !partition.leader().isEmpty() && partition.isr().size() == up;
    }

    private List<TopicPartitionInfo> describe(String name) {
        try {
            return admin.describeTopics(List.of(name)).allTopicNames().get().get(name).partitions();
        } catch (ExecutionException notYet) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return null;
        }
    }

    /** Every partition as its leader has it, without its first record. */
    List<Log> read() throws InterruptedException {
        List<Log> logs = new ArrayList<>();
        try (KafkaConsumer<String, String> reader = new KafkaConsumer<>(
            Map.of("bootstrap.servers", cluster.bootstrapOfJudge(), "client.id", "judge-reader", "enable.auto.commit", "false",
                "auto.offset.reset", "none"), new StringDeserializer(), new StringDeserializer())) {
            for (Story.Topic topic : topics)
                for (TopicPartitionInfo partition : describe(realName(topic.name())))
                    logs.add(new Log(topic.name(), partition.partition(), partition.leader() == null ? -1 : partition.leader().id(),
                        read(reader, new TopicPartition(realName(topic.name()), partition.partition()))));
        }
        return logs;
    }

    private static List<String> read(KafkaConsumer<String, String> reader, TopicPartition partition) throws InterruptedException {
        List<String> values = new ArrayList<>();
        reader.assign(List.of(partition));
        long end = standingEnd(reader, partition);
        reader.seek(partition, 0);
        long giveUp = System.nanoTime() + WHOLE_MILLIS * 1_000_000;
        while (reader.position(partition) < end) {
            if (System.nanoTime() > giveUp)
                throw new JudgeError(partition + " cannot be read beyond " + reader.position(partition) + " of " + end);
            for (ConsumerRecord<String, String> record : reader.poll(Duration.ofMillis(200)))
                values.add(record.value().trim());
        }
        if (values.isEmpty() || !values.get(0).equals(FIRST))
            throw new JudgeError(partition + " does not begin with its first record");
        return values.subList(1, values.size());
    }

    /** Records of acks=0 may still be on their way when the producer has closed. */
    private static long standingEnd(KafkaConsumer<String, String> reader, TopicPartition partition) throws InterruptedException {
        long end = -1;
        for (int still = 0; still < STANDSTILLS; ) {
            long now = reader.endOffsets(List.of(partition)).get(partition);
            still = now == end ? still + 1 : 0;
            end = now;
            Thread.sleep(STANDSTILL_MILLIS);
        }
        return end;
    }

    boolean has(String name) {
        return topics.stream().anyMatch(topic -> topic.name().equals(name));
    }

    private Story.Topic topic(String name) {
        return topics.stream().filter(topic -> topic.name().equals(name)).findFirst()
            .orElseThrow(() -> new JudgeError("no topic " + name));
    }

    private interface Call {
        void run() throws ExecutionException, InterruptedException;
    }

    /** Right after a broker's return the controller may refuse what it grants a moment later. */
    private static void call(String what, Call call) throws InterruptedException {
        for (int attempt = 1; ; attempt++) {
            try {
                call.run();
                return;
            } catch (ExecutionException e) {
                if (attempt == ATTEMPTS)
                    throw new JudgeError(what, e.getCause());
                Thread.sleep(300);
            }
        }
    }

    void delete() throws InterruptedException {
        call("deleting topics", () -> admin.deleteTopics(topics.stream().map(topic -> realName(topic.name())).toList()).all().get());
    }

    @Override
    public void close() {
        admin.close(Duration.ofSeconds(5));
    }
}
