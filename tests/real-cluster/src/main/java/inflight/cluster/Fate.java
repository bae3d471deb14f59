package inflight.cluster;

import org.apache.kafka.common.protocol.Errors;

/** What a proxy does with a message. */
record Fate(Kind kind, Errors error, long delayNanos) {
    enum Kind {
        PASS,
        /** This message and all later bytes of its direction are swallowed; the connection stays open. */
        LOSE,
        /** Both sides of the connection are reset in place of passing the message on. */
        RESET,
        /** Requests only: the proxy answers with the error, the broker never sees the request. */
        REFUSE,
        /** Requests only: the broker handles the request, its answer is replaced by the error. */
        REFUSE_AFTER,
        /** This message and what follows on its connection leave later. */
        DELAY
    }

    static final Fate PASS = new Fate(Kind.PASS, Errors.NONE, 0);
    static final Fate LOSE = new Fate(Kind.LOSE, Errors.NONE, 0);
    static final Fate RESET = new Fate(Kind.RESET, Errors.NONE, 0);

    static Fate refuse(Errors error, boolean afterAppend) {
        return new Fate(afterAppend ? Kind.REFUSE_AFTER : Kind.REFUSE, error, 0);
    }

    static Fate delay(long nanos) {
        return new Fate(Kind.DELAY, Errors.NONE, nanos);
    }

    /** Decides over the Produce requests and their answers; asked for each once, when the proxy has it. */
    interface Decider {
        Decider PASS_ALL = new Decider() { };

        default Fate ofRequest(ProduceRequest request) {
            return PASS;
        }

        /** Not asked for an answer behind a lost one: it never comes to be delivered. */
        default Fate ofAnswer(ProduceRequest request) {
            return PASS;
        }

        /** A client has closed its connection for want of this answer, {@code silentNanos} after the last bytes on it. */
        default void onGivenUp(ProduceRequest unanswered, long silentNanos) {
        }
    }
}
