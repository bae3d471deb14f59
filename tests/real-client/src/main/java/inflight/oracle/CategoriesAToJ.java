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

/** Scripts of the categories that mix what every producer meets: batching, retries, losses, leaders, errors. */
final class CategoriesAToJ {
    static ObjectNode batching(ScriptBuilder b) {
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

    static ObjectNode retry(ScriptBuilder b, boolean idempotent) {
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

    static ObjectNode lost(ScriptBuilder b) {
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

    static ObjectNode leader(ScriptBuilder b) {
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

    static ObjectNode special(ScriptBuilder b) {
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

    static ObjectNode control(ScriptBuilder b) {
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

    static ObjectNode mixed(ScriptBuilder b) {
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
    static ObjectNode settings(ScriptBuilder b) {
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
    static ObjectNode epochs(ScriptBuilder b) {
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
}
