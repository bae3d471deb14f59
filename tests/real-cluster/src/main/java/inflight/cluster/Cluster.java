package inflight.cluster;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.common.Uuid;

/**
 * A controller and brokers 0 to 2 on loopback, a JVM each, in a folder of their own. Clients under test reach a broker
 * through its proxy (listener {@code CLIENT}); brokers among themselves and the judge's own clients directly (listener
 * {@code PEER}), unless {@link Setup#links} puts proxies there too.
 */
final class Cluster implements AutoCloseable {
    static final int BROKERS = 3;
    private static final int CONTROLLER_ID = 100;
    private static final long UP_MILLIS = 60_000;
    private static final String LOOPBACK = "127.0.0.1:";

    /** What a scenario asks of the brokers: scenarios of one set-up share a cluster. */
    record Setup(Map<String, String> config, Map<String, String> features, boolean links) {
        /** Settings that are not Kafka's defaults, none of which a scenario can see. */
        private static final Map<String, String> OURS = Map.of(
            "auto.leader.rebalance.enable", "false",
            "auto.create.topics.enable", "false",
            "offsets.topic.num.partitions", "1",
            "transaction.state.log.num.partitions", "1");

        static Setup of(Map<String, String> config, Map<String, String> features, boolean links) {
            Map<String, String> all = new TreeMap<>(OURS);
            all.putAll(config);
            return new Setup(all, features, links);
        }
    }

    final Setup setup;
    final Rules rules = new Rules();
    private final Path folder;
    private final Map<Integer, Node> nodes = new TreeMap<>();
    private final Map<Integer, Integer> clientPorts = new TreeMap<>();
    private final Map<Integer, Integer> peerPorts = new TreeMap<>();
    private final Map<Integer, Proxy> toClients = new TreeMap<>();
    private final Map<Integer, Proxy> toPeers = new TreeMap<>();
    private final Map<Integer, Proxy> toController = new TreeMap<>();

    Cluster(Path parent, Setup setup) throws IOException, InterruptedException {
        this.setup = setup;
        folder = Files.createTempDirectory(parent, "cluster-");
        try {
            int controllerPort = reservePorts();
            for (int broker = 0; broker < BROKERS; broker++)
                addProxies(broker, controllerPort);
            nodes.put(CONTROLLER_ID, new Node(CONTROLLER_ID, folder, controllerProperties(controllerPort), "192m"));
            for (int broker = 0; broker < BROKERS; broker++)
                nodes.put(broker, new Node(broker, folder, brokerProperties(broker, controllerPort), "320m"));
            format();
            for (Node node : nodes.values())
                node.start();
            awaitAllUp();
        } catch (IOException | InterruptedException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /** Free ports, all held until each is known; returns the controller's. */
    private int reservePorts() throws IOException {
        List<ServerSocket> held = new ArrayList<>();
        try {
            for (int i = 0; i <= 2 * BROKERS; i++)
                held.add(Ports.listen(1));
            for (int broker = 0; broker < BROKERS; broker++) {
                clientPorts.put(broker, held.get(1 + 2 * broker).getLocalPort());
                peerPorts.put(broker, held.get(2 + 2 * broker).getLocalPort());
            }
            return held.get(0).getLocalPort();
        } finally {
            for (ServerSocket socket : held)
                socket.close();
        }
    }

    private void addProxies(int broker, int controllerPort) throws IOException {
        toClients.put(broker, new Proxy(clientPorts.get(broker), new Proxy.Ends(broker, clientId -> Network.CLIENT), rules));
        if (setup.links) {
            toPeers.put(broker, new Proxy(peerPorts.get(broker), new Proxy.Ends(broker, Cluster::peer), rules));
            toController.put(broker, new Proxy(controllerPort, new Proxy.Ends(Network.CONTROLLER, clientId -> broker), rules));
        }
    }

    /** Which broker it is that calls itself {@code broker-1-fetcher-0}. */
    private static int peer(String clientId) {
        String[] words = clientId.split("-");
        return words[0].equals("broker") && words.length > 1 ? Integer.parseInt(words[1]) : Network.JUDGE;
    }

    private Map<String, String> controllerProperties(int port) {
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("node.id", Integer.toString(CONTROLLER_ID));
        properties.put("process.roles", "controller");
        properties.put("controller.quorum.voters", CONTROLLER_ID + "@" + LOOPBACK + port);
        properties.put("controller.listener.names", "CONTROLLER");
        properties.put("listeners", "CONTROLLER://" + LOOPBACK + port);
        properties.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT");
        properties.putAll(setup.config);
        return properties;
    }

    private Map<String, String> brokerProperties(int broker, int controllerPort) {
        int peerPort = setup.links ? toPeers.get(broker).port : peerPorts.get(broker);
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("node.id", Integer.toString(broker));
        properties.put("process.roles", "broker");
        properties.put("controller.quorum.voters",
            CONTROLLER_ID + "@" + LOOPBACK + (setup.links ? toController.get(broker).port : controllerPort));
        properties.put("controller.listener.names", "CONTROLLER");
        properties.put("listeners",
            "PEER://" + LOOPBACK + peerPorts.get(broker) + ",CLIENT://" + LOOPBACK + clientPorts.get(broker));
        properties.put("advertised.listeners",
            "PEER://" + LOOPBACK + peerPort + ",CLIENT://" + LOOPBACK + toClients.get(broker).port);
        properties.put("inter.broker.listener.name", "PEER");
        properties.put("listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PEER:PLAINTEXT,CLIENT:PLAINTEXT");
        properties.putAll(setup.config);
        return properties;
    }

    private void format() {
        String id = Uuid.randomUuid().toString();
        for (Node node : nodes.values()) {
            List<String> arguments = new ArrayList<>(List.of("format", "-t", id, "-c", node.propertiesFile().toString()));
            setup.features.forEach((feature, level) -> arguments.addAll(List.of("--feature", feature + "=" + level)));
            ByteArrayOutputStream said = new ByteArrayOutputStream();
            int status = kafka.tools.StorageTool.execute(arguments.toArray(String[]::new), new PrintStream(said));
            if (status != 0)
                throw new JudgeError("kafka-storage format: " + said);
        }
    }

    /** What the client under test is given. */
    String bootstrapOfClients() {
        return toClients.values().stream().map(proxy -> LOOPBACK + proxy.port).collect(Collectors.joining(","));
    }

    /** The brokers without anything in between, for the judge's own clients. */
    String bootstrapOfJudge() {
        return peerPorts.values().stream().map(port -> LOOPBACK + port).collect(Collectors.joining(","));
    }

    Path data(int broker) {
        return nodes.get(broker).data();
    }

    // What is done to brokers.

    void kill(int broker) throws InterruptedException {
        Proxy proxy = toClients.get(broker);
        nodes.get(broker).kill();
        proxy.unlisten();
    }

    void shutDown(int broker) throws IOException, InterruptedException {
        nodes.get(broker).shutDown();
        toClients.get(broker).unlisten();
    }

    /** Starts it again; its proxy listens as soon as it does. */
    void start(int broker) throws IOException, InterruptedException {
        nodes.get(broker).start();
        await("broker " + broker + " to listen", UP_MILLIS, () -> isListening(clientPorts.get(broker)));
        toClients.get(broker).listen();
    }

    void pause(int broker) throws IOException, InterruptedException {
        nodes.get(broker).signal("STOP");
    }

    void goOn(int broker) throws IOException, InterruptedException {
        nodes.get(broker).signal("CONT");
    }

    void resetClientsOf(int broker) {
        toClients.get(broker).resetClients();
    }

    /** Starts what is down and waits until every broker is unfenced. */
    void heal() throws IOException, InterruptedException {
        for (int broker = 0; broker < BROKERS; broker++)
            if (!nodes.get(broker).isUp())
                start(broker);
        awaitAllUp();
    }

    private void awaitAllUp() throws InterruptedException {
        for (int broker = 0; broker < BROKERS; broker++)
            awaitUp(broker);
    }

    /** Until it has been unfenced, by its own log: an admin client may be asking one that stands still. */
    void awaitUp(int broker) throws InterruptedException {
        Node node = nodes.get(broker);
        await("broker " + broker + " to be unfenced", UP_MILLIS, () -> {
            if (!node.isUp())
                throw new JudgeError("broker " + node.id + " has ended:\n" + node.tail());
            return node.hasLogged("The broker has been unfenced");
        });
    }

    private static boolean isListening(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    static void await(String what, long millis, BooleanSupplier condition) throws InterruptedException {
        long end = System.nanoTime() + millis * 1_000_000;
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end)
                throw new JudgeError("waited " + millis / 1000 + " s in vain for " + what);
            Thread.sleep(20);
        }
    }

    /** Ends every process and removes the folder; safe to call again. */
    @Override
    public void close() {
        Collection<Node> all = nodes.values();
        for (Node node : all) {
            try {
                node.kill();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        for (Map<Integer, Proxy> proxies : List.of(toClients, toPeers, toController))
            proxies.values().forEach(Proxy::close);
        deleteFolder(folder);
    }

    private static void deleteFolder(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
        } catch (IOException goneAlready) {
            return;
        }
    }
}
