//! Whole runs held against the reference: what only shows when all parts work together.

mod cold;
mod controller;
mod fixture;
mod shutdown;
mod unclean;
