//! Which fields the events of a kind have: what `on` and `[expect]` may ask for, known without an event at hand.

use super::event::EventKind;

/// The two ends of a connection or a message; which of them an event names depends on who talks.
const CLIENT_ENDS: &[&str] = &["producer", "consumer", "broker"];
const FETCH_ENDS: &[&str] = &["consumer", "follower", "broker"];
const ALL_ENDS: &[&str] = &["producer", "consumer", "follower", "broker"];

impl EventKind {
    /// The names of the fields that events of this kind have or may have, those of the items of their lists included,
    /// as `trace-format.md` has them.
    pub fn fields(self) -> Vec<&'static str> {
        let mut fields: Vec<&'static str> = Vec::new();
        for field in self.declared_fields() {
            match *field {
                "ends" => fields.extend(ALL_ENDS),
                "into" => fields.extend(["into", "records"]),
                field => fields.push(field.trim_start_matches("r#")),
            }
        }
        fields.extend(self.message_fields().iter().copied().flatten());
        fields
    }

    fn message_fields(self) -> &'static [&'static [&'static str]] {
        use EventKind as K;
        match self {
            K::ProduceRequest | K::ProduceRequestSent => &[
                &[
                    "message",
                    "producer",
                    "broker",
                    "acks",
                    "timeout_ms",
                    "batches",
                    "batch",
                    "topic",
                    "partition",
                ],
                &["records", "bytes", "producer_id", "producer_epoch", "base_sequence"],
            ],
            K::ProduceResponse | K::ProduceResponseSent => &[
                &[
                    "message",
                    "request",
                    "producer",
                    "broker",
                    "batches",
                    "batch",
                    "topic",
                    "partition",
                    "base_offset",
                ],
                &["error", "leader", "leader_epoch", "throttle_ms"],
            ],
            K::FetchRequest | K::FetchRequestSent => &[
                &["message"],
                FETCH_ENDS,
                &["partitions", "topic", "partition", "fetch_offset", "leader_epoch", "last_fetched_epoch"],
            ],
            K::FetchResponse | K::FetchResponseSent => &[
                &["message", "request"],
                FETCH_ENDS,
                &[
                    "partitions",
                    "topic",
                    "partition",
                    "records",
                    "high_watermark",
                    "error",
                    "diverging_epoch",
                ],
                &["diverging_end_offset", "preferred_read_replica"],
            ],
            K::MetadataRequest | K::MetadataRequestSent => &[&["message"], CLIENT_ENDS, &["topics", "topic"]],
            K::MetadataResponse | K::MetadataResponseSent => &[
                &["message", "request"],
                CLIENT_ENDS,
                &["partitions", "topic", "partition", "leader", "leader_epoch", "error"],
            ],
            K::OffsetForLeaderEpochRequest | K::OffsetForLeaderEpochRequestSent => &[
                &["message"],
                FETCH_ENDS,
                &["partitions", "topic", "partition", "current_leader_epoch", "leader_epoch"],
            ],
            K::OffsetForLeaderEpochResponse | K::OffsetForLeaderEpochResponseSent => &[
                &["message", "request"],
                FETCH_ENDS,
                &["partitions", "topic", "partition", "leader_epoch", "end_offset", "error"],
            ],
            K::ListOffsetsRequest | K::ListOffsetsRequestSent => &[
                &["message", "consumer", "broker"],
                &["partitions", "topic", "partition", "leader_epoch", "timestamp"],
            ],
            K::ListOffsetsResponse | K::ListOffsetsResponseSent => &[
                &["message", "request", "consumer", "broker"],
                &["partitions", "topic", "partition", "offset", "error"],
            ],
            K::InitProducerIdRequest | K::InitProducerIdRequestSent => &[&["message", "producer", "broker"]],
            K::InitProducerIdResponse | K::InitProducerIdResponseSent => {
                &[&["message", "request", "producer", "broker", "producer_id", "producer_epoch", "error"]]
            }
            K::AlterPartitionRequest | K::AlterPartitionRequestSent => {
                &[&["message", "broker", "topic", "partition", "leader_epoch", "partition_epoch", "isr"]]
            }
            K::AlterPartitionResponse | K::AlterPartitionResponseSent => &[&[
                "message",
                "request",
                "broker",
                "topic",
                "partition",
                "leader_epoch",
                "partition_epoch",
                "isr",
                "error",
            ]],
            K::HeartbeatRequest | K::HeartbeatRequestSent => &[&["message", "broker"]],
            K::HeartbeatResponse | K::HeartbeatResponseSent => &[&["message", "request", "broker", "fenced"]],
            K::MetadataUpdate | K::MetadataUpdateSent => &[&[
                "message",
                "broker",
                "topic",
                "partition",
                "leader",
                "leader_epoch",
                "partition_epoch",
                "isr",
            ]],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_fields_and_none_twice() {
        for &kind in EventKind::ALL {
            let mut fields = kind.fields();
            assert!(!fields.is_empty(), "{}", kind.name());
            fields.sort_unstable();
            let count = fields.len();
            fields.dedup();
            assert_eq!(fields.len(), count, "{}", kind.name());
        }
    }

    /// `trace-format.md`: names without Rust's escapes, the ends spelled out, list items included.
    #[test]
    fn fields_are_named_as_the_trace_writes_them() {
        assert_eq!(EventKind::Fault.fields(), ["fault", "do", "state"]);
        assert!(EventKind::ConnectionClosed.fields().contains(&"follower"));
        assert!(EventKind::ProduceResponse.fields().contains(&"error"));
        assert!(EventKind::BatchExpired.fields().contains(&"in"));
    }
}
