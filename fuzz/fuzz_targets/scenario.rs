//! Small scenarios of all kinds, run to their end.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inflight_tests::fuzz::scenario(bytes));
