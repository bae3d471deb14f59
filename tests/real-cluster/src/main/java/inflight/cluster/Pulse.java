package inflight.cluster;

import java.util.concurrent.locks.LockSupport;

/** Notices when the machine is busy with something else: how late a thread wakes that wants to wake each millisecond. */
final class Pulse implements AutoCloseable {
    private static final long EVERY_NANOS = 1_000_000;

    private volatile boolean over;
    private volatile long latestNanos;

    Pulse() {
        Proxy.daemon("pulse", () -> {
            while (!over) {
                long start = System.nanoTime();
                LockSupport.parkNanos(EVERY_NANOS);
                latestNanos = Math.max(latestNanos, System.nanoTime() - start - EVERY_NANOS);
            }
        });
    }

    long latestNanos() {
        return latestNanos;
    }

    @Override
    public void close() {
        over = true;
    }
}
