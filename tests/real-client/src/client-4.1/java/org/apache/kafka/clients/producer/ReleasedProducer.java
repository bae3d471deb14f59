package org.apache.kafka.clients.producer;

import org.apache.kafka.clients.ApiVersions;
import org.apache.kafka.clients.KafkaClient;
import org.apache.kafka.clients.producer.internals.ProducerMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.utils.Time;

/** KafkaProducer by the constructor that this family of releases has. */
abstract class ReleasedProducer extends KafkaProducer<byte[], byte[]> {
    ReleasedProducer(ProducerConfig config, ProducerMetadata metadata, KafkaClient client, ApiVersions apiVersions, Time time) {
        super(config, new ByteArraySerializer(), new ByteArraySerializer(), metadata, client, null, apiVersions, time);
    }
}
