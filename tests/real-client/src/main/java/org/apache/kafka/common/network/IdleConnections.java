package org.apache.kafka.common.network;

import inflight.oracle.OracleError;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.Map;
import org.apache.kafka.common.utils.Time;

/** Which connection has been quiet for too long: the class that Kafka's {@code Selector} asks, which is private to it. */
public final class IdleConnections {
    private final Time time;
    /** Null: connections may be idle for ever. */
    private final Object manager;
    private final Method update;
    private final Method pollExpired;
    private final Method remove;

    public IdleConnections(Time time, long maxIdleMs) {
        this.time = time;
        try {
            Class<?> type = Class.forName(Selector.class.getName() + "$IdleExpiryManager");
            Constructor<?> constructor = type.getDeclaredConstructor(Time.class, long.class);
            constructor.setAccessible(true);
            manager = maxIdleMs < 0 ? null : constructor.newInstance(time, maxIdleMs);
            update = accessible(type.getDeclaredMethod("update", String.class, long.class));
            pollExpired = accessible(type.getDeclaredMethod("pollExpiredConnection", long.class));
            remove = accessible(type.getDeclaredMethod("remove", String.class));
        } catch (ReflectiveOperationException e) {
            throw new OracleError("idle connections in this release", e);
        }
    }

    private static Method accessible(Method method) {
        method.setAccessible(true);
        return method;
    }

    /** Started, written to or read from just now. */
    public void used(String id) {
        call(update, id, time.nanoseconds());
    }

    public void closed(String id) {
        call(remove, id);
    }

    /** The one to close now, or null. */
    public String expired() {
        Map.Entry<?, ?> oldest = (Map.Entry<?, ?>) call(pollExpired, time.nanoseconds());
        return oldest == null ? null : (String) oldest.getKey();
    }

    private Object call(Method method, Object... arguments) {
        try {
            return manager == null ? null : method.invoke(manager, arguments);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new OracleError("idle connections in this release", e);
        }
    }
}
