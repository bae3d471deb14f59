package inflight.cluster;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.ToIntFunction;

/** One listening port in front of one broker (or of the controller, for one broker). */
final class Proxy implements AutoCloseable {
    private static final int CONNECT_MILLIS = 3000;
    private static final int BACKLOG = 200;

    final int port;
    private final int targetPort;
    private final Ends ends;
    private final Rules rules;
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private volatile ServerSocket server;

    /** Who is at the far ends of a connection: {@code source} is told the client id of its first request. */
    record Ends(int target, ToIntFunction<String> source) { }

    Proxy(int targetPort, Ends ends, Rules rules) throws IOException {
        this.targetPort = targetPort;
        this.ends = ends;
        this.rules = rules;
        server = Ports.listen(BACKLOG);
        port = server.getLocalPort();
        accept(server);
    }

    /** Closes the port, so that an attempt to connect is refused as by a dead broker. */
    synchronized void unlisten() {
        ServerSocket listening = server;
        server = null;
        if (listening != null)
            closeQuietly(listening);
    }

    synchronized void listen() throws IOException {
        if (server != null)
            return;
        ServerSocket again = new ServerSocket();
        again.setReuseAddress(true);
        again.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), BACKLOG);
        server = again;
        accept(again);
    }

    /** Resets the connections of the client under test. */
    void resetClients() {
        for (Connection connection : connections)
            if (connection.source() == Network.CLIENT)
                connection.reset();
    }

    private void accept(ServerSocket listening) {
        daemon("accept-" + port, () -> {
            while (!listening.isClosed()) {
                try {
                    connect(listening.accept());
                } catch (IOException e) {
                    if (!listening.isClosed())
                        throw new JudgeError("proxy " + port, e);
                }
            }
        });
    }

    private void connect(Socket client) throws IOException {
        Socket broker = new Socket();
        try {
            client.setTcpNoDelay(true);
            broker.setTcpNoDelay(true);
            broker.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), targetPort), CONNECT_MILLIS);
        } catch (IOException e) {
            reset(client);
            closeQuietly(broker);
            return;
        }
        Connection connection = new Connection(client, broker, ends, rules, connections::remove);
        connections.add(connection);
        connection.start();
    }

    @Override
    public void close() {
        unlisten();
        connections.forEach(Connection::close);
    }

    static void reset(Socket socket) {
        try {
            socket.setSoLinger(true, 0);
        } catch (SocketException closedAlready) {
            return;
        }
        closeQuietly(socket);
    }

    static void closeQuietly(AutoCloseable socket) {
        try {
            socket.close();
        } catch (Exception nothingLeftToClose) {
            return;
        }
    }

    static Thread daemon(String name, Runnable work) {
        Thread thread = new Thread(work, name);
        thread.setDaemon(true);
        thread.start();
        return thread;
    }
}
