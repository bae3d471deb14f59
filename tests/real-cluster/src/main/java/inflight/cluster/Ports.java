package inflight.cluster;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports to listen on. They lie below those that the system gives to connections by itself (from 32768 on Linux, from
 * 49152 elsewhere): else one that was free a moment ago may be the near end of somebody's connection when a broker wants it.
 */
final class Ports {
    private static final int FIRST = 16_384;
    private static final int END = 32_768;
    private static final int TRIES = 100;

    private Ports() { }

    /** Listens on a port of loopback that nobody else listens on. */
    static ServerSocket listen(int backlog) throws IOException {
        for (int attempt = 1; ; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, END);
            try {
                return new ServerSocket(port, backlog, InetAddress.getLoopbackAddress());
            } catch (BindException taken) {
                if (attempt == TRIES)
                    throw taken;
            }
        }
    }
}
