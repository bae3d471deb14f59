package inflight.oracle;

import static inflight.oracle.Ingredients.RETRIABLE;
import static inflight.oracle.Ingredients.SEQUENCES;
import static inflight.oracle.Ingredients.SPECIAL;
import static inflight.oracle.Ingredients.batchSettings;
import static inflight.oracle.Ingredients.errors;
import static inflight.oracle.Ingredients.idempotence;
import static inflight.oracle.Ingredients.leaderMoves;
import static inflight.oracle.Ingredients.losses;
import static inflight.oracle.Ingredients.nodeFailures;
import static inflight.oracle.Ingredients.timeouts;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Scripts of the categories that each bring about one situation which chance alone would hardly reach. */
final class CategoriesKToT {
    /** Answers that name the new leader, or that throttle. */
    static ObjectNode answers(ScriptBuilder b) {
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
    static ObjectNode topology(ScriptBuilder b) {
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
    static ObjectNode idle(ScriptBuilder b) {
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
    static ObjectNode rebootstrap(ScriptBuilder b) {
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
    static ObjectNode refusals(ScriptBuilder b) {
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
    static ObjectNode callbacks(ScriptBuilder b) {
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
    static ObjectNode compression(ScriptBuilder b) {
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
    static ObjectNode expiry(ScriptBuilder b) {
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
    static ObjectNode adaptive(ScriptBuilder b) {
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
    static ObjectNode bumps(ScriptBuilder b) {
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
