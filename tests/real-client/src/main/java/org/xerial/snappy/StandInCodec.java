package org.xerial.snappy;

import inflight.oracle.OracleError;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.internals.Fields;

/**
 * A codec with a fixed ratio in the place of the snappy library, so that Kafka's own way with compressed batches (estimates,
 * sizes, splits) can be compared without a real codec's sizes. "Compressed" is a number, padded; what it stands for is kept here.
 */
public final class StandInCodec {
    private static final String[] ESTIMATORS = {"org.apache.kafka.common.record.CompressionRatioEstimator",
        "org.apache.kafka.common.record.internal.CompressionRatioEstimator"};
    private static final List<byte[]> plain = new ArrayList<>();
    private static double ratio;

    /** A new run: nothing is compressed yet, and nothing is known of how well anything compresses (Kafka keeps that for the JVM). */
    public static void begin(double ratioOfThisRun) {
        ratio = ratioOfThisRun;
        plain.clear();
        estimates().clear();
    }

    private static Map<?, ?> estimates() {
        for (String name : ESTIMATORS) {
            try {
                return (Map<?, ?>) Fields.getStatic(Class.forName(name), "COMPRESSION_RATIO");
            } catch (ClassNotFoundException e) {
                // it has moved from one package to the other
            }
        }
        throw new OracleError("no estimator of compression ratios in this release");
    }

    static byte[] compressed(byte[] bytes) {
        int size = (int) (bytes.length * ratio);
        if (size < Integer.BYTES)
            throw new OracleError("too few bytes to compress: " + bytes.length);
        plain.add(bytes);
        return ByteBuffer.allocate(size).putInt(plain.size() - 1).array();
    }

    static InputStream decompressed(InputStream compressed) throws IOException {
        byte[] number = compressed.readNBytes(Integer.BYTES);
        return new ByteArrayInputStream(plain.get(ByteBuffer.wrap(number).getInt()));
    }

    /** What these bytes stand for; the buffer is at its end afterwards. */
    public static ByteBuffer decompressed(ByteBuffer compressed) {
        ByteBuffer records = ByteBuffer.wrap(plain.get(compressed.getInt()));
        compressed.position(compressed.limit());
        return records;
    }
}
