package org.apache.kafka.clients.producer.internals;

import inflight.oracle.OracleError;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.ClientResponse;
import org.apache.kafka.clients.RequestCompletionHandler;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.utils.Time;

/**
 * The batches of a request end one after the other; without an answer, in the order of a hash map. Callbacks that send make a
 * difference of it, so they are put into ascending order.
 */
public final class PartitionsInOrder {
    static final Comparator<TopicPartition> ORDER =
        Comparator.comparing(TopicPartition::topic).thenComparingInt(TopicPartition::partition);
    private static final Method HANDLE = handleProduceResponse();

    /** The sender's handler of produce answers holds the sender and its maps; other handlers stay as they are. */
    public static RequestCompletionHandler of(RequestCompletionHandler handler) {
        if (handler == null)
            return null; // the network client's own
        Sender sender = null;
        List<Object> maps = new ArrayList<>();
        try {
            for (Field field : handler.getClass().getDeclaredFields()) {
                field.setAccessible(true);
                Object held = field.get(handler);
                if (held instanceof Sender found)
                    sender = found;
                else if (held instanceof Map)
                    maps.add(held);
            }
        } catch (IllegalAccessException e) {
            throw new OracleError("looking into a handler", e);
        }
        if (sender == null || maps.size() != HANDLE.getParameterCount() - 2)
            return handler;
        Map<TopicPartition, Object> batches = new TreeMap<>(ORDER);
        ((Map<?, ?>) maps.get(0)).forEach((tp, batch) -> batches.put((TopicPartition) tp, batch));
        maps.set(0, batches);
        Sender owner = sender;
        return response -> handle(owner, response, maps);
    }

    private static void handle(Sender sender, ClientResponse response, List<Object> maps) {
        List<Object> arguments = new ArrayList<>();
        arguments.add(response);
        arguments.addAll(maps);
        arguments.add(((Time) Fields.get(sender, "time")).milliseconds());
        try {
            HANDLE.invoke(sender, arguments.toArray());
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof Error error)
                throw error;
            throw (RuntimeException) e.getCause();
        } catch (IllegalAccessException e) {
            throw new OracleError("handling an answer", e);
        }
    }

    private static Method handleProduceResponse() {
        for (Method method : Sender.class.getDeclaredMethods()) {
            if (method.getName().equals("handleProduceResponse")) {
                method.setAccessible(true);
                return method;
            }
        }
        throw new OracleError("Sender has no handleProduceResponse in this release");
    }
}
