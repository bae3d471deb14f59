//! The exceptions that a Java application sees, by their simple names.

use std::fmt;

macro_rules! exceptions {
    ($($name:ident),* $(,)?) => {
        /// An exception as a callback or `send()` gives it; its name is Kafka's simple class name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "each is the Kafka or Java class of the same name")]
        pub enum Exception {
            $($name,)*
        }

        impl Exception {
            /// Every exception, by name.
            pub const ALL: &'static [Exception] = &[$(Exception::$name),*];

            /// The simple class name: `TimeoutException`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Exception::$name => stringify!($name),)*
                }
            }
        }
    };
}

exceptions! {
    BufferExhaustedException,
    ClassCastException,
    ClusterAuthorizationException,
    ConcurrentTransactionsException,
    ConfigException,
    CoordinatorLoadInProgressException,
    CoordinatorNotAvailableException,
    CorruptRecordException,
    DuplicateBrokerRegistrationException,
    DuplicateSequenceException,
    FencedLeaderEpochException,
    IllegalArgumentException,
    IllegalStateException,
    InconsistentTopicIdException,
    IneligibleReplicaException,
    InterruptException,
    InvalidConfigurationException,
    InvalidGroupIdException,
    InvalidPidMappingException,
    InvalidProducerEpochException,
    InvalidRecordException,
    InvalidRequestException,
    InvalidRequiredAcksException,
    InvalidTimestampException,
    InvalidTopicException,
    InvalidTxnStateException,
    InvalidUpdateVersionException,
    KafkaException,
    KafkaStorageException,
    LeaderNotAvailableException,
    ListenerNotFoundException,
    NetworkException,
    NotControllerException,
    NotCoordinatorException,
    NotEnoughReplicasAfterAppendException,
    NotEnoughReplicasException,
    NotLeaderOrFollowerException,
    OffsetNotAvailableException,
    OffsetOutOfRangeException,
    OutOfOrderSequenceException,
    PolicyViolationException,
    ProducerFencedException,
    RecordBatchTooLargeException,
    RecordTooLargeException,
    ReplicaNotAvailableException,
    SerializationException,
    StaleBrokerEpochException,
    ThrottlingQuotaExceededException,
    TimeoutException,
    TopicAuthorizationException,
    TransactionAbortableException,
    TransactionAbortedException,
    TransactionalIdAuthorizationException,
    UnknownLeaderEpochException,
    UnknownProducerIdException,
    UnknownServerException,
    UnknownTopicIdException,
    UnknownTopicOrPartitionException,
    UnsupportedCompressionTypeException,
    UnsupportedForMessageFormatException,
    UnsupportedVersionException,
}

impl Exception {
    /// The exception of this name.
    pub fn by_name(name: &str) -> Option<Exception> {
        Exception::ALL.iter().copied().find(|exception| exception.name() == name)
    }

    /// Whether it extends `ApiException`: `send()` then gives it to the callback instead of throwing it (`producer.md 1`).
    pub fn is_api_exception(self) -> bool {
        !matches!(
            self,
            Exception::KafkaException
                | Exception::IllegalStateException
                | Exception::IllegalArgumentException
                | Exception::SerializationException
                | Exception::ConfigException
                | Exception::ClassCastException
                | Exception::InterruptException
        )
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
