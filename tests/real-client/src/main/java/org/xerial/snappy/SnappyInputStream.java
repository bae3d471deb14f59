package org.xerial.snappy;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/** What Kafka's snappy codec reads through: see {@link StandInCodec}. */
public final class SnappyInputStream extends FilterInputStream {
    public SnappyInputStream(InputStream compressed) throws IOException {
        super(StandInCodec.decompressed(compressed));
    }
}
