//! Whole runs held against the reference: what only shows when all parts work together.

mod callbacks;
mod chaos;
mod cold;
mod controller;
mod cuts;
mod fixture;
mod measured;
mod mishaps;
mod pause;
mod power;
mod readers;
mod settled;
mod shutdown;
mod slow;
mod storage;
mod unclean;
mod word;
