#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| stream_predictor_fuzz::record::run(bytes));
