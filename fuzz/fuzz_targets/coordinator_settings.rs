//! libFuzzer's way into `protector_fuzz::coordinator_settings`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protector_fuzz::coordinator_settings(data));
