#![no_main]

libfuzzer_sys::fuzz_target!(
    // A panic that is caught, as those of operators are, is no find.
    init: std::panic::set_hook(Box::new(|_| {})),
    |bytes: &[u8]| {
        let _ = stream_predictor_fuzz::model::run(bytes);
    }
);
