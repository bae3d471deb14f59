package inflight.oracle;

/** What scripts of several categories are made of: settings, errors, losses, moves of leaders. */
final class Ingredients {
    static final String[] RETRIABLE = {"NOT_ENOUGH_REPLICAS", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "REQUEST_TIMED_OUT",
        "CORRUPT_MESSAGE", "UNKNOWN_LEADER_EPOCH", "KAFKA_STORAGE_ERROR", "LEADER_NOT_AVAILABLE"};
    static final String[] SPECIAL = {"MESSAGE_TOO_LARGE", "MESSAGE_TOO_LARGE", "OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID",
        "DUPLICATE_SEQUENCE_NUMBER", "INVALID_PRODUCER_EPOCH", "TOPIC_AUTHORIZATION_FAILED", "CORRUPT_MESSAGE", "INVALID_TIMESTAMP",
        "RECORD_LIST_TOO_LARGE", "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "KAFKA_STORAGE_ERROR", "UNKNOWN_TOPIC_OR_PARTITION",
        "UNKNOWN_SERVER_ERROR", "INVALID_RECORD", "CLUSTER_AUTHORIZATION_FAILED"};
    static final String[] SEQUENCES = {"OUT_OF_ORDER_SEQUENCE_NUMBER", "OUT_OF_ORDER_SEQUENCE_NUMBER", "UNKNOWN_PRODUCER_ID",
        "UNKNOWN_PRODUCER_ID", "TOPIC_AUTHORIZATION_FAILED", "INVALID_RECORD", "INVALID_PRODUCER_EPOCH", "NOT_ENOUGH_REPLICAS",
        "NOT_ENOUGH_REPLICAS_AFTER_APPEND", "REQUEST_TIMED_OUT", "MESSAGE_TOO_LARGE", "DUPLICATE_SEQUENCE_NUMBER"};

    static void batchSettings(ScriptBuilder b) {
        b.config("linger.ms", b.oneOf(0, 0, 0, 1, 5, 10, 30, 100));
        if (b.chance(70))
            b.config("batch.size", b.oneOf(0, 200, 300, 500, 700, 1000, 2000, 5000));
        if (b.chance(25))
            b.config("partitioner.adaptive.partitioning.enable", "false");
        if (b.chance(60))
            b.countingDraws();
    }

    static void idempotence(ScriptBuilder b, boolean on) {
        if (!on)
            b.config("enable.idempotence", "false");
        if (b.chance(60))
            b.config("max.in.flight.requests.per.connection", b.between(1, on ? 5 : 7));
    }

    static void errors(ScriptBuilder b, String[] choices, int count, int maxNth) {
        for (int i = 0; i < count; i++) {
            String error = b.oneOf(choices);
            boolean append = error.equals("NOT_ENOUGH_REPLICAS_AFTER_APPEND") || error.equals("REQUEST_TIMED_OUT") && b.chance(60);
            b.error(b.random.nextInt(b.nodes()), b.between(1, maxNth), error, append);
        }
    }

    static void timeouts(ScriptBuilder b) {
        int request = b.oneOf(50, 100, 300, 1000, 2000);
        b.config("request.timeout.ms", request);
        if (b.chance(75))
            b.config("delivery.timeout.ms", request + 100 + b.random.nextInt(4 * request));
    }

    static void losses(ScriptBuilder b, int count, int maxNth) {
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

    static void leaderMoves(ScriptBuilder b, int count, int span) {
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

    static void nodeFailures(ScriptBuilder b, int count, int span) {
        for (int i = 0; i < count; i++) {
            long down = b.random.nextInt(span);
            b.nodeDownUp(b.random.nextInt(b.nodes()), down, down + b.oneOf(5, 40, 100, 500, 2000));
        }
    }
}
