package inflight.cluster;

import java.io.IOException;

/** The main class of a controller's or broker's process: Kafka's own, and an end when whoever started it is gone. */
public final class NodeMain {
    public static void main(String[] args) {
        Proxy.daemon("judge-is-there", () -> {
            try {
                // The judge never writes; its end, however it comes, closes the stream.
                while (System.in.read() >= 0)
                    continue;
            } catch (IOException e) {
                Runtime.getRuntime().halt(1);
            }
            Runtime.getRuntime().halt(1);
        });
        kafka.Kafka.main(args);
    }
}
