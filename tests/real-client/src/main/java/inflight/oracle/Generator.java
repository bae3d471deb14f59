package inflight.oracle;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Random scripts by category: a draw that shows nothing worth comparing is thrown away and drawn again. */
final class Generator {
    /** What a script is about; the letter starts its name. */
    enum Category { A_BATCHING, B_RETRY, C_IDEMPOTENT, D_LOST, E_LEADER, F_SPECIAL, G_CONTROL, H_MIXED, I_SETTINGS, J_EPOCHS, K_ANSWERS,
        L_TOPOLOGY, M_IDLE, N_REBOOTSTRAP, O_REFUSALS, P_CALLBACKS, Q_COMPRESSION, R_EXPIRY, S_ADAPTIVE, T_BUMPS }

    /** A script and what the client does with it. */
    record Drawn(ObjectNode script, ObjectNode transcript) { }

    private static final Set<Category> ALWAYS_WORTH_COMPARING = EnumSet.of(Category.A_BATCHING, Category.G_CONTROL,
        Category.K_ANSWERS, Category.L_TOPOLOGY, Category.M_IDLE, Category.N_REBOOTSTRAP, Category.P_CALLBACKS, Category.Q_COMPRESSION,
        Category.S_ADAPTIVE);
    private static final int MAX_DRAWS = 200;
    private static final String[] RETRIABLE = {"NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "REQUEST_TIMED_OUT",
        "CORRUPT_MESSAGE", "UNKNOWN_LEADER_EPOCH", "KAFKA_STORAGE_ERROR", "LEADER_NOT_AVAILABLE"};
    private static final String[] SPECIAL = {"MESSAGE_TOO_LARGE", "MESSAGE_TOO_LARGE", "OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID",
        "DUPLICATE_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH", "TOPIC_AUTHORIZATION_FAILED", "CORRUPT_MESSAGE", "INVALID_TIMESTAMP",
        "RECORD_LIST_TOO_LARGE", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "KAFKA_STORAGE_ERROR", "UNKNOWN_TOPIC_OR_PARTITION",
        "UNKNOWN_SERVER_ERROR", "INVALID_RECORD", "CLUSTER_AUTHORIZATION_FAILED"};
    private static final String[] SEQUENCES = {"OUT_OF_ORDER_SEQUENCE_NUMBER", "OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID",
        "UNKNOWN_PRODUCER_ID", "TOPIC_AUTHORIZATION_FAILED", "INVALID_RECORD", "INVALID_PRODUCER_EPOCH", "NOT_ENOUGH_REPLICAS",
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "REQUEST_TIMED_OUT", "MESSAGE_TOO_LARGE", "DUPLICATE_SEQUENCE_NUMBER"};

    static int generate(long seed, int count, Path out) throws IOException {
        int written = 0;
        for (Category category : Category.values()) {
            for (int i = 0; i < count; i++) {
                Drawn drawn = draw(category, seed, i);
                Files.writeString(out.resolve(drawn.script.get("name").asText() + ".script.json"), Layout.script(drawn.script));
                written++;
            }
        }
        return written;
    }

    /** java.util.Random's first draws are alike for close seeds; so the seeds are spread. */
    private static long mix(long seed, long category, long index) {
        long x = seed * 0x9E3779B97F4A7C15L + category * 0xC2B2AE3D27D4EB4FL + index * 0x165667B19E3779F9L;
        x = (x ^ (x >>> 30)) * 0xBF58476D1CE4E5B9L;
        x = (x ^ (x >>> 27)) * 0x94D049BB133111EBL;
        return x ^ (x >>> 31);
    }

    /** The script of this number; the same seed, category and number always give the same. */
    static Drawn draw(Category category, long seed, int index) {
        String name = name(category, seed, index);
        Random random = new Random(mix(seed, category.ordinal(), index));
        for (int draws = 0; draws < MAX_DRAWS; draws++) {
            ObjectNode script = script(category, new ScriptBuilder(name, random));
            try {
                ObjectNode transcript = Run.transcriptOf(ScriptReader.script(script));
                if (isWorthComparing(category, transcript))
                    return new Drawn(script, transcript);
            } catch (OverwrittenBatch e) {
                continue; // there is no telling what the client sent
            } catch (OracleError | RuntimeException e) {
                throw new OracleError(name + ": " + e.getMessage(), e);
            }
        }
        throw new OracleError("no script for " + name + " in " + MAX_DRAWS + " draws");
    }

    private static String name(Category category, long seed, int index) {
        return category.name().toLowerCase(Locale.ROOT).replace('_', '-') + String.format("-%d-%03d", seed, index);
    }

    private static ObjectNode script(Category category, ScriptBuilder b) {
        return switch (category) {
            case A_BATCHING -> batching(b);
            case B_RETRY -> retry(b, false);
            case C_IDEMPOTENT -> retry(b, true);
            case D_LOST -> lost(b);
            case E_LEADER -> leader(b);
            case F_SPECIAL -> special(b);
            case G_CONTROL -> control(b);
            case H_MIXED -> mixed(b);
            case I_SETTINGS -> settings(b);
            case J_EPOCHS -> epochs(b);
            case K_ANSWERS -> answers(b);
            case L_TOPOLOGY -> topology(b);
            case M_IDLE -> idle(b);
            case N_REBOOTSTRAP -> rebootstrap(b);
            case O_REFUSALS -> refusals(b);
            case P_CALLBACKS -> callbacks(b);
            case Q_COMPRESSION -> compression(b);
            case R_EXPIRY -> expiry(b);
            case S_ADAPTIVE -> adaptive(b);
            case T_BUMPS -> bumps(b);
        };
    }

    private static boolean isWorthComparing(Category category, JsonNode transcript) {
        if (transcript.get("requests").size() < 2)
            return false;
        if (ALWAYS_WORTH_COMPARING.contains(category))
            return true;
        Map<Long, Integer> sendings = new HashMap<>();
        transcript.get("requests").forEach(r -> r.get("batches").forEach(b -> b.get("ids")
            .forEach(id -> sendings.merge(id.asLong(), 1, Integer::sum))));
        boolean resent = sendings.values().stream().anyMatch(n -> n > 1);
        boolean failed = false;
        for (JsonNode callback : transcript.get("callbacks"))
            failed |= callback.has("error");
        return resent || failed;
    }

    private static void batchSettings(ScriptBuilder b) {
        b.config("linger.ms", b.oneOf(0, 0, 0, 1, 5, 10, 30, 100));
        if (b.chance(70))
            b.config("batch.size", b.oneOf(0, 200, 300, 500, 700, 1000, 2000, 5000));
        if (b.chance(25))
            b.config("partitioner.adaptive.partitioning.enable", "false");
        if (b.chance(60))
            b.countingDraws();
    }

    private static void idempotence(ScriptBuilder b, boolean on) {
        if (!on)
            b.config("enable.idempotence", "false");
        if (b.chance(60))
            b.config("max.in.flight.requests.per.connection", b.between(1, on ? 5 : 7));
    }

    private static ObjectNode batching(ScriptBuilder b) {
        b.cluster(3, 6);
        batchSettings(b);
        idempotence(b, b.chance(50));
        if (b.chance(40))
            b.config("max.request.size", b.oneOf(300, 600, 900, 1500, 3000));
        if (b.chance(25))
            b.config("buffer.memory", b.oneOf(3000, 5000, 8000)).config("batch.size", b.oneOf(500, 1000))
                .config("max.block.ms", b.oneOf(0, 20, 100, 60000));
        b.load(b.oneOf(10, 50, 200), 10).load(b.oneOf(10, 100), 5);
        return b.build(3000);
    }

    private static void errors(ScriptBuilder b, String[] choices, int count, int maxNth) {
        for (int i = 0; i < count; i++) {
            String error = b.oneOf(choices);
            boolean append = error.equals("NOT_ENOUGH_REPLICAS_AFTER_APPEND") || error.equals("REQUEST_TIMED_OUT") && b.chance(60);
            b.error(b.random.nextInt(b.nodes()), b.between(1, maxNth), error, append);
        }
    }

    private static ObjectNode retry(ScriptBuilder b, boolean idempotent) {
        b.cluster(2, 3);
        batchSettings(b);
        idempotence(b, idempotent);
        if (!idempotent)
            b.config("acks", b.oneOf("all", "all", "1"));
        if (b.chance(30))
            b.config("retries", b.between(idempotent ? 1 : 0, 3));
        if (b.chance(40))
            b.config("retry.backoff.ms", b.oneOf(0, 10, 20, 50, 300)).config("retry.backoff.max.ms", b.oneOf(50, 300, 1000));
        if (b.chance(30))
            b.config("request.timeout.ms", 200).config("delivery.timeout.ms", b.between(300, 1500));
        errors(b, RETRIABLE, b.between(2, 8), 8);
        if (idempotent && b.chance(25))
            b.initProducerIdFault(1);
        b.load(b.oneOf(5, 30, 200), 5).load(b.oneOf(300, 1500), 5);
        return b.build(10_000);
    }

    private static void timeouts(ScriptBuilder b) {
        int request = b.oneOf(50, 100, 300, 1000, 2000);
        b.config("request.timeout.ms", request);
        if (b.chance(75))
            b.config("delivery.timeout.ms", request + 100 + b.random.nextInt(4 * request));
    }

    private static void losses(ScriptBuilder b, int count, int maxNth) {
        for (int i = 0; i < count; i++) {
            int node = b.random.nextInt(b.nodes());
            int nth = b.between(1, maxNth);
            switch (b.random.nextInt(5)) {
                case 0, 1 -> b.lose(node, nth, b.chance(60));
                case 2, 3 -> b.disconnect(node, nth, b.chance(60));
                default -> b.slow(node, nth, b.oneOf(50, 150, 400, 1200, 2500));
            }
        }
    }

    private static ObjectNode lost(ScriptBuilder b) {
        b.cluster(2, 3);
        batchSettings(b);
        String acks = b.oneOf("all", "all", "all", "1", "0");
        b.config("acks", acks);
        idempotence(b, acks.equals("all") && b.chance(60));
        timeouts(b);
        losses(b, b.between(1, 6), 7);
        b.load(b.oneOf(5, 50, 300), 5).load(b.oneOf(500, 3000), 5);
        return b.build(15_000);
    }

    private static void leaderMoves(ScriptBuilder b, int count, int span) {
        int epoch = 0;
        for (int i = 0; i < count; i++) {
            int topic = b.random.nextInt(b.topicCount());
            int partition = b.random.nextInt(b.partitions(topic));
            int to = b.chance(15) ? -1 : b.random.nextInt(b.nodes());
            long at = b.random.nextInt(span);
            b.leaderMove(at, topic, partition, to, ++epoch);
            if (to == -1)
                b.leaderMove(at + b.between(50, 800), topic, partition, b.random.nextInt(b.nodes()), ++epoch);
            int from = b.leader(topic, partition);
            int first = b.between(1, 4);
            for (int n = 0; n < b.between(1, 3); n++)
                b.error(from, first + n, b.oneOf("NOT_LEADER_OR_FOLLOWER", "NOT_LEADER_OR_FOLLOWER", "FENCED_LEADER_EPOCH"), false);
        }
    }

    private static void nodeFailures(ScriptBuilder b, int count, int span) {
        for (int i = 0; i < count; i++) {
            long down = b.random.nextInt(span);
            b.nodeDownUp(b.random.nextInt(b.nodes()), down, down + b.oneOf(5, 40, 100, 500, 2000));
        }
    }

    private static ObjectNode leader(ScriptBuilder b) {
        b.cluster(3, 4);
        batchSettings(b);
        idempotence(b, b.chance(60));
        if (b.chance(40))
            timeouts(b);
        leaderMoves(b, b.between(1, 3), 400);
        if (b.chance(60))
            nodeFailures(b, b.between(1, 2), 400);
        for (int n = 1; n <= 4; n++)
            if (b.chance(40))
                b.metadataDelay(n, b.oneOf(0, 15, 60, 200, 700));
        b.load(b.oneOf(20, 100, 400), 5).load(b.oneOf(300, 900), 5);
        return b.build(15_000);
    }

    private static ObjectNode special(ScriptBuilder b) {
        b.cluster(2, 3);
        batchSettings(b);
        boolean idempotent = b.chance(70);
        idempotence(b, idempotent);
        if (b.chance(30))
            b.config("request.timeout.ms", 200).config("delivery.timeout.ms", b.between(300, 1500));
        errors(b, SPECIAL, b.between(1, 5), 7);
        if (b.chance(25)) {
            b.config("max.request.size", 1000);
            b.send(b.random.nextInt(50), b.between(900, 1200));
        }
        b.load(b.oneOf(5, 30, 150), 5).load(b.oneOf(100, 800), 5);
        return b.build(10_000);
    }

    private static ObjectNode control(ScriptBuilder b) {
        b.cluster(2, 4);
        batchSettings(b);
        b.config("linger.ms", b.oneOf(0, 5, 50, 1000));
        idempotence(b, b.chance(60));
        b.load(b.oneOf(20, 100, 300), 30);
        if (b.chance(60))
            errors(b, RETRIABLE, b.between(1, 3), 6);
        if (b.chance(30))
            losses(b, 1, 4);
        if (b.chance(70))
            b.flush(b.random.nextInt(200));
        if (b.chance(30))
            b.flush(b.random.nextInt(400));
        b.load(b.oneOf(100, 300), 30);
        if (b.chance(65))
            b.close(b.between(50, 600), b.oneOf(0, 0, 5, 50, 300, 2000, 60_000));
        return b.build(10_000);
    }

    private static ObjectNode mixed(ScriptBuilder b) {
        b.cluster(3, 4);
        batchSettings(b);
        boolean idempotent = b.chance(60);
        if (!idempotent)
            b.config("acks", b.oneOf("all", "1", "1", "0"));
        idempotence(b, idempotent);
        if (b.chance(60))
            timeouts(b);
        if (b.chance(20))
            b.config("retries", b.between(1, 4));
        if (b.chance(20))
            b.config("max.request.size", b.oneOf(600, 1500));
        if (b.chance(15))
            b.config("buffer.memory", 8000).config("batch.size", 1000).config("max.block.ms", b.oneOf(20, 200, 2000));
        errors(b, RETRIABLE, b.between(0, 3), 8);
        errors(b, SPECIAL, b.between(0, 2), 8);
        losses(b, b.between(0, 3), 8);
        if (b.chance(50))
            leaderMoves(b, 1, 400);
        if (b.chance(40))
            nodeFailures(b, 1, 400);
        if (b.chance(30))
            b.metadataDelay(1, b.oneOf(15, 60, 200));
        b.load(b.oneOf(20, 100, 300), 20).load(b.oneOf(300, 1500), 15);
        if (b.chance(30))
            b.flush(b.random.nextInt(500));
        if (b.chance(30))
            b.close(b.lastStep() + b.random.nextInt(300), b.oneOf(0, 50, 1000, 30_000));
        return b.build(15_000);
    }

    /** Faults of every kind, with settings that other categories leave alone. */
    private static ObjectNode settings(ScriptBuilder b) {
        b.cluster(3, 5);
        batchSettings(b);
        boolean idempotent = b.chance(60);
        idempotence(b, idempotent);
        if (b.chance(50))
            timeouts(b);
        if (b.chance(40))
            b.config("partitioner.availability.timeout.ms", b.oneOf(1, 5, 20, 100, 500)).countingDraws();
        if (b.chance(20))
            b.config("partitioner.ignore.keys", "true");
        if (b.chance(40))
            b.config("reconnect.backoff.ms", b.oneOf(0, 5, 20, 200)).config("reconnect.backoff.max.ms", b.oneOf(20, 200, 1000, 3000));
        if (b.chance(40))
            b.config("retry.backoff.ms", b.oneOf(0, 5, 30, 250)).config("retry.backoff.max.ms", b.oneOf(5, 100, 1000));
        if (b.chance(40))
            b.config("metadata.max.age.ms", b.oneOf(20, 150, 700, 3000));
        if (b.chance(15))
            b.config("metadata.max.idle.ms", b.oneOf(5000, 6000));
        errors(b, RETRIABLE, b.between(0, 3), 8);
        losses(b, b.between(0, 3), 8);
        if (b.chance(40))
            leaderMoves(b, b.between(1, 2), 600);
        if (b.chance(60))
            nodeFailures(b, b.between(1, 3), 800);
        b.load(b.oneOf(20, 100, 400), 10).load(b.oneOf(300, 1500), 10);
        if (b.chance(20))
            b.load(b.oneOf(6000, 9000), 10);
        return b.build(15_000);
    }

    /** Sequences: many partitions of few nodes, with errors of one partition or of all while several batches are in flight. */
    private static ObjectNode epochs(ScriptBuilder b) {
        b.cluster(2, 8);
        batchSettings(b);
        b.config("batch.size", b.oneOf(100, 200, 400));
        if (b.chance(50))
            b.config("max.in.flight.requests.per.connection", b.between(2, 5));
        if (b.chance(30))
            b.config("retries", b.between(1, 3));
        if (b.chance(40))
            timeouts(b);
        if (b.chance(50))
            b.unknownProducerMayStartAnywhere();
        errors(b, SEQUENCES, b.between(2, 7), 12);
        losses(b, b.between(0, 3), 12);
        b.load(b.oneOf(5, 30, 150), 5).load(b.oneOf(50, 800), 5);
        return b.build(15_000);
    }

    /** Answers that name the new leader, or that throttle. */
    private static ObjectNode answers(ScriptBuilder b) {
        b.cluster(3, 4);
        batchSettings(b);
        idempotence(b, b.chance(60));
        if (b.chance(40))
            timeouts(b);
        if (b.chance(80))
            leaderMoves(b, b.between(1, 3), 400);
        b.hints(80);
        if (b.chance(70))
            b.throttle(b.between(1, 4), 7);
        if (b.chance(30))
            errors(b, RETRIABLE, b.between(1, 3), 8);
        if (b.chance(30))
            b.metadataDelay(1, b.oneOf(15, 60, 200));
        b.load(b.oneOf(20, 100, 400), 10).load(b.oneOf(300, 900), 10);
        if (b.chance(20))
            b.close(b.lastStep() + b.random.nextInt(300), b.oneOf(0, 50, 1000, 30_000));
        return b.build(15_000);
    }

    /** Topics and partitions that appear during the run, and nodes to which no connection comes about. */
    private static ObjectNode topology(ScriptBuilder b) {
        b.cluster(3, 4);
        batchSettings(b);
        idempotence(b, b.chance(60));
        if (b.chance(50))
            b.config("max.block.ms", b.oneOf(0, 10, 50, 300, 3000));
        if (b.chance(40))
            timeouts(b);
        if (b.chance(30))
            b.config("metadata.max.age.ms", b.oneOf(50, 300, 2000));
        if (b.chance(75))
            b.appearLater(b.oneOf(0, 0, 30, 200, 1500));
        if (b.chance(60))
            b.morePartitions(b.random.nextInt(500), b.between(1, 3));
        if (b.chance(50)) {
            b.config("socket.connection.setup.timeout.ms", b.oneOf(10, 50, 200, 1000));
            b.config("socket.connection.setup.timeout.max.ms", b.oneOf(50, 300, 2000));
            long from = b.random.nextInt(300);
            b.nodeSilentUp(b.random.nextInt(b.nodes()), from, from + b.oneOf(20, 200, 1000, 5000));
        }
        if (b.chance(30))
            nodeFailures(b, 1, 400);
        if (b.chance(30))
            leaderMoves(b, 1, 400);
        if (b.chance(30))
            losses(b, b.between(1, 2), 5);
        for (int n = 1; n <= 4; n++)
            if (b.chance(30))
                b.metadataAnswer(n);
        b.load(b.oneOf(20, 100, 400), 10).load(b.oneOf(300, 1500), 10);
        if (b.chance(20))
            b.flush(b.random.nextInt(500));
        if (b.chance(25))
            b.close(b.random.nextInt(1500), b.oneOf(0, 50, 1000, 30_000));
        return b.build(15_000);
    }

    /** Connections that are closed because nothing was said on them for a while, also with an answer still to come. */
    private static ObjectNode idle(ScriptBuilder b) {
        b.cluster(3, 4);
        batchSettings(b);
        idempotence(b, b.chance(60));
        b.config("connections.max.idle.ms", b.oneOf(15, 40, 100, 250, 700));
        if (b.chance(40))
            b.config("metadata.max.age.ms", b.oneOf(60, 200, 900, 4000));
        if (b.chance(40))
            timeouts(b);
        if (b.chance(30))
            b.config("reconnect.backoff.ms", b.oneOf(0, 20, 150)).config("reconnect.backoff.max.ms", b.oneOf(150, 1000));
        if (b.chance(60))
            for (int i = b.between(1, 4); i > 0; i--)
                b.slow(b.random.nextInt(b.nodes()), b.between(1, 7), b.oneOf(20, 60, 150, 400, 1000));
        if (b.chance(30))
            losses(b, b.between(1, 2), 6);
        if (b.chance(25))
            errors(b, RETRIABLE, b.between(1, 3), 6);
        if (b.chance(20))
            nodeFailures(b, 1, 800);
        b.load(b.oneOf(5, 50, 200), 10).load(b.oneOf(400, 1500), 10).load(b.oneOf(2000, 5000), 10);
        return b.build(10_000);
    }

    /** Clients that start over from the bootstrap list: no node is left to ask, or none has answered for long. */
    private static ObjectNode rebootstrap(ScriptBuilder b) {
        b.cluster(3, 4);
        batchSettings(b);
        idempotence(b, b.chance(60));
        b.config("metadata.recovery.strategy", "rebootstrap");
        b.config("metadata.recovery.rebootstrap.trigger.ms", b.oneOf(0, 30, 150, 600, 3000));
        if (b.chance(60))
            timeouts(b);
        if (b.chance(40))
            b.config("metadata.max.age.ms", b.oneOf(50, 300, 2000));
        if (b.chance(50))
            b.config("reconnect.backoff.ms", b.oneOf(0, 10, 100, 400)).config("reconnect.backoff.max.ms", b.oneOf(100, 400, 2000));
        if (b.chance(40))
            b.config("max.block.ms", b.oneOf(0, 50, 400, 3000));
        if (b.chance(60)) {
            b.config("socket.connection.setup.timeout.ms", b.oneOf(10, 50, 200, 1000));
            b.config("socket.connection.setup.timeout.max.ms", b.oneOf(50, 300, 2000));
        }
        long outage = b.random.nextInt(400);
        long end = outage + b.oneOf(50, 300, 1000, 3000);
        for (int node = 0; node < b.nodes(); node++) {
            long down = outage + b.random.nextInt(40);
            if (b.chance(30))
                b.nodeSilentUp(node, down, end + b.random.nextInt(100));
            else if (b.chance(90))
                b.nodeDownUp(node, down, end + b.random.nextInt(100));
        }
        for (int n = 1; n <= 5; n++)
            if (b.chance(35))
                b.metadataAnswer(n);
        if (b.chance(40))
            leaderMoves(b, 1, 400);
        if (b.chance(30))
            b.morePartitions(b.random.nextInt(1000), b.between(1, 2));
        if (b.chance(30))
            losses(b, b.between(1, 2), 5);
        b.load(b.oneOf(20, 100, 400), 10).load(b.oneOf(500, 2500), 10);
        if (b.chance(15))
            b.close(b.random.nextInt(2500), b.oneOf(0, 50, 1000, 30_000));
        return b.build(15_000);
    }

    /** Answers that name the records that are to blame. */
    private static ObjectNode refusals(ScriptBuilder b) {
        b.cluster(2, 3);
        batchSettings(b);
        b.config("linger.ms", b.oneOf(0, 1, 5, 30));
        idempotence(b, b.chance(60));
        if (b.chance(30))
            b.config("retries", b.between(1, 3));
        for (int i = b.between(2, 7); i > 0; i--)
            b.error(b.random.nextInt(b.nodes()), b.between(1, 8),
                b.oneOf("INVALID_RECORD", "INVALID_RECORD", "INVALID_TIMESTAMP", "INVALID_TIMESTAMP", "NOT_ENOUGH_REPLICAS", "MESSAGE_TOO_LARGE"),
                false);
        b.recordErrors(85, 6);
        b.load(b.oneOf(5, 30, 150), 5).load(b.oneOf(100, 600), 10);
        if (b.chance(20))
            b.close(b.lastStep() + b.random.nextInt(100), b.oneOf(0, 50, 30_000));
        return b.build(10_000);
    }

    /** Callbacks that send, flush and close. */
    private static ObjectNode callbacks(ScriptBuilder b) {
        b.cluster(2, 4);
        batchSettings(b);
        boolean idempotent = b.chance(60);
        idempotence(b, idempotent);
        if (!idempotent)
            b.config("acks", b.oneOf("all", "1", "0"));
        if (b.chance(30))
            timeouts(b);
        if (b.chance(30))
            b.config("buffer.memory", b.oneOf(3000, 6000)).config("batch.size", b.oneOf(500, 1000)).config("max.block.ms", b.oneOf(0, 20, 100, 700));
        if (b.chance(30))
            b.config("max.request.size", b.oneOf(500, 1000));
        if (b.chance(20))
            b.morePartitions(b.random.nextInt(300), 1).config("max.block.ms", b.oneOf(0, 30, 400));
        if (b.chance(50))
            errors(b, b.chance(50) ? RETRIABLE : SPECIAL, b.between(1, 4), 6);
        if (b.chance(40))
            losses(b, b.between(1, 2), 5);
        int flushes = b.chance(15) ? 30 : 0;
        int closes = b.chance(15) ? 30 : 0;
        for (int i = b.between(4, 14); i > 0; i--)
            b.sendThen(b.chance(40) ? 0 : b.random.nextInt(300), b.valueBytes(), b.between(0, 4), flushes, closes);
        b.load(b.oneOf(20, 300), 15);
        if (b.chance(30))
            b.flush(b.random.nextInt(300));
        if (b.chance(30))
            b.close(b.between(20, 600), b.oneOf(0, 5, 300, 60_000));
        return b.build(10_000);
    }

    /** Compressed batches: what the client expects of them, and what comes of it. */
    private static ObjectNode compression(ScriptBuilder b) {
        b.cluster(2, 3);
        batchSettings(b);
        b.compression(b.oneOf(0.3, 0.4, 0.55, 0.7, 0.9, 0.997, 1.0, 1.02, 1.06, 1.2));
        b.config("batch.size", b.oneOf(200, 300, 500, 1000, 2000, 16384));
        b.config("linger.ms", b.oneOf(0, 5, 20, 100));
        idempotence(b, b.chance(60));
        if (b.chance(40))
            b.config("max.request.size", b.oneOf(300, 600, 900, 1500, 3000));
        if (b.chance(25))
            b.config("buffer.memory", b.oneOf(3000, 5000, 8000)).config("batch.size", b.oneOf(500, 1000))
                .config("max.block.ms", b.oneOf(0, 20, 100, 60000));
        for (int i = b.between(0, 4); i > 0; i--)
            b.error(b.random.nextInt(b.nodes()), b.between(1, 9), b.oneOf("MESSAGE_TOO_LARGE", "MESSAGE_TOO_LARGE", "NOT_ENOUGH_REPLICAS"), false);
        if (b.chance(25))
            losses(b, 1, 6);
        b.load(b.oneOf(10, 50, 200), 10).load(b.oneOf(10, 100, 600), 5).load(b.oneOf(100, 1000), 5);
        return b.build(10_000);
    }

    /** Batches whose time is over wherever they are: queued, waiting for another try, in flight, in pieces. */
    private static ObjectNode expiry(ScriptBuilder b) {
        b.cluster(2, 4);
        batchSettings(b);
        b.config("linger.ms", b.oneOf(0, 0, 5, 30));
        boolean idempotent = b.chance(60);
        if (!idempotent)
            b.config("acks", b.oneOf("all", "1"));
        idempotence(b, idempotent);
        int request = b.oneOf(50, 100, 200);
        b.config("request.timeout.ms", request).config("delivery.timeout.ms", request + b.oneOf(30, 60, 100, 250));
        if (b.chance(60))
            b.config("retry.backoff.ms", b.oneOf(20, 60, 150, 400)).config("retry.backoff.max.ms", b.oneOf(150, 400, 1000));
        if (b.chance(25))
            b.config("buffer.memory", b.oneOf(3000, 6000)).config("batch.size", b.oneOf(500, 1000)).config("max.block.ms", b.oneOf(20, 100, 700));
        for (int i = b.between(2, 7); i > 0; i--) {
            int node = b.random.nextInt(b.nodes());
            int nth = b.between(1, 7);
            switch (b.random.nextInt(8)) {
                case 0, 1 -> b.lose(node, nth, b.chance(50));
                case 2 -> b.disconnect(node, nth, b.chance(50));
                case 3, 4 -> b.slow(node, nth, b.oneOf(60, 120, 180, 260, 400));
                case 5 -> b.error(node, nth, "MESSAGE_TOO_LARGE", false);
                default -> b.error(node, nth, b.oneOf(RETRIABLE), b.chance(30));
            }
        }
        if (b.chance(40))
            nodeFailures(b, 1, 300);
        if (b.chance(40))
            b.leaderMove(b.random.nextInt(200), 0, b.random.nextInt(b.partitions(0)), -1, 1);
        b.load(b.oneOf(5, 50, 200), 5).load(b.oneOf(100, 700), 10);
        if (b.chance(20))
            b.flush(b.random.nextInt(300));
        return b.build(10_000);
    }

    /** Records without a key over partitions whose queues grow unevenly: slow nodes, failing ones, gone ones. */
    private static ObjectNode adaptive(ScriptBuilder b) {
        b.cluster(3, 6);
        b.countingDraws();
        b.config("linger.ms", b.oneOf(0, 0, 5, 30)).config("batch.size", b.oneOf(0, 100, 200, 400, 1000));
        idempotence(b, b.chance(50));
        b.config("max.in.flight.requests.per.connection", b.between(1, 3));
        if (b.chance(50))
            b.config("partitioner.availability.timeout.ms", b.oneOf(1, 5, 20, 100));
        if (b.chance(30))
            timeouts(b);
        for (int p = 0; p < b.partitions(0); p++)
            b.sendTo(b.random.nextInt(3), 0, p, b.between(8, 60));
        int slow = b.random.nextInt(b.nodes());
        for (int nth = 1; nth <= 12; nth++)
            if (b.chance(60))
                b.slow(slow, nth, b.oneOf(20, 50, 100, 200));
        if (b.chance(40))
            errors(b, RETRIABLE, b.between(1, 4), 8);
        if (b.chance(30))
            nodeFailures(b, 1, 200);
        if (b.chance(30))
            b.leaderMove(b.random.nextInt(100), 0, b.random.nextInt(b.partitions(0)), b.chance(50) ? -1 : b.random.nextInt(b.nodes()), 1);
        int span = b.oneOf(20, 100, 300);
        for (int i = b.between(15, 50); i > 0; i--)
            b.sendTo(b.random.nextInt(span), 0, null, b.valueBytes());
        b.load(span, 10);
        return b.build(10_000);
    }

    /** Epoch bumps while several partitions have batches in flight, and new ones keep coming. */
    private static ObjectNode bumps(ScriptBuilder b) {
        b.cluster(2, 8);
        batchSettings(b);
        b.config("linger.ms", 0).config("batch.size", b.oneOf(100, 200, 400));
        b.config("max.in.flight.requests.per.connection", b.between(2, 5));
        if (b.chance(30))
            b.config("retries", b.between(1, 3));
        if (b.chance(30))
            timeouts(b);
        if (b.chance(30))
            b.unknownProducerMayStartAnywhere();
        for (int i = b.between(1, 3); i > 0; i--)
            b.errorOfOnePartition(b.random.nextInt(b.nodes()), b.between(1, 6), b.oneOf("OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID",
                "TOPIC_AUTHORIZATION_FAILED", "INVALID_RECORD", "INVALID_PRODUCER_EPOCH", "INVALID_TIMESTAMP"));
        errors(b, SEQUENCES, b.between(0, 4), 14);
        losses(b, b.between(0, 2), 12);
        int span = b.oneOf(5, 20, 60);
        for (int i = b.between(20, 60); i > 0; i--)
            b.send(b.random.nextInt(span), b.valueBytes());
        b.load(b.oneOf(50, 400), 5);
        return b.build(15_000);
    }
}
