package inflight.oracle;

/**
 * The bytes of a batch are not those its checksum was taken of. A client before 4.2 gives the memory of a batch that expires in
 * flight back to its pool at once, also while the request waits to be written; the next batch is built in it (KAFKA-19012).
 * What such a request carries is chance, so there is nothing to compare.
 */
final class OverwrittenBatch extends OracleError {
    private static final long serialVersionUID = 1L;

    OverwrittenBatch() {
        super("a batch was overwritten while its request waited to be written (KAFKA-19012)");
    }
}
