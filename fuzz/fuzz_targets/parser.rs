//! The scenario reader, fed with anything.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| inflight_tests::fuzz::parser(bytes));
