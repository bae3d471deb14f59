//! A broker: its logs, its view of the cluster, what it does with requests.

mod api;

pub use api::{BrokerOutput, BrokerTimer, Forced, Peer, Reply, Ticket};
