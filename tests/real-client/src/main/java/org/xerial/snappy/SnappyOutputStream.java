package org.xerial.snappy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** What Kafka's snappy codec writes through: see {@link StandInCodec}. */
public final class SnappyOutputStream extends OutputStream {
    private final OutputStream out;
    private final ByteArrayOutputStream plain = new ByteArrayOutputStream();
    private boolean closed;

    public SnappyOutputStream(OutputStream out) {
        this.out = out;
    }

    @Override
    public void write(int b) {
        plain.write(b);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) {
        plain.write(bytes, offset, length);
    }

    @Override
    public void close() throws IOException {
        if (closed)
            return;
        closed = true;
        out.write(StandInCodec.compressed(plain.toByteArray()));
        out.close();
    }
}
