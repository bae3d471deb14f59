//! Connections, latency, loss.
