#![no_main]

libfuzzer_sys::fuzz_target!(
    // A caught panic, such as one in an operator, is not a finding.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let _ = stream_predictor_fuzz::graph::run(bytes);
    }
);
