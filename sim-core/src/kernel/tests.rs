//! Whole runs held against the reference: what only shows when all parts work together.

mod cold;
mod cuts;
mod fixture;
mod measured;
mod pause;
mod power;
mod slow;
mod storage;
