package inflight.cluster;

import java.util.List;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.requests.RequestHeader;

/** A Produce request as a proxy saw it; {@code firstValues} are the first records' values of its batches. */
record ProduceRequest(RequestHeader header, ProduceRequestData data, List<String> firstValues) {
    String clientId() {
        return header.clientId();
    }

    /** acks=0 gets no answer. */
    boolean isAnswered() {
        return data.acks() != 0;
    }
}
