//! What a client does to its connections, and what comes back: the whole of a client's view of the network.

use super::{Request, Response};
use crate::record::BrokerId;
use crate::seq::Seq;

/// Something a client's selector does when its poll begins.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientAction {
    /// Start to connect. Answered by [`Arrival::Opened`], [`Arrival::Refused`], or silence.
    Connect {
        /// To whom.
        node: BrokerId,
        /// Why.
        cause: Seq,
    },
    /// Write a request. Answers come back in the order of the requests.
    Write {
        /// To whom.
        node: BrokerId,
        /// The client's own number for it.
        correlation: u64,
        /// What.
        request: Request,
        /// Why.
        cause: Seq,
    },
    /// Close the connection, if there is one, open or not.
    Close {
        /// To whom.
        node: BrokerId,
        /// `request-timeout` or `client`.
        by: &'static str,
        /// Why.
        cause: Seq,
    },
}

/// Something that a poll may read. One a connection and poll.
#[derive(Clone, Debug, PartialEq)]
pub enum Arrival {
    /// The connection can be used (TCP and ApiVersions are done).
    Opened,
    /// The attempt to connect was refused.
    Refused,
    /// The far end closed the connection.
    Closed,
    /// An answer.
    Response {
        /// The client's number of the request.
        correlation: u64,
        /// What.
        response: Response,
    },
}
