//! `RecordAccumulator`: records gathered into batches, and the memory that holds them.

pub mod buffer_pool;
pub mod compression;
pub mod sizes;
