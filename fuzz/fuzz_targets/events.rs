//! libFuzzer's way into `protector_fuzz::events`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protector_fuzz::events(data));
