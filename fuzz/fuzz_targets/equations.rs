#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| dualgn_cli::fuzzing::equations(bytes));
