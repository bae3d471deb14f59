//! Kafka's protocol as far as the model needs it: error codes, the exceptions a Java user sees, requests and answers.

mod channel;
mod error;
mod exception;
mod message;
mod offsets;

pub use channel::{Arrival, ClientAction};
pub use error::ErrorCode;
pub use exception::Exception;
pub use message::{
    AlterPartitionRequest, AlterPartitionResponse, FetchPartition, FetchRequest, FetchResponse,
    FetchedPartition, Few, Follower, HeartbeatRequest, HeartbeatResponse, InitProducerIdResponse, LeaderHint,
    MetadataRequest, MetadataResponse, MetadataUpdate, PartitionMetadata, PartitionResult, ProduceRequest,
    ProduceResponse, Request, Response, TopicMetadata,
};
pub use offsets::{
    EpochEnd, EpochToLookUp, ListOffsetsRequest, ListOffsetsResponse, ListedOffset, OffsetToList,
    OffsetsForLeaderEpochRequest, OffsetsForLeaderEpochResponse,
};
