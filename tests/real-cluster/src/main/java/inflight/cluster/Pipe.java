package inflight.cluster;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** One direction of a connection: frames and actions in order, none before its time, none while the link is cut. */
final class Pipe {
    private static final long CUT_CHECK_NANOS = 1_000_000;

    private record Item(long dueNanos, byte[] bytes, Runnable action) { }

    private final LinkedBlockingQueue<Item> items = new LinkedBlockingQueue<>();
    private final BooleanSupplier cut;

    Pipe(BooleanSupplier cut) {
        this.cut = cut;
    }

    void put(byte[] frame, long delayNanos) {
        items.add(new Item(System.nanoTime() + delayNanos, frame, null));
    }

    /** Runs the action when all that was put before has been written. */
    void put(Runnable action, long delayNanos) {
        items.add(new Item(System.nanoTime() + delayNanos, null, action));
    }

    /** Writes until the socket or the thread ends. */
    void drainTo(Socket socket) throws IOException, InterruptedException {
        OutputStream out = socket.getOutputStream();
        while (true) {
            Item item = items.take();
            for (long left; (left = item.dueNanos - System.nanoTime()) > 0; )
                waitFor(left);
            while (cut.getAsBoolean())
                waitFor(CUT_CHECK_NANOS);
            if (item.action != null) {
                item.action.run();
            } else {
                out.write(item.bytes);
                out.flush();
            }
        }
    }

    private static void waitFor(long nanos) throws InterruptedException {
        LockSupport.parkNanos(nanos);
        if (Thread.interrupted())
            throw new InterruptedException();
    }
}
