//! libFuzzer's way into `protector_fuzz::sidecar_settings`.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| protector_fuzz::sidecar_settings(data));
