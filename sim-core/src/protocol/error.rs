//! Kafka's error codes, with the traits that decide what a client does about them (`producer.md 7`, `broker.md 1.5`).

use std::fmt;

macro_rules! error_codes {
    ($($variant:ident = $code:literal, $name:literal, $exception:ident, $class:ident;)*) => {
        /// An error in an answer (`org.apache.kafka.common.protocol.Errors`).
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(i16)]
        pub enum ErrorCode {
            $(
                #[doc = concat!("Code ", stringify!($code), ", ", $name, ".")]
                $variant = $code,
            )*
            /// No error.
            #[default]
            None = 0,
        }

        impl ErrorCode {
            /// Every error, ascending by code as the table of `producer.md 7` has them.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant),*];

            /// Kafka's name for it: `NOT_LEADER_OR_FOLLOWER`.
            pub const fn name(self) -> &'static str {
                match self {
                    ErrorCode::None => "NONE",
                    $(ErrorCode::$variant => $name,)*
                }
            }

            /// The exception that a Java client makes of it; `None` for no error.
            pub const fn exception(self) -> Option<super::Exception> {
                match self {
                    ErrorCode::None => None,
                    $(ErrorCode::$variant => Some(super::Exception::$exception),)*
                }
            }

            const fn class(self) -> Class {
                match self {
                    ErrorCode::None => Class::Final,
                    $(ErrorCode::$variant => Class::$class,)*
                }
            }
        }
    };
}

/// How a client treats an error: the families of Kafka's exception classes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Not retried.
    Final,
    /// Below `RetriableException`.
    Retriable,
    /// Below `InvalidMetadataException`, which is below `RetriableException`: metadata is refreshed too.
    InvalidMetadata,
}

error_codes! {
    UnknownServerError = -1, "UNKNOWN_SERVER_ERROR", UnknownServerException, Final;
    OffsetOutOfRange = 1, "OFFSET_OUT_OF_RANGE", OffsetOutOfRangeException, Final;
    CorruptMessage = 2, "CORRUPT_MESSAGE", CorruptRecordException, Retriable;
    UnknownTopicOrPartition = 3, "UNKNOWN_TOPIC_OR_PARTITION", UnknownTopicOrPartitionException, InvalidMetadata;
    LeaderNotAvailable = 5, "LEADER_NOT_AVAILABLE", LeaderNotAvailableException, InvalidMetadata;
    NotLeaderOrFollower = 6, "NOT_LEADER_OR_FOLLOWER", NotLeaderOrFollowerException, InvalidMetadata;
    RequestTimedOut = 7, "REQUEST_TIMED_OUT", TimeoutException, Retriable;
    ReplicaNotAvailable = 9, "REPLICA_NOT_AVAILABLE", ReplicaNotAvailableException, InvalidMetadata;
    MessageTooLarge = 10, "MESSAGE_TOO_LARGE", RecordTooLargeException, Final;
    NetworkException = 13, "NETWORK_EXCEPTION", NetworkException, InvalidMetadata;
    CoordinatorLoadInProgress = 14, "COORDINATOR_LOAD_IN_PROGRESS", CoordinatorLoadInProgressException, Retriable;
    CoordinatorNotAvailable = 15, "COORDINATOR_NOT_AVAILABLE", CoordinatorNotAvailableException, Retriable;
    NotCoordinator = 16, "NOT_COORDINATOR", NotCoordinatorException, Retriable;
    InvalidTopicException = 17, "INVALID_TOPIC_EXCEPTION", InvalidTopicException, Final;
    RecordListTooLarge = 18, "RECORD_LIST_TOO_LARGE", RecordBatchTooLargeException, Final;
    NotEnoughReplicas = 19, "NOT_ENOUGH_REPLICAS", NotEnoughReplicasException, Retriable;
    NotEnoughReplicasAfterAppend = 20, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", NotEnoughReplicasAfterAppendException, Retriable;
    InvalidRequiredAcks = 21, "INVALID_REQUIRED_ACKS", InvalidRequiredAcksException, Final;
    TopicAuthorizationFailed = 29, "TOPIC_AUTHORIZATION_FAILED", TopicAuthorizationException, Final;
    ClusterAuthorizationFailed = 31, "CLUSTER_AUTHORIZATION_FAILED", ClusterAuthorizationException, Final;
    InvalidTimestamp = 32, "INVALID_TIMESTAMP", InvalidTimestampException, Final;
    UnsupportedVersion = 35, "UNSUPPORTED_VERSION", UnsupportedVersionException, Final;
    NotController = 41, "NOT_CONTROLLER", NotControllerException, Retriable;
    InvalidRequest = 42, "INVALID_REQUEST", InvalidRequestException, Final;
    UnsupportedForMessageFormat = 43, "UNSUPPORTED_FOR_MESSAGE_FORMAT", UnsupportedForMessageFormatException, Final;
    PolicyViolation = 44, "POLICY_VIOLATION", PolicyViolationException, Final;
    OutOfOrderSequenceNumber = 45, "OUT_OF_ORDER_SEQUENCE_NUMBER", OutOfOrderSequenceException, Final;
    DuplicateSequenceNumber = 46, "DUPLICATE_SEQUENCE_NUMBER", DuplicateSequenceException, Final;
    InvalidProducerEpoch = 47, "INVALID_PRODUCER_EPOCH", InvalidProducerEpochException, Final;
    InvalidTxnState = 48, "INVALID_TXN_STATE", InvalidTxnStateException, Final;
    InvalidProducerIdMapping = 49, "INVALID_PRODUCER_ID_MAPPING", InvalidPidMappingException, Final;
    ConcurrentTransactions = 51, "CONCURRENT_TRANSACTIONS", ConcurrentTransactionsException, Retriable;
    TransactionalIdAuthorizationFailed = 53, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", TransactionalIdAuthorizationException, Final;
    KafkaStorageError = 56, "KAFKA_STORAGE_ERROR", KafkaStorageException, InvalidMetadata;
    UnknownProducerId = 59, "UNKNOWN_PRODUCER_ID", UnknownProducerIdException, Final;
    ListenerNotFound = 72, "LISTENER_NOT_FOUND", ListenerNotFoundException, InvalidMetadata;
    FencedLeaderEpoch = 74, "FENCED_LEADER_EPOCH", FencedLeaderEpochException, InvalidMetadata;
    UnknownLeaderEpoch = 75, "UNKNOWN_LEADER_EPOCH", UnknownLeaderEpochException, Retriable;
    UnsupportedCompressionType = 76, "UNSUPPORTED_COMPRESSION_TYPE", UnsupportedCompressionTypeException, Final;
    StaleBrokerEpoch = 77, "STALE_BROKER_EPOCH", StaleBrokerEpochException, Final;
    OffsetNotAvailable = 78, "OFFSET_NOT_AVAILABLE", OffsetNotAvailableException, Retriable;
    InvalidRecord = 87, "INVALID_RECORD", InvalidRecordException, Final;
    ThrottlingQuotaExceeded = 89, "THROTTLING_QUOTA_EXCEEDED", ThrottlingQuotaExceededException, Retriable;
    ProducerFenced = 90, "PRODUCER_FENCED", ProducerFencedException, Final;
    InvalidUpdateVersion = 95, "INVALID_UPDATE_VERSION", InvalidUpdateVersionException, Final;
    UnknownTopicId = 100, "UNKNOWN_TOPIC_ID", UnknownTopicIdException, InvalidMetadata;
    DuplicateBrokerRegistration = 101, "DUPLICATE_BROKER_REGISTRATION", DuplicateBrokerRegistrationException, Final;
    InconsistentTopicId = 103, "INCONSISTENT_TOPIC_ID", InconsistentTopicIdException, InvalidMetadata;
    IneligibleReplica = 107, "INELIGIBLE_REPLICA", IneligibleReplicaException, Final;
    TransactionAbortable = 120, "TRANSACTION_ABORTABLE", TransactionAbortableException, Final;
}

impl ErrorCode {
    /// Whether the client may send again (`RetriableException`).
    pub fn is_retriable(self) -> bool {
        self.class() != Class::Final
    }

    /// Whether the client asks for metadata too (`InvalidMetadataException`).
    pub fn refreshes_metadata(self) -> bool {
        self.class() == Class::InvalidMetadata
    }

    /// Whether there is an error at all.
    pub fn is_error(self) -> bool {
        self != ErrorCode::None
    }

    /// The error of this name, as a scenario or a client script writes it.
    pub fn by_name(name: &str) -> Option<ErrorCode> {
        std::iter::once(&ErrorCode::None).chain(ErrorCode::ALL).copied().find(|error| error.name() == name)
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `producer.md 7`, columns "retriable" and "refresh".
    #[test]
    fn families_are_those_of_the_table() {
        assert!(
            ErrorCode::NotLeaderOrFollower.is_retriable()
                && ErrorCode::NotLeaderOrFollower.refreshes_metadata()
        );
        assert!(
            ErrorCode::NotEnoughReplicas.is_retriable() && !ErrorCode::NotEnoughReplicas.refreshes_metadata()
        );
        assert!(
            ErrorCode::RequestTimedOut.is_retriable() && !ErrorCode::RequestTimedOut.refreshes_metadata()
        );
        assert!(!ErrorCode::OutOfOrderSequenceNumber.is_retriable());
        assert!(!ErrorCode::None.is_error());
    }

    #[test]
    fn names_lead_back_to_their_codes() {
        for &error in ErrorCode::ALL {
            assert_eq!(ErrorCode::by_name(error.name()), Some(error));
        }
        assert_eq!(ErrorCode::by_name("NO_SUCH_ERROR"), None);
    }
}
