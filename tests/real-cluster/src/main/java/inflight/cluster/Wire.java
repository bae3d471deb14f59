package inflight.cluster;

import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.common.message.ProduceRequestData;
import org.apache.kafka.common.message.ProduceResponseData;
import org.apache.kafka.common.message.ResponseHeaderData;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.protocol.MessageUtil;
import org.apache.kafka.common.record.MemoryRecords;
import org.apache.kafka.common.record.MutableRecordBatch;
import org.apache.kafka.common.requests.RequestHeader;

/** Kafka's frames: four bytes of length, then a header that begins with the same fields in all versions. */
final class Wire {
    private static final int LENGTH_BYTES = 4;
    private static final int API_KEY_AT = LENGTH_BYTES;
    private static final int REQUEST_CORRELATION_AT = LENGTH_BYTES + 4;
    private static final int CLIENT_ID_AT = LENGTH_BYTES + 8;
    private static final int ANSWER_CORRELATION_AT = LENGTH_BYTES;
    private static final long NO_OFFSET = -1;

    /** The next frame, with its length in front. */
    static byte[] frame(DataInputStream in) throws IOException {
        int length = in.readInt();
        byte[] frame = new byte[LENGTH_BYTES + length];
        ByteBuffer.wrap(frame).putInt(length);
        in.readFully(frame, LENGTH_BYTES, length);
        return frame;
    }

    static boolean isProduce(byte[] request) {
        return ByteBuffer.wrap(request).getShort(API_KEY_AT) == ApiKeys.PRODUCE.id;
    }

    static int correlationOfRequest(byte[] request) {
        return ByteBuffer.wrap(request).getInt(REQUEST_CORRELATION_AT);
    }

    static int correlationOfAnswer(byte[] answer) {
        return ByteBuffer.wrap(answer).getInt(ANSWER_CORRELATION_AT);
    }

    static String clientId(byte[] request) {
        int length = ByteBuffer.wrap(request).getShort(CLIENT_ID_AT);
        return length <= 0 ? "" : new String(request, CLIENT_ID_AT + 2, length, StandardCharsets.UTF_8);
    }

    static ProduceRequest produce(byte[] frame) {
        ByteBuffer bytes = ByteBuffer.wrap(frame, LENGTH_BYTES, frame.length - LENGTH_BYTES).slice();
        RequestHeader header = RequestHeader.parse(bytes);
        ProduceRequestData data = new ProduceRequestData(new ByteBufferAccessor(bytes), header.apiVersion());
        List<String> firstValues = new ArrayList<>();
        data.topicData().forEach(topic -> topic.partitionData().forEach(partition -> {
            for (MutableRecordBatch batch : ((MemoryRecords) partition.records()).batches())
                firstValues.add(StandardCharsets.UTF_8.decode(batch.iterator().next().value()).toString().trim());
        }));
        return new ProduceRequest(header, data, firstValues);
    }

    /** The answer of a broker that gives this error for every partition of the request. */
    static byte[] refusal(ProduceRequest request, Errors error) {
        ProduceResponseData answer = new ProduceResponseData();
        request.data().topicData().forEach(topic -> {
            var refused = new ProduceResponseData.TopicProduceResponse().setName(topic.name()).setTopicId(topic.topicId());
            topic.partitionData().forEach(partition -> refused.partitionResponses().add(
                new ProduceResponseData.PartitionProduceResponse().setIndex(partition.index()).setErrorCode(error.code())
                    .setBaseOffset(NO_OFFSET).setLogAppendTimeMs(NO_OFFSET).setLogStartOffset(NO_OFFSET)));
            answer.responses().add(refused);
        });
        short version = request.header().apiVersion();
        ByteBuffer header = MessageUtil.toByteBufferAccessor(
            new ResponseHeaderData().setCorrelationId(request.header().correlationId()),
            ApiKeys.PRODUCE.responseHeaderVersion(version)).buffer();
        ByteBuffer body = MessageUtil.toByteBufferAccessor(answer, version).buffer();
        int length = header.remaining() + body.remaining();
        return ByteBuffer.allocate(LENGTH_BYTES + length).putInt(length).put(header).put(body).array();
    }
}
