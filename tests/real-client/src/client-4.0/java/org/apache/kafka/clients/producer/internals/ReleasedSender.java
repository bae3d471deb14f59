package org.apache.kafka.clients.producer.internals;

import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.metrics.Metrics;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;

/** Sender by the constructor that this family of releases has. */
abstract class ReleasedSender extends Sender {
    ReleasedSender(ProducerConfig config, KafkaClient client, ProducerMetadata metadata, RecordAccumulator accumulator,
                   TransactionManager transactionManager, Time time, Metrics metrics, ApiVersions apiVersions) {
        super(new LogContext(), client, metadata, accumulator,
            config.getInt(ProducerConfig.MAX_IN_FLIGHT_REQUESTS_PER_CONNECTION) == 1,
            config.getInt(ProducerConfig.MAX_REQUEST_SIZE_CONFIG),
            Short.parseShort(config.getString(ProducerConfig.ACKS_CONFIG)),
            config.getInt(ProducerConfig.RETRIES_CONFIG), new SenderMetricsRegistry(metrics), time,
            config.getInt(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG), config.getLong(ProducerConfig.RETRY_BACKOFF_MS_CONFIG),
            transactionManager, apiVersions);
    }
}
