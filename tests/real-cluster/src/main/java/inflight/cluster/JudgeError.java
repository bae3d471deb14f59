package inflight.cluster;

/** Something that keeps the judge from judging: what it is, and what to do about it where that is known. */
final class JudgeError extends RuntimeException {
    JudgeError(String message) {
        super(message);
    }

    JudgeError(String message, Throwable cause) {
        super(message + " (" + cause + ")", cause);
    }
}
